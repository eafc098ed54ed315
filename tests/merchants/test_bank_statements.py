"""Reading camt.053: exact, complete, or refused with the reason."""

import contextlib
import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from merchants import bank_statements
from merchants.bank_statements import BankEntry
from tests.merchants.bank_files import ACCOUNT, DAY, Moved, camt

INCOMING = Moved(
    2550,
    end_to_end_id="E-1",
    reference="2026060500017",
    remittance="DC 7K2M 9QXZ Danke & Gruß",
    name="Anna Müller",
    iban="DE89370400440532013000",
)


def entries(content: bytes) -> tuple[BankEntry, ...]:
    """Return the entries of a file with one statement."""
    (statement,) = bank_statements.read(content)
    return statement.entries


@pytest.mark.parametrize("version", ["08", "02"])
def test_an_entry_is_read_whole(version: str) -> None:
    """Both versions give the same entry: amount, days, references, text and the other side."""
    (statement,) = bank_statements.read(camt(INCOMING, Moved(-120, name="Bank"), version=version))

    assert (statement.statement_id, statement.iban) == ("STMT-1", ACCOUNT)
    assert (statement.opening_cents, statement.closing_cents) == (100_000, 102_430)
    first, second = statement.entries
    assert dataclasses.replace(first, key="") == BankEntry(
        key="",
        cents=2550,
        is_credit=True,
        booked_on=DAY,
        valued_on=DAY,
        bank_reference="2026060500017",
        end_to_end_id="E-1",
        remittance="DC 7K2M 9QXZ Danke & Gruß",
        creditor_reference="",
        counterparty_name="Anna Müller",
        counterparty_iban="DE89370400440532013000",
        is_reversal=False,
        return_reason="",
    )
    assert (second.is_credit, second.cents, second.end_to_end_id, second.bank_reference) == (
        False,
        120,
        "",
        "",
    )


def test_a_returned_transfer_names_who_did_not_get_it() -> None:
    """A transfer that comes back is money in, with the reason, and the other side is whom it was meant for."""
    returned = Moved(5000, end_to_end_id="P-1", name="Rheinbad", reversal=True, reason="AC04")

    (entry,) = entries(camt(returned))

    assert (entry.is_credit, entry.is_reversal, entry.return_reason) == (True, True, "AC04")
    assert (entry.counterparty_name, entry.end_to_end_id) == ("Rheinbad", "P-1")


def test_an_entry_of_several_transfers_is_taken_apart() -> None:
    """A sum of transfers gives one entry each if their amounts add up; otherwise the sum stays whole, without id."""
    one = '<TxDtls><Refs><EndToEndId>A</EndToEndId></Refs><Amt Ccy="EUR">1.00</Amt></TxDtls>'
    two = '<TxDtls><Refs><EndToEndId>B</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy="EUR">2.50</Amt></TxAmt></AmtDtls></TxDtls>'
    plain = camt(Moved(-350)).decode()
    details = plain[plain.index("<TxDtls>") : plain.index("</NtryDtls>")]

    parts = entries(plain.replace(details, one + two).encode())
    differing = entries(plain.replace(details, one + two.replace("2.50", "2.40")).encode())

    assert [(part.end_to_end_id, part.cents, part.is_credit) for part in parts] == [
        ("A", 100, False),
        ("B", 250, False),
    ]
    assert [(part.end_to_end_id, part.cents) for part in differing] == [("", 350)]


def test_keys_are_the_same_in_every_file() -> None:
    """The same entry has the same key in an overlapping file; equal entries of one day have different ones."""
    once = entries(camt(INCOMING, Moved(-1), Moved(-1)))
    again = entries(camt(Moved(77), INCOMING, Moved(-1), Moved(-1), Moved(-1), statement_id="OTHER"))

    assert len({entry.key for entry in once}) == 3
    assert {entry.key for entry in once} < {entry.key for entry in again}


