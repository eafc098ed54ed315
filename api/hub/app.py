"""The application of a hub: the scanner and what it asks for, decided here; a page for the venue."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

from api import failing, services
from api.bodies import Bounded
from api.headers import Headers
from api.hub import gates, page, syncing
from api.hub.machine import Hub
from api.pages import assets, scan_app
from api.v1 import devices, scan_logs, scans, trust
from api.v1.routes import PREFIX

_BODY_MAX = 8 * 1024 * 1024
"""Bytes of the largest request: 500 events of a gate's log."""


def create_app(hub: Hub, *, sync: bool = True) -> FastAPI:
    """Return the application of a hub; with `sync` it talks with the city by itself."""
    built = services.build(hub.settings, hub.database)
    syncer = syncing.Syncer(hub)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if sync:
            syncer.start()
        yield
        if sync:
            syncer.stop()
        built.close()

    app = FastAPI(
        title="Duiscoin hub", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan,
    )  # fmt: skip
    app.state.services = built
    app.state.hub = hub
    # No promise of https for ever: the certificate is the hub's own, and a browser could not be asked again.
    app.add_middleware(Headers, https=False, make_id=built.database.ids.token)
    app.add_middleware(Bounded, maximum=_BODY_MAX)
    failing.install(app)
    # What the hub decides itself comes first.
    for router in (gates.router, scans.router, scan_logs.router, trust.router, devices.router):
        app.include_router(router, prefix=PREFIX)
    for pages in (page.router, scan_app.router, assets.router):
        app.include_router(pages)
    app.add_api_route("/", _home, include_in_schema=False)
    app.add_api_route("/venue", _form, include_in_schema=False)
    return app


def _home(_: Request) -> RedirectResponse:
    return RedirectResponse("/hub", 303)


def _form(_: Request) -> RedirectResponse:
    """Lead from the scanner, where it can't run, to the form without a camera."""
    return RedirectResponse("/hub/scan", 303)
