"""The statement that a venue gets for a period, as a value and in its two written forms. Pure.

JSON is the form of record: sorted keys, no spaces, UTF-8, so equal figures give equal bytes. CSV is for
spreadsheets: quoted as in RFC 4180, but with a byte-order mark and semicolons, because that is what German
ones open without asking; all amounts are whole points and whole cents, so no decimal sign is needed.
"""

import csv
import dataclasses
import datetime as dt
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from kernel import money
from merchants import collected as euros
from merchants.collected import Collected

FORMAT = "duiscoin-statement/3"
POINTS_FORMAT = "duiscoin-statement/2"
"""Without euros that guests paid; such statements stay as they were written."""
FORMER_FORMAT = "duiscoin-statement/1"
"""Without tiers, conflicts, corrections and taxes, too."""
BYTE_ORDER_MARK = "\ufeff"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CSV_HEAD = (
    "statement", "venue", "first_day", "last_day", "entry", "product", "tier", "count", "points", "cents",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProductLine:
    """What was redeemed, or undone, of one product on one way."""

    product: str
    """Code of the offer."""
    count: int
    points: int
    tier: str = ""
    """How it was scanned (`merchants.takings.tier_of`); empty where nothing was scanned."""


@dataclass(frozen=True, slots=True)
class ProductTax:
    """How value added tax treats a product, as it was when the statement was made."""

    product: str
    kind: str
    """`discount`, `single-purpose` or `multi-purpose`; empty if no offer says so."""
    rate_percent: int | None
    """None: the venue's own rate holds (`merchants.tax_data`)."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Points of a product that an earlier statement left open: below zero, the venue owes them."""

    product: str
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
    conflicts: tuple[ProductLine, ...] = ()
    """Scanned in good faith though the voucher was used elsewhere: paid, and borne by the city."""
    corrections: tuple[ProductLine, ...] = ()
    """What was decided about contested lines of earlier statements; points may be below zero."""
    opening: tuple[Carried, ...] = ()
    """`opening_points` by product."""
    taxes: tuple[ProductTax, ...] = ()
    collected: Collected = euros.NOTHING
    """Euros that guests paid for what the venue gave them."""
    format: str = FORMAT

    @property
    def covers_euros(self) -> bool:
        """Whether it is of euros, too; the statements before the first such one left them all open."""
        return self.format == FORMAT

    @property
    def redeemed_points(self) -> int:
        """Points redeemed in all."""
        return _sum(self.redemptions)

    @property
    def reversed_points(self) -> int:
        """Points given back to citizens in all."""
        return _sum(self.reversals)

    @property
    def settled_points(self) -> int:
        """Points that the venue is paid for: never below zero."""
        return max(0, self._balance)

    @property
    def settled_cents(self) -> int:
        """What the city pays for the points."""
        return money.points_to_cents(self.settled_points, self.rate_cents_per_point)

    @property
    def payout_cents(self) -> int:
        """What is transferred: for the points, and the euros that are passed on."""
        return self.settled_cents + self.collected.paid_cents

    @property
    def closing_points(self) -> int:
        """What the next statement opens with: below zero if the venue owes points, else zero."""
        return self._balance - self.settled_points

    @property
    def points_by_product(self) -> dict[str, int]:
        """What each product adds to the balance, in order of product; together they are the balance."""
        found: Counter[str] = Counter()
        for carried in self.opening:
            found[carried.product] += carried.points
        for line in (*self.redemptions, *self.conflicts, *self.corrections):
            found[line.product] += line.points
        for line in self.reversals:
            found[line.product] -= line.points
        unexplained = self._balance - found.total()
        if unexplained:
            found[""] += unexplained
        return dict(sorted(found.items()))

    @property
    def closing(self) -> tuple[Carried, ...]:
        """`closing_points` by product."""
        if not self.closing_points:
            return ()
        return tuple(Carried(product, points) for product, points in self.points_by_product.items() if points)

    @property
    def _balance(self) -> int:
        added = self.redeemed_points + _sum(self.conflicts) + _sum(self.corrections)
        return self.opening_points + added - self.reversed_points


def to_json(statement: Statement) -> str:
    """Return the canonical JSON of a statement."""
    document = {
        "format": statement.format,
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
        **_movements_to_json(statement),
        "redeemed_points": statement.redeemed_points,
        "reversed_points": statement.reversed_points,
        "settled_points": statement.settled_points,
        "settled_cents": statement.settled_cents,
        "closing_points": statement.closing_points,
    }
    if statement.covers_euros:
        plain = euros.to_plain(statement.collected)
        document |= {"collected": plain, "payout_cents": statement.payout_cents}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _movements_to_json(statement: Statement) -> dict[str, Any]:
    if statement.format == FORMER_FORMAT:
        return {
            name: [
                {"product": line.product, "count": line.count, "points": line.points}
                for line in getattr(statement, name)
            ]
            for name in ("redemptions", "reversals")
        }
    lists = ("redemptions", "conflicts", "reversals", "corrections", "opening", "taxes")
    return {name: [dataclasses.asdict(line) for line in getattr(statement, name)] for name in lists}


def from_json(document: str) -> Statement:
    """Return the statement that `to_json` wrote. Raises ValueError for another format."""
    read = json.loads(document)
    if read["format"] not in {FORMAT, POINTS_FORMAT, FORMER_FORMAT}:
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
        conflicts=tuple(ProductLine(**line) for line in read.get("conflicts", ())),
        corrections=tuple(ProductLine(**line) for line in read.get("corrections", ())),
        opening=tuple(Carried(**one) for one in read.get("opening", ())),
        taxes=tuple(ProductTax(**one) for one in read.get("taxes", ())),
        collected=euros.from_plain(read["collected"]) if "collected" in read else euros.NOTHING,
        format=read["format"],
    )


def to_csv(statement: Statement) -> str:
    """Return the statement for spreadsheets: a row for each entry, with points and cents as whole numbers.

    The rows from `opening` to `correction` add up to `settled` plus `closing`, those of euros likewise, and
    `payout` is what is settled and passed on.
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
    for entry, line in _entries(statement):
        cents = money.points_to_cents(line.points, statement.rate_cents_per_point)
        named = (_harmless(line.product), line.tier, line.count or "")
        writer.writerow((*head, entry, *named, line.points, cents))
    for entry, paid in euros.entries(statement.collected):
        named = (_harmless(paid.product), paid.tier, paid.count or "")
        writer.writerow((*head, entry, *named, "", paid.cents))
    if not statement.collected.is_empty:
        writer.writerow((*head, "payout", "", "", "", "", statement.payout_cents))
    return BYTE_ORDER_MARK + written.getvalue()


def sha256(document: str) -> str:
    """Return the SHA-256 of a document in UTF-8, in hex."""
    return hashlib.sha256(document.encode()).hexdigest()


def _entries(statement: Statement) -> Iterator[tuple[str, ProductLine]]:
    yield "opening", ProductLine("", 0, statement.opening_points)
    for line in statement.redemptions:
        yield "redemption", line
    for line in statement.conflicts:
        yield "conflict", line
    for line in statement.reversals:
        yield "reversal", replace(line, points=-line.points)
    for line in statement.corrections:
        yield "correction", line
    yield "settled", ProductLine("", 0, statement.settled_points)
    yield "closing", ProductLine("", 0, statement.closing_points)


def _sum(lines: Iterable[ProductLine]) -> int:
    return sum(line.points for line in lines)


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text
