"""What holds for every rule: the compiled form says what the document says, caps only take away, laws of combining."""

import dataclasses
import datetime as dt
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import action_types, amounts, combining, compiling, evaluating, measures, polygons
from rewards.checking import Place
from rewards.combining import Combination
from rewards.compiling import NOTHING, Event, Facts
from rewards.evaluating import Outcome
from rewards.measures import Moment, Past
from rewards.rules import RuleVersion
from tests.rewards import made, naive

EVENTS = made.SENSIBLE_FACTS
PLENTY = {"awards_per_day": 100, "awards_per_month": 1000, "points_per_month": 1_000_000}


@settings(max_examples=100)
@given(made.trees(made.LEAVES | made.KNOWN), EVENTS)
def test_a_compiled_condition_says_what_the_document_says(tree: dict[str, Any], facts: Facts) -> None:
    """The same truth as a plain reading of the document."""
    version = made.rule(when=tree)
    compiled = compiling.compile_condition(version.when, rule=version.code)

    document: Any = version.document()["when"]
    assert naive.truth(document, facts, version.code) is compiled.test(Event(facts), facts.given)


@settings(max_examples=70)
@given(made.rule_versions(), EVENTS)
def test_compiled_amounts_are_those_of_the_document(version: RuleVersion, facts: Facts) -> None:
    """Exact fractions, rounded down once in each step; the steps that are shown end at the same points."""
    effect = amounts.CompiledEffect(version)
    event = Event(facts)
    found = effect.of(event, facts.given)

    document: Any = version.document()
    assert naive.points(document, facts) == found
    assert (found or 0) <= amounts.largest(version)
    *_, (last, shown) = effect.steps(event, facts.given)
    if found and last != "streak":
        assert found == shown


@settings(max_examples=40)
@given(made.rule_versions(), EVENTS, st.integers(0, 200), st.integers(0, 40), st.integers(0, 40))
def test_caps_are_monotonic(version: RuleVersion, facts: Facts, points: int, today: int, month: int) -> None:
    """Whoever got more before gets no more now, and a tighter cap never gives more than a wider one."""
    free = version.model_copy(update={"when": made.rule(when=made.ALWAYS).when})
    before = dataclasses.replace(facts, given=compiling.Given(0, 0, 0, 0))
    after = dataclasses.replace(facts, given=compiling.Given(today, month, month, points))
    wide = evaluating.compile_rule(free.model_copy(update={"caps": made.rule(caps=PLENTY).caps}))
    tight = evaluating.compile_rule(free)

    assert tight.decide(after).points <= tight.decide(before).points <= wide.decide(before).points
    assert tight.decide(after).points <= wide.decide(after).points


RULES = st.lists(made.rule_versions(), min_size=1, max_size=4).map(
    lambda found: [
        one.model_copy(update={"code": f"r{number}", "budget": ("litter", "spring")[number % 2]})
        for number, one in enumerate(found)
    ]
)


@settings(max_examples=30)
@given(RULES, EVENTS, st.randoms(use_true_random=False))
def test_laws_of_combining(versions: list[RuleVersion], facts: Facts, chance: Any) -> None:
    """The order of saving does not matter; best <= sum; a campaign that combines as the programme changes nothing."""
    before = {version.code: NOTHING for version in versions}
    shuffled = chance.sample(versions, len(versions))

    def ruling(way: Combination, those: list[RuleVersion], **own: Combination) -> combining.Ruling:
        return combining.compile_programme(those, way, own).decide("litter-report", facts, before)

    for way in Combination:
        one = ruling(way, versions)
        assert one == _known_as(one, ruling(way, shuffled))
        # A campaign of the same mind is no campaign of its own; a lone rule is its campaign's best and sum.
        assert _said(one) == _said(ruling(way, versions, litter=way, spring=way))
        alone = [one for one in versions if one.budget == "spring"]
        if len(alone) == 1:
            assert one.points == ruling(way, versions, spring=Combination.SUM).points
        # Asking shared questions once changes nothing.
        event = Event(facts, "litter-report")
        assert [judged.decision for judged in one.judged] == [
            judged.rule.judge(event, NOTHING) for judged in one.judged
        ]
    best, summed = ruling(Combination.BEST, versions), ruling(Combination.SUM, versions)
    assert best.points == max(judged.decision.points for judged in best.judged)
    if summed.outcome is Outcome.AWARD:
        assert best.points <= summed.points == sum(judged.decision.points for judged in summed.judged)


