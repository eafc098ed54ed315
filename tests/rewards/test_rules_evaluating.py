"""A rule awards, refuses or asks a person, and says which clause decided."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings

from rewards import evaluating
from rewards.compiling import UNKNOWN, Facts, Given
from rewards.evaluating import Decision, Outcome
from rewards.rules import RuleVersion
from tests.rewards import made

TABLE = {
    "kind": "table",
    "fact": "category",
    "rows": [{"value": "litter", "points": 50}, {"value": "dumping", "points": 60}],
}


def decide(facts: Facts, **changes: Any) -> Decision:
    """Return what the rule with these changes says."""
    return evaluating.compile_rule(made.rule(**changes)).decide(facts)


def test_an_award_is_split() -> None:
    """20 % of 50 points are given now, the rest later."""
    assert Decision(Outcome.AWARD, "awarded", 10, 40, "when") == decide(made.facts())
    assert 50 == decide(made.facts()).points


@pytest.mark.parametrize(("percent", "now"), [(0, 0), (1, 0), (33, 16), (99, 49), (100, 50)])
def test_the_part_given_now_is_rounded_down(percent: int, now: int) -> None:
    """What rounding leaves over is given later."""
    decision = decide(made.facts(), now_percent=percent)

    assert (now, 50 - now) == (decision.points_now, decision.points_later)


def test_an_unmet_condition_gives_nothing() -> None:
    """False is an answer: no points, no review."""
    assert Decision(Outcome.NO_AWARD, "condition-not-met", clause="when") == decide(
        made.facts(category="bin")
    )


@pytest.mark.parametrize("category", [None, 5, float("nan"), ""])
def test_unknown_goes_to_a_person(category: object) -> None:
    """A missing fact or one of another type is never an award."""
    assert Decision(Outcome.REVIEW, "fact-missing", clause="when") == decide(made.facts(category=category))


@pytest.mark.parametrize(
    ("category", "changes", "expected"),
    [
        ("litter", {}, (Outcome.AWARD, "awarded", 50)),
        ("dumping", {}, (Outcome.AWARD, "awarded", 60)),
        ("bin", {}, (Outcome.NO_AWARD, "no-points-for-this", 0)),
        ("bin", {"otherwise": 5}, (Outcome.AWARD, "awarded", 5)),
        (None, {"otherwise": 5}, (Outcome.REVIEW, "fact-missing", 0)),
        (7, {"otherwise": 5}, (Outcome.REVIEW, "fact-missing", 0)),
    ],
)
def test_tables(category: object, changes: dict[str, Any], expected: tuple[Outcome, str, int]) -> None:
    """A row gives its points, another value what is said for others, an unknown one nothing yet."""
    decision = decide(made.facts(category=category), when=made.ALWAYS, effect=TABLE | changes)

    assert expected == (decision.outcome, decision.reason, decision.points)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Given(2, 29, 500, 950), Decision(Outcome.AWARD, "awarded", 10, 40, "when")),
        (Given(3, 3, 3, 150), Decision(Outcome.NO_AWARD, "cap-day", clause="caps.awards_per_day", limit=3)),
        (Given(9, 30, 30, 999), Decision(Outcome.NO_AWARD, "cap-day", clause="caps.awards_per_day", limit=3)),
        (
            Given(0, 30, 30, 0),
            Decision(Outcome.NO_AWARD, "cap-month", clause="caps.awards_per_month", limit=30),
        ),
        (
            Given(0, 9, 9, 1000),
            Decision(Outcome.NO_AWARD, "cap-points-month", clause="caps.points_per_month", limit=1000),
        ),
        (
            Given(0, 9, 9, 969),
            Decision(Outcome.AWARD, "awarded-in-part", 6, 25, "caps.points_per_month", 1000),
        ),
        (UNKNOWN, Decision(Outcome.REVIEW, "history-unknown", clause="caps")),
        (Given(0, None, 0, 0), Decision(Outcome.REVIEW, "history-unknown", clause="caps")),
    ],
)
def test_caps(given: Given, expected: Decision) -> None:
    """Day before month before points; what is left of the month's points is given; unknown history never awards."""
    assert expected == decide(made.facts(given=given))


