"""The number of the till's receipt for a redemption, where the contract wants it: once a venue and day.

A form of the venue's pages and the scanner ask for it when a voucher is good, before it is redeemed. A device
that does not ask is not stopped at the door; what it redeems has no number.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict, DomainError, Invalid
from merchants import contracts
from redemption import redeeming
from redemption.keys import Sealer
from redemption.redeeming import BY_CITY, Means
from redemption.scans import Scanned
from redemption.till_receipt_tables import till_receipts as table
from redemption.verdicts import PASSED, Verdict

NUMBER_MAX = 40
_FORM = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./_-]*")


def wanted(reading: db.Reading, city: City, venue_id: int) -> bool:
    """Whether the venue's contract wants a number for each redemption."""
    in_force = contracts.period_on(contracts.of_venue(reading, venue_id), city.day_of(reading.now))
    return in_force is not None and in_force[0].receipt_numbers


def checked(written: str) -> str:
    """Return a number as it is kept. Raises Invalid `till-number-missing`, `till-number-invalid`."""
    number = " ".join(written.split())
    if not number:
        raise Invalid("till-number-missing", field="receipt_number")
    if len(number) > NUMBER_MAX or not _FORM.fullmatch(number):
        raise Invalid("till-number-invalid", field="receipt_number", maximum=NUMBER_MAX)
    return number


@dataclass(frozen=True, slots=True)
class Named:
    """A number that a scan of a device's log names."""

    venue_id: int
    day: dt.date
    number: str
    device_id: int
    nonce: str


def keep(work: db.Work, named: Sequence[Named]) -> set[str]:
    """Keep numbers of scans that are booked in any case; return the nonces of those whose number is taken."""
    refused: set[str] = set()
    for day in sorted({one.day for one in named}):
        of_day = [one for one in named if one.day == day]
        taken = dict(_taken(work, day, [(one.venue_id, one.number) for one in of_day]))
        fresh = []
        for one in of_day:
            owner = taken.setdefault((one.venue_id, one.number), (one.device_id, one.nonce))
            if owner == (one.device_id, one.nonce):
                fresh.append({"city_id": work.city_id, **asdict(one)})
            else:
                refused.add(one.nonce)
        if fresh:
            work.connection.execute(db.insert(work, table).values(fresh).on_conflict_do_nothing())
    return refused


def redeem_many(
    work: db.Work, city: City, asked: Sequence[tuple[Scanned, str]], sealer: Sealer, means: Means = BY_CITY
) -> list[Verdict | DomainError]:
    """Decide on scans as `redeeming.redeem_many`, each with the number of a receipt or none.

    A number that stands for another scan of that venue and day is refused: Conflict `till-number-used`,
    and nothing is redeemed. One of a refused scan stays free. Of two in one batch the first has it.
    """
    day = city.day_of(work.now)
    taken = dict(_taken(work, day, [(one.venue_id, number) for one, number in asked if number]))
    outcomes: list[Verdict | DomainError | None] = []
    for one, number in asked:
        name = (one.venue_id, number)
        other = taken.get(name) if number else None
        outcomes.append(Conflict("till-number-used", number=number) if other not in {None, one.key} else None)
        if number and other is None:
            taken[name] = one.key
    left = [one for (one, _), refused in zip(asked, outcomes, strict=True) if refused is None]
    decided = iter(redeeming.redeem_many(work, city, left, sealer, means) if left else [])
    found = [refused or next(decided) for refused in outcomes]
    rows = [
        {
            "city_id": work.city_id, "venue_id": one.venue_id, "day": day, "number": number,
            "device_id": one.device_id, "nonce": one.nonce,
        }
        for (one, number), verdict in zip(asked, found, strict=True)
        if number and isinstance(verdict, Verdict) and verdict.accepted and verdict.code not in PASSED
    ]  # fmt: skip
    if rows:
        work.connection.execute(db.insert(work, table).values(rows).on_conflict_do_nothing())
    return found


def _taken(
    reading: db.Reading, day: dt.date, names: Sequence[tuple[int, str]]
) -> Mapping[tuple[int, str], tuple[int, str]]:
    """Return which scan has each of the numbers on a day."""
    if not names:
        return {}
    rows = reading.connection.execute(
        sa.select(table.c.venue_id, table.c.number, table.c.device_id, table.c.nonce).where(
            table.c.city_id == reading.city_id,
            table.c.day == day,
            table.c.venue_id.in_(sorted({venue_id for venue_id, _ in names})),
            table.c.number.in_(sorted({number for _, number in names})),
        )
    )
    return {(row.venue_id, row.number): (row.device_id, row.nonce) for row in rows}
