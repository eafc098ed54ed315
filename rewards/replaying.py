"""Replaying: an award decided again from what its receipt kept, and what is different, if anything.

Nothing but the receipt, the version that it names and the bookings is looked at: what persons, campaigns or
the past are today plays no part.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from kernel.db import Database, Reading
from kernel.errors import NotFound
from ledger import queries
from rewards import awarding, evaluating, receipts
from rewards.awarding import Award
from rewards.rehearsing import Progress
from rewards.rules import RuleVersion
from rewards.tables import awards, rule_versions

CHUNK = 500


class Verdict(enum.StrEnum):
    """What deciding again gave. Of several that hold, the first in this order is said."""

    RULE_MISSING = "rule-missing"
    """The version that decided is not there any more."""
    RULE_ALTERED = "rule-altered"
    """The stored document is not the one that its name stands for."""
    RECEIPT_INCOMPLETE = "receipt-incomplete"
    """The receipt does not hold what deciding again needs."""
    FACTS_ALTERED = "facts-altered"
    """What was seen is not what was hashed when it was decided."""
    ENGINE_DIFFERS = "engine-differs"
    """Another engine decided, and the one of today decides otherwise."""
    RESULT_DIFFERS = "result-differs"
    """The same engine, rule and facts give something else than the receipt says: it was altered."""
    BOOKING_DIFFERS = "booking-differs"
    """The receipt holds, but award or ledger have other points."""
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not what it was: a field, what is stored, what comes out now."""

    name: str
    stored: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """An award decided again."""

    award_id: int
    submission_id: int
    rule: str
    version_hash: str
    verdict: Verdict
    changes: tuple[Change, ...] = ()
    receipt: Mapping[str, Any] | None = None
    """What is decided now, where that is possible."""


def replay(reading: Reading, award_id: int) -> Replayed:
    """Decide an award again. Raises NotFound `award-not-found`."""
    for found in awarding.by_ids(reading, [award_id]):
        return _judged(reading, [found])[0]
    raise NotFound("award-not-found")


def every(database: Database, city_id: int, progress: Progress) -> tuple[int, list[Replayed]]:
    """Decide all awards again; return how many there are, and those that did not come out the same."""
    mine = awards.c
    with database.reading(city_id) as reading:
        total = reading.connection.execute(
            sa.select(sa.func.count()).where(mine.city_id == reading.city_id)
        ).scalar_one()
    after, done, found = 0, 0, list[Replayed]()
    while True:
        with database.reading(city_id) as reading:
            chunk = awarding.after(reading, after, CHUNK)
            found += [one for one in _judged(reading, chunk) if one.verdict is not Verdict.SAME]
        if not chunk:
            return done, found
        after, done = chunk[-1].award_id, done + len(chunk)
        progress(done, max(total, done))


class _Different(Exception):
    def __init__(self, verdict: Verdict, *changes: Change, receipt: Mapping[str, Any] | None = None) -> None:
        self.verdict, self.changes, self.receipt = verdict, changes, receipt


def judge(award: Award, document: object | None, booked: Mapping[str, int]) -> Replayed:
    """Return what comes of deciding an award again by a stored document.

    `booked` are the points that the ledger moved, by `points_now` and `points_later`.
    """
    number = (award.award_id, award.submission_id, award.rule_code, award.version_hash)
    try:
        now = _decided(award, _version(award, document))
        _check_bookings(award, booked, now)
    except _Different as found:
        return Replayed(*number, found.verdict, found.changes, found.receipt)
    return Replayed(*number, Verdict.SAME, receipt=now)


def _version(award: Award, document: object | None) -> RuleVersion:
    if document is None:
        raise _Different(Verdict.RULE_MISSING, Change("version_hash", award.version_hash, None))
    try:
        version = RuleVersion.model_validate(document)
    except ValidationError:
        raise _Different(Verdict.RULE_ALTERED, Change("version_hash", award.version_hash, None)) from None
    if version.version_hash != award.version_hash:
        change = Change("version_hash", award.version_hash, version.version_hash)
        raise _Different(Verdict.RULE_ALTERED, change)
    return version


def _decided(award: Award, version: RuleVersion) -> dict[str, Any]:
    stored = award.receipt
    try:
        now = receipts.replay(version, stored)
    except (KeyError, ValueError, TypeError) as error:
        raise _Different(Verdict.RECEIPT_INCOMPLETE, Change(str(error)[:60], None, None)) from None
    facts_hash = receipts.hash_of(receipts.seen_in(stored))
    if stored.get("facts_hash", facts_hash) != facts_hash:
        change = Change("facts_hash", stored["facts_hash"], facts_hash)
        raise _Different(Verdict.FACTS_ALTERED, change, receipt=now)
    if changes := _changes(stored, now):
        same_engine = stored.get("engine", 1) == evaluating.ENGINE
        verdict = Verdict.RESULT_DIFFERS if same_engine else Verdict.ENGINE_DIFFERS
        raise _Different(verdict, *changes, receipt=now)
    return now


def _changes(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Return where two receipts differ; what an older receipt does not have yet is no difference."""
    names = [name for name in now if name in stored and name != "engine"]
    return [Change(name, stored[name], now[name]) for name in names if stored[name] != now[name]]


def _check_bookings(award: Award, booked: Mapping[str, int], now: Mapping[str, Any]) -> None:
    """Compare award and ledger with the receipt."""
    found = []
    for name in ("points_now", "points_later"):
        said, kept, moved = award.receipt[name], getattr(award, name), booked.get(name, 0)
        if kept != said:
            found.append(Change(name, said, kept))
        if moved != said:
            found.append(Change(f"ledger {name}", said, moved))
    if found:
        raise _Different(Verdict.BOOKING_DIFFERS, *found, receipt=now)


def _judged(reading: Reading, found: Sequence[Award]) -> list[Replayed]:
    """Decide awards again, with two statements for rules and bookings however many there are."""
    hashes = sorted({one.version_hash for one in found})
    mine = rule_versions.c
    rows = reading.connection.execute(
        sa.select(mine.version_hash, mine.document).where(
            mine.city_id == reading.city_id, mine.version_hash.in_(hashes)
        )
    )
    documents = {row.version_hash: row.document for row in rows}
    numbers = [number for one in found for number in (one.now_id, one.hold_id) if number]
    moved = queries.by_transfer_id(reading, numbers)
    return [
        judge(
            one,
            documents.get(one.version_hash),
            {
                name: moved[number].amount if number in moved else 0
                for name, number in (("points_now", one.now_id), ("points_later", one.hold_id))
                if number
            },
        )
        for one in found
    ]
