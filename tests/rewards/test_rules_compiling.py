"""Conditions are true, false or unknown; unknown stays unknown until it can't matter."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import compiling
from rewards.checking import Place
from rewards.compiling import UNKNOWN, Event, Facts, Given, Person
from tests.rewards import made

TREES = made.trees(made.LEAVES)


def ask(when: dict[str, Any], facts: Facts) -> bool | None:
    """Return what a condition says."""
    return compiling.compile_condition(made.rule(when=when).when, rule="litter").test(
        Event(facts), facts.given
    )


def _compare(comparison: str, value: object, fact: str = "length") -> dict[str, Any]:
    return {"op": "compare", "fact": fact, "comparison": comparison, "value": value}


@pytest.mark.parametrize(
    ("comparison", "truths"),
    [
        ("==", [False, True, False]),
        ("!=", [True, False, True]),
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
        (">", [False, False, True]),
        (">=", [False, True, True]),
    ],
)
def test_comparisons(comparison: str, truths: list[bool]) -> None:
    """Each comparison below, at and above its bound."""
    assert truths == [ask(_compare(comparison, 5), made.facts(length=length)) for length in (4, 5, 6)]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "5",
        5.0,
        float("nan"),
        float("inf"),
        True,
        [5],
        2**53,
        -(2**53),
        b"5",
        dt.date(2026, 1, 1),
        10**400,
    ],
)
@pytest.mark.parametrize("comparison", ["==", "!=", "<", ">="])
def test_what_is_not_of_the_type_is_unknown(comparison: str, value: object) -> None:
    """Missing, null, text that looks like a number, fractions, NaN, inexact numbers: unknown, never an award."""
    assert ask(_compare(comparison, 5), made.facts(length=value)) is None
    assert ask(_compare(comparison, 5), made.facts()) is None


def test_numbers_are_exact_up_to_the_limit() -> None:
    """2^53 - 1 and 2^53 - 2 are two numbers."""
    facts = made.facts(length=2**53 - 1)

    assert ask(_compare("==", 2**53 - 1), facts) is True
    assert ask(_compare("==", 2**53 - 2), facts) is False


def test_truths_are_no_numbers() -> None:
    """True is not 1, in comparisons and in lists."""
    assert ask(_compare("==", 1), made.facts(length=True)) is None
    assert ask(_compare("==", True, "photo"), made.facts(photo=1)) is None
    assert ask({"op": "in", "fact": "photo", "values": [0, 1]}, made.facts(photo=True)) is None


def test_lists() -> None:
    """A listed value is in, another is not, a missing one unknown; in an empty list is nothing."""
    when = {"op": "in", "fact": "category", "values": ["litter", "dumping"]}

    assert ask(when, made.facts()) is True
    assert ask(when, made.facts(category="bin")) is False
    assert ask(when, made.facts(category=None)) is None
    assert ask(when | {"values": []}, made.facts()) is False


def test_texts_compare_in_one_form() -> None:
    """An umlaut of two signs equals the one of one sign, on both sides."""
    when = _compare("==", "S\u00fcd", "district")

    assert ask(when, made.facts(district="Su\u0308d")) is True
    assert ask(when, made.facts(district="Sud")) is False


def test_known_is_never_unknown() -> None:
    """A value of no usable type is not known."""
    when = {"op": "known", "fact": "length"}

    assert [True, False, False, False] == [
        ask(when, made.facts(length=length)) for length in (0, None, float("nan"), "")
    ]


def test_days() -> None:
    """A fact that is a day is compared as a day; a text that is none is unknown."""
    when = {"op": "compare-day", "fact": "since", "comparison": ">=", "value": "2026-03-29"}

    answers = [
        ask(when, made.facts(since=since))
        for since in (
            "2026-03-29",
            "2026-10-01",
            "2026-03-28",
            "2026-3-30",
            "2026-02-30",
            "2026-W50-1",
            20261001,
        )
    ]

    assert [True, True, False, None, None, None, None] == answers


def test_trust() -> None:
    """A level counts from itself upwards; a level that nobody knows is unknown."""
    when = {"op": "trust", "at_least": "basic"}

    answers = [
        ask(when, made.facts(trust_level=level)) for level in ("anonymous", "basic", "verified", "friend", 1)
    ]

    assert [False, True, True, None, None] == answers


HERE = Place(51_434_400, 6_762_300)


@pytest.mark.parametrize(
    ("place", "truth"),
    [
        (HERE, True),
        (Place(51_435_299, 6_762_300), True),
        (Place(51_435_310, 6_762_300), False),
        (Place(-51_434_400, 6_762_300), False),
        (Place(10**400, 0), None),
        (Place(91_000_000, 6_762_300), None),
        (None, None),
    ],
)
def test_near(place: Place | None, truth: bool | None) -> None:
    """Within 100 metres: 100.0 m count, 101 m do not; no place, or one off the earth, is unknown."""
    when = {"op": "near", "latitude_e6": HERE.latitude_e6, "longitude_e6": HERE.longitude_e6, "radius_m": 100}

    assert ask(when, made.facts(place=place)) is truth


@pytest.mark.parametrize(
    ("period", "answers"), [("day", [True, False]), ("month", [False, False]), ("ever", [False, True])]
)
def test_history(period: str, answers: list[bool]) -> None:
    """Each period has its own counter; an unknown counter is unknown."""
    when = {"op": "history", "period": period, "comparison": "==", "value": 0}

    assert answers == [ask(when, made.facts(given=given)) for given in (Given(0, 1, 2, 0), Given(1, 1, 0, 0))]
    assert ask(when, made.facts(given=UNKNOWN)) is None


def _at(text: str) -> Facts:
    return made.facts(at=dt.datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("instant", "hour"),
    [
        ("2026-03-29T00:59:59+00:00", 1),
        ("2026-03-29T01:00:00+00:00", 3),
        ("2026-10-25T00:30:00+00:00", 2),
        ("2026-10-25T01:30:00+00:00", 2),
        ("2026-10-25T02:30:00+00:00", 3),
        ("2026-05-04T23:30:00-07:00", 8),
    ],
)
def test_hours_when_the_clock_changes(instant: str, hour: int) -> None:
    """In Berlin the hour from 2 to 3 is left out on 29 March and comes twice on 25 October 2026."""
    answers = [ask({"op": "hours", "start": start, "end": start + 1}, _at(instant)) for start in range(24)]

    assert [start == hour for start in range(24)] == answers


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [(22, 6, [22, 23, 0, 1, 2, 3, 4, 5]), (20, 24, [20, 21, 22, 23]), (5, 5, list(range(24))), (23, 0, [23])],
)
def test_hours_over_midnight(start: int, end: int, hours: list[int]) -> None:
    """From 22 to 6 is the night; an hour to itself is the whole day."""
    when = {"op": "hours", "start": start, "end": end}

    # In May Berlin is two hours ahead.
    true = {
        hour
        for hour in range(24)
        if ask(when, made.facts(at=made.NOON.replace(hour=0) + dt.timedelta(hours=hour - 2)))
    }

    assert set(hours) == true


def test_days_begin_at_midnight_of_the_city() -> None:
    """23:30 in UTC is the next day in Berlin: another weekday, another date."""
    late = _at("2026-05-03T23:30:00+00:00")

    assert ask({"op": "weekday", "days": [1]}, late) is True
    assert ask({"op": "weekday", "days": [7]}, late) is False
    assert ask({"op": "dates", "first": "2026-05-04", "last": "2026-05-04"}, late) is True
    assert ask({"op": "dates", "first": "2026-05-01", "last": "2026-05-03"}, late) is False


@pytest.mark.parametrize("instant", [dt.datetime(2026, 5, 4, 12), dt.datetime.max.replace(tzinfo=dt.UTC)])  # noqa: DTZ001 -- the case itself
@pytest.mark.parametrize(
    "when",
    [
        {"op": "weekday", "days": [1, 2, 3, 4, 5, 6, 7]},
        {"op": "hours", "start": 0, "end": 24},
        {"op": "dates", "first": "2000-01-01", "last": "2100-01-01"},
    ],
)
def test_time_without_a_zone_is_unknown(when: dict[str, Any], instant: dt.datetime) -> None:
    """An instant without a zone, or beyond the calendar, says nothing about the city's time."""
    assert ask(when, made.facts(at=instant)) is None


