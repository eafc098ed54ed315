"""What a city lets guests redeem on their own phones: one policy for all venues, or a venue's own."""

from dataclasses import asdict, dataclass
from typing import Final

import sqlalchemy as sa

from kernel import db
from kernel.errors import Invalid
from merchants import venues
from redemption.faults import Fault
from redemption.presented_tables import presented_policies as table

EVERYWHERE: Final = 0
"""Stands for all venues that have no policy of their own."""
VALUE_CENTS_MOST: Final = 20_000
DAY_CENTS_MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class PresentedPolicy:
    """What guests may redeem without anybody scanning. The default: nothing."""

    allowed: bool = False
    value_cents_max: int = 0
    """Of what is redeemed at once."""
    person_day_cents: int = 0
    """Of one person in a day, at all venues."""
    venue_day_cents: int = 0
    """Of one venue in a day."""


FORBIDDEN: Final = PresentedPolicy()
SUGGESTED: Final = PresentedPolicy(
    allowed=True, value_cents_max=1_000, person_day_cents=3_000, venue_day_cents=30_000
)
"""With what a city begins that allows it."""
_FIELDS = tuple(PresentedPolicy.__dataclass_fields__)


def of_venue(reading: db.Reading, venue_id: int) -> PresentedPolicy:
    """Return what holds at a venue: its own policy, else the city's, else that it is forbidden."""
    found = _by_venue(reading, (EVERYWHERE, venue_id))
    return found.get(venue_id) or found.get(EVERYWHERE) or FORBIDDEN


def every(reading: db.Reading) -> dict[int, PresentedPolicy]:
    """Return the policies by venue; that of the city under EVERYWHERE."""
    return _by_venue(reading)


def save(work: db.Work, venue_id: int, policy: PresentedPolicy) -> None:
    """Set what holds at a venue, or EVERYWHERE else.

    Raises NotFound `venue-not-found`; Invalid `presented-value-invalid` or `presented-day-invalid`, with all
    faults in `faults`.
    """
    if venue_id != EVERYWHERE:
        venues.get(work, venue_id)
    if faults := _faults(policy):
        listed = [{"field": fault.field, "code": fault.code, **fault.limits} for fault in faults]
        raise Invalid(faults[0].code, field=faults[0].field, **faults[0].limits, faults=listed)
    values = {**asdict(policy), "changed_at": work.now}
    statement = db.insert(work, table).values(city_id=work.city_id, venue_id=venue_id, **values)
    work.connection.execute(
        statement.on_conflict_do_update(index_elements=[table.c.city_id, table.c.venue_id], set_=values)
    )


def forget(work: db.Work, venue_id: int) -> None:
    """Let the city's policy hold at a venue again."""
    work.connection.execute(
        sa.delete(table).where(table.c.city_id == work.city_id, table.c.venue_id == venue_id)
    )


def _faults(policy: PresentedPolicy) -> list[Fault]:
    found: list[Fault] = []
    if not 0 <= policy.value_cents_max <= VALUE_CENTS_MOST:
        limits = {"maximum": VALUE_CENTS_MOST // 100}
        found.append(Fault("value_cents_max", "presented-value-invalid", limits))
    return found + [
        Fault(field, "presented-day-invalid", {"maximum": DAY_CENTS_MOST // 100})
        for field in ("person_day_cents", "venue_day_cents")
        if not policy.value_cents_max <= getattr(policy, field) <= DAY_CENTS_MOST
    ]


def _by_venue(reading: db.Reading, venue_ids: tuple[int, ...] = ()) -> dict[int, PresentedPolicy]:
    condition = table.c.venue_id.in_(venue_ids) if venue_ids else sa.true()
    rows = reading.connection.execute(
        sa.select(table.c.venue_id, *(table.c[name] for name in _FIELDS))
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.venue_id)
    )
    return {row.venue_id: PresentedPolicy(*(row._mapping[name] for name in _FIELDS)) for row in rows}
