"""All routes of the JSON API, and what its document says about them."""

from typing import Any

from fastapi import APIRouter, FastAPI

from api.problems import MEDIA_TYPE, Problem
from api.v1 import (
    actions,
    books,
    fines,
    offers,
    people,
    reviews,
    rules,
    venues,
    vouchers,
    wallet,
)

VERSION = "1.0.0"
DESCRIPTION = """
Everything that the pages do, for other systems. Instants are RFC 3339 in UTC, amounts whole points or euro
cents. Errors are problem documents (RFC 9457) with a stable `code`. Every write needs an `Idempotency-Key`.
Lists come in pages: pass `next` of one answer as `before` of the next request.
"""

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text, "content": {MEDIA_TYPE: {}}}
    for status, text in {
        400: "The Idempotency-Key is missing or malformed",
        401: "Nobody is signed in, or the token is unknown",
        403: "The caller may not do this",
        404: "There is nothing of that name",
        409: "The state does not allow it, or the same request is still running",
        422: "The input is wrong",
        429: "Too many requests; see Retry-After",
        503: "Busy; nothing was done, try again",
    }.items()
}


def include(app: FastAPI) -> None:
    """Add all routes under /api/v1."""
    api = APIRouter(prefix="/api/v1", responses=_ERRORS)
    for module in (people, wallet, actions, reviews, rules, offers, vouchers, fines, venues, books):
        api.include_router(module.router)
    app.include_router(api)
