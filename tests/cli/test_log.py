"""The log's commands: sealing, receipts that are checked anywhere, witnesses."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.db import Database, Work
from ledger import posting, transfers, wallets
from tests.cli.test_commands import DATA, Shell, city, shell
from tests.fixtures import witness as real

__all__ = ["city", "shell"]


@pytest.fixture
def transfer_id(city: Shell, database: Database) -> str:
    """Book something and return its id."""

    def command(work: Work) -> str:
        lot = wallets.open_lot(work, "anna", dt.date(2028, 12, 31))
        gifts = [
            transfers.post(
                work.ids.uuid(), "issued", lot, 5, effective=work.now.date(), purpose="gift", subject="thanks"
            )
            for _ in range(3)
        ]
        posting.post_or_raise(work, gifts)
        return str(gifts[1].transfer_id)

    return database.run(1, command)


@pytest.fixture
def booked(city: Shell, transfer_id: str) -> Shell:
    """Give a city in which something was booked."""
    return city


def test_nothing_to_seal(city: Shell) -> None:
    """A new city has nothing to seal, and that is said; there is no key to check a receipt with."""
    assert "nothing is booked yet" in city("ledger", "checkpoint").output
    assert {"size": 0} == city.json("ledger", "checkpoint")
    assert "verifier-key-invalid" in city("ledger", "check-proof", str(DATA / "fines.csv"), code=2).output


def test_a_receipt_is_made_and_checked(booked: Shell, transfer_id: str, tmp_path: Path) -> None:
    """A receipt is written to a file or printed, and checked with the key alone, without any database."""
    assert "transfer-not-sealed" in str(booked("ledger", "prove", transfer_id, code=1).exception)
    sealed = booked.json("ledger", "checkpoint")
    file = tmp_path / "mine.tlog-proof"

    booked("ledger", "prove", transfer_id, "--out", str(file))
    assert file.read_text() == booked("ledger", "prove", transfer_id).stdout
    anywhere = Shell({"DUISCOIN_DATABASE_URL": "", "DUISCOIN_SECRET_KEY": ""})
    told = anywhere("ledger", "check-proof", str(file), "--key", sealed["key"]).stdout
    data = anywhere.json("ledger", "check-proof", str(file), "--key", sealed["key"])

    assert told.startswith("PROVEN: 5 points moved from issued to wallet/anna/2028-12-31.")
    assert "Purpose: gift (thanks)" in told
    assert f"Transfer {transfer_id}" in told
    assert (True, transfer_id, sealed["size"]) == (data["ok"], data["transfer"]["transfer_id"], data["size"])
    assert "salt" not in data["transfer"]
    assert told == booked("ledger", "check-proof", str(file)).stdout


def test_a_wrong_receipt_is_refused(booked: Shell, transfer_id: str, tmp_path: Path) -> None:
    """Exit code 1 for a receipt that proves nothing, 2 for what can't be read; the reason is said."""
    sealed = booked.json("ledger", "checkpoint")
    file = tmp_path / "mine.tlog-proof"
    booked("ledger", "prove", transfer_id, "--out", str(file))
    good = file.read_text()
    key = ("--key", sealed["key"])

    file.write_text(good.replace("index ", "index 1"))
    assert "proof-not-included" in booked("ledger", "check-proof", str(file), *key, code=1).output
    failed = json.loads(booked("ledger", "check-proof", str(file), *key, "--json", code=1).stdout)
    assert (False, "proof-not-included") == (failed["ok"], failed["code"])
    file.write_text("hello")
    assert "proof-unreadable" in booked("ledger", "check-proof", str(file), *key, code=2).output
    file.write_text(good)
    other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert "proof-of-other-log" in booked("ledger", "check-proof", str(file), "--key", other, code=1).output
    assert "Not readable" in booked("ledger", "check-proof", str(file), "--key", "nonsense", code=2).output
    assert "Not readable" in booked("ledger", "check-proof", str(tmp_path / "none"), *key, code=2).output
    unconfirmed = booked("ledger", "check-proof", str(file), *key, "--witness", other, code=1).output
    assert "proof-unconfirmed" in unconfirmed


def test_the_whole_log_is_checked(booked: Shell, database: Database, tmp_path: Path) -> None:
    """A whole log is told as such; a file that is not what the book leads to is named, with exit code 1."""
    assert booked.json("ledger", "check-log") == {"ok": True, "flaws": []}
    booked("ledger", "checkpoint")
    assert "the log is whole" in booked("ledger", "check-log").output
    (tmp_path / "duisburg" / "log" / "checkpoint").write_text("garbage")
    assert "checkpoint at -: " in booked("ledger", "check-log", code=1).output
    failed = json.loads(booked("ledger", "check-log", "--json", code=1).stdout)
    assert ["checkpoint"] == [one["check"] for one in failed["flaws"]]


@pytest.fixture
def witness() -> Iterator[real.Witness]:
    """Give a running witness of this log."""
    with real.running(real.Witness(origin="localhost:8000/log/duisburg")) as running:
        yield running


def test_witnesses(booked: Shell, witness: real.Witness) -> None:
    """Witnesses are added, asked when sealing, listed with what they confirmed, and removed."""
    assert "No witness yet" in booked("ledger", "witness", "list").output
    booked("ledger", "witness", "add", real.NAME, witness.url, witness.public_key.hex())

    sealed = booked.json("ledger", "checkpoint")
    (listed,) = booked.json("ledger", "witness", "list")

    assert [real.NAME] == sealed["confirmed_by"]
    assert (sealed["size"], None) == (listed["size"], listed["last_error"])
    assert f"Confirmed by: {real.NAME}" in booked("ledger", "checkpoint").output
    witness.misbehave = lambda _: (404, "text/plain", b"")
    booked("ledger", "checkpoint")
    assert "FAILED: witness-log-unknown" in booked("ledger", "witness", "list").output
    booked("ledger", "witness", "remove", real.NAME)
    assert [] == booked.json("ledger", "witness", "list")
