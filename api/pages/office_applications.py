"""The administration's applications: who wants to become a venue, their proofs, and the answer."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from api import commanding, contract_papers, downloads, services, venue_mail
from api.access import Access, Caller
from api.pages import framing, typed_numbers
from api.pages.framing import Area
from api.pages.joining import STATE_WORDS
from api.pages.office_market import PERIOD_WORDS, VENUE_KIND_WORDS
from api.pages.postbox import reader_of
from api.pages.treasury_payouts import PAYEE_CHECKS
from api.v1.shapes import BIGINT_MAX, LongId
from identity import auditing, persons
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, NotFound
from merchants import applications, approving, bounds, contracts, documents, proof_list
from merchants.applications import Application, State
from merchants.approving import Official
from merchants.bounds import Bounds
from merchants.payout_orders import PayeeCheck
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/applications")
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]

PAGE = 50
VIEWS: Mapping[str, tuple[str, tuple[State, ...]]] = {
    "": (N_("To be decided"), (State.SUBMITTED,)),
    "asked": (N_("Asked back"), (State.ASKED,)),
    "decided": (N_("Decided"), (State.APPROVED, State.REJECTED)),
}
framing.announce(
    {
        "application-approved": ("success", N_("Signed. The venue is open, and its owner has been told.")),
        "application-asked": ("success", N_("Asked. The applicant has been told.")),
        "application-rejected": ("success", N_("Declined. The applicant has been told why.")),
        "bounds-saved": ("success", N_("Saved. New contracts say this.")),
    }
)


@router.get("")
def every(
    request: Request,
    caller: Administrator,
    state: str = "",
    before: Annotated[int | None, Query(ge=0, le=BIGINT_MAX)] = None,
) -> Response:
    """Show the applications, the newest first."""
    view = state if state in VIEWS else ""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = applications.page(reading, VIEWS[view][1], before=before, limit=PAGE + 1)
    tabs = [(word, f"/office/applications?state={name}", name == view) for name, (word, _) in VIEWS.items()]
    shown = found[:PAGE]
    older = f"/office/applications?state={view}&before={shown[-1].application_id if shown else 0}"
    return framing.show(
        request, caller, "office/applications.html", area=Area.OFFICE, applications=shown,
        older=older if len(found) > PAGE else None, words=STATE_WORDS, kinds=VENUE_KIND_WORDS,
        tabs=tabs,
    )  # fmt: skip


@router.get("/terms")
def terms(request: Request, caller: Administrator) -> Response:
    """Show on what terms the city takes new venues."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = bounds.find(reading)
    return _terms_page(request, caller, {name: getattr(found, name) for name in Bounds.__dataclass_fields__})


@router.post("/terms")
def save_terms(
    request: Request,
    caller: AdministratorForm,
    rate_least: Annotated[str, Form()] = "",
    rate_most: Annotated[str, Form()] = "",
    payout_delay_days: Annotated[str, Form()] = "",
    receipt_numbers: Annotated[str, Form()] = "",
    owner_publishes: Annotated[str, Form()] = "",
    scanned_only: Annotated[str, Form()] = "",
) -> Response:
    """Change them for contracts that are signed from now on."""
    amounts = {"rate_least": rate_least, "rate_most": rate_most, "payout_delay_days": payout_delay_days}
    chosen = Bounds(
        typed_numbers.whole(rate_least),
        typed_numbers.whole(rate_most),
        typed_numbers.whole(payout_delay_days),
        receipt_numbers=receipt_numbers == "yes",
        owner_publishes=owner_publishes == "yes",
        scanned_only=scanned_only == "yes",
    )

    def command(work: Work) -> None:
        kept = bounds.save(work, chosen)
        details = {name: getattr(kept, name) for name in Bounds.__dataclass_fields__}
        auditing.record(work, caller.scope, "venue-terms-changed", "venues", details)

    try:
        services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        typed = {name: getattr(chosen, name) for name in Bounds.__dataclass_fields__}
        return _terms_page(request, caller, typed | amounts, error)
    return framing.go("/office/applications", "bounds-saved")


@router.get("/{application_id}")
def one(request: Request, caller: Administrator, application_id: LongId) -> Response:
    """Show an application with its proofs, its contract, and what can be answered."""
    return _one(request, caller, application_id)


