"""A receipt on paper: made from the frozen document alone, so the same bytes whenever it is asked for."""

import datetime as dt
from collections.abc import Iterator, Mapping
from gettext import NullTranslations
from typing import Any, Final

from api.voucher_papers import PAGE_WORD
from redemption.receipts import Receipt, ReceiptKind
from web import formats
from web.marking import N_
from web.papers.paper import Column, Paper
from web.papers.sheets import About, Letterhead

TITLES: Final[Mapping[ReceiptKind, str]] = {
    ReceiptKind.BOUGHT: N_("Receipt for a voucher"),
    ReceiptKind.REDEEMED: N_("Receipt for a redeemed voucher"),
    ReceiptKind.RETURNED: N_("Receipt for a voucher given back"),
    ReceiptKind.FINE: N_("Receipt for a paid fine"),
    ReceiptKind.FEE: N_("Receipt for a paid fee"),
    ReceiptKind.REFUND: N_("Receipt for a refund"),
}
_POINTS: Final[Mapping[ReceiptKind, str]] = {
    ReceiptKind.REDEEMED: N_("Points used"),
    ReceiptKind.RETURNED: N_("Points given back"),
    ReceiptKind.REFUND: N_("Points given back"),
}
PAID_BY: Final[Mapping[str, str]] = {
    "card": N_("by card"),
    "paypal": N_("by PayPal"),
    "direct-debit": N_("by direct debit"),
    "transfer": N_("by bank transfer"),
    "cash": N_("in cash"),
    "girocard": N_("by girocard"),
    "online": N_("online"),
}
_VAT_NOTES: Final[Mapping[str, str]] = {
    "discount": N_("This is a discount on the venue's price. No VAT is due on the discount itself."),
    "at-redemption": N_("Multi-purpose voucher: VAT is due when it is redeemed, not now."),
    "by-venue": N_("Multi-purpose voucher, redeemed: rate and VAT stand on the venue's own receipt."),
}


def make(receipt: Receipt, language: str, translation: NullTranslations) -> bytes:
    """Return a receipt as PDF in a language."""
    told = _Told(receipt.facts, receipt.kind, language, translation)
    city = told.facts["city"]
    title = told.say(TITLES[receipt.kind])
    about = About(
        title=f"{title} {receipt.shown_number}",
        language=language,
        made_at=receipt.issued_at,
        subject=formats.localized(told.facts["titles"], language),
        foot=f"{told.say(N_('Receipt'))} {receipt.shown_number}",
        page_word=told.say(PAGE_WORD),
    )
    paper = Paper(Letterhead.of(city["name"], city["colours"]), about)
    paper.heading(title, 1)
    paper.facts(told.head())
    paper.heading(told.say(N_("What it is about")))
    paper.facts(told.body())
    paper.heading(told.say(N_("Amounts")))
    paper.table(
        [Column(told.say(N_("Item")), 3), Column(told.say(N_("Amount")), amount=True)], list(told.amounts())
    )
    _tax(paper, told)
    if receipt.kind is ReceiptKind.BOUGHT and told.facts["paid_cents"]:
        paper.text(
            told.say(
                N_(
                    "The city takes the euros in the name and for the account of the venue where the voucher"
                    " is used, and passes them on to it."
                )
            )
        )
    paper.text(told.say(N_("This receipt was made by a machine and is valid without signature.")), muted=True)
    return paper.finish()


def name_of(receipt: Receipt) -> str:
    """Return the name of the file."""
    return f"duiscoin-receipt-{receipt.shown_number}.pdf"


class _Told:
    """A receipt's document in a reader's language."""

    def __init__(
        self, facts: Mapping[str, Any], kind: ReceiptKind, language: str, translation: NullTranslations
    ) -> None:
        self.facts, self.kind, self.language, self.translation = facts, kind, language, translation
        self.say = translation.gettext

    def euros(self, cents: int) -> str:
        return formats.euros(cents, self.language)

    def points(self, value: int) -> str:
        text = self.translation.ngettext("%(num)s point", "%(num)s points", value)
        return text % {"num": formats.number(value, self.language)}

    def instant(self, name: str) -> str:
        text, zone = self.facts[name], self.facts["city"]["timezone"]
        return formats.instant(dt.datetime.fromisoformat(text), self.language, zone) if text else ""

    def head(self) -> Iterator[tuple[str, str]]:
        yield self.say(N_("Receipt number")), self.facts["number"]
        yield self.say(N_("Issued on")), self.instant("issued_at")
        yield (
            self.say(N_("Issued by")),
            self.say(N_("City of %(city)s")) % {"city": self.facts["city"]["name"]},
        )

    def body(self) -> Iterator[tuple[str, str]]:
        facts = self.facts
        yield self.say(N_("What it is")), formats.localized(facts["titles"], self.language)
        yield self.say(N_("Reference")), facts["reference"]
        yield self.say(N_("Where")), "\n".join(facts["places"])
        yield self.say(N_("When")), self.instant("happened_at")
        if self.kind is ReceiptKind.BOUGHT and facts["valid_until"]:
            until = dt.datetime.fromisoformat(facts["valid_until"])
            yield self.say(N_("Valid until")), formats.until(until, self.language, facts["city"]["timezone"])

    def amounts(self) -> Iterator[tuple[str, str]]:
        facts = self.facts
        if facts["amount_cents"]:
            yield self.say(N_("Amount due")), self.euros(facts["amount_cents"])
        if facts["points"]:
            yield self.say(_POINTS.get(self.kind, N_("Paid with points"))), self.points(facts["points"])
        if facts["rate_cents_per_point"]:
            worth = facts["rate_cents_per_point"]
            yield self.say(N_("One point is worth")), self.euros(worth)
        if facts["paid_cents"]:
            back = self.kind in {ReceiptKind.RETURNED, ReceiptKind.REFUND}
            label = self.say(N_("Paid back in euros") if back else N_("Paid in euros"))
            by = self.say(PAID_BY[facts["paid_by"]]) if facts["paid_by"] else ""
            yield f"{label} ({by})" if by else label, self.euros(facts["paid_cents"])
        if self.kind in {ReceiptKind.FINE, ReceiptKind.FEE}:
            yield self.say(N_("Still to be paid")), self.euros(0)


def _tax(paper: Paper, told: _Told) -> None:
    say = told.say
    if told.facts["vat"]:
        paper.heading(say(N_("VAT contained")))
        columns = [
            Column(say(N_("Rate"))),
            *(Column(say(word), amount=True) for word in (N_("Net"), N_("VAT"), N_("Gross"))),
        ]
        rows = [
            (
                f"{line['rate_percent']} %",
                *(told.euros(line[f"{part}_cents"]) for part in ("net", "tax", "gross")),
            )
            for line in told.facts["vat"]
        ]
        paper.table(columns, rows)
    if told.facts["vat_note"]:
        paper.note(say(_VAT_NOTES[told.facts["vat_note"]]))
