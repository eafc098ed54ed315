"""All pages."""

from fastapi import FastAPI

from api.pages import about, account, actions, assets, home, spending, treasury, venue


def include(app: FastAPI) -> None:
    """Add all pages."""
    for module in (assets, home, actions, spending, account, about, venue, treasury):
        app.include_router(module.router)
