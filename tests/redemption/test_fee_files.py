"""Reading a city's list of fees: every row ends as a fee or as a stated refusal."""

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redemption import fee_files, fine_references
from redemption.city_files import FileRefused, Refusal
from redemption.fee_files import FeeRow

HEADER = "kassenzeichen;datum;betrag;bezeichnung;ort"
ROW = "5040.2026;2026-09-01;30,70;Bewohnerparkausweis;Altstadt"


def parse(*rows: str, header: str = HEADER) -> Sequence[FeeRow | Refusal]:
    """Return the results of a file with these rows."""
    return fee_files.parse("\r\n".join([header, *rows, ""]).encode("utf-8-sig"), prefix="DU")


def test_a_row_becomes_a_fee() -> None:
    """Amount in cents, the day in the city's zone, a well-formed reference that follows from the number."""
    (fee,) = parse(ROW)
    (dearer,) = parse(ROW.replace("30,70", "31.00"))

    assert isinstance(fee, FeeRow)
    assert isinstance(dearer, FeeRow)
    assert (2, "5040.2026", 3070, "Bewohnerparkausweis", "Altstadt") == (
        fee.line,
        fee.number,
        fee.amount_cents,
        fee.title,
        fee.place,
    )
    assert dt.datetime(2026, 9, 1, 10, tzinfo=dt.UTC) == fee.due_since
    assert fee.reference == fine_references.parse(fee.reference) == dearer.reference
    assert 3100 == dearer.amount_cents


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (";2026-09-01;30,70;Ausweis;", "number-missing"),
        ("1;01.09.2026;30,70;Ausweis;", "date-invalid"),
        ("1;2026-02-30;30,70;Ausweis;", "date-invalid"),
        ("1;2026-09-01;30,7;Ausweis;", "amount-invalid"),
        ("1;2026-09-01;0;Ausweis;", "amount-invalid"),
        ("1;2026-09-01;-3;Ausweis;", "amount-invalid"),
        ("1;2026-09-01;999999;Ausweis;", "amount-invalid"),
        ("1;2026-09-01;30,70;;", "title-invalid"),
        ("1;2026-09-01;30,70;" + "A" * 81 + ";", "title-invalid"),
        ("1;2026-09-01;30,70", "wrong-field-count"),
    ],
)
def test_a_mistyped_row_says_why(row: str, reason: str) -> None:
    """The others are read."""
    refused, good = parse(row, ROW)

    assert isinstance(refused, Refusal)
    assert (2, reason) == (refused.line, refused.reason)
    assert isinstance(good, FeeRow)


def test_a_number_comes_once() -> None:
    """Which of two amounts is meant is for the city to say; the first stays."""
    first, second = parse(ROW, ROW.replace("30,70", "12,00"))

    assert isinstance(first, FeeRow)
    assert Refusal(3, "number-twice", {"number": "5040.2026"}) == second


def test_a_file_of_fines_is_no_file_of_fees() -> None:
    """The whole file is refused."""
    with pytest.raises(FileRefused, match="columns-missing"):
        parse("a;b", header="datum_von;kennzeichen1")


@given(st.lists(st.text(max_size=20).map(lambda text: text.replace("\n", " ")), max_size=4))
def test_no_row_is_lost(rows: list[str]) -> None:
    """Whatever stands in it, each line that is not blank has one result."""
    content = "\n".join([HEADER, *rows]).encode(errors="replace")
    filled = [line for line in content.split(b"\n")[1:] if line.strip()]

    assert len(filled) == len(fee_files.parse(content, prefix="DU"))
