"""The rule editor: sentences, a decision table and limits, with a preview in plain words.

Each button is a round trip to the server, so it works with the keyboard alone and without scripts; with
htmx the preview follows what is typed. Nothing is written before it is saved.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.datastructures import FormData

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing, rule_changes, rule_choices, rule_drafts, rule_faults
from api.pages.framing import Area
from api.pages.rule_drafts import Draft
from api.pages.rule_faults import Told
from identity import auditing
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import DomainError, NotFound
from rewards import action_types, describing, naming, programme, refusing, rules
from rewards.action_types import ActionType
from rewards.programme import RuleRefused
from rewards.rules import RuleUnreadable, RuleVersion

router = APIRouter(include_in_schema=False, prefix="/office/rules")
Editor = Annotated[Caller, Depends(Access(Role.RULE_EDITOR))]
EditorForm = Annotated[Caller, Depends(Access(Role.RULE_EDITOR, form=True))]


async def typed(request: Request) -> FormData:
    """Return the form, for pages that run in a thread."""
    return await request.form()


Typed = Annotated[FormData, Depends(typed)]


@router.get("/new")
def new(request: Request, caller: Editor, source: str = "", action: str = "") -> Response:
    """Ask what the rule is for; with an action or a version to start from, show the editor."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        if source:
            version = programme.get(reading, source).version
            draft = rule_drafts.of_document(version.document(), action_types.get(reading, version.action))
            if draft is None:
                return _as_data(request, caller, _text(version), built_otherwise=True)
        elif action:
            found = action_types.get(reading, action)
            draft = rule_changes.begin(found, rule_choices.likely_budget(reading, found))
        else:
            return framing.show(
                request, caller, "office/rule_start.html", area=Area.OFFICE,
                actions=action_types.every(reading), versions=programme.every(reading),
            )  # fmt: skip
        return _editor(request, caller, reading, draft)


@router.post("/new")
def change(request: Request, caller: EditorForm, form: Typed) -> Response:
    """Add or take away a part of the rule, or look at it; nothing is written."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        draft = _draft(reading, form)
        asked = rule_changes.apply(draft, form)
        return _editor(request, caller, reading, draft, checked=asked == "check")


@router.post("/preview")
def preview(request: Request, caller: EditorForm, form: Typed) -> Response:
    """Return the preview alone, while somebody types."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        draft = _draft(reading, form)
        told = _told(request, caller, reading, draft)
        return framing.show(
            request, caller, "office/_rule_preview.html", area=Area.OFFICE, told=told,
            lines=_described(request, caller, reading, draft),
        )  # fmt: skip


@router.post("")
async def save(request: Request, caller: EditorForm, form: Typed) -> Response:
    """Save a draft; mistakes are shown beside their fields and nothing is lost."""
    document = form.get("document")
    if isinstance(document, str):
        return await _save_data(request, caller, document)

    def look() -> RuleVersion | Response:
        with services.of(request).database.reading(caller.city.city_id) as reading:
            draft = _draft(reading, form)
            if any(one.refuses for one in _told(request, caller, reading, draft)):
                return _editor(request, caller, reading, draft, checked=True, status=422)
            return rules.read(draft.document())

    looked = await run_in_threadpool(look)
    if isinstance(looked, Response):
        return looked
    return await _save(request, caller, looked)


@router.get("/data")
def data(request: Request, caller: Editor, source: str = "") -> Response:
    """Show a rule as data, to be changed by who knows the format."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        start = programme.get(reading, source).version if source else action_types.starter_rules()[0]
    return _as_data(request, caller, _text(start))


async def _save_data(request: Request, caller: Caller, document: str) -> Response:
    translate = framing.gettext_of(request, caller).gettext
    try:
        return await _save(request, caller, rules.read(document))
    except RuleUnreadable as unreadable:
        said = [
            f"{one.path}: {refusing.fault(one.kind, one.context, one.message, translate)}"
            for one in unreadable.faults
        ]
    except RuleRefused as refused:
        said = rule_faults.of_refusal(refused, translate)
    except NotFound as missing:
        said = [framing.sentence(request, caller, missing)]
    except DomainError as error:
        said = [sentence for _, sentence in framing.field_errors(request, caller, error)]
    errors = [("document", sentence) for sentence in said]
    return _as_data(request, caller, document, errors=errors)


async def _save(request: Request, caller: Caller, version: RuleVersion) -> Response:
    author = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        stored = programme.draft(work, caller.city, version, author)
        auditing.record(work, caller.scope, "rule-drafted", f"rule/{stored.version_hash}", {})
        return {"version_hash": stored.version_hash}

    answer = await commanding.perform_form(request, caller, command)
    return framing.go(f"/office/rules/{answer['version_hash']}", "drafted")


def _draft(reading: Reading, form: FormData) -> Draft:
    action = form.get("for_action")
    return rule_drafts.read(form, action_types.get(reading, action if isinstance(action, str) else ""))


def _told(request: Request, caller: Caller, reading: Reading, draft: Draft) -> list[Told]:
    translate = framing.gettext_of(request, caller).gettext
    try:
        version = rules.read(draft.document())
    except RuleUnreadable as unreadable:
        return rule_faults.of_document(unreadable.faults, draft, translate)
    return rule_faults.of_linting(programme.lint(reading, caller.city, version), draft, translate)


def _described(request: Request, caller: Caller, reading: Reading, draft: Draft) -> list[str]:
    """Return the rule in plain words; nothing while it can't be read."""
    try:
        version = rules.read(draft.document())
    except RuleUnreadable:
        return []
    translate = framing.gettext_of(request, caller).gettext
    names = naming.names(reading, caller.language)
    return describing.describe(version, draft.action, translate, caller.language, names)


def _editor(
    request: Request,
    caller: Caller,
    reading: Reading,
    draft: Draft,
    *,
    checked: bool = False,
    status: int = 200,
) -> Response:
    """Show the editor; what is still missing stands beside the fields once somebody asked for a check."""
    translate = framing.gettext_of(request, caller).gettext
    told = _told(request, caller, reading, draft)
    shown = [one for one in told if checked or not one.refuses]
    places: dict[str, list[Told]] = {}
    for one in shown:
        places.setdefault(one.place or "", []).append(one)
    return framing.show(
        request, caller, "office/rule_editor.html", area=Area.OFFICE, status=status, draft=draft, told=told,
        choices=rule_choices.of(reading, draft, caller.language, translate), places=places,
        lines=_described(request, caller, reading, draft),
        errors=[(one.place, one.named) for one in shown if one.refuses],
        budgets=[(one, one) for one in rule_choices.budgets(reading)],
    )  # fmt: skip


def _as_data(
    request: Request,
    caller: Caller,
    document: str,
    *,
    errors: list[tuple[str, str]] | None = None,
    built_otherwise: bool = False,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        actions: tuple[ActionType, ...] = action_types.every(reading)
    return framing.show(
        request, caller, "office/rule_data.html", area=Area.OFFICE, status=422 if errors else 200,
        document=document, errors=errors or [], actions=actions, built_otherwise=built_otherwise,
    )  # fmt: skip


def _text(version: RuleVersion) -> str:
    return json.dumps(version.document(), ensure_ascii=False, indent=2)
