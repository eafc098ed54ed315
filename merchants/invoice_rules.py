"""Business rules of EN 16931 and XRechnung that a schema can't hold, checked on the XML as it goes out. Pure.

The official Schematron needs an XSLT 2 processor, which only the tests have, so the rules that concern
our documents are here under their official names; those about what we never write (allowances,
prepaid amounts, other categories of tax) are covered by refusing such elements. The schema is
that of Factur-X.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

import facturx
from defusedxml import ElementTree

from kernel import money
from kernel.errors import Invalid
from merchants import ibans
from merchants.invoice_xml import RAM, RSM, UDT, Guideline

_NAMES: Final = {"rsm": RSM, "ram": RAM, "udt": UDT}
_AMOUNT: Final = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")
_CATEGORIES: Final = {"S", "E"}
_AGREEMENT: Final = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement"
_SETTLEMENT: Final = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement"
_SUMS: Final = f"{_SETTLEMENT}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
_SELLER: Final = f"{_AGREEMENT}/ram:SellerTradeParty"
_BUYER: Final = f"{_AGREEMENT}/ram:BuyerTradeParty"
_ADDRESS: Final = "ram:PostalTradeAddress"
_REGISTRATION: Final = "ram:SpecifiedTaxRegistration/ram:ID"
_GUIDELINE: Final = "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"
_MEANS: Final = f"{_SETTLEMENT}/ram:SpecifiedTradeSettlementPaymentMeans"
_REQUIRED: Final = {
    "BR-01": _GUIDELINE,
    "BR-02": "rsm:ExchangedDocument/ram:ID",
    "BR-03": "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString",
    "BR-04": "rsm:ExchangedDocument/ram:TypeCode",
    "BR-05": f"{_SETTLEMENT}/ram:InvoiceCurrencyCode",
    "BR-06": f"{_SELLER}/ram:Name",
    "BR-07": f"{_BUYER}/ram:Name",
    "BR-09": f"{_SELLER}/{_ADDRESS}/ram:CountryID",
    "BR-11": f"{_BUYER}/{_ADDRESS}/ram:CountryID",
    "BR-12": f"{_SUMS}/ram:LineTotalAmount",
    "BR-13": f"{_SUMS}/ram:TaxBasisTotalAmount",
    "BR-14": f"{_SUMS}/ram:GrandTotalAmount",
    "BR-15": f"{_SUMS}/ram:DuePayableAmount",
    "BR-49": f"{_MEANS}/ram:TypeCode",
}
_REQUIRED_BY_XRECHNUNG: Final = {
    "BR-DE-2": f"{_SELLER}/ram:DefinedTradeContact",
    "BR-DE-3": f"{_SELLER}/{_ADDRESS}/ram:CityName",
    "BR-DE-4": f"{_SELLER}/{_ADDRESS}/ram:PostcodeCode",
    "BR-DE-5": f"{_SELLER}/ram:DefinedTradeContact/ram:PersonName",
    "BR-DE-6": f"{_SELLER}/ram:DefinedTradeContact/ram:TelephoneUniversalCommunication/ram:CompleteNumber",
    "BR-DE-7": f"{_SELLER}/ram:DefinedTradeContact/ram:EmailURIUniversalCommunication/ram:URIID",
    "BR-DE-8": f"{_BUYER}/{_ADDRESS}/ram:CityName",
    "BR-DE-9": f"{_BUYER}/{_ADDRESS}/ram:PostcodeCode",
    "BR-DE-15": f"{_AGREEMENT}/ram:BuyerReference",
    "PEPPOL-EN16931-R001": (
        "rsm:ExchangedDocumentContext/ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID"
    ),
    "PEPPOL-EN16931-R010": f"{_BUYER}/ram:URIUniversalCommunication/ram:URIID",
    "PEPPOL-EN16931-R020": f"{_SELLER}/ram:URIUniversalCommunication/ram:URIID",
}
_REQUIRED_OF_LINES: Final = {
    "BR-21": "ram:AssociatedDocumentLineDocument/ram:LineID",
    "BR-22": "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity",
    "BR-24": (
        "ram:SpecifiedLineTradeSettlement"
        "/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    ),
    "BR-25": "ram:SpecifiedTradeProduct/ram:Name",
    "BR-26": "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount",
    "BR-CO-4": "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode",
}
_NEVER_WRITTEN: Final = (
    "SpecifiedTradeAllowanceCharge", "ChargeTotalAmount", "AllowanceTotalAmount", "TotalPrepaidAmount",
    "TaxCurrencyCode", "SellerTaxRepresentativeTradeParty", "ApplicableTradePaymentDiscountTerms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Taxed:
    """A line, or what is taxed at one rate."""

    category: str
    rate: str
    cents: int
    tax_cents: int = 0
    reason: str = ""


def check(content: bytes, *, payable_cents: int) -> None:
    """Raise Invalid `invoice-invalid` with the broken `rules` unless the document may go out.

    `payable_cents` is what the ledger owes: the document must say the same.
    """
    broken = faults(content, payable_cents=payable_cents)
    if broken:
        raise Invalid("invoice-invalid", rules=", ".join(broken))


def faults(content: bytes, *, payable_cents: int) -> list[str]:
    """Return the names of the rules that a document breaks, each once; `XSD` stands for the schema."""
    root: Element = ElementTree.fromstring(content, forbid_dtd=True)
    found: list[str] = []
    for rule in (*_header(root), *_lines(root), *_sums(root, payable_cents), *_taxes(root), *_parties(root)):
        if rule not in found:
            found.append(rule)
    try:
        facturx.xml_check_xsd(content, flavor="factur-x", level="en16931")
    except Exception:  # noqa: BLE001 -- the library raises no narrower one
        found.append("XSD")
    return found


def _header(root: Element) -> Iterator[str]:
    yield from _missing(root, _REQUIRED)
    if not _lines_of(root):
        yield "BR-16"
    if _text(root, "rsm:ExchangedDocument/ram:TypeCode") != "389":
        yield "BR-CL-01"
    if _text(root, f"{_SETTLEMENT}/ram:InvoiceCurrencyCode") != "EUR":
        yield "BR-CL-04"
    period = f"{_SETTLEMENT}/ram:BillingSpecifiedPeriod"
    first, last = (
        _text(root, f"{period}/ram:{end}/udt:DateTimeString") for end in ("StartDateTime", "EndDateTime")
    )
    if first > last:
        yield "BR-29"
    terms = _text(root, f"{_SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:Description")
    if (_cents(root, f"{_SUMS}/ram:DuePayableAmount") or 0) > 0 and not terms:
        yield "BR-CO-25"
    for name in _NEVER_WRITTEN:
        if root.find(f".//ram:{name}", _NAMES) is not None:
            yield f"never-written-{name}"
    yield from _payment(root)
    if _text(root, _GUIDELINE) not in {one.value for one in Guideline}:
        yield "BR-DE-21"
    if _text(root, _GUIDELINE) == Guideline.XRECHNUNG:
        yield from _missing(root, _REQUIRED_BY_XRECHNUNG)
        yield from _contact(root)


def _payment(root: Element) -> Iterator[str]:
    code = _text(root, f"{_MEANS}/ram:TypeCode")
    iban = _text(root, f"{_MEANS}/ram:PayeePartyCreditorFinancialAccount/ram:IBANID")
    if code == "58" and not iban:
        yield "BR-61"
    if code == "58" and iban:
        try:
            ibans.normal(iban)
        except Invalid:
            yield "BR-DE-19"


def _contact(root: Element) -> Iterator[str]:
    contact = f"{_SELLER}/ram:DefinedTradeContact"
    phone = _text(root, f"{contact}/ram:TelephoneUniversalCommunication/ram:CompleteNumber")
    if sum(character.isdigit() for character in phone) < 3:  # noqa: PLR2004 -- the rule's number
        yield "BR-DE-27"
    email = _text(root, f"{contact}/ram:EmailURIUniversalCommunication/ram:URIID")
    if not re.fullmatch(r"[^@\s.][^@\s]*@[^@\s]+[^@\s.]", email):
        yield "BR-DE-28"


def _lines(root: Element) -> Iterator[str]:
    for line in _lines_of(root):
        yield from _missing(line, _REQUIRED_OF_LINES)
        quantity = line.find("ram:SpecifiedLineTradeDelivery/ram:BilledQuantity", _NAMES)
        if quantity is not None and not quantity.get("unitCode"):
            yield "BR-23"
        price, total = (_cents(line, _REQUIRED_OF_LINES[rule]) for rule in ("BR-26", "BR-24"))
        if price is None:
            yield "BR-26"
        elif price < 0:
            yield "BR-27"
        if total is None:
            yield "BR-DEC-23"
        count = _text(line, _REQUIRED_OF_LINES["BR-22"])
        if count not in {"1", "-1"} or price is None or total != int(count) * price:
            yield "PEPPOL-EN16931-R120"


def _sums(root: Element, payable_cents: int) -> Iterator[str]:
    names = (
        "LineTotalAmount",
        "TaxBasisTotalAmount",
        "TaxTotalAmount",
        "GrandTotalAmount",
        "DuePayableAmount",
    )
    decimals = ("BR-DEC-09", "BR-DEC-12", "BR-DEC-13", "BR-DEC-14", "BR-DEC-18")
    read = [_cents(root, f"{_SUMS}/ram:{name}") for name in names]
    yield from (rule for rule, cents in zip(decimals, read, strict=True) if cents is None)
    lines, basis, tax, grand, payable = (cents or 0 for cents in read)
    rounding = _cents(root, f"{_SUMS}/ram:RoundingAmount") or 0
    groups = _groups(root)
    conditions = {
        "BR-CO-10": lines == sum(one.cents for one in _taxed_lines(root)),
        "BR-CO-13": basis == lines,
        "BR-CO-14": tax == sum(one.tax_cents for one in groups),
        "BR-CO-15": grand == basis + tax,
        "BR-CO-16": payable == grand + rounding,
        "BR-CO-18": bool(groups),
        "rounding-too-large": abs(rounding) <= len(groups),
        "payable-differs-from-the-ledger": payable == payable_cents,
    }
    yield from _broken(conditions)


def _taxes(root: Element) -> Iterator[str]:
    groups, lines = _groups(root), _taxed_lines(root)
    by_rate: Counter[tuple[str, str]] = Counter()
    for line in lines:
        by_rate[line.category, line.rate] += line.cents
        if (line.category == "S") == (line.rate == "0"):
            yield f"BR-{line.category}-5"
    yield from _taxed_rightly(root, [*lines, *groups])
    for category, rate in by_rate:
        if not any((one.category, one.rate) == (category, rate) for one in groups):
            yield f"BR-{category}-1"
    for group in groups:
        yield from _group(group, by_rate[group.category, group.rate])
    if len({(one.category, one.rate) for one in groups}) != len(groups):
        yield "BR-CO-18"


def _taxed_rightly(root: Element, taxed: list[_Taxed]) -> Iterator[str]:
    registered = bool(_text(root, f"{_SELLER}/{_REGISTRATION}"))
    for one in taxed:
        if one.category not in _CATEGORIES:
            yield "BR-CL-17"
        if not one.rate.isdigit():
            yield "BR-48"
        if not registered:
            yield f"BR-{one.category}-2"


def _group(group: _Taxed, of_lines: int) -> Iterator[str]:
    percent = int(group.rate) if group.rate.isdigit() else 0
    expected = money.tax_on_net(group.cents, percent)
    conditions: dict[str, Callable[[], bool] | bool] = {
        f"BR-{group.category}-8": group.cents == of_lines,
        f"BR-{group.category}-9": group.tax_cents == (expected if group.category == "S" else 0),
        f"BR-{group.category}-10": bool(group.reason) == (group.category == "E"),
        "BR-CO-17": group.tax_cents == expected,
    }
    yield from _broken({rule: bool(holds) for rule, holds in conditions.items()})


def _parties(root: Element) -> Iterator[str]:
    if root.find(f"{_SELLER}/{_ADDRESS}", _NAMES) is None:
        yield "BR-08"
    if root.find(f"{_BUYER}/{_ADDRESS}", _NAMES) is None:
        yield "BR-10"
    if not _text(root, f"{_SELLER}/ram:ID") and not _text(root, f"{_SELLER}/{_REGISTRATION}"):
        yield "BR-CO-26"
    for party, rule in ((_SELLER, "BR-62"), (_BUYER, "BR-63")):
        address = root.find(f"{party}/ram:URIUniversalCommunication/ram:URIID", _NAMES)
        if address is not None and not address.get("schemeID"):
            yield rule
        for registered in root.findall(f"{party}/{_REGISTRATION}", _NAMES):
            if registered.get("schemeID") == "VA" and not re.match(r"[A-Z]{2}", registered.text or ""):
                yield "BR-CO-9"


def _lines_of(root: Element) -> list[Element]:
    return root.findall("rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem", _NAMES)


def _taxed_lines(root: Element) -> list[_Taxed]:
    found = []
    for line in _lines_of(root):
        tax = "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax"
        found.append(
            _Taxed(
                _text(line, f"{tax}/ram:CategoryCode"),
                _text(line, f"{tax}/ram:RateApplicablePercent"),
                _cents(line, _REQUIRED_OF_LINES["BR-24"]) or 0,
            )
        )
    return found


def _groups(root: Element) -> list[_Taxed]:
    return [
        _Taxed(
            _text(one, "ram:CategoryCode"),
            _text(one, "ram:RateApplicablePercent"),
            _cents(one, "ram:BasisAmount") or 0,
            _cents(one, "ram:CalculatedAmount") or 0,
            _text(one, "ram:ExemptionReason"),
        )
        for one in root.findall(f"{_SETTLEMENT}/ram:ApplicableTradeTax", _NAMES)
    ]


def _missing(found: Element, required: dict[str, str]) -> Iterator[str]:
    for rule, path in required.items():
        element = found.find(path, _NAMES)
        if element is None or (not len(element) and not (element.text or "").strip()):
            yield rule


def _broken(conditions: dict[str, bool]) -> Iterator[str]:
    yield from (rule for rule, holds in conditions.items() if not holds)


def _text(found: Element, path: str) -> str:
    return (found.findtext(path, "", _NAMES) or "").strip()


def _cents(found: Element, path: str) -> int | None:
    written = _text(found, path)
    if not _AMOUNT.fullmatch(written):
        return None
    euros, _, decimals = written.lstrip("-").partition(".")
    cents = int(euros) * 100 + int(decimals.ljust(2, "0"))
    return -cents if written.startswith("-") else cents
