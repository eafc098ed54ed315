"""Action types are data: complete, in two languages, and refused where they don't fit together."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from kernel.db import Database, Work
from kernel.errors import Invalid, NotFound
from rewards import action_types, shaping_actions, tables
from rewards.action_types import EvidenceKey, FactType


def _data(**changes: Any) -> str:
    return json.dumps([action_types.built_ins()["litter-report"].model_dump(mode="json") | changes])


def test_the_built_in_actions() -> None:
    """Eight are described, six can be handed in now."""
    assert [
        ("litter-report", True),
        ("application-completed", True),
        ("suggestion", True),
        ("litter-cleanup", True),
        ("bin-use", True),
        ("wayfinding-quest", True),
        ("city-shaping", True),
        ("report-confirmation", True),
    ] == [(action.code, action.active) for action in action_types.built_in()]
    assert {"litter", "form", "idea", "clean-up", "bin", "quest", "city"} == {
        action.pictogram for action in action_types.built_in()
    }


@pytest.mark.parametrize("action", action_types.built_in(), ids=lambda action: action.code)
def test_every_action_is_open_to_everybody(action: action_types.ActionType) -> None:
    """Each has a way without photo, map or smartphone, in both languages."""
    assert {"de", "en"} <= action.other_route.keys()
    assert "trust_level" in action.facts
    assert "source" in action.facts


def test_each_starter_rule_belongs_to_an_active_action() -> None:
    """Points are what the design names: 50, 30 and 40; limits are those of the fraud playbook."""
    found = {version.action: version for version in action_types.starter_rules()}

    assert {
        "litter-report",
        "litter-cleanup",
        "application-completed",
        "suggestion",
        "city-shaping",
        "report-confirmation",
        "bin-use",
        "wayfinding-quest",
    } == found.keys()
    assert all(action_types.built_ins()[code].active for code in found)
    assert {
        "litter-report": (3, 30),
        "litter-cleanup": (2, 20),
        "application-completed": (1, 5),
        "suggestion": (1, 2),
        "city-shaping": (2, 8),
        "bin-use": (2, 30),
        "wayfinding-quest": (1, 5),
        "report-confirmation": (3, 20),
    } == {
        code: (version.caps.awards_per_day, version.caps.awards_per_month) for code, version in found.items()
    }
    assert {"litter": 50, "dumping": 60, "full-bin": 30, "scrap-vehicle": 40} == {
        row["value"]: row["points"] for row in found["litter-report"].effect.model_dump()["rows"]
    }
    assert [30, 40] == [
        found[code].effect.model_dump()["points"] for code in ("application-completed", "suggestion")
    ]


def test_an_action_is_found_by_its_code(database: Database, city_id: int) -> None:
    """An unknown one and one that is not open are refused with their reasons."""
    closed = action_types.built_ins()["bin-use"].model_copy(update={"active": False})
    database.run(city_id, lambda work: shaping_actions.save(work, closed, new=False))

    with database.reading(city_id) as reading:
        assert "suggestion" == action_types.active(reading, "suggestion").code
        with pytest.raises(NotFound, match="action-unknown"):
            action_types.get(reading, "x" * 1000)
        with pytest.raises(Invalid, match="action-inactive"):
            action_types.active(reading, "bin-use")


def test_what_a_city_keeps_takes_the_place_of_the_built_in_one(database: Database, city_id: int) -> None:
    """Its own words count, its own actions come last, and another city sees none of it."""
    report = action_types.built_ins()["litter-report"]
    changed = report.model_copy(update={"names": {"de": "Dreck melden", "en": "Report dirt"}})
    own = report.model_copy(update={"code": "book-sharing"})

    def keep(work: Work) -> None:
        rows = [
            {
                "city_id": work.city_id,
                "code": one.code,
                "document": one.model_dump(mode="json"),
                "changed_at": work.now,
            }
            for one in (own, changed)
        ]
        work.connection.execute(sa.insert(tables.action_types), rows)

    database.run(city_id, keep)
    with database.reading(city_id) as reading:
        found = action_types.every(reading)
        assert (changed, own) == (found[0], found[-1])
        assert len(action_types.built_in()) + 1 == len(found)
        assert changed == action_types.get(reading, "litter-report")
    with database.reading(city_id + 1) as reading:
        assert action_types.built_in() == action_types.every(reading)


def test_categories_have_names() -> None:
    """A category that is unknown is called like its action."""
    action = action_types.built_ins()["litter-report"]

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
        ({"needs_pair": True, "needs_photo": False}, "are photos"),
        ({"questions": {"age": {"de": "Alter?", "en": "Age?"}}}, "no fact of the action: age"),
        ({"questions": {"source": {"de": "Woher?", "en": "Where from?"}}}, "no fact of the action: source"),
        ({"link": "http://portal.example"}, "link"),
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
