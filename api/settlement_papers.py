"""Statements and credit notes on paper: a statement in the reader's language, a credit note in German."""

import functools
from collections.abc import Callable, Iterator, Mapping
from gettext import NullTranslations
from importlib import resources
from typing import Final

from api.letters import Reader
from kernel.cities import City, LocalizedText
from kernel.db import Reading
from merchants import collected as euros
from merchants import invoice_xml
from merchants.collected import EuroLine, TaxPart
from merchants.credit_notes import CreditNote, Describe
from merchants.invoice_xml import Guideline
from merchants.settlements import Settlement
from merchants.statements import ProductLine, Statement
from redemption import offers
from web import catalogues, formats
from web.marking import N_
from web.papers.paper import Column, Paper
from web.papers.sheets import About, Letterhead

Titles = Mapping[str, LocalizedText]
_SPAN: Final = "%s \N{EN DASH} %s"
_PAGE_WORD: Final = N_("Page %(page)s of %(pages)s")
SORTS: Final[Mapping[str, str]] = {
    "opening": N_("Carried over"),
    "redemptions": N_("Redeemed"),
    "conflicts": N_("Redeemed twice, paid by the city"),
    "reversals": N_("Undone"),
    "corrections": N_("Correction"),
}
TIERS: Final[Mapping[str, str]] = {
    "": "",
    "online": N_("online"),
    "leased": N_("offline, on one device"),
    "hub": N_("offline, at the venue's hub"),
    "presented": N_("with the venue's code"),
    "capped": N_("offline, up to the limit"),
}
"""On which way something was scanned."""


def titles(reading: Reading) -> Titles:
    """Return the titles of all offers by code."""
    return {one.code: one.titles for one in offers.every(reading)}


def describer(known: Titles) -> Describe:
    """Return what says in German what a line of a credit note is."""
    translation = _german()

    def describe(sort: str, line: ProductLine) -> str:
        name = _title(known, line.product, "de")
        what = f"{name} ({translation.gettext(SORTS[sort])})" if name else translation.gettext(SORTS[sort])
        tier = translation.gettext(TIERS[line.tier]) if TIERS.get(line.tier) else ""
        points = translation.ngettext("%(num)s point", "%(num)s points", line.points) % {
            "num": formats.number(line.points, "de")
        }
        count = translation.ngettext("%(num)s time", "%(num)s times", line.count) % {
            "num": formats.number(line.count, "de")
        }
        return ", ".join(part for part in (what, tier, count if line.count else "", points) if part)

    return describe


def statement(settlement: Settlement, figures: Statement, known: Titles, reader: Reader) -> bytes:
    """Return a statement as PDF, the same for the same statement and language."""
    say = reader.say
    paper = _paper(settlement, say(N_("Statement %(number)s")) % {"number": settlement.number}, reader)
    with_euros = not figures.collected.is_empty
    about = N_("Statement for points that your guests paid with")
    about = N_("Statement for points and euros that your guests paid with") if with_euros else about
    paper.text(say(about), muted=True)
    paper.heading(say(N_("Statement %(number)s")) % {"number": settlement.number}, 1)
    first, last = (formats.day(day, reader.language) for day in (figures.first_day, figures.last_day))
    paper.facts(
        [
            (say(N_("Venue")), figures.venue_name),
            (say(N_("Period")), _SPAN % (first, last)),
            (say(N_("Issued on")), formats.day(figures.issued_on, reader.language)),
            (say(N_("Rate for a point")), reader.euros(figures.rate_cents_per_point)),
            (say(N_("Previous statement")), figures.previous_number or ""),
            (say(N_("Payee")), figures.payee_name),
            ("IBAN", figures.iban or say(N_("not known yet"))),
        ]
    )
    _points(paper, figures, known, reader)
    if with_euros:
        _euros(paper, figures, known, reader)
    paper.text(say(N_("A line that is not right can be contested on the page of this statement.")))
    paper.text(
        say(N_("Made from the ledger up to booking %(sequence)s. Fingerprint: %(digest)s"))
        % {"sequence": formats.number(figures.cut_sequence, reader.language), "digest": settlement.sha256},
        muted=True,
        size=8,
    )
    return paper.finish()


