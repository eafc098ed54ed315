"""The desk: staff find a citizen and enter what was told across the desk, by telephone or on paper."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, desks, services
from api.access import Access, Caller
from api.pages import framing, told_facts
from api.pages.framing import Area
from api.v1.shapes import LongId
from identity import auditing, cards, persons
from identity.persons import Person
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError, Forbidden, Invalid, NotFound
from rewards import action_types, occasions
from rewards.action_types import ActionType, EvidenceKey
from rewards.desk import Channel, Clerk, IdentifiedBy
from rewards.submissions import Submission
from rewards.submitting import NewSubmission
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/desk")
Worker = Annotated[Caller, Depends(Access(Role.CASE_WORKER))]
WorkerForm = Annotated[Caller, Depends(Access(Role.CASE_WORKER, form=True))]

CHANNEL_WORDS = {
    "desk": N_("At the desk"),
    "telephone": N_("By telephone"),
    "paper": N_("On paper"),
}
_BY_FORM = {EvidenceKey.SUBMISSION, EvidenceKey.CASE}
framing.announce(
    {
        "entered": ("success", N_("Entered. If it has to be looked at, somebody else does that.")),
    }
)


@router.get("")
def ask(request: Request, caller: Worker) -> Response:
    """Ask who the citizen is."""
    return _ask(request, caller, {})


@router.post("")
async def find(
    request: Request,
    caller: WorkerForm,
    who: Annotated[str, Form()] = "",
    channel: Annotated[str, Form()] = "desk",
) -> Response:
    """Find the citizen by an address or a card."""
    try:
        with services.of(request).database.reading(caller.city.city_id) as reading:
            found = desks.find(reading, who)
    except NotFound as error:
        return _ask(request, caller, {"who": who}, errors=[("who", framing.sentence(request, caller, error))])
    except Invalid as error:
        sentence = framing.sentence(request, caller, error)
        return _ask(request, caller, {"who": who}, errors=[("who", sentence)])
    by, way = found.identified_by.value, _channel(channel).value
    return framing.go(f"/office/desk/{found.person.person_id}?channel={way}&by={by}")


@router.post("/cards")
async def register(request: Request, caller: WorkerForm, name: Annotated[str, Form()] = "") -> Response:
    """Open an account for somebody without an address, and make their card."""

    def command(work: Work) -> Mapping[str, Any]:
        person, _ = cards.register(work, name)
        auditing.record(work, caller.scope, "citizen-registered", "card", {})
        return {"person_id": person.person_id}

    try:
        made = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _ask(request, caller, {"name": name}, errors=errors)
    return framing.go(f"/office/desk/{made['person_id']}/card")


@router.get("/{person_id}")
def citizen(
    request: Request, caller: Worker, person_id: LongId, channel: str = "desk", by: str = "card"
) -> Response:
    """Show what can be entered for a citizen."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        person = persons.get(reading, person_id)
        actions = [one for one in action_types.every(reading) if one.active and one.evidence_key in _BY_FORM]
        coming = [one for one in occasions.every(reading) if _attended(one, reading.now)]
    return framing.show(
        request, caller, "office/desk_citizen.html", area=Area.OFFICE, person=person, actions=actions,
        occasions=coming, channel=_channel(channel).value, by=_by(by).value, words=CHANNEL_WORDS,
        address=_masked(person),
    )  # fmt: skip


