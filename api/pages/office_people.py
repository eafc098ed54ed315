"""The administration's people: who may do what, and which other systems may report."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from identity import clients, persons, roles
from identity.clients import Scope
from identity.persons import Person
from identity.roles import AT_VENUE, CITY, Held, Role
from kernel.db import Work
from kernel.errors import DomainError, Forbidden, Invalid
from kernel.signing import VerifyKey
from merchants import venues
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/people")
Administrator = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]
ROLE_WORDS = {
    "venue-owner": N_("Venue owner"),
    "venue-staff": N_("Venue staff"),
    "case-worker": N_("Case worker"),
    "rule-editor": N_("Rule editor"),
    "approver": N_("Approver"),
    "treasurer": N_("Treasurer"),
    "auditor": N_("Auditor"),
    "administrator": N_("Administrator"),
}
framing.announce(
    {
        "granted": ("success", N_("The role has been granted.")),
        "revoked": ("success", N_("The role has been taken away.")),
        "client-revoked": ("success", N_("This system is shut out now.")),
    }
)


@router.get("")
def every(request: Request, caller: Administrator) -> Response:
    """Show everybody with a role, and all systems."""
    return _page(request, caller)


@router.post("/roles")
def grant(
    request: Request,
    caller: AdministratorForm,
    email: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "",
) -> Response:
    """Grant a role in the whole city."""
    granter = caller.person_session.person.person_id

    def command(work: Work) -> None:
        address = persons.normalised_email(email)
        person = persons.by_email(work, address) or persons.register(work, address)
        roles.grant(work, person.person_id, _role(role), venue_id=CITY, granter_id=granter)

    try:
        services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        return _refused(request, caller, error, {"email": email, "role": role})
    return framing.go("/office/people", "granted")


@router.post("/roles/revoke")
def revoke(
    request: Request,
    caller: AdministratorForm,
    person_id: Annotated[int, Form()],
    role: Annotated[str, Form()],
    venue_id: Annotated[int, Form()] = CITY,
) -> Response:
    """Take a role away."""
    revoker = caller.person_session.person.person_id
    try:
        services.of(request).database.run(
            caller.city.city_id,
            lambda work: roles.revoke(work, person_id, _role(role), venue_id=venue_id, revoker_id=revoker),
        )
    except DomainError as error:
        return _refused(request, caller, error)
    return framing.go("/office/people", "revoked")


@router.post("/clients")
def admit(
    request: Request,
    caller: AdministratorForm,
    name: Annotated[str, Form()] = "",
    public_key: Annotated[str, Form()] = "",
) -> Response:
    """Admit a system of the city and show its token this once; with a key it has to sign its events."""
    creator = caller.person_session.person.person_id
    scopes = frozenset({Scope.REPORT_ACTIONS})

    def command(work: Work) -> str:
        key = _key(public_key)
        return clients.create(work, name, scopes, creator_id=creator, public_key=key)[1]

    try:
        token = services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        return _refused(request, caller, error, {"name": name, "public_key": public_key})
    return _page(request, caller, token=token)


@router.post("/clients/{client_id}/revoke")
def shut_out(request: Request, caller: AdministratorForm, client_id: int) -> Response:
    """Shut a system out."""
    revoker = caller.person_session.person.person_id
    services.of(request).database.run(
        caller.city.city_id, lambda work: clients.revoke(work, client_id, revoker_id=revoker)
    )
    return framing.go("/office/people", "client-revoked")


def _key(text: str) -> VerifyKey | None:
    """Return the key in hexadecimal digits or base64url. Raises Invalid `public-key-unreadable`."""
    if not text.strip():
        return None
    try:
        return VerifyKey.from_text(text.strip())
    except Invalid:
        raise Invalid("public-key-unreadable", field="public_key") from None


def _role(text: str) -> Role:
    """Return a role by its name. Raises Invalid `request-invalid`."""
    if text not in set(Role):
        raise Invalid("request-invalid", field="role")
    return Role(text)


def _refused(
    request: Request, caller: Caller, error: DomainError, typed: Mapping[str, str] = framing.NO_FIELDS
) -> Response:
    if isinstance(error, Forbidden):
        errors: list[tuple[str | None, str]] = [(None, framing.sentence(request, caller, error))]
    else:
        errors = framing.field_errors(request, caller, error)
    return _page(request, caller, status=409, errors=errors, typed=typed)


def _by_person(
    held: Sequence[tuple[int, Held]], people: Mapping[int, Person]
) -> list[tuple[Person, list[Held]]]:
    """Return everybody once, by name, with all that they may do."""
    found: dict[int, list[Held]] = {}
    for number, one in held:
        found.setdefault(number, []).append(one)
    named = [(people[number], roles_held) for number, roles_held in found.items()]
    return sorted(named, key=lambda one: (one[0].name or one[0].email or "").casefold())


def _page(
    request: Request,
    caller: Caller,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    typed: Mapping[str, str] = framing.NO_FIELDS,
    token: str | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        held = roles.every(reading)
        people = persons.by_ids(reading, [number for number, _ in held])
        known = venues.by_id(reading, sorted({one.venue_id for _, one in held} - {CITY}))
        systems = clients.every(reading)
    grantable = [role.value for role in Role if role not in AT_VENUE]
    return framing.show(
        request, caller, "office/people.html", area=Area.OFFICE, status=status,
        held=_by_person(held, people), systems=systems, errors=errors or [], venues=known,
        typed=typed, token=token, words=ROLE_WORDS, grantable=grantable,
        me=caller.person_session.person.person_id,
    )  # fmt: skip
