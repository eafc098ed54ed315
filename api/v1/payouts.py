"""Payout runs, credit notes and the tax data that they need."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api import commanding, services, settlements_due
from api.access import Access, Caller
from api.commanding import IdempotencyKey
from api.downloads import credit_note_download
from api.letters import Reader
from api.v1.shapes import IdText, In, LongId, Out, ShortId
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from merchants import payout_runs, settlements, tax_data
from merchants.payout_runs import Run
from merchants.tax_data import TaxData

router = APIRouter(tags=["payouts"])
Books = Annotated[Caller, Depends(Access(Role.TREASURER, Role.AUDITOR))]
Treasurer = Annotated[Caller, Depends(Access(Role.TREASURER))]
Releaser = Annotated[Caller, Depends(Access(Role.TREASURER, Role.APPROVER))]
Owner = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, Role.VENUE_OWNER))]


class RunIn(In):
    """Statements that are to be paid together."""

    settlement_ids: list[LongId] = Field(examples=[["160069740135022458"]])
    execute_on: dt.date = Field(examples=["2026-12-03"])


class RunOut(Out):
    """A payout run."""

    run_id: IdText
    number: str = Field(examples=["Z2026-0001"])
    state: str = Field(examples=["made"])
    execute_on: dt.date
    order_count: int
    total_cents: int = Field(examples=[12550])
    sha256: str = Field(description="Of the payment file")


class TaxDataIn(In):
    """What stands on a venue's credit notes."""

    registered_name: str = Field(examples=["Rheinbad Betriebs-GmbH"])
    street: str = Field(examples=["Am Schwimmbad 1"])
    postcode: str = Field(examples=["47053"])
    town: str = Field(examples=["Duisburg"])
    country: str = Field(default="DE", examples=["DE"])
    vat_id: str = Field(default="", examples=["DE136695976"])
    tax_number: str = Field(default="", examples=["107/5812/1231"])
    is_small_business: bool = Field(default=False, examples=[False])
    rate_percent: Literal[19, 7, 0] = Field(default=19, examples=[7])
    exemption_reason: str = Field(default="", examples=["Steuerfrei nach § 4 Nr. 20 UStG."])
    contact_name: str = Field(examples=["Petra Schwimm"])
    contact_phone: str = Field(examples=["+49 203 123456"])
    contact_email: str = Field(examples=["rechnung@rheinbad.example"])


class TaxDataOut(Out):
    """What stands on a venue's credit notes, as it is kept."""

    registered_name: str
    street: str
    postcode: str
    town: str
    country: str
    vat_id: str
    tax_number: str
    is_small_business: bool
    rate_percent: int
    exemption_reason: str
    contact_name: str
    contact_phone: str
    contact_email: str


@router.get("/payout-runs", summary="Payout runs")
def runs(request: Request, caller: Books) -> list[RunOut]:
    """Return the newest payout runs."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [RunOut.model_validate(one) for one in payout_runs.page(reading)]


@router.post("/payout-runs", status_code=201, summary="Make a payout run", response_model=RunOut)
async def make(request: Request, caller: Treasurer, body: RunIn, key: IdempotencyKey) -> JSONResponse:
    """Put statements into a payment file that waits for a second person."""
    return await _act(
        request,
        caller,
        key,
        "payout-run-made",
        lambda work: payout_runs.make(work, body.settlement_ids, execute_on=body.execute_on, by=caller.scope),
        status=201,
    )


@router.post("/payout-runs/{run_id}/release", summary="Release", response_model=RunOut)
async def release(request: Request, caller: Releaser, run_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Release a run that somebody else made."""
    return await _act(
        request,
        caller,
        key,
        "payout-run-released",
        lambda work: payout_runs.release(work, run_id, by=caller.scope),
    )


@router.post("/payout-runs/{run_id}/cancel", summary="Cancel", response_model=RunOut)
async def cancel(request: Request, caller: Releaser, run_id: LongId, key: IdempotencyKey) -> JSONResponse:
    """Cancel a run before its file was fetched."""
    return await _act(
        request,
        caller,
        key,
        "payout-run-cancelled",
        lambda work: payout_runs.cancel(work, run_id, by=caller.scope),
    )


@router.get(
    "/settlements/{settlement_id}/credit-note.{form}",
    summary="A credit note as it was issued",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}, "application/xml": {}}}},
)
def credit_note(
    request: Request, caller: Books, settlement_id: LongId, form: Literal["pdf", "xml"]
) -> Response:
    """Return a credit note as Factur-X (PDF) or XRechnung (XML)."""
    given = services.of(request)
    reader = Reader(caller.language, given.translations[caller.language], caller.city)
    with given.database.reading(caller.city.city_id) as reading:
        found = settlements.get(reading, settlement_id)
        return credit_note_download(reading, found, form, reader)


@router.put("/venues/{venue_id}/tax-data", summary="Tax data", response_model=TaxDataOut)
async def save_tax_data(
    request: Request, caller: Owner, venue_id: ShortId, body: TaxDataIn, key: IdempotencyKey
) -> JSONResponse:
    """Keep what stands on a venue's credit notes; those that waited for it are issued."""
    if not caller.has(Role.ADMINISTRATOR):
        caller.check_venue(venue_id, Role.VENUE_OWNER)

    def command(work: Work) -> Mapping[str, Any]:
        kept = tax_data.save(work, venue_id, TaxData(**body.model_dump()))
        settlements_due.credit_outstanding(work, [venue_id])
        auditing.record(work, caller.scope, "tax-data-saved", f"venue/{venue_id}", {})
        return TaxDataOut.plain(kept)

    return await commanding.answer(request, caller, key, command)


async def _act(
    request: Request, caller: Caller, key: str, action: str, act: Callable[[Work], Run], status: int = 200
) -> JSONResponse:
    def command(work: Work) -> Mapping[str, Any]:
        run = act(work)
        details = {"orders": run.order_count, "cents": run.total_cents, "sha256": run.sha256}
        auditing.record(work, caller.scope, action, f"payout-run/{run.number}", details)
        return RunOut.plain(run)

    return await commanding.answer(request, caller, key, command, status=status)
