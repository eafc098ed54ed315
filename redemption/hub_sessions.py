"""Hub sessions: all vouchers that only one venue takes are left to that venue's hub, until a stated time.

A session is a lease of many vouchers by one rule instead of a row for each: those that name this venue
alone and stand in the status list up to a place. While it runs nobody else takes them. It ends when the hub's
signed log says so (`close`), when the hub is reported lost, or at `free_at`
(docs/adr/0023-a-hub-leases-the-house.md).
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from kernel import bulk, db
from kernel.errors import Conflict, Invalid
from merchants.devices import Device, DeviceKind
from redemption import issuing, scan_logs, tokens
from redemption.hub_tables import hub_sessions as table
from redemption.tokens import Claims, Flags
from redemption.vouchers import Voucher

MOST: Final = dt.timedelta(hours=72)
"""A hub is heard of at least so often."""
OFFLINE_MOST: Final = dt.timedelta(hours=24)
"""How long after its end a hub may need to hand in what it took."""


@dataclass(frozen=True, slots=True)
class Session:
    """A time in which a hub alone takes its venue's vouchers."""

    session_id: int
    venue_id: int
    device_id: int
    begun_at: dt.datetime
    until: dt.datetime
    """Exclusive: before it the hub takes them."""
    free_at: dt.datetime
    """From then on anybody may take them."""
    through_index: int
    """The newest voucher that is left to the hub, by its place in the status list."""
    ended_at: dt.datetime | None = None
    how: str | None = None

    def runs(self, now: dt.datetime) -> bool:
        """Whether nobody but the hub takes what it covers."""
        return self.ended_at is None and now < self.free_at

    def covers(self, claims: Claims) -> bool:
        """Whether a voucher with these claims is left to the hub."""
        alone = claims.venues == (self.venue_id,)
        return alone and claims.status_index <= self.through_index and not claims.flags & Flags.ONLINE_ONLY

    def had(self, claims: Claims, at: dt.datetime) -> bool:
        """Whether the hub could let somebody in with a voucher at an instant."""
        in_time = self.begun_at <= at < self.until + dt.timedelta(seconds=tokens.SKEW_SECONDS)
        return in_time and self.covers(claims)


def begin(work: db.Work, hub: Device, until: dt.datetime, log_through: int) -> Session:
    """Leave the venue's vouchers to its hub; a session that runs gets longer and takes new ones in.

    `log_through` is the newest event of the hub: all must have arrived, so that what it is told is true.
    Raises Conflict `hub-only`, `hub-not-trusted`, `hub-log-behind`, `hub-session-other`; Invalid
    `hub-until-invalid`.
    """
    if hub.kind is not DeviceKind.HUB:
        raise Conflict("hub-only")
    if not hub.trusted_offline:
        raise Conflict("hub-not-trusted")
    if not work.now < until <= work.now + MOST:
        raise Invalid("hub-until-invalid", field="until", hours=int(MOST.total_seconds() // 3600))
    log = scan_logs.of_device(work, hub.device_id)
    if (log.link.seq if log else 0) < log_through:
        raise Conflict("hub-log-behind")
    before = running(work, [hub.venue_id]).get(hub.venue_id)
    if before is not None and before.device_id != hub.device_id:
        raise Conflict("hub-session-other")
    through = issuing.next_status_index(work) - 1
    if before is None:
        made = Session(
            work.ids.next(), hub.venue_id, hub.device_id, work.now, until, until + OFFLINE_MOST, through
        )
        values = {name: getattr(made, name) for name in Session.__dataclass_fields__}
        work.connection.execute(sa.insert(table).values(city_id=work.city_id, **values))
        return made
    # Never shorter: the hub may not hear of it.
    until = max(until, before.until)
    changed = {"until": until, "free_at": until + OFFLINE_MOST, "through_index": through}
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.session_id == before.session_id)
        .values(**changed)
    )
    return running(work, [hub.venue_id])[hub.venue_id]


def running(reading: db.Reading, venue_ids: Iterable[int]) -> dict[int, Session]:
    """Return the sessions that run at these venues, by venue."""
    wanted = sorted(set(venue_ids))
    if not wanted:
        return {}
    found = _found(reading, _RUNNING, venue_ids=wanted, now=reading.now)
    return {one.venue_id: one for one in found}


def holding(reading: db.Reading, found: Sequence[Voucher]) -> dict[str, Session]:
    """Return in whose session vouchers are, by voucher."""
    alone = [one for one in found if len(one.venue_ids) == 1]
    sessions = running(reading, (one.venue_ids[0] for one in alone))
    held: dict[str, Session] = {}
    for one in alone if sessions else ():
        session = sessions.get(one.venue_ids[0])
        # What its holder activates on a phone is not for the hub.
        if session is None or one.terms.activation_minutes is not None:
            continue
        if session.covers(tokens.own_claims(one.token)):
            held[one.voucher_id] = session
    return held


def of_device(reading: db.Reading, device_id: int) -> list[Session]:
    """Return all sessions of a hub, oldest first."""
    return _select(reading, table.c.device_id == device_id)


def close(work: db.Work, device_id: int, begun_before: dt.datetime) -> None:
    """End a hub's session, as its signed log says; what it took before is booked."""
    _end(work, sa.and_(table.c.device_id == device_id, table.c.begun_at <= begun_before), "closed")


def lose(work: db.Work, device_id: int) -> None:
    """End the session of a hub that was reported lost or shut out: its owner goes on without it."""
    _end(work, table.c.device_id == device_id, "lost")


def sweep(work: db.Work) -> None:
    """End sessions whose time, and that of the hub's log, is over."""
    _end(work, table.c.free_at <= work.now, "over")


def _end(work: db.Work, condition: sa.ColumnElement[bool], how: str) -> None:
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.ended_at.is_(None), condition)
        .values(ended_at=work.now, how=how)
    )


_ALL = (
    sa.select(*(table.c[name] for name in Session.__dataclass_fields__))
    .where(table.c.city_id == sa.bindparam("city"))
    .order_by(table.c.session_id)
)
_RUNNING = _ALL.where(
    bulk.any_of(table.c.venue_id, "venue_ids"),
    table.c.ended_at.is_(None),
    table.c.free_at > sa.bindparam("now"),
)


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Session]:
    return _found(reading, _ALL.where(condition))


def _found(reading: db.Reading, statement: sa.Select[Any], **asked: object) -> list[Session]:
    rows = reading.connection.execute(statement, {"city": reading.city_id, **asked})
    return [Session(**row._mapping) for row in rows]
