"""Action types in the administration: what citizens can do, added and changed without code."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import action_fields, framing
from api.pages.framing import Area
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from rewards import action_types, explaining, programme, shaping_actions
from rewards.action_types import PICTOGRAMS, ActionType, EvidenceKey, FactType
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/actions")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
Shaper = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, Role.RULE_EDITOR))]
ShaperForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, Role.RULE_EDITOR, form=True))]

EVIDENCE_WORDS = {
    EvidenceKey.SUBMISSION: (
        N_("People tell it themselves"),
        N_("By a form in the app, with a photo if you like; checks look for what was handed in twice."),
    ),
    EvidenceKey.CASE: (
        N_("Another system of the city tells it"),
        N_("By a signed event with a case number; each case counts once."),
    ),
    EvidenceKey.EVENT: (
        N_("People take part in something"),
        N_("A workshop, a course, a poll: by the code that is shown there; each person counts once."),
    ),
    EvidenceKey.TAG: (N_("A tag is read"), N_("By the changing code of a bin.")),
    EvidenceKey.ROUTE: (N_("A route is walked"), N_("By the codes of its stations.")),
    EvidenceKey.REPORT: (N_("A report is confirmed"), N_("By somebody who has seen the same.")),
}
PICTOGRAM_WORDS = {
    "litter": N_("Litter"),
    "bin": N_("Bin"),
    "clean-up": N_("Broom"),
    "form": N_("Form"),
    "idea": N_("Light bulb"),
    "city": N_("Houses"),
    "quest": N_("Route"),
    "bicycle": N_("Bicycle"),
    "book": N_("Book"),
    "camera": N_("Camera"),
    "flower": N_("Flower"),
    "food": N_("Fork and knife"),
    "gift": N_("Present"),
    "heart": N_("Heart"),
    "library": N_("Bookshelf"),
    "museum": N_("Museum"),
    "music": N_("Note of music"),
    "people": N_("Two people"),
    "pool": N_("Swimming pool"),
    "school": N_("Graduation cap"),
    "ship": N_("Ship"),
    "shop": N_("Shop"),
    "sport": N_("Ball"),
    "theatre": N_("Masks"),
    "tram": N_("Tram"),
    "zoo": N_("Paw"),
}
_FRESH = {"active": "yes", "needs_description": "yes", "photo": action_fields.PHOTO_NONE}
framing.announce(
    {
        "action-saved": ("success", N_("Saved. It is in the app now.")),
        "action-saved-off": ("success", N_("Saved. It is not in the app until you switch it on.")),
    }
)


@router.get("")
def every(request: Request, caller: Office) -> Response:
    """Show all action types, and which have no rule."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        actions = action_types.every(reading)
        ruled = {stored.version.action for stored in programme.active(reading)}
    return framing.show(
        request, caller, "office/actions.html", area=Area.OFFICE, actions=actions, ruled=ruled,
        evidence=EVIDENCE_WORDS, may_edit=caller.has(Role.ADMINISTRATOR, Role.RULE_EDITOR),
        may_rule=caller.has(Role.RULE_EDITOR),
    )  # fmt: skip


@router.get("/new")
def new(request: Request, caller: Shaper) -> Response:
    """Show the form for an action type."""
    return _form(request, caller, None, _FRESH)


@router.get("/{code}")
def edit(request: Request, caller: Shaper, code: str) -> Response:
    """Show an action type in its form."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        action = action_types.get(reading, code)
    return _form(request, caller, action, action_fields.fields(action))


@router.post("")
async def add(request: Request, caller: ShaperForm) -> Response:
    """Add an action type."""
    return await _save(request, caller, None)


@router.post("/{code}")
async def change(request: Request, caller: ShaperForm, code: str) -> Response:
    """Change an action type; what rules and submissions rely on stays."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        before = action_types.get(reading, code)
    return await _save(request, caller, before)


async def _save(request: Request, caller: Caller, before: ActionType | None) -> Response:
    fields = await request.form()
    form = {name: value for name, value in fields.items() if isinstance(value, str)}
    made = action_fields.document(form, before)
    translate = framing.gettext_of(request, caller).gettext
    errors: list[tuple[str | None, str]] = [
        (one.field, translate(one.sentence).format(maximum=one.maximum))
        for one in action_fields.faults(form, made)
    ]
    if errors:
        return _form(request, caller, before, form, status=422, errors=errors)

    def command(work: Work) -> Mapping[str, Any]:
        action = shaping_actions.with_system_facts(shaping_actions.parse(made))
        kept = shaping_actions.save(work, action, new=before is None)
        auditing.record(work, caller.scope, "action-type-saved", f"action-type/{kept.code}", {})
        return {"active": kept.active}

    try:
        answer = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _form(request, caller, before, form, status=422, errors=errors)
    return framing.go("/office/actions", "action-saved" if answer["active"] else "action-saved-off")


def _form(
    request: Request,
    caller: Caller,
    before: ActionType | None,
    form: Mapping[str, str],
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    translate = framing.gettext_of(request, caller).gettext
    words = {one: tuple(map(translate, texts)) for one, texts in EVIDENCE_WORDS.items()}
    own = [(one.value, *words[one]) for one in EvidenceKey if one in shaping_actions.OWN_EVIDENCE]
    kinds = [(one.value, explaining.fact_type(one, translate)) for one in FactType]
    return framing.show(
        request, caller, "office/action_form.html", area=Area.OFFICE, status=status, before=before, form=form,
        errors=errors or [], by_field=dict(errors or []), pictograms=PICTOGRAMS, evidence=own, kinds=kinds,
        pictogram_words={name: translate(word) for name, word in PICTOGRAM_WORDS.items()},
        recognised=words[before.evidence_key] if before else (),
        category_rows=action_fields.rows(form, "category_de", "category_en"),
        fact_rows=action_fields.rows(form, "fact_name", "question_de", "question_en"),
    )  # fmt: skip
