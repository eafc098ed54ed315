"""The public register of rules: pages for everybody, and the same as open data."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import rule_register, services
from api.access import Access, Caller, Sort
from api.pages import framing
from api.pages.office_rule_life import STATUS_WORDS
from api.rule_register import Rule
from kernel.errors import NotFound

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]

_FOR_A_WHILE = "public, max-age=300"
JSON = "application/json"


@router.get("/rules")
def page(request: Request, caller: Anyone) -> Response:
    """Show every rule with all its versions."""
    return framing.show(
        request, caller, "about/rules.html", area=_area(caller), rules=_rules(request, caller),
        words=STATUS_WORDS, licence=rule_register.LICENCE,
    )  # fmt: skip


@router.get("/rules.json")
def open_data(request: Request, caller: Anyone) -> Response:
    """Return the register as JSON (docs/rules.md)."""
    content = rule_register.document(caller.city, _rules(request, caller), _url(request))
    return _cached(request, content, JSON)


@router.get("/rules/dataset.jsonld")
def dataset(request: Request, caller: Anyone) -> Response:
    """Describe the register for catalogues of open data."""
    given = services.of(request)
    content = rule_register.dataset(
        caller.city, _rules(request, caller), _url(request), given.translations, given.database.clock.now()
    )
    return _cached(request, content, "application/ld+json")


@router.get("/rules/{version_hash}.json")
def version_data(request: Request, caller: Anyone, version_hash: str) -> Response:
    """Return one version as JSON."""
    found = rule_register.entry(_rules(request, caller), version_hash)
    if found is None:
        raise NotFound("rule-not-found")
    return _cached(request, rule_register.plain(found, _url(request)), JSON)


@router.get("/rules/{version_hash}")
def version(request: Request, caller: Anyone, version_hash: str) -> Response:
    """Show one version in plain words."""
    found = rule_register.entry(_rules(request, caller), version_hash)
    if found is None:
        raise NotFound("rule-not-found")
    return framing.show(
        request, caller, "about/rule.html", area=_area(caller), entry=found, words=STATUS_WORDS,
        lines=found.words[caller.language],
        document=json.dumps(found.stored.version.document(), ensure_ascii=False, indent=2),
    )  # fmt: skip


def _rules(request: Request, caller: Caller) -> list[Rule]:
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        return rule_register.rules(reading, given.translations)


def _url(request: Request) -> str:
    return services.of(request).settings.public_url.rstrip("/")


def _cached(request: Request, content: Mapping[str, Any], media_type: str) -> Response:
    """Return JSON that caches may keep for a while and ask about afterwards."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"Cache-Control": _FOR_A_WHILE, "ETag": tag, "Access-Control-Allow-Origin": "*"}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _area(caller: Caller) -> framing.Area | None:
    return framing.Area.CITIZEN if caller.session else None
