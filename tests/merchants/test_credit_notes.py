"""Credit notes as e-invoices: sums equal the ledger, the schema and the business rules hold, mutations are refused."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Conflict, Invalid
from merchants import credit_notes, invoice_rules, invoice_xml, tax_data
from merchants.billing import Profile
from merchants.invoice_xml import Guideline
from merchants.statements import Carried, ProductLine, ProductTax, Statement
from merchants.tax_data import TaxData
from tests.merchants.bank_files import ACCOUNT
from tests.merchants.treasury import PROFILE, TAXES

STATEMENT = Statement(
    number="2026-0007",
    issued_on=dt.date(2026, 6, 2),
    city_id=1,
    venue_id=3,
    venue_name="Rheinbad",
    payee_name="Rheinbad Betriebs-GmbH",
    iban=ACCOUNT,
    period="month",
    first_day=dt.date(2026, 5, 1),
    last_day=dt.date(2026, 5, 31),
    previous_number=None,
    after_sequence=10,
    cut_sequence=99,
    rate_cents_per_point=1,
    opening_points=0,
    redemptions=(ProductLine("swim", 12, 4201, "online"), ProductLine("cake", 3, 997, "leased")),
    reversals=(ProductLine("swim", 1, 350, "online"),),
    taxes=(ProductTax("swim", "single-purpose", 7), ProductTax("cake", "discount", None)),
)


def describe(sort: str, line: ProductLine) -> str:
    """Say what a line is."""
    return f"{sort} {line.product} ({line.count})"


def xml(
    guideline: Guideline = Guideline.XRECHNUNG,
    statement: Statement = STATEMENT,
    seller: TaxData = TAXES,
    buyer: Profile = PROFILE,
) -> bytes:
    """Return the XML of a credit note."""
    return invoice_xml.write(credit_notes.write(statement, seller, buyer, describe), guideline)


def faults(content: bytes, statement: Statement = STATEMENT) -> list[str]:
    """Return the rules that are broken."""
    return invoice_rules.faults(content, payable_cents=statement.settled_cents)


@pytest.mark.parametrize("guideline", list(Guideline))
@pytest.mark.parametrize(
    "seller",
    [
        TAXES,
        replace(TAXES, vat_id="", tax_number="107/5812/1231"),
        replace(TAXES, is_small_business=True),
        replace(TAXES, rate_percent=0, exemption_reason="Steuerfrei nach § 4 Nr. 20 UStG."),
    ],
    ids=["vat-id", "tax-number", "small-business", "exempt"],
)
def test_documents_hold_schema_and_rules(guideline: Guideline, seller: TaxData) -> None:
    """In both guidelines, for each sort of venue: nothing is broken, and the same note gives the same bytes."""
    content = xml(guideline, seller=seller)

    assert faults(content) == []
    assert content == xml(guideline, seller=seller)
    assert (b"19 UStG" in content) == seller.is_small_business
    invoice_rules.check(content, payable_cents=STATEMENT.settled_cents)


def test_amounts_are_split_by_rate() -> None:
    """Net and tax follow from what is paid; the offer's rate goes before the venue's, a small business has none."""
    note = credit_notes.write(STATEMENT, TAXES, PROFILE, describe)
    small = credit_notes.write(STATEMENT, replace(TAXES, is_small_business=True), PROFILE, describe)

    assert [(one.category, one.rate_percent, one.net_cents, one.tax_cents) for one in note.groups] == [
        ("S", 7, 3599, 252),
        ("S", 19, 838, 159),
    ]
    assert [(one.category, one.rate_percent, one.net_cents, one.tax_cents) for one in small.groups] == [
        ("E", 0, 4848, 0)
    ]
    assert (note.payable_cents, note.net_cents, note.tax_cents, note.rounding_cents) == (4848, 4437, 411, 0)
    assert [line.text for line in note.lines] == [
        "redemptions swim (12)",
        "reversals swim (1)",
        "redemptions cake (3)",
    ]


def test_an_unreachable_amount_is_rounded_in_the_open() -> None:
    """Where no net amount gives the gross one, the cent is the document's rounding amount."""
    statement = replace(STATEMENT, redemptions=(ProductLine("cake", 1, 3, "online"),), reversals=())
    note = credit_notes.write(statement, TAXES, PROFILE, describe)

    assert (note.net_cents, note.tax_cents, note.rounding_cents, note.payable_cents) == (3, 1, -1, 3)
    assert b"<ram:RoundingAmount>-0.01</ram:RoundingAmount>" in xml(statement=statement)
    assert faults(xml(statement=statement), statement) == []


