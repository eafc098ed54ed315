"""Reading a city's file of fines: every row ends as a fine or as a stated refusal."""

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Kind
from redemption import city_files, fine_files, fine_references, offences
from redemption.city_files import FileRefused, Refusal
from redemption.fine_files import FineRow
from redemption.fine_references import InvalidReference

HEADER = "datum_von;kennzeichen1;fahrzeugart;fabrikat;strasse;hausnummer;tatbestand1;tatbestand2;tatbestand3"
ROW = "2021-08-02 11:57:00.000;K;PKW;HYUNDAI;HOHENZOLLERNRING;57;141312;;"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def parse(*rows: str, header: str = HEADER) -> Sequence[FineRow | Refusal]:
    """Return the results of a file with these rows."""
    return fine_files.parse("\r\n".join([header, *rows, ""]).encode("utf-8-sig"), prefix="DU")


def fine(row: str) -> FineRow:
    """Return the fine that a row gives."""
    (result,) = parse(row)
    assert isinstance(result, FineRow), result
    return result


def test_a_row_becomes_a_fine() -> None:
    """Local time becomes UTC, the amount comes from the table, the reference is well formed."""
    found = fine(ROW)

    assert 2 == found.line
    assert dt.datetime(2021, 8, 2, 9, 57, tzinfo=dt.UTC) == found.committed_at
    assert 1500 == found.amount_cents
    assert ("141312",) == found.offence_codes
    assert ("K", "PKW") == (found.district, found.vehicle)
    assert "HOHENZOLLERNRING 57" == found.place
    assert found.reference == fine_references.parse(found.reference)


def test_winter_time_is_known() -> None:
    """In February Cologne is one hour ahead of UTC."""
    found = fine(ROW.replace("2021-08-02", "2021-02-02"))

    assert dt.datetime(2021, 2, 2, 10, 57, tzinfo=dt.UTC) == found.committed_at


def test_an_hour_that_happens_twice_means_the_first() -> None:
    """On the last Sunday of October 02:30 is first 00:30 UTC."""
    found = fine(ROW.replace("2021-08-02 11:57", "2021-10-31 02:30"))

    assert dt.datetime(2021, 10, 31, 0, 30, tzinfo=dt.UTC) == found.committed_at


def test_several_offences_cost_the_dearest() -> None:
    """One act is fined once; each code is kept once, in its order."""
    found = fine("2021-08-02 11:57:00.000;K;PKW;VW;RING;;112042;142278;112042")

    assert ("112042", "142278") == found.offence_codes
    assert 3500 == found.amount_cents


@pytest.mark.parametrize(
    ("plate", "district"),
    [("K", "K"), ("LEV", "LEV"), ("KÜN", "KÜN"), ("076M", None), ("ZS61", None), ("ZH 6", None), ("", None)],
)
def test_of_a_plate_only_the_district_is_kept(plate: str, district: str | None) -> None:
    """Insurance and foreign plates would tell more about a person, so nothing of them stays."""
    assert district == fine(ROW.replace(";K;", f";{plate};")).district


def test_empty_fields_are_none() -> None:
    """A fine without house number, street or kind of vehicle is owed all the same."""
    found = fine("2021-08-02 11:57:00.000;K;;;;;141312;;")

    assert (None, None, None, "") == (found.vehicle, found.street, found.house_number, found.place)


