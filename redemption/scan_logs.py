"""The logs of devices as the city has them: how far, and what became of each event."""

import datetime as dt
import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from kernel import bulk, db
from redemption import merging
from redemption.gates import PASSING, UNDO_MINUTES
from redemption.good_faith import Reason
from redemption.log_tables import scan_log_events as table
from redemption.log_tables import scan_log_oddities as oddities
from redemption.log_tables import scan_logs
from redemption.scan_events import EventKind, Link, Tier

PAGE_MAX = 200


class Outcome(enum.StrEnum):
    """What was decided about an event."""

    OPEN = "open"
    """It takes part in the merge: what it got says how many uses it won and lost."""
    KNOWN = "known"
    """There is nothing to decide."""
    REFUSED = "refused"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Log:
    """How far the log of a device is known."""

    device_id: int
    link: Link
    gap_since: dt.datetime | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """An event with what became of it."""

    device_id: int
    seq: int
    event_id: int
    venue_id: int
    digest: bytes
    data: bytes | None
    kind: EventKind
    tier: Tier
    decision: str
    voucher_id: str | None
    uses: int
    refers: int
    happened_at: dt.datetime
    received_at: dt.datetime
    outcome: Outcome
    reason: Reason | None = None
    won: int = 0
    lost: int = 0

    @property
    def key(self) -> merging.Key:
        """What it is known by."""
        return self.device_id, self.seq

    @property
    def passing(self) -> bool:
        """Whether somebody passes a gate without a use."""
        return self.kind is EventKind.SCAN and self.decision in PASSING

    @property
    def takes(self) -> int:
        """How many uses it asks for."""
        return 0 if self.passing else self.uses

    def undo_minutes(self, of_offer: int) -> int:
        """Return how long it may be taken back."""
        return UNDO_MINUTES if self.passing else of_offer

    def entry(self, undo_minutes: int) -> merging.Entry:
        """Return what the merge looks at; `undo_minutes` are the offer's."""
        return merging.Entry(
            self.device_id,
            self.seq,
            self.voucher_id or "",
            int(self.happened_at.timestamp() * 1000),
            self.takes,
            self.undo_minutes(undo_minutes) * 60_000,
            self.refers,
            self.digest,
        )


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that could not be taken in."""

    device_id: int
    digest: bytes
    seq: int
    fault: str
    data: bytes
    received_at: dt.datetime


_COLUMNS = ("city_id", *Logged.__dataclass_fields__)
_ODDITY = ("city_id", *Oddity.__dataclass_fields__)


def of_device(reading: db.Reading, device_id: int) -> Log | None:
    """Return how far a device's log is known, None if nothing of it came yet."""
    row = reading.connection.execute(
        sa.select(scan_logs).where(scan_logs.c.city_id == reading.city_id, scan_logs.c.device_id == device_id)
    ).first()
    if row is None:
        return None
    return Log(row.device_id, Link(row.through_seq, row.head), row.gap_since, row.fault)


def faults_of(reading: db.Reading, device_ids: Iterable[int]) -> dict[int, str]:
    """Return why devices are in quarantine."""
    rows = reading.connection.execute(
        sa.select(scan_logs.c.device_id, scan_logs.c.fault).where(
            scan_logs.c.city_id == reading.city_id,
            bulk.any_of(scan_logs.c.device_id, "device_ids"),
            scan_logs.c.fault.is_not(None),
        ),
        {"device_ids": sorted(set(device_ids))},
    )
    return {row.device_id: row.fault for row in rows}


def keep(work: db.Work, log: Log) -> None:
    """Keep how far a log is known now."""
    values = {
        "through_seq": log.link.seq,
        "head": log.link.head,
        "gap_since": log.gap_since,
        "fault": log.fault,
    }
    new = db.insert(work, scan_logs).values(city_id=work.city_id, device_id=log.device_id, **values)
    work.connection.execute(new.on_conflict_do_update(index_elements=["city_id", "device_id"], set_=values))


def add(work: db.Work, events: Iterable[Logged]) -> None:
    """Add events, one statement for all."""
    rows = (
        (
            work.city_id,
            *(
                value.value if isinstance(value, enum.Enum) else value
                for value in (getattr(event, name) for name in Logged.__dataclass_fields__)
            ),
        )
        for event in events
    )
    bulk.insert_rows(work, table, _COLUMNS, rows)


def change(work: db.Work, events: Sequence[Logged]) -> None:
    """Keep what became of events that are there already: few, as most are decided when they come."""
    if not events:
        return
    statement = (
        sa.update(table)
        .where(
            table.c.city_id == work.city_id,
            table.c.device_id == sa.bindparam("of_device"),
            table.c.seq == sa.bindparam("of_seq"),
        )
        .values(
            {name: sa.bindparam(f"new_{name}") for name in ("outcome", "reason", "won", "lost", "voucher_id")}
        )
    )
    values = [
        {
            "of_device": one.device_id,
            "of_seq": one.seq,
            "new_outcome": one.outcome.value,
            "new_reason": one.reason and one.reason.value,
            "new_won": one.won,
            "new_lost": one.lost,
            "new_voucher_id": one.voucher_id,
        }
        for one in events
    ]
    work.connection.execute(statement, values)


def put_aside(work: db.Work, odd: Sequence[Oddity]) -> None:
    """Keep what could not be taken in, one statement for all."""
    rows = [(work.city_id, *asdict(one).values()) for one in odd]
    bulk.insert_rows(work, oddities, _ODDITY, rows)


