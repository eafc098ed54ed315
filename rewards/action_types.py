"""Action types: what citizens can do for the city, as data.

The built-in ones stand in `rewards/data/action_types.json`. A city adds its own and changes the words of the
built-in ones (rewards/shaping_actions.py): what it keeps takes the place of the built-in one of that code.
"""

import enum
import functools
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Literal, Self, get_args

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, TypeAdapter, model_validator

from kernel.db import Reading
from kernel.errors import Invalid, NotFound
from rewards import canonical, rules, tables
from rewards.conditions import Code, FactName, Text
from rewards.rules import RuleVersion

_FILE_BYTES_MAX = 1_000_000


def _both_languages(texts: dict[str, str]) -> dict[str, str]:
    if missing := {"de", "en"} - texts.keys():
        msg = f"not said in: {', '.join(sorted(missing))}"
        raise ValueError(msg)
    return texts


Language = Annotated[str, Field(pattern=r"\A[a-z]{2,3}\z")]
Names = Annotated[dict[Language, Text], AfterValidator(_both_languages)]
"""A short text in German, English and perhaps more languages."""
Texts = Annotated[
    dict[Language, Annotated[str, Field(min_length=1, max_length=1000)]], AfterValidator(_both_languages)
]
"""Sentences in German, English and perhaps more languages."""


class FactType(enum.StrEnum):
    """Of what type a fact is."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"
    DAY = "day"
    """A text like `2026-03-29`."""

    @property
    def python_type(self) -> type:
        """The type of its values."""
        return {FactType.NUMBER: int, FactType.TRUTH: bool}.get(self, str)


class EvidenceKey(enum.StrEnum):
    """What is rewarded once only: the key that a second submission of the same thing shares."""

    SUBMISSION = "submission"
    """Each submission counts for itself; checks look for duplicates."""
    CASE = "case"
    """The case number of another city system."""
    TAG = "tag"
    """A code that is valid for a short time."""
    EVENT = "event"
    """Person and event: a workshop, a poll, a consultation."""
    ROUTE = "route"
    """Person and route."""
    REPORT = "report"
    """Person and public report of somebody else."""


Pictogram = Literal[
    "litter", "bin", "clean-up", "form", "idea", "city", "quest",
    "bicycle", "book", "camera", "flower", "food", "gift", "heart", "library", "museum", "music", "people",
    "pool", "school", "ship", "shop", "sport", "theatre", "tram", "zoo",
]  # fmt: skip
PICTOGRAMS: tuple[str, ...] = get_args(Pictogram)


FACT_TYPES: Mapping[str, FactType] = MappingProxyType(
    {
        "category": FactType.TEXT,
        "description_length": FactType.NUMBER,
        "district": FactType.TEXT,
        "photo": FactType.TRUTH,
        "place": FactType.TRUTH,
        "source": FactType.TEXT,
        "trust_level": FactType.TEXT,
    }
)
SYSTEM_FACTS = frozenset(FACT_TYPES)
"""Facts that are found out, whatever the action: nobody states them about themselves."""


class Category(BaseModel):
    """A kind within an action."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    names: Names


class ActionType(BaseModel):
    """A civic action: what it is called, what it needs, which outcome confirms it, how to do it otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    active: StrictBool
    """Whether it can be handed in now."""
    names: Names
    descriptions: Texts
    pictogram: Pictogram
    needs_photo: StrictBool
    needs_place: StrictBool
    needs_description: StrictBool
    needs_pair: StrictBool = False
    """Whether it needs two photos of one place: before and after."""
    needs_case: StrictBool = False
    """Whether another city system vouches for it by a case number."""
    categories: tuple[Category, ...]
    facts: dict[FactName, FactType]
    """The facts that rules may look at."""
    questions: dict[FactName, Names] = Field(default_factory=dict)
    """The facts that people are asked for when they hand it in, and how."""
    link: Annotated[str, Field(pattern=r"\Ahttps://[^\s\"<>]{4,300}\z")] | None = None
    """Where it is done, if that is elsewhere."""
    evidence_key: EvidenceKey
    outcome_event: Annotated[str, Field(pattern=r"\A[a-z-]+\.[a-z-]+\z")]
    """What confirms pending points."""
    outcomes: Names
    """The same in words that complete `as soon as …`."""
    other_route: Texts
    """The way for people without photo, map or smartphone."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if protected := sorted(filter(rules.is_protected, self.facts)):
            msg = f"protected: {', '.join(protected)}"
            raise ValueError(msg)
        if len(self.category_codes) < len(self.categories):
            msg = "a category stands twice"
            raise ValueError(msg)
        if self.needs_case != (self.evidence_key is EvidenceKey.CASE):
            msg = "a case number is needed exactly where it is the evidence"
            raise ValueError(msg)
        if self.needs_pair and not self.needs_photo:
            msg = "a photo before and one after are photos"
            raise ValueError(msg)
        if stray := sorted(self.questions.keys() - (self.facts.keys() - SYSTEM_FACTS)):
            msg = f"asked for, but no fact of the action: {', '.join(stray)}"
            raise ValueError(msg)
        return self

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


def read(text: str | bytes) -> tuple[ActionType, ...]:
    """Return the action types in JSON text. Raises ValueError (pydantic's too) with what is wrong where."""
    found = TypeAdapter(list[ActionType]).validate_python(canonical.decode(text, bytes_max=_FILE_BYTES_MAX))
    if len({action.code for action in found}) < len(found):
        msg = "an action type stands twice"
        raise ValueError(msg)
    return tuple(found)


@functools.cache
def built_in() -> tuple[ActionType, ...]:
    """Return the action types that every city has, as they come."""
    return read((resources.files("rewards") / "data" / "action_types.json").read_bytes())


@functools.cache
def built_ins() -> Mapping[str, ActionType]:
    """Return the same by code."""
    return {action.code: action for action in built_in()}


def every(reading: Reading) -> tuple[ActionType, ...]:
    """Return all action types of the city, the inactive ones too: the built-in ones, then its own by code."""
    own = {action.code: action for action in _kept(reading, sa.true())}
    return (*(own.pop(action.code, action) for action in built_in()), *own.values())


def by_code(reading: Reading) -> dict[str, ActionType]:
    """Return the same by code."""
    return {action.code: action for action in every(reading)}


def get(reading: Reading, code: str) -> ActionType:
    """Return an action type of the city. Raises NotFound `action-unknown`."""
    for action in _kept(reading, tables.action_types.c.code == code):
        return action
    if code in built_ins():
        return built_ins()[code]
    raise NotFound("action-unknown", action=code[:60])


def active(reading: Reading, code: str) -> ActionType:
    """Return an action type that earns points now. Raises NotFound, Invalid `action-inactive`."""
    action = get(reading, code)
    if not action.active:
        raise Invalid("action-inactive", action=code)
    return action


def starter_rules() -> list[RuleVersion]:
    """Return the rules that a new city may begin with."""
    folder = resources.files("rewards") / "data" / "rules"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return [rules.read(file.read_bytes()) for file in files if file.name.endswith(".json")]


def starter_rule(code: str) -> RuleVersion:
    """Return the starter rule of a code."""
    return next(rule for rule in starter_rules() if rule.code == code)


def _kept(reading: Reading, condition: sa.ColumnElement[bool]) -> list[ActionType]:
    kept = tables.action_types.c
    rows = reading.connection.execute(
        sa.select(kept.document).where(kept.city_id == reading.city_id, condition).order_by(kept.code)
    )
    return [ActionType.model_validate(document) for document in rows.scalars()]
