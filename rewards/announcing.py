"""Announcing: what people are told about budgets before they hand something in."""

from kernel.cities import City
from kernel.db import Reading
from rewards import budgets, programme
from rewards.budgets import Budget


def of_action(reading: Reading, city: City, action: str) -> list[Budget]:
    """Return the budgets behind an action's rules in force that come to an end, or have."""
    found = budgets.ending(reading, city)
    if not found:
        return []
    paying = {one.version.budget for one in programme.active(reading) if action in one.version.actions}
    return [one for one in found if one.campaign in paying]
