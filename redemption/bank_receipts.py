"""What came to the city's bank account for orders, or for nobody: each receipt with its cause."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import bulk, db
from kernel.errors import NotFound
from redemption.collecting_tables import imports, receipts
from redemption.receipt_matching import Cause, Decision

PAGE_MAX = 200


@dataclass(frozen=True, slots=True)
class BankReceipt:
    """One movement of money on the city's account, as far as it concerns orders."""

    entry_key: str
    cents: int
    booked_on: dt.date
    valued_on: dt.date
    payer_name: str
    payer_iban: str
    remittance: str
    cause: Cause
    payment_id: int | None
    matched_cents: int
    open_cents: int
    imported_at: dt.datetime
    closed_on: dt.date | None = None
    closed_by: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody has to see to it."""
        return self.open_cents != 0


@dataclass(frozen=True, slots=True)
class FileImport:
    """A file that was taken in."""

    sha256: str
    imported_at: dt.datetime
    imported_by: str
    entries: int
    added: int


_FIELDS = tuple(BankReceipt.__dataclass_fields__)


def get(reading: db.Reading, entry_key: str) -> BankReceipt:
    """Return a receipt. Raises NotFound `bank-receipt-not-found`."""
    for receipt in _select(reading, receipts.c.entry_key == entry_key):
        return receipt
    raise NotFound("bank-receipt-not-found")


def known(reading: db.Reading, keys: Iterable[str]) -> set[str]:
    """Return which of the entries are there already."""
    statement = sa.select(receipts.c.entry_key).where(
        receipts.c.city_id == reading.city_id, bulk.any_of(receipts.c.entry_key, "keys")
    )
    return set(reading.connection.execute(statement, {"keys": sorted(set(keys))}).scalars())


def add(work: db.Work, new: Collection[BankReceipt]) -> None:
    """Write receipts that are not there yet."""
    rows = [
        (work.city_id, *(value.value if isinstance(value, Cause) else value for value in _values(one)))
        for one in new
    ]
    if rows:
        bulk.insert_rows(work, receipts, ("city_id", *_FIELDS), rows)


def decide(work: db.Work, decision: Decision) -> None:
    """Change what a receipt is taken for."""
    _change(
        work,
        decision.key,
        cause=decision.cause.value,
        payment_id=decision.payment_id,
        matched_cents=decision.matched_cents,
        open_cents=decision.open_cents,
    )


def close(work: db.Work, entry_key: str, *, on: dt.date, by: str) -> None:
    """Note that the open rest of a receipt has gone back."""
    _change(work, entry_key, open_cents=0, closed_on=on, closed_by=by)


def every_open(reading: db.Reading) -> list[BankReceipt]:
    """Return what somebody has to see to, the oldest first."""
    return _select(reading, receipts.c.open_cents != 0)


def waiting_for(reading: db.Reading, payment_ids: Iterable[int]) -> list[BankReceipt]:
    """Return the receipts that were too little for these payments."""
    return _select(
        reading,
        sa.and_(
            receipts.c.payment_id.in_(sorted(set(payment_ids))),
            receipts.c.cause == Cause.UNDERPAID.value,
            receipts.c.open_cents > 0,
        ),
    )


def of_payments(reading: db.Reading, payment_ids: Iterable[int]) -> list[BankReceipt]:
    """Return all receipts for these payments, the oldest first."""
    return _select(reading, receipts.c.payment_id.in_(sorted(set(payment_ids))))


def newest(reading: db.Reading, limit: int = PAGE_MAX) -> list[BankReceipt]:
    """Return what was taken in last, newest first."""
    found = reading.connection.execute(
        sa.select(receipts)
        .where(receipts.c.city_id == reading.city_id)
        .order_by(receipts.c.imported_at.desc(), receipts.c.entry_key)
        .limit(limit)
    )
    return [_receipt(row) for row in found]


def open_cents(reading: db.Reading) -> int:
    """Return how much money nobody has claimed."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(receipts.c.open_cents), 0)).where(
        receipts.c.city_id == reading.city_id
    )
    return int(reading.connection.execute(statement).scalar_one())


def matched_cents(reading: db.Reading) -> int:
    """Return how much money was taken for orders."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(receipts.c.matched_cents), 0)).where(
        receipts.c.city_id == reading.city_id
    )
    return int(reading.connection.execute(statement).scalar_one())


def imported(reading: db.Reading, sha256: str) -> FileImport | None:
    """Return whether a file was taken in before."""
    found = reading.connection.execute(
        sa.select(imports).where(imports.c.city_id == reading.city_id, imports.c.sha256 == sha256)
    ).first()
    return None if found is None else _import(found)


def last_imports(reading: db.Reading, limit: int = 10) -> list[FileImport]:
    """Return the files that were taken in last, newest first."""
    found = reading.connection.execute(
        sa.select(imports)
        .where(imports.c.city_id == reading.city_id)
        .order_by(imports.c.imported_at.desc(), imports.c.sha256)
        .limit(limit)
    )
    return [_import(row) for row in found]


def note_import(work: db.Work, one: FileImport) -> None:
    """Write down that a file was taken in."""
    values = {name: getattr(one, name) for name in FileImport.__dataclass_fields__}
    work.connection.execute(sa.insert(imports).values(city_id=work.city_id, **values))


def forget(work: db.Work, payment_ids: list[int]) -> None:
    """Forget who paid and what they wrote, where nothing is open any more."""
    work.connection.execute(
        sa.update(receipts)
        .where(
            receipts.c.city_id == work.city_id,
            receipts.c.payment_id.in_(payment_ids),
            receipts.c.open_cents == 0,
        )
        .values(payer_name="", payer_iban="", remittance="")
    )


def _change(work: db.Work, entry_key: str, **values: object) -> None:
    work.connection.execute(
        sa.update(receipts)
        .where(receipts.c.city_id == work.city_id, receipts.c.entry_key == entry_key)
        .values(**values)
    )


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[BankReceipt]:
    found = reading.connection.execute(
        sa.select(receipts)
        .where(receipts.c.city_id == reading.city_id, condition)
        .order_by(receipts.c.booked_on, receipts.c.entry_key)
    )
    return [_receipt(row) for row in found]


def _receipt(row: sa.Row[Any]) -> BankReceipt:
    values = {name: row._mapping[name] for name in _FIELDS}
    return BankReceipt(**{**values, "cause": Cause(row.cause)})


def _import(row: sa.Row[Any]) -> FileImport:
    return FileImport(**{name: row._mapping[name] for name in FileImport.__dataclass_fields__})


def _values(receipt: BankReceipt) -> list[Any]:
    return [getattr(receipt, name) for name in _FIELDS]
