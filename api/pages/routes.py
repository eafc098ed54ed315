"""All pages."""

from fastapi import FastAPI

from api.pages import account, assets


def include(app: FastAPI) -> None:
    """Add all pages."""
    for module in (assets, account):
        app.include_router(module.router)
