"""Comparing: what two versions of a rule say otherwise, clause by clause, in plain words. Pure.

`_` is the reader's gettext function; the English text is the message id (docs/pages.md).
"""

import difflib
import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rewards import conditions, describing
from rewards.action_types import ActionType
from rewards.describing import Part
from rewards.explaining import Gettext
from rewards.rules import RuleVersion
from rewards.wording import Names, Reader


class Change(enum.StrEnum):
    """How a clause differs."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause as one version says it and as the other does; empty where it is not said."""

    part: Part
    before: str
    after: str

    @property
    def change(self) -> Change:
        """How it differs."""
        if self.before == self.after:
            return Change.SAME
        if not self.before:
            return Change.ADDED
        return Change.CHANGED if self.after else Change.REMOVED


@dataclass(frozen=True, slots=True)
class Side:
    """One of the versions, with the action that it is for."""

    version: RuleVersion
    action: ActionType


def compare(before: Side, after: Side, _: Gettext, language: str, names: Names) -> list[Clause]:
    """Return all clauses of both versions, side by side, in the order of the parts."""
    old, new = (_lines(side, _, language, names) for side in (before, after))
    return [clause for part in Part for clause in _aligned(part, old[part], new[part])]


def _lines(side: Side, _: Gettext, language: str, names: Names) -> dict[Part, list[str]]:
    version, reader = side.version, Reader(side.action, language, names)
    said = describing.parts(version, side.action, _, language, names)
    if isinstance(version.when, conditions.All):
        said[Part.CONDITION] = [describing.condition(one, _, reader) for one in version.when.of]
    caps = version.caps
    said[Part.LIMITS] = [
        _("awards per day: %(count)d") % {"count": caps.awards_per_day},
        _("awards per month: %(count)d") % {"count": caps.awards_per_month},
        _("points per month: %(count)d") % {"count": caps.points_per_month},
    ]
    if version.priority:
        said[Part.VALIDITY] = [
            *said[Part.VALIDITY],
            _("Priority: %(priority)d.") % {"priority": version.priority},
        ]
    return said


def _aligned(part: Part, before: Sequence[str], after: Sequence[str]) -> Iterator[Clause]:
    for _tag, i1, i2, j1, j2 in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        for old, new in zip_longest(before[i1:i2], after[j1:j2], fillvalue=""):
            yield Clause(part, old, new)
