"""Rules: when an action earns how many points, as a typed syntax tree that is data.

A version is immutable and named by the SHA-256 of its canonical document. There are no negative points, and
no rule without caps and a budget. docs/rules.md explains it to administrators.
"""

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, StrictInt, ValidationError, model_validator

from rewards import canonical
from rewards.conditions import (
    Code,
    Compare,
    CompareDay,
    Condition,
    Day,
    In,
    Known,
    Node,
    Text,
    Trust,
    walk,
)
from rewards.effects import FACTORS_MAX, Effect, Factor, Grid, Share, StreakBonus, Table

DEPTH_MAX = 12
"""Levels of conditions inside each other."""
NODES_MAX = 200
"""Conditions of one rule."""
DOCUMENT_BYTES_MAX = 65_536
_CONTAINER_DEPTH_MAX = 2 * DEPTH_MAX + 10
_ITEMS_MAX = 20_000

PROTECTED_WORDS = frozenset(
    {
        # Who somebody is.
        "age",
        "birth",
        "child",
        "children",
        "disability",
        "ethnicity",
        "gender",
        "marital",
        "nationality",
        "orientation",
        "origin",
        "pregnancy",
        "sex",
        # What somebody believes.
        "faith",
        "party",
        "political",
        "religion",
        "union",
        # Other parts of life: a rule for clean streets must not know them.
        "benefit",
        "benefits",
        "credit",
        "crime",
        "criminal",
        "debt",
        "debts",
        "fine",
        "fines",
        "health",
        "income",
        "police",
        "score",
        "tax",
        "taxes",
        "welfare",
    }
)
"""What no rule may look at: persons would be scored, or judged by another part of their life."""


def is_protected(fact: str) -> bool:
    """Return whether a fact is about what a person is, or comes from another part of life."""
    return not PROTECTED_WORDS.isdisjoint(fact.split("_"))


class DocumentFault(NamedTuple):
    """What is wrong at one place of a document; kind and context are pydantic's, if it found it."""

    path: str
    message: str
    kind: str = ""
    context: Mapping[str, Any] = MappingProxyType({})


class RuleUnreadable(ValueError):
    """A document is no rule; `faults` say what is wrong where."""

    def __init__(self, faults: list[DocumentFault]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults))


class Caps(Node):
    """Bounds for one person under this rule, in the city's days and months; none may be left out."""

    awards_per_day: Annotated[StrictInt, Field(ge=1, le=100)]
    awards_per_month: Annotated[StrictInt, Field(ge=1, le=1000)]
    points_per_month: Annotated[StrictInt, Field(ge=1, le=1_000_000)]


class RuleVersion(Node):
    """A whole rule.

    `now_percent` of the points, rounded down, are given when the submission is accepted, the rest when its
    outcome is confirmed. `budget` is the campaign whose account pays. `priority` counts where a programme
    lets the highest one decide. `more_actions` earn under the same conditions, points and limits.
    """

    code: Code
    title: dict[Literal["de", "en"], Text]
    action: Code
    more_actions: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)] | None = None
    when: Condition
    effect: Effect
    factors: Annotated[tuple[Factor, ...], Field(min_length=1, max_length=FACTORS_MAX)] | None = None
    share: Share | None = None
    streak: StreakBonus | None = None
    now_percent: Annotated[StrictInt, Field(ge=0, le=100)] = 0
    caps: Caps
    budget: Code
    priority: Annotated[StrictInt, Field(ge=0, le=1000)] = 0
    valid_from: Day | None = None
    valid_until: Day | None = None

    @model_validator(mode="before")
    @classmethod
    def _shallow(cls, document: object) -> object:
        """Refuse what is too deep or too large before anything walks down into it."""
        level, depth, seen = [document], 0, 0
        while level:
            depth, seen = depth + 1, seen + len(level)
            if depth > _CONTAINER_DEPTH_MAX or seen > _ITEMS_MAX:
                msg = f"more than {DEPTH_MAX} levels or {NODES_MAX} conditions"
                raise ValueError(msg)
            level = [inner for outer in level for inner in _contents(outer)]
        return document

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if "de" not in self.title:
            msg = "a title in German is needed"
            raise ValueError(msg)
        for count, (path, _) in enumerate(nodes(self), start=1):
            if path.count(".") - 2 * path.startswith("factors") >= DEPTH_MAX or count > NODES_MAX:
                msg = f"more than {DEPTH_MAX} levels or {NODES_MAX} conditions"
                raise ValueError(msg)
        return self

    @property
    def actions(self) -> tuple[str, ...]:
        """All actions that earn under this rule, its own first."""
        return tuple(dict.fromkeys([self.action, *(self.more_actions or ())]))

    def document(self) -> dict[str, object]:
        """Return the rule as plain JSON values. What is None is left out.

        So a field that is added one day, optional and None by default, does not rename older versions.
        """
        return self.model_dump(mode="json", exclude_none=True)

    def canonical(self) -> bytes:
        """Return the document as canonical JSON (RFC 8785)."""
        return canonical.encode(self.document())

    @property
    def version_hash(self) -> str:
        """The name of this version: SHA-256 of its canonical document."""
        return hashlib.sha256(self.canonical()).hexdigest()


def read(document: object) -> RuleVersion:
    """Return the rule in a document: JSON text, or what a JSON reader made of it. Raises RuleUnreadable."""
    try:
        if isinstance(document, str | bytes):
            document = canonical.decode(document, bytes_max=DOCUMENT_BYTES_MAX)
        return RuleVersion.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise RuleUnreadable(
            [
                DocumentFault(".".join(map(str, one["loc"])), one["msg"], one["type"], one.get("ctx", {}))
                for one in faults
            ]
        ) from None
    except ValueError as error:
        raise RuleUnreadable([DocumentFault("", str(error))]) from None


def nodes(version: RuleVersion) -> Iterator[tuple[str, Condition]]:
    """Yield every condition of a rule with its place: of `when` first, then of the factors."""
    yield from walk(version.when)
    for position, factor in enumerate(version.factors or ()):
        yield from walk(factor.when, f"factors.{position}.when")


def facts_used(version: RuleVersion) -> set[str]:
    """Return the names of the facts that a rule looks at."""
    found = [node for _, node in nodes(version)]
    used = {node.fact for node in found if isinstance(node, Compare | CompareDay | In | Known)}
    if any(isinstance(node, Trust) for node in found):
        used.add("trust_level")
    if isinstance(version.effect, Table):
        used.add(version.effect.fact)
    if isinstance(version.effect, Grid):
        used.update(version.effect.facts)
    if version.share:
        used.add(version.share.fact)
    return used


def _contents(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []
