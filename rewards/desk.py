"""Entries at the desk: what staff hand in for somebody without camera, map or smartphone.

The same form, the same checks, the same rules; and whoever entered something does not decide it.
"""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Forbidden
from rewards import attending, binning, submitting, tags, walking
from rewards.submissions import Submission
from rewards.submitting import NewSubmission
from rewards.tables import desk_entries


class Channel(enum.StrEnum):
    """How the citizen turned to the city."""

    DESK = "desk"
    TELEPHONE = "telephone"
    PAPER = "paper"


class IdentifiedBy(enum.StrEnum):
    """By what the citizen was known."""

    EMAIL = "email"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who enters something, and how the citizen came to them."""

    person_id: int
    owner: str
    channel: Channel
    identified_by: IdentifiedBy


class Entry(NamedTuple):
    """How a submission came to be entered by staff."""

    channel: Channel
    identified_by: IdentifiedBy
    entered_at: dt.datetime


def enter(work: Work, city: City, new: NewSubmission, clerk: Clerk) -> tuple[Submission, bool]:
    """Hand something in for a citizen; return it and whether it was known before.

    Raises Forbidden `own-submission`, and what `submitting.submit` raises.
    """
    _check(clerk, new.owner)
    submission, known = submitting.submit(work, city, new)
    _keep(work, submission, clerk, known=known)
    return submission, known


def enter_presence(
    work: Work, city: City, occasion_id: int, owner: str, trust_level: str, clerk: Clerk
) -> tuple[Submission, bool]:
    """Note for a citizen that they took part; return it and whether it was known before.

    Raises Forbidden `own-submission`, and what `attending.note_presence` raises.
    """
    _check(clerk, owner)
    submission, known = attending.note_presence(work, city, occasion_id, owner=owner, trust_level=trust_level)
    _keep(work, submission, clerk, known=known)
    return submission, known


def enter_bin(
    work: Work, city: City, number: str, code: str, owner: str, trust_level: str, clerk: Clerk
) -> Submission:
    """Note that a citizen used a bin, by number and code that they wrote down.

    Raises Forbidden `own-submission`, and what `tags.by_number` and `binning.use` raise.
    """
    _check(clerk, owner)
    tag = tags.by_number(work, number)
    submission = binning.use(work, city, tag, owner=owner, trust_level=trust_level, code=code, source="desk")
    _keep(work, submission, clerk, known=False)
    return submission


def enter_walk(
    work: Work, city: City, quest_id: int, codes: Sequence[str], owner: str, trust_level: str, clerk: Clerk
) -> tuple[Submission, bool]:
    """Note that a citizen walked a quest, by the codes that they wrote down; return whether it was known.

    Raises Forbidden `own-submission`, and what `walking.enter` raises.
    """
    _check(clerk, owner)
    submission, known = walking.enter(work, city, quest_id, owner=owner, trust_level=trust_level, codes=codes)
    _keep(work, submission, clerk, known=known)
    return submission, known


def of_submissions(reading: Reading, submission_ids: Sequence[int]) -> dict[int, Entry]:
    """Return how submissions came to be entered, for those that staff entered."""
    table = desk_entries.c
    rows = reading.connection.execute(
        sa.select(table.submission_id, table.channel, table.identified_by, table.entered_at).where(
            table.city_id == reading.city_id, table.submission_id.in_(list(submission_ids))
        )
    )
    return {
        row.submission_id: Entry(Channel(row.channel), IdentifiedBy(row.identified_by), row.entered_at)
        for row in rows
    }


def _check(clerk: Clerk, owner: str) -> None:
    if clerk.owner == owner:
        raise Forbidden("own-submission")


def _keep(work: Work, submission: Submission, clerk: Clerk, *, known: bool) -> None:
    if known:
        return
    work.connection.execute(
        sa.insert(desk_entries).values(
            city_id=work.city_id,
            submission_id=submission.submission_id,
            staff_id=clerk.person_id,
            channel=clerk.channel.value,
            identified_by=clerk.identified_by.value,
            entered_at=work.now,
        )
    )