def _said(ruling: combining.Ruling) -> tuple[Any, ...]:
    return ruling.outcome, ruling.reason, ruling.points, [one.rule.code for one in ruling.chosen]


def _known_as(one: combining.Ruling, other: combining.Ruling) -> combining.Ruling:
    assert _said(one) == _said(other)
    return one


def test_a_campaign_may_add_up_while_the_programme_takes_the_best() -> None:
    """Two rules of spring together beat the one of litter; alone, none of them does."""
    versions = [
        made.rule(code="report", effect={"kind": "fixed", "points": 50}),
        made.rule(code="spring", effect={"kind": "fixed", "points": 30}, budget="spring"),
        made.rule(code="first", effect={"kind": "fixed", "points": 25}, budget="spring"),
    ]
    before = {version.code: NOTHING for version in versions}

    def chosen(**campaigns: Combination) -> tuple[list[str], int]:
        programme = combining.compile_programme(versions, Combination.BEST, campaigns)
        ruling = programme.decide("litter-report", made.facts(), before)
        return [one.rule.code for one in ruling.chosen], ruling.points

    assert (["report"], 50) == chosen()
    assert (["first", "spring"], 55) == chosen(spring=Combination.SUM)


CORNERS = st.tuples(st.integers(-6, 6), st.integers(-6, 6))


@settings(max_examples=100)
@given(st.lists(CORNERS, min_size=3, max_size=7, unique=True), CORNERS)
def test_points_in_polygons_are_exact(corners: list[tuple[int, int]], point: tuple[int, int]) -> None:
    """On an edge is inside; else the winding of a ray decides, reckoned in fractions."""
    assert _inside(corners, point) == polygons.contains(corners, *point)
    # Neither where the ring begins nor which way it runs changes the answer.
    assert polygons.contains(corners, *point) == polygons.contains(corners[1:] + corners[:1], *point)
    assert polygons.contains(corners, *point) == polygons.contains(corners[::-1], *point)


def _inside(corners: list[tuple[int, int]], point: tuple[int, int]) -> bool:
    y, x = point
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
    for (y1, x1), (y2, x2) in edges:
        on_line = (x - x1) * (y2 - y1) == (x2 - x1) * (y - y1)
        if on_line and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
    # A ray to the right, a hair above the point, meets no corner: heights there are whole.
    height = y + Fraction(1, 1000)
    crossings = 0
    for (y1, x1), (y2, x2) in edges:
        if min(y1, y2) < height < max(y1, y2):
            at = x1 + (x2 - x1) * Fraction(height - y1, y2 - y1)
            crossings += at > x
    return crossings % 2 == 1


BERLIN = made.BERLIN
HERE = Place(51_434_400, 6_762_300)


def _past(days: int, hours: int = 0, **changes: Any) -> Past:
    at = made.NOON - dt.timedelta(days=days, hours=hours)
    return Past(at, "litter-report", None, HERE, own=True)._replace(**changes)


