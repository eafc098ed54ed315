"""Signing in and out, and one's own account."""

import json
import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from api import commanding, erasing, export_files, exporting, sentences, services
from api.access import Access, Caller, Sort
from api.letters import Reader
from api.pages import framing
from api.pages.rule_questions import AGES
from identity import persons, postbox, roles, sessions, signing_in
from identity.persons import LANGUAGES, Said
from identity.signing_in import CodeAnswer, CodeResult
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from rewards import districts
from web.marking import N_
from web.templating import Notice

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
AnyoneForm = Annotated[Caller, Depends(Access(Sort.ANYONE, form=True))]
Citizen = Annotated[Caller, Depends(Access(Sort.CITIZEN))]
CitizenForm = Annotated[Caller, Depends(Access(Sort.CITIZEN, form=True))]

framing.announce(
    {
        "welcome": ("success", N_("Welcome! You are signed in.")),
        "erased": ("success", N_("Your account has been deleted. Thank you for having been here.")),
    }
)
_OWN_PATH = re.compile(r"/(?!/)[A-Za-z0-9/._-]*")


@router.get("/sign-in")
def ask(request: Request, caller: Anyone, next: str = "/") -> Response:  # noqa: A002 -- the parameter's name
    """Show the form for an e-mail address."""
    return framing.show(
        request, caller, "account/sign_in.html", area=None, next=_own(next), errors=[], email=""
    )


@router.post("/sign-in")
def send(
    request: Request,
    caller: AnyoneForm,
    email: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 -- the field's name
) -> Response:
    """Send a code and show where to type it."""
    given, city_id = services.of(request), caller.city.city_id
    given.limiter.hit("sign-in-source", city_id, caller.source)
    given.limiter.hit("sign-in-account", city_id, email.strip().lower())
    try:
        sent = given.database.run(city_id, lambda work: signing_in.request_code(work, email, caller.language))
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return framing.show(
            request, caller, "account/sign_in.html", area=None, status=422, next=_own(next),
            errors=errors, email=email,
        )  # fmt: skip
    return _code_page(
        request, caller, request_id=sent.request_id, email=email, next_path=_own(next),
        shown_code=sent.code if given.settings.demo else None,
    )  # fmt: skip


@router.post("/sign-in/code")
def verify(
    request: Request,
    caller: AnyoneForm,
    request_id: Annotated[int, Form()],
    code: Annotated[str, Form()] = "",
    email: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 -- the field's name
) -> Response:
    """Check the code and sign in."""
    given, city_id = services.of(request), caller.city.city_id
    given.limiter.hit("verify-source", city_id, caller.source)

    def command(work: Work) -> tuple[CodeAnswer, str]:
        answer = signing_in.verify_code(work, request_id, code, caller.language)
        return answer, _begin(work, caller, answer.person.person_id) if answer.person else ""

    answer, token = given.database.run(city_id, command)
    if answer.result is not CodeResult.OK:
        translation = framing.gettext_of(request, caller)
        text = sentences.by_code(answer.result.value, {}, translation)
        return _code_page(
            request, caller, request_id=request_id, email=email, next_path=_own(next),
            status=422, errors=[("code", text)],
        )  # fmt: skip
    response = framing.go(_own(next), "welcome")
    framing.sign_in(request, response, token)
    return response


@router.get("/sign-in/link")
def link(request: Request, caller: Anyone, token: str) -> Response:
    """Show whom a link signs in; a mail scanner that opens it does not use it up."""
    return framing.show(request, caller, "account/link.html", area=None, token=token)


@router.post("/sign-in/link")
def use_link(request: Request, caller: AnyoneForm, token: Annotated[str, Form()]) -> Response:
    """Sign in by a link."""

    def command(work: Work) -> tuple[str, str]:
        person = signing_in.use_link(work, token)
        return _begin(work, caller, person.person_id), _home(work, person.person_id)

    session_token, home = services.of(request).database.run(caller.city.city_id, command)
    response = framing.go(home, "welcome")
    framing.sign_in(request, response, session_token)
    return response


@router.get("/account")
def account(request: Request, caller: Citizen) -> Response:
    """Show the account."""
    return _account_page(request, caller, caller.person_session.person.name)


@router.post("/account")
def save(
    request: Request,
    caller: CitizenForm,
    name: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "de",
) -> Response:
    """Change name and language."""
    person_id = caller.person_session.person.person_id
    try:
        services.of(request).database.run(
            caller.city.city_id,
            lambda work: persons.update(work, person_id, name=name, language=language),
        )
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _account_page(request, caller, name, status=422, errors=errors)
    return framing.go("/account", "saved")