LINES = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 10**7)), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    LINES,
    LINES,
    st.integers(1, 500),
    st.integers(-(10**6), 0),
    st.sampled_from([0, 7, 19]),
    st.booleans(),
)
def test_document_sums_are_the_ledgers(
    redeemed: list[tuple[str, int]],
    undone: list[tuple[str, int]],
    rate: int,
    opening: int,
    own: int,
    small: bool,
) -> None:
    """Whatever was redeemed, undone and carried over at whatever rates: what is payable is what the ledger owes."""
    statement = replace(
        STATEMENT,
        redemptions=tuple(ProductLine(product, 1, points, "online") for product, points in redeemed),
        reversals=tuple(ProductLine(product, 1, points, "online") for product, points in undone),
        opening_points=opening,
        opening=(Carried("a", opening),) if opening else (),
        rate_cents_per_point=rate,
        taxes=(ProductTax("a", "", 19), ProductTax("b", "", 7), ProductTax("c", "", 0)),
    )
    seller = replace(TAXES, rate_percent=own, exemption_reason="frei", is_small_business=small)
    if not statement.settled_cents:
        with pytest.raises(Conflict, match="nothing-to-credit"):
            credit_notes.write(statement, seller, PROFILE, describe)
        return
    note = credit_notes.write(statement, seller, PROFILE, describe)

    assert sum(line.gross_cents for line in note.lines) == statement.settled_cents == note.payable_cents
    assert abs(note.rounding_cents) <= len(note.groups)
    assert faults(invoice_xml.write(note, Guideline.XRECHNUNG), statement) == []


MUTATIONS = [
    ("<ram:ID>GS-2026-0007</ram:ID>", "", "BR-02"),
    ("<ram:TypeCode>389</ram:TypeCode>", "<ram:TypeCode>380</ram:TypeCode>", "BR-CL-01"),
    ("<ram:TypeCode>389</ram:TypeCode>", "", "BR-04"),
    ("<ram:Name>Rheinbad Betriebs-GmbH</ram:Name>", "", "BR-06"),
    ("<ram:Name>Stadt Duisburg, Stadtkämmerei</ram:Name>", "", "BR-07"),
    ("<ram:CountryID>DE</ram:CountryID>", "", "BR-09"),
    ("<ram:LineTotalAmount>44.37</ram:LineTotalAmount>", "", "BR-12"),
    ("<ram:TaxBasisTotalAmount>44.37</ram:TaxBasisTotalAmount>", "", "BR-13"),
    ("<ram:GrandTotalAmount>48.48</ram:GrandTotalAmount>", "", "BR-14"),
    ("<ram:DuePayableAmount>48.48</ram:DuePayableAmount>", "", "BR-15"),
    ("<ram:LineID>1</ram:LineID>", "", "BR-21"),
    (' unitCode="C62"', "", "BR-23"),
    ("<ram:Name>redemptions swim (12)</ram:Name>", "<ram:Name> </ram:Name>", "BR-25"),
    ("<ram:ChargeAmount>8.38</ram:ChargeAmount>", "<ram:ChargeAmount>-8.38</ram:ChargeAmount>", "BR-27"),
    ("20260501", "20260601", "BR-29"),
    ("<ram:RateApplicablePercent>7</ram:RateApplicablePercent>", "", "BR-48"),
    (f"<ram:IBANID>{ACCOUNT}</ram:IBANID>", "<ram:IBANID> </ram:IBANID>", "BR-61"),
    (ACCOUNT, "DE02100500000024290662", "BR-DE-19"),
    ("<ram:LineTotalAmount>44.37<", "<ram:LineTotalAmount>44.38<", "BR-CO-10"),
    ("<ram:TaxBasisTotalAmount>44.37<", "<ram:TaxBasisTotalAmount>44.36<", "BR-CO-13"),
    (">4.11</ram:TaxTotalAmount>", ">4.12</ram:TaxTotalAmount>", "BR-CO-14"),
    ("<ram:GrandTotalAmount>48.48<", "<ram:GrandTotalAmount>48.47<", "BR-CO-15"),
    ("<ram:DuePayableAmount>48.48<", "<ram:DuePayableAmount>48.49<", "BR-CO-16"),
    ("<ram:DuePayableAmount>48.48<", "<ram:DuePayableAmount>48.49<", "payable-differs-from-the-ledger"),
    ("<ram:CalculatedAmount>1.59<", "<ram:CalculatedAmount>1.58<", "BR-CO-17"),
    ("<ram:CalculatedAmount>1.59<", "<ram:CalculatedAmount>1.58<", "BR-S-9"),
    ("<ram:BasisAmount>8.38<", "<ram:BasisAmount>8.37<", "BR-S-8"),
    ("<ram:CategoryCode>S</ram:CategoryCode>", "<ram:CategoryCode>Z</ram:CategoryCode>", "BR-CL-17"),
    ('<ram:ID schemeID="VA">DE136695976</ram:ID>', "", "BR-S-2"),
    ('<ram:ID schemeID="VA">DE136695976</ram:ID>', '<ram:ID schemeID="VA">136695976</ram:ID>', "BR-CO-9"),
    ("<ram:Description>Die Stadt überweist den Betrag.</ram:Description>", "", "BR-CO-25"),
    (">8.38</ram:LineTotalAmount>", ">8.381</ram:LineTotalAmount>", "BR-DEC-23"),
    ("<ram:LineTotalAmount>44.37<", "<ram:LineTotalAmount>44.370<", "BR-DEC-09"),
    (' schemeID="EM"', "", "BR-62"),
    ("<ram:InvoiceCurrencyCode>EUR<", "<ram:InvoiceCurrencyCode>USD<", "BR-CL-04"),
    ("<ram:PersonName>Petra Schwimm</ram:PersonName>", "", "BR-DE-5"),
    ("<ram:CompleteNumber>+49 203 123456<", "<ram:CompleteNumber>12<", "BR-DE-27"),
    ("<ram:URIID>rechnung@rheinbad.example<", "<ram:URIID>rechnung<", "BR-DE-28"),
    ("<ram:BuyerReference>05112000-KAEMM-38</ram:BuyerReference>", "", "BR-DE-15"),
    ("<ram:CityName>Duisburg</ram:CityName>", "", "BR-DE-3"),
    ("<ram:PostcodeCode>47053</ram:PostcodeCode>", "", "BR-DE-4"),
    ("<ram:PostcodeCode>47051</ram:PostcodeCode>", "", "BR-DE-9"),
    ("xrechnung_3.0", "xrechnung_9.0", "BR-DE-21"),
    ("urn:fdc:peppol.eu:2017:poacc:billing:01:1.0", "", "PEPPOL-EN16931-R001"),
    ("<ram:ChargeAmount>8.38<", "<ram:ChargeAmount>8.39<", "PEPPOL-EN16931-R120"),
    ("<ram:GrandTotalAmount>", "<ram:TotalPrepaidAmount>0.00</ram:TotalPrepaidAmount><ram:GrandTotalAmount>", "XSD"),
    ("<ram:GrandTotalAmount>", "<ram:TotalPrepaidAmount>0.00</ram:TotalPrepaidAmount><ram:GrandTotalAmount>", "never-written-TotalPrepaidAmount"),
]  # fmt: skip