@pytest.mark.parametrize(
    ("asked", "past", "expected"),
    [
        ({"op": "count", "of": "action", "days": 1}, [_past(0, 11), _past(0, 13), _past(0, -1)], 1),
        ({"op": "count", "of": "action", "days": 2}, [_past(0, 11), _past(0, 13), _past(1, 13)], 2),
        ({"op": "count", "of": "action"}, [_past(900), _past(3, action="suggestion")], 1),
        (
            {"op": "count", "of": "any"},
            [_past(900), _past(3, action="suggestion"), _past(1, rule="litter")],
            2,
        ),
        ({"op": "count", "of": "rule"}, [_past(1, rule="litter"), _past(1, rule="other"), _past(1)], 1),
        ({"op": "count", "of": "action", "here_m": 50}, [_past(1), _past(1, place=None)], 1),
        ({"op": "count", "of": "action", "here_m": 50}, [_past(1, place=Place(51_435_000, 6_762_300))], 0),
        (
            {"op": "count", "of": "action", "who": "anyone", "days": 3, "here_m": 50},
            [_past(1, own=False), _past(4, own=False)],
            1,
        ),
        ({"op": "streak", "of": "action", "unit": "day"}, [], 1),
        ({"op": "streak", "of": "action", "unit": "day"}, [_past(1), _past(1, 2), _past(2), _past(4)], 3),
        ({"op": "streak", "of": "action", "unit": "day"}, [_past(0, 2), _past(2)], 1),
        ({"op": "streak", "of": "action", "unit": "week"}, [_past(1), _past(14), _past(21), _past(35)], 4),
        ({"op": "streak", "of": "action", "unit": "month"}, [_past(5), _past(60), _past(120)], 3),
    ],
)
def test_the_past_is_counted_in_the_citys_calendar(
    asked: dict[str, Any], past: list[Past], expected: int
) -> None:
    """4 May 2026 is a Monday: yesterday is last week; days begin at midnight in Berlin; later is not before."""
    wanted = measures.needed(made.rule(when={**asked, "comparison": "==", "value": 1}))
    moment = Moment(made.NOON, "litter-report", HERE, BERLIN)

    assert [expected] == list(measures.count(wanted, past, moment).values())


def test_without_a_place_nothing_is_here() -> None:
    """What is counted around a place is unknown where there is none."""
    asked = {"op": "count", "of": "action", "here_m": 50, "comparison": "==", "value": 0}
    wanted = measures.needed(made.rule(when=asked))

    assert {} == measures.count(wanted, [_past(1)], Moment(made.NOON, "litter-report", None, BERLIN))


GOLDEN = {
    "application-completed": "61ddf354515240c4c811c79815fb4d66bfd0f8f95feeb534a275d6440dd27158",
    "litter-report": "601bd5359acd67b0e10353b4781924df758e33d82fcc5f8838f75d33c0f1e437",
    "suggestion": "e0c3c930c8effc6bb153571fd72a4bcfb0ad92c91d02da3b4642aa250e63c7bb",
}
EVERY_OLD_PART: dict[str, Any] = {
    "when": {
        "op": "all",
        "of": [
            {"op": "any", "of": [made.IS_LITTER, {"op": "not", "of": {"op": "known", "fact": "photo"}}]},
            {"op": "in", "fact": "source", "values": ["app", "desk"]},
            {"op": "compare-day", "fact": "since", "comparison": ">=", "value": "2026-03-29"},
            {"op": "trust", "at_least": "basic"},
            {"op": "weekday", "days": [1, 7]},
            {"op": "hours", "start": 22, "end": 6},
            {"op": "dates", "first": "2026-05-01", "last": "2026-05-31"},
            {"op": "near", "latitude_e6": 51_434_400, "longitude_e6": 6_762_300, "radius_m": 500},
            {"op": "history", "period": "month", "comparison": "<", "value": 5},
        ],
    },
    "effect": {
        "kind": "table",
        "fact": "category",
        "rows": [{"value": "litter", "points": 5}],
        "otherwise": 1,
    },
    "priority": 7,
    "valid_from": "2026-05-01",
    "valid_until": "2026-12-31",
}


def test_versions_keep_their_names() -> None:
    """What was approved before the language grew has the hash that it always had."""
    now = {version.code: version.version_hash for version in action_types.starter_rules()}
    assert GOLDEN == {code: now[code] for code in GOLDEN}
    assert (
        "278d7c84e09f4bb42ec575e52f2a7fe8025d9c485e4fcf8ed1844889861c80c3"
        == made.rule(**EVERY_OLD_PART).version_hash
    )