@pytest.mark.parametrize(
    ("was", "becomes", "code"),
    [
        ("<Document", "<!DOCTYPE Document [<!ENTITY b 'c'>]><Document", "bank-file-unsafe"),
        ("<Document", "<!DOCTYPE Document SYSTEM 'http://evil.example/a.dtd'><Document", "bank-file-unsafe"),
        ("</Document>", "", "bank-file-not-xml"),
        ('encoding="UTF-8"', 'encoding="klingon"', "bank-file-not-xml"),
        ("camt.053.001.08", "camt.054.001.08", "bank-file-other-format"),
        ("camt.053.001.08", "camt.053.001.99", "bank-file-other-format"),
        ("<Id>STMT-1</Id>", "", "bank-file-incomplete"),
        (f"<IBAN>{ACCOUNT}</IBAN>", "", "bank-file-incomplete"),
        (f"<IBAN>{ACCOUNT}</IBAN>", "<IBAN>DE02100500000024290662</IBAN>", "iban-invalid"),
        ("<Cd>PRCD</Cd>", "<Cd>XXXX</Cd>", "bank-file-incomplete"),
        ("<Cd>CLBD</Cd>", "<Cd>XXXX</Cd>", "bank-file-incomplete"),
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "", "bank-file-incomplete"),
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "<CdtDbtInd>BOTH</CdtDbtInd>", "bank-file-value-invalid"),
        ('<Amt Ccy="EUR">25.50</Amt>', "", "bank-file-incomplete"),
        ('Ccy="EUR"', 'Ccy="USD"', "bank-file-currency"),
        (">25.50<", ">25.501<", "bank-file-value-invalid"),
        (">25.50<", ">-25.50<", "bank-file-value-invalid"),
        (">25.50<", ">25,50<", "bank-file-value-invalid"),
        (">25.50<", ">٢٥.50<", "bank-file-value-invalid"),
        (">25.50<", ">25.51<", "bank-file-balance-wrong"),
        ("<BookgDt><Dt>2026-06-05</Dt></BookgDt>", "", "bank-file-incomplete"),
        ("<BookgDt><Dt>2026-06-05</Dt>", "<BookgDt><Dt>2026-02-30</Dt>", "bank-file-value-invalid"),
        ("Stmt>", "Other>", "bank-file-incomplete"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(was: str, becomes: str, code: str) -> None:
    """A damaged, dangerous, foreign or miscalculated file is refused whole, and says why."""
    sound = camt(INCOMING).decode()
    assert was in sound

    with pytest.raises(Invalid) as refusal:
        bank_statements.read(sound.replace(was, becomes).encode())

    assert refusal.value.code == code


def test_only_what_is_booked_counts() -> None:
    """A pending entry is neither in the balance nor in the list."""
    content = camt(INCOMING, Moved(500)).decode()
    pending = content.replace("BOOK", "PDNG", 1)
    balanced = camt(Moved(500)).decode()
    closing = balanced[balanced.index("<Cd>CLBD") : balanced.index("<Ntry>")]
    wrong = pending[pending.index("<Cd>CLBD") : pending.index("<Ntry>")]

    assert [entry.cents for entry in entries(pending.replace(wrong, closing).encode())] == [500]


def test_a_file_beyond_bounds_is_not_even_parsed() -> None:
    """A file that is too large is refused before anything reads it."""
    with pytest.raises(Invalid, match="bank-file-too-large"):
        bank_statements.read(b" " * (bank_statements.SIZE_MAX + 1))


def test_a_page_of_a_long_statement_has_interim_balances() -> None:
    """Interim balances do where a statement comes in several files."""
    paged = camt(INCOMING).replace(b"PRCD", b"ITBD").replace(b"CLBD", b"ITBD")

    (statement,) = bank_statements.read(paged)

    assert (statement.opening_cents, statement.closing_cents) == (100_000, 102_550)


@given(
    st.lists(st.integers(-(10**9), 10**9).filter(bool), max_size=20),
    st.integers(-(10**9), 10**9),
    st.sampled_from(["08", "02"]),
)
def test_entries_lead_from_opening_to_closing(moves: list[int], opening: int, version: str) -> None:
    """Whatever moved: opening balance plus entries is the closing balance, and every entry has a key of its own."""
    (statement,) = bank_statements.read(
        camt(*(Moved(cents) for cents in moves), opening=opening, version=version)
    )

    signed = [entry.cents if entry.is_credit else -entry.cents for entry in statement.entries]
    assert signed == moves
    assert statement.opening_cents + sum(signed) == statement.closing_cents
    assert len({entry.key for entry in statement.entries}) == len(moves)


@given(st.binary(max_size=300), st.integers(0, 1200), st.integers(0, 60))
def test_noise_never_breaks_the_reader(noise: bytes, at: int, length: int) -> None:
    """A file with bytes overwritten by noise is read or refused, and nothing else happens."""
    sound = camt(INCOMING)
    with contextlib.suppress(Invalid):
        bank_statements.read(sound[:at] + noise + sound[at + length :])


def test_days_may_come_with_a_time() -> None:
    """Booking days given as an instant are read as the day that the bank wrote."""
    timed = camt(INCOMING).replace(
        b"<BookgDt><Dt>2026-06-05</Dt>", b"<BookgDt><DtTm>2026-06-04T23:30:00+02:00</DtTm>"
    )

    assert [entry.booked_on for entry in entries(timed)] == [dt.date(2026, 6, 4)]
