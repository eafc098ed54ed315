"""Receipts: what somebody bought, redeemed, gave back or paid, numbered without gaps and frozen.

A receipt is data; `document` is canonical JSON and never changes. The paper (PDF) is made from it alone, so
it can be made again byte for byte.
"""

import datetime as dt
import enum
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import sqlalchemy as sa

from kernel import money
from kernel.cities import City, LocalizedText
from kernel.db import Reading
from kernel.errors import NotFound
from redemption.receipt_tables import receipts as table

PAGE_MAX: Final = 200
_SCHEMA: Final = 1


class ReceiptKind(enum.StrEnum):
    """What happened."""

    BOUGHT = "bought"
    REDEEMED = "redeemed"
    RETURNED = "returned"
    FINE = "fine"
    FEE = "fee"
    REFUND = "refund"


class PaidBy(enum.StrEnum):
    """How the euros were paid."""

    NOTHING = ""
    """No euros were due."""
    CARD = "card"
    PAYPAL = "paypal"
    DIRECT_DEBIT = "direct-debit"
    TRANSFER = "transfer"
    CASH = "cash"
    GIROCARD = "girocard"
    ONLINE = "online"


class VatNote(enum.StrEnum):
    """What is said about value added tax besides the lines."""

    NOTHING = ""
    DISCOUNT = "discount"
    """A reduction of the venue's price: no tax is due on it."""
    AT_REDEMPTION = "at-redemption"
    """Multi-purpose: tax is due when it is redeemed."""
    BY_VENUE = "by-venue"
    """Multi-purpose, redeemed: rate and tax are the venue's to show."""


@dataclass(frozen=True, slots=True)
class VatLine:
    """The tax contained in an amount."""

    rate_percent: int
    net_cents: int
    tax_cents: int
    gross_cents: int


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """What has to be said to issue a receipt."""

    kind: ReceiptKind
    owner: str
    subject: str
    """What it is for: the voucher's number (a slash and the use), the reference; one of a kind for each."""
    titles: LocalizedText
    happened_at: dt.datetime
    points: int = 0
    amount_cents: int = 0
    """Euros besides the points; for a fine or fee what the register receives."""
    paid_cents: int = 0
    """What the person paid in euros."""
    paid_by: PaidBy = PaidBy.NOTHING
    places: tuple[str, ...] = ()
    """Names of venues."""
    reference: str = ""
    voucher_id: str = ""
    valid_until: dt.datetime | None = None
    rate_cents_per_point: int | None = None
    vat: tuple[VatLine, ...] = ()
    vat_note: VatNote = VatNote.NOTHING


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was issued."""

    receipt_id: int
    year: int
    number: int
    kind: ReceiptKind
    owner: str
    subject: str
    issued_at: dt.datetime
    points: int
    amount_cents: int
    document: str
    """Canonical JSON of all that it says."""

    @property
    def shown_number(self) -> str:
        """The number as it is written: 2026-000123."""
        return shown_number(self.year, self.number)

    @property
    def facts(self) -> dict[str, Any]:
        """What it says, as plain values."""
        facts: dict[str, Any] = json.loads(self.document)
        return facts


_COLUMNS: Final = [table.c[name] for name in Receipt.__dataclass_fields__]


def shown_number(year: int, number: int) -> str:
    """Return a number as it is written."""
    return f"{year}-{number:06}"


def vat_in(gross_cents: int, rate_percent: int) -> VatLine:
    """Return the tax that an amount contains."""
    tax = money.tax_in(gross_cents, rate_percent)
    return VatLine(rate_percent, gross_cents - tax, tax, gross_cents)


def document(city: City, new: NewReceipt, number: str, issued_at: dt.datetime) -> str:
    """Return all that a receipt says as canonical JSON: sorted names, no blanks, instants in UTC."""
    said = {name: value for name, value in asdict(new).items() if name not in {"owner", "subject"}}
    issuer = {"name": city.name, "colours": city.colours, "timezone": city.timezone}
    whole = {**said, "schema": _SCHEMA, "number": number, "issued_at": issued_at, "city": issuer}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    raise TypeError(value)


def get(reading: Reading, receipt_id: int, owner: str) -> Receipt:
    """Return a receipt of its owner. Raises NotFound `receipt-not-found`."""
    for found in _select(reading, sa.and_(table.c.receipt_id == receipt_id, table.c.owner == owner), 1):
        return found
    raise NotFound("receipt-not-found")


def find(reading: Reading, kind: ReceiptKind, subject: str) -> Receipt | None:
    """Return the receipt of a kind for something, if it was issued and its person is there."""
    condition = sa.and_(table.c.kind == kind.value, table.c.subject == subject)
    found = _select(reading, condition, 1)
    return found[0] if found else None


def of_subject(reading: Reading, owner: str, subject: str) -> list[Receipt]:
    """Return an owner's receipts for something and each use of it, newest first."""
    whole = sa.or_(table.c.subject == subject, table.c.subject.startswith(f"{subject}/", autoescape=True))
    return _select(reading, sa.and_(table.c.owner == owner, whole), PAGE_MAX)


def page(reading: Reading, owner: str, *, before: int | None = None, limit: int = 50) -> list[Receipt]:
    """Return an owner's receipts, newest first, older than receipt `before`."""
    condition = table.c.owner == owner
    if before is not None:
        condition = sa.and_(condition, table.c.receipt_id < before)
    return _select(reading, condition, min(limit, PAGE_MAX))


def every(reading: Reading, owner: str) -> Iterator[Receipt]:
    """Return all receipts of an owner, newest first, a page at a time."""
    before = None
    while found := page(reading, owner, before=before, limit=PAGE_MAX):
        yield from found
        before = found[-1].receipt_id


def _select(reading: Reading, condition: sa.ColumnElement[bool], limit: int) -> list[Receipt]:
    rows = reading.connection.execute(
        sa.select(*_COLUMNS)
        .where(table.c.city_id == reading.city_id, table.c.document.is_not(None), condition)
        .order_by(table.c.receipt_id.desc())
        .limit(limit)
    )
    return [Receipt(**{**row._mapping, "kind": ReceiptKind(row.kind)}) for row in rows]