@pytest.mark.parametrize(
    ("row", "reason", "details"),
    [
        (ROW.replace("141312", "937221"), "unknown-offence", {"codes": ["937221"]}),
        (ROW.replace("141312;;", "141312;937221;900321"), "unknown-offence", {"codes": ["937221", "900321"]}),
        (ROW.replace("141312", ""), "offence-missing", {}),
        (ROW.replace("141312", "14131"), "offence-malformed", {"codes": ["14131"]}),
        (ROW.replace("141312", "14131٢"), "offence-malformed", {"codes": ["14131٢"]}),
        (ROW.replace("2021-08-02", "2021-02-30"), "time-invalid", {}),
        (ROW.replace("2021-08-02 11:57:00.000", ""), "time-invalid", {"value": ""}),
        (ROW.replace("2021-08-02", "02.08.2021"), "time-invalid", {}),
        (ROW.replace("11:57:00.000", "11:57:00+02:00"), "time-invalid", {}),
        (ROW.replace("2021-08-02 11:57", "2021-03-28 02:30"), "time-does-not-exist", {}),
        (ROW + ";", "wrong-field-count", {"expected": 9, "found": 10}),
        (ROW.rsplit(";", 1)[0], "wrong-field-count", {"expected": 9, "found": 8}),
        (ROW.replace("PKW", '"PKW'), "malformed-row", {}),
        (ROW.replace("PKW", "P\x07KW"), "control-characters", {"column": "fahrzeugart"}),
        (ROW.replace("RING", "RING" * 40), "field-too-long", {"column": "strasse"}),
    ],
)
def test_what_cannot_be_understood_is_refused(row: str, reason: str, details: dict[str, Any]) -> None:
    """The refusal names line and reason, and the rows around it are read."""
    before, refused, after = parse(ROW, row, ROW)

    assert isinstance(before, FineRow)
    assert isinstance(after, FineRow)
    assert isinstance(refused, Refusal)
    assert (3, reason) == (refused.line, refused.reason)
    assert details == {name: refused.details[name] for name in details}


def test_a_row_in_another_encoding_is_refused() -> None:
    """Only that row: a street with an umlaut in Latin-1."""
    content = "\n".join([HEADER, ROW, ROW.replace("RING", "STRAßE"), ROW]).encode("latin-1")

    results = fine_files.parse(content, prefix="DU")

    assert [FineRow, Refusal, FineRow] == [type(result) for result in results]
    assert Refusal(3, "not-utf-8", {"offset": 54}) == results[1]


@pytest.mark.parametrize(
    ("content", "code", "details"),
    [
        (b"", "file-without-header", {"reason": "empty"}),
        (b"\xff\xfe", "file-without-header", {"reason": "not-utf-8"}),
        (b"strasse;hausnummer\nRING;1", "columns-missing", {}),
        (HEADER.replace(";", ",").encode(), "columns-missing", {}),
        (f"{HEADER};strasse".encode(), "columns-twice", {"columns": ["strasse"]}),
    ],
)
def test_an_unreadable_file_is_refused_as_a_whole(content: bytes, code: str, details: dict[str, Any]) -> None:
    """Without its columns nothing can be read."""
    with pytest.raises(FileRefused) as refused:
        fine_files.parse(content, prefix="DU")

    assert (code, Kind.INVALID) == (refused.value.code, refused.value.kind)
    assert details == {name: refused.value.details[name] for name in details}


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read of it."""
    monkeypatch.setattr(city_files, "SIZE_MAX", 10)

    with pytest.raises(FileRefused, match="file-too-large"):
        parse(ROW)


def test_columns_may_come_in_another_order() -> None:
    """Names count, not places; an additional column and blank lines are passed over."""
    (found,) = parse(
        "", ";;x;141312;57;RING;VW;PKW;K;2021-08-02 11:57:00.000", "  ",
        header="tatbestand3;tatbestand2;note;tatbestand1;hausnummer;strasse;fabrikat;fahrzeugart;kennzeichen1;DATUM_VON",
    )  # fmt: skip

    assert isinstance(found, FineRow)
    assert ("RING 57", 3) == (found.place, found.line)


def test_equal_rows_are_different_fines_with_stable_references() -> None:
    """The second of two equal rows has its own reference, today and when rows were added to the file."""
    other = ROW.replace(";57;", ";59;")
    today = [result.reference for result in parse(ROW, other, ROW) if isinstance(result, FineRow)]
    later = [result.reference for result in parse(ROW, other, ROW, other, ROW) if isinstance(result, FineRow)]

    assert 3 == len(set(today))
    assert today == later[:3]
    assert 5 == len(set(later))


@given(st.lists(st.text(st.characters(exclude_characters="\r\n"), min_size=1), max_size=6))
def test_no_row_is_lost(rows: list[str]) -> None:
    """Whatever a file holds, there is one result for each line that is not blank."""
    content = "\n".join([HEADER, *rows]).encode("utf-8", "surrogatepass")

    expected = [number for number, row in enumerate(rows, 2) if row.encode("utf-8", "surrogatepass").strip()]

    assert expected == [result.line for result in fine_files.parse(content, prefix="DU")]


def test_a_reference_is_read_however_it_is_typed() -> None:
    """Case, blanks, other hyphens and lookalikes don't matter."""
    written = fine_references.derive("DU", "example")

    sloppy = written.lower().replace("0", "o").replace("1", "l").replace("-", "\u2013 ")

    assert written == fine_references.parse(f"  {sloppy} ")


