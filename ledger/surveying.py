"""Verifying a long book on all processors: stretches of it are checked by processes of their own.

What is booked never changes, so the processes need no common look at the book; each chunk is read in a short
transaction of its own.
"""

import concurrent.futures
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from typing import Any

from kernel import db
from ledger import book_checks, invariants, log_seals
from ledger.chunks import CHUNK, Walk, commitments_of
from ledger.findings import Finding, Progress, Report
from ledger.log_checks import SealCheck

STRETCH_MAX = 32 * CHUNK
"""Most transfers that a process takes at a time."""
_STRETCHES_PER_PROCESS = 2
_PROGRESS_SECONDS = 0.5

Stretch = tuple[int, int]


def verify(
    database: db.Database,
    city_id: int,
    progress: Progress | None = None,
    *,
    resume_from: int = 1,
    processes: int | None = None,
) -> Report:
    """Check every invariant of a city's book; `processes` defaults to the number of processors.

    A short book is checked in this process.
    """
    with database.reading(city_id) as reading:
        newest = book_checks.last_sequence(reading)
    first = invariants.begin_of_chunk(resume_from)
    wanted = processes or os.cpu_count() or 1
    stretches = _stretches(first, newest, wanted)
    if wanted == 1 or len(stretches) <= 1:
        findings = _seals(database, city_id, newest) if first == 1 else []
        for stretch in stretches:
            for one in _walk(database, city_id, stretch):
                findings += one[1]
                if progress:
                    progress(one[0], newest)
    else:
        findings = _shared(database, city_id, stretches, wanted, progress)
    with database.reading(city_id) as reading:
        return invariants.finished(reading, newest, first, findings)


def _stretches(first: int, newest: int, processes: int) -> list[Stretch]:
    chunks = -(-(newest - first + 1) // CHUNK)
    length = min(max(-(-chunks // (processes * _STRETCHES_PER_PROCESS)), 1) * CHUNK, STRETCH_MAX)
    return [(start, min(start + length - 1, newest)) for start in range(first, newest + 1, length)]


def _walk(database: db.Database, city_id: int, stretch: Stretch) -> Iterator[tuple[int, list[Finding]]]:
    """Yield the last transfer of each chunk of a stretch with what was found in it."""
    walk: Walk | None = None
    first, last = stretch
    for start in range(first, last + 1, CHUNK):
        with database.reading(city_id) as reading:
            walk = Walk(reading) if walk is None else replace(walk, reading=reading)
            for chunk in walk.chunks(start, min(start + CHUNK - 1, last)):
                yield chunk.last, list(invariants.findings_of(reading, chunk))


def _seals(database: db.Database, city_id: int, newest: int) -> list[Finding]:
    """Compare the seals with the book from its beginning; nothing to do if nothing was sealed."""
    with database.reading(city_id) as reading:
        if log_seals.last(reading) is None:
            return []
        check = SealCheck(reading)
        findings = []
        for start in range(0, newest, CHUNK):
            some = commitments_of(reading, start + 1, min(start + CHUNK, newest))
            findings += [invariants.of_flaw(flaw) for flaw in check.add(some)]
        return findings + [invariants.of_flaw(flaw) for flaw in check.finish()]


class _Process:
    """What a process of the pool has for all its stretches."""

    database: db.Database
    done: Any


def _begin(url: str, done: Any) -> None:
    _Process.database = db.Database(url)
    _Process.done = done


def _survey(city_id: int, stretch: Stretch) -> list[Finding]:
    findings = []
    before = stretch[0] - 1
    for last, found in _walk(_Process.database, city_id, stretch):
        findings += found
        with _Process.done.get_lock():
            _Process.done.value += last - before
        before = last
    return findings


def _survey_seals(city_id: int, newest: int) -> list[Finding]:
    return _seals(_Process.database, city_id, newest)


def _shared(
    database: db.Database, city_id: int, stretches: list[Stretch], processes: int, progress: Progress | None
) -> list[Finding]:
    first, newest = stretches[0][0], stretches[-1][1]
    # Forking would copy open connections into the processes.
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", first - 1)
    url = database.engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(processes, context, _begin, (url, done)) as pool:
        # The longest one begins first: a tree can't be computed in pieces that end anywhere.
        running = [pool.submit(_survey_seals, city_id, newest)] if first == 1 else []
        running += [pool.submit(_survey, city_id, stretch) for stretch in stretches]
        try:
            _wait(running, done, newest, progress)
            return [finding for one in running for finding in one.result()]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _wait(running: list[Future[list[Finding]]], done: Any, newest: int, progress: Progress | None) -> None:
    left: set[Future[list[Finding]]] = set(running)
    while left:
        finished, left = concurrent.futures.wait(
            left, timeout=_PROGRESS_SECONDS, return_when=concurrent.futures.FIRST_EXCEPTION
        )
        for one in finished:
            one.result()
        if progress:
            progress(done.value, newest)