@router.get("/{person_id}/card")
def card(request: Request, caller: Worker, person_id: LongId) -> Response:
    """Show a citizen's card, to be printed."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        person = persons.get(reading, person_id)
        code = cards.find(reading, person_id)
    shown = cards.shown(code) if code else None
    return framing.show(request, caller, "office/desk_card.html", area=Area.OFFICE, person=person, code=shown)


@router.post("/{person_id}/card")
async def renew(request: Request, caller: WorkerForm, person_id: LongId) -> Response:
    """Give a citizen a new card; the one before leads nowhere any more."""

    def command(work: Work) -> Mapping[str, Any]:
        cards.renew(work, person_id)
        auditing.record(work, caller.scope, "card-renewed", "card", {})
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go(f"/office/desk/{person_id}/card", "saved")


@router.get("/{person_id}/actions/{code}")
def form(
    request: Request, caller: Worker, person_id: LongId, code: str, channel: str = "desk", by: str = "card"
) -> Response:
    """Show the form of an action."""
    return _form(request, caller, person_id, code, {"channel": channel, "by": by})


@router.post("/{person_id}/actions/{code}")
async def enter(request: Request, caller: WorkerForm, person_id: LongId, code: str) -> Response:
    """Hand something in for a citizen."""
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}

    def command(work: Work) -> Mapping[str, Any]:
        person = persons.get(work, person_id)
        action = action_types.get(work, code)
        evidence_key, facts = desks.case_facts(work, code, typed.get("case_id", ""))
        new = NewSubmission(
            action=action.code,
            owner=person.owner,
            source="desk",
            description=typed.get("description", ""),
            category=typed.get("category") or None,
            address=typed.get("address", "").strip() or None,
            evidence_key=evidence_key,
            trust_level=person.trust_level.value,
            facts={**told_facts.read(action, form), **facts},
        )
        return _told(desks.enter(work, caller, caller.city, new, _clerk(caller, typed)))

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _form(request, caller, person_id, code, typed, errors=_errors(request, caller, error))
    return framing.go("/office/desk", "entered")


@router.post("/{person_id}/occasions/{occasion_id}")
async def enter_presence(
    request: Request, caller: WorkerForm, person_id: LongId, occasion_id: LongId
) -> Response:
    """Note that a citizen took part."""
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}

    def command(work: Work) -> Mapping[str, Any]:
        person = persons.get(work, person_id)
        clerk = _clerk(caller, typed)
        return _told(desks.enter_presence(work, caller, caller.city, occasion_id, person, clerk))

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _ask(request, caller, {}, errors=_errors(request, caller, error))
    return framing.go("/office/desk", "entered")


def _ask(
    request: Request,
    caller: Caller,
    typed: Mapping[str, str],
    *,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    return framing.show(
        request, caller, "office/desk.html", area=Area.OFFICE, status=422 if errors else 200, typed=typed,
        errors=errors or [], by_field=dict(errors or []), words=CHANNEL_WORDS,
    )  # fmt: skip


def _form(
    request: Request,
    caller: Caller,
    person_id: LongId,
    code: str,
    typed: Mapping[str, str],
    *,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        person = persons.get(reading, person_id)
        action: ActionType = action_types.get(reading, code)
    return framing.show(
        request, caller, "office/desk_form.html", area=Area.OFFICE, status=422 if errors else 200,
        person=person, action=action, typed=typed, errors=errors or [], by_field=dict(errors or []),
        words=CHANNEL_WORDS, channel=_channel(typed.get("channel", "")).value,
        by=_by(typed.get("by", "")).value,
    )  # fmt: skip


def _errors(request: Request, caller: Caller, error: DomainError) -> list[tuple[str | None, str]]:
    if isinstance(error, Forbidden):
        return [(None, framing.sentence(request, caller, error))]
    return framing.field_errors(request, caller, error)


def _told(submission: Submission) -> Mapping[str, Any]:
    return {"submission_id": submission.submission_id}


def _clerk(caller: Caller, typed: Mapping[str, str]) -> Clerk:
    return desks.clerk(caller, _channel(typed.get("channel", "")), _by(typed.get("by", "")))


def _channel(text: str) -> Channel:
    return Channel(text) if text in set(Channel) else Channel.DESK


def _by(text: str) -> IdentifiedBy:
    return IdentifiedBy(text) if text in set(IdentifiedBy) else IdentifiedBy.CARD


def _attended(occasion: occasions.Occasion, now: Any) -> bool:
    return not occasion.is_poll and occasion.stage(now).value in {"open", "over"}


def _masked(person: Person) -> str:
    """Return enough of an address to recognise it."""
    name, _, host = (person.email or "").partition("@")
    return f"{name[:2]}…@{host}" if host else ""
