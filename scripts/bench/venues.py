"""Measures what venues see: settlement, scans that are handed in later, and the scanner in a browser.

    .venv/bin/python scripts/bench/venues.py [--json] [--part settlement|offline|camera]
                                             [--backend postgresql|sqlite] [--venues 1000]
                                             [--redemptions 1000000] [--codes 100] [--soak-minutes 0]

Settlement: many venues with many redemptions, beside reading their accounts line by line.
A month is written into an empty database: each redemption is a hold and its capture, as the product books
them, and every fourth guest also pays euros. Measured is all of `duiscoin settle`
but the start of the interpreter: statements, transfers, audit log. The baseline reads a sample of accounts
a page at a time and adds up in Python, and is scaled to all of them. Every statement of the sample must say
what the baseline found.

Camera: `measuring/filming.py` says what is measured.

Offline: 500 scans that were made without a network are handed in over HTTP, and 100,000 events are merged;
`measuring/offline.py` says how.
"""

import argparse
import contextlib
import datetime as dt
import functools
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

if __name__ == "__main__":
    # The names in this folder would hide the rooms of the same name.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from api import migrating, settlements_due
from kernel import cities
from kernel.cities import City, NewCity
from kernel.clock import FixedClock
from kernel.db import Database, Work
from ledger import accounts, chart, posting, transfers
from ledger.accounts import Guard, NewAccount
from merchants import contracts, settlements, takings, venues
from merchants.periods import PeriodKind
from merchants.venues import NewVenue, VenueKind
from scripts.bench.measuring import filming, offline, stages

FIRST, LAST = dt.date(2026, 5, 1), dt.date(2026, 5, 31)
NOW = dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC)
TOGETHER = 4000
"""Redemptions written in one batch."""
SAMPLE = 20
PRODUCTS = ("swim", "sauna", "course")
WALLET = "wallet/guest/2028-12-31"
BUYER = "eur/receivable/1"
BACKENDS = ("postgresql", "sqlite")

Figure = Mapping[str, object]


