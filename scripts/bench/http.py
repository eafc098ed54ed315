"""Measures the edge: buying, scanning and the main pages over HTTP. See docs/performance.md.

.venv/bin/python scripts/bench/http.py [--json] [--quick] [--only buying-and-scanning|pages]
"""

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    # The names in this folder would hide the rooms of the same name.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from scripts.bench.measuring import edge, pages, stages
from scripts.bench.measuring.results import Printer
from scripts.bench.measuring.scale import FULL, QUICK

PARTS = ("buying-and-scanning", "pages")
BACKENDS = ("postgresql", "sqlite")


def main() -> int:
    """Measure and print; return 0 if the books verified."""
    parser = argparse.ArgumentParser(prog="scripts/bench/http.py", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument(
        "--quick", action="store_true", help="a smoke test in seconds; its figures mean nothing"
    )
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; may be given twice")
    options = parser.parse_args()
    scale, parts = (QUICK if options.quick else FULL), options.only or PARTS
    printer = Printer(as_json=options.json)
    printer.table_head()
    if "pages" in parts:
        printer.all(pages.measured(20 if options.quick else 200))
    if "buying-and-scanning" in parts:
        with stages.opened(
            None, None, backends=BACKENDS, wallet_count=scale.wallets, lax=options.quick
        ) as all_stages:
            for backend in BACKENDS:
                with all_stages.fresh(backend) as stage:
                    found = list(edge.requests(stage, scale))
                    stage.verify()
                printer.all(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
