"""Ten thousand histories of payments through the real till, ledger and rows: `scripts/soak payments`.

    scripts/soak payments [--histories 10000] [--first 0] [--processes 2]

SQLite in memory, a new city for every few hundred histories, so that looking through the books stays quick.
Stops at the first history that goes wrong and names it; `--first N --histories 1` is that one again, alone.
"""

import argparse
import contextlib
import datetime as dt
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from api import migrating
from kernel import cities
from kernel.cities import NewCity
from kernel.clock import FixedClock
from kernel.db import Database
from kernel.ids import IdSource, seeded
from redemption.orders import OrderStatus
from tests.fixtures.databases import START
from tests.redemption import histories
from tests.redemption.histories import Town
from tests.redemption.office import Office

IN_A_CITY = 200
CHECKED_EVERY = 50
MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of its own is made in it


def lived(first: int, count: int) -> Counter[OrderStatus]:
    """Let so many histories happen in a new city; return how they ended. Raises AssertionError with the number."""
    folder = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="duiscoin-soak-", dir=folder) as name:
        clock = FixedClock(START)
        database = Database(f"sqlite:///{name}/book.db", clock=clock, ids=IdSource(clock, seeded(first)))
        with contextlib.closing(database):
            migrating.upgrade(database.engine)
            town = Town(Office(database, cities.found(database, NewCity("soak", "Soak")).city_id))
            ended: Counter[OrderStatus] = Counter()
            for begin in range(first, first + count, CHECKED_EVERY):
                ended.update(histories.run(town, range(begin, min(begin + CHECKED_EVERY, first + count))))
                town.check_sums()
    return ended


def main() -> int:
    """Let all happen, and say how they ended."""
    parser = argparse.ArgumentParser(
        prog="scripts/soak payments",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    begun, last = time.monotonic(), options.first + options.histories
    ended: Counter[OrderStatus] = Counter()
    with ProcessPoolExecutor(options.processes) as pool:
        waiting = [
            pool.submit(lived, first, min(IN_A_CITY, last - first))
            for first in range(options.first, last, IN_A_CITY)
        ]
        for done in as_completed(waiting):
            if failed := done.exception():
                pool.shutdown(cancel_futures=True)
                raise failed
            ended.update(done.result())
            taken = dt.timedelta(seconds=round(time.monotonic() - begun))
            told = ", ".join(f"{number} {status}" for status, number in sorted(ended.items()) if number)
            print(f"{taken}  {ended.total()} histories: {told}", flush=True)  # noqa: T201 -- this is a program
    return 0


if __name__ == "__main__":
    sys.exit(main())
