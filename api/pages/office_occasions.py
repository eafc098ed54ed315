"""Occasions in the administration: announced, with the code that is shown there, called off."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.v1.shapes import LongId
from identity import auditing
from identity.roles import Role
from kernel.cities import City
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from rewards import action_types, attendance_codes, occasions
from rewards.action_types import EvidenceKey
from rewards.occasions import NewOccasion
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/occasions")
Host = Annotated[Caller, Depends(Access(Role.CASE_WORKER, Role.ADMINISTRATOR))]
HostForm = Annotated[Caller, Depends(Access(Role.CASE_WORKER, Role.ADMINISTRATOR, form=True))]

STAGE_WORDS = {
    "ahead": ("blue", N_("Soon")),
    "open": ("green", N_("Now")),
    "over": ("off", N_("Over")),
    "cancelled": ("red", N_("Called off")),
}
framing.announce(
    {
        "announced": ("success", N_("Announced: everybody can see it now.")),
        "called-off": ("success", N_("Called off.")),
    }
)


@router.get("")
def every(request: Request, caller: Host) -> Response:
    """Show all occasions with how many took part."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = occasions.every(reading)
        counts = {one.occasion_id: occasions.attendance(reading, one) for one in found}
        titles = action_types.by_code(reading)
        now = reading.now
    return framing.show(
        request, caller, "office/occasions.html", area=Area.OFFICE, occasions=found, counts=counts,
        titles=titles, now=now, words=STAGE_WORDS,
    )  # fmt: skip


@router.get("/new")
def new(request: Request, caller: Host) -> Response:
    """Show the form for an occasion."""
    return _form(request, caller, {})


@router.post("")
async def announce(request: Request, caller: HostForm) -> Response:
    """Announce an occasion; with answers it is a poll."""
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        described = _described(typed, caller.city)

        def command(work: Work) -> Mapping[str, Any]:
            made = occasions.create(work, described, caller.person_session.person.person_id)
            auditing.record(work, caller.scope, "occasion-announced", f"occasion/{made.occasion_id}", {})
            return {"occasion_id": made.occasion_id}

        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _form(request, caller, typed, status=422, errors=errors)
    return framing.go(f"/office/occasions/{answer['occasion_id']}", "announced")


@router.get("/{occasion_id}")
def one(request: Request, caller: Host, occasion_id: LongId) -> Response:
    """Show an occasion with the code to be shown there; the page renews itself when the code changes."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        occasion = occasions.get(reading, occasion_id)
        count = occasions.attendance(reading, occasion)
        tally = occasions.tally(reading, occasion_id)
        action = action_types.get(reading, occasion.action)
        now = reading.now
    step = attendance_codes.ALWAYS if occasion.printed_code else attendance_codes.step_at(now)
    left = attendance_codes.until(now) - now
    return framing.show(
        request, caller, "office/occasion.html", area=Area.OFFICE, occasion=occasion, action=action,
        count=count, tally=tally, code=attendance_codes.code(occasion.secret, step),
        stage=occasion.stage(now).value, words=STAGE_WORDS, renew_seconds=int(left.total_seconds()) + 1,
    )  # fmt: skip


@router.post("/{occasion_id}/cancel")
async def cancel(request: Request, caller: HostForm, occasion_id: LongId) -> Response:
    """Call an occasion off."""

    def command(work: Work) -> Mapping[str, Any]:
        occasions.cancel(work, occasion_id)
        auditing.record(work, caller.scope, "occasion-cancelled", f"occasion/{occasion_id}", {})
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go(f"/office/occasions/{occasion_id}", "called-off")


def _form(
    request: Request,
    caller: Caller,
    typed: Mapping[str, str],
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        known = action_types.every(reading)
    actions = [one for one in known if one.active and one.evidence_key is EvidenceKey.EVENT]
    return framing.show(
        request, caller, "office/occasion_form.html", area=Area.OFFICE, status=status, actions=actions,
        typed=typed, errors=errors or [], by_field=dict(errors or []), options_max=occasions.OPTIONS_MAX,
    )  # fmt: skip


def _described(typed: Mapping[str, str], city: City) -> NewOccasion:
    """Return the occasion in the fields of the form. Raises Invalid `times-wrong`, `expected-wrong`."""
    action, _, kind = typed.get("kind", "").partition("/")
    pairs = [
        (typed.get(f"option_de_{n}", ""), typed.get(f"option_en_{n}", ""))
        for n in range(occasions.OPTIONS_MAX)
    ]
    return NewOccasion(
        action=action,
        kind=kind,
        titles=_texts(typed, "title"),
        descriptions=_texts(typed, "description"),
        opens_at=_instant(typed, "opens_at", city),
        closes_at=_instant(typed, "closes_at", city),
        expected=_count(typed.get("expected", "")),
        place=typed.get("place", "").strip() or None,
        options=tuple({"de": de.strip(), "en": en.strip()} for de, en in pairs if de.strip() or en.strip()),
        printed_code="printed_code" in typed,
    )


def _texts(typed: Mapping[str, str], name: str) -> dict[str, str]:
    return {language: typed.get(f"{name}_{language}", "").strip() for language in ("de", "en")}


def _instant(typed: Mapping[str, str], name: str, city: City) -> dt.datetime:
    try:
        local = dt.datetime.fromisoformat(typed.get(name, ""))
    except ValueError:
        raise Invalid("times-wrong", field=name) from None
    return (local.replace(tzinfo=city.zone) if local.tzinfo is None else local).astimezone(dt.UTC)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Invalid("expected-wrong", field="expected")
    return int(text[:9])
