"""The frame of a page: navigation by area and role, tokens for forms, notices after a redirect."""

import enum
import gzip
from collections.abc import Mapping
from gettext import NullTranslations
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api import csrf, languages, problems, sentences, services
from api.access import SESSION_COOKIE, VISITOR_COOKIE, Access, Caller
from identity.persons import LANGUAGES
from identity.roles import Role
from kernel.errors import DomainError
from web.marking import N_
from web.templating import NavItem, Notice, Page

_MONTH_SECONDS = 30 * 24 * 3600
NO_FIELDS: Final[Mapping[str, str]] = {}
_LEVEL: Final = 4
"""Of compression: a millisecond for a page; more costs twice the time for a twentieth of the size."""


class Area(enum.StrEnum):
    """The parts of the product; each has its own navigation."""

    CITIZEN = "citizen"
    VENUE = "venue"
    OFFICE = "office"
    TREASURY = "treasury"


OFFICE_ROLES = (Role.ADMINISTRATOR, Role.CASE_WORKER, Role.RULE_EDITOR, Role.APPROVER)
TREASURY_ROLES = (Role.TREASURER, Role.AUDITOR)
VENUE_ROLES = (Role.VENUE_OWNER, Role.VENUE_STAFF)

_NAVIGATION: Mapping[Area, tuple[tuple[str, str, str], ...]] = {
    Area.CITIZEN: (
        (N_("Home"), "/", "home"),
        (N_("Join in"), "/actions", "heart"),
        (N_("Spend"), "/offers", "gift"),
        (N_("Vouchers"), "/vouchers", "ticket"),
        (N_("History"), "/history", "history"),
    ),
    Area.VENUE: (
        (N_("Overview"), "/venue/overview", "chart"),
        (N_("Scan"), "/venue", "scan"),
        (N_("Today"), "/venue/today", "clock"),
        (N_("Offers"), "/venue/offers", "gift"),
        (N_("Statements"), "/venue/statements", "bank"),
        (N_("Team"), "/venue/team", "people"),
        (N_("Devices"), "/venue/devices", "device"),
    ),
    Area.OFFICE: (
        (N_("Overview"), "/office", "home"),
        (N_("Review"), "/office/review", "queue"),
        (N_("Reports"), "/office/cases", "location"),
        (N_("Outcomes"), "/office/outcomes", "check"),
        (N_("Desk"), "/office/desk", "person"),
        (N_("Cash desk"), "/office/cash", "wallet"),
        (N_("Taking part"), "/office/occasions", "city"),
        (N_("Actions"), "/office/actions", "flower"),
        (N_("Rules"), "/office/rules", "rules"),
        (N_("Bins"), "/office/tags", "bin"),
        (N_("Quests"), "/office/quests", "quest"),
        (N_("Together"), "/office/together", "heart"),
        (N_("Offers"), "/office/offers", "gift"),
        (N_("Venues"), "/office/venues", "shop"),
        (N_("Keys"), "/office/voucher-keys", "settings"),
        (N_("Offline"), "/office/offline", "device"),
        (N_("Devices"), "/office/devices", "device"),
        (N_("Budgets"), "/treasury/budgets", "wallet"),
        (N_("Payouts"), "/treasury/payouts", "bank"),
        (N_("People"), "/office/people", "people"),
    ),
    Area.TREASURY: (
        (N_("Overview"), "/treasury", "home"),
        (N_("Accounts"), "/treasury/accounts", "book"),
        (N_("Budgets"), "/treasury/budgets", "wallet"),
        (N_("Settlement"), "/treasury/settlements", "bank"),
        (N_("Payouts"), "/treasury/payouts", "wallet"),
        (N_("Bank"), "/treasury/bank-statements", "download"),
        (N_("Incoming money"), "/treasury/bank", "coin"),
        (N_("Comparison"), "/treasury/reconciliation", "check"),
        (N_("Periods"), "/treasury/periods", "clock"),
        (N_("Verification"), "/treasury/verification", "check"),
        (N_("Audit log"), "/treasury/audit-log", "history"),
    ),
}
_GROUPS: Final[Mapping[Area, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    Area.OFFICE: (
        (N_("Decide"), ("/office/review", "/office/cases", "/office/outcomes")),
        (N_("On site"), ("/office/desk", "/office/cash", "/office/occasions")),
        (
            N_("Collect points"),
            ("/office/actions", "/office/rules", "/office/tags", "/office/quests", "/office/together"),
        ),
        (
            N_("Redeem points"),
            (
                "/office/offers",
                "/office/venues",
                "/office/voucher-keys",
                "/office/offline",
                "/office/devices",
            ),
        ),
        (N_("Money and roles"), ("/treasury/budgets", "/treasury/payouts", "/office/people")),
    ),
}
"""What a long navigation is divided into; the entries stand in the same order."""
_HOMES: Final = frozenset({"/", "/venue", "/office", "/treasury"})
"""Pages that others lie below without belonging to them."""
_BELONGING: Final[Mapping[str, str]] = {
    "/achievements": "/actions",
    "/bins": "/actions",
    "/donate": "/offers",
    "/fines": "/offers",
    "/hand-over": "/vouchers",
    "/orders": "/vouchers",
    "/office/anomalies": "/office/venues",
    "/office/applications": "/office/venues",
    "/office/claims": "/office/venues",
    "/office/departments": "/office/cases",
    "/office/presented": "/office/offline",
    "/quests": "/actions",
    "/receipts": "/history",
    "/reports": "/actions",
    "/together": "/actions",
    "/treasury/venue-accounts": "/treasury/payouts",
    "/venue/account": "/venue/statements",
    "/venue/late-scans": "/venue/devices",
    "/venue/start": "/venue/overview",
    "/venue/taxes": "/venue/statements",
}
"""Pages that are in no navigation -> the entry that is marked on them."""
_AREAS: tuple[tuple[Area, str, str, str, tuple[Role, ...]], ...] = (
    (Area.CITIZEN, N_("My Duiscoin"), "/", "coin", ()),
    (Area.VENUE, N_("Venue"), "/venue", "scan", VENUE_ROLES),
    (Area.OFFICE, N_("Administration"), "/office", "settings", OFFICE_ROLES),
    (Area.TREASURY, N_("Treasury"), "/treasury", "bank", TREASURY_ROLES),
)

NOTICES: Mapping[str, tuple[str, str]] = {
    "signed-out": ("info", N_("You are signed out.")),
    "saved": ("success", N_("Saved.")),
}
"""Messages that a page shows after `go(..., notice)`; page modules add theirs with `announce`."""
_announced: dict[str, tuple[str, str]] = dict(NOTICES)


def announce(notices: Mapping[str, tuple[str, str]]) -> None:
    """Add notices of a page module: code -> (kind, sentence).

    Raises ValueError for a code that another module uses for something else.
    """
    for code, notice in notices.items():
        if _announced.setdefault(code, notice) != notice:
            msg = f"two notices are called {code}"
            raise ValueError(msg)


def gettext_of(request: Request, caller: Caller) -> NullTranslations:
    """Return the reader's translations."""
    return services.of(request).translations[caller.language]


def show(
    request: Request,
    caller: Caller,
    template: str,
    /,
    *,
    area: Area | None = Area.CITIZEN,
    status: int = 200,
    notice: Notice | None = None,
    **values: Any,
) -> Response:
    """Return a page. Sets the visitor's cookie where a form needs something to bind its token to."""
    given = services.of(request)
    fresh = None if caller.cookie else given.database.ids.token()
    page = _page(request, caller, area, notice, fresh or caller.cookie)
    response = html(request, given.templates.render(template, page, **values), status)
    if fresh is not None:
        set_cookie(request, response, VISITOR_COOKIE, fresh)
    chosen = request.query_params.get("lang")
    if chosen in LANGUAGES:
        set_cookie(request, response, languages.COOKIE, str(chosen), max_age=12 * _MONTH_SECONDS)
    return response


def html(
    request: Request, text: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Return a page, compressed for whom that helps: a first visit has to fit into 100 KB."""
    kept = {"Vary": "Accept-Encoding", **(headers or {})}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return HTMLResponse(text, status, kept)
    return HTMLResponse(gzip.compress(text.encode(), _LEVEL), status, {**kept, "Content-Encoding": "gzip"})


def go(to: str, notice: str | None = None) -> Response:
    """Return a redirect after a form; the page there shows the notice."""
    separator = "&" if "?" in to else "?"
    return RedirectResponse(to if notice is None else f"{to}{separator}notice={notice}", 303)


def sentence(request: Request, caller: Caller, error: DomainError) -> str:
    """Return what a refusal says to this reader."""
    return sentences.of(error, gettext_of(request, caller))


def field_errors(
    request: Request, caller: Caller, error: DomainError, fields: Mapping[str, str] = NO_FIELDS
) -> list[tuple[str | None, str]]:
    """Return the (field, sentence) pairs for a form that was refused; raises what is no form's fault.

    `fields` says what the form calls a field that the refusal calls otherwise.
    """
    if problems.status_of(error) not in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}:
        raise error
    translation, listed = gettext_of(request, caller), error.details.get("faults")
    found: list[tuple[str | None, str]] = [
        (str(fault["field"]), sentences.by_code(fault["code"], fault, translation))
        for fault in (listed if isinstance(listed, list) else [])
        if "field" in fault and "code" in fault
    ]
    name = error.details.get("field")
    first = (str(name) if name else None, sentence(request, caller, error))
    return [(fields.get(one or "", one), text) for one, text in found or [first]]


def set_cookie(
    request: Request, response: Response, name: str, value: str, max_age: int = _MONTH_SECONDS
) -> None:
    """Set a cookie that scripts can't read and other sites can't send along."""
    secure = services.of(request).settings.public_url.startswith("https:")
    response.set_cookie(name, value, max_age=max_age, httponly=True, samesite="lax", secure=secure, path="/")


def sign_in(request: Request, response: Response, token: str) -> None:
    """Give the browser its session."""
    set_cookie(request, response, SESSION_COOKIE, token)


def sign_out(response: Response) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(SESSION_COOKIE, path="/")


def _page(request: Request, caller: Caller, area: Area | None, notice: Notice | None, cookie: str) -> Page:
    given = services.of(request)
    translation, address = gettext_of(request, caller), _readable_address(request)
    bare = csrf.token(given.secrets[0], cookie)
    shown = notice
    announced = _announced.get(request.query_params.get("notice", ""))
    if shown is None and announced is not None:
        shown = Notice(announced[0], translation.gettext(announced[1]))
    return Page(
        city=caller.city,
        language=caller.language,
        path=address.path or "/",
        query=_asked(address.query),
        csrf_token=csrf.masked(bare, given.database.ids.random_bytes(32)),
        idempotency_key=str(given.database.ids.uuid()),
        person_name=caller.session.person.name if caller.session else None,
        navigation=_navigation(request, caller, translation, area),
        areas=_areas(caller, translation, area),
        notice=shown,
        demo=given.settings.demo,
    )


def _readable_address(request: Request) -> SplitResult:
    """Return an address of this page that can be opened again, also if it is the answer to a form."""
    return urlsplit(str(request.url) if request.method == "GET" else request.headers.get("referer", ""))


def _asked(query: str) -> str:
    """Return a query without what belongs to one answer only: its language and its notice."""
    return urlencode([(name, value) for name, value in parse_qsl(query) if name not in {"lang", "notice"}])


def _navigation(
    request: Request, caller: Caller, translation: NullTranslations, area: Area | None
) -> tuple[NavItem, ...]:
    """Return the pages of an area that the reader may open."""
    if area is None:
        return ()
    accesses: Mapping[str, Access] = request.app.state.page_access
    items = [item for item in _NAVIGATION[area] if not accesses[item[1]].lacks_role(caller)]
    best = _entry_of(request.url.path, [href for _, href, _ in items])
    heads = _heads([href for _, href, _ in items], _GROUPS.get(area, ()))
    return tuple(
        NavItem(
            translation.gettext(label),
            href,
            pictogram,
            active=href == best,
            group=translation.gettext(heads[href]) if href in heads else "",
        )
        for label, href, pictogram in items
    )


def _heads(entries: list[str], groups: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, str]:
    """Return which entries begin a group: for this reader, who may lack the first of it."""
    begun = ((next((one for one in entries if one in members), None), label) for label, members in groups)
    return {first: label for first, label in begun if first is not None}


def _entry_of(path: str, entries: list[str]) -> str:
    """Return the entry of the navigation that a page belongs to, or nothing."""
    elsewhere = [to for begin, to in _BELONGING.items() if path == begin or path.startswith(f"{begin}/")]
    if elsewhere:
        return elsewhere[0]
    found = [one for one in entries if path == one or (one not in _HOMES and path.startswith(f"{one}/"))]
    return max(found, key=len, default="")


def _areas(caller: Caller, translation: NullTranslations, area: Area | None) -> tuple[NavItem, ...]:
    return tuple(
        NavItem(translation.gettext(label), href, pictogram, active=one is area)
        for one, label, href, pictogram, roles in _AREAS
        if caller.session is not None and (not roles or caller.has(*roles))
    )
