"""Who asks, and whether they may: every route declares exactly one `Access`.

A person is known by the session cookie (then forms and scripts must carry the CSRF token) or by the same
token as a bearer; a device and another city system by bearer tokens of their own.
`tests/api/test_access.py` walks all routes as each role and as nobody.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from fastapi import Request
from fastapi.routing import APIRoute

from api import csrf, languages, services
from api.v1.shapes import BIGINT_MAX
from identity import clients, sessions
from identity.clients import Client, ClientRefused
from identity.roles import AT_VENUE, Held, Role
from identity.sessions import Session
from kernel.cities import City
from kernel.errors import DomainError, Forbidden, Invalid, Kind, NotFound
from kernel.writing import Reader
from merchants import devices
from merchants.devices import Device, DeviceRefused

SESSION_COOKIE = "duiscoin_session"
VISITOR_COOKIE = "duiscoin_visitor"
_DIGITS = len(str(BIGINT_MAX))
_SAFE = {"GET", "HEAD", "OPTIONS"}


class SignInNeeded(DomainError):
    """Nobody is signed in, or the session is over."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    code = "sign-in-needed"


class Sort(enum.StrEnum):
    """Sorts of callers that a route may admit besides persons with a role."""

    ANYONE = "anyone"
    CITIZEN = "citizen"
    """Any person who signed in."""
    DEVICE = "device"
    CLIENT = "client"
    MONITOR = "monitor"
    """A program that watches the installation (`api.monitoring`)."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in which city and language. At most one of session, device and client is there."""

    city: City
    language: str
    source: str
    cookie: str
    """What the CSRF token is bound to: the session's token or the visitor's cookie."""
    session: Session | None = None
    device: Device | None = None
    client: Client | None = None

    @property
    def scope(self) -> str:
        """Who this is, for idempotency keys, rate limits and the audit log."""
        if self.session is not None:
            return f"person/{self.session.person.person_id}"
        if self.device is not None:
            return f"device/{self.device.device_id}"
        if self.client is not None:
            return f"client/{self.client.client_id}"
        return f"source/{self.source}"

    @property
    def person_session(self) -> Session:
        """The session. Raises SignInNeeded if a device, a client or nobody asks."""
        if self.session is None:
            raise SignInNeeded
        return self.session

    @property
    def scanning_device(self) -> Device:
        """The device. Raises SignInNeeded if it is no device that asks."""
        if self.device is None:
            raise SignInNeeded
        return self.device

    def has(self, *wanted: Role) -> bool:
        """Whether the person has one of these roles, in the city or at any venue."""
        return self.session is not None and any(held.role in wanted for held in self.session.roles)

    def venues(self) -> list[int]:
        """Return the venues at which the person is staff or owner."""
        if self.session is None:
            return []
        return sorted({held.venue_id for held in self.session.roles if held.role in AT_VENUE})

    def check_venue(self, venue_id: int, *wanted: Role) -> None:
        """Raise Forbidden unless the person has one of the roles at this very venue."""
        held = self.session.roles if self.session else frozenset()
        if not any(Held(role, venue_id) in held for role in wanted or tuple(AT_VENUE)):
            raise Forbidden("other-venue", venue_id=venue_id)


