"""Rules from and to other cities: signed bundles, pinned keys, and what a bundle would change."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import Response

from api import commanding, services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.pages.office_rule_difference import CHANGES, PARTS
from api.pages.office_rule_life import STATUS_WORDS
from identity import auditing
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import DomainError
from rewards import action_types, bundles, bundling, comparing, explaining, naming, programme
from rewards.bundling import Effect, Item
from rewards.comparing import Clause, Side
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/rules/bundles")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
EditorForm = Annotated[Caller, Depends(Access(Role.RULE_EDITOR, form=True))]
SenderForm = Annotated[Caller, Depends(Access(Role.RULE_EDITOR, Role.APPROVER, form=True))]
AdministratorForm = Annotated[Caller, Depends(Access(Role.ADMINISTRATOR, form=True))]

EFFECTS: Mapping[Effect, tuple[str, str]] = {
    Effect.KNOWN: ("info", N_("Here already")),
    Effect.NEW_RULE: ("success", N_("New rule")),
    Effect.NEW_VERSION: ("warning", N_("New version")),
    Effect.REFUSED: ("danger", N_("Does not fit")),
}
framing.announce(
    {
        "trusted": ("success", N_("Rules of this city can be taken over now, as drafts.")),
        "distrusted": ("success", N_("Rules of this city are not taken over any more.")),
        "taken": ("success", N_("Taken over as drafts. A second person has to approve each of them.")),
    }
)


@router.get("")
def page(request: Request, caller: Office) -> Response:
    """Show what can be given, whom this city believes, and the form for a bundle."""
    return _page(request, caller)


@router.post("/export")
async def export(
    request: Request, caller: SenderForm, rules: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Return a signed bundle of versions as a file."""
    hashes, sealer = sorted(set(rules or [])), services.of(request).sealer

    def command(work: Work) -> Mapping[str, Any]:
        text = bundling.export(work, caller.city, sealer, hashes)
        digest = bundles.read(text).digest
        auditing.record(work, caller.scope, "rules-exported", f"bundle/{digest}", {"rules": hashes})
        return {"bundle": text.decode(), "digest": digest}

    try:
        made = await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _page(request, caller, status=422, errors=framing.field_errors(request, caller, error))
    name = f"rules-{caller.city.slug}-{made['digest'][:12]}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made["bundle"].encode(), media_type="application/json", headers=headers)


@router.post("/check")
async def check(
    request: Request, caller: EditorForm, bundle: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Say what a bundle would change; nothing is written."""
    content = await bundle.read(bundles.BYTES_MAX + 1) if bundle else b""
    return _report(request, caller, content)


@router.post("/take")
async def take(request: Request, caller: EditorForm, text: Annotated[str, Form()] = "") -> Response:
    """Take over what is new and fits, as drafts."""
    author = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        bundle = bundles.read(text.encode())
        taken = bundling.take(work, caller.city, bundle, author)
        details = {
            "key": bundle.key.public_key.hex(),
            "rules": [stored.version_hash for stored in taken],
        }
        auditing.record(work, caller.scope, "rules-imported", f"bundle/{bundle.digest}", details)
        return {"taken": len(taken)}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        return _refused(request, caller, error)
    return framing.go("/office/rules", "taken")


@router.post("/trust")
async def trust(
    request: Request,
    caller: AdministratorForm,
    name: Annotated[str, Form()] = "",
    key: Annotated[str, Form()] = "",
) -> Response:
    """Pin the key of a city."""
    person = caller.person_session.person.person_id

    def command(work: Work) -> Mapping[str, Any]:
        pinned = bundling.trust(work, name, key, person)
        auditing.record(work, caller.scope, "city-trusted", f"key/{pinned.key}", {"name": pinned.name})
        return {}

    try:
        await commanding.perform_form(request, caller, command)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        return _page(request, caller, status=422, errors=errors, typed={"name": name, "key": key})
    return framing.go("/office/rules/bundles", "trusted")


@router.post("/distrust")
async def distrust(request: Request, caller: AdministratorForm, key: Annotated[str, Form()] = "") -> Response:
    """Stop believing a city."""

    def command(work: Work) -> Mapping[str, Any]:
        bundling.distrust(work, key)
        auditing.record(work, caller.scope, "city-distrusted", f"key/{key}", {})
        return {}

    await commanding.perform_form(request, caller, command)
    return framing.go("/office/rules/bundles", "distrusted")


def _report(request: Request, caller: Caller, content: bytes) -> Response:
    translate = framing.gettext_of(request, caller).gettext
    try:
        bundle = bundles.read(content)
        with services.of(request).database.reading(caller.city.city_id) as reading:
            sender, items = bundling.plan(reading, caller.city, bundle)
            clauses = [_clauses(request, caller, reading, one) for one in items]
    except DomainError as error:
        return _refused(request, caller, error)
    findings = [[explaining.finding(f.code, f.details, translate) for f in one.findings] for one in items]
    return framing.show(
        request, caller, "office/rule_bundle.html", area=Area.OFFICE, bundle=bundle, sender=sender,
        items=list(zip(items, clauses, findings, strict=True)), effects=EFFECTS, parts=PARTS, changes=CHANGES,
        text=content.decode(),
        fits=sum(one.effect in {Effect.NEW_RULE, Effect.NEW_VERSION} for one in items),
    )  # fmt: skip


def _clauses(request: Request, caller: Caller, reading: Reading, item: Item) -> list[Clause]:
    """Return what a version says beside the one in force; beside itself where there is none."""
    actions = action_types.by_code(reading)
    if item.version.action not in actions:
        return []
    translate, names = framing.gettext_of(request, caller).gettext, naming.names(reading, caller.language)
    after = Side(item.version, actions[item.version.action])
    against = item.against
    before = Side(against.version, actions[against.version.action]) if against else after
    return comparing.compare(before, after, translate, caller.language, names)


def _refused(request: Request, caller: Caller, error: DomainError) -> Response:
    if error.code == "bundle-sender-unknown":
        errors: list[tuple[str | None, str]] = [("bundle", framing.sentence(request, caller, error))]
    else:
        errors = framing.field_errors(request, caller, error)
    return _page(request, caller, status=422, errors=errors)


def _page(
    request: Request,
    caller: Caller,
    *,
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        stored = programme.every(reading)
        trusted, own = bundling.trusted(reading), bundling.public_key(reading)
    return framing.show(
        request, caller, "office/rule_bundles.html", area=Area.OFFICE, status=status, rules=stored,
        trusted=trusted, own=own, words=STATUS_WORDS, typed=typed or {}, errors=errors or [],
        by_field=dict(errors or []), may_edit=caller.has(Role.RULE_EDITOR),
        may_send=caller.has(Role.RULE_EDITOR, Role.APPROVER), may_trust=caller.has(Role.ADMINISTRATOR),
    )  # fmt: skip
