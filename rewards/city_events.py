"""Events of other systems of the city: that somebody did something, and what became of it.

Each event has its effect once, however often it is delivered. Outcomes may come before the action they
belong to, and in any order: the one that happened last counts as long as nothing is booked; what is booked
stays.
"""

import datetime as dt
import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid
from rewards import action_types, reviewing, submissions, submitting
from rewards.action_types import EvidenceKey
from rewards.submissions import Status, Submission
from rewards.submitting import NewSubmission
from rewards.tables import city_events
from rewards.tables import submissions as submitted

CASE_MAX = 80
REASON_MAX = 500
NAMES_MAX = 200
AHEAD_MAX = dt.timedelta(minutes=5)
"""So far another system's clock may be ahead."""
WAIT_MAX = dt.timedelta(days=90)
"""So long an outcome waits for its action; then it is forgotten."""


class Effect(enum.StrEnum):
    """What an event did."""

    TAKEN = "taken"
    """A submission was made."""
    REPEATED = "repeated"
    """It tells what was known."""
    WAITING = "waiting"
    """An outcome that came before its action was there or accepted."""
    APPLIED = "applied"
    """The pending points were given or went back."""
    IGNORED = "ignored"
    """It contradicts what is booked already."""


@dataclass(frozen=True, slots=True)
class CityEvent:
    """What another system tells. With `confirmed` it is an outcome, else an action of `owner`."""

    source: str
    event_id: str
    client_id: int
    action: str
    case_id: str
    happened_at: dt.datetime | None = None
    owner: str | None = None
    trust_level: str = "basic"
    confirmed: bool | None = None
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def evidence_key(self) -> str:
        """What may be rewarded once: the case."""
        return f"case/{self.case_id}"

    def digest(self) -> bytes:
        """Return the SHA-256 of what it says; the order and the spaces of its JSON don't matter."""
        said = [self.action, self.case_id, self.owner, self.confirmed, self.reason, dict(self.facts)]
        return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).digest()


@dataclass(frozen=True, slots=True)
class Received:
    """What an event did, and the submission that it is about, if there is one."""

    effect: Effect
    submission: Submission | None


class Told(NamedTuple):
    """What another system told about a case."""

    source: str
    event_id: str
    action: str
    evidence_key: str
    confirmed: bool | None
    reason: str
    happened_at: dt.datetime
    received_at: dt.datetime
    effect: str


def receive(work: Work, city: City, event: CityEvent) -> Received:
    """Let an event have its effect, once.

    Raises NotFound `action-unknown`, Conflict `event-id-used`, Invalid: action-inactive,
    action-without-case, case-invalid, event-invalid, event-in-the-future, fact-unknown, fact-type-wrong.
    """
    _check(work, event)
    known = _known(work, event)
    if known is not None:
        return Received(known, submissions.by_evidence(work, event.action, event.evidence_key))
    effect = _report(work, city, event) if event.confirmed is None else _conclude(work, city, event)
    _keep(work, event, effect)
    return Received(effect, submissions.by_evidence(work, event.action, event.evidence_key))


def about(reading: Reading, owner: str) -> list[Told]:
    """Return what other systems told about an owner's cases, in the order in which it came."""
    events, mine = city_events.c, submitted.c
    rows = reading.connection.execute(
        sa.select(*(events[name] for name in Told._fields))
        .join_from(
            city_events,
            submitted,
            sa.and_(
                mine.city_id == events.city_id,
                mine.action == events.action,
                mine.evidence_key == events.evidence_key,
            ),
        )
        .where(events.city_id == reading.city_id, mine.city_id == reading.city_id, mine.owner == owner)
        .order_by(events.received_at, events.source, events.event_id)
    )
    return [Told(**row._mapping) for row in rows]


def forget_waiting(work: Work) -> int:
    """Forget outcomes whose action never came; return how many."""
    events = city_events.c
    old = (
        events.city_id == work.city_id,
        events.effect == Effect.WAITING.value,
        events.received_at < work.now - WAIT_MAX,
    )
    count = work.connection.execute(sa.select(sa.func.count()).select_from(city_events).where(*old))
    found = int(count.scalar_one())
    if found:
        work.connection.execute(sa.delete(city_events).where(*old))
    return found


def _report(work: Work, city: City, event: CityEvent) -> Effect:
    new = NewSubmission(
        action=event.action,
        owner=event.owner or "",
        source="portal",
        evidence_key=event.evidence_key,
        trust_level=event.trust_level,
        facts=event.facts,
        occurred_at=event.happened_at,
    )
    submission, known = submitting.submit(work, city, new)
    reviewing.apply_early_outcome(work, city, submission)
    return Effect.REPEATED if known else Effect.TAKEN


def _conclude(work: Work, city: City, event: CityEvent) -> Effect:
    submission = submissions.by_evidence(work, event.action, event.evidence_key)
    if submission is None or submission.status is Status.REVIEW:
        return Effect.WAITING
    if submission.status is Status.ACCEPTED:
        decide = reviewing.confirm if event.confirmed else reviewing.reject
        decide(work, city, submission.submission_id, reviewer_id=None, reason=event.reason)
        return Effect.APPLIED
    same = submission.status is (Status.DONE if event.confirmed else Status.REJECTED)
    return Effect.REPEATED if same else Effect.IGNORED


def _check(work: Work, event: CityEvent) -> None:
    action = action_types.active(work, event.action)
    if action.evidence_key is not EvidenceKey.CASE:
        raise Invalid("action-without-case", action=event.action)
    if not event.case_id.strip() or len(event.case_id) > CASE_MAX:
        raise Invalid("case-invalid", field="case_id", maximum=CASE_MAX)
    for name in (event.source, event.event_id):
        if not name or len(name) > NAMES_MAX:
            raise Invalid("event-invalid", maximum=NAMES_MAX)
    if len(event.reason) > REASON_MAX:
        raise Invalid("reason-too-long", field="reason", maximum=REASON_MAX)
    if event.confirmed is False and not event.reason.strip():
        raise Invalid("reason-missing", field="reason")
    if event.happened_at is not None and event.happened_at > work.now + AHEAD_MAX:
        raise Invalid("event-in-the-future", field="time")


def _known(reading: Reading, event: CityEvent) -> Effect | None:
    events = city_events.c
    row = reading.connection.execute(
        sa.select(events.effect, events.content_hash).where(
            events.city_id == reading.city_id,
            events.source == event.source,
            events.event_id == event.event_id,
        )
    ).first()
    if row is None:
        return None
    if row.content_hash != event.digest():
        raise Conflict("event-id-used", event_id=event.event_id)
    return Effect(row.effect)


def _keep(work: Work, event: CityEvent, effect: Effect) -> None:
    work.connection.execute(
        sa.insert(city_events).values(
            city_id=work.city_id,
            source=event.source,
            event_id=event.event_id,
            client_id=event.client_id,
            content_hash=event.digest(),
            action=event.action,
            evidence_key=event.evidence_key,
            confirmed=event.confirmed,
            reason=event.reason.strip(),
            happened_at=event.happened_at or work.now,
            received_at=work.now,
            effect=effect.value,
        )
    )
