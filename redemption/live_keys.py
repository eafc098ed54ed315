"""The keys of live codes: for phones by voucher, for devices by group of venues, each for some days."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from kernel import db
from redemption import live_codes, offers
from redemption.hub_tables import hub_live_keys
from redemption.keys import Sealer
from redemption.live_codes import DayKeys
from redemption.trust_tables import live_secrets as table
from redemption.vouchers import Voucher

DAYS_AHEAD = 14
"""For how many days a phone can make live codes without a network."""


@dataclass(frozen=True, slots=True)
class DayKey:
    """A key for one day of UTC, given in days since 1970."""

    day: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class GroupKey(DayKey):
    """The key of a group of venues for a day."""

    group: bytes


def ensure(work: db.Work, sealer: Sealer) -> None:
    """Make the city's secret if it has none."""
    if not exists(work):
        renew(work, sealer)


def renew(work: db.Work, sealer: Sealer) -> None:
    """Make a new secret: live codes of phones that have not asked since are refused from now on."""
    secret = work.ids.random_bytes(live_codes.SECRET_BYTES)
    values = {"sealed": sealer.seal(work, secret), "made_at": work.now}
    made = db.insert(work, table).values(city_id=work.city_id, **values)
    work.connection.execute(made.on_conflict_do_update(index_elements=[table.c.city_id], set_=values))


def exists(reading: db.Reading) -> bool:
    """Whether the city has a secret."""
    return _sealed(reading) is not None


def of_voucher(reading: db.Reading, sealer: Sealer, voucher: Voucher) -> list[DayKey]:
    """Return what the phone of a voucher's owner needs from now on, for DAYS_AHEAD days at most."""
    secret = _secret(reading, sealer)
    if secret is None:
        return []
    now, voucher_id = int(reading.now.timestamp()), bytes.fromhex(voucher.voucher_id)
    end = min(reading.now + dt.timedelta(days=DAYS_AHEAD), voucher.valid_until)
    # One day more than the voucher has: the phone's clock may be ahead.
    first, last = live_codes.days_around(now)[0], int(end.timestamp()) // live_codes.DAY_SECONDS + 1
    group = live_codes.group_of(voucher.venue_ids)
    return [
        DayKey(day, live_codes.voucher_key(live_codes.day_key(secret, group, day), voucher_id))
        for day in range(first, last + 1)
    ]


def of_venue(reading: db.Reading, sealer: Sealer, venue_id: int) -> list[GroupKey]:
    """Return what a device of a venue needs to check live codes until tomorrow's end."""
    secret = _secret(reading, sealer)
    if secret is None:
        return []
    days = live_codes.days_around(int(reading.now.timestamp()))
    return [
        GroupKey(day, live_codes.day_key(secret, group, day), group)
        for group in sorted(_groups(reading, venue_id))
        for day in days
    ]


def for_checking(reading: db.Reading, sealer: Sealer, venue_ids: Iterable[int]) -> DayKeys:
    """Return what gives the keys of a voucher's group by day."""
    secret, group = _secret(reading, sealer), live_codes.group_of(tuple(venue_ids))
    if secret is None:
        return _of_hub(reading, group).get
    return lambda day: live_codes.day_key(secret, group, day)


def _of_hub(reading: db.Reading, group: bytes) -> dict[int, bytes]:
    """Return what a hub was given: keys of days, never the secret."""
    rows = reading.connection.execute(
        sa.select(hub_live_keys.c.day, hub_live_keys.c.day_key).where(
            hub_live_keys.c.city_id == reading.city_id, hub_live_keys.c.venue_group == group
        )
    )
    return {row.day: row.day_key for row in rows}


def _groups(reading: db.Reading, venue_id: int) -> set[bytes]:
    sets = {tuple(sorted(one.venue_ids)) for one in offers.every(reading) if venue_id in one.venue_ids}
    return {live_codes.group_of(venues) for venues in sets}


def _secret(reading: db.Reading, sealer: Sealer) -> bytes | None:
    sealed = _sealed(reading)
    return None if sealed is None else sealer.unseal(sealed)


def _sealed(reading: db.Reading) -> bytes | None:
    row = reading.connection.execute(
        sa.select(table.c.sealed).where(table.c.city_id == reading.city_id)
    ).first()
    return None if row is None else bytes(row.sealed)
