"""All routes of the JSON API, and what its document says about them."""

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from api.v1 import (
    actions,
    books,
    budgets,
    describing,
    desk,
    devices,
    events,
    fines,
    hand_overs,
    hubs,
    leases,
    occasions,
    offers,
    offline,
    orders,
    papers,
    payouts,
    people,
    postbox,
    presented,
    questions,
    quests,
    receipts,
    reports,
    reviews,
    rules,
    scan_logs,
    scans,
    tags,
    together,
    trust,
    venue_statements,
    venues,
    vouchers,
    wallet,
)

VERSION = "1.0.0"
DESCRIPTION = """
Everything that the pages do, for other systems. Instants are RFC 3339 in UTC, amounts whole points or euro
cents. Errors are problem documents (RFC 9457) with a stable `code`. Every write needs an `Idempotency-Key`,
except CloudEvents, which name themselves.
Lists come in pages: pass `next` of one answer as `before` of the next request.
"""

PREFIX = "/api/v1"
_MODULES = (
    vouchers,
    scans,
    scan_logs,
    offline,
    hubs,
    papers,
    payouts,
    presented,
    people,
    wallet,
    actions,
    reports,
    events,
    occasions,
    tags,
    quests,
    desk,
    reviews,
    rules,
    budgets,
    offers,
    orders,
    fines,
    hand_overs,
    postbox,
    receipts,
    leases,
    questions,
    venue_statements,
    venues,
    devices,
    together,
    trust,
    books,
)
"""A route is looked for in this order: first what is asked for most."""


def _joined() -> APIRouter:
    router = APIRouter()
    for module in _MODULES:
        router.include_router(module.router, prefix=PREFIX)
    return router


_ROUTER = _joined()
"""Joined once a process: FastAPI builds each included route anew at the first request, which takes time."""


def include(app: FastAPI) -> None:
    """Add all routes under PREFIX, and their description."""
    app.router.routes.extend(_ROUTER.routes)
    routes = [one for module in _MODULES for one in module.router.routes if isinstance(one, APIRoute)]
    describing.install(app, PREFIX, routes)
