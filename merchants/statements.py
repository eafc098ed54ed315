"""The statement that a venue gets for a period, as a value and in its two written forms. Pure.

JSON is the form of record: sorted keys, no spaces, UTF-8, so equal figures give equal bytes. CSV is for
spreadsheets: quoted as in RFC 4180, but with a byte-order mark and semicolons, because that is what German
ones open without asking; all amounts are whole points and whole cents, so no decimal sign is needed.
"""

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kernel import money

FORMAT = "duiscoin-statement/1"
BYTE_ORDER_MARK = "\ufeff"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CSV_HEAD = ("statement", "venue", "first_day", "last_day", "entry", "product", "count", "points", "cents")


@dataclass(frozen=True, slots=True)
class ProductLine:
    """What was redeemed, or undone, of one product."""

    product: str
    """Code of the offer."""
    count: int
    points: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A period of a venue in figures; what follows from others is calculated."""

    number: str
    issued_on: dt.date
    city_id: int
    venue_id: int
    venue_name: str
    payee_name: str
    iban: str | None
    period: str
    first_day: dt.date
    last_day: dt.date
    previous_number: str | None
    after_sequence: int
    cut_sequence: int
    rate_cents_per_point: int
    opening_points: int
    """Carried over: below zero if more was undone than redeemed."""
    redemptions: tuple[ProductLine, ...]
    reversals: tuple[ProductLine, ...]

    @property
    def redeemed_points(self) -> int:
        """Points redeemed in all."""
        return sum(line.points for line in self.redemptions)

    @property
    def reversed_points(self) -> int:
        """Points given back to citizens in all."""
        return sum(line.points for line in self.reversals)

    @property
    def settled_points(self) -> int:
        """Points that the venue is paid for: never below zero."""
        return max(0, self._balance)

    @property
    def settled_cents(self) -> int:
        """What the venue is paid."""
        return money.points_to_cents(self.settled_points, self.rate_cents_per_point)

    @property
    def closing_points(self) -> int:
        """What the next statement opens with: below zero if the venue owes points, else zero."""
        return self._balance - self.settled_points

    @property
    def _balance(self) -> int:
        return self.opening_points + self.redeemed_points - self.reversed_points


def to_json(statement: Statement) -> str:
    """Return the canonical JSON of a statement."""
    document = {
        "format": FORMAT,
        "number": statement.number,
        "issued_on": statement.issued_on.isoformat(),
        "city_id": statement.city_id,
        "venue": {
            "venue_id": statement.venue_id,
            "name": statement.venue_name,
            "payee_name": statement.payee_name,
            "iban": statement.iban,
        },
        "period": {
            "kind": statement.period,
            "first_day": statement.first_day.isoformat(),
            "last_day": statement.last_day.isoformat(),
        },
        "previous_number": statement.previous_number,
        "ledger": {"after_sequence": statement.after_sequence, "cut_sequence": statement.cut_sequence},
        "rate_cents_per_point": statement.rate_cents_per_point,
        "opening_points": statement.opening_points,
        "redemptions": [_line_to_json(line) for line in statement.redemptions],
        "reversals": [_line_to_json(line) for line in statement.reversals],
        "redeemed_points": statement.redeemed_points,
        "reversed_points": statement.reversed_points,
        "settled_points": statement.settled_points,
        "settled_cents": statement.settled_cents,
        "closing_points": statement.closing_points,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def from_json(document: str) -> Statement:
    """Return the statement that `to_json` wrote. Raises ValueError for another format."""
    read = json.loads(document)
    if read["format"] != FORMAT:
        msg = f"not a {FORMAT}: {read['format']}"
        raise ValueError(msg)
    venue, period, ledger = read["venue"], read["period"], read["ledger"]
    return Statement(
        number=read["number"],
        issued_on=dt.date.fromisoformat(read["issued_on"]),
        city_id=read["city_id"],
        venue_id=venue["venue_id"],
        venue_name=venue["name"],
        payee_name=venue["payee_name"],
        iban=venue["iban"],
        period=period["kind"],
        first_day=dt.date.fromisoformat(period["first_day"]),
        last_day=dt.date.fromisoformat(period["last_day"]),
        previous_number=read["previous_number"],
        after_sequence=ledger["after_sequence"],
        cut_sequence=ledger["cut_sequence"],
        rate_cents_per_point=read["rate_cents_per_point"],
        opening_points=read["opening_points"],
        redemptions=tuple(ProductLine(**line) for line in read["redemptions"]),
        reversals=tuple(ProductLine(**line) for line in read["reversals"]),
    )


def to_csv(statement: Statement) -> str:
    """Return the statement for spreadsheets: a row for each entry, with points and cents as whole numbers.

    The rows from `opening` to `reversal` add up to `settled` plus `closing`.
    """
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow(_CSV_HEAD)
    head = (
        statement.number,
        _harmless(statement.venue_name),
        statement.first_day.isoformat(),
        statement.last_day.isoformat(),
    )
    for entry, product, count, points in _entries(statement):
        cents = money.points_to_cents(points, statement.rate_cents_per_point)
        writer.writerow((*head, entry, _harmless(product), count, points, cents))
    return BYTE_ORDER_MARK + written.getvalue()


def sha256(document: str) -> str:
    """Return the SHA-256 of a document in UTF-8, in hex."""
    return hashlib.sha256(document.encode()).hexdigest()


def _entries(statement: Statement) -> Iterator[tuple[str, str, int | str, int]]:
    yield "opening", "", "", statement.opening_points
    for line in statement.redemptions:
        yield "redemption", line.product, line.count, line.points
    for line in statement.reversals:
        yield "reversal", line.product, line.count, -line.points
    yield "settled", "", "", statement.settled_points
    yield "closing", "", "", statement.closing_points


def _line_to_json(line: ProductLine) -> dict[str, Any]:
    return {"product": line.product, "count": line.count, "points": line.points}


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text
