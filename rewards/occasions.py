"""Occasions: workshops, polls and consultations that one takes part in to shape the city."""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid, NotFound
from rewards import action_types
from rewards.action_types import EvidenceKey
from rewards.tables import occasions, poll_answers, submissions

EARLY = dt.timedelta(minutes=15)
"""So long before the beginning a code is taken."""
LATE = dt.timedelta(minutes=60)
"""So long after the end a code is taken."""
TITLE_MAX = 200
DESCRIPTION_MAX = 1000
OPTIONS_MAX = 8
EXPECTED_MAX = 1_000_000
LONGEST = dt.timedelta(days=366)


class Stage(enum.StrEnum):
    """Where an occasion stands at an instant."""

    AHEAD = "ahead"
    OPEN = "open"
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class NewOccasion:
    """An occasion as staff describe it; with options it is a poll that is answered here."""

    action: str
    kind: str
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    opens_at: dt.datetime
    closes_at: dt.datetime
    expected: int
    place: str | None = None
    options: tuple[Mapping[str, str], ...] = ()
    """Names of the answers, each in German and English."""
    printed_code: bool = False


@dataclass(frozen=True, slots=True)
class Occasion:
    """A workshop, a poll, a consultation."""

    occasion_id: int
    action: str
    kind: str
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    place: str | None
    options: tuple[Mapping[str, Any], ...]
    """Code and names of each answer; none if it is attended with a code."""
    printed_code: bool
    opens_at: dt.datetime
    closes_at: dt.datetime
    expected: int
    author_id: int
    cancelled_at: dt.datetime | None
    secret: bytes = field(repr=False)

    @property
    def is_poll(self) -> bool:
        """Whether it is answered here instead of being attended."""
        return bool(self.options)

    def stage(self, now: dt.datetime) -> Stage:
        """Return where it stands; codes are taken a while before and after, answers are not."""
        early, late = (dt.timedelta(0), dt.timedelta(0)) if self.is_poll else (EARLY, LATE)
        if self.cancelled_at is not None:
            return Stage.CANCELLED
        if now < self.opens_at - early:
            return Stage.AHEAD
        return Stage.OPEN if now <= self.closes_at + late else Stage.OVER


def create(work: Work, new: NewOccasion, author_id: int) -> Occasion:
    """Announce an occasion.

    Raises NotFound `action-unknown`, Invalid with the field: action-without-occasions, kind-unknown,
    texts-missing, text-too-long, times-wrong, options-wrong, expected-wrong.
    """
    _check(work, new)
    options = [{"code": f"a{number}", "names": dict(names)} for number, names in enumerate(new.options, 1)]
    occasion_id = work.ids.next()
    work.connection.execute(
        sa.insert(occasions).values(
            city_id=work.city_id,
            occasion_id=occasion_id,
            action=new.action,
            kind=new.kind,
            titles=dict(new.titles),
            descriptions=dict(new.descriptions),
            place=new.place or None,
            options=options,
            printed_code=new.printed_code,
            secret=work.ids.random_bytes(32),
            opens_at=new.opens_at,
            closes_at=new.closes_at,
            expected=new.expected,
            author_id=author_id,
            created_at=work.now,
        )
    )
    for one in options:
        work.connection.execute(
            sa.insert(poll_answers).values(
                city_id=work.city_id, occasion_id=occasion_id, option_code=one["code"], answers=0
            )
        )
    return get(work, occasion_id)


def cancel(work: Work, occasion_id: int) -> Occasion:
    """Call an occasion off; again changes nothing. Who took part already keeps their points.

    Raises NotFound, Conflict `occasion-over`.
    """
    found = get(work, occasion_id)
    if found.stage(work.now) is Stage.OVER:
        raise Conflict("occasion-over")
    if found.cancelled_at is None:
        work.connection.execute(
            sa.update(occasions)
            .where(occasions.c.city_id == work.city_id, occasions.c.occasion_id == occasion_id)
            .values(cancelled_at=work.now)
        )
    return get(work, occasion_id)


def get(reading: Reading, occasion_id: int) -> Occasion:
    """Return an occasion. Raises NotFound `occasion-not-found`."""
    for found in _select(reading, occasions.c.occasion_id == occasion_id):
        return found
    raise NotFound("occasion-not-found")


