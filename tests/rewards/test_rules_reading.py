"""Documents become rules, or are refused with the place of the fault."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from identity import persons
from rewards import action_types, conditions, rules
from rewards.rules import RuleUnreadable
from tests.rewards import made


def _nested(levels: int) -> dict[str, Any]:
    tree = made.ALWAYS
    for _ in range(levels - 1):
        tree = {"op": "not", "of": tree}
    return tree


def _compare(**changes: Any) -> dict[str, Any]:
    return {"when": made.IS_LITTER | changes}


CAPS = {"awards_per_day": 3, "awards_per_month": 30, "points_per_month": 1000}

REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("points", {"effect": {"kind": "fixed", "points": 0}}),
    ("points", {"effect": {"kind": "fixed", "points": -5}}),
    ("points", {"effect": {"kind": "fixed", "points": 100_001}}),
    ("points", {"effect": {"kind": "fixed", "points": 5.0}}),
    ("points", {"effect": {"kind": "fixed", "points": "5"}}),
    ("points", {"effect": {"kind": "fixed", "points": True}}),
    ("points", {"effect": {"kind": "fixed", "points": float("nan")}}),
    ("effect", {"effect": {"kind": "multiply", "points": 5}}),
    ("rows", {"effect": {"kind": "table", "fact": "category", "rows": []}}),
    ("twice", {"effect": {"kind": "table", "fact": "a", "rows": [{"value": 1, "points": 1}] * 2}}),
    (
        "one type",
        {"effect": {"kind": "table", "fact": "a", "rows": [{"value": v, "points": 1} for v in (1, "x")]}},
    ),
    ("caps", {"caps": None}),
    ("awards_per_day", {"caps": {k: v for k, v in CAPS.items() if k != "awards_per_day"}}),
    ("awards_per_month", {"caps": {k: v for k, v in CAPS.items() if k != "awards_per_month"}}),
    ("points_per_month", {"caps": {k: v for k, v in CAPS.items() if k != "points_per_month"}}),
    ("awards_per_day", {"caps": CAPS | {"awards_per_day": 0}}),
    ("awards_per_day", {"caps": CAPS | {"awards_per_day": 1.0}}),
    ("points_per_month", {"caps": CAPS | {"points_per_month": 10**7}}),
    ("unlimited", {"caps": CAPS | {"unlimited": True}}),
    ("budget", {"budget": ""}),
    ("budget", {"budget": "wallet/anna"}),
    ("budget", {"budget": None}),
    ("code", {"code": "Litter"}),
    ("code", {"code": "litter\n"}),
    ("code", {"code": "l" * 61}),
    ("title", {"title": {"en": "Litter"}}),
    ("title", {"title": {"de": ""}}),
    ("title", {"title": {"de": "x" * 201}}),
    ("title", {"title": {"de": "Müll\u202e"}}),
    ("title", {"title": {"de": "\ud800"}}),
    ("title", {"title": {"de": "Müll", "klingon": "x"}}),
    ("author", {"author": "anna"}),
    ("now_percent", {"now_percent": 101}),
    ("now_percent", {"now_percent": -1}),
    ("now_percent", {"now_percent": 20.5}),
    ("priority", {"priority": 1001}),
    ("valid_from", {"valid_from": 1_767_225_600}),
    ("valid_from", {"valid_from": "2026-02-30"}),
    ("valid_from", {"valid_from": "2026-W01-1"}),
    ("valid_until", {"valid_until": "2026-01-01T00:00:00"}),
    ("when", {"when": None}),
    ("when", {"when": {"op": "eval", "code": "1"}}),
    ("when", {"when": {"op": "all"}}),
    ("of", {"when": {"op": "any", "of": [made.ALWAYS] * 51}}),
    ("extra", {"when": {"op": "all", "of": [], "extra": 1}}),
    ("value", _compare(value=None)),
    ("value", _compare(value=1.5)),
    ("value", _compare(value=float("inf"))),
    ("value", _compare(value=2**53)),
    ("value", _compare(value=-(2**53))),
    ("value", _compare(value=["litter"])),
    ("value", _compare(value="")),
    ("value", _compare(value="x" * 201)),
    ("numbers only", _compare(comparison="<")),
    ("numbers only", _compare(comparison=">=", value=True)),
    ("comparison", _compare(comparison="=~")),
    ("fact", _compare(fact="Category")),
    ("fact", _compare(fact="__class__")),
    ("fact", _compare(fact="a.b")),
    ("one type", {"when": {"op": "in", "fact": "a", "values": [1, True]}}),
    ("values", {"when": {"op": "in", "fact": "a", "values": ["x"] * 101}}),
    ("at_least", {"when": {"op": "trust", "at_least": "friend"}}),
    ("days", {"when": {"op": "weekday", "days": []}}),
    ("days", {"when": {"op": "weekday", "days": [0]}}),
    ("days", {"when": {"op": "weekday", "days": [8]}}),
    ("start", {"when": {"op": "hours", "start": 24, "end": 24}}),
    ("end", {"when": {"op": "hours", "start": 0, "end": 25}}),
    ("first", {"when": {"op": "dates", "first": 1, "last": "2026-01-01"}}),
    ("latitude_e6", {"when": {"op": "near", "latitude_e6": 90_000_001, "longitude_e6": 0, "radius_m": 1}}),
    ("radius_m", {"when": {"op": "near", "latitude_e6": 0, "longitude_e6": 0, "radius_m": 0}}),
    ("value", {"when": {"op": "history", "period": "day", "comparison": "<", "value": -1}}),
    ("period", {"when": {"op": "history", "period": "week", "comparison": "<", "value": 1}}),
    ("levels", {"when": _nested(13)}),
    ("levels", {"when": _nested(10_000)}),
    ("conditions", {"when": {"op": "all", "of": [{"op": "any", "of": [made.IS_LITTER] * 49}] * 5}}),
    ("conditions", {"title": [[]] * 30_000}),
]


@pytest.mark.parametrize(("place", "changes"), REFUSED)
def test_refused_documents(place: str, changes: dict[str, Any]) -> None:
    """What is no rule is refused, and the fault says where or what."""
    with pytest.raises(RuleUnreadable, match=place):
        rules.read(made.document(**changes))


@pytest.mark.parametrize("field", ["code", "title", "action", "when", "effect", "caps", "budget"])
def test_nothing_may_be_left_out(field: str) -> None:
    """Caps and budget are as needed as the rest."""
    document = made.document()
    del document[field]

    with pytest.raises(RuleUnreadable, match=f"{field}: Field required"):
        rules.read(document)


@pytest.mark.parametrize(
    "document", [None, 5, "[]", "null", '"rule"', b"{}", "{", "[" * 10_000, "x" * 70_000]
)
def test_what_is_no_document(document: object) -> None:
    """Other JSON, broken JSON, and too much of it are refused in the same way."""
    with pytest.raises(RuleUnreadable):
        rules.read(document)


def test_a_key_twice_in_json_text_is_refused() -> None:
    """Two budgets in one text would be two rules, depending on the reader."""
    text = json.dumps(made.document())[:-1] + ', "budget": "other"}'

    with pytest.raises(RuleUnreadable, match="twice"):
        rules.read(text)


def test_a_circle_is_refused() -> None:
    """A list that contains itself has no end, and is refused all the same."""
    circle: list[object] = []
    circle.append(circle)

    with pytest.raises(RuleUnreadable, match="levels"):
        rules.read(made.document(when=circle))


def test_the_limits_themselves_are_allowed() -> None:
    """Twelve levels, the largest number and 100,000 points are a rule."""
    version = made.rule(
        when={"op": "all", "of": [_nested(11), made.IS_LITTER | {"fact": "a", "value": 2**53 - 1}]},
        effect={"kind": "fixed", "points": 100_000},
    )

    assert 100_000 == version.effect.model_dump()["points"]
    assert 11 + 2 == len(list(conditions.walk(version.when)))


def test_texts_are_normalised() -> None:
    """An umlaut of one sign and one of two signs are the same text, and the same version."""
    one, two = made.rule(title={"de": "M\u00fcll"}), made.rule(title={"de": "Mu\u0308ll"})

    assert one == two
    assert one.version_hash == two.version_hash


def test_a_version_cannot_be_changed() -> None:
    """What was approved stays what it was."""
    version = made.rule()

    with pytest.raises(ValidationError, match="frozen"):
        version.now_percent = 100  # type: ignore[misc] # that it is refused is the claim
    with pytest.raises(ValidationError, match="frozen"):
        version.caps.awards_per_day = 100  # type: ignore[misc] # that it is refused is the claim


def test_the_hash_of_a_known_rule() -> None:
    """The hash is pinned: a change of the canonical form would rename every version ever approved."""
    assert (
        b'{"action":"litter-report","budget":"litter","caps":{"awards_per_day":3,"awards_per_month":30,'
        b'"points_per_month":1000},"code":"litter","effect":{"kind":"fixed","points":50},"now_percent":20,'
        b'"priority":0,"title":{"de":"M\xc3\xbcll","en":"Litter"},"when":{"comparison":"==","fact":"category",'
        b'"op":"compare","value":"litter"}}'
    ) == made.rule().canonical()
    assert "205da167f6e675798f2d1a74ec3dd17e9202358347efcf509881c3cd90dcc9f3" == made.rule().version_hash


def _shuffled(value: Any, order: Any) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: _shuffled(value[key], order) for key in keys}
    return [_shuffled(item, order) for item in value] if isinstance(value, list) else value


@settings(max_examples=50)
@given(made.rule_versions(), st.randoms(use_true_random=False))
def test_the_hash_does_not_depend_on_the_order_of_keys(version: rules.RuleVersion, order: Any) -> None:
    """Shuffled keys, JSON text and the stored document name the same version."""
    document = version.document()

    assert version == rules.read(document)
    assert version.version_hash == rules.read(_shuffled(document, order)).version_hash
    assert version.version_hash == rules.read(json.dumps(document, indent=2)).version_hash
    assert version.version_hash == rules.read(version.canonical()).version_hash


@settings(max_examples=50)
@given(made.rule_versions(), made.rule_versions())
def test_different_rules_have_different_hashes(one: rules.RuleVersion, other: rules.RuleVersion) -> None:
    """The hash names the whole content; to Python, 0 and False would be the same."""
    assert (repr(one) == repr(other)) == (one.version_hash == other.version_hash)


def test_trust_levels_are_those_of_persons() -> None:
    """The rules know the levels that identity gives, in the same order."""
    assert [level.value for level in persons.TrustLevel] == [level.value for level in conditions.TrustLevel]


@pytest.mark.parametrize(
    "name", ["age", "gender", "income", "fines", "fine_count", "tax_debt", "health_insurance"]
)
def test_protected_facts(name: str) -> None:
    """What somebody is, and other parts of life, are protected under any name made with these words."""
    assert rules.is_protected(name)


def test_facts_of_the_built_in_actions_are_not_protected() -> None:
    """No built-in fact is protected by accident."""
    assert [] == [
        name for action in action_types.built_in() for name in action.facts if rules.is_protected(name)
    ]


def test_starter_rules_lie_beside_the_code_as_documents() -> None:
    """Each file holds one rule, named like it."""
    folder = Path(rules.__file__).parent / "data" / "rules"

    assert sorted(path.stem for path in folder.glob("*.json")) == [
        rule.code for rule in action_types.starter_rules()
    ]