def _points(paper: Paper, figures: Statement, known: Titles, reader: Reader) -> None:
    say = reader.say
    paper.heading(say(N_("What was redeemed")))
    columns = [
        Column(say(N_("Entry")), 4),
        Column(say(N_("How many")), 1, amount=True),
        Column(say(N_("Points")), 1.4, amount=True),
        Column(say(N_("Amount")), 1.6, amount=True),
    ]
    total = ("", formats.number(figures.settled_points, reader.language), reader.euros(figures.settled_cents))
    label = N_("To be paid") if figures.collected.is_empty else N_("For points")
    paper.table(columns, _rows(figures, known, reader), [(say(label), *total)])
    if figures.closing_points:
        paper.note(
            say(N_("%(points)s are taken off the next statement: more was undone than redeemed."))
            % {"points": reader.points(-figures.closing_points)}
        )


def _euros(paper: Paper, figures: Statement, known: Titles, reader: Reader) -> None:
    """Write what guests paid in euros, the tax in it, and what is transferred together."""
    say, collected = reader.say, figures.collected
    paper.heading(say(N_("What your guests paid in euros")))
    columns = [
        Column(say(N_("Entry")), 5),
        Column(say(N_("How many")), 1, amount=True),
        Column(say(N_("Amount")), 1.6, amount=True),
    ]
    total = (say(N_("Passed on to you")), "", reader.euros(collected.paid_cents))
    paper.table(columns, list(_euro_rows(figures, known, reader)), [total])
    if collected.closing_cents:
        paper.note(
            say(N_("%(amount)s are taken off the euros of the next statement: more went back than came."))
            % {"amount": reader.euros(-collected.closing_cents)}
        )
    if collected.taxes:
        paper.heading(say(N_("VAT contained")), 3)
        words = (N_("Net"), N_("VAT"), N_("Gross"))
        paper.table(
            [Column(say(N_("Rate"))), *(Column(say(word), amount=True) for word in words)],
            [_tax_row(one, reader) for one in collected.taxes],
        )
    paper.text(
        say(
            N_(
                "The city took these euros in your name and passes them on in full. They are your revenue,"
                " and the VAT in them is yours to pay. They are not part of the credit note."
            )
        )
    )
    paper.heading(say(N_("What is transferred")))
    paper.table(
        [Column(say(N_("Entry")), 5), Column(say(N_("Amount")), 1.6, amount=True)],
        [
            (say(N_("For points")), reader.euros(figures.settled_cents)),
            (say(N_("Euros of your guests")), reader.euros(collected.paid_cents)),
        ],
        [(say(N_("To be paid")), reader.euros(figures.payout_cents))],
    )


def _euro_rows(figures: Statement, known: Titles, reader: Reader) -> Iterator[tuple[str, str, str]]:
    found = figures.collected
    if found.opening_cents:
        yield reader.say(SORTS["opening"]), "", reader.euros(found.opening_cents)
    for sort in euros.SORTS:
        sign = -1 if sort == "reversals" else 1
        lines: tuple[EuroLine, ...] = getattr(found, sort)
        for line in lines:
            parts = (
                _title(known, line.product, reader.language),
                reader.say(SORTS[sort]),
                _tier(line.tier, reader.say),
            )
            count = formats.number(line.count, reader.language) if line.count else ""
            yield ", ".join(part for part in parts if part), count, reader.euros(sign * line.cents)


def _tax_row(part: TaxPart, reader: Reader) -> tuple[str, str, str, str]:
    if part.rate_percent is None:
        return reader.say(N_("not known yet")), "–", "–", reader.euros(part.gross_cents)  # noqa: RUF001 -- a dash
    amounts = (part.net_cents or 0, part.tax_cents or 0, part.gross_cents)
    net, tax, gross = (reader.euros(cents) for cents in amounts)
    return f"{part.rate_percent} %", net, tax, gross


