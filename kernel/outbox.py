"""Messages to the outside world, written in the same transaction as their cause and delivered by the worker.

Delivery is at least once: a handler must tolerate the same event twice. Payloads of delivered events are
emptied, because some (a sign-in code) must not outlive their purpose.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import db

ATTEMPTS_MAX = 12
_FIRST_DELAY_SECONDS = 5
_DELAY_MAX_SECONDS = 6 * 3600

events = sa.Table(
    "outbox_events",
    db.metadata,
    sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("topic", sa.String(60), nullable=False),
    sa.Column("payload", db.Json),
    sa.Column("created_at", db.UtcDateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", db.UtcDateTime, comment="Next attempt; empty once delivered or given up"),
    sa.Column("delivered_at", db.UtcDateTime),
    sa.Column("last_error", sa.String(500)),
    sa.Index("ix_outbox_events_due", "city_id", "due_at", "event_id"),
    # Few of many: without it, counting what waits reads all that was ever delivered.
    sa.Index(
        "ix_outbox_events_undelivered",
        "city_id",
        "created_at",
        sqlite_where=sa.text("delivered_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL"),
    ),
)


@dataclass(frozen=True, slots=True)
class Event:
    """A message that waits for delivery."""

    event_id: int
    topic: str
    payload: Mapping[str, Any]
    created_at: dt.datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has not reached its receiver."""

    waiting: int
    oldest_at: dt.datetime | None
    """When the oldest that waits was written."""
    given_up: int


def append(work: db.Work, topic: str, payload: Mapping[str, Any]) -> int:
    """Write a message that the worker will deliver after this transaction has committed; return its id."""
    event_id = work.ids.next()
    work.connection.execute(
        sa.insert(events).values(
            city_id=work.city_id,
            event_id=event_id,
            topic=topic,
            payload=dict(payload),
            created_at=work.now,
            attempts=0,
            due_at=work.now,
        )
    )
    return event_id


def append_many(work: db.Work, topic: str, payloads: Sequence[Mapping[str, Any]]) -> None:
    """Write many messages of a topic as `append` does, in one statement."""
    if not payloads:
        return
    shared = {
        "city_id": work.city_id,
        "topic": topic,
        "created_at": work.now,
        "attempts": 0,
        "due_at": work.now,
    }
    work.connection.execute(
        sa.insert(events),
        [{**shared, "event_id": work.ids.next(), "payload": dict(payload)} for payload in payloads],
    )


def due(reading: db.Reading, limit: int = 100) -> list[Event]:
    """Return the messages whose next attempt is due, oldest first."""
    rows = reading.connection.execute(
        sa.select(events)
        .where(events.c.city_id == reading.city_id, events.c.due_at <= reading.now)
        .order_by(events.c.due_at, events.c.event_id)
        .limit(limit)
    )
    return [Event(row.event_id, row.topic, row.payload or {}, row.created_at, row.attempts) for row in rows]


def delivered(work: db.Work, event_id: int) -> None:
    """Note that a message reached its receiver and forget its content."""
    _update(work, event_id, delivered_at=work.now, due_at=None, payload=None, last_error=None)


def forget(work: db.Work, topic: str, name: str, value: object) -> None:
    """Delete the messages of a topic that have not arrived and whose payload says `value` under `name`."""
    waiting = work.connection.execute(
        sa.select(events.c.event_id, events.c.payload).where(
            events.c.city_id == work.city_id, events.c.delivered_at.is_(None), events.c.topic == topic
        )
    )
    found = [row.event_id for row in waiting if (row.payload or {}).get(name) == value]
    work.connection.execute(
        sa.delete(events).where(events.c.city_id == work.city_id, events.c.event_id.in_(found))
    )


def failed(work: db.Work, event: Event, error: str) -> None:
    """Note a failed attempt; the next follows with doubling delay, the last of `ATTEMPTS_MAX` gives up."""
    attempts = event.attempts + 1
    delay = min(_FIRST_DELAY_SECONDS * 2 ** (attempts - 1), _DELAY_MAX_SECONDS)
    due_at = work.now + dt.timedelta(seconds=delay) if attempts < ATTEMPTS_MAX else None
    _update(work, event.event_id, attempts=attempts, due_at=due_at, last_error=error[:500])


def undelivered_count(reading: db.Reading) -> int:
    """Return how many messages have not reached their receiver, those given up included."""
    left = backlog(reading)
    return left.waiting + left.given_up


def backlog(reading: db.Reading) -> Backlog:
    """Return how many messages wait, since when, and how many were given up."""
    waits = events.c.due_at.is_not(None)
    row = reading.connection.execute(
        sa.select(
            sa.func.count(events.c.due_at),
            sa.func.min(sa.case((waits, events.c.created_at)), type_=db.UtcDateTime),
            sa.func.count(),
        ).where(events.c.city_id == reading.city_id, events.c.delivered_at.is_(None))
    ).one()
    waiting, oldest_at, undelivered = row
    return Backlog(waiting, oldest_at, undelivered - waiting)


def _update(work: db.Work, event_id: int, **values: object) -> None:
    work.connection.execute(
        sa.update(events)
        .where(events.c.city_id == work.city_id, events.c.event_id == event_id)
        .values(**values)
    )
