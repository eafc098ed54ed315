"""Action types are data: complete, in two languages, and refused where they don't fit together."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from kernel.errors import Invalid, NotFound
from rewards import action_types
from rewards.action_types import EvidenceKey, FactType


def _data(**changes: Any) -> str:
    return json.dumps([action_types.get("litter-report").model_dump(mode="json") | changes])


def test_the_built_in_actions() -> None:
    """Seven are described, three can be handed in now."""
    assert [
        ("litter-report", True),
        ("application-completed", True),
        ("suggestion", True),
        ("litter-cleanup", False),
        ("bin-use", False),
        ("wayfinding-quest", False),
        ("city-shaping", False),
    ] == [(action.code, action.active) for action in action_types.every()]
    assert {"litter", "form", "idea", "clean-up", "bin", "quest", "city"} == {
        action.pictogram for action in action_types.every()
    }


@pytest.mark.parametrize("action", action_types.every(), ids=lambda action: action.code)
def test_every_action_is_open_to_everybody(action: action_types.ActionType) -> None:
    """Each has a way without photo, map or smartphone, in both languages."""
    assert {"de", "en"} <= action.other_route.keys()
    assert "trust_level" in action.facts
    assert "source" in action.facts


def test_each_starter_rule_belongs_to_an_active_action() -> None:
    """Points are what the design names: 50, 30 and 40."""
    found = {version.action: version for version in action_types.starter_rules()}

    assert {"litter-report", "application-completed", "suggestion"} == found.keys()
    assert all(action_types.active(code) for code in found)
    assert {"litter-report": (3, 30), "application-completed": (1, 5), "suggestion": (1, 2)} == {
        code: (version.caps.awards_per_day, version.caps.awards_per_month) for code, version in found.items()
    }
    assert {"litter": 50, "dumping": 60, "full-bin": 30, "scrap-vehicle": 40} == {
        row["value"]: row["points"] for row in found["litter-report"].effect.model_dump()["rows"]
    }
    assert [30, 40] == [
        found[code].effect.model_dump()["points"] for code in ("application-completed", "suggestion")
    ]


def test_an_action_is_found_by_its_code() -> None:
    """An unknown one and one that is not open yet are refused with their reasons."""
    assert "suggestion" == action_types.active("suggestion").code
    with pytest.raises(NotFound, match="action-unknown"):
        action_types.get("x" * 1000)
    with pytest.raises(Invalid, match="action-inactive"):
        action_types.active("bin-use")


def test_categories_have_names() -> None:
    """A category that is unknown is called like its action."""
    action = action_types.get("litter-report")

    assert "Litter on a street or green" == action.category_names("litter")["en"]
    assert action.names == action.category_names("graffiti") == action.category_names(None)


def test_fact_types_are_types_of_values() -> None:
    """A day is a text."""
    assert [str, int, bool, str] == [kind.python_type for kind in FactType]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"names": {"de": "Müll"}}, "not said in: en"),
        ({"other_route": {}}, "not said in: de, en"),
        ({"pictogram": "unicorn"}, "pictogram"),
        ({"outcome_event": "closed"}, "outcome_event"),
        ({"facts": {"Photo": "truth"}}, "facts"),
        ({"facts": {"photo": "picture"}}, "facts"),
        ({"facts": {"age": "number"}}, "protected: age"),
        ({"facts": {"tax_debt": "truth"}}, "protected: tax_debt"),
        ({"categories": [{"code": "a", "names": {"de": "A", "en": "A"}}] * 2}, "category stands twice"),
        ({"needs_case": True}, "case number"),
        ({"evidence_key": EvidenceKey.CASE.value}, "case number"),
        ({"needs_photo": "yes"}, "needs_photo"),
        ({"code": "Litter Report"}, "code"),
        ({"reward": 5}, "reward"),
    ],
)
def test_refused_action_types(changes: dict[str, Any], fault: str) -> None:
    """What is missing, unknown, protected or contradictory is refused."""
    with pytest.raises(ValidationError, match=fault):
        action_types.read(_data(**changes))


def test_one_action_of_a_code() -> None:
    """Two actions of one code, or one key twice, would be two truths."""
    with pytest.raises(ValueError, match="stands twice"):
        action_types.read(json.dumps(json.loads(_data()) * 2))
    with pytest.raises(ValueError, match="twice"):
        action_types.read('[{"code": "a", "code": "b"}]')