def test_every_single_slip_shows() -> None:
    """Any other symbol in any place and any swap of two different symbols is noticed."""
    prefix, *groups = fine_references.derive("DU", "example").split("-")
    body = "".join(groups)
    slips = {
        prefix + body[:place] + symbol + body[place + 1 :]
        for place in range(len(body))
        for symbol in ALPHABET
        if symbol != body[place]
    }
    for first, second in itertools.combinations(range(len(body)), 2):
        swapped = list(body)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        slips.add(prefix + "".join(swapped))
    slips.discard(prefix + body)
    slips |= {other + body for other in ("DV", "UD", "EU", "D", "DUU")}

    for slip in slips:
        with pytest.raises(InvalidReference) as refused:
            fine_references.parse(slip)
        assert "check-digit" == refused.value.details["reason"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" - ", "empty"),
        ("7KQ4-M2XA-9TR3", "prefix-missing"),
        ("DU-7KQ4-M2XA", "length"),
        ("DU-7KQ4-M2XA-9TR3-5", "length"),
        ("DUISB-7KQ4-M2XA-9TR3", "length"),
        ("DU-7KQ4-M2XU-9TR3", "symbol"),
        ("DU-7KQ4-M2X!-9TR3", "symbol"),
        ("DU-" + "7" * 1000, "length"),
    ],
)
def test_what_is_no_reference_is_refused(text: str, reason: str) -> None:
    """The reason tells what to look at."""
    with pytest.raises(InvalidReference) as refused:
        fine_references.parse(text)

    assert ("reference-invalid", reason) == (refused.value.code, refused.value.details["reason"])


@pytest.mark.parametrize("prefix", ["", "du", "DUISB", "D1", "TÜ"])
def test_a_prefix_is_capital_letters(prefix: str) -> None:
    """A city can't choose one that people couldn't type."""
    with pytest.raises(ValueError, match="prefix"):
        fine_references.derive(prefix, "example")


def test_references_never_change() -> None:
    """They are on paper: what a row gave once, it gives for ever."""
    (found,) = parse(ROW)

    assert isinstance(found, FineRow)
    assert "DU-MKWT-53VY-46JB" == found.reference


def test_the_table_has_the_rates_before_november_2021() -> None:
    """Spot checks against the ordinance; local codes are left out on purpose."""
    table = offences.load()
    rates = {"113140": 1000, "141312": 1500, "112402": 2000, "112216": 3500, "142278": 3500, "141311": 1500}

    assert rates == {code: table[code].amount_cents for code in rates}
    assert not [code for code in table if code.startswith("9")]
    assert all(offence.texts["de"] and offence.texts["en"] for offence in table.values())


@pytest.mark.parametrize("row", ["14131;1500;a;b;x", "141312;15,00;a;b;x", "141312;0;a;b;x", "141312;1;a;b;x\n141312;1;a;b;x"])  # fmt: skip
def test_a_table_with_a_slip_is_refused(row: str) -> None:
    """A wrong amount would be money."""
    with pytest.raises(ValueError, match="offence"):
        offences.from_lines(["code;amount_cents;text_de;text_en;basis\n", *row.splitlines(keepends=True)])
