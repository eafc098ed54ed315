"""The life of one version of a rule: what it says, what was done with it, and what can be done next."""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from identity import auditing, persons
from identity.roles import Role
from kernel.cities import City
from kernel.db import Work
from kernel.errors import DomainError, Invalid
from rewards import action_types, describing, explaining, naming, programme, version_steps
from rewards.programme import RuleStatus, StoredRule
from rewards.version_steps import Kind, Step
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/rules")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
OfficeForm = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES, form=True))]
ApproverForm = Annotated[Caller, Depends(Access(Role.APPROVER, form=True))]

STATUS_WORDS = {
    "draft": ("warning", N_("Draft")),
    "simulated": ("warning", N_("Simulated")),
    "approved": ("info", N_("Approved")),
    "scheduled": ("info", N_("Scheduled")),
    "active": ("success", N_("In force")),
    "retired": ("info", N_("Retired")),
}
STEP_WORDS: Mapping[Kind, str] = {
    Kind.DRAFTED: N_("Written"),
    Kind.IMPORTED: N_("Brought in from another city"),
    Kind.SIMULATED: N_("Tried on past actions"),
    Kind.APPROVED: N_("Approved"),
    Kind.SCHEDULED: N_("Decided from when it is in force"),
    Kind.WITHDRAWN: N_("Date taken back"),
    Kind.RETIRED: N_("Taken out of force"),
    Kind.NOTED: N_("Note"),
}
_STAGES = (
    (RuleStatus.DRAFT, N_("Draft"), N_("Written and checked for mistakes.")),
    (RuleStatus.SIMULATED, N_("Simulated"), N_("Tried on past actions: what it would cost, who would gain.")),
    (RuleStatus.APPROVED, N_("Approved"), N_("By a second person.")),
    (RuleStatus.SCHEDULED, N_("Scheduled"), N_("It has a day and a time.")),
    (RuleStatus.ACTIVE, N_("In force"), N_("It gives points, and everybody can read it.")),
)
_LEFT_OUT = N_("Left out for this version.")
framing.announce(
    {
        "approved": ("success", N_("Approved. Now choose from when it is in force.")),
        "activated": ("success", N_("The rule is in force now.")),
        "scheduled": ("success", N_("The rule has its date. It comes into force by itself.")),
        "withdrawn": ("success", N_("The date was taken back.")),
        "retired": ("success", N_("The rule is not in force any more.")),
        "noted": ("success", N_("Your note is kept with this version.")),
    }
)


@router.get("/{version_hash}")
def one(request: Request, caller: Office, version_hash: str) -> Response:
    """Show one version in words, its life so far and what can be done next."""
    return _detail(request, caller, version_hash)


@router.post("/{version_hash}/approve")
async def approve(
    request: Request, caller: ApproverForm, version_hash: str, note: Annotated[str, Form()] = ""
) -> Response:
    """Approve somebody else's draft."""
    approver = caller.person_session.person.person_id
    return await _act(
        request,
        caller,
        version_hash,
        "approved",
        lambda work: programme.approve(work, version_hash, approver, note=note),
        note=note,
    )


