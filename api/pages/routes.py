"""All pages."""

from fastapi import FastAPI

from api.pages import about, account, actions, assets, home, interfaces, spending, treasury, venue


def include(app: FastAPI) -> None:
    """Add all pages."""
    for module in (assets, home, actions, spending, account, about, interfaces, venue, treasury):
        app.include_router(module.router)
