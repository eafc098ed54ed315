"""The credit note for a statement: the city writes the venue's invoice (section 14 (2) of the act). Pure.

A statement says what is paid, tax included; a credit note must say net amounts and tax. Each rate's net
amount is rounded once and shared among its lines so that they add up; where no net amount gives the gross one
with its tax, the cent that is missing is the document's rounding amount. So what is payable is always what
the ledger owes.

Euros that guests paid are no price of the city's: a credit note only tells that they are passed on with it.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from kernel import money
from kernel.errors import Conflict
from merchants.billing import Profile
from merchants.statements import ProductLine, Statement
from merchants.tax_data import TaxData

SELF_BILLED = "389"
"""Type of the document in UNTDID 1001."""
STANDARD, EXEMPT = "S", "E"
SMALL_BUSINESS = "Kein Ausweis von Umsatzsteuer, da Kleinunternehmer gemäß § 19 UStG."
Describe = Callable[[str, ProductLine], str]
"""Says what a line is, from its sort and its figures."""


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One position."""

    text: str
    gross_cents: int
    """Below zero for what is taken back."""
    category: str
    rate_percent: int
    net_cents: int = 0


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """What is taxed at one rate."""

    category: str
    rate_percent: int
    net_cents: int
    tax_cents: int
    exemption_reason: str


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note as it is written in XML and on paper."""

    number: str
    statement_number: str
    issued_on: dt.date
    first_day: dt.date
    last_day: dt.date
    venue_id: int
    seller: TaxData
    buyer: Profile
    payee_name: str
    iban: str
    lines: tuple[NoteLine, ...]
    groups: tuple[TaxGroup, ...]
    payable_cents: int
    collected_cents: int = 0
    """Euros of guests that are transferred together with it: told, and in no sum."""

    @property
    def transfer_cents(self) -> int:
        """What reaches the venue's account."""
        return self.payable_cents + self.collected_cents

    @property
    def net_cents(self) -> int:
        """Sum of the lines."""
        return sum(line.net_cents for line in self.lines)

    @property
    def tax_cents(self) -> int:
        """Tax in all."""
        return sum(group.tax_cents for group in self.groups)

    @property
    def rounding_cents(self) -> int:
        """What payable and the sum of net and tax differ by: less than a cent for each rate."""
        return self.payable_cents - self.net_cents - self.tax_cents


def write(statement: Statement, seller: TaxData, buyer: Profile, describe: Describe) -> CreditNote:
    """Return the credit note for a statement. Raises Conflict `nothing-to-credit`."""
    if not statement.settled_cents:
        raise Conflict("nothing-to-credit", number=statement.number)
    rates = {tax.product: tax.rate_percent for tax in statement.taxes}
    lines = sorted(_lines(statement, seller, rates, describe), key=_taxed)
    shared: list[NoteLine] = []
    groups: list[TaxGroup] = []
    for (category, rate), alike in itertools.groupby(lines, key=_taxed):
        together = list(alike)
        nets = money.net_shares([line.gross_cents for line in together], rate)
        shared += [replace(line, net_cents=net) for line, net in zip(together, nets, strict=True)]
        reason = "" if category == STANDARD else _reason(seller)
        groups.append(TaxGroup(category, rate, sum(nets), money.tax_on_net(sum(nets), rate), reason))
    return CreditNote(
        number=f"GS-{statement.number}",
        statement_number=statement.number,
        issued_on=statement.issued_on,
        first_day=statement.first_day,
        last_day=statement.last_day,
        venue_id=statement.venue_id,
        seller=seller,
        buyer=buyer,
        payee_name=statement.payee_name,
        iban=statement.iban or "",
        lines=tuple(shared),
        groups=tuple(groups),
        payable_cents=statement.settled_cents,
        collected_cents=statement.collected.paid_cents,
    )


def _taxed(line: NoteLine) -> tuple[str, int]:
    return line.category, line.rate_percent


def _reason(seller: TaxData) -> str:
    return SMALL_BUSINESS if seller.is_small_business else seller.exemption_reason or "Steuerfrei (§ 4 UStG)."


def _lines(
    statement: Statement, seller: TaxData, rates: Mapping[str, int | None], describe: Describe
) -> Iterator[NoteLine]:
    for sort, line in _movements(statement):
        named = rates.get(line.product)
        rate = 0 if seller.is_small_business else seller.rate_percent if named is None else named
        gross = money.points_to_cents(line.points, statement.rate_cents_per_point)
        yield NoteLine(describe(sort, line), gross, STANDARD if rate else EXEMPT, rate)


def _movements(statement: Statement) -> Iterator[tuple[str, ProductLine]]:
    for carried in statement.opening:
        yield "opening", ProductLine(carried.product, 0, carried.points)
    unexplained = statement.opening_points - sum(one.points for one in statement.opening)
    if unexplained:
        yield "opening", ProductLine("", 0, unexplained)
    for sort in ("redemptions", "conflicts", "corrections"):
        for line in getattr(statement, sort):
            yield sort, line
    for line in statement.reversals:
        yield "reversals", replace(line, points=-line.points)