def known_oddities(reading: db.Reading, device_id: int, digests: Iterable[bytes]) -> dict[bytes, Oddity]:
    """Return those of the oddities that were kept before."""
    wanted = sorted(set(digests))
    if not wanted:
        return {}
    rows = reading.connection.execute(
        sa.select(*(oddities.c[name] for name in Oddity.__dataclass_fields__)).where(
            oddities.c.city_id == reading.city_id,
            oddities.c.device_id == device_id,
            oddities.c.digest.in_(wanted),
        )
    )
    return {row.digest: Oddity(*row) for row in rows}


def events(reading: db.Reading, device_id: int, seqs: Iterable[int]) -> dict[int, Logged]:
    """Return those of a device's events that are there, by number."""
    wanted = sorted(set(seqs))
    if not wanted:
        return {}
    condition = sa.and_(table.c.device_id == device_id, bulk.any_of(table.c.seq, "seqs"))
    return {one.seq: one for one in _select(reading, condition, {"seqs": wanted})}


def held(reading: db.Reading, device_id: int) -> list[Logged]:
    """Return what of a device waits for a decision, in order."""
    return _select(reading, sa.and_(table.c.device_id == device_id, table.c.outcome == Outcome.HELD.value))


def booked_since(reading: db.Reading, device_id: int, since: dt.datetime) -> list[Logged]:
    """Return what was booked for scans of a device that it made since an instant."""
    condition = sa.and_(
        table.c.device_id == device_id,
        table.c.happened_at >= since,
        table.c.outcome == Outcome.OPEN.value,
        table.c.won + table.c.lost > 0,
    )
    return _select(reading, condition)


def since(reading: db.Reading, device_id: int, instant: dt.datetime) -> list[Logged]:
    """Return the events of a device since an instant, in order."""
    return _select(reading, sa.and_(table.c.device_id == device_id, table.c.happened_at >= instant))


def by_event(reading: db.Reading, device_id: int, event_id: int) -> Logged | None:
    """Return the scan of a device that has this number."""
    condition = sa.and_(
        table.c.device_id == device_id, table.c.event_id == event_id, table.c.kind == EventKind.SCAN.value
    )
    return next(iter(_select(reading, condition)), None)


def is_undone(reading: db.Reading, device_id: int, seq: int) -> bool:
    """Whether a device has written down that it takes a scan back."""
    condition = sa.and_(
        table.c.device_id == device_id, table.c.refers == seq, table.c.kind == EventKind.UNDO.value
    )
    return bool(_select(reading, condition))


def of_vouchers(reading: db.Reading, voucher_ids: Iterable[str]) -> list[Logged]:
    """Return the events of vouchers that take part in the merge."""
    condition = sa.and_(bulk.any_of(table.c.voucher_id, "voucher_ids"), table.c.outcome == Outcome.OPEN.value)
    return _select(reading, condition, {"voucher_ids": sorted(set(voucher_ids))})


def troubled(
    reading: db.Reading, venue_id: int, *, before: int | None = None, limit: int = 50
) -> list[Logged]:
    """Return a venue's scans with which something is wrong, newest first, older than event `before`."""
    conditions = [
        table.c.venue_id == venue_id,
        sa.or_(table.c.reason.is_not(None), table.c.lost > 0),
    ]
    if before is not None:
        conditions.append(table.c.event_id < before)
    statement = _all(reading).where(*conditions).order_by(table.c.event_id.desc()).limit(min(limit, PAGE_MAX))
    return [_logged(row) for row in reading.connection.execute(statement)]


def forget_vouchers(work: db.Work, voucher_ids: Iterable[str]) -> None:
    """Cut the link from events to vouchers; of what was signed only its digest stays."""
    wanted = sorted(set(voucher_ids))
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, bulk.any_of(table.c.voucher_id, "voucher_ids"))
        .values(voucher_id=None, data=None),
        {"voucher_ids": wanted},
    )
    numbers = [bytes.fromhex(voucher_id) for voucher_id in wanted]
    of_city = oddities.c.city_id == work.city_id
    # There are few, and nobody knows what is in them.
    odd = work.connection.execute(sa.select(oddities.c.digest, oddities.c.data).where(of_city)).all()
    if telling := [row.digest for row in odd if any(number in row.data for number in numbers)]:
        work.connection.execute(
            sa.update(oddities).where(of_city, oddities.c.digest.in_(telling)).values(data=b"")
        )


def _all(reading: db.Reading) -> sa.Select[tuple[object, ...]]:
    columns = [table.c[name] for name in Logged.__dataclass_fields__]
    return sa.select(*columns).where(table.c.city_id == reading.city_id)


def _select(
    reading: db.Reading, condition: sa.ColumnElement[bool], asked: Mapping[str, object] | None = None
) -> list[Logged]:
    statement = _all(reading).where(condition).order_by(table.c.device_id, table.c.seq)
    with bulk.planned_anew(reading):
        return [_logged(row) for row in reading.connection.execute(statement, asked)]


def _logged(row: sa.Row[tuple[object, ...]]) -> Logged:
    values = dict(row._mapping)
    return Logged(
        **values
        | {
            "kind": EventKind(values["kind"]),
            "tier": Tier(values["tier"]),
            "outcome": Outcome(values["outcome"]),
            "reason": None if values["reason"] is None else Reason(values["reason"]),
        }
    )
