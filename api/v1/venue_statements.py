"""What a venue reads of its money: statements with their lines, contested lines, credit notes, contracts."""

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from api import commanding, contract_papers, downloads, services
from api.access import Access, Caller
from api.commanding import IdempotencyKey
from api.letters import Reader
from api.v1.books import SettlementOut
from api.v1.shapes import IdText, In, LongId, LongNumber, Out, ShortId
from api.v1.venues import ContractOut
from identity import auditing
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import NotFound
from merchants import contesting, contracts, documents, settlements, takings
from merchants.contesting import REASON_MAX, Party
from merchants.settlements import Settlement

router = APIRouter(tags=["venues"])
Staff = Annotated[Caller, Depends(Access(Role.VENUE_OWNER, Role.VENUE_STAFF))]
Owner = Annotated[Caller, Depends(Access(Role.VENUE_OWNER))]
LINES_MAX = 10_000


class LineOut(Out):
    """One redemption, or what took one back."""

    use_id: UUID
    booked_at: dt.datetime
    effective: dt.date = Field(description="The day on which it happened")
    product: str = Field(examples=["rhein-ruhr-bad-einzel"])
    sort: str = Field(
        description="redemptions, conflicts, reversals or corrections", examples=["redemptions"]
    )
    tier: str = Field(description="online, hub, leased, presented, capped, or empty", examples=["online"])
    points: int = Field(examples=[120])
    cents: int = Field(description="What the guest paid in euros", examples=[0])


class ContestIn(In):
    """What a line should say."""

    use_id: UUID = Field(examples=["6d1a6f0e-58c7-4d0b-9a43-0f3bb2c7a1d4"])
    expected_points: LongNumber = Field(examples=[120])
    expected_cents: LongNumber | None = Field(
        default=None, description="Absent: the euros are right", examples=[0]
    )
    reason: str = Field(max_length=REASON_MAX, examples=["Der Gast war zu zweit."])


class ContestOut(Out):
    """A contested line."""

    contest_id: IdText
    use_id: UUID
    booked_points: int
    expected_points: int
    booked_cents: int
    expected_cents: int
    party: str = Field(description="venue or city", examples=["venue"])
    raised_at: dt.datetime
    reason: str
    state: str = Field(description="open, accepted or declined", examples=["open"])
    answer: str
    decided_at: dt.datetime | None


class SignedOut(ContractOut):
    """A contract of the venue."""

    contract_id: IdText


@router.get("/venues/{venue_id}/statements", summary="Statements of a venue")
def every(request: Request, caller: Staff, venue_id: ShortId) -> list[SettlementOut]:
    """Return the venue's statements, newest first."""
    caller.check_venue(venue_id)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [SettlementOut.model_validate(one) for one in settlements.of_venue(reading, venue_id)]


@router.get(
    "/venues/{venue_id}/statements/{settlement_id}.{form}",
    summary="A statement of a venue, as it was issued",
    response_class=Response,
    responses={200: {"content": {"application/json": {}, "text/csv": {}, "application/pdf": {}}}},
)
def document(
    request: Request,
    caller: Staff,
    venue_id: ShortId,
    settlement_id: LongId,
    form: Literal["json", "csv", "pdf"],
) -> Response:
    """Return the frozen statement as JSON, CSV or PDF."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = _own(reading, caller, venue_id, settlement_id)
        return downloads.statement_download(reading, found, form, _reader(request, caller))


@router.get(
    "/venues/{venue_id}/statements/{settlement_id}/credit-note.{form}",
    summary="A credit note of a venue",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}, "application/xml": {}}}},
)
def credit_note(
    request: Request, caller: Staff, venue_id: ShortId, settlement_id: LongId, form: Literal["pdf", "xml"]
) -> Response:
    """Return the credit note as Factur-X (PDF) or XRechnung (XML)."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = _own(reading, caller, venue_id, settlement_id)
        return downloads.credit_note_download(reading, found, form, _reader(request, caller))


@router.get("/venues/{venue_id}/statements/{settlement_id}/lines", summary="Lines of a statement")
def lines(request: Request, caller: Staff, venue_id: ShortId, settlement_id: LongId) -> list[LineOut]:
    """Return the single redemptions behind a statement, newest first, at most 10,000 of them."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        wanted = settlements.wanted_of(reading, _own(reading, caller, venue_id, settlement_id))
        uses = itertools.islice(takings.uses(reading, venue_id, wanted), LINES_MAX)
        return [LineOut.model_validate(one) for one in uses]


@router.get("/venues/{venue_id}/statements/{settlement_id}/contests", summary="Contested lines")
def contested(request: Request, caller: Staff, venue_id: ShortId, settlement_id: LongId) -> list[ContestOut]:
    """Return what was contested on a statement and what became of it, newest first."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = _own(reading, caller, venue_id, settlement_id)
        every_one = contesting.of_settlements(reading, [found.settlement_id])
    return [ContestOut.model_validate(one) for one in every_one]


@router.post(
    "/venues/{venue_id}/statements/{settlement_id}/contests",
    status_code=201,
    summary="Contest a line",
    response_model=ContestOut,
)
async def contest(
    request: Request,
    caller: Staff,
    venue_id: ShortId,
    settlement_id: LongId,
    body: ContestIn,
    key: IdempotencyKey,
) -> JSONResponse:
    """Say that a line is wrong, within the days that the city gives; a treasurer decides."""

    def command(work: Work) -> Mapping[str, Any]:
        _own(work, caller, venue_id, settlement_id)
        said = body.model_dump()
        made = contesting.contest(
            work, caller.city, settlement_id, said.pop("use_id"), **said, party=Party.VENUE, by=caller.scope
        )
        auditing.record(work, caller.scope, "line-contested", f"contest/{made.contest_id}", {})
        return ContestOut.plain(made)

    return await commanding.answer(request, caller, key, command, status=201)


@router.get("/venues/{venue_id}/contracts", summary="Contracts of a venue")
def signed(request: Request, caller: Owner, venue_id: ShortId) -> list[SignedOut]:
    """Return the venue's contracts in the order in which they come into force."""
    caller.check_venue(venue_id, Role.VENUE_OWNER)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [SignedOut.model_validate(one) for one in contracts.of_venue(reading, venue_id)]


@router.get(
    "/venues/{venue_id}/contracts/{contract_id}.pdf",
    summary="A contract as it was signed",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def contract(request: Request, caller: Owner, venue_id: ShortId, contract_id: LongId) -> Response:
    """Return the text that both have signed, if it was signed here and not on paper."""
    caller.check_venue(venue_id, Role.VENUE_OWNER)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        mine = {one.contract_id for one in contracts.of_venue(reading, venue_id)}
        found = documents.get(reading, contract_id if contract_id in mine else 0)
    return downloads.pdf(contract_papers.signed(found, _reader(request, caller)), "duiscoin-contract.pdf")


def _own(reading: Reading, caller: Caller, venue_id: int, settlement_id: int) -> Settlement:
    """Return a statement of this very venue. Raises Forbidden `other-venue`, NotFound."""
    caller.check_venue(venue_id)
    found = settlements.get(reading, settlement_id)
    if found.venue_id != venue_id:
        raise NotFound("settlement-not-found")
    return found


def _reader(request: Request, caller: Caller) -> Reader:
    return Reader(caller.language, services.of(request).translations[caller.language], caller.city)