def coming(reading: Reading, action: str | None = None) -> list[Occasion]:
    """Return what is open or ahead, the next first."""
    columns = occasions.c
    condition = sa.and_(columns.closes_at >= reading.now - LATE, columns.cancelled_at.is_(None))
    if action is not None:
        condition = sa.and_(condition, columns.action == action)
    found = _select(reading, condition)
    return [one for one in found if one.stage(reading.now) in {Stage.AHEAD, Stage.OPEN}]


def every(reading: Reading, limit: int = 100) -> list[Occasion]:
    """Return the latest occasions, the last first."""
    return _select(reading, sa.true(), limit=limit, latest_first=True)


def evidence_key(occasion_id: int, owner: str) -> str:
    """Return what may be rewarded once: one person at one occasion."""
    return f"event/{occasion_id}/{owner}"


def attendance(reading: Reading, occasion: Occasion) -> int:
    """Return how many took part."""
    taken = submissions.c
    statement = sa.select(sa.func.count()).where(
        taken.city_id == reading.city_id,
        taken.action == occasion.action,
        taken.evidence_key.startswith(f"event/{occasion.occasion_id}/", autoescape=True),
    )
    return int(reading.connection.execute(statement).scalar_one())


def tally(reading: Reading, occasion_id: int) -> dict[str, int]:
    """Return how often each answer of a poll was given."""
    rows = reading.connection.execute(
        sa.select(poll_answers.c.option_code, poll_answers.c.answers).where(
            poll_answers.c.city_id == reading.city_id, poll_answers.c.occasion_id == occasion_id
        )
    )
    return {row.option_code: row.answers for row in rows}


def count_answer(work: Work, occasion_id: int, option: str) -> None:
    """Count an answer, and nothing else about it."""
    table = poll_answers.c
    work.connection.execute(
        sa.update(poll_answers)
        .where(table.city_id == work.city_id, table.occasion_id == occasion_id, table.option_code == option)
        .values(answers=table.answers + 1)
    )


def _check(work: Work, new: NewOccasion) -> None:
    action = action_types.get(work, new.action)
    if action.evidence_key is not EvidenceKey.EVENT:
        raise Invalid("action-without-occasions", field="action")
    if action.categories and new.kind not in action.category_codes:
        raise Invalid("kind-unknown", field="kind")
    for name, texts, maximum in (
        ("title", new.titles, TITLE_MAX),
        ("description", new.descriptions, DESCRIPTION_MAX),
    ):
        _check_texts(name, texts, maximum)
    if new.place is not None and len(new.place) > TITLE_MAX:
        raise Invalid("text-too-long", field="place", maximum=TITLE_MAX)
    in_order = new.opens_at < new.closes_at <= new.opens_at + LONGEST
    if not in_order or new.closes_at <= work.now:
        raise Invalid("times-wrong", field="closes_at")
    if len(new.options) == 1 or len(new.options) > OPTIONS_MAX:
        raise Invalid("options-wrong", field="options", maximum=OPTIONS_MAX)
    for names in new.options:
        _check_texts("options", names, TITLE_MAX)
    if not 1 <= new.expected <= EXPECTED_MAX:
        raise Invalid("expected-wrong", field="expected", maximum=EXPECTED_MAX)


def _check_texts(name: str, texts: Mapping[str, str], maximum: int) -> None:
    for language in ("de", "en"):
        field_name = name if name == "options" else f"{name}_{language}"
        text = texts.get(language, "").strip()
        if not text:
            raise Invalid("texts-missing", field=field_name)
        if len(text) > maximum:
            raise Invalid("text-too-long", field=field_name, maximum=maximum)


def _select(
    reading: Reading, condition: sa.ColumnElement[bool], *, limit: int = 200, latest_first: bool = False
) -> list[Occasion]:
    columns = [occasions.c[name] for name in Occasion.__dataclass_fields__]
    order = occasions.c.opens_at.desc() if latest_first else occasions.c.opens_at
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(occasions.c.city_id == reading.city_id, condition)
        .order_by(order, occasions.c.occasion_id)
        .limit(limit)
    )
    return [Occasion(**{**row._mapping, "options": tuple(row.options)}) for row in rows]
