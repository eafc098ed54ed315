"""Linting finds what is wrong or odd about a rule before it is saved."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings

from rewards import action_types, linting
from rewards.action_types import ActionType, FactType
from rewards.compiling import Facts
from rewards.evaluating import Outcome, compile_rule
from rewards.linting import Severity
from rewards.rules import RuleVersion
from tests.rewards import made

TODAY = dt.date(2026, 5, 4)
REPORT = action_types.built_ins()["litter-report"]
WITH_DAY = REPORT.model_copy(update={"facts": REPORT.facts | {"since": FactType.DAY, "age": FactType.NUMBER}})
ERROR, WARNING = Severity.ERROR, Severity.WARNING


def _is(value: object, fact: str = "category", comparison: str = "==") -> dict[str, Any]:
    return {"op": "compare", "fact": fact, "comparison": comparison, "value": value}


def _all(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"op": "all", "of": list(parts)}


def _any(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"op": "any", "of": list(parts)}


def _not(part: dict[str, Any]) -> dict[str, Any]:
    return {"op": "not", "of": part}


def _length(comparison: str, value: int) -> dict[str, Any]:
    return _is(value, "description_length", comparison)


def _history(comparison: str, value: int, period: str = "day") -> dict[str, Any]:
    return {"op": "history", "period": period, "comparison": comparison, "value": value}


def _since(comparison: str, value: str, fact: str = "since") -> dict[str, Any]:
    return {"op": "compare-day", "fact": fact, "comparison": comparison, "value": value}


def _counted(comparison: str, value: int) -> dict[str, Any]:
    return {"op": "count", "of": "action", "days": 7, "comparison": comparison, "value": value}


def _streak(comparison: str, value: int) -> dict[str, Any]:
    return {"op": "streak", "of": "any", "unit": "week", "comparison": comparison, "value": value}


NOWHERE = {"op": "near", "latitude_e6": 0, "longitude_e6": 0, "radius_m": 5}
MAY = {"op": "dates", "first": "2026-05-01", "last": "2026-05-31"}
JUNE = {"op": "dates", "first": "2026-06-01", "last": "2026-06-30"}
PHOTO = _is(True, "photo")
CAPS = {"awards_per_day": 3, "awards_per_month": 30, "points_per_month": 1000}

CONDITIONS: list[tuple[dict[str, Any], Severity, str, str]] = [
    (_is("x", "colour"), ERROR, "fact-unknown", "when"),
    ({"op": "known", "fact": "colour"}, ERROR, "fact-unknown", "when"),
    ({"op": "in", "fact": "colour", "values": ["x"]}, ERROR, "fact-unknown", "when"),
    (_is(16, "age", ">="), ERROR, "fact-protected", "when"),
    ({"op": "known", "fact": "tax_debt"}, ERROR, "fact-protected", "when"),
    (_is(5), ERROR, "value-type-wrong", "when"),
    (_is("5", "description_length"), ERROR, "value-type-wrong", "when"),
    (_is(1, "photo"), ERROR, "value-type-wrong", "when"),
    ({"op": "in", "fact": "category", "values": [True]}, ERROR, "value-type-wrong", "when"),
    (_is("2026-05-01", "since"), ERROR, "value-type-wrong", "when"),
    (_since("<", "2026-05-01", "category"), ERROR, "value-type-wrong", "when"),
    (_is("graffiti"), WARNING, "category-unknown", "when"),
    ({"op": "in", "fact": "category", "values": ["litter", "graffiti"]}, WARNING, "category-unknown", "when"),
    (_all(PHOTO, _all()), WARNING, "always-true", "when.1"),
    (_any(), ERROR, "never-true", "when"),
    (_any(PHOTO, _any()), ERROR, "never-true", "when.1"),
    ({"op": "in", "fact": "category", "values": []}, ERROR, "never-true", "when"),
    ({"op": "dates", "first": "2026-05-02", "last": "2026-05-01"}, ERROR, "never-true", "when"),
    ({"op": "hours", "start": 8, "end": 8}, WARNING, "always-true", "when"),
    ({"op": "hours", "start": 0, "end": 24}, WARNING, "always-true", "when"),
    ({"op": "weekday", "days": [1, 2, 3, 4, 5, 6, 7]}, WARNING, "always-true", "when"),
    (_history("<", 0), ERROR, "never-true", "when"),
    (_history(">=", 0), WARNING, "always-true", "when"),
    (_history(">=", 3), WARNING, "history-beyond-cap", "when"),
    (_history(">", 29, "month"), WARNING, "history-beyond-cap", "when"),
    (_all(PHOTO, PHOTO), WARNING, "clause-repeated", "when.1"),
    (_any(PHOTO, _is("litter"), PHOTO), WARNING, "clause-repeated", "when.2"),
    (_all(_is("litter"), _is("dumping")), ERROR, "never-true", "when"),
    (_all(_is("litter"), _is("litter", comparison="!=")), ERROR, "never-true", "when"),
    (
        _all(_is("litter"), {"op": "in", "fact": "category", "values": ["dumping"]}),
        ERROR,
        "never-true",
        "when",
    ),
    (_all(PHOTO, _is(False, "photo")), ERROR, "never-true", "when"),
    (_all(_is(True, "photo", "!="), _is(False, "photo", "!=")), ERROR, "never-true", "when"),
    (_all(_length(">", 10), _length("<", 11)), ERROR, "never-true", "when"),
    (_all(_length(">=", 10), _length("<=", 9)), ERROR, "never-true", "when"),
    (_all(_length("==", 5), _length(">", 5)), ERROR, "never-true", "when"),
    (_all(_since(">", "2026-05-01"), _since("<", "2026-05-02")), ERROR, "never-true", "when"),
    (_all(_history("==", 0), _history(">", 0)), ERROR, "never-true", "when"),
    (_all({"op": "weekday", "days": [1]}, {"op": "weekday", "days": [2]}), ERROR, "never-true", "when"),
    (_all(MAY, JUNE), ERROR, "never-true", "when"),
    (_all(PHOTO, _not(PHOTO)), ERROR, "never-true", "when"),
    (_any(PHOTO, _all(_is("litter"), _is("dumping"))), ERROR, "never-true", "when.1"),
    (_any(PHOTO, _not(PHOTO)), WARNING, "always-true", "when"),
    (_any(_length("<", 5), _length(">=", 5)), WARNING, "always-true", "when"),
    (_all(_not({"op": "known", "fact": "photo"}), PHOTO), ERROR, "always-unknown", "when"),
    ({"op": "action", "codes": ["suggestion"]}, ERROR, "never-true", "when"),
    ({"op": "action", "codes": ["litter-report"]}, WARNING, "always-true", "when"),
    ({"op": "action", "codes": ["suggestion", "litter-report"]}, WARNING, "action-not-of-rule", "when"),
    ({"op": "age-band", "groups": ["18-26"]}, WARNING, "age-asked", "when"),
    ({"op": "season", "first": "01-01", "last": "12-31"}, WARNING, "always-true", "when"),
    ({"op": "window", "start": "2026-05-01T09:00", "end": "2026-05-01T09:00"}, ERROR, "never-true", "when"),
    (_counted("<", 0), ERROR, "never-true", "when"),
    (_counted(">=", 0), WARNING, "always-true", "when"),
    (_streak("<", 1), ERROR, "never-true", "when"),
    (_streak(">=", 1), WARNING, "always-true", "when"),
    (_all(_counted("==", 0), _counted(">", 0)), ERROR, "never-true", "when"),
    (_all(_streak("<", 3), _streak(">=", 3)), ERROR, "never-true", "when"),
    (_any(_is("litter"), _all(PHOTO, _is("litter"))), WARNING, "clause-unreachable", "when.1"),
    (_any(_length(">=", 5), _length(">=", 9)), WARNING, "clause-unreachable", "when.1"),
    (_all(_length(">=", 5), _length(">=", 9)), WARNING, "clause-implied", "when.0"),
    (_all(_is("litter"), _any(_is("litter"), PHOTO)), WARNING, "clause-implied", "when.1"),
    (_all(_counted("==", 0), _counted("<", 3)), WARNING, "clause-implied", "when.1"),
    (
        _all({"op": "weekday", "days": [6]}, {"op": "weekday", "days": [6, 7]}),
        WARNING,
        "clause-implied",
        "when.1",
    ),
]


def _found(version: RuleVersion, action: ActionType = WITH_DAY) -> list[tuple[Severity, str, str]]:
    return [(one.severity, one.code, one.path) for one in linting.lint(version, action, TODAY)]


@pytest.mark.parametrize(("when", "severity", "code", "path"), CONDITIONS)
def test_conditions(when: dict[str, Any], severity: Severity, code: str, path: str) -> None:
    """Each slip is found where it is, and nothing else is said about it."""
    assert [(severity, code, path)] == _found(made.rule(when=when))


SENSIBLE = [
    _all(_length(">", 10), _length("<", 12)),
    _all(_is("litter", comparison="!="), _is("dumping", comparison="!=")),
    _all({"op": "in", "fact": "category", "values": ["litter", "dumping"]}, _is("litter", comparison="!=")),
    _all(_since(">=", "2026-05-01"), _since("<=", "2026-05-01")),
    _any(_is("litter"), _is("dumping")),
    _any(_not({"op": "known", "fact": "photo"}), PHOTO),
    _all(_history("==", 0), _history("<", 5, "month")),
    _all(MAY, {"op": "weekday", "days": [1, 2]}, {"op": "hours", "start": 22, "end": 6}, NOWHERE),
    {"op": "trust", "at_least": "basic"},
    made.ALWAYS,
]


@pytest.mark.parametrize("when", SENSIBLE)
def test_sensible_conditions(when: dict[str, Any]) -> None:
    """What makes sense is not complained about."""
    assert [] == _found(made.rule(when=when))


WHOLE: list[tuple[dict[str, Any], list[tuple[Severity, str, str]]]] = [
    ({"action": "suggestion"}, [(ERROR, "action-wrong", "action")]),
    ({"valid_until": "2026-05-03"}, [(ERROR, "validity-over", "valid_until")]),
    ({"valid_until": "2026-05-04"}, []),
    ({"valid_from": "2026-06-02", "valid_until": "2026-06-01"}, [(ERROR, "validity-empty", "valid_from")]),
    ({"when": MAY, "valid_from": "2026-06-01"}, [(WARNING, "clause-outside-validity", "when")]),
    ({"when": JUNE, "valid_until": "2026-05-31"}, [(WARNING, "clause-outside-validity", "when")]),
    ({"effect": {"kind": "fixed", "points": 1001}}, [(ERROR, "points-above-cap", "effect")]),
    ({"effect": {"kind": "fixed", "points": 1000}}, []),
    ({"caps": CAPS | {"awards_per_day": 31}}, [(WARNING, "cap-without-effect", "caps.awards_per_day")]),
    ({"caps": CAPS | {"awards_per_month": 94}}, [(WARNING, "cap-without-effect", "caps.awards_per_month")]),
]


@pytest.mark.parametrize(("changes", "expected"), WHOLE)
def test_the_rest_of_a_rule(changes: dict[str, Any], expected: list[tuple[Severity, str, str]]) -> None:
    """Action, validity, points and caps."""
    assert expected == _found(made.rule(**changes))


def _table(fact: str = "category", values: tuple[object, ...] = ("litter",), **more: Any) -> dict[str, Any]:
    rows = [{"value": value, "points": 50} for value in values]
    return {"kind": "table", "fact": fact, "rows": rows} | more


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (_table("colour"), [(ERROR, "fact-unknown", "effect.fact")]),
        (_table("age", (16,)), [(ERROR, "fact-protected", "effect.fact")]),
        (_table("photo", ("yes",)), [(ERROR, "value-type-wrong", "effect.rows")]),
        (_table(), [(WARNING, "category-without-points", "effect.rows")]),
        (_table(otherwise=5), []),
        (_table(values=("graffiti",), otherwise=5), [(WARNING, "category-unknown", "effect.rows")]),
        (_table(otherwise=2000), [(ERROR, "points-above-cap", "effect")]),
        (_table("photo", (True, False)), []),
    ],
)
def test_tables(effect: dict[str, Any], expected: list[tuple[Severity, str, str]]) -> None:
    """A table asks for a fact like a condition does, and should name every category."""
    assert expected == _found(made.rule(effect=effect))


def _grid(
    *lines: tuple[dict[str, Any], dict[str, Any]], facts: tuple[str, str] = ("category", "description_length")
) -> dict[str, Any]:
    listed = [{"cells": list(cells), "points": 5} for cells in lines]
    return {"effect": {"kind": "grid", "facts": list(facts), "lines": listed}}


LITTER, ANY = {"value": "litter"}, dict[str, Any]()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (_grid((LITTER, {"at_least": 5}), (ANY, ANY)), []),
        (_grid((ANY, ANY), (LITTER, ANY)), [(ERROR, "line-unreachable", "effect.lines.1")]),
        (
            _grid((LITTER, {"at_most": 9}), (LITTER, {"value": 5})),
            [(ERROR, "line-unreachable", "effect.lines.1")],
        ),
        (_grid((LITTER, {"at_most": 9}), (LITTER, {"value": 10})), []),
        (_grid((LITTER, {"at_least": 5, "at_most": 4})), [(ERROR, "never-true", "effect.lines.0")]),
        (_grid(({"at_least": 5}, ANY)), [(ERROR, "value-type-wrong", "effect.lines")]),
        (_grid((LITTER, {"value": "x"})), [(ERROR, "value-type-wrong", "effect.lines")]),
        (_grid((LITTER, ANY), facts=("category", "colour")), [(ERROR, "fact-unknown", "effect.facts.1")]),
        (
            {"factors": [{"when": PHOTO, "times": 2, "over": 2}]},
            [(WARNING, "factor-without-effect", "factors.0")],
        ),
        (
            {"factors": [{"when": _is("x", "colour"), "times": 2}]},
            [(ERROR, "fact-unknown", "factors.0.when")],
        ),
        ({"factors": [{"when": PHOTO, "times": 30}]}, [(ERROR, "points-above-cap", "effect")]),
        ({"share": {"kind": "equally", "fact": "photo"}}, [(ERROR, "value-type-wrong", "share.fact")]),
        ({"share": {"kind": "equally", "fact": "description_length"}}, []),
        (
            {"streak": {"of": "rule", "unit": "week", "length": 2, "points": 951}},
            [(ERROR, "points-above-cap", "effect")],
        ),
    ],
)
def test_effects(changes: dict[str, Any], expected: list[tuple[Severity, str, str]]) -> None:
    """Lines that are never reached, factors that do nothing, and what is too much at once."""
    assert expected == _found(made.rule(**changes))


def test_details_say_what_to_mend() -> None:
    """The finding names the fact, the bound, what is left out."""
    (unknown,) = linting.lint(made.rule(when=_is("x", "colour")), REPORT, TODAY)
    (above,) = linting.lint(made.rule(effect={"kind": "fixed", "points": 1001}), REPORT, TODAY)
    (left_out,) = linting.lint(made.rule(effect=_table(values=("litter", "dumping"))), REPORT, TODAY)

    assert {"fact": "colour"} == unknown.details
    assert {"points": 1001, "cap": 1000} == above.details
    assert {"categories": ["full-bin", "scrap-vehicle"]} == left_out.details


def test_without_places_nothing_is_near() -> None:
    """For an action that has no place, a radius would send every case to a person."""
    version = made.rule(action="application-completed", when=NOWHERE)

    assert [(ERROR, "always-unknown", "when")] == _found(
        version, action_types.built_ins()["application-completed"]
    )


@pytest.mark.parametrize("version", action_types.starter_rules(), ids=lambda version: version.code)
def test_starter_rules_are_without_findings(version: RuleVersion) -> None:
    """What a new city begins with is clean."""
    assert [] == linting.lint(version, action_types.built_ins()[version.action], TODAY)


@settings(max_examples=50)
@given(made.rule_versions(), made.SENSIBLE_FACTS)
def test_a_root_that_is_never_true_never_awards(version: RuleVersion, facts: Facts) -> None:
    """Linting is right: where it calls the whole condition impossible or unknowable, no event gets points."""
    hopeless = {
        one.code
        for one in linting.lint(version, REPORT, TODAY)
        if one.path == "when" and one.code in {"never-true", "always-unknown"}
    }
    outcome = compile_rule(version).decide(facts).outcome

    assert not (hopeless and outcome is Outcome.AWARD)
