"""Was that you? The page behind the letter that asks about a use of a voucher."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller, Sort
from api.pages import framing
from api.v1.shapes import LongId
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from redemption import claims
from redemption.claims import Answer
from web import formats
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/questions")
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]
framing.announce({"answered": ("success", N_("Thank you. The city has your answer."))})


@router.get("/{claim_id}")
def question(request: Request, caller: Citizen, claim_id: LongId) -> Response:
    """Show what is asked, and what was answered."""
    return _page(request, caller, claim_id)


@router.post("/{claim_id}")
def answer(
    request: Request,
    caller: CitizenForm,
    claim_id: LongId,
    said: Annotated[str, Form()] = "",
    remark: Annotated[str, Form()] = "",
) -> Response:
    """Keep the answer."""
    owner = caller.person_session.person.owner

    def command(work: Work) -> None:
        if said not in {one.value for one in Answer}:
            raise Invalid("claim-answer-missing", field="said")
        claims.answer(work, owner, claim_id, Answer(said), remark)

    try:
        services.of(request).database.run(caller.city.city_id, command)
    except Invalid as error:
        return _page(request, caller, claim_id, error=error, remark=remark)
    return framing.go(f"/questions/{claim_id}", "answered")


def _page(
    request: Request, caller: Caller, claim_id: int, error: DomainError | None = None, remark: str = ""
) -> Response:
    owner = caller.person_session.person.owner
    with services.of(request).database.reading(caller.city.city_id) as reading:
        claim = claims.get(reading, claim_id, owner)
    moments = {
        name: formats.instant(value, caller.language, caller.city.timezone)
        for name in ("first_at", "second_at")
        if (value := claims.moment(claim, name)) is not None
    }
    return framing.show(
        request, caller, "citizen/question.html", status=422 if error else 200, claim=claim, remark=remark,
        moments=moments, errors=framing.field_errors(request, caller, error) if error else [],
    )  # fmt: skip
