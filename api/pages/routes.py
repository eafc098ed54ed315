"""All pages."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.access import Access
from api.pages import (
    about,
    account,
    actions,
    assets,
    cards,
    home,
    interfaces,
    joining,
    log,
    occasions,
    office,
    office_actions,
    office_applications,
    office_cases,
    office_cash,
    office_checks,
    office_departments,
    office_desk,
    office_market,
    office_occasions,
    office_offers,
    office_papers,
    office_people,
    office_quests,
    office_rule_bundles,
    office_rule_difference,
    office_rule_editor,
    office_rule_life,
    office_rule_settings,
    office_rules,
    office_tags,
    office_together,
    office_voucher_keys,
    orders,
    papers,
    postbox,
    quests,
    receipts,
    register,
    reports,
    scan_app,
    simulations,
    spending,
    status,
    supply,
    tags,
    ticket_calendar,
    together,
    transparency,
    treasury,
    treasury_bank,
    treasury_budgets,
    treasury_payouts,
    treasury_periods,
    treasury_settlements,
    venue,
    venue_owning,
    venue_statements,
)

_MODULES = (
    assets,
    home,
    reports,
    actions,
    tags,
    quests,
    ticket_calendar,
    spending,
    orders,
    papers,
    postbox,
    account,
    together,
    cards,
    about,
    joining,
    supply,
    register,
    transparency,
    receipts,
    interfaces,
    status,
    log,
    venue_statements,
    venue_owning,
    venue,
    scan_app,
    treasury_bank,
    treasury_periods,
    treasury_budgets,
    treasury_payouts,
    treasury_settlements,
    treasury,
    occasions,
    office,
    office_cases,
    office_departments,
    office_checks,
    office_actions,
    office_cash,
    office_desk,
    office_papers,
    office_occasions,
    office_rule_editor,
    office_rule_settings,
    office_rules,
    simulations,
    office_rule_bundles,
    office_rule_difference,
    office_rule_life,
    office_applications,
    office_market,
    office_offers,
    office_people,
    office_tags,
    office_quests,
    office_together,
    office_voucher_keys,
)


def include(app: FastAPI) -> None:
    """Add all pages."""
    for module in _MODULES:
        app.include_router(module.router)
    app.state.page_access = dict(_accesses())


def _accesses() -> Iterator[tuple[str, Access]]:
    """Yield who may open each page."""
    for route in (route for module in _MODULES for route in module.router.routes):
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            declared = (one.call for one in route.dependant.dependencies)
            yield from ((route.path, one) for one in declared if isinstance(one, Access))
