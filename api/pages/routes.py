"""All pages."""

from fastapi import FastAPI

from api.pages import (
    about,
    account,
    actions,
    assets,
    home,
    interfaces,
    log,
    office,
    office_market,
    office_people,
    office_rule_bundles,
    office_rule_difference,
    office_rule_editor,
    office_rule_life,
    office_rule_settings,
    office_rules,
    office_together,
    receipts,
    register,
    spending,
    status,
    supply,
    together,
    transparency,
    treasury,
    treasury_budgets,
    treasury_periods,
    venue,
)


def include(app: FastAPI) -> None:
    """Add all pages."""
    for module in (
        assets,
        home,
        actions,
        spending,
        account,
        together,
        about,
        supply,
        register,
        transparency,
        receipts,
        interfaces,
        status,
        log,
        venue,
        treasury_periods,
        treasury_budgets,
        treasury,
        office,
        office_rule_editor,
        office_rule_settings,
        office_rules,
        office_rule_bundles,
        office_rule_difference,
        office_rule_life,
        office_market,
        office_people,
        office_together,
    ):
        app.include_router(module.router)
