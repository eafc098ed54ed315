"""Matching bank statements with payouts: what was paid is confirmed, what came back is open again.

The same file again, or another one that holds some of the same entries, changes nothing a second time.
Money that came in from others is not kept here: that is somebody else's matter.
"""

import datetime as dt
import enum
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, NotFound
from merchants import bank_statements, billing, paying, payout_orders, payout_runs
from merchants.bank_statements import BankEntry
from merchants.payout_orders import Order, OrderState
from merchants.payout_runs import Run, RunState
from merchants.payout_tables import bank_entries, bank_files


class Outcome(enum.StrEnum):
    """What became of an entry of a bank statement."""

    CONFIRMED = "confirmed"
    RETURNED = "returned"
    DIFFERS = "differs"
    """Names a payout of ours with another amount."""
    UNEXPECTED = "unexpected"
    """Names a payout of ours that was not released, was cancelled or came back already."""
    UNKNOWN = "unknown"
    """Names no payout of ours."""


TO_DO = (Outcome.DIFFERS, Outcome.UNEXPECTED, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class BankFile:
    """A file that was taken in."""

    file_id: int
    sha256: str
    statement_ids: str
    uploaded_by: str
    uploaded_at: dt.datetime
    entry_count: int
    incoming_count: int


@dataclass(frozen=True, slots=True)
class Matched:
    """An entry of a bank statement and what became of it."""

    entry_key: str
    file_id: int
    booked_on: dt.date
    cents: int
    end_to_end_id: str
    bank_reference: str
    outcome: Outcome
    run_id: int | None
    position: int | None
    cleared_by: str | None
    cleared_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Import:
    """What taking a file in did."""

    file: BankFile
    counts: dict[str, int]
    """How many entries had which outcome."""
    known_before: int
    """Entries that an earlier file held already."""


def take_in(work: db.Work, content: bytes, *, by: str) -> Import:
    """Match a camt.053 file with the payouts; the same file again gives what was done the first time.

    Raises what `bank_statements.read` raises; Conflict `billing-profile-missing`, `bank-file-other-account`.
    """
    digest = hashlib.sha256(content).hexdigest()
    for known in _files(work, bank_files.c.sha256 == digest):
        return Import(known, _counted(entries_of(work, known.file_id)), 0)
    statements = bank_statements.read(content)
    own = billing.get(work).iban
    for statement in statements:
        if statement.iban != own:
            raise Conflict("bank-file-other-account", iban=statement.iban)
    entries = [entry for statement in statements for entry in statement.entries]
    concerning = _concerning(work, entries)
    fresh = _fresh(work, concerning)
    file = BankFile(
        work.ids.next(),
        digest,
        ", ".join(one.statement_id for one in statements)[:200],
        by,
        work.now,
        len(entries),
        len(entries) - len(concerning),
    )
    values = {name: getattr(file, name) for name in BankFile.__dataclass_fields__}
    work.connection.execute(sa.insert(bank_files).values(city_id=work.city_id, **values))
    # What left the account comes first: an order can be paid and come back within one file.
    ordered = sorted(fresh, key=lambda entry: (entry.booked_on, entry.is_credit))
    matched = [_match(work, file.file_id, entry, by) for entry in ordered]
    if matched:
        names = Matched.__dataclass_fields__
        work.connection.execute(
            sa.insert(bank_entries),
            [
                {"city_id": work.city_id, **{name: getattr(one, name) for name in names}}
                | {"outcome": one.outcome.value}
                for one in matched
            ],
        )
    return Import(file, _counted(matched), len(concerning) - len(fresh))


def clear(work: db.Work, entry_key: str, *, by: str) -> None:
    """Take an entry off the list of what is to be looked at. Raises NotFound `bank-entry-not-found`."""
    changed = work.connection.execute(
        sa.update(bank_entries)
        .where(bank_entries.c.city_id == work.city_id, bank_entries.c.entry_key == entry_key)
        .values(cleared_by=by, cleared_at=work.now)
    )
    if not changed.rowcount:
        raise NotFound("bank-entry-not-found")


def to_look_at(reading: db.Reading) -> list[Matched]:
    """Return the entries that matched no payout as it should be, and that nobody cleared, oldest first."""
    wanted = sa.and_(
        bank_entries.c.outcome.in_([one.value for one in TO_DO]), bank_entries.c.cleared_at.is_(None)
    )
    return _entries(reading, wanted)


def entries_of(reading: db.Reading, file_id: int) -> list[Matched]:
    """Return what was kept of a file, oldest first."""
    return _entries(reading, bank_entries.c.file_id == file_id)


def files(reading: db.Reading, limit: int = 20) -> list[BankFile]:
    """Return the files that were taken in, newest first."""
    return _files(reading, sa.true(), limit)


def get_file(reading: db.Reading, file_id: int) -> BankFile:
    """Return a file that was taken in. Raises NotFound `bank-file-not-found`."""
    for found in _files(reading, bank_files.c.file_id == file_id):
        return found
    raise NotFound("bank-file-not-found")


def _concerning(work: db.Work, entries: Sequence[BankEntry]) -> list[BankEntry]:
    """Return what left the account, and what came in for a payout of ours."""
    orders = payout_orders.by_end_to_end_id(work, [one.end_to_end_id for one in entries])
    return [one for one in entries if not one.is_credit or one.end_to_end_id in orders]


def _fresh(work: db.Work, entries: Sequence[BankEntry]) -> list[BankEntry]:
    keys = sorted({one.key for one in entries})
    known = set(
        work.connection.execute(
            sa.select(bank_entries.c.entry_key).where(
                bank_entries.c.city_id == work.city_id, bank_entries.c.entry_key.in_(keys)
            )
        ).scalars()
    )
    return [one for one in entries if one.key not in known]


def _match(work: db.Work, file_id: int, entry: BankEntry, by: str) -> Matched:
    order = payout_orders.by_end_to_end_id(work, [entry.end_to_end_id]).get(entry.end_to_end_id)
    run = None if order else payout_runs.by_number(work, [entry.batch_id]).get(entry.batch_id[:-2])
    if order:
        outcome = _match_order(work, entry, order, by)
    elif run:
        outcome = _match_run(work, entry, run, by)
    else:
        outcome = Outcome.UNKNOWN
    run_id = order.run_id if order else run.run_id if run else None
    return Matched(
        entry.key,
        file_id,
        entry.booked_on,
        entry.cents if entry.is_credit else -entry.cents,
        entry.end_to_end_id[:35],
        entry.bank_reference[:40],
        outcome,
        run_id,
        order.position if order else None,
        None,
        None,
    )


def _match_order(work: db.Work, entry: BankEntry, order: Order, by: str) -> Outcome:
    if entry.cents != order.cents:
        return Outcome.DIFFERS
    if entry.is_credit:
        if order.state not in {OrderState.SENT, OrderState.PAID}:
            return Outcome.UNEXPECTED
        paying.give_back(work, order, on=entry.booked_on, reason=entry.return_reason)
        return Outcome.RETURNED
    if order.state is OrderState.SENT:
        paying.settle_order(work, order, paid_on=entry.booked_on, by=by)
    return Outcome.CONFIRMED if order.state in {OrderState.SENT, OrderState.PAID} else Outcome.UNEXPECTED


def _match_run(work: db.Work, entry: BankEntry, run: Run, by: str) -> Outcome:
    """Match a file that the bank booked in one sum."""
    if entry.is_credit or run.state is not RunState.RELEASED:
        return Outcome.UNEXPECTED
    if entry.cents != run.total_cents:
        return Outcome.DIFFERS
    for order in payout_orders.of_run(work, run.run_id):
        if order.state is OrderState.SENT:
            paying.settle_order(work, order, paid_on=entry.booked_on, by=by)
    return Outcome.CONFIRMED


def _counted(found: Sequence[Matched]) -> dict[str, int]:
    return dict(sorted(Counter(one.outcome.value for one in found).items()))


def _entries(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Matched]:
    columns = [bank_entries.c[name] for name in Matched.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(bank_entries.c.city_id == reading.city_id, condition)
        .order_by(bank_entries.c.booked_on, bank_entries.c.entry_key)
    )
    return [Matched(**{**row._mapping, "outcome": Outcome(row.outcome)}) for row in rows]


def _files(
    reading: db.Reading, condition: sa.ColumnElement[bool], limit: int | None = None
) -> list[BankFile]:
    columns = [bank_files.c[name] for name in BankFile.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(bank_files.c.city_id == reading.city_id, condition)
        .order_by(bank_files.c.file_id.desc())
        .limit(limit)
    )
    return [BankFile(**row._mapping) for row in rows]
