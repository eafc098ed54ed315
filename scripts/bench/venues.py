"""Measures what venues see: settlement, scans that are handed in later, and the scanner in a browser.

    .venv/bin/python scripts/bench/venues.py [--json] [--venues 1000] [--redemptions 1000000] [--euros]
                                              [--url postgresql://...]
    .venv/bin/python scripts/bench/venues.py --part offline [--json] [--url postgresql://...]
    .venv/bin/python scripts/bench/venues.py --part camera [--json] [--codes 100] [--soak-minutes 0]

Settlement: many venues with many redemptions, beside reading their accounts line by line.
A month is written into a database of its own (SQLite in a temporary folder, or an empty one at --url): each
redemption is a hold and its capture, as the product books them. Measured is all of `duiscoin settle`
but the start of the interpreter: statements, transfers, audit log. The baseline reads a sample of accounts
a page at a time and adds up in Python, and is scaled to all of them. Every statement of the sample must say
what the baseline found.

Camera: `measuring/filming.py` says what is measured.

Offline: 500 scans that were made without a network are handed in over HTTP, and 100,000 events are merged;
`measuring/offline.py` says how.
"""

import argparse
import datetime as dt
import functools
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

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
from scripts.bench.measuring import filming, offline

FIRST, LAST = dt.date(2026, 5, 1), dt.date(2026, 5, 31)
NOW = dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC)
TOGETHER = 4000
"""Redemptions written in one batch."""
SAMPLE = 20
PRODUCTS = ("swim", "sauna", "course")
WALLET = "wallet/guest/2028-12-31"
BUYER = "eur/receivable/1"


def main() -> None:
    """Write a month, settle it and print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--venues", type=int, default=1000)
    parser.add_argument("--redemptions", type=int, default=1_000_000)
    parser.add_argument("--euros", action="store_true", help="settlement: every fourth guest also pays euros")
    parser.add_argument("--url", help="an empty database; default: SQLite in a temporary folder")
    parser.add_argument("--part", choices=("settlement", "offline", "camera"), default="settlement")
    parser.add_argument("--codes", type=int, default=100, help="camera: how many guests")
    parser.add_argument(
        "--soak-minutes", type=float, default=0, help="camera: then scan on and watch the heap"
    )
    options = parser.parse_args()
    if options.part == "camera":
        _film(options)
        return
    if options.part == "offline":
        _offline(options.url, as_json=options.json)
        return
    with tempfile.TemporaryDirectory() as folder:
        database = Database(options.url or f"sqlite:///{folder}/month.db", clock=FixedClock(NOW))
        try:
            result = _measured(database, options.venues, options.redemptions, euros=options.euros)
        finally:
            database.close()
    if options.json:
        print(json.dumps(result))
        return
    print(
        f"{result['name']} on {result['backend']}: {result['value']} s, {result['baseline_name']} "
        f"{result['baseline_value']} s, ratio {result['ratio']}, {result['megabytes']} MB more than before"
    )


def _film(options: argparse.Namespace) -> None:
    for figure in filming.measured(options.codes, options.soak_minutes):
        if options.json:
            print(json.dumps(figure))
        else:
            print(
                f"{figure['name']}: {figure['value']} {figure['unit']} (to reach: {figure['baseline_value']})"
            )


def _offline(url: str | None, *, as_json: bool) -> None:
    """Measure handing in and merging, and print it."""
    with tempfile.TemporaryDirectory() as folder:
        address = url or f"sqlite:///{folder}/offline.db"
        database = Database(address)
        try:
            migrating.upgrade(database.engine)
            for figure in offline.figures(database, address):
                text = "{name} on {backend}: {value} s, {baseline_name} {baseline_value} s, ratio {ratio}"
                print(json.dumps(figure) if as_json else text.format_map(figure))
        finally:
            database.close()


def _measured(database: Database, count: int, redemptions: int, *, euros: bool) -> dict[str, Any]:
    migrating.upgrade(database.engine)
    city = cities.found(database, NewCity(slug="month", name="Month"))
    database.run(city.city_id, functools.partial(_open, count=count))
    for start in range(0, redemptions, TOGETHER):
        numbers = range(start, min(start + TOGETHER, redemptions))
        database.run(city.city_id, functools.partial(_redeem, numbers=numbers, count=count, euros=euros))
    by_line, found = _line_by_line(database, city, min(SAMPLE, count))
    before = _megabytes()
    said: list[int] = []
    begin = time.perf_counter()
    settlements_due.settle(database, city, "bench", lambda done, _: said.append(done))
    seconds = time.perf_counter() - begin
    _compare(database, city, found)
    baseline = by_line * count / len(found)
    return {
        "name": f"settle-{count}-venues-{redemptions}-redemptions{'-with-euros' if euros else ''}",
        "backend": database.backend,
        "value": round(seconds, 2),
        "unit": "s",
        "baseline_name": "line-by-line",
        "baseline_value": round(baseline, 2),
        "ratio": round(seconds / baseline, 2),
        "progress": len(said),
        "megabytes": _megabytes() - before,
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


def _redeem(work: Work, numbers: range, count: int, *, euros: bool) -> None:
    holds = [
        transfers.hold(
            work.ids.uuid(),
            WALLET,
            venues.points_path(number % count + 1),
            100 + number % 50,
            effective=FIRST + dt.timedelta(days=number % 31),
            purpose="voucher",
            subject=f"{PRODUCTS[number % len(PRODUCTS)]}/{number:016x}",
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
            purpose=takings.PURPOSE_REDEMPTION, subject=hold.subject,
        )
        for number, hold in zip(numbers, holds, strict=True)
        if euros and number % 4 == 0
    ]  # fmt: skip
    posting.post_or_raise(work, [*holds, *captures])
    if paid:
        venues.open_takings(work, {number % count + 1 for number in numbers})
        posting.post_or_raise(work, paid)


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
