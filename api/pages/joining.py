"""Becoming a venue: what it means, the application, the contract; and accepting an invitation."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api import commanding, contract_papers, downloads, services
from api.access import Access, Caller, Sort
from api.pages import framing
from api.pages.office_market import PERIOD_WORDS, VENUE_KIND_WORDS
from api.pages.postbox import reader_of
from api.v1.shapes import LongId
from identity import auditing
from kernel.db import Work
from kernel.errors import DomainError
from merchants import applications, applying, bounds, inviting, proof_files, proof_list, venues
from merchants.applications import Application, State
from rewards import evidence
from web.marking import N_

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]

ADDRESS = "/become-a-venue/application"
CONTRACT = "/become-a-venue/contract"
FILES_MAX = 3
"""In one form; more can be added with the next."""
framing.announce(
    {
        "application-sent": ("success", N_("Sent. The city looks at it and writes to you.")),
        "application-withdrawn": ("success", N_("Your application has been taken back.")),
        "proof-removed": ("success", N_("The file has been removed.")),
        "invitation-accepted": ("success", N_("Welcome to the team.")),
    }
)
STATE_WORDS: Mapping[State, tuple[str, str]] = {
    State.DRAFT: ("info", N_("Draft")),
    State.SUBMITTED: ("warning", N_("Waits for the city")),
    State.ASKED: ("warning", N_("Waits for the applicant")),
    State.APPROVED: ("success", N_("Takes part")),
    State.REJECTED: ("danger", N_("Declined")),
    State.WITHDRAWN: ("info", N_("Taken back")),
}


@router.get("/become-a-venue")
def invite(request: Request, caller: Anyone) -> Response:
    """Say what a venue gets and what it takes to become one."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        terms = bounds.find(reading)
        count = sum(one.active for one in venues.every(reading))
    return framing.show(request, caller, "citizen/become_a_venue.html", terms=terms, count=count)


@router.get(ADDRESS)
def application(request: Request, caller: Citizen) -> Response:
    """Show the form, or how far the application is."""
    return _form_page(request, caller)


@router.post(ADDRESS)
async def save(
    request: Request, caller: CitizenForm, proof: Annotated[list[UploadFile] | None, File()] = None
) -> Response:
    """Keep what was typed and the proofs; if nothing is wrong, show the contract."""
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    mine, city = caller.person_session.person.person_id, caller.city
    given = services.of(request)
    try:
        contents = [
            (await one.read(proof_files.BYTES_MAX + 1), one.filename or "")
            for one in (proof or [])[:FILES_MAX]
            if one.filename
        ]
        files = [await run_in_threadpool(proof_files.read, *one) for one in contents]
        refusal = None
    except DomainError as error:
        files, refusal = [], error
    kept = [(evidence.new_key(given.database.ids.random_bytes(24), one.suffix), one) for one in files]
    for key, one in kept:
        await run_in_threadpool(given.evidence(city).write, key, one.content)

    def command(work: Work) -> Mapping[str, Any]:
        applying.draft(work, mine, typed)
        for key, one in kept:
            applying.prove(work, mine, key, one)
        return {}

    try:
        digest = "".join(one.sha256 for one in files).encode()
        await commanding.perform_form(request, caller, command, content=digest)
        if refusal is not None:
            raise refusal
        with given.database.reading(city.city_id) as reading:
            applications.checked(typed, bounds.find(reading))
    except DomainError as error:
        return _form_page(request, caller, error)
    return framing.go(CONTRACT)


@router.post("/become-a-venue/proofs/{proof_id}/removal")
def remove(request: Request, caller: CitizenForm, proof_id: LongId) -> Response:
    """Take a proof back."""
    mine, given = caller.person_session.person.person_id, services.of(request)
    key = given.database.run(caller.city.city_id, lambda work: applying.remove_proof(work, mine, proof_id))
    given.evidence(caller.city).delete(key)
    return framing.go(ADDRESS, "proof-removed")


