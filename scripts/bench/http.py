"""Measures over HTTP: buying, scanning, the main pages, those of a crowded city. See docs/performance.md.

    .venv/bin/python scripts/bench/http.py [--json] [--quick] [--only buying-and-scanning|pages|crowded]
                                           [--backend postgresql|sqlite] [--clients 1 16 64] [--seconds 2]

Buying is by so many citizens at a time, scanning by so many devices.
"""

import argparse
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    # The names in this folder would hide the rooms of the same name.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from scripts.bench.measuring import crowded, edge, pages, stages
from scripts.bench.measuring.results import Printer, Result
from scripts.bench.measuring.scale import FULL, QUICK, Scale
from scripts.bench.measuring.stages import Stage

PARTS = ("buying-and-scanning", "pages", "crowded")
BACKENDS = ("postgresql", "sqlite")
STAGED: Mapping[str, Callable[[Stage, Scale, Sequence[int]], Iterator[Result]]] = {
    "buying-and-scanning": edge.requests,
    "crowded": lambda stage, scale, _clients: crowded.measured(stage, scale.redemptions, scale.rounds),
}
"""The parts that have a city of their own on each database."""
CLIENTS = [1, 16, 64]


def main() -> int:
    """Measure and print; return 0 if the books verified."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench/http.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument(
        "--quick", action="store_true", help="a smoke test in seconds; its figures mean nothing"
    )
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; may be given twice")
    parser.add_argument("--backend", action="append", choices=BACKENDS, help="this one; may be given twice")
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS, help="how many ask at a time")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each turn of requests takes")
    options = parser.parse_args()
    chosen = QUICK if options.quick else replace(FULL, seconds_a_turn=options.seconds / 2)
    scale, parts = chosen, options.only or PARTS
    printer = Printer(as_json=options.json)
    printer.table_head()
    if "pages" in parts:
        printer.all(pages.measured(20 if options.quick else 200))
    staged, backends = [part for part in parts if part in STAGED], options.backend or BACKENDS
    if staged:
        with stages.opened(
            None, None, backends=backends, wallet_count=scale.wallets, lax=options.quick
        ) as all_stages:
            for backend, part in itertools.product(backends, staged):
                with all_stages.fresh(backend) as stage:
                    found = list(STAGED[part](stage, scale, options.clients))
                    stage.verify()
                printer.all(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
