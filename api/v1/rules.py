"""Rules: versions, their life, and what is in force."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, Field

from api import commanding, services
from api.access import Access, Caller, Sort
from api.commanding import IdempotencyKey
from api.v1.shapes import In
from identity import auditing
from identity.roles import Role
from kernel.db import Reading, Work
from rewards import action_types, describing, naming, programme
from rewards.programme import StoredRule

router = APIRouter(tags=["rules"])
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
Editor = Annotated[Caller, Depends(Access(Role.RULE_EDITOR))]
Approver = Annotated[Caller, Depends(Access(Role.APPROVER))]


class RuleOut(BaseModel):
    """A version of a rule."""

    version_hash: str
    code: str = Field(examples=["litter-report"])
    status: str = Field(examples=["active"])
    description: list[str] = Field(description="In plain words of the reader's language")
    document: dict[str, Any]
    active_from: dt.datetime | None = Field(description="Begin of its last time in force, maybe to come")
    active_until: dt.datetime | None = Field(description="End of that time, if it has or will have one")


class RuleIn(In):
    """A rule document; docs/rules.md explains the tree."""

    document: dict[str, Any] = Field(examples=[action_types.starter_rules()[0].document()])


class NoteIn(In):
    """What the others should know about a step."""

    note: str = Field(default="", max_length=500, examples=["As agreed in the meeting of 4 May"])


class ActivationIn(NoteIn):
    """When a version comes into force."""

    at: AwareDatetime | None = Field(
        default=None,
        description="An instant to come; now if left out",
        examples=["2026-06-01T00:00:00+02:00"],
    )


NO_NOTE = NoteIn()
AT_ONCE = ActivationIn()


class FindingOut(BaseModel):
    """Something wrong or odd about a rule."""

    severity: str = Field(examples=["error"])
    code: str = Field(examples=["fact-unknown"])
    path: str = Field(examples=["when.0"])
    details: dict[str, Any]


@router.get("/rules", summary="The rules in force")
def register(request: Request, caller: Anyone) -> list[RuleOut]:
    """Return every rule in force, in words and as data, for anybody."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        return [_present(request, caller, reading, one) for one in programme.active(reading)]


@router.get("/rules/versions", summary="All versions")
def versions(request: Request, caller: Editor) -> list[RuleOut]:
    """Return every version, drafts too."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        return [_present(request, caller, reading, one) for one in programme.every(reading)]


@router.post("/rules/lint", summary="Check a rule without saving it")
def lint(request: Request, caller: Editor, body: RuleIn) -> list[FindingOut]:
    """Return what is wrong or odd about a rule."""
    version = programme.parse(body.document)
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = programme.lint(reading, caller.city, version)
    return [
        FindingOut(severity=one.severity.value, code=one.code, path=one.path, details=dict(one.details))
        for one in found
    ]


@router.post("/rules", status_code=201, summary="Save a draft", response_model=RuleOut)
async def draft(request: Request, caller: Editor, body: RuleIn, key: IdempotencyKey) -> JSONResponse:
    """Save a version as a draft; refused if linting finds an error."""
    version = programme.parse(body.document)
    author = caller.person_session.person.person_id
    return await _act(
        request,
        caller,
        key,
        "rule-drafted",
        lambda work: programme.draft(work, caller.city, version, author),
        status=201,
    )


@router.post("/rules/{version_hash}/approval", summary="Approve", response_model=RuleOut)
async def approve(
    request: Request, caller: Approver, version_hash: str, key: IdempotencyKey, body: NoteIn = NO_NOTE
) -> JSONResponse:
    """Approve a draft that somebody else wrote; one that was not simulated needs a note that says why."""
    approver, note = caller.person_session.person.person_id, body.note
    return await _act(
        request,
        caller,
        key,
        "rule-approved",
        lambda work: programme.approve(work, version_hash, approver, note=note),
    )


@router.post("/rules/{version_hash}/activation", summary="Put in force", response_model=RuleOut)
async def activate(
    request: Request,
    caller: Approver,
    version_hash: str,
    key: IdempotencyKey,
    body: ActivationIn = AT_ONCE,
) -> JSONResponse:
    """Put an approved version in force, now or at an instant to come; it ends the one before then."""
    actor, asked = caller.person_session.person.person_id, body
    return await _act(
        request,
        caller,
        key,
        "rule-scheduled" if asked.at else "rule-activated",
        lambda work: programme.activate(work, version_hash, at=asked.at, actor_id=actor, note=asked.note),
    )


@router.post("/rules/{version_hash}/withdrawal", summary="Take a schedule back", response_model=RuleOut)
async def withdraw(
    request: Request, caller: Approver, version_hash: str, key: IdempotencyKey, body: NoteIn = NO_NOTE
) -> JSONResponse:
    """Take back a time in force that has not begun."""
    actor, note = caller.person_session.person.person_id, body.note
    return await _act(
        request,
        caller,
        key,
        "rule-withdrawn",
        lambda work: programme.withdraw(work, version_hash, actor_id=actor, note=note),
    )


@router.post("/rules/{version_hash}/retirement", summary="Retire", response_model=RuleOut)
async def retire(
    request: Request, caller: Approver, version_hash: str, key: IdempotencyKey, body: NoteIn = NO_NOTE
) -> JSONResponse:
    """Take a version out of force."""
    actor, note = caller.person_session.person.person_id, body.note
    return await _act(
        request,
        caller,
        key,
        "rule-retired",
        lambda work: programme.retire(work, version_hash, actor_id=actor, note=note),
    )


async def _act(
    request: Request,
    caller: Caller,
    key: str,
    action: str,
    use_case: Callable[[Work], StoredRule],
    status: int = 200,
) -> JSONResponse:
    def command(work: Work) -> Mapping[str, Any]:
        stored = use_case(work)
        auditing.record(work, caller.scope, action, f"rule/{stored.version_hash}", {})
        return _present(request, caller, work, stored).model_dump(mode="json")

    return await commanding.answer(request, caller, key, command, status=status)


def _present(request: Request, caller: Caller, reading: Reading, stored: StoredRule) -> RuleOut:
    translate = services.of(request).translations[caller.language].gettext
    action, names = action_types.get(reading, stored.version.action), naming.names(reading, caller.language)
    return RuleOut(
        version_hash=stored.version_hash,
        code=stored.version.code,
        status=stored.status.value,
        description=describing.describe(stored.version, action, translate, caller.language, names),
        document=stored.version.document(),
        active_from=stored.active_from,
        active_until=stored.active_until,
    )
