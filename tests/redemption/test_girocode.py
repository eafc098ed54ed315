"""GiroCodes: the published examples byte for byte, an independent maker and an independent reader, every refusal."""

import io
import string
from dataclasses import replace
from decimal import Decimal

import pytest
import zxingcpp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from segno import helpers

from redemption import creditor_references, girocode, qr
from redemption.girocode import CreditTransfer, InvalidTransfer

EPC_EXAMPLE_1 = CreditTransfer(
    name="Franz Mustermänn",
    iban="DE71110220330123456789",
    amount_cents=1230,
    reference="RF18539007547034",
    bic="BHBLDEHHXXX",
    purpose="GDDS",
)
"""EPC069-12, version 2.1 of 9 February 2012, example 1; as in segno's `tests/test_helpers_epcqr.py`."""
EPC_EXAMPLE_2 = CreditTransfer(
    name="François D'Alsace S.A.",
    iban="FR1420041010050500013M02606",
    amount_cents=1230,
    text="Client:Marie Louise La Lune",
)
"""Example 2 there, which writes it in ISO 8859-1; here it is in UTF-8, one byte longer."""


def _reason(transfer: CreditTransfer) -> tuple[object, object]:
    with pytest.raises(InvalidTransfer) as refused:
        girocode.payload(transfer)
    return refused.value.details["field"], refused.value.details["reason"]


def test_the_standards_examples() -> None:
    """Both published examples come out as printed, of the length that the standard names."""
    first = "BCD\n002\n1\nSCT\nBHBLDEHHXXX\nFranz Mustermänn\nDE71110220330123456789\nEUR12.3\nGDDS\nRF18539007547034"
    second = (
        "BCD\n002\n1\nSCT\n\nFrançois D'Alsace S.A.\nFR1420041010050500013M02606\nEUR12.3\n\n\n"
        "Client:Marie Louise La Lune"
    )

    assert first.encode() == girocode.payload(EPC_EXAMPLE_1)
    assert second.encode() == girocode.payload(EPC_EXAMPLE_2)
    assert 96 == len(girocode.payload(EPC_EXAMPLE_1))
    assert 103 + 1 == len(girocode.payload(EPC_EXAMPLE_2))


@pytest.mark.parametrize(
    ("cents", "written"),
    [
        (500, "EUR5"),
        (100_000, "EUR1000"),
        (1, "EUR0.01"),
        (1230, "EUR12.3"),
        (99_999_999_999, "EUR999999999.99"),
    ],
)
def test_amounts_are_as_short_as_can_be(cents: int, written: str) -> None:
    """Trailing zeros and the point of whole euros are left out, as segno's vectors have it."""
    content = girocode.payload(replace(EPC_EXAMPLE_1, amount_cents=cents))

    assert written == content.decode().split("\n")[7]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount_cents": 0}, ("amount_cents", "out-of-range")),
        ({"amount_cents": 100_000_000_000}, ("amount_cents", "out-of-range")),
        ({"iban": "DE72110220330123456789"}, ("iban", "check-digits")),
        ({"iban": ""}, ("iban", "check-digits")),
        ({"iban": "DE1" + 34 * "1"}, ("iban", "check-digits")),
        ({"name": " "}, ("name", "missing")),
        ({"name": 71 * "a"}, ("name", "too-long")),
        ({"name": "Stadt\nDE02"}, ("name", "malformed")),
        ({"bic": "BHBLDE"}, ("bic", "malformed")),
        ({"bic": "BHBLDEHHXX"}, ("bic", "malformed")),
        ({"purpose": "DE1"}, ("purpose", "malformed")),
        ({"purpose": "gdds"}, ("purpose", "malformed")),
        ({"reference": ""}, ("reference", "one-of-two")),
        ({"text": "both"}, ("reference", "one-of-two")),
        ({"reference": "RF17539007547034"}, ("reference", "check-digits")),
        ({"reference": 36 * "r"}, ("reference", "check-digits")),
        ({"reference": "", "text": 141 * "a"}, ("text", "too-long")),
        ({"reference": "", "text": "a\nb"}, ("text", "malformed")),
        ({"information": 71 * "a"}, ("information", "too-long")),
        ({"name": 70 * "ä", "reference": "", "text": 140 * "ß"}, ("text", "too-long")),
    ],
)
def test_what_an_app_would_refuse_is_refused(change: dict[str, str | int], expected: tuple[str, str]) -> None:
    """Each refusal names the field and the reason."""
    assert expected == _reason(replace(EPC_EXAMPLE_1, **change))  # type: ignore[arg-type]  # fields by name


_PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40)


