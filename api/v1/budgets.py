"""Budgets of campaigns: what is left, how long it lasts, and funding by two people."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, services
from api.access import Access, Caller
from api.commanding import IdempotencyKey
from api.v1.shapes import Before, CountersOut, IdText, In, Limit, LongId, LongNumber
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from rewards import budgets, funding
from rewards.budgets import Budget, WhenDry
from rewards.funding import FundingRequest

router = APIRouter(tags=["rules"])
Treasurer = Annotated[Caller, Depends(Access(Role.TREASURER))]
Books = Annotated[Caller, Depends(Access(Role.TREASURER, Role.AUDITOR))]
Releaser = Annotated[Caller, Depends(Access(Role.TREASURER, Role.APPROVER))]
Chooser = Annotated[Caller, Depends(Access(Role.TREASURER, Role.ADMINISTRATOR))]


class FundingIn(In):
    """Points for a budget by a council decision."""

    points: LongNumber = Field(examples=[50000])
    reference: str = Field(min_length=1, max_length=funding.REFERENCE_MAX, examples=["DS 26-0412"])
    note: str = Field(default="", max_length=500, examples=["Spring clean-up"])


class DecliningIn(In):
    """Why a request is declined."""

    reason: str = Field(min_length=1, max_length=500, examples=["The council has not decided yet"])


class WhenDryIn(In):
    """What happens when a budget runs dry."""

    when_dry: WhenDry = Field(examples=["queue"])


class FundingOut(BaseModel):
    """A request for points and what became of it."""

    request_id: IdText
    campaign: str = Field(examples=["litter"])
    points: int
    reference: str = Field(examples=["DS 26-0412"])
    state: str = Field(examples=["open"])
    requested_at: dt.datetime
    decided_at: dt.datetime | None
    reason: str = Field(description="Why it was declined")


class FundingPage(BaseModel):
    """Requests, newest first."""

    items: list[FundingOut]
    next: IdText | None = Field(description="Pass as `before` for the next page")


class BudgetOut(BaseModel):
    """A campaign's budget and how long it lasts."""

    campaign: str = Field(examples=["litter"])
    counters: CountersOut
    when_dry: str = Field(examples=["queue"], description="queue, stop or announce")
    dry_since: dt.datetime | None = Field(description="Since when it could not pay")
    waiting: int = Field(description="Contributions that are paid as soon as there is money again")
    used_percent: int = Field(description="Of what it had when it was last funded")
    level: str = Field(examples=["fine"], description="fine, watch (80 %), nearly (95 %) or dry")
    points_a_week: int = Field(description="Burn rate of the last four weeks")
    lasts_until: dt.date | None = Field(description="If things go on like this")


@router.get("/budgets", summary="All budgets")
def every(request: Request, caller: Books) -> list[BudgetOut]:
    """Return the campaigns' budgets with what is left and how long it lasts."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [_present(one) for one in budgets.every(reading, caller.city)]


@router.post(
    "/budgets/{campaign}/funding", status_code=201, summary="Ask for points", response_model=FundingOut
)
async def fund(
    request: Request, caller: Treasurer, campaign: str, body: FundingIn, key: IdempotencyKey
) -> JSONResponse:
    """Ask for points for a campaign; somebody else releases them."""
    person = caller.person_session.person.person_id

    def ask(work: Work) -> FundingRequest:
        return funding.request(
            work, campaign, body.points, reference=body.reference, requester_id=person, note=body.note
        )

    return await _act(request, caller, key, "budget-requested", ask, status=201)


@router.get("/funding-requests", summary="Requests for points")
def requests(request: Request, caller: Books, before: Before = None, limit: Limit = 50) -> FundingPage:
    """Return a page of what was asked for, newest first."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = funding.page(reading, before=before, limit=limit)
    following = str(found[-1].request_id) if len(found) == limit else None
    return FundingPage(items=[_request(one) for one in found], next=following)


@router.post("/funding-requests/{request_id}/release", summary="Release points", response_model=FundingOut)
async def release(
    request: Request, caller: Releaser, request_id: LongId, key: IdempotencyKey
) -> JSONResponse:
    """Book what somebody else asked for, and pay what waited for it."""
    person = caller.person_session.person.person_id
    return await _act(
        request,
        caller,
        key,
        "budget-funded",
        lambda work: funding.release(work, caller.city, request_id, person),
    )


@router.post(
    "/funding-requests/{request_id}/declining", summary="Decline a request", response_model=FundingOut
)
async def decline(
    request: Request, caller: Releaser, request_id: LongId, body: DecliningIn, key: IdempotencyKey
) -> JSONResponse:
    """Say no to a request, or take one's own back."""
    person = caller.person_session.person.person_id
    return await _act(
        request,
        caller,
        key,
        "budget-declined",
        lambda work: funding.decline(work, request_id, person, body.reason),
    )


@router.put("/budgets/{campaign}/when-dry", summary="Choose what happens at the end")
async def choose(
    request: Request, caller: Chooser, campaign: str, body: WhenDryIn, key: IdempotencyKey
) -> JSONResponse:
    """Choose what happens when a budget runs dry: queue, stop or announce."""
    person = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        policy = budgets.choose(work, campaign, body.when_dry, person)
        details = {"when_dry": policy.when_dry.value}
        auditing.record(work, caller.scope, "budget-policy-chosen", f"budget/{campaign}", details)
        return {"campaign": campaign, **details}

    return await commanding.answer(request, caller, key, command)


async def _act(
    request: Request,
    caller: Caller,
    key: str,
    action: str,
    use_case: Callable[[Work], FundingRequest],
    status: int = 200,
) -> JSONResponse:
    def command(work: Work) -> Mapping[str, Any]:
        found = use_case(work)
        auditing.record(work, caller.scope, action, f"budget/{found.campaign}", audited(found))
        return _request(found).model_dump(mode="json")

    return await commanding.answer(request, caller, key, command, status=status)


def audited(found: FundingRequest) -> dict[str, Any]:
    """Return what the audit log keeps of a request."""
    return {"request": str(found.request_id), "points": found.points, "reference": found.reference}


def _request(found: FundingRequest) -> FundingOut:
    return FundingOut(
        request_id=str(found.request_id),
        campaign=found.campaign,
        points=found.points,
        reference=found.reference,
        state=found.state.value,
        requested_at=found.requested_at,
        decided_at=found.decided_at,
        reason=found.reason,
    )


def _present(budget: Budget) -> BudgetOut:
    return BudgetOut(
        campaign=budget.campaign,
        counters=CountersOut.model_validate(budget.left),
        when_dry=budget.policy.when_dry.value,
        dry_since=budget.policy.dry_since,
        waiting=budget.waiting,
        used_percent=budget.outlook.used_percent,
        level=budget.outlook.level.value,
        points_a_week=budget.outlook.a_week,
        lasts_until=budget.outlook.lasts_until,
    )