@router.get("/{application_id}/proofs/{proof_id}")
def proof(request: Request, caller: Administrator, application_id: LongId, proof_id: LongId) -> Response:
    """Return a proof: a photo to be looked at, a PDF to be saved."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        found = proof_list.get(reading, application_id, proof_id)
    return downloads.proof(found, given.evidence(caller.city).read(found.storage_key))


@router.get("/{application_id}/contract.pdf")
def contract_file(request: Request, caller: Administrator, application_id: LongId) -> Response:
    """Return the contract as PDF, with the signatures that there are."""
    reader = reader_of(request, caller)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = applications.get(reading, application_id)
        signed = contracts.of_venue(reading, found.venue_id) if found.venue_id else []
        document = documents.get(reading, signed[0].contract_id) if signed else None
    if document is not None:
        return downloads.pdf(contract_papers.signed(document, reader), "duiscoin-contract.pdf")
    if found.contract_text is None or found.submitted_at is None:
        raise NotFound("page-not-found")
    signature = documents.Signature(found.signed_name, found.submitted_at)
    content = contract_papers.draft(found.contract_text, signature, reader, found.submitted_at)
    return downloads.pdf(content, "duiscoin-contract.pdf")


@router.post("/{application_id}/{decision}")
async def decide(
    request: Request,
    caller: AdministratorForm,
    application_id: LongId,
    decision: str,
    answer: Annotated[str, Form()] = "",
    signed_name: Annotated[str, Form()] = "",
    payee_check: Annotated[str, Form()] = "",
) -> Response:
    """Approve (sign for the city), ask back, or decline."""
    by = Official(caller.person_session.person.person_id, signed_name)
    checked = PayeeCheck(payee_check) if payee_check in set(PayeeCheck) else None
    steps: dict[str, Callable[[Work], Application]] = {
        "approved": lambda work: approving.approve(work, caller.city, application_id, by, checked)[0],
        "asked": lambda work: approving.ask(work, application_id, answer, by),
        "rejected": lambda work: approving.reject(work, application_id, answer, by),
    }
    if decision not in steps:
        raise NotFound("page-not-found")

    def command(work: Work) -> Mapping[str, Any]:
        decided = steps[decision](work)
        _tell(work, decided)
        details = {"venue_id": decided.venue_id, "sha256": decided.contract_sha256}
        subject = f"application/{application_id}"
        auditing.record(work, caller.scope, f"application-{decision}", subject, details)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        typed = {"answer": answer, "signed_name": signed_name, "payee_check": payee_check}
        return _one(request, caller, application_id, error, typed, decision)
    return framing.go(f"/office/applications/{application_id}", f"application-{decision}")


def _tell(work: Work, decided: Application) -> None:
    if decided.person_id is not None:
        facts = {"name": decided.typed["name"], "answer": decided.answer}
        venue_mail.tell(work, persons.get(work, decided.person_id), f"application-{decided.state}", facts)


def _one(
    request: Request,
    caller: Caller,
    application_id: int,
    error: DomainError | None = None,
    typed: Mapping[str, str] | None = None,
    decision: str = "",
) -> Response:
    fields = {"answer": {"asked": "question"}.get(decision, "reason")}
    errors = framing.field_errors(request, caller, error, fields) if error else []
    own = caller.person_session.person
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = applications.get(reading, application_id)
        if found.state is State.DRAFT:
            raise applications.missing()
        proofs = proof_list.of_application(reading, application_id)
        people = persons.by_ids(reading, [found.person_id] if found.person_id else [])
    clauses = contract_papers.sections(found.contract_text) if found.contract_text else None
    return framing.show(
        request, caller, "office/application.html", area=Area.OFFICE, status=422 if error else 200,
        application=found, proofs=proofs, applicant=people.get(found.person_id or 0), contract=clauses,
        words=STATE_WORDS, kinds=VENUE_KIND_WORDS, periods=PERIOD_WORDS, payee_checks=PAYEE_CHECKS,
        is_own=found.person_id == own.person_id, typed={"signed_name": own.name, **(typed or {})},
        errors=errors, by_field={decision: dict(errors)},
    )  # fmt: skip


def _terms_page(
    request: Request, caller: Caller, typed: Mapping[str, Any], error: DomainError | None = None
) -> Response:
    errors = framing.field_errors(request, caller, error) if error else []
    return framing.show(
        request, caller, "office/venue_terms.html", area=Area.OFFICE, status=422 if error else 200,
        typed=typed, errors=errors, by_field=dict(errors),
    )  # fmt: skip
