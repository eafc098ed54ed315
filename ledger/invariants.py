"""What must always be true of a city's book, as a list of named checks.

Used by `duiscoin ledger verify`, by the self-audit of the worker and after every step of the model tests.
Each chunk of the book is checked by itself against the accounts' newest transfers before it, so a
verification may begin anywhere, in any number of processes, and takes the same memory however long the book
is. Only the seals need the book from its beginning: the root of a tree is a hash over all of it.
"""

from collections.abc import Callable, Iterator
from typing import Any

from kernel import db
from ledger import book_checks, chunk_checks, log_seals
from ledger.chunks import CHUNK, Chunk, Walk
from ledger.findings import Finding, Progress, Report
from ledger.log_checks import Flaw, SealCheck

__all__ = ["CHECKS", "Finding", "Progress", "Report", "verify"]

SEAL_CHECKS = ("seal-covered", "seal-signed", "seal-root", "cosignature")


def of_flaw(flaw: Flaw) -> Finding:
    """Return what the check of the log found as a finding."""
    return Finding(*flaw)


def _name(check: Callable[..., Iterator[Any]]) -> str:
    return check.__name__.replace("_", "-")


CHECKS = tuple(
    dict.fromkeys(
        (*map(_name, chunk_checks.CHECKS), *SEAL_CHECKS, *map(_name, book_checks.CHECKS)),
    )
)
"""The names of all checks."""


def verify(reading: db.Reading, progress: Progress | None = None, *, resume_from: int = 1) -> Report:
    """Check every invariant of the city's book from the chunk of transfer `resume_from` on.

    In this process and on this one look at the book; `ledger.surveying` does it on all processors.
    """
    newest = book_checks.last_sequence(reading)
    first = begin_of_chunk(resume_from)
    findings: list[Finding] = []
    seals = SealCheck(reading) if first == 1 else None
    for chunk in Walk(reading).chunks(first, newest):
        findings += findings_of(reading, chunk)
        if seals:
            findings += map(of_flaw, seals.add(chunk.commitments()))
        if progress:
            progress(chunk.last, newest)
    if seals:
        findings += map(of_flaw, seals.finish())
    return finished(reading, newest, first, findings)


def begin_of_chunk(sequence: int) -> int:
    """Return the first transfer of the chunk that a transfer is in."""
    return (max(sequence, 1) - 1) // CHUNK * CHUNK + 1


def findings_of(reading: db.Reading, chunk: Chunk) -> Iterator[Finding]:
    """Yield what is wrong with the transfers of a chunk."""
    for check in chunk_checks.CHECKS:
        for sequence, message in check(reading, chunk):
            yield Finding(_name(check), message, sequence)


def finished(reading: db.Reading, newest: int, first: int, findings: list[Finding]) -> Report:
    """Return the report, with what the checks of the whole book find added."""
    book = book_checks.Book(reading, newest)
    for final in book_checks.CHECKS:
        findings += (Finding(_name(final), message) for message in final(book))
    last = log_seals.last(reading)
    if first > 1 and last is not None and last.size > newest:
        message = f"{last.size} transfers were sealed, the book has {newest}"
        findings.append(Finding("seal-covered", message, last.size))
    findings = sorted(dict.fromkeys(findings), key=lambda one: (one.sequence is None, one.sequence or 0))
    return Report(newest, book.accounts, CHECKS, tuple(findings), first)
