"""What uvicorn serves while requests are measured: the product, and handlers that do nothing."""

from typing import Any

from fastapi import FastAPI

from api.app import create_app
from api.v1.scans import ScanIn
from api.v1.vouchers import BuyRequest
from kernel import logs
from kernel.settings import Settings


def product() -> FastAPI:
    """Return the application as `duiscoin serve` makes it, settings from the environment."""
    settings = Settings()
    logs.configure(json_lines=settings.json_logs)
    return create_app(settings)


def empty() -> FastAPI:
    """Return handlers that take the bodies of buying and scanning, check their form, and do nothing."""
    app = FastAPI()

    @app.get("/")
    async def page() -> dict[str, Any]:
        return {}

    @app.post("/api/v1/vouchers", status_code=201)
    async def buy(body: BuyRequest) -> dict[str, Any]:
        return {"offer_id": body.offer_id}

    @app.post("/api/v1/scans")
    async def scan(body: ScanIn) -> dict[str, Any]:
        return {"nonce": body.nonce}

    return app