@router.post("/account/about-me")
async def say(
    request: Request,
    caller: CitizenForm,
    age_group: Annotated[str, Form()] = "",
    home_district: Annotated[str, Form()] = "",
) -> Response:
    """Keep or forget what somebody says of themselves; nobody has to."""
    person_id = caller.person_session.person.person_id

    def command(work: Work) -> dict[str, Any]:
        if home_district and home_district not in districts.names(work):
            raise Invalid("district-unknown", field="home_district")
        persons.say(work, person_id, Said(age_group or None, home_district or None))
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        name = caller.person_session.person.name
        return await run_in_threadpool(_account_page, request, caller, name, status=422, errors=errors)
    return framing.go("/account", "saved")


@router.post("/sign-out")
def sign_out(request: Request, caller: CitizenForm, everywhere: Annotated[str, Form()] = "") -> Response:
    """End this session, or all of this person."""
    session = caller.person_session

    def command(work: Work) -> None:
        if everywhere:
            sessions.end_all(work, session.person.person_id)
        else:
            sessions.end(work, session.session_id)

    services.of(request).database.run(caller.city.city_id, command)
    response = framing.go("/", "signed-out")
    framing.sign_out(response)
    return response


@router.get("/account/export")
def export(request: Request, caller: Citizen) -> Response:
    """Return everything that is kept about a person, as a file."""
    person = caller.person_session.person
    with services.of(request).database.reading(caller.city.city_id) as reading:
        content = exporting.everything(reading, person.person_id, person.owner)
    text = json.dumps(content, ensure_ascii=False, indent=2, default=str)
    headers = {"Content-Disposition": 'attachment; filename="duiscoin.json"'}
    return Response(text, media_type="application/json", headers=headers)


@router.get("/account/export.zip")
def export_bundle(request: Request, caller: Citizen) -> Response:
    """Return everything with papers and photos, sent while it is made."""
    reader = Reader(caller.language, framing.gettext_of(request, caller), caller.city)
    pieces = export_files.stream(services.of(request), caller.person_session.person, reader)
    headers = {"Content-Disposition": f'attachment; filename="{export_files.NAME}"'}
    return StreamingResponse(pieces, media_type=export_files.MEDIA_TYPE, headers=headers)


@router.get("/account/delete")
def ask_delete(request: Request, caller: Citizen) -> Response:
    """Ask whether the account shall really go."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        loss = erasing.loss(reading, caller.person_session.person.owner)
    return framing.show(request, caller, "account/delete.html", loss=loss, errors=[])


@router.post("/account/delete")
def delete(request: Request, caller: CitizenForm, confirmed: Annotated[str, Form()] = "") -> Response:
    """Erase the person, if they have said that they know what is lost."""
    database, city, person = services.of(request).database, caller.city, caller.person_session.person
    with database.reading(city.city_id) as reading:
        loss = erasing.loss(reading, person.owner)
    if confirmed != "yes":
        text = framing.gettext_of(request, caller).gettext("Please confirm that your account shall go.")
        return framing.show(
            request, caller, "account/delete.html", status=422, loss=loss, errors=[("confirmed", text)]
        )
    database.run(city.city_id, lambda work: erasing.erase(work, city, person.person_id))
    response = framing.go("/", "erased")
    framing.sign_out(response)
    return response


def _begin(work: Work, caller: Caller, person_id: int) -> str:
    """Start a session; the one that this browser had before ends."""
    if caller.session is not None:
        sessions.end(work, caller.session.session_id)
    return sessions.start(work, person_id)


def _home(work: Work, person_id: int) -> str:
    """Return where somebody begins: at what their role is about."""
    held = {one.role for one in roles.of(work, person_id)}
    for wanted, path in (
        (framing.OFFICE_ROLES, "/office"),
        (framing.TREASURY_ROLES, "/treasury"),
        (framing.VENUE_ROLES, "/venue"),
    ):
        if held & set(wanted):
            return path
    return "/"


def _account_page(request: Request, caller: Caller, name: str, **values: Any) -> Response:
    session = caller.person_session
    status = values.pop("status", 200)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        said = persons.said_by(reading, session.person.owner)
        parts = districts.names(reading)
        by_mail = bool(postbox.wanting_mail(reading, [session.person.owner]))
    return framing.show(
        request, caller, "account/account.html", status=status, person=session.person,
        roles=sorted(session.roles, key=lambda held: (held.role, held.venue_id)), name=name,
        languages=LANGUAGES, said=said, by_mail=by_mail,
         districts=parts, ages=AGES, **{"errors": [], **values},
    )  # fmt: skip


def _code_page(
    request: Request,
    caller: Caller,
    *,
    request_id: int,
    email: str,
    next_path: str,
    shown_code: str | None = None,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    notice = None
    if shown_code is not None:
        translation = framing.gettext_of(request, caller)
        title = translation.gettext("Demonstration: your code is %(code)s") % {"code": shown_code}
        notice = Notice("info", title)
    return framing.show(
        request, caller, "account/code.html", area=None, status=status, notice=notice,
        request_id=request_id, email=email, next=next_path, errors=errors or [],
    )  # fmt: skip


def _own(path: str) -> str:
    """Return a path of this site; anything else leads home, never to another site."""
    return path if _OWN_PATH.fullmatch(path) else "/"
