"""Measures the ledger beside its limit and its peers, in one run. See docs/performance.md.

.venv/bin/python scripts/bench/ledger.py [--json] [--quick] [--only PART] [--backend BACKEND]
"""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    # The names in this folder would hide the rooms of the same name.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    runpy.run_module("scripts.bench.measuring", run_name="__main__", alter_sys=True)
