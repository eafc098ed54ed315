"""The exports are loaded by the real tools, which must give the ledger's own figures, account by account."""

import csv
import datetime as dt
import io
import json
import os
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID

import pytest
from beancount import loader
from beancount.core import data as directives
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.db import Database
from kernel.errors import Invalid
from ledger import exporting, journals, queries
from ledger.journals import Entry, Figure, Form, Side
from ledger.transfers import TransferKind
from tests.ledger.desk import DAY, Desk
from tests.ledger.histories import History

Figures = dict[tuple[str, str, str], int]
"""Path, side and asset -> amount, debits positive; zeros left out."""


def hledger(*words: str) -> str:
    """Run hledger and return what it prints; it must be there and must not warn."""
    command = shutil.which("hledger")
    assert command, "these tests load the export with hledger: install Debian's package `hledger`"
    run = subprocess.run(
        [command, *words], capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C.UTF-8"}
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def export(
    database: Database, city_id: int, form: Form, first: dt.date | None = None, last: dt.date | None = None
) -> str:
    """Return the export of a book."""
    with database.reading(city_id) as reading:
        return "".join(exporting.export(reading, form, "Test", first=first, last=last))


def figures_of_ledger(database: Database, city_id: int) -> Figures:
    """Return what the ledger itself says stands on its accounts."""
    result: Figures = {}
    with database.reading(city_id) as reading:
        for account, left in queries.trial_balance(reading):
            result[account.path, "POSTED", account.asset] = -left.posted
            result[account.path, "DEBITS_PENDING", account.asset] = left.debits_pending
            result[account.path, "CREDITS_PENDING", account.asset] = -left.credits_pending
    return {place: amount for place, amount in result.items() if amount}


def figures_of_hledger(journal: Path) -> Figures:
    """Let hledger check the journal strictly and return its balances, with and without what is reserved."""
    hledger("-f", str(journal), "check", "--strict")
    result: Figures = {}
    for status in ("--cleared", "--pending"):
        words = ("balance", status, "--flat", "--no-total", "-O", "csv", "--layout=bare")
        rows = list(csv.reader(io.StringIO(hledger("-f", str(journal), *words))))
        for name, symbol, amount in rows[1:]:
            place = _place(name, symbol)
            assert (status == "--cleared") == (place[1] == "POSTED"), name
            result[place] = _whole(Decimal(amount), symbol)
    return {place: amount for place, amount in result.items() if amount}


def figures_of_beancount(ledger: Path) -> Figures:
    """Let Beancount load the ledger without an error and return the sums of its postings."""
    entries, errors, _ = loader.load_file(str(ledger))
    assert [] == errors
    result: Figures = defaultdict(int)
    for entry in entries:
        for posting in entry.postings if isinstance(entry, directives.Transaction) else ():
            assert posting.units is not None
            number, symbol = posting.units
            assert number is not None
            result[_place(posting.account, symbol)] += _whole(number, symbol)
    return {place: amount for place, amount in result.items() if amount}


def figures_of_csv(text: str) -> Figures:
    """Add up a table as a spreadsheet would."""
    result: Figures = defaultdict(int)
    for row in csv.DictReader(io.StringIO(text, newline="")):
        for side, sign in (("debit", 1), ("credit", -1)):
            result[row[side], "POSTED", row["asset"]] += sign * int(row["posted"])
            result[row[side], f"{side.upper()}S_PENDING", row["asset"]] += sign * int(row["reserved"])
    return {place: amount for place, amount in result.items() if amount}


def _place(name: str, symbol: str) -> tuple[str, str, str]:
    path, side = journals.path_of(name)
    return path, side.name, journals.asset_of(symbol)


def _whole(amount: Decimal, symbol: str) -> int:
    units = amount * 100 if symbol == "EUR" else amount
    assert units == int(units)
    return int(units)


@pytest.fixture(params=[1, 2])
def history(request: pytest.FixtureRequest, database: Database, city_id: int, clock: FixedClock) -> History:
    """Give a city with a random past, some of whose reservations are over but not released yet."""
    lived = History(database, city_id, clock, request.param)
    lived.live(120)
    clock.advance(dt.timedelta(hours=2))
    return lived


def test_the_tools_give_the_figures_of_the_ledger(history: History, tmp_path: Path) -> None:
    """The tools (hledger with all checks) load the book without a word and give each account the same balance and
    the same reservations as the ledger; the CSV adds up to them, too.
    """
    expected = figures_of_ledger(history.database, history.city_id)
    journal, ledger = tmp_path / "book.journal", tmp_path / "book.beancount"
    journal.write_text(export(history.database, history.city_id, Form.HLEDGER), encoding="utf-8")
    ledger.write_text(export(history.database, history.city_id, Form.BEANCOUNT), encoding="utf-8")
    table = export(history.database, history.city_id, Form.CSV)

    assert {side for _, side, _ in expected} == {side.name for side in Side}
    assert expected == figures_of_hledger(journal)
    assert expected == figures_of_beancount(ledger)
    assert expected == figures_of_csv(table)


def test_a_part_begins_with_what_stood_there(history: History, tmp_path: Path) -> None:
    """An export of some days opens with the balances of the day before and closes with those of its last day."""
    first, last = DAY + dt.timedelta(days=5), DAY + dt.timedelta(days=40)
    whole = export(history.database, history.city_id, Form.CSV)
    rows = list(csv.DictReader(io.StringIO(whole, newline="")))
    expected = figures_of_csv(_table([row for row in rows if row["effective"] <= last.isoformat()]))
    journal, ledger = tmp_path / "part.journal", tmp_path / "part.beancount"
    journal.write_text(export(history.database, history.city_id, Form.HLEDGER, first, last), encoding="utf-8")
    ledger.write_text(
        export(history.database, history.city_id, Form.BEANCOUNT, first, last), encoding="utf-8"
    )

    within = [row for row in rows if first.isoformat() <= row["effective"] <= last.isoformat()]
    assert within == list(
        csv.DictReader(
            io.StringIO(export(history.database, history.city_id, Form.CSV, first, last), newline="")
        )
    )
    opening = {("OpeningBalances", "POSTED")}
    for found in (figures_of_hledger(journal), figures_of_beancount(ledger)):
        assert expected == {k: v for k, v in found.items() if (k[0], k[1]) not in opening}


def _table(rows: list[dict[str, str]]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, journals.CSV_COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def test_texts_come_back(history: History, tmp_path: Path) -> None:
    """Numbers, purposes, subjects and instants are read back by the tools as they were booked."""
    rows = list(csv.DictReader(io.StringIO(export(history.database, history.city_id, Form.CSV), newline="")))
    journal, ledger = tmp_path / "book.journal", tmp_path / "book.beancount"
    journal.write_text(export(history.database, history.city_id, Form.HLEDGER), encoding="utf-8")
    ledger.write_text(export(history.database, history.city_id, Form.BEANCOUNT), encoding="utf-8")
    booked = {row["sequence"]: row for row in rows if row["sequence"]}
    words = ("print", "-O", "json")
    told = {one["tcode"]: one for one in json.loads(hledger("-f", str(journal), *words)) if one["tcode"]}
    entries, _, _ = loader.load_file(str(ledger))
    transactions = [one for one in entries if isinstance(one, directives.Transaction)]
    kept = {str(one.meta["sequence"]): one for one in transactions if "sequence" in one.meta}

    assert booked.keys() == told.keys() == kept.keys()
    for number, row in booked.items():
        tags = dict(told[number]["ttags"])
        meta = kept[number].meta
        assert (
            row["purpose"] == unquote(told[number]["tdescription"]) == unquote(kept[number].narration or "")
        )
        assert row["effective"] == told[number]["tdate"] == kept[number].date.isoformat()
        assert row["booked_at"][:10] == told[number]["tdate2"]
        for column, tag in (
            ("subject", "subject"), ("transfer_id", "transfer"), ("refers_to", "refers-to"), ("kind", "kind"),
            ("group_id", "group"), ("booked_at", "booked"), ("expires_at", "expires"),
        ):  # fmt: skip
            assert row[column] == unquote(tags.get(tag, "")) == unquote(meta.get(tag, "")), (number, tag)


def test_a_wrong_balance_is_told_by_the_tools(desk: Desk, tmp_path: Path) -> None:
    """The figures at the end are asserted: a booking that is taken out of the file is noticed by both tools."""
    desk.fund(50)
    desk.post(desk.move(20), desk.hold(10))
    command = shutil.which("hledger") or "hledger"
    for form in (Form.HLEDGER, Form.BEANCOUNT):
        pieces = export(desk.database, desk.city_id, form).split("\n\n")
        broken = [piece for piece in pieces if "(2)" not in piece and "sequence: 2\n" not in piece]
        assert len(broken) == len(pieces) - 1
        (tmp_path / form).write_text("\n\n".join(broken), encoding="utf-8")

    run = subprocess.run(
        [command, "-f", str(tmp_path / "hledger"), "check"], capture_output=True, check=False
    )
    _, errors, _ = loader.load_file(str(tmp_path / "beancount"))
    assert run.returncode != 0
    assert b"balance assertion" in run.stderr
    assert any("Balance failed" in error.message for error in errors)


@pytest.mark.parametrize("form", Form)
def test_an_empty_book_can_be_exported(desk: Desk, form: Form, tmp_path: Path) -> None:
    """A book without transfers gives a file that loads; days in the wrong order are refused."""
    text = export(desk.database, desk.city_id, form)
    path = tmp_path / "empty"
    path.write_text(text, encoding="utf-8")

    if form is Form.HLEDGER:
        assert {} == figures_of_hledger(path)
    if form is Form.BEANCOUNT:
        assert {} == figures_of_beancount(path)
    if form is Form.CSV:
        assert ",".join(journals.CSV_COLUMNS) + "\r\n" == text
    with pytest.raises(Invalid, match="range-empty"):
        export(desk.database, desk.city_id, form, DAY, DAY - dt.timedelta(days=1))


_parts = st.from_regex(r"[a-z0-9][a-z0-9.-]*", fullmatch=True)
_paths = st.lists(_parts, min_size=1, max_size=4).map("/".join)
_assets = st.one_of(st.sampled_from(["DUC", "EUR"]), st.from_regex(r"PLC:[a-z0-9-]{1,36}", fullmatch=True))


@given(_paths, st.sampled_from(Side))
def test_account_names_can_be_read_back(path: str, side: Side) -> None:
    """No two accounts, and no account and its reservations, share a name in the journal."""
    assert (path, side) == journals.path_of(journals.account_name(path, side))


@given(_assets, st.integers(-(2**62), 2**62))
def test_assets_and_amounts_can_be_read_back(asset: str, amount: int) -> None:
    """No two assets share a commodity; amounts are exact."""
    units = Decimal(journals.quantity(amount, asset)) * (100 if asset == "EUR" else 1)

    assert asset == journals.asset_of(journals.commodity(asset))
    assert amount == units


@pytest.mark.parametrize("form", [Form.HLEDGER, Form.BEANCOUNT])
def test_every_name_is_legal_in_the_tools(tmp_path: Path, form: Form) -> None:
    """Paths, assets and texts of every form that the ledger takes are read by both tools."""
    paths = ("a", "9/8.7/x-", "x.y/z--/0.", "wallet/a-.b/2028-12-31", "xx/x/x", "issued/7")
    assets = ("PLC:-", "PLC:0-", "PLC:e", "PLC:" + "9" * 36, "PLC:a-e", "EUR")
    texts = [chr(code) for code in (*range(1, 0x250), 0x2028, 0x2029, 0x3000, 0xFEFF, 0x1F600)]
    texts += [f"a{text}b:" for text in texts]
    texts += ["", "()", "(a)", "! b", "* c", "=1", "date:x", "date2:2026-01-01", "  "]
    journal = journals.JOURNALS[form]
    names = [journals.account_name(path) for path in (*paths, *(f"{path}/b" for path in paths))]
    declaration = "account {}\n" if form is Form.HLEDGER else f"{DAY} open {{}}\n"
    figures = [
        Figure("t/x", Side.POSTED, "DUC", len(texts), DAY),
        Figure("t/y", Side.POSTED, "DUC", -len(texts), DAY),
    ]
    pieces = [journal.head("Tïtle\n", ["DUC", *assets]), *(declaration.format(name) for name in names)]
    pieces += [journal.entry(_entry("t/x", "t/y", "DUC", text)) for text in texts]
    pieces += [journal.entry(_entry(path, f"{path}/b", asset, "")) for path in paths for asset in assets]
    pieces += journal.closing(DAY, figures)
    (tmp_path / form).write_text("".join(pieces), encoding="utf-8")
    found = (figures_of_hledger if form is Form.HLEDGER else figures_of_beancount)(tmp_path / form)

    assert len(texts) == found["t/x", "POSTED", "DUC"]
    assert {(path, "POSTED", asset) for path in paths for asset in assets} <= found.keys()


def _entry(debit: str, credit: str, asset: str, text: str) -> Entry:
    return Entry(
        sequence=1,
        transfer_id=UUID(int=7),
        kind=TransferKind.POST,
        refers_to=None,
        group_id=None,
        debit=debit,
        credit=credit,
        asset=asset,
        amount=1,
        moved=1,
        reserved=0,
        purpose=text,
        subject=text,
        effective=DAY,
        booked_at=dt.datetime(2026, 5, 4, 7, 30, tzinfo=dt.UTC),
        expires_at=None,
    )
