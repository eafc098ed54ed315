"""What a city lets its venues do without a network: one policy for all, or a venue's own."""

import datetime as dt

import sqlalchemy as sa

from kernel import db
from kernel.errors import Invalid
from merchants import venues
from redemption import offline_policy
from redemption.offline_policy import LEASES_ONLY, Policy, Proof
from redemption.offline_tables import offline_policies as table

EVERYWHERE = 0
"""Stands for all venues that have no policy of their own."""


def of_venue(reading: db.Reading, venue_id: int) -> Policy:
    """Return what holds at a venue: its own policy, else the city's, else only leases."""
    found = _by_venue(reading, (EVERYWHERE, venue_id))
    return found.get(venue_id) or found.get(EVERYWHERE) or LEASES_ONLY


def every(reading: db.Reading) -> dict[int, Policy]:
    """Return the policies by venue; that of the city under EVERYWHERE."""
    return _by_venue(reading)


def save(work: db.Work, venue_id: int, policy: Policy) -> None:
    """Set what holds at a venue, or EVERYWHERE else.

    Raises NotFound `venue-not-found`; Invalid `offline-value-invalid`, `offline-budget-invalid` or
    `offline-list-age-invalid`, with all faults in `faults`.
    """
    if venue_id != EVERYWHERE:
        venues.get(work, venue_id)
    if faults := offline_policy.faults(policy):
        listed = [{"field": fault.field, "code": fault.code, **fault.limits} for fault in faults]
        raise Invalid(faults[0].code, field=faults[0].field, **faults[0].limits, faults=listed)
    values = {
        "capped": policy.capped,
        "value_cents_max": policy.value_cents_max,
        "device_day_cents": policy.device_day_cents,
        "list_age_seconds": int(policy.list_age_max.total_seconds()),
        "single_venue": policy.single_venue,
        "proof": policy.proof.value,
        "changed_at": work.now,
    }
    statement = db.insert(work, table).values(city_id=work.city_id, venue_id=venue_id, **values)
    work.connection.execute(
        statement.on_conflict_do_update(index_elements=[table.c.city_id, table.c.venue_id], set_=values)
    )


def forget(work: db.Work, venue_id: int) -> None:
    """Let the city's policy hold at a venue again."""
    work.connection.execute(
        sa.delete(table).where(table.c.city_id == work.city_id, table.c.venue_id == venue_id)
    )


def _by_venue(reading: db.Reading, venue_ids: tuple[int, ...] = ()) -> dict[int, Policy]:
    condition = table.c.venue_id.in_(venue_ids) if venue_ids else sa.true()
    found = reading.connection.execute(
        sa.select(table).where(table.c.city_id == reading.city_id, condition).order_by(table.c.venue_id)
    )
    return {
        row.venue_id: Policy(
            capped=row.capped,
            value_cents_max=row.value_cents_max,
            device_day_cents=row.device_day_cents,
            list_age_max=dt.timedelta(seconds=row.list_age_seconds),
            single_venue=row.single_venue,
            proof=Proof(row.proof),
        )
        for row in found
    }