class Access:
    """Admits the named sorts and roles; used as `Depends(Access(...))` by every route."""

    def __init__(self, *admitted: Sort | Role, form: bool = False, cookies: bool = True) -> None:
        self.sorts = frozenset(one for one in admitted if isinstance(one, Sort))
        self.roles = frozenset(one for one in admitted if isinstance(one, Role))
        self.form = form
        """The CSRF token comes in the form instead of a header."""
        self.cookies = cookies
        """Without cookies nobody's rights are used, so there is nothing that another site could forge."""

    async def __call__(self, request: Request) -> Caller:
        """Return the caller. Raises SignInNeeded, Forbidden, and what wrong tokens raise."""
        given = services.of(request)
        city = given.city_of(request.url.hostname or "")
        source = request.client.host if request.client else "unknown"
        given.limiter.hit("any-source", city.city_id, source)
        caller = await self._identify(request, given.reader, city, source)
        request.state.caller = caller
        self._check(caller)
        _check_text(request.path_params.values())
        _check_text(request.query_params.values())
        _check_numbers(request)
        if caller.session is not None and sessions.is_due(caller.session, given.database.clock.now()):
            session = caller.session
            await given.write(city.city_id, lambda work: sessions.touch(work, session))
        if self.cookies and request.method not in _SAFE and "authorization" not in request.headers:
            token = request.headers.get(csrf.HEADER)
            if token is None and self.form:
                form = await request.form()
                _check_text(form.values())
                field = form.get(csrf.FIELD)
                token = field if isinstance(field, str) else None
            csrf.check(given.secrets, caller.cookie, token)
        return caller

    async def _identify(self, request: Request, reader: Reader, city: City, source: str) -> Caller:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if bearer and scheme.lower() == "bearer":
            return await self._bearer(request, reader, city, source, bearer)
        cookie = request.cookies.get(SESSION_COOKIE, "") if self.cookies else ""
        session = await reader.ask(city.city_id, sessions.find_all, cookie) if cookie else None
        language = languages.of(request, session.person.language if session else None)
        bound = cookie if session else request.cookies.get(VISITOR_COOKIE, "")
        return Caller(city, language, source, bound, session=session)

    async def _bearer(self, request: Request, reader: Reader, city: City, source: str, token: str) -> Caller:
        language = languages.of(request)
        if Sort.DEVICE in self.sorts:
            try:
                device = await reader.ask(city.city_id, devices.authenticate_all, token)
            except DeviceRefused as refused:
                if refused.code != DeviceRefused.code or self.sorts == {Sort.DEVICE}:
                    raise
            else:
                return Caller(city, language, source, token, device=device)
        if Sort.CLIENT in self.sorts:
            try:
                client = await reader.ask(city.city_id, clients.authenticate_all, token)
            except ClientRefused as refused:
                if refused.code != ClientRefused.code or self.sorts == {Sort.CLIENT}:
                    raise
            else:
                return Caller(city, language, source, token, client=client)
        session = await reader.ask(city.city_id, sessions.find_all, token)
        if session is None:
            raise SignInNeeded
        return Caller(city, session.person.language, source, token, session=session)

    def _check(self, caller: Caller) -> None:
        if Sort.ANYONE in self.sorts:
            return
        if caller.device is not None or caller.client is not None:
            return
        if caller.session is None:
            raise SignInNeeded
        if self.lacks_role(caller):
            raise Forbidden("role-missing", roles=sorted(role.value for role in self.roles))

    def lacks_role(self, caller: Caller) -> bool:
        """Whether this is not for the person who is signed in, whom signing in again would not help."""
        admitted = self.sorts & {Sort.ANYONE, Sort.CITIZEN}
        return caller.session is not None and not admitted and not caller.has(*self.roles)


def _check_numbers(request: Request) -> None:
    """Raise NotFound if an address has a number that no database can hold, where it says no bound itself."""
    given = {**request.query_params, **request.path_params}
    large = {name for name, value in given.items() if len(value) >= _DIGITS and _is_too_large(value)}
    if large and isinstance(route := request.scope.get("route"), APIRoute):
        fields = [*route.dependant.path_params, *route.dependant.query_params]
        numbers = {one.alias for one in fields if one.field_info.annotation in {int, int | None}}
        bounded = {
            one.alias for one in fields if any(getattr(m, "le", None) for m in one.field_info.metadata)
        }
        if large & numbers - bounded:
            raise NotFound("page-not-found")


def _is_too_large(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and (len(digits) > _DIGITS or int(digits) > BIGINT_MAX)


def _check_text(values: Iterable[object]) -> None:
    """Raise Invalid for the NUL character: no text needs it, and PostgreSQL can't keep it."""
    if any(isinstance(value, str) and "\0" in value for value in values):
        raise Invalid("request-invalid")
