"""Several rules for one action."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import combining
from rewards.combining import Combination
from rewards.compiling import NOTHING, Facts, Given
from rewards.evaluating import Outcome
from rewards.rules import RuleVersion
from tests.rewards import made

NEEDS_PHOTO = {"op": "compare", "fact": "photo", "comparison": "==", "value": True}
SMALL = made.rule(code="small", effect={"kind": "fixed", "points": 10}, priority=5)
LARGE = made.rule(code="large", effect={"kind": "fixed", "points": 50})
PHOTO = made.rule(code="photo", when=NEEDS_PHOTO, effect={"kind": "fixed", "points": 80}, priority=9)
ALL = [SMALL, LARGE, PHOTO]


def _ruling(combination: Combination, facts: Facts, versions: list[RuleVersion]) -> combining.Ruling:
    given = {version.code: NOTHING for version in versions}
    return combining.compile_programme(versions, combination).decide("litter-report", facts, given)


@pytest.mark.parametrize(
    ("combination", "photo", "outcome", "chosen", "points"),
    [
        (Combination.BEST, True, Outcome.AWARD, ["photo"], 80),
        (Combination.BEST, False, Outcome.AWARD, ["large"], 50),
        (Combination.BEST, None, Outcome.AWARD, ["large"], 50),
        (Combination.SUM, True, Outcome.AWARD, ["photo", "small", "large"], 140),
        (Combination.SUM, False, Outcome.AWARD, ["small", "large"], 60),
        (Combination.SUM, None, Outcome.REVIEW, ["photo"], 0),
        (Combination.PRIORITY, True, Outcome.AWARD, ["photo"], 80),
        (Combination.PRIORITY, False, Outcome.AWARD, ["small"], 10),
        (Combination.PRIORITY, None, Outcome.REVIEW, ["photo"], 0),
    ],
)
def test_combinations(
    combination: Combination, photo: bool | None, outcome: Outcome, chosen: list[str], points: int
) -> None:
    """Best, sum and priority, with a rule that awards, refuses or can't decide."""
    ruling = _ruling(combination, made.facts(photo=photo), ALL)

    assert (outcome, chosen, points) == (
        ruling.outcome,
        [one.rule.code for one in ruling.chosen],
        ruling.points,
    )
    assert ["photo", "small", "large"] == [one.rule.code for one in ruling.judged]


@pytest.mark.parametrize("combination", list(Combination))
def test_none_awards(combination: Combination) -> None:
    """If all refuse, one says why not; if one can't decide, a person looks."""
    refused = _ruling(combination, made.facts(category="bin", photo=False), ALL)
    unsure = _ruling(combination, made.facts(category="bin", photo=None), ALL)

    assert (Outcome.NO_AWARD, "condition-not-met", 1) == (
        refused.outcome,
        refused.reason,
        len(refused.chosen),
    )
    assert (Outcome.REVIEW, "fact-missing") == (unsure.outcome, unsure.reason)
    assert ["photo"] == [one.rule.code for one in unsure.chosen]


def test_without_a_rule() -> None:
    """An action without a rule gives nothing, and nobody has to look."""
    ruling = combining.compile_programme(ALL).decide("suggestion", made.facts(), {})

    assert (Outcome.NO_AWARD, "no-rule", ()) == (ruling.outcome, ruling.reason, ruling.chosen)


def test_of_equals_the_first_code_wins() -> None:
    """The same points and priority: the order in which rules were saved does not matter."""
    twins = [made.rule(code="b"), made.rule(code="a")]

    assert ["a"] == [one.rule.code for one in _ruling(Combination.BEST, made.facts(), twins).chosen]
    assert ["a"] == [one.rule.code for one in _ruling(Combination.BEST, made.facts(), twins[::-1]).chosen]


def test_history_is_each_rules_own() -> None:
    """A rule whose cap is reached steps back; one without a known history can't decide."""
    programme = combining.compile_programme([SMALL, LARGE])

    capped = programme.decide("litter-report", made.facts(), {"large": Given(3, 3, 3, 150), "small": NOTHING})
    unknown = programme.decide("litter-report", made.facts(), {})

    assert (["small"], 10) == ([one.rule.code for one in capped.chosen], capped.points)
    assert (Outcome.REVIEW, "history-unknown") == (unknown.outcome, unknown.reason)


@settings(max_examples=50)
@given(
    st.lists(made.rule_versions(), max_size=4).map(
        lambda found: [one.model_copy(update={"code": f"r{n}"}) for n, one in enumerate(found)]
    ),
    made.ANY_FACTS,
    st.sampled_from(Combination),
)
def test_a_programme_is_total(versions: list[RuleVersion], facts: Facts, combination: Combination) -> None:
    """Any rules and any event: a ruling whose points are those of the chosen, and no award where none awards."""
    given_before = {version.code: facts.given for version in versions}
    ruling = combining.compile_programme(versions, combination).decide("litter-report", facts, given_before)

    assert (ruling.points > 0) == (ruling.outcome is Outcome.AWARD)
    assert {one.rule.code for one in ruling.chosen} <= {version.code for version in versions}
    if ruling.outcome is Outcome.AWARD and combination is Combination.BEST:
        assert ruling.points == max(one.decision.points for one in ruling.judged)
