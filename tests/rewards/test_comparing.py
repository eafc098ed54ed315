"""Comparing says what is different, clause by clause, and nothing else."""

from typing import Any

import pytest

from rewards import action_types, comparing
from rewards.comparing import Change, Side
from rewards.describing import Part
from rewards.wording import Names
from tests.rewards import made

PHOTO: dict[str, Any] = {"op": "known", "fact": "photo"}
LITTER = next(one for one in action_types.built_in() if one.code == "litter-report")


def _compared(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[Part, str, str, Change]]:
    sides = [Side(made.rule(**changes), LITTER) for changes in (before, after)]
    found = comparing.compare(sides[0], sides[1], lambda text: text, "en", Names())
    return [(one.part, one.before, one.after, one.change) for one in found if one.change is not Change.SAME]


def test_a_version_does_not_differ_from_itself() -> None:
    """Every clause is there, and all are unchanged."""
    side = Side(made.rule(), LITTER)
    found = comparing.compare(side, side, lambda text: text, "en", Names())

    assert {Change.SAME} == {one.change for one in found}
    assert {*Part} - {Part.VALIDITY} == {one.part for one in found}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"effect": {"kind": "fixed", "points": 50}},
            {"effect": {"kind": "fixed", "points": 60}},
            [(Part.POINTS, "50 points each time.", "60 points each time.", Change.CHANGED)],
        ),
        (
            {"when": {"op": "all", "of": [made.IS_LITTER]}},
            {"when": {"op": "all", "of": [PHOTO, made.IS_LITTER]}},
            [(Part.CONDITION, "", "photo is known", Change.ADDED)],
        ),
        (
            {"when": {"op": "all", "of": [PHOTO, made.IS_LITTER]}},
            {"when": {"op": "all", "of": [made.IS_LITTER]}},
            [(Part.CONDITION, "photo is known", "", Change.REMOVED)],
        ),
        (
            {},
            {"caps": {"awards_per_day": 2, "awards_per_month": 30, "points_per_month": 1000}},
            [(Part.LIMITS, "awards per day: 3", "awards per day: 2", Change.CHANGED)],
        ),
        (
            {"title": {"de": "Müll", "en": "Litter"}},
            {"title": {"de": "Müll", "en": "Rubbish"}, "priority": 5},
            [
                (Part.TITLE, "Litter", "Rubbish", Change.CHANGED),
                (Part.VALIDITY, "", "Priority: 5.", Change.ADDED),
            ],
        ),
        (
            {"budget": "a"},
            {"budget": "b"},
            [(Part.BUDGET, "Paid from the budget “a”.", "Paid from the budget “b”.", Change.CHANGED)],
        ),
    ],
)
def test_what_differs_is_named(
    before: dict[str, Any], after: dict[str, Any], expected: list[tuple[Part, str, str, Change]]
) -> None:
    """A changed line stands beside what it was; a line that is new or gone stands alone."""
    assert expected == _compared(before, after)
