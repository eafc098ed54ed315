"""Goals of everybody, one's own standing, and donations."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import INTEGER_MAX, In, Out
from kernel.db import Work
from rewards import action_types, donating, goals, standing, submissions
from rewards.goals import Goal

router = APIRouter(tags=["together"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class GoalOut(Out):
    """A goal that runs, and how far it is."""

    titles: dict[str, str] = Field(examples=[{"de": "500 saubere Ecken", "en": "500 clean corners"}])
    action: str | None = Field(description="Absent: any civic action", examples=["litter-report"])
    district: str | None = Field(description="Absent: the whole city", examples=["Hamborn"])
    target: int = Field(description="Confirmed contributions", examples=[500])
    reached: int = Field(examples=[312])
    first_day: dt.date
    last_day: dt.date


class BadgeOut(Out):
    """What the person has reached in one action."""

    action: str = Field(examples=["litter-report"])
    count: int = Field(description="Confirmed contributions", examples=[7])
    stars: int = Field(description="Of five", examples=[2])
    next_at: int | None = Field(description="Count at the next star", examples=[10])


class StandingOut(Out):
    """What one's own confirmed contributions add up to."""

    total: int = Field(examples=[12])
    level: int = Field(description="From 1", examples=[3])
    next_level_at: int | None = Field(examples=[15])
    weeks_in_a_row: int = Field(examples=[4])
    longest_weeks: int = Field(examples=[6])
    badges: list[BadgeOut]


class DonationIn(In):
    """Points for a club or a school."""

    venue_id: int = Field(ge=1, le=INTEGER_MAX, examples=[14])
    points: int = Field(ge=1, le=INTEGER_MAX, examples=[50])


class DonationOut(Out):
    """What was given."""

    donation_id: UUID
    venue_id: int = Field(examples=[14])
    points: int = Field(examples=[50])


@router.get("/goals", summary="Goals that run")
def running(request: Request, caller: Anyone) -> list[GoalOut]:
    """Return the goals of the city and its districts; those of teams are for their members."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [_goal(one) for one in goals.running(reading, caller.city)]


@router.get("/wallet/standing", summary="Your badges")
def own_standing(request: Request, caller: Citizen) -> StandingOut:
    """Return level, badges and weeks in a row; nobody else can see them."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        actions = [one.code for one in action_types.every(reading) if one.active]
        done = submissions.contributions(reading, caller.city, caller.person_session.person.owner)
        found = standing.of(done, actions, caller.city.day_of(reading.now))
    return StandingOut(
        total=found.total,
        level=found.level + 1,
        next_level_at=found.next_level_at,
        weeks_in_a_row=found.weeks_in_a_row,
        longest_weeks=found.longest_weeks,
        badges=[
            BadgeOut(action=one.action, count=one.count, stars=one.reached, next_at=one.next_at)
            for one in found.badges
        ],
    )


@router.post("/donations", status_code=201, summary="Give points away", response_model=DonationOut)
async def donate(request: Request, caller: Citizen, body: DonationIn, key: IdempotencyKey) -> JSONResponse:
    """Give points to a club or a school; it can't be taken back."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> Mapping[str, Any]:
        given = donating.donate(work, caller.city, owner, body.venue_id, body.points)
        shown = DonationOut(donation_id=given.donation_id, venue_id=given.venue_id, points=given.points)
        return shown.model_dump(mode="json")

    return await commanding.answer(request, caller, key, command, status=201)


def _goal(goal: Goal) -> GoalOut:
    return GoalOut(
        titles=goal.titles,
        action=goal.action,
        district=goal.district,
        target=goal.target,
        reached=goal.reached,
        first_day=goal.first_day,
        last_day=goal.last_day,
    )
