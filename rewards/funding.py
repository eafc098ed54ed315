"""Funding: points for a campaign are asked for by one person and released by another.

Both name the council's decision; only the release books points, and pays what waited for them.
"""

import datetime as dt
import enum
import re
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from kernel import outbox
from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from ledger import chart, queries
from rewards import waiting
from rewards.life_tables import NOTE_MAX, budget_requests

POINTS_MAX = 1_000_000_000
REFERENCE_MAX = 100
TOPIC = "budget.funded"
"""Outbox topic: more waits for a campaign than was paid at once."""
_CAMPAIGN = re.compile(r"[a-z][a-z0-9-]{0,59}")


class State(enum.StrEnum):
    """Where a request stands."""

    OPEN = "open"
    RELEASED = "released"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class FundingRequest:
    """Points that somebody asks for."""

    request_id: int
    campaign: str
    points: int
    reference: str
    note: str
    requested_by: int
    requested_at: dt.datetime
    state: State
    decided_by: int | None
    decided_at: dt.datetime | None
    reason: str
    transfer_id: UUID | None
    available_after: int | None


def request(
    work: Work, campaign: str, points: int, *, reference: str, requester_id: int, note: str = ""
) -> FundingRequest:
    """Ask for points for a campaign; a new name is a new budget. Nothing is booked yet.

    Raises Invalid `campaign-invalid`, `amount-not-positive`, `amount-too-large`, `reference-missing`,
    `reference-too-long` or `note-too-long`.
    """
    if not _CAMPAIGN.fullmatch(campaign):
        raise Invalid("campaign-invalid", field="campaign")
    if points <= 0:
        raise Invalid("amount-not-positive", field="points")
    if points > POINTS_MAX:
        raise Invalid("amount-too-large", field="points", maximum=POINTS_MAX)
    if not reference.strip():
        raise Invalid("reference-missing", field="reference")
    if len(reference.strip()) > REFERENCE_MAX:
        raise Invalid("reference-too-long", field="reference", maximum=REFERENCE_MAX)
    request_id = work.ids.next()
    work.connection.execute(
        sa.insert(budget_requests).values(
            city_id=work.city_id,
            request_id=request_id,
            campaign=campaign,
            points=points,
            reference=reference.strip(),
            note=_note(note, "note"),
            requested_by=requester_id,
            requested_at=work.now,
            state=State.OPEN.value,
            reason="",
        )
    )
    return get(work, request_id)


def release(work: Work, city: City, request_id: int, releaser_id: int) -> FundingRequest:
    """Book the points that somebody else asked for, and pay what waited for them.

    Raises NotFound, Forbidden `own-funding-request`, Conflict `funding-request-decided`.
    """
    asked = _undecided(work, request_id)
    if asked.requested_by == releaser_id:
        raise Forbidden("own-funding-request")
    transfer_id = work.ids.uuid()
    chart.fund_budget(
        work,
        asked.campaign,
        asked.points,
        effective=city.day_of(work.now),
        reference=asked.reference,
        transfer_id=transfer_id,
    )
    left = queries.balance(work, chart.budget_path(asked.campaign))
    _decide(
        work,
        request_id,
        State.RELEASED,
        releaser_id,
        transfer_id=transfer_id,
        available_after=left.available,
    )
    pay_waiting(work, city, asked.campaign)
    return get(work, request_id)


def decline(work: Work, request_id: int, decider_id: int, reason: str) -> FundingRequest:
    """Say no to a request, or take one's own back.

    Raises NotFound, Conflict `funding-request-decided`, Invalid `funding-reason-missing`, `note-too-long`.
    """
    _undecided(work, request_id)
    if not reason.strip():
        raise Invalid("funding-reason-missing", field="reason")
    _decide(work, request_id, State.DECLINED, decider_id, reason=_note(reason, "reason"))
    return get(work, request_id)


def pay_waiting(work: Work, city: City, campaign: str) -> None:
    """Pay what waits for a campaign; what is too much for one unit of work is left to the worker."""
    settled = waiting.pay(work, city, campaign)
    if settled == waiting.AT_ONCE:
        outbox.append(work, TOPIC, {"campaign": campaign})


def get(reading: Reading, request_id: int) -> FundingRequest:
    """Return a request. Raises NotFound `funding-request-not-found`."""
    for found in _select(reading, budget_requests.c.request_id == request_id):
        return found
    raise NotFound("funding-request-not-found")


def undecided(reading: Reading) -> list[FundingRequest]:
    """Return the requests that wait for a second person, oldest first."""
    return _select(reading, budget_requests.c.state == State.OPEN.value)[::-1]


def page(reading: Reading, *, before: int | None = None, limit: int = 50) -> list[FundingRequest]:
    """Return a page of all requests, newest first."""
    condition = sa.true() if before is None else budget_requests.c.request_id < before
    return _select(reading, condition, limit=limit)


def _undecided(work: Work, request_id: int) -> FundingRequest:
    asked = get(work, request_id)
    if asked.state is not State.OPEN:
        raise Conflict("funding-request-decided", state=asked.state.value)
    return asked


def _decide(work: Work, request_id: int, state: State, decider_id: int, **values: object) -> None:
    work.connection.execute(
        sa.update(budget_requests)
        .where(budget_requests.c.city_id == work.city_id, budget_requests.c.request_id == request_id)
        .values(state=state.value, decided_by=decider_id, decided_at=work.now, **values)
    )


def _note(text: str, field: str) -> str:
    if len(text.strip()) > NOTE_MAX:
        raise Invalid("note-too-long", field=field, maximum=NOTE_MAX)
    return text.strip()


def _select(
    reading: Reading, condition: sa.ColumnElement[bool], limit: int | None = None
) -> list[FundingRequest]:
    columns = [budget_requests.c[name] for name in FundingRequest.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(budget_requests.c.city_id == reading.city_id, condition)
        .order_by(budget_requests.c.request_id.desc())
        .limit(limit)
    )
    return [FundingRequest(**(dict(row._mapping) | {"state": State(row.state)})) for row in rows]
