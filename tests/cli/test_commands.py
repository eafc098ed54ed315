"""Every command: what it does, what it prints, and how it refuses."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli.main import app
from kernel.db import Database

DATA = Path(__file__).parents[1] / "data"


class Shell:
    """Runs commands against one database."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def __call__(self, *words: str, code: int = 0) -> Result:
        """Run a command and expect its exit code."""
        result = CliRunner().invoke(app, list(words), env=self.environment)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    def json(self, *words: str) -> Any:
        """Run a command with --json and return what it printed."""
        return json.loads(self(*words, "--json").stdout)


@pytest.fixture
def shell(database: Database, tmp_path: Path) -> Shell:
    """Give a shell on an empty, migrated database."""
    return Shell(
        {
            "DUISCOIN_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
            "DUISCOIN_SECRET_KEY": "command-line-tests-0123456789abcdef",
            "DUISCOIN_DATA_DIRECTORY": str(tmp_path),
        }
    )


@pytest.fixture
def city(shell: Shell) -> Shell:
    """Give a shell with one city."""
    shell("city", "create", "duisburg", "Duisburg", "--admin-email", "admin@duisburg.example")
    return shell


def test_cities(city: Shell) -> None:
    """A city is founded with accounts and a key; a second one has books of its own; a name is taken once."""
    city("city", "create", "moers", "Moers", "--host", "moers.test")

    assert ["duisburg", "moers"] == [one["slug"] for one in city.json("city", "list")]
    assert city.json("ledger", "verify", "--city", "moers")["ok"] is True
    assert "Say which city" in city("ledger", "verify", code=2).output
    assert "city-exists" in str(city("city", "create", "moers", "Moers", code=1).exception)


def test_missing_settings_are_named(shell: Shell) -> None:
    """Without settings the command says which are missing and where to read about them."""
    del shell.environment["DUISCOIN_SECRET_KEY"]
    shell.environment["DUISCOIN_SECRET_KEY"] = "short"

    output = shell("city", "list", code=2).output

    assert "DUISCOIN_SECRET_KEY" in output
    assert "docs/operations.md" in output


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_old_schema_is_refused(shell: Shell, tmp_path: Path) -> None:
    """A database that is not migrated is named as such; `db upgrade` mends it."""
    shell.environment["DUISCOIN_DATABASE_URL"] = f"sqlite:///{tmp_path / 'new.db'}"

    assert "duiscoin db upgrade" in shell("city", "list", code=2).output
    shell("db", "upgrade")
    assert shell.json("city", "list") == []


def test_reports_end_as_award_review_or_refusal(city: Shell) -> None:
    """Each entry of a real file ends exactly once; importing again awards nothing."""
    arguments = ("import", "reports", str(DATA / "reports.json"), "--reporters", "4")
    entries = len(json.loads((DATA / "reports.json").read_text()))

    first = [json.loads(line) for line in city(*arguments, "--json").stdout.splitlines()]
    before = city.json("ledger", "verify")
    again = [json.loads(line) for line in city(*arguments, "--json").stdout.splitlines()]
    after = city.json("ledger", "verify")

    assert entries == len(first) == len(again)
    assert {one["ending"] for one in first} <= {"award", "review", "refused"}
    assert [one["request_id"] for one in first] == [one["request_id"] for one in again]
    assert sum(one["points"] for one in again) == 0
    assert before["transfers"] == after["transfers"]


def test_fines_are_added_once(city: Shell) -> None:
    """Rows with known codes are added, others are reported and skipped; importing again adds nothing."""
    arguments = ("import", "fines", str(DATA / "fines.csv"))
    rows = len((DATA / "fines.csv").read_bytes().splitlines()) - 1

    first, again = city.json(*arguments), city.json(*arguments)

    assert rows == first["added"] + len(first["refused"])
    assert {"unknown-offence"} == {one["reason"] for one in first["refused"]}
    assert (0, first["added"]) == (again["added"], again["known"])


def test_a_wrong_file_is_refused(city: Shell, tmp_path: Path) -> None:
    """A file that is no JSON or no CSV of fines is refused whole."""
    wrong = tmp_path / "wrong"
    wrong.write_text("{nonsense")

    assert "file-not-json" in str(city("import", "reports", str(wrong), code=1).exception)
    assert city("import", "fines", str(wrong), code=1).exception is not None