@pytest.mark.parametrize(
    ("instant", "outcome", "clause"),
    [
        ("2026-03-28T22:59:59+00:00", Outcome.NO_AWARD, "valid_from"),
        ("2026-03-28T23:00:00+00:00", Outcome.AWARD, "when"),
        ("2026-10-25T22:59:59+00:00", Outcome.AWARD, "when"),
        ("2026-10-25T23:00:00+00:00", Outcome.NO_AWARD, "valid_until"),
    ],
)
def test_validity_in_the_citys_days(instant: str, outcome: Outcome, clause: str) -> None:
    """First and last day count whole in the city's time, on the days when the clock changes too."""
    at = dt.datetime.fromisoformat(instant)
    decision = decide(made.facts(at=at), valid_from="2026-03-29", valid_until="2026-10-25")

    assert (outcome, clause) == (decision.outcome, decision.clause)


@pytest.mark.parametrize("changes", [{}, {"valid_from": "2026-01-01"}, {"valid_until": "2026-12-31"}])
def test_without_a_time_no_award(changes: dict[str, Any]) -> None:
    """An event without a time zone has no day, so no validity and no caps: a person looks."""
    decision = decide(made.facts(at=dt.datetime(2026, 5, 4, 12)), **changes)  # noqa: DTZ001 -- the case itself

    assert (Outcome.REVIEW, "fact-missing") == (decision.outcome, decision.reason)


NESTED = {
    "op": "all",
    "of": [
        {"op": "any", "of": [made.IS_LITTER, {"op": "known", "fact": "source"}]},
        {"op": "not", "of": {"op": "compare", "fact": "photo", "comparison": "==", "value": False}},
    ],
}


@pytest.mark.parametrize(
    ("values", "clause"),
    [
        ({"photo": True}, "when"),
        ({"photo": False}, "when.1.0"),
        ({}, "when.1.0"),
        ({"category": "bin", "photo": True}, "when.0"),
        ({"category": None, "photo": True}, "when.0.0"),
        ({"category": None, "source": "app", "photo": True}, "when"),
    ],
)
def test_the_innermost_clause_that_decided(values: dict[str, Any], clause: str) -> None:
    """One false or unknown part decides alone; where all parts had to agree, their node did."""
    assert clause == evaluating.compile_rule(made.rule(when=NESTED)).deciding(made.facts(**values))


def test_the_deciding_clause_may_be_a_cap() -> None:
    """Outside the conditions the clause is the decision's own."""
    facts = made.facts(given=Given(3, 3, 3, 150))

    assert "caps.awards_per_day" == evaluating.compile_rule(made.rule()).deciding(facts)


def test_a_trace_has_every_clause() -> None:
    """A trace says for each clause what was asked, what was there and what came out."""
    steps = evaluating.compile_rule(made.rule(when=NESTED)).trace(made.facts(photo=True))

    assert [
        ("when", "all", None, "true"),
        ("when.0", "any", None, "true"),
        ("when.0.0", "compare category == litter", "litter", "true"),
        ("when.0.1", "known source", None, "false"),
        ("when.1", "not", None, "true"),
        ("when.1.0", "compare photo == false", True, "false"),
    ] == [(step.path, step.clause, step.value, step.truth) for step in steps]


@settings(max_examples=50)
@given(made.rule_versions(), made.ANY_FACTS)
def test_evaluation_is_total_and_within_its_caps(version: RuleVersion, facts: Facts) -> None:
    """Whatever an event holds: a decision, a trace and a clause; points exactly where it awards, never above a cap."""
    rule = evaluating.compile_rule(version)
    decision = rule.decide(facts)

    assert (decision.points > 0) == (decision.outcome is Outcome.AWARD)
    assert decision.points_now >= 0
    assert decision.points_later >= 0
    if decision.outcome is Outcome.AWARD:
        given = facts.given
        assert None not in {given.awards_today, given.awards_month, given.points_month}
        assert (given.awards_today or 0) < version.caps.awards_per_day
        assert (given.points_month or 0) + decision.points <= version.caps.points_per_month
    assert rule.trace(facts)
    assert rule.deciding(facts)


@settings(max_examples=50)
@given(made.rule_versions(), made.ANY_FACTS)
def test_the_same_question_has_the_same_answer(version: RuleVersion, facts: Facts) -> None:
    """Nothing but the version and the facts decides."""
    assert evaluating.compile_rule(version).decide(facts) == evaluating.compile_rule(version).decide(facts)
