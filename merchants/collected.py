"""What guests paid in euros for what a venue gave them: the venue's money, which the city passes on. Pure.

It is no price of the city's, so it is on no credit note; the tax in it is the venue's to pay, and stands on
the statement for its books (docs/adr/0021-euros-of-guests-are-passed-on.md).
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from kernel import money

SORTS: Final = ("redemptions", "conflicts", "reversals", "corrections")


@dataclass(frozen=True, slots=True)
class EuroLine:
    """What was paid in euros for a product on one way of scanning, or given back."""

    product: str
    """Code of the offer."""
    count: int
    cents: int
    tier: str = ""


@dataclass(frozen=True, slots=True)
class ProductRate:
    """The rate of tax in a product's price, as it was when the statement was made."""

    product: str
    rate_percent: int | None
    """None: neither offer nor venue had said it."""


@dataclass(frozen=True, slots=True)
class TaxPart:
    """The tax in what is taxed at one rate; None where no rate is known."""

    rate_percent: int | None
    gross_cents: int
    net_cents: int | None
    tax_cents: int | None


@dataclass(frozen=True, slots=True)
class Collected:
    """The euros of a period; what follows from others is calculated."""

    opening_cents: int = 0
    """Carried over: below zero if more went back than came."""
    redemptions: tuple[EuroLine, ...] = ()
    conflicts: tuple[EuroLine, ...] = ()
    """Used elsewhere before: paid to the venue all the same, and borne by the city."""
    reversals: tuple[EuroLine, ...] = ()
    corrections: tuple[EuroLine, ...] = ()
    opening: tuple[EuroLine, ...] = ()
    """`opening_cents` by product."""
    rates: tuple[ProductRate, ...] = ()

    @property
    def paid_cents(self) -> int:
        """What is passed on with this statement: never below zero."""
        return max(0, self._balance)

    @property
    def closing_cents(self) -> int:
        """What the next statement opens with: below zero if the venue owes euros, else zero."""
        return min(0, self._balance)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever paid in euros here."""
        return not (self.opening_cents or any(getattr(self, sort) for sort in SORTS))

    @property
    def by_product(self) -> dict[str, int]:
        """What each product adds to the balance, in order of product; together they are the balance."""
        found: Counter[str] = Counter()
        for line in (*self.opening, *self.redemptions, *self.conflicts, *self.corrections):
            found[line.product] += line.cents
        for line in self.reversals:
            found[line.product] -= line.cents
        unexplained = self._balance - found.total()
        if unexplained:
            found[""] += unexplained
        return dict(sorted(found.items()))

    @property
    def closing(self) -> tuple[EuroLine, ...]:
        """`closing_cents` by product."""
        if not self.closing_cents:
            return ()
        return tuple(EuroLine(product, 0, cents) for product, cents in self.by_product.items() if cents)

    @property
    def taxes(self) -> tuple[TaxPart, ...]:
        """The tax in what is passed on, by rate, the unknown one last; nothing if nothing is passed on."""
        if not self.paid_cents:
            return ()
        known = {one.product: one.rate_percent for one in self.rates}
        gross: Counter[int | None] = Counter()
        for product, cents in self.by_product.items():
            gross[known.get(product)] += cents
        return tuple(
            _tax_part(rate, gross[rate]) for rate in sorted(gross, key=lambda one: (one is None, one or 0))
        )

    @property
    def _balance(self) -> int:
        added = sum(line.cents for line in (*self.redemptions, *self.conflicts, *self.corrections))
        return self.opening_cents + added - sum(line.cents for line in self.reversals)


NOTHING: Final = Collected()


def _tax_part(rate: int | None, gross: int) -> TaxPart:
    if rate is None:
        return TaxPart(None, gross, None, None)
    net = money.net_of_gross(gross, rate)
    return TaxPart(rate, gross, net, gross - net)


def to_plain(collected: Collected) -> dict[str, Any]:
    """Return what a statement's JSON says of the euros."""
    lists = (*SORTS, "opening", "rates", "taxes")
    return {
        **{name: [dataclasses.asdict(one) for one in getattr(collected, name)] for name in lists},
        "opening_cents": collected.opening_cents,
        "paid_cents": collected.paid_cents,
        "closing_cents": collected.closing_cents,
    }


def from_plain(read: Mapping[str, Any]) -> Collected:
    """Return what `to_plain` wrote."""
    lists = {name: tuple(EuroLine(**one) for one in read[name]) for name in (*SORTS, "opening")}
    rates = tuple(ProductRate(**one) for one in read["rates"])
    return Collected(opening_cents=read["opening_cents"], rates=rates, **lists)


def entries(collected: Collected) -> Iterator[tuple[str, EuroLine]]:
    """Yield the rows of the CSV: those up to the corrections add up to what is passed on plus the closing."""
    if collected.is_empty:
        return
    yield "euros-opening", EuroLine("", 0, collected.opening_cents)
    for sort, entry in zip(SORTS, ("redemption", "conflict", "reversal", "correction"), strict=True):
        sign = -1 if sort == "reversals" else 1
        lines: Sequence[EuroLine] = getattr(collected, sort)
        yield from ((f"euros-{entry}", replace(line, cents=sign * line.cents)) for line in lines)
    yield "euros-passed-on", EuroLine("", 0, collected.paid_cents)
    yield "euros-closing", EuroLine("", 0, collected.closing_cents)