@pytest.mark.parametrize(("was", "becomes", "rule"), MUTATIONS)
def test_a_wrong_document_is_refused(was: str, becomes: str, rule: str) -> None:
    """Each rule finds the document that breaks it, and such a document does not go out."""
    sound = xml().decode()
    assert was in sound
    wrong = sound.replace(was, becomes, 1).encode()

    assert rule in faults(wrong)
    with pytest.raises(Invalid, match="invoice-invalid"):
        invoice_rules.check(wrong, payable_cents=STATEMENT.settled_cents)


@pytest.mark.parametrize(
    ("was", "becomes", "rule"),
    [
        ("<ram:RateApplicablePercent>0<", "<ram:RateApplicablePercent>7<", "BR-E-5"),
        ("<ram:ExemptionReason>", "<ram:ExemptionReason> <!-- ", "BR-E-10"),
        ("<ram:CalculatedAmount>0.00<", "<ram:CalculatedAmount>0.01<", "BR-E-9"),
        ("<ram:BasisAmount>48.48<", "<ram:BasisAmount>48.47<", "BR-E-8"),
        ("<ram:CategoryCode>E<", "<ram:CategoryCode>S<", "BR-S-5"),
        ("<ram:CategoryCode>E<", "<ram:CategoryCode>S<", "BR-S-1"),
        ('<ram:ID schemeID="VA">DE136695976</ram:ID>', "", "BR-E-2"),
    ],
)
def test_a_wrong_exempt_document_is_refused(was: str, becomes: str, rule: str) -> None:
    """The rules of what is free of tax find the document that breaks them."""
    sound = xml(seller=replace(TAXES, is_small_business=True)).decode()
    wrong = sound.replace(was, becomes, 1)
    if "<!--" in becomes:
        wrong = wrong.replace("</ram:ExemptionReason>", " --></ram:ExemptionReason>", 1)

    assert was in sound
    assert rule in faults(wrong.encode())


def test_venues_of_german_rates() -> None:
    """The rates that a venue can choose are those of the act."""
    assert tax_data.RATES == (19, 7, 0)
