"""A register of fines and fees in two CSV files, for cities without their own and for the demonstration.

`fines.csv` is replaced as a whole when fines are added; `payments.csv` only grows. Both are on disk before a
call returns, and several processes may use one directory. POSIX only (flock).
"""

import contextlib
import csv
import datetime as dt
import fcntl
import io
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from redemption.fee_files import FeeRow
from redemption.fine_files import FineRow
from redemption.fines import DueKind, Fine, FineAlreadyPaid, FineAmountDiffers, FineNotFound, FinePayment

_FINES_HEADER: Final = ("reference", "amount_cents", "committed_at", "place", "offences", "kind", "title")
_PAYMENTS_HEADER: Final = ("payment_id", "reference", "amount_cents", "paid_at")

_Stamp = tuple[int, int, int]
"""Inode, time and size of a file: what changes when it does."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of fines that were to be added."""

    added: int
    known: int
    conflicting: tuple[str, ...]
    """References that the register has for another fine; those were left out."""


@dataclass(frozen=True, slots=True)
class _Content:
    fines: Mapping[str, Fine]
    payments: Mapping[str, FinePayment]
    stamps: tuple[_Stamp | None, _Stamp | None]


def from_row(row: FineRow) -> Fine:
    """Return the fine of a row that a city published."""
    return Fine(row.reference, row.amount_cents, row.committed_at, row.place, row.offence_codes)


def from_fee(row: FeeRow) -> Fine:
    """Return the fee of a row of the city's list."""
    return Fine(
        row.reference, row.amount_cents, row.due_since, row.place, (), kind=DueKind.FEE, title=row.title
    )


class FileFineRegister:
    """A `FineRegister` that keeps its files in `directory`, which is made if it is missing."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._fines = directory / "fines.csv"
        self._payments = directory / "payments.csv"
        self._lock_path = directory / "lock"
        self._loading = threading.Lock()
        self._content: _Content | None = None

    def find(self, reference: str) -> Fine | None:
        """Return the fine of a reference as `fine_references.parse` writes it, or None."""
        content = self._read()
        fine = content.fines.get(reference)
        return fine and replace(fine, is_paid=reference in content.payments)

    def add(self, fines: Iterable[Fine]) -> Added:
        """Add fines; those that are known already stay as they are."""
        with self._exclusive():
            merged = dict(self._read().fines)
            added = known = 0
            conflicting: list[str] = []
            for fine in fines:
                there = merged.setdefault(fine.reference, fine)
                if there is fine:
                    added += 1
                elif there == fine:
                    known += 1
                else:
                    conflicting.append(fine.reference)
            if added:
                self._replace_fines(merged.values())
        return Added(added, known, tuple(conflicting))

    def report_payment(self, payment: FinePayment) -> None:
        """Note a payment; the same again changes nothing.

        Raises FineNotFound, FineAmountDiffers, FineAlreadyPaid.
        """
        with self._exclusive():
            content = self._read()
            earlier = content.payments.get(payment.reference)
            if earlier == payment:
                return
            if earlier is not None:
                raise FineAlreadyPaid(reference=payment.reference)
            fine = content.fines.get(payment.reference)
            if fine is None:
                raise FineNotFound(reference=payment.reference)
            if fine.amount_cents != payment.amount_cents:
                raise FineAmountDiffers(
                    reference=payment.reference, due=fine.amount_cents, paid=payment.amount_cents
                )
            self._append_payment(payment)

    def payments(self) -> list[FinePayment]:
        """Return the payments that were reported."""
        return list(self._read().payments.values())

    def __len__(self) -> int:
        return len(self._read().fines)

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Let one process and thread write at a time."""
        with self._lock_path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> _Content:
        with self._loading:
            # Stamps first: what is written while we read is then read again the next time.
            stamps = (_stamp(self._fines), _stamp(self._payments))
            if self._content is None or self._content.stamps != stamps:
                fines = {fine.reference: fine for fine in map(_fine, _rows(self._fines))}
                payments = {paid.reference: paid for paid in map(_payment, _rows(self._payments))}
                self._content = _Content(fines, payments, stamps)
            return self._content

    def _replace_fines(self, fines: Iterable[Fine]) -> None:
        rows = (
            (
                fine.reference, fine.amount_cents, fine.committed_at.isoformat(), fine.place,
                " ".join(fine.offences), fine.kind.value, fine.title,
            )
            for fine in fines
        )  # fmt: skip
        fresh = self._fines.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(_lines(_FINES_HEADER, *rows))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._fines)
        self._sync_directory()

    def _append_payment(self, payment: FinePayment) -> None:
        row = (
            payment.payment_id,
            payment.reference,
            payment.amount_cents,
            payment.paid_at.isoformat(),
        )
        with self._payments.open("a+b") as file:
            # A line that a crash cut short was never confirmed to anybody.
            whole = _whole_lines(self._payments)
            file.truncate(len(whole))
            file.write(_lines(row) if whole else _lines(_PAYMENTS_HEADER, row))
            file.flush()
            os.fsync(file.fileno())
        self._sync_directory()

    def _sync_directory(self) -> None:
        descriptor = os.open(self._fines.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _whole_lines(path: Path) -> bytes:
    """Return the content up to the last line end; nothing if there is no file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b""
    return content[: content.rfind(b"\n") + 1]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(_whole_lines(path).decode(), newline=""), delimiter=";", strict=True)


def _lines(*rows: Iterable[object]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _fine(row: Mapping[str, str]) -> Fine:
    return Fine(
        row["reference"],
        int(row["amount_cents"]),
        dt.datetime.fromisoformat(row["committed_at"]),
        row["place"],
        tuple(row["offences"].split()),
        # Files of before fees came have neither.
        kind=DueKind(row.get("kind") or DueKind.FINE),
        title=row.get("title") or "",
    )


def _payment(row: Mapping[str, str]) -> FinePayment:
    return FinePayment(
        int(row["payment_id"]),
        row["reference"],
        int(row["amount_cents"]),
        dt.datetime.fromisoformat(row["paid_at"]),
    )
