"""Action types: what citizens can do for the city, as data in `rewards/data/action_types.json`."""

import enum
import functools
import json
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from kernel.errors import Invalid, NotFound
from rewards.rules import RuleVersion


class FactType(enum.StrEnum):
    """Of what type a fact is."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"

    @property
    def python_type(self) -> type:
        """The type of its values."""
        return {FactType.TEXT: str, FactType.NUMBER: int, FactType.TRUTH: bool}[self]


class Category(BaseModel):
    """A kind within an action."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    names: dict[str, str]


class ActionType(BaseModel):
    """A civic action: what it is called, what it needs, which outcome confirms it, how to do it otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")
    active: bool
    names: dict[str, str]
    descriptions: dict[str, str]
    pictogram: str
    needs_photo: bool
    needs_place: bool
    needs_description: bool
    categories: tuple[Category, ...]
    facts: dict[str, FactType]
    """The facts that rules may look at."""
    outcome_event: str
    """What confirms pending points."""
    other_route: dict[str, str]
    """The way for people without photo, map or smartphone."""

    @property
    def category_codes(self) -> frozenset[str]:
        """The codes of its categories."""
        return frozenset(category.code for category in self.categories)

    def category_names(self, code: str | None) -> dict[str, str]:
        """Return the names of a category; those of the action if it has none of that code."""
        for category in self.categories:
            if category.code == code:
                return category.names
        return self.names


@functools.cache
def every() -> tuple[ActionType, ...]:
    """Return all action types that are described, the inactive ones too."""
    text = (resources.files("rewards") / "data" / "action_types.json").read_text(encoding="utf-8")
    return tuple(TypeAdapter(list[ActionType]).validate_json(text))


def get(code: str) -> ActionType:
    """Return an action type. Raises NotFound `action-unknown`."""
    for action in every():
        if action.code == code:
            return action
    raise NotFound("action-unknown", action=code[:60])


def active(code: str) -> ActionType:
    """Return an action type that earns points now. Raises NotFound, Invalid `action-inactive`."""
    action = get(code)
    if not action.active:
        raise Invalid("action-inactive", action=code)
    return action


def starter_rules() -> list[RuleVersion]:
    """Return the rules that a new city may begin with."""
    folder = resources.files("rewards") / "data" / "rules"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return [RuleVersion.model_validate(json.loads(file.read_text(encoding="utf-8"))) for file in files]
