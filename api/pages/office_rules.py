"""The administration's rules: all versions, and the editor. What becomes of one is in `office_rule_life`."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.pages.office_rule_life import STATUS_WORDS
from identity import auditing
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from rewards import action_types, explaining, programme
from rewards.programme import RuleRefused
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/rules")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
Editor = Annotated[Caller, Depends(Access(Role.RULE_EDITOR))]
EditorForm = Annotated[Caller, Depends(Access(Role.RULE_EDITOR, form=True))]

_ORDER = ("active", "scheduled", "approved", "simulated", "draft", "retired")
framing.announce({"drafted": ("success", N_("Saved as a draft. A second person has to approve it."))})


@router.get("")
def every(request: Request, caller: Office) -> Response:
    """Show all versions."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = programme.every(reading)
        titles = action_types.by_code(reading)
    order = {status: place for place, status in enumerate(_ORDER)}
    found.sort(key=lambda one: (one.version.code, order[one.status.value]))
    return framing.show(
        request, caller, "office/rules.html", area=Area.OFFICE, rules=found, words=STATUS_WORDS,
        may_edit=caller.has(Role.RULE_EDITOR), titles=titles,
    )  # fmt: skip


@router.get("/new")
def new(request: Request, caller: Editor, source: str = "") -> Response:
    """Show the editor, filled with a rule to start from."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        known = {one.version_hash: one for one in programme.every(reading)}
    start = known[source].version if source in known else action_types.starter_rules()[0]
    text = json.dumps(start.document(), ensure_ascii=False, indent=2)
    return _editor(request, caller, text)


@router.post("")
def save(request: Request, caller: EditorForm, document: Annotated[str, Form()] = "") -> Response:
    """Save a draft; mistakes are listed with their place and nothing is lost."""
    author = caller.person_session.person.person_id
    try:
        version = programme.parse(_json(document))

        def command(work: Work) -> str:
            stored = programme.draft(work, caller.city, version, author)
            auditing.record(work, caller.scope, "rule-drafted", f"rule/{stored.version_hash}", {})
            return stored.version_hash

        version_hash = services.of(request).database.run(caller.city.city_id, command)
    except RuleRefused as refused:
        return _editor(request, caller, document, status=422, errors=_faults(request, caller, refused))
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _editor(request, caller, document, status=422, errors=errors)
    return framing.go(f"/office/rules/{version_hash}", "drafted")


def _editor(
    request: Request,
    caller: Caller,
    document: str,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        actions = action_types.every(reading)
    return framing.show(
        request, caller, "office/rule_editor.html", area=Area.OFFICE, status=status, document=document,
        errors=errors or [], actions=actions,
    )  # fmt: skip


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "-"
        raise RuleRefused(faults=[{"path": place, "message": "file-not-json"}]) from None


def _faults(request: Request, caller: Caller, refused: RuleRefused) -> list[tuple[str | None, str]]:
    translate = framing.gettext_of(request, caller).gettext
    listed: list[tuple[str | None, str]] = []
    faults = refused.details.get("faults")
    for fault in faults if isinstance(faults, list) else []:
        details = {name: value for name, value in fault.items() if name not in {"path", "message"}}
        sentence = explaining.finding(str(fault["message"]), details, translate)
        listed.append(("document", f"{fault['path']}: {sentence}"))
    return listed or [("document", framing.sentence(request, caller, refused))]
