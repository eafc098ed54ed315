"""All pages."""

from fastapi import FastAPI

from api.pages import about, account, actions, assets, home, spending, venue


def include(app: FastAPI) -> None:
    """Add all pages."""
    for module in (assets, home, actions, spending, account, about, venue):
        app.include_router(module.router)
