"""Signing in by a code, and one's own account."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from api import commanding, erasing, export_files, exporting, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.letters import Reader
from api.v1.shapes import IdText, In, Out
from identity import persons, sessions, signing_in
from identity.signing_in import CodeResult
from kernel.db import Work
from kernel.errors import Invalid

router = APIRouter(tags=["people"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE, cookies=False))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]


class CodeRequest(In):
    """Where the code shall go."""

    email: str = Field(max_length=254, examples=["anna@example.org"])


class CodeSent(BaseModel):
    """A code is on its way, whether or not the address is known."""

    request_id: IdText
    code: str | None = Field(default=None, description="In a demonstration only", examples=["482913"])


class SessionRequest(In):
    """The code as it came by e-mail."""

    request_id: str = Field(pattern=r"^\d{1,19}$", examples=["271828182845904523"])
    code: str = Field(max_length=12, examples=["482913"])


class PersonOut(Out):
    """An account."""

    person_id: IdText
    email: str | None = Field(examples=["anna@example.org"])
    name: str = Field(examples=["Anna Kowalski"])
    language: str = Field(examples=["de"])
    trust_level: str = Field(examples=["basic"])
    owner: str = Field(
        description="Opaque owner of the wallet", examples=["9f86d081884c7d659a2feaa0c55ad015"]
    )


class SessionOut(BaseModel):
    """A session: the token goes into `Authorization: Bearer`."""

    token: str | None = Field(
        description="Told once: absent when the request is repeated", examples=["qY3f...43 characters"]
    )
    person: PersonOut


class PersonChange(In):
    """What a person may choose. What is absent stays as it is."""

    name: str | None = Field(default=None, max_length=200, examples=["Anna"])
    language: str | None = Field(default=None, examples=["en"])


@router.post("/sign-in/codes", status_code=202, summary="Send a sign-in code", response_model=CodeSent)
async def send_code(request: Request, caller: Anyone, body: CodeRequest, key: IdempotencyKey) -> JSONResponse:
    """Send a code with six digits, valid for ten minutes; earlier ones are void."""
    given = services.of(request)
    given.limiter.hit("sign-in-source", caller.city.city_id, caller.source)
    given.limiter.hit("sign-in-account", caller.city.city_id, body.email.strip().lower())

    def command(work: Work) -> Mapping[str, Any]:
        sent = signing_in.request_code(work, body.email, caller.language)
        shown = sent.code if given.settings.demo else None
        return CodeSent(request_id=str(sent.request_id), code=shown).model_dump()

    return await commanding.answer(request, caller, key, command, status=202)


@router.post("/sign-in/sessions", status_code=201, summary="Sign in", response_model=SessionOut)
async def sign_in(
    request: Request, caller: Anyone, body: SessionRequest, key: IdempotencyKey
) -> JSONResponse:
    """Turn a code into a session. Its token is told in this answer only and kept as a hash."""
    given = services.of(request)
    given.limiter.hit("verify-source", caller.city.city_id, caller.source)
    tokens: list[str] = []

    def command(work: Work) -> Mapping[str, Any]:
        answer = signing_in.verify_code(work, int(body.request_id), body.code, caller.language)
        if answer.person is None:
            # A refusal is an answer as well: raising here would undo the counting of attempts.
            return {"result": answer.result.value}
        tokens[:] = [sessions.start(work, answer.person.person_id)]
        return {"result": answer.result.value, "person": PersonOut.plain(answer.person)}

    answer = await commanding.perform_once(request, caller, key, command)
    if answer["result"] != CodeResult.OK:
        raise Invalid(answer["result"], field="code")
    return JSONResponse({"token": tokens[0] if tokens else None, "person": answer["person"]}, 201)


@router.delete("/sign-in/session", status_code=204, summary="Sign out")
async def sign_out(request: Request, caller: Citizen, key: IdempotencyKey) -> Response:
    """End this session; its token opens nothing from now on."""
    session_id = caller.person_session.session_id
    return await commanding.done(request, caller, key, lambda work: sessions.end(work, session_id))


@router.get("/me", summary="Your account")
def me(caller: Citizen) -> PersonOut:
    """Return your account."""
    return PersonOut.model_validate(caller.person_session.person)


@router.patch("/me", summary="Change your account", response_model=PersonOut)
async def change(request: Request, caller: Citizen, body: PersonChange, key: IdempotencyKey) -> JSONResponse:
    """Change name or language."""
    person_id = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        person = persons.get(work, person_id)
        name = person.name if body.name is None else body.name
        return PersonOut.plain(
            persons.update(work, person_id, name=name, language=body.language or person.language)
        )

    return await commanding.answer(request, caller, key, command)


@router.get(
    "/me/export.zip",
    summary="Everything that is kept about you, with papers and photos",
    response_class=StreamingResponse,
    responses={200: {"content": {export_files.MEDIA_TYPE: {}}}},
)
def export_all(request: Request, caller: Citizen) -> StreamingResponse:
    """Return a ZIP: data as JSON, receipts and vouchers as PDF, photos. It is made while it is sent."""
    given = services.of(request)
    reader = Reader(caller.language, given.translations[caller.language], caller.city)
    pieces = export_files.stream(given, caller.person_session.person, reader)
    return StreamingResponse(pieces, media_type=export_files.MEDIA_TYPE)


@router.get("/me/export", summary="Everything that is kept about you")
def export(request: Request, caller: Citizen) -> dict[str, Any]:
    """Return account, movements, submissions, vouchers and paid fines."""
    person = caller.person_session.person
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return exporting.everything(reading, person.person_id, person.owner)


@router.delete("/me", status_code=204, summary="Delete your account")
async def delete(request: Request, caller: Citizen, key: IdempotencyKey) -> Response:
    """Erase you. Points, unused vouchers and what awaits a decision are lost; bookings stay as nobody's.

    The answer is not kept: asked again, the session is gone and you get 401.
    """
    del key  # Asked for as in every write; nothing of the person is to stay, so nothing is kept under it.
    given, person_id = services.of(request), caller.person_session.person.person_id
    given.limiter.hit("write-account", caller.city.city_id, caller.scope)
    await given.write(caller.city.city_id, lambda work: erasing.erase(work, caller.city, person_id))
    return Response(status_code=204)
