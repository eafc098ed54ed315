"""The administration's rules: versions, a new draft, approval by a second person."""

import json
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from identity import auditing, persons
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from rewards import action_types, describing, explaining, programme
from rewards.programme import RuleRefused, StoredRule
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/rules")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
Editor = Annotated[Caller, Depends(Access(Role.RULE_EDITOR))]
EditorForm = Annotated[Caller, Depends(Access(Role.RULE_EDITOR, form=True))]
ApproverForm = Annotated[Caller, Depends(Access(Role.APPROVER, form=True))]

STATUS_WORDS = {
    "draft": ("warning", N_("Draft")),
    "approved": ("info", N_("Approved")),
    "active": ("success", N_("In force")),
    "retired": ("info", N_("Retired")),
}
framing.announce(
    {
        "drafted": ("success", N_("Saved as a draft. A second person has to approve it.")),
        "approved": ("success", N_("Approved.")),
        "activated": ("success", N_("The rule is in force now.")),
        "retired": ("success", N_("The rule is not in force any more.")),
    }
)


@router.get("")
def every(request: Request, caller: Office) -> Response:
    """Show all versions."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = programme.every(reading)
        titles = action_types.by_code(reading)
    order = {"active": 0, "approved": 1, "draft": 2, "retired": 3}
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


@router.get("/{version_hash}")
def one(request: Request, caller: Office, version_hash: str) -> Response:
    """Show one version in words and as data."""
    return _detail(request, caller, version_hash)


@router.post("/{version_hash}/approve")
def approve(request: Request, caller: ApproverForm, version_hash: str) -> Response:
    """Approve somebody else's draft."""
    approver = caller.person_session.person.person_id
    return _act(
        request,
        caller,
        version_hash,
        "approved",
        lambda work: programme.approve(work, version_hash, approver),
    )


@router.post("/{version_hash}/activate")
def activate(request: Request, caller: ApproverForm, version_hash: str) -> Response:
    """Put an approved version in force."""
    return _act(
        request, caller, version_hash, "activated", lambda work: programme.activate(work, version_hash)
    )


@router.post("/{version_hash}/retire")
def retire(request: Request, caller: ApproverForm, version_hash: str) -> Response:
    """Take a version out of force."""
    return _act(request, caller, version_hash, "retired", lambda work: programme.retire(work, version_hash))


def _act(
    request: Request, caller: Caller, version_hash: str, done: str, use_case: Callable[[Work], StoredRule]
) -> Response:
    def command(work: Work) -> None:
        use_case(work)
        auditing.record(work, caller.scope, f"rule-{done}", f"rule/{version_hash}", {})

    try:
        services.of(request).database.run(caller.city.city_id, command)
    except DomainError as error:
        if error.code == "own-rule":
            errors: list[tuple[str | None, str]] = [(None, framing.sentence(request, caller, error))]
        else:
            errors = framing.field_errors(request, caller, error)
        return _detail(request, caller, version_hash, status=409, errors=errors)
    return framing.go(f"/office/rules/{version_hash}", done)


def _detail(
    request: Request,
    caller: Caller,
    version_hash: str,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        stored = programme.get(reading, version_hash)
        findings = programme.lint(reading, caller.city, stored.version)
        numbers = [number for number in (stored.author_id, stored.approver_id) if number]
        people = persons.by_ids(reading, numbers)
        action = action_types.get(reading, stored.version.action)
    translate = framing.gettext_of(request, caller).gettext
    return framing.show(
        request, caller, "office/rule.html", area=Area.OFFICE, status=status, rule=stored, people=people,
        lines=describing.describe(stored.version, action, translate, caller.language),
        findings=[explaining.finding(one.code, one.details, translate) for one in findings],
        document=json.dumps(stored.version.document(), ensure_ascii=False, indent=2), words=STATUS_WORDS,
        errors=errors or [], may_approve=caller.has(Role.APPROVER), may_edit=caller.has(Role.RULE_EDITOR),
    )  # fmt: skip


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