def main() -> None:
    """Measure the chosen parts and print each figure as soon as it is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="this part; may be given twice")
    parser.add_argument("--backend", action="append", choices=BACKENDS, help="this one; may be given twice")
    parser.add_argument("--venues", type=int, default=1000)
    parser.add_argument("--redemptions", type=int, default=1_000_000)
    parser.add_argument("--codes", type=int, default=100, help="camera: how many guests")
    parser.add_argument(
        "--soak-minutes", type=float, default=0, help="camera: then scan on and watch the heap"
    )
    options = parser.parse_args()
    for part in options.part or PARTS:
        for figure in PARTS[part](options):
            text = "{name} on {backend}: {value} {unit}, {baseline_name} {baseline_value}, ratio {ratio}"
            print(json.dumps(figure) if options.json else text.format_map(figure), flush=True)


def _settled(options: argparse.Namespace) -> Iterator[Figure]:
    for url in _empty_databases(options.backend):
        with contextlib.closing(Database(url, clock=FixedClock(NOW))) as database:
            migrating.upgrade(database.engine)
            yield from _settling(database, options.venues, options.redemptions)


def _handed_in(options: argparse.Namespace) -> Iterator[Figure]:
    for url in _empty_databases(options.backend):
        with contextlib.closing(Database(url)) as database:
            migrating.upgrade(database.engine)
            yield from offline.figures(database, url)


def _filmed(options: argparse.Namespace) -> Iterator[Figure]:
    yield from filming.measured(options.codes, options.soak_minutes)


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Figure]]] = {
    "settlement": _settled,
    "offline": _handed_in,
    "camera": _filmed,
}


def _empty_databases(chosen: Sequence[str] | None) -> Iterator[str]:
    backends = chosen or BACKENDS
    with stages.opened(None, None, backends=backends, wallet_count=0, lax=False) as opened:
        for backend in backends:
            with opened.scratch(backend) as url:
                yield url


def _settling(database: Database, count: int, redemptions: int) -> Iterator[Figure]:
    """Write a month, settle it, and compare the statements with what was read line by line."""
    city = cities.found(database, NewCity(slug="month", name="Month"))
    database.run(city.city_id, functools.partial(_open, count=count))
    for start in range(0, redemptions, TOGETHER):
        numbers = range(start, min(start + TOGETHER, redemptions))
        database.run(city.city_id, functools.partial(_redeem, numbers=numbers, count=count))
    by_line, found = _line_by_line(database, city, min(SAMPLE, count))
    before = _megabytes()
    begin = time.perf_counter()
    settlements_due.settle(
        database, city, "bench", lambda done, total: stages.note(f"{done} of {total} settled")
    )
    seconds = time.perf_counter() - begin
    _compare(database, city, found)
    baseline = by_line * count / len(found)
    name = f"settle-{count}-venues-{redemptions}-redemptions"
    yield {
        "name": name,
        "backend": database.backend,
        "value": round(seconds, 2),
        "unit": "s",
        "baseline_name": "line-by-line",
        "baseline_value": round(baseline, 2),
        "ratio": round(seconds / baseline, 2),
    }
    more = _megabytes() - before
    yield {
        "name": f"{name}-memory",
        "backend": database.backend,
        "value": more,
        "unit": "MB more",
        "baseline_name": "before",
        "baseline_value": before,
        "ratio": round(more / before, 2),
    }


def _open(work: Work, count: int) -> None:
    chart.open_chart(work)
    accounts.open_accounts(
        work,
        [
            NewAccount(WALLET, transfers.DUC, owner="guest", expires_on=dt.date(2028, 12, 31)),
            NewAccount(BUYER, transfers.EUR, Guard.NONE),
        ],
    )
    gift = transfers.post(work.ids.uuid(), chart.ISSUED, WALLET, 10**12, effective=FIRST, purpose="bench")
    posting.post_or_raise(work, [gift])
    for number in range(1, count + 1):
        new = NewVenue(
            f"Venue {number}", VenueKind.SHOP, "Street 1", "47051", "Centre", f"Payee {number}", None
        )
        venue = venues.create(work, new)
        contracts.sign(
            work, venue.venue_id, rate_cents_per_point=1, period=PeriodKind.MONTH, valid_from=FIRST
        )


def _redeem(work: Work, numbers: range, count: int) -> None:
    holds = [
        transfers.hold(
            work.ids.uuid(),
            WALLET,
            venues.points_path(number % count + 1),
            100 + number % 50,
            effective=FIRST + dt.timedelta(days=number % 31),
            purpose="voucher",
            subject=_subject(number),
        )
        for number in numbers
    ]
    captures = [
        transfers.capture(
            work.ids.uuid(), hold.transfer_id, effective=hold.effective, purpose=takings.PURPOSE_REDEMPTION
        )
        for hold in holds
    ]
    paid = [
        transfers.post(
            work.ids.uuid(), BUYER, venues.takings_path(number % count + 1), 250, effective=hold.effective,
            purpose=takings.PURPOSE_REDEMPTION, subject=_subject(number),
        )
        for number, hold in zip(numbers, holds, strict=True)
        if number % 4 == 0
    ]  # fmt: skip
    posting.post_or_raise(work, [*holds, *captures])
    if paid:
        venues.open_takings(work, {number % count + 1 for number in numbers})
        posting.post_or_raise(work, paid)


def _subject(number: int) -> str:
    return f"{PRODUCTS[number % len(PRODUCTS)]}/{number:016x}"


def _line_by_line(database: Database, city: City, sample: int) -> tuple[float, dict[int, int]]:
    found: dict[int, int] = {}
    begin = time.perf_counter()
    with database.reading(city.city_id) as reading:
        for venue_id in range(1, sample + 1):
            found[venue_id] = sum(
                line.change for line in takings.lines(reading, venue_id) if not takings.is_euros(line)
            )
    return time.perf_counter() - begin, found


def _compare(database: Database, city: City, found: dict[int, int]) -> None:
    with database.reading(city.city_id) as reading:
        for venue_id, points in found.items():
            (made,) = settlements.of_venue(reading, venue_id)
            if made.settled_points != points:
                msg = f"venue {venue_id}: the statement says {made.settled_points}, its lines {points}"
                raise SystemExit(msg)


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