@router.post("/{version_hash}/activate")
async def activate(
    request: Request,
    caller: ApproverForm,
    version_hash: str,
    at: Annotated[str, Form()] = "",
    when: Annotated[str, Form()] = "now",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Put an approved version in force, now or at a time to come."""
    actor = caller.person_session.person.person_id

    def command(work: Work) -> StoredRule:
        instant = _instant(caller.city, at) if when == "later" else None
        return programme.activate(work, version_hash, at=instant, actor_id=actor, note=note)

    done = "scheduled" if when == "later" else "activated"
    return await _act(request, caller, version_hash, done, command, note=note, at=at, when=when)


@router.post("/{version_hash}/withdraw")
async def withdraw(
    request: Request, caller: ApproverForm, version_hash: str, note: Annotated[str, Form()] = ""
) -> Response:
    """Take a date back."""
    actor = caller.person_session.person.person_id
    return await _act(
        request,
        caller,
        version_hash,
        "withdrawn",
        lambda work: programme.withdraw(work, version_hash, actor_id=actor, note=note),
        note=note,
    )


@router.post("/{version_hash}/retire")
async def retire(
    request: Request, caller: ApproverForm, version_hash: str, note: Annotated[str, Form()] = ""
) -> Response:
    """Take a version out of force."""
    actor = caller.person_session.person.person_id
    return await _act(
        request,
        caller,
        version_hash,
        "retired",
        lambda work: programme.retire(work, version_hash, actor_id=actor, note=note),
        note=note,
    )


@router.post("/{version_hash}/note")
async def note(
    request: Request, caller: OfficeForm, version_hash: str, note: Annotated[str, Form()] = ""
) -> Response:
    """Leave a note at a version."""
    author = caller.person_session.person.person_id

    def command(work: Work) -> StoredRule:
        stored = programme.get(work, version_hash)
        version_steps.note(work, version_hash, author, note)
        return stored

    return await _act(request, caller, version_hash, "noted", command, note=note)


def _instant(city: City, text: str) -> dt.datetime:
    """Return the instant that a field for day and time means in the city. Raises Invalid."""
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=city.zone)
    except ValueError:
        raise Invalid("activation-unreadable", field="at") from None


async def _act(
    request: Request,
    caller: Caller,
    version_hash: str,
    done: str,
    use_case: Callable[[Work], StoredRule],
    **typed: str,
) -> Response:
    def command(work: Work) -> Mapping[str, Any]:
        stored = use_case(work)
        from_when = stored.active_from if done in {"activated", "scheduled"} else None
        details = {"from": from_when.isoformat()} if from_when else {}
        auditing.record(work, caller.scope, f"rule-{done}", f"rule/{version_hash}", details)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        if error.code == "own-rule":
            errors: list[tuple[str | None, str]] = [(None, framing.sentence(request, caller, error))]
        else:
            fields = {"note": "new-note"} if done == "noted" else framing.NO_FIELDS
            errors = framing.field_errors(request, caller, error, fields)
        return _detail(request, caller, version_hash, status=409, errors=errors, typed=typed)
    return framing.go(f"/office/rules/{version_hash}", done)


def _detail(
    request: Request,
    caller: Caller,
    version_hash: str,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        stored = programme.get(reading, version_hash)
        findings = programme.lint(reading, caller.city, stored.version)
        steps = version_steps.of_version(reading, version_hash)
        others = [one for one in programme.every(reading) if one.version.code == stored.version.code]
        people = persons.by_ids(reading, sorted({one.actor_id for one in steps if one.actor_id}))
        action = action_types.get(reading, stored.version.action)
        names = naming.names(reading, caller.language)
    translate = framing.gettext_of(request, caller).gettext
    return framing.show(
        request, caller, "office/rule.html", area=Area.OFFICE, status=status, rule=stored, people=people,
        lines=describing.describe(stored.version, action, translate, caller.language, names), steps=steps,
        findings=[explaining.finding(one.code, one.details, translate) for one in findings],
        document=json.dumps(stored.version.document(), ensure_ascii=False, indent=2), words=STATUS_WORDS,
        step_words=STEP_WORDS, stages=_stages(stored, steps, translate), typed=typed or {},
        others=[one for one in others if one.version_hash != version_hash],
        errors=errors or [], by_field=dict(errors or []), may_edit=caller.has(Role.RULE_EDITOR),
        may_approve=caller.has(Role.APPROVER), is_author=_is_author(caller, stored),
    )  # fmt: skip


def _is_author(caller: Caller, stored: StoredRule) -> bool:
    return caller.person_session.person.person_id == stored.author_id


def _stages(
    stored: StoredRule, steps: Sequence[Step], translate: Callable[[str], str]
) -> list[tuple[str, str, str]]:
    """Return the way of a version for the macro `steps`: what is done, where it stands, what comes."""
    order = [status for status, _, _ in _STAGES]
    reached = len(order) if stored.status is RuleStatus.RETIRED else order.index(stored.status)
    tried = any(one.kind is Kind.SIMULATED for one in steps)
    listed = []
    for place, (status, title, text) in enumerate(_STAGES):
        state = "now" if place == reached else "done" if place < reached else "later"
        if status is RuleStatus.SIMULATED and place < reached and not tried:
            state, text = "later", _LEFT_OUT  # noqa: PLW2901 -- what is said instead
        listed.append((translate(title), translate(text), state))
    return listed
