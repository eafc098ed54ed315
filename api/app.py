"""The application factory: the one place that knows all parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import failing, monitoring, services, uploading, webhooks
from api.bodies import Bounded
from api.headers import Headers
from api.pages import routes as pages
from api.v1 import routes as v1
from kernel.db import Database
from kernel.settings import Settings
from rewards import pictures

BODY_MAX = uploading.PHOTOS_MAX * pictures.BYTES_MAX + 1024 * 1024
"""Bytes of the largest request: as many photos as may come at once, and what is said about them."""


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """Return the application. With `database` that one is used, else one is opened by the settings."""
    built = services.build(settings, database)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        built.close()

    app = FastAPI(
        title="Duiscoin",
        version=v1.VERSION,
        summary="One ledger for a city that says thank you.",
        description=v1.DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        separate_input_output_schemas=False,
    )
    app.state.services = built
    app.add_middleware(
        Headers, https=settings.public_url.startswith("https:"), make_id=built.database.ids.token
    )
    app.add_middleware(Bounded, maximum=BODY_MAX)
    failing.install(app)
    v1.include(app)
    pages.include(app)
    app.router.routes.extend([*monitoring.router.routes, *webhooks.router.routes])
    return app
