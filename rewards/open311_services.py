"""Which report category a service of a city's Open311 endpoint belongs to; the table is data.

Names decide, because a service code means something else in every city. A code is looked up only where a
report carries no name.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

OTHER = "other"
"""Category of a service that the table does not know, and of one that fits no other category."""


@dataclass(frozen=True, slots=True)
class Category:
    """A report category, and the action type that may be rewarded for it."""

    code: str
    action: str | None
    """None: reports of this kind are welcome, but not rewarded."""
    is_known: bool = True
    """False where the table does not know the service; a person should look at such a report."""


@dataclass(frozen=True, slots=True)
class Services:
    """The table, ready to be asked."""

    actions: Mapping[str, str | None]
    by_name: Mapping[str, str]
    by_code: Mapping[str, str]

    def category(self, service_code: str, service_name: str | None) -> Category:
        """Return the category of a service; an unknown one is `other` with `is_known` false."""
        if service_name is None:
            code = self.by_code.get(service_code)
        else:
            code = self.by_name.get(normalised(service_name))
        if code is None:
            return Category(OTHER, self.actions[OTHER], is_known=False)
        return Category(code, self.actions[code])


def normalised(name: str) -> str:
    """Return a service name as names are compared: without case and surplus spaces."""
    return " ".join(name.split()).casefold()


def from_table(table: Mapping[str, Any]) -> Services:
    """Return the services of a table. Raises ValueError for a category that the table does not explain."""
    listed = [service for source in table["sources"] for service in source["services"]]
    by_name = {normalised(name): category for name, category in table["names"].items()}
    by_name |= {normalised(service["name"]): service["category"] for service in listed}
    by_code = {service["code"]: service["category"] for service in listed}
    actions = {code: category["action"] for code, category in table["categories"].items()}
    if unexplained := {*by_name.values(), *by_code.values(), OTHER} - set(actions):
        msg = f"categories without explanation: {sorted(unexplained)}"
        raise ValueError(msg)
    return Services(actions, by_name, by_code)


@functools.cache
def load() -> Services:
    """Return the services of the table that comes with the product, rewards/data/open311_services.json."""
    text = (resources.files("rewards") / "data" / "open311_services.json").read_text(encoding="utf-8")
    return from_table(json.loads(text))
