"""Archives on the command line."""

from pathlib import Path

from tests.cli.test_commands import Shell, city, shell
from tests.cli.test_log import booked, transfer_id

__all__ = ["booked", "city", "shell", "transfer_id"]


def test_an_archive_is_written_and_checked_anywhere(booked: Shell, tmp_path: Path) -> None:
    """What is sealed goes into a file, once, and the file is checked without the database, by the key too."""
    sealed = booked.json("ledger", "checkpoint")
    file = tmp_path / "archive.gz"

    assert "3 transfers" in booked("ledger", "archive", "--out", str(file)).output
    assert "whole, in order" in booked("ledger", "check-archive", str(file)).output
    assert "signed" in booked("ledger", "check-archive", str(file), "--key", sealed["key"]).output
    assert "archive-exists" in str(booked("ledger", "archive", "--out", str(file), code=1).exception)
    file.write_bytes(file.read_bytes()[:-20])
    assert "archive-malformed" in booked("ledger", "check-archive", str(file), code=1).output


def test_an_archive_needs_a_seal_and_one_target(booked: Shell, tmp_path: Path) -> None:
    """Without a seal there is nothing to archive; a file and a tablespace at once is too much, neither too little."""
    file = str(tmp_path / "archive.gz")

    assert "archive-not-sealed" in str(booked("ledger", "archive", "--out", file, code=1).exception)
    assert "archive-needs-one-target" in str(booked("ledger", "archive", code=1).exception)
    both = booked("ledger", "archive", "--out", file, "--tablespace", "cheap", code=1)
    assert "archive-needs-one-target" in str(both.exception)
