"""The books: accounts, statements, verification, settlement."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import commanding, services, settlements_due
from api.access import Access, Caller
from api.commanding import IdempotencyKey
from api.downloads import statement_download
from api.letters import Reader
from api.v1.shapes import BIGINT_MAX, Before, CountersOut, IdText, In, Limit, LongId, Out, Paged, paged
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from ledger import invariants, queries
from merchants import paying, settlements

router = APIRouter(tags=["books"])
Books = Annotated[Caller, Depends(Access(Role.TREASURER, Role.AUDITOR))]
Treasurer = Annotated[Caller, Depends(Access(Role.TREASURER))]


class AccountOut(BaseModel):
    """An account with its counters."""

    path: str = Field(examples=["budget/litter"])
    asset: str = Field(examples=["DUC"])
    guard: str = Field(examples=["no-overdraft"])
    counters: CountersOut


class StatementLineOut(BaseModel):
    """A transfer as one account sees it."""

    sequence: int
    kind: str = Field(examples=["post"])
    booked_at: dt.datetime
    effective: dt.date
    other_path: str
    purpose: str
    subject: str
    amount: int
    change: int = Field(description="Of the posted balance")
    balance: int
    available: int


class ReportOut(Out):
    """The result of a verification."""

    ok: bool
    transfers: int
    accounts: int
    checks: list[str]
    findings: list[dict[str, Any]]


class SettlementOut(Out):
    """A settlement with a venue."""

    settlement_id: IdText
    number: str = Field(examples=["2026-0001"])
    venue_id: int
    first_day: dt.date
    last_day: dt.date
    settled_points: int
    settled_cents: int = Field(description="For the points", examples=[540])
    collected_cents: int = Field(description="Euros of guests that are passed on", examples=[1200])
    payout_cents: int = Field(description="What is transferred: both together", examples=[1740])
    sha256: str
    paid_on: dt.date | None


class SettledOut(BaseModel):
    """What was settled by one request."""

    settled: list[SettlementOut]


class PayoutIn(In):
    """When the bank has paid."""

    paid_on: dt.date = Field(examples=["2026-12-03"])


@router.get("/ledger/accounts", summary="Trial balance")
def accounts(request: Request, caller: Books) -> list[AccountOut]:
    """Return every account with its counters."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        balance = queries.trial_balance(reading)
    return [
        AccountOut(
            path=account.path,
            asset=account.asset,
            guard=account.guard.value,
            counters=CountersOut.model_validate(left),
        )
        for account, left in balance
    ]


@router.get("/ledger/statement", summary="Statement of an account")
def statement(
    request: Request,
    caller: Books,
    path: Annotated[str, Query(max_length=120, examples=["budget/litter"])],
    before: Before = None,
    limit: Limit = 50,
) -> Paged[StatementLineOut]:
    """Return a page of a statement with running balance, newest first."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        lines = queries.statement(reading, path, before=before, limit=limit)
    items = [
        StatementLineOut(
            sequence=line.booked.sequence,
            kind=line.booked.kind.value,
            booked_at=line.booked.booked_at,
            effective=line.booked.effective,
            other_path=line.other_path,
            purpose=line.booked.purpose,
            subject=line.booked.subject,
            amount=line.booked.amount,
            change=line.change,
            balance=line.balance,
            available=line.available,
        )
        for line in lines
    ]
    return Paged(items=items, next=str(lines[-1].booked.sequence) if len(lines) == limit else None)


@router.get("/ledger/balance", summary="Balance as of a transfer")
def balance(
    request: Request,
    caller: Books,
    path: Annotated[str, Query(max_length=120, examples=["budget/litter"])],
    sequence: Annotated[int, Query(ge=0, le=BIGINT_MAX, examples=[1042])],
) -> CountersOut:
    """Return an account's counters right after a transfer."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return CountersOut.model_validate(queries.as_of(reading, path, sequence))


@router.get("/ledger/verification", summary="Verify the books")
def verify(request: Request, caller: Books) -> ReportOut:
    """Check every invariant."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        report = invariants.verify(reading)
    findings = [
        {"check": one.check, "sequence": one.sequence, "message": one.message} for one in report.findings
    ]
    return ReportOut(
        ok=report.ok,
        transfers=report.transfers,
        accounts=report.accounts,
        checks=list(report.checks),
        findings=findings,
    )


@router.get("/settlements", summary="All settlements")
def page(request: Request, caller: Books, before: Before = None, limit: Limit = 50) -> Paged[SettlementOut]:
    """Return a page of settlements, newest first."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = settlements.page(reading, before=before, limit=limit)
    return paged(found, SettlementOut, limit, "settlement_id")


@router.post("/settlements", status_code=201, summary="Settle what is due", response_model=SettledOut)
async def settle(request: Request, caller: Treasurer, key: IdempotencyKey) -> JSONResponse:
    """Settle every finished period with every venue, and return what was made."""

    def command(work: Work) -> Mapping[str, Any]:
        made = settlements_due.settle_in(work, caller.city, caller.scope)
        found = settlements.by_id(work, made)
        return {"settled": [SettlementOut.plain(found[one]) for one in made]}

    return await commanding.answer(request, caller, key, command, status=201)


@router.get(
    "/settlements/{settlement_id}.{form}",
    summary="A statement as it was issued",
    response_class=Response,
    responses={200: {"content": {"application/json": {}, "text/csv": {}, "application/pdf": {}}}},
)
def document(
    request: Request, caller: Books, settlement_id: LongId, form: Literal["json", "csv", "pdf"]
) -> Response:
    """Return the frozen statement as JSON, CSV or PDF."""
    given = services.of(request)
    reader = Reader(caller.language, given.translations[caller.language], caller.city)
    with given.database.reading(caller.city.city_id) as reading:
        found = settlements.get(reading, settlement_id)
        return statement_download(reading, found, form, reader)


@router.post("/settlements/{settlement_id}/payout", summary="Payout", response_model=SettlementOut)
async def pay_out(
    request: Request, caller: Treasurer, settlement_id: LongId, body: PayoutIn, key: IdempotencyKey
) -> JSONResponse:
    """Book that the bank has paid."""

    def command(work: Work) -> Mapping[str, Any]:
        paid = paying.confirm(work, settlement_id, paid_on=body.paid_on, by=caller.scope)
        details = {"paid_on": body.paid_on.isoformat()}
        auditing.record(work, caller.scope, "payout-confirmed", f"settlement/{paid.number}", details)
        return SettlementOut.plain(paid)

    return await commanding.answer(request, caller, key, command)