T, F, U = True, False, None
NAMED = {True: made.ALWAYS, False: {"op": "any", "of": []}, None: _compare("==", 1, "missing")}


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [(T, T, T, T), (T, F, F, T), (T, U, U, T), (F, F, F, F), (F, U, F, U), (U, U, U, U)],
)
def test_truth_tables(one: bool | None, other: bool | None, both: bool | None, either: bool | None) -> None:
    """Kleene's tables for `all` and `any`, in both orders."""
    for pair in ([NAMED[one], NAMED[other]], [NAMED[other], NAMED[one]]):
        assert ask({"op": "all", "of": pair}, made.facts()) is both
        assert ask({"op": "any", "of": pair}, made.facts()) is either


def _not(tree: dict[str, Any]) -> dict[str, Any]:
    return {"op": "not", "of": tree}


SMALL = made.trees(made.LEAVES | made.KNOWN).filter(lambda tree: made._depth(tree) <= 9)


@given(SMALL, SMALL, made.SENSIBLE_FACTS)
def test_laws(one: dict[str, Any], other: dict[str, Any], facts: Facts) -> None:
    """De Morgan, double negation, order and repetition, with unknown too."""
    both, either = {"op": "all", "of": [one, other]}, {"op": "any", "of": [one, other]}

    assert ask(one, facts) is ask(_not(_not(one)), facts)
    assert ask(_not(both), facts) is ask({"op": "any", "of": [_not(one), _not(other)]}, facts)
    assert ask(_not(either), facts) is ask({"op": "all", "of": [_not(one), _not(other)]}, facts)
    assert ask(both, facts) is ask({"op": "all", "of": [other, one]}, facts)
    assert ask({"op": "all", "of": [one, one]}, facts) is ask(one, facts)
    assert ask({"op": "any", "of": [one, both]}, facts) is ask(one, facts)


@given(TREES, made.SENSIBLE_FACTS, st.data())
def test_more_knowledge_never_turns_the_answer(
    tree: dict[str, Any], facts: Facts, data: st.DataObject
) -> None:
    """What is true or false of little stays so when unknown facts, the place or the history become known."""
    forgotten = data.draw(st.sets(st.sampled_from(sorted(facts.values)))) if facts.values else set()
    keep_place, keep_given, keep_rest = (data.draw(st.booleans()) for _ in range(3))
    less = dataclasses.replace(
        facts,
        values={name: value for name, value in facts.values.items() if name not in forgotten},
        place=facts.place if keep_place else None,
        given=facts.given if keep_given else UNKNOWN,
    )
    if not keep_rest:
        less = dataclasses.replace(
            less, action=None, person=Person(), campaigns={}, districts=None, counts={}
        )

    known_early = ask(tree, less)

    assert known_early is None or known_early is ask(tree, facts)


@given(made.trees(made.LEAVES | made.KNOWN), made.ANY_FACTS)
def test_conditions_are_total(tree: dict[str, Any], facts: Facts) -> None:
    """Whatever an event holds, the answer is true, false or unknown, and never an error."""
    assert ask(tree, facts) in {True, False, None}
