"""Thresholds of the checks: what is in force, a proposal, its approval by a second person, and the past."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from rewards import tuning
from rewards.thresholds import BOUNDS, Group, Thresholds, ThresholdsRefused, Unit
from rewards.tuning import Proposal
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/rules/checks")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
Editor = Annotated[Caller, Depends(Access(Role.RULE_EDITOR))]
EditorForm = Annotated[Caller, Depends(Access(Role.RULE_EDITOR, form=True))]
ApproverForm = Annotated[Caller, Depends(Access(Role.APPROVER, form=True))]
EitherForm = Annotated[Caller, Depends(Access(Role.RULE_EDITOR, Role.APPROVER, form=True))]

GROUPS: Mapping[Group, str] = {
    Group.PLACE: N_("Place and way"),
    Group.TIME: N_("Time"),
    Group.REPEATING: N_("The same again"),
    Group.PHOTO: N_("Photos"),
    Group.CLEANUP: N_("Reporting and clearing"),
    Group.TAG: N_("Bins and quests"),
    Group.PERSON: N_("Earlier contributions"),
    Group.LIMIT: N_("What one person can get"),
}
UNITS: Mapping[Unit, str] = {
    Unit.METRES: N_("metres"),
    Unit.MINUTES: N_("minutes"),
    Unit.HOURS: N_("hours"),
    Unit.DAYS: N_("days"),
    Unit.MONTHS: N_("months"),
    Unit.SPEED: N_("kilometres an hour"),
    Unit.BITS: N_("of 64 features"),
    Unit.TIMES: N_("times"),
    Unit.POINTS: N_("points"),
    Unit.CHOICE: N_("1 means yes, 0 means no"),
}
NAMES: Mapping[str, str] = {
    "accuracy_good_m": N_("A place counts by itself up to an accuracy of"),
    "accuracy_usable_m": N_("Somebody looks up to an accuracy of; beyond it proves nothing"),
    "city_radius_m": N_("The city reaches from its centre as far as"),
    "speed_max_kmh": N_("Fastest way from one contribution to the next"),
    "same_fix_count": N_("Somebody looks if the very same position comes"),
    "age_max_days": N_("Somebody looks at what happened longer ago than"),
    "clock_ahead_minutes": N_("A clock may be ahead by"),
    "duplicate_distance_m": N_("It is the same spot within"),
    "duplicate_days": N_("It is the same report within, or as long as it is open"),
    "finds_cell_m": N_("Finds of one person belong to one spot within"),
    "finds_days": N_("Finds at one spot are counted over"),
    "finds_count": N_("Somebody looks from this many finds at one spot"),
    "service_months": N_("An application for a service counts once within"),
    "photo_time_needed": N_("Somebody looks at photos that do not say when they were taken"),
    "photo_age_max_hours": N_("A photo may be taken before or after by"),
    "photo_place_m": N_("A photo may be taken away from the place by"),
    "photo_same_bits": N_("It is the same picture if they differ in at most"),
    "photo_alike_bits": N_("Somebody compares pictures that differ in at most"),
    "photo_cell_m": N_("Pictures of others are compared within"),
    "photo_days": N_("Pictures are compared over"),
    "pair_apart_min_minutes": N_("Between the photos before and after lie at least"),
    "pair_apart_max_hours": N_("Between the photos before and after lie at most"),
    "self_made_hours": N_("Red if somebody clears their own report within"),
    "partners_days": N_("Two who report and clear for each other are counted over"),
    "partners_count": N_("Somebody looks from this many times of the same two"),
    "tag_reach_m": N_("One stands before a sign within, beside what the device is off"),
    "tag_pause_printed_hours": N_("One bin with a printed code rests for one person"),
    "tag_pause_changing_minutes": N_("One bin with a changing code rests for one person"),
    "quest_slack_m": N_("A sign on the way may be read from as far as"),
    "quest_walk_kmh": N_("Somebody looks at a quest that was walked faster than"),
    "declined_days": N_("Declined contributions are counted over"),
    "declined_count": N_("Somebody looks from this many declined ones, if fewer were confirmed"),
    "awards_per_day": N_("Rewarded contributions a day, of all kinds together"),
    "points_month_anonymous": N_("Points a month for who is not known"),
    "points_month_basic": N_("Points a month with a simple sign-in"),
    "points_month_verified": N_("Points a month with a proven identity"),
}
framing.announce(
    {
        "thresholds-proposed": ("success", N_("Proposed. A second person has to approve it.")),
        "thresholds-approved": ("success", N_("The new thresholds are in force now.")),
        "thresholds-withdrawn": ("success", N_("The proposal was taken back.")),
    }
)


@router.get("")
def current(request: Request, caller: Office) -> Response:
    """Show what is in force, what is proposed, and what was."""
    return _page(request, caller)


@router.get("/propose")
def form(request: Request, caller: Editor) -> Response:
    """Show the form with what is in force."""
    return _form(request, caller)


@router.post("/propose")
async def propose(request: Request, caller: EditorForm, note: Annotated[str, Form()] = "") -> Response:
    """Propose thresholds; what makes no sense is told beside its field."""
    sent = await request.form()
    typed = {name: str(sent.get(name, "")).strip() for name in BOUNDS}
    author = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        before = tuning.in_force(work)
        document = {name: _number(text) for name, text in typed.items()}
        made = tuning.propose(work, document, author, note=note)
        changes = {name: list(pair) for name, pair in changed(before, made.thresholds).items()}
        subject = f"thresholds/{made.proposal_id}"
        auditing.record(work, caller.scope, "thresholds-proposed", subject, changes)
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except ThresholdsRefused as refused:
        errors = _faults(request, caller, refused)
        return _form(request, caller, status=422, typed=typed, note=note, errors=errors)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _form(request, caller, status=422, typed=typed, note=note, errors=errors)
    return framing.go("/office/rules/checks", "thresholds-proposed")


@router.post("/{proposal_id}/approve")
async def approve(request: Request, caller: ApproverForm, proposal_id: int) -> Response:
    """Approve what somebody else proposed."""
    approver = caller.person_session.person.person_id
    return await _decide(
        request, caller, proposal_id, "approved", lambda work: tuning.approve(work, proposal_id, approver)
    )


@router.post("/{proposal_id}/withdraw")
async def withdraw(request: Request, caller: EitherForm, proposal_id: int) -> Response:
    """Take a proposal back."""
    return await _decide(
        request, caller, proposal_id, "withdrawn", lambda work: tuning.withdraw(work, proposal_id)
    )


def changed(before: Thresholds, after: Thresholds) -> dict[str, tuple[int, int]]:
    """Return what differs, by name: the value before and the one after."""
    old, new = before.document(), after.document()
    return {name: (old[name], new[name]) for name in BOUNDS if old[name] != new[name]}


async def _decide(
    request: Request,
    caller: Caller,
    proposal_id: int,
    done: str,
    use_case: Callable[[Work], Proposal],
) -> Response:
    def command(work: Work) -> Mapping[str, Any]:
        use_case(work)
        auditing.record(work, caller.scope, f"thresholds-{done}", f"thresholds/{proposal_id}", {})
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        if error.code == "own-thresholds":
            errors: list[tuple[str | None, str]] = [(None, framing.sentence(request, caller, error))]
        else:
            errors = framing.field_errors(request, caller, error)
        return _page(request, caller, status=409, errors=errors)
    return framing.go("/office/rules/checks", f"thresholds-{done}")


def _page(
    request: Request,
    caller: Caller,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        in_force = tuning.in_force(reading)
        every = tuning.every(reading)
    proposal = next((one for one in every if one.is_open), None)
    return framing.show(
        request, caller, "office/checks.html", area=Area.OFFICE, status=status, errors=errors or [],
        groups=_grouped(), names=NAMES, units=UNITS, titles=GROUPS, values=in_force.document(),
        defaults=Thresholds().document(), proposal=proposal,
        changes=changed(in_force, proposal.thresholds) if proposal else {},
        past=[one for one in every if one.approved_at is not None],
        may_edit=caller.has(Role.RULE_EDITOR), may_approve=caller.has(Role.APPROVER),
        own=proposal is not None and proposal.author_id == caller.person_session.person.person_id,
    )  # fmt: skip


def _form(
    request: Request,
    caller: Caller,
    *,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
    note: str = "",
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        in_force = tuning.in_force(reading)
    return framing.show(
        request, caller, "office/checks_form.html", area=Area.OFFICE, status=status, errors=errors or [],
        by_field={field: sentence for field, sentence in errors or [] if field}, groups=_grouped(),
        names=NAMES, units=UNITS, titles=GROUPS, bounds=BOUNDS, values=typed or in_force.document(),
        defaults=Thresholds().document(), note=note,
    )  # fmt: skip


def _grouped() -> dict[Group, list[tuple[str, Unit]]]:
    found: dict[Group, list[tuple[str, Unit]]] = {group: [] for group in Group}
    for name, bound in BOUNDS.items():
        found[bound.group].append((name, bound.unit))
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 10 else None  # noqa: PLR2004 -- digits


def _faults(request: Request, caller: Caller, refused: ThresholdsRefused) -> list[tuple[str | None, str]]:
    _ = framing.gettext_of(request, caller).gettext
    listed: list[tuple[str | None, str]] = []
    faults = refused.details["faults"]
    for fault in faults if isinstance(faults, list) else []:
        if fault["code"] == "threshold-out-of-bounds":
            text = _("Possible are %(least)d to %(most)d.") % fault
        elif fault["code"] == "thresholds-contradict":
            greater = NAMES[fault["other"]]
            text = _("This has to be less than “%(other)s”.") % {"other": _(greater)}
        else:
            text = _("Please give a whole number.")
        listed.append((fault["field"], text))
    return listed
