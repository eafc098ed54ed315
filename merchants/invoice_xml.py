"""A credit note in the syntax of UN/CEFACT (CII), as Factur-X and XRechnung want it. Pure.

The order of the elements is that of the schema (D16B).
"""

import datetime as dt
import enum
from typing import Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from merchants.credit_notes import SELF_BILLED, CreditNote, NoteLine, TaxGroup

RSM: Final = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
RAM: Final = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
UDT: Final = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
PROCESS: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_PREFIXES: Final = {"rsm": RSM, "ram": RAM, "udt": UDT}
_ONE: Final = "C62"


class Guideline(enum.StrEnum):
    """Which rules a document says it follows (BT-24)."""

    FACTUR_X = "urn:cen.eu:en16931:2017"
    XRECHNUNG = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"


def write(note: CreditNote, guideline: Guideline) -> bytes:
    """Return the credit note as XML; the same note gives the same bytes."""
    root = Element("rsm:CrossIndustryInvoice", {f"xmlns:{key}": uri for key, uri in _PREFIXES.items()})
    context = _add(root, "rsm:ExchangedDocumentContext")
    _add(context, "ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID", PROCESS)
    _add(context, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID", guideline.value)
    document = _add(root, "rsm:ExchangedDocument")
    _add(document, "ram:ID", note.number)
    _add(document, "ram:TypeCode", SELF_BILLED)
    _day(document, "ram:IssueDateTime", note.issued_on)
    said = f"Gutschrift gemäß § 14 Abs. 2 UStG zur Abrechnung {note.statement_number}."
    _add(document, "ram:IncludedNote/ram:Content", said)
    if note.collected_cents:
        _add(document, "ram:IncludedNote/ram:Content", passed_on(note))
    transaction = _add(root, "rsm:SupplyChainTradeTransaction")
    for position, line in enumerate(note.lines, 1):
        _line(transaction, position, line)
    _agreement(transaction, note)
    delivery = _add(transaction, "ram:ApplicableHeaderTradeDelivery")
    _day(delivery, "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime", note.last_day)
    _settlement(transaction, note)
    ET.indent(root)
    written: bytes = ET.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + written + b"\n"


def passed_on(note: CreditNote) -> str:
    """Return what a credit note with euros of guests says about them."""
    collected, whole = (
        f"{cents // 100},{cents % 100:02} EUR" for cents in (note.collected_cents, note.transfer_cents)
    )
    return (
        f"Zur Information: {collected} haben Gäste in Euro für Leistungen der Einrichtung gezahlt; die Stadt"
        " hat sie in deren Namen und für deren Rechnung eingenommen und leitet sie weiter. Sie sind nicht"
        f" Teil dieser Gutschrift. Überwiesen werden zusammen {whole}."
    )


def _line(transaction: Element, position: int, line: NoteLine) -> None:
    item = _add(transaction, "ram:IncludedSupplyChainTradeLineItem")
    _add(item, "ram:AssociatedDocumentLineDocument/ram:LineID", str(position))
    _add(item, "ram:SpecifiedTradeProduct/ram:Name", line.text)
    price = "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount"
    _add(item, price, _euros(abs(line.net_cents)))
    quantity = _add(
        item, "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity", "1" if line.net_cents >= 0 else "-1"
    )
    quantity.set("unitCode", _ONE)
    settlement = _add(item, "ram:SpecifiedLineTradeSettlement")
    tax = _add(settlement, "ram:ApplicableTradeTax")
    _add(tax, "ram:TypeCode", "VAT")
    _add(tax, "ram:CategoryCode", line.category)
    _add(tax, "ram:RateApplicablePercent", str(line.rate_percent))
    total = "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    _add(settlement, total, _euros(line.net_cents))


def _agreement(transaction: Element, note: CreditNote) -> None:
    agreement = _add(transaction, "ram:ApplicableHeaderTradeAgreement")
    _add(agreement, "ram:BuyerReference", note.buyer.buyer_reference)
    seller = _add(agreement, "ram:SellerTradeParty")
    _add(seller, "ram:ID", f"V{note.venue_id}")
    _add(seller, "ram:Name", note.seller.registered_name)
    contact = _add(seller, "ram:DefinedTradeContact")
    _add(contact, "ram:PersonName", note.seller.contact_name)
    _add(contact, "ram:TelephoneUniversalCommunication/ram:CompleteNumber", note.seller.contact_phone)
    _add(contact, "ram:EmailURIUniversalCommunication/ram:URIID", note.seller.contact_email)
    _address(seller, note.seller.street, note.seller.postcode, note.seller.town, note.seller.country)
    _electronic(seller, note.seller.contact_email)
    _registration(seller, "VA", note.seller.vat_id)
    _registration(seller, "FC", note.seller.tax_number)
    buyer = _add(agreement, "ram:BuyerTradeParty")
    _add(buyer, "ram:Name", note.buyer.name)
    _address(buyer, note.buyer.street, note.buyer.postcode, note.buyer.town, note.buyer.country)
    _electronic(buyer, note.buyer.email)
    _registration(buyer, "VA", note.buyer.vat_id)


def _settlement(transaction: Element, note: CreditNote) -> None:
    settlement = _add(transaction, "ram:ApplicableHeaderTradeSettlement")
    _add(settlement, "ram:PaymentReference", note.statement_number)
    _add(settlement, "ram:InvoiceCurrencyCode", "EUR")
    means = _add(settlement, "ram:SpecifiedTradeSettlementPaymentMeans")
    _add(means, "ram:TypeCode", "58" if note.iban else "1")
    if note.iban:
        account = _add(means, "ram:PayeePartyCreditorFinancialAccount")
        _add(account, "ram:IBANID", note.iban)
        _add(account, "ram:AccountName", note.payee_name)
    for group in note.groups:
        _tax(settlement, group)
    period = _add(settlement, "ram:BillingSpecifiedPeriod")
    _day(period, "ram:StartDateTime", note.first_day)
    _day(period, "ram:EndDateTime", note.last_day)
    _add(settlement, "ram:SpecifiedTradePaymentTerms/ram:Description", "Die Stadt überweist den Betrag.")
    sums = _add(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    _add(sums, "ram:LineTotalAmount", _euros(note.net_cents))
    _add(sums, "ram:TaxBasisTotalAmount", _euros(note.net_cents))
    _add(sums, "ram:TaxTotalAmount", _euros(note.tax_cents)).set("currencyID", "EUR")
    if note.rounding_cents:
        _add(sums, "ram:RoundingAmount", _euros(note.rounding_cents))
    _add(sums, "ram:GrandTotalAmount", _euros(note.net_cents + note.tax_cents))
    _add(sums, "ram:DuePayableAmount", _euros(note.payable_cents))


def _tax(settlement: Element, group: TaxGroup) -> None:
    tax = _add(settlement, "ram:ApplicableTradeTax")
    _add(tax, "ram:CalculatedAmount", _euros(group.tax_cents))
    _add(tax, "ram:TypeCode", "VAT")
    if group.exemption_reason:
        _add(tax, "ram:ExemptionReason", group.exemption_reason)
    _add(tax, "ram:BasisAmount", _euros(group.net_cents))
    _add(tax, "ram:CategoryCode", group.category)
    _add(tax, "ram:RateApplicablePercent", str(group.rate_percent))


def _address(party: Element, street: str, postcode: str, town: str, country: str) -> None:
    address = _add(party, "ram:PostalTradeAddress")
    _add(address, "ram:PostcodeCode", postcode)
    _add(address, "ram:LineOne", street)
    _add(address, "ram:CityName", town)
    _add(address, "ram:CountryID", country)


def _electronic(party: Element, email: str) -> None:
    _add(party, "ram:URIUniversalCommunication/ram:URIID", email).set("schemeID", "EM")


def _registration(party: Element, scheme: str, number: str) -> None:
    if number:
        _add(party, "ram:SpecifiedTaxRegistration/ram:ID", number).set("schemeID", scheme)


def _day(parent: Element, path: str, day: dt.date) -> None:
    _add(parent, f"{path}/udt:DateTimeString", f"{day:%Y%m%d}").set("format", "102")


def _add(parent: Element, path: str, text: str | None = None) -> Element:
    """Add an element below new ones that lead to it."""
    element = parent
    for name in path.split("/"):
        element = ET.SubElement(element, name)
    element.text = text
    return element


def _euros(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"