@router.get("/become-a-venue/proofs/{proof_id}")
def own_proof(request: Request, caller: Citizen, proof_id: LongId) -> Response:
    """Return a proof to who handed it in."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        found = applications.newest_of(reading, caller.person_session.person.person_id)
        proof = proof_list.get(reading, found.application_id if found else 0, proof_id)
    return downloads.proof(proof, given.evidence(caller.city).read(proof.storage_key))


@router.get(CONTRACT)
def contract(request: Request, caller: Citizen) -> Response:
    """Show the contract that is to be signed."""
    return _contract_page(request, caller)


@router.post(CONTRACT)
async def sign(
    request: Request,
    caller: CitizenForm,
    signed_name: Annotated[str, Form()] = "",
    agreed: Annotated[str, Form()] = "",
) -> Response:
    """Sign the contract and hand the application in."""
    mine, german = caller.person_session.person.person_id, services.of(request).translations["de"]

    def command(work: Work) -> Mapping[str, Any]:
        found = applications.newest_of(work, mine)
        typed = found.typed if found else {}
        text = contract_papers.text(caller.city, typed, bounds.find(work), german)
        name = signed_name if agreed == "yes" else ""
        handed_in = applying.submit(work, mine, signed_name=name, contract_text=text)
        subject = f"application/{handed_in.application_id}"
        details = {"sha256": handed_in.contract_sha256}
        # Not by their number: it would outlive them, and the application says who it was.
        auditing.record(work, "applicant", "application-submitted", subject, details)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        if error.code in {"application-incomplete", "proof-missing"}:
            return _form_page(request, caller, error)
        return _contract_page(request, caller, error, signed_name)
    return framing.go(ADDRESS, "application-sent")


@router.get("/become-a-venue/contract.pdf")
def contract_file(request: Request, caller: Citizen) -> Response:
    """Return the contract, as it is signed so far, as PDF."""
    found, text = _contract(request, caller)
    signature = applying.signature(found) if found.contract_text else None
    made_at = found.submitted_at or found.created_at
    content = contract_papers.draft(text, signature, reader_of(request, caller), made_at)
    return downloads.pdf(content, "duiscoin-contract.pdf")


@router.post("/become-a-venue/withdrawal")
def withdraw(request: Request, caller: CitizenForm) -> Response:
    """Take the application back; its files go."""
    mine, given = caller.person_session.person.person_id, services.of(request)
    for key in given.database.run(caller.city.city_id, lambda work: applying.withdraw(work, mine)):
        given.evidence(caller.city).delete(key)
    return framing.go("/become-a-venue", "application-withdrawn")


@router.get("/venue-invitations/{token}")
def invited(request: Request, caller: Citizen, token: str) -> Response:
    """Show what somebody was invited to."""
    return _invitation_page(request, caller, token)


@router.post("/venue-invitations/{token}")
def accept(request: Request, caller: CitizenForm, token: str) -> Response:
    """Begin to work for the venue."""
    person = caller.person_session.person
    try:
        services.of(request).database.run(
            caller.city.city_id, lambda work: inviting.accept(work, token, person)
        )
    except DomainError as error:
        return _invitation_page(request, caller, token, error)
    return framing.go("/venue", "invitation-accepted")


def _form_page(request: Request, caller: Caller, error: DomainError | None = None) -> Response:
    errors = framing.field_errors(request, caller, error) if error else []
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = applications.newest_of(reading, caller.person_session.person.person_id)
        proofs = proof_list.of_application(reading, found.application_id) if found else []
        terms = bounds.find(reading)
    shown = found if found and (found.is_editable or not request.query_params.get("again")) else None
    return framing.show(
        request, caller, "citizen/venue_application.html", status=422 if error else 200, application=shown,
        editable=shown is None or shown.is_editable, typed=shown.typed if shown else {}, proofs=proofs,
        terms=terms, kinds=VENUE_KIND_WORDS, periods=PERIOD_WORDS, words=STATE_WORDS,
        errors=errors, by_field=dict(errors),
    )  # fmt: skip


def _contract_page(
    request: Request, caller: Caller, error: DomainError | None = None, signed_name: str = ""
) -> Response:
    found, text = _contract(request, caller)
    if not found.is_editable:
        return framing.go(ADDRESS)
    errors = framing.field_errors(request, caller, error) if error else []
    return framing.show(
        request, caller, "citizen/venue_contract.html", status=422 if error else 200,
        contract=contract_papers.sections(text), application=found,
        signed_name=signed_name or caller.person_session.person.name, errors=errors, by_field=dict(errors),
    )  # fmt: skip


def _contract(request: Request, caller: Caller) -> tuple[Application, str]:
    """Return the last application and its contract, as it was signed or would be now."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        found = applications.newest_of(reading, caller.person_session.person.person_id)
        terms = bounds.find(reading)
    if found is None:
        raise applications.missing()
    if found.is_editable or found.contract_text is None:
        return found, contract_papers.text(caller.city, found.typed, terms, given.translations["de"])
    return found, found.contract_text


def _invitation_page(
    request: Request, caller: Caller, token: str, error: DomainError | None = None
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = inviting.by_token(reading, token)
        venue = venues.get(reading, found.venue_id)
    wrong = error or (found.email != caller.person_session.person.email or None)
    return framing.show(
        request, caller, "citizen/venue_invitation.html", status=403 if error else 200, venue=venue,
        invitation=found, token=token, wrong=bool(wrong),
    )  # fmt: skip