def credit_note(settlement: Settlement, note: CreditNote, city: City) -> bytes:
    """Return a credit note as Factur-X: a PDF/A-3 that carries its own XML, the same bytes each time."""
    reader = Reader("de", _german(), city)
    say = reader.say
    title = say(N_("Credit note %(number)s")) % {"number": note.number}
    paper = _paper(settlement, title, reader, metadata=_metadata())
    paper.text(say(N_("Credit note according to section 14 (2) of the VAT act")), muted=True)
    paper.heading(title, 1)
    seller, buyer = note.seller, note.buyer
    first, last = (formats.day(day, "de") for day in (note.first_day, note.last_day))
    paper.facts(
        [
            (
                say(N_("Supplier")),
                f"{seller.registered_name}, {seller.street}, {seller.postcode} {seller.town}",
            ),
            (say(N_("VAT identification number")), seller.vat_id),
            (say(N_("Tax number")), seller.tax_number),
            (say(N_("Recipient")), f"{buyer.name}, {buyer.street}, {buyer.postcode} {buyer.town}"),
            (say(N_("Leitweg-ID")), buyer.buyer_reference),
            (say(N_("Issued on")), formats.day(note.issued_on, "de")),
            (say(N_("Time of supply")), _SPAN % (first, last)),
            (say(N_("Settlement")), note.statement_number),
        ]
    )
    columns = [
        Column(say(N_("Entry")), 5),
        Column(say(N_("VAT")), 1.4, amount=True),
        Column(say(N_("Net")), 1.6, amount=True),
    ]
    rows = [(line.text, f"{line.rate_percent} %", reader.euros(line.net_cents)) for line in note.lines]
    totals = [(say(N_("Net amount")), "", reader.euros(note.net_cents))]
    totals += [
        (
            say(N_("VAT on %(net)s")) % {"net": reader.euros(group.net_cents)},
            f"{group.rate_percent} %",
            reader.euros(group.tax_cents),
        )
        for group in note.groups
    ]
    if note.rounding_cents:
        totals.append((say(N_("Rounding")), "", reader.euros(note.rounding_cents)))
    totals.append((say(N_("To be paid")), "", reader.euros(note.payable_cents)))
    paper.table(columns, rows, totals)
    for group in note.groups:
        if group.exemption_reason:
            paper.text(group.exemption_reason)
    if note.collected_cents:
        paper.note(invoice_xml.passed_on(note))
    paper.facts([(say(N_("Payee")), note.payee_name), ("IBAN", note.iban)])
    content = invoice_xml.write(note, Guideline.FACTUR_X)
    paper.attach("factur-x.xml", content, "text/xml", "Factur-X", "Alternative")
    return paper.finish()


def _paper(settlement: Settlement, title: str, reader: Reader, metadata: str = "") -> Paper:
    about = About(
        title=title,
        language=reader.language,
        made_at=settlement.issued_at,
        foot=title,
        page_word=reader.say(_PAGE_WORD),
        archival=True,
        metadata=metadata,
    )
    return Paper(Letterhead.of(reader.city.name, reader.city.colours), about)


def _rows(figures: Statement, known: Titles, reader: Reader) -> list[tuple[str, str, str, str]]:
    found: list[tuple[str, ProductLine, int]] = []
    if figures.opening_points:
        found.append(("opening", ProductLine("", 0, figures.opening_points), 1))
    for sort, sign in (("redemptions", 1), ("conflicts", 1), ("reversals", -1), ("corrections", 1)):
        found += [(sort, line, sign) for line in getattr(figures, sort)]
    return [_row(sort, line, sign * line.points, figures, known, reader) for sort, line, sign in found]


def _row(
    sort: str, line: ProductLine, points: int, figures: Statement, known: Titles, reader: Reader
) -> tuple[str, str, str, str]:
    parts = (
        _title(known, line.product, reader.language),
        reader.say(SORTS[sort]),
        _tier(line.tier, reader.say),
    )
    return (
        ", ".join(part for part in parts if part),
        formats.number(line.count, reader.language) if line.count else "",
        formats.number(points, reader.language),
        reader.euros(points * figures.rate_cents_per_point),
    )


def _tier(tier: str, say: Callable[[str], str]) -> str:
    return say(TIERS[tier]) if TIERS.get(tier) else tier


def _title(known: Titles, product: str, language: str) -> str:
    return formats.localized(known[product], language) if product in known else product


@functools.cache
def _german() -> NullTranslations:
    return catalogues.load()["de"]


@functools.cache
def _metadata() -> str:
    """Return what makes a PDF with XML a Factur-X, in the words of its own extension schema."""
    whole = (resources.files("facturx") / "xmp" / "Factur-X_extension_schema.xmp").read_text(encoding="utf-8")
    inner = whole.partition("<rdf:RDF")[2].partition(">")[2].rpartition("</rdf:RDF>")[0]
    return inner.replace("<fx:ConformanceLevel>BASIC<", "<fx:ConformanceLevel>EN 16931<")