@settings(max_examples=30)
@given(name=_PRINTABLE, text=_PRINTABLE, cents=st.integers(1, girocode.AMOUNT_MAX_CENTS))
def test_an_independent_maker_draws_the_same_code(name: str, text: str, cents: int) -> None:
    """Segno's own GiroCode, given the same in UTF-8, is the same picture module by module."""
    transfer = CreditTransfer(name, EPC_EXAMPLE_1.iban, cents, text=text)
    try:
        content = girocode.payload(transfer)
    except InvalidTransfer:
        assume(False)
    amount = Decimal(cents) / 100
    expected = helpers.make_epc_qr(name, EPC_EXAMPLE_1.iban, amount, text=text, encoding=1)

    assert expected.version == qr.version(content)
    assert girocode.png(transfer, scale=1) == _png_of(expected)


def _png_of(code: object) -> bytes:
    file = io.BytesIO()
    code.save(file, kind="png", border=4, scale=1, dark="#000", light="#fff")  # type: ignore[attr-defined]  # segno has no types
    return file.getvalue()


@pytest.mark.parametrize("transfer", [EPC_EXAMPLE_1, EPC_EXAMPLE_2], ids=["reference", "text"])
def test_an_independent_reader_reads_it(transfer: CreditTransfer) -> None:
    """What zxing reads is what was to be said, at error correction level M."""
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(girocode.png(transfer, scale=4))))

    assert girocode.payload(transfer) == read.bytes
    assert "M" == read.ec_level


def test_the_longest_payload_is_version_13() -> None:
    """331 bytes still fit into version 13, the largest that the standard allows."""
    long = CreditTransfer(70 * "n", EPC_EXAMPLE_1.iban, girocode.AMOUNT_MAX_CENTS, text=140 * "t")
    content = girocode.payload(replace(long, bic="BHBLDEHHXXX", purpose="GDDS", information=48 * "i"))

    assert girocode.PAYLOAD_MAX == len(content)
    assert ("text", "too-long") == _reason(
        replace(long, bic="BHBLDEHHXXX", purpose="GDDS", information=49 * "i")
    )
    assert 13 == qr.version(girocode.PAYLOAD_MAX * b"x")
    assert qr.version(content) <= 13


def test_a_page_can_show_it() -> None:
    """The SVG names itself to who doesn't see it and has no style of its own."""
    drawn = girocode.svg(EPC_EXAMPLE_1, title="Überweisung mit der Banking-App")

    assert "<title>Überweisung mit der Banking-App</title>" in drawn
    assert "style" not in drawn


@given(number=st.integers(1, 2**63 - 1))
def test_a_reference_leads_back_to_its_number(number: int) -> None:
    """However it is written: in groups, small, or in the middle of other words."""
    reference = creditor_references.of_number(number)
    typed = creditor_references.shown(reference).lower()

    assert creditor_references.LENGTH == len(reference)
    assert number == creditor_references.number_of(reference)
    assert number == creditor_references.number_of(typed)
    assert [number] == creditor_references.numbers_in(f"Hallenbad {typed}, Danke! {reference}")
    assert reference == creditor_references.find_normal(typed)


@given(
    number=st.integers(1, 2**63 - 1),
    place=st.integers(2, 16),
    symbol=st.sampled_from(string.digits + "ABCXYZ"),
)
def test_a_wrong_symbol_is_noticed(number: int, place: int, symbol: str) -> None:
    """One symbol that was mistyped makes it no reference at all."""
    reference = creditor_references.of_number(number)
    assume(reference[place] != symbol)
    mistyped = reference[:place] + symbol + reference[place + 1 :]

    assert creditor_references.number_of(mistyped) is None
    assert [] == creditor_references.numbers_in(mistyped)


def test_published_references() -> None:
    """The examples of ISO 11649 that python-stdnum and EPC069-12 print are valid, one with a wrong digit is not."""
    assert "RF18539007547034" == creditor_references.find_normal("RF18 5390 0754 7034")
    assert "RF185390075470Y" == creditor_references.find_normal("RF18 5390 0754 70Y")
    assert creditor_references.find_normal("RF17 5390 0754 7034") is None
    assert creditor_references.number_of("RF18 5390 0754 7034") is None
    with pytest.raises(ValueError, match="no number"):
        creditor_references.of_number(0)


@given(number=st.integers(1, 2**63 - 1), place=st.integers(2, 21))
def test_two_swapped_digits_are_noticed(number: int, place: int) -> None:
    """Two neighbours that changed places make it no reference at all."""
    reference = creditor_references.of_number(number)
    assume(reference[place] != reference[place + 1])
    swapped = reference[:place] + reference[place + 1] + reference[place] + reference[place + 2 :]

    assert creditor_references.number_of(swapped) is None