def test_settling_nothing(city: Shell) -> None:
    """Without venues there is nothing to settle, and that is said."""
    assert "Nothing to settle." in city("settle").output


def test_keys_rotate(city: Shell) -> None:
    """A new key takes over; the one before stays to verify."""
    city("keys", "rotate")

    listed = city("keys", "list").stdout.splitlines()

    assert [False, True] == ["active" in line for line in listed]


def test_status(city: Shell) -> None:
    """The status says of each city what `/status.json` says, and whether the audit log is whole."""
    status = city.json("status")

    assert [("duisburg", 0, "never-verified", None)] == [
        (
            one["city"],
            one["book"]["sequence"],
            one["verification"]["judged"]["code"],
            one["audit_log_broken_at"],
        )
        for one in status
    ]
    assert "duisburg: amber, 0 transfers" in city("status").stdout


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_models_and_migrations_agree(shell: Shell) -> None:
    """`db check` finds no difference."""
    assert "agree" in shell("db", "check").output


def test_the_book_is_exported(city: Shell, tmp_path: Path) -> None:
    """An export goes to standard output or, complete or not at all, to a file; wrong days are refused."""
    out = tmp_path / "book.journal"

    printed = city("ledger", "export", "--format", "hledger").stdout
    city("ledger", "export", "--format", "hledger", "--out", str(out))

    assert printed.startswith("; Duisburg: whole book\ncommodity 1. DUC\n")
    assert printed == out.read_text(encoding="utf-8")
    wrong = ("ledger", "export", "--format", "csv", "--from", "2026-05-02", "--to", "2026-05-01")
    assert "range-empty" in str(city(*wrong, "--out", str(tmp_path / "no"), code=1).exception)
    assert [out] == list(tmp_path.glob("book*"))
    assert [] == list(tmp_path.glob("no*"))


def test_periods_are_closed(city: Shell) -> None:
    """Closing asks first; what is closed is listed; a day that is not past is refused."""
    assert [] == city.json("ledger", "periods")
    asked = city("ledger", "close-period", "2026-04-30", code=1)
    city("ledger", "close-period", "2026-04-30", "--yes")

    assert "can't be undone" in asked.output
    assert "until 2026-04-30" in city("ledger", "periods").stdout
    assert [("2026-04-30", "command-line", 0)] == [
        (one["closed_until"], one["closed_by"], one["sequence"]) for one in city.json("ledger", "periods")
    ]
    refused = city("ledger", "close-period", "2999-01-01", "--yes", code=1)
    assert "period-not-closable" in str(refused.exception)


def test_the_supply_is_shown(city: Shell) -> None:
    """The supply now has a line of sums; a month that is not over is refused."""
    shown = city("ledger", "supply").stdout.splitlines()

    assert shown[0] == "Duisburg, points now, up to transfer 0"
    assert [word.strip() for word in shown[-1].split()] == ["total", *["0"] * 7]
    assert ["total"] == [line["campaign"] for line in city.json("ledger", "supply")["lines"]]
    refused = city("ledger", "supply", "--month", "2026-04", code=1)
    assert "month-not-stated" in str(refused.exception)


def test_fees_are_added_once(city: Shell, tmp_path: Path) -> None:
    """Importing again adds nothing; a mistyped row is named by its line."""
    file = tmp_path / "fees.csv"
    file.write_text(
        "kassenzeichen;datum;betrag;bezeichnung;ort\n5040.1;2026-09-01;30,70;Ausweis;\n5040.2;2026-09-01;;Ausweis;\n"
    )
    first, again = (city.json("import", "fees", str(file)) for _ in range(2))

    assert (1, 0, 0, 1) == (first["added"], first["known"], again["added"], again["known"])
    assert [(3, "amount-invalid")] == [(one["line"], one["reason"]) for one in first["refused"]]


def test_reconcile(city: Shell) -> None:
    """A fresh city agrees with everything; the meter is among the figures."""
    told = city.json("reconcile")

    assert [] == told["differences"]
    assert told["compared"]
    assert {"venues", "city"} == {one["network"] for one in told["volumes"]}
    assert city("reconcile").stdout
