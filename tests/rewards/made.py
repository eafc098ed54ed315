"""Rules and events as the tests of the rules want them, and how hypothesis makes them."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from rewards import measures, rules
from rewards.checking import Place
from rewards.compiling import NOTHING, Facts, Given, Person
from rewards.conditions import Comparison, Period, TrustLevel
from rewards.rules import RuleVersion

BERLIN = ZoneInfo("Europe/Berlin")
NOON = dt.datetime(2026, 5, 4, 10, tzinfo=dt.UTC)
"""A Monday, 12 o'clock in Berlin."""
ALWAYS: dict[str, Any] = {"op": "all", "of": []}
IS_LITTER: dict[str, Any] = {"op": "compare", "fact": "category", "comparison": "==", "value": "litter"}


def document(**changes: Any) -> dict[str, Any]:
    """Return the document of a rule for litter reports: 50 points, 10 of them now."""
    return {
        "code": "litter",
        "title": {"de": "Müll", "en": "Litter"},
        "action": "litter-report",
        "when": IS_LITTER,
        "effect": {"kind": "fixed", "points": 50},
        "now_percent": 20,
        "caps": {"awards_per_day": 3, "awards_per_month": 30, "points_per_month": 1000},
        "budget": "litter",
    } | changes


def rule(**changes: Any) -> RuleVersion:
    """Return the rule of `document`."""
    return rules.read(document(**changes))


def facts(
    *, at: dt.datetime = NOON, place: Place | None = None, given: Given = NOTHING, **values: object
) -> Facts:
    """Return the facts of a report of litter."""
    return Facts({"category": "litter", **values}, at, BERLIN, place, given)


FACT_NAMES = st.sampled_from(["category", "photo", "length", "trust_level", "since"])
VALUES = (
    st.booleans() | st.integers(-3, 3) | st.sampled_from(["litter", "basic", "verified", "2026-03-29", "Ä"])
)
DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)).map(dt.date.isoformat)
COMPARISONS = st.sampled_from([comparison.value for comparison in Comparison])


def _compares(fact: str, comparison: str, value: object) -> dict[str, Any]:
    ordered = type(value) is int or comparison in {"==", "!="}
    return {
        "op": "compare",
        "fact": fact,
        "comparison": comparison if ordered else "==",
        "value": value,
    }


def _near(latitude_e6: int, longitude_e6: int, radius_m: int) -> dict[str, Any]:
    return {
        "op": "near",
        "latitude_e6": latitude_e6,
        "longitude_e6": longitude_e6,
        "radius_m": radius_m,
    }


SQUARE = [[51_400_000, 6_700_000], [51_500_000, 6_700_000], [51_500_000, 6_800_000], [51_400_000, 6_800_000]]
MONTH_DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2024, 12, 31)).map(lambda day: f"{day:%m-%d}")
MINUTES = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31)).map(  # noqa: DTZ001 -- the city's own time
    lambda moment: moment.isoformat(timespec="minutes")
)
COUNTED: list[dict[str, Any]] = [
    {"op": "count", "of": "action", "days": 7},
    {"op": "count", "of": "any"},
    {"op": "count", "of": "rule", "here_m": 50},
    {"op": "count", "of": "action", "who": "anyone", "days": 1, "here_m": 20},
    {"op": "streak", "of": "any", "unit": "week"},
]
SURROUNDINGS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(
        lambda asked, comparison, value: {**asked, "comparison": comparison, "value": value},
        st.sampled_from(COUNTED),
        COMPARISONS,
        st.integers(1, 5),
    ),
    st.sampled_from(
        [
            {"op": "action", "codes": ["litter-report", "suggestion"]},
            {"op": "action", "codes": ["suggestion"]},
            {"op": "age-band", "groups": ["18-26", "65-plus"]},
            {"op": "home", "districts": ["mitte"]},
            {"op": "district", "districts": ["mitte", "sued"]},
            {"op": "campaign", "code": "spring"},
            {"op": "inside", "corners": SQUARE},
        ]
    ),
    st.builds(lambda first, last: {"op": "season", "first": first, "last": last}, MONTH_DAYS, MONTH_DAYS),
    st.builds(lambda start, end: {"op": "window", "start": start, "end": end}, MINUTES, MINUTES),
)
LEAVES = st.one_of(
    st.builds(_compares, FACT_NAMES, COMPARISONS, VALUES),
    st.fixed_dictionaries(
        {"op": st.just("compare-day"), "fact": FACT_NAMES, "comparison": COMPARISONS, "value": DAYS}
    ),
    st.fixed_dictionaries(
        {
            "op": st.just("in"),
            "fact": FACT_NAMES,
            "values": st.lists(st.sampled_from(["litter", "Ä"])) | st.lists(st.integers(-3, 3)),
        }
    ),
    st.fixed_dictionaries(
        {"op": st.just("trust"), "at_least": st.sampled_from([level.value for level in TrustLevel])}
    ),
    st.fixed_dictionaries(
        {"op": st.just("weekday"), "days": st.lists(st.integers(1, 7), min_size=1, max_size=7)}
    ),
    st.fixed_dictionaries({"op": st.just("hours"), "start": st.integers(0, 23), "end": st.integers(0, 24)}),
    st.fixed_dictionaries({"op": st.just("dates"), "first": DAYS, "last": DAYS}),
    st.builds(_near, st.integers(-90, 90), st.integers(-180, 180), st.integers(1, 100_000)),
    st.fixed_dictionaries(
        {
            "op": st.just("history"),
            "period": st.sampled_from([period.value for period in Period]),
            "comparison": COMPARISONS,
            "value": st.integers(0, 5),
        }
    ),
    SURROUNDINGS,
)
"""Every question but `known`: the one whose answer may change when more is known."""

KNOWN = st.fixed_dictionaries({"op": st.just("known"), "fact": FACT_NAMES})


def trees(leaves: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for conditions of these leaves."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"op": st.just("all"), "of": st.lists(inner, max_size=3)}),
            st.fixed_dictionaries({"op": st.just("any"), "of": st.lists(inner, max_size=3)}),
            st.fixed_dictionaries({"op": st.just("not"), "of": inner}),
        ),
        max_leaves=6,
    ).filter(lambda tree: _depth(tree) <= rules.DEPTH_MAX)


def _depth(tree: dict[str, Any]) -> int:
    inner = tree.get("of", []) if tree["op"] in {"all", "any", "not"} else []
    return 1 + max((_depth(part) for part in (inner if isinstance(inner, list) else [inner])), default=0)


COUNTS = st.none() | st.integers(-5, 40)
GIVEN = st.builds(Given, COUNTS, COUNTS, COUNTS, COUNTS)
INSTANTS = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31), timezones=st.just(dt.UTC))  # noqa: DTZ001 -- hypothesis adds the zone
PLACES = st.none() | st.builds(Place, st.integers(-(10**8), 10**8), st.integers(-(10**9), 10**9))
PERSONS = st.builds(
    Person, st.sampled_from([None, "18-26", "27-64", "young"]), st.sampled_from([None, "mitte", "sued"])
)
CAMPAIGNS = st.dictionaries(st.just("spring"), st.booleans())
DISTRICTS = st.none() | st.frozensets(st.sampled_from(["mitte", "nord"]))
_KEYS = sorted(
    measure.key
    for asked in COUNTED
    for measure in measures.needed(rule(when={**asked, "comparison": "==", "value": 1}))
)
MEASURED = st.dictionaries(st.sampled_from(_KEYS), st.integers(0, 6))
SENSIBLE_FACTS = st.builds(
    Facts,
    st.dictionaries(FACT_NAMES, st.none() | VALUES),
    INSTANTS,
    st.just(BERLIN),
    PLACES,
    GIVEN,
    st.sampled_from([None, "litter-report"]),
    PERSONS,
    CAMPAIGNS,
    DISTRICTS,
    MEASURED,
)
ODD_VALUES = st.one_of(
    VALUES,
    st.floats(),
    st.integers(),
    st.text(),
    st.binary(),
    st.none(),
    st.lists(st.integers()),
    st.sampled_from([2**53, 2**53 - 1, -(2**53), "10", "", float("nan"), dt.date(2026, 1, 1), 10**400]),
)
ANY_FACTS = st.builds(
    Facts,
    st.dictionaries(FACT_NAMES | st.text(), ODD_VALUES),
    st.datetimes(timezones=st.none() | st.timezones()),
    st.just(BERLIN),
    st.none() | st.builds(Place, st.integers(), st.integers()),
    GIVEN | st.builds(Given, st.integers(), st.integers(), st.integers(), st.integers()),
    st.none() | st.text(),
    PERSONS | st.builds(Person, st.text(), st.text()),
    CAMPAIGNS,
    DISTRICTS | st.frozensets(st.text()),
    MEASURED,
)


def _fixed(points: int) -> dict[str, Any]:
    return {"kind": "fixed", "points": points}


def _table(fact: str, rows: dict[int, int], otherwise: int | None) -> dict[str, Any]:
    listed = [{"value": value, "points": points} for value, points in rows.items()]
    return {"kind": "table", "fact": fact, "rows": listed, "otherwise": otherwise}


def _grid(lines: list[tuple[int | None, int | None, int]], otherwise: int | None) -> dict[str, Any]:
    return {
        "kind": "grid",
        "facts": ["length", "photo"],
        "lines": [
            {
                "cells": [
                    {} if low is None else {"at_least": low},
                    {} if photo is None else {"value": bool(photo)},
                ],
                "points": points,
            }
            for low, photo, points in lines
        ],
        "otherwise": otherwise,
    }


EFFECTS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(
        _grid,
        st.lists(
            st.tuples(st.none() | st.integers(-3, 3), st.none() | st.integers(0, 1), st.integers(1, 2000)),
            min_size=1,
            max_size=4,
        ),
        st.none() | st.integers(1, 50),
    ),
    st.builds(_fixed, st.integers(1, 2000)),
    st.builds(
        _table,
        FACT_NAMES,
        st.dictionaries(st.integers(-3, 3), st.integers(1, 2000), min_size=1),
        st.none() | st.integers(1, 50),
    ),
)


FACTORS = st.lists(
    st.fixed_dictionaries({"when": LEAVES | KNOWN, "times": st.integers(1, 9), "over": st.integers(1, 9)}),
    min_size=1,
    max_size=2,
)
SHARES = st.sampled_from(
    [
        {"kind": "equally", "fact": "length"},
        {"kind": "first-and-later", "fact": "length", "later_percent": 10},
    ]
)
STREAKS = st.sampled_from(
    [
        {"of": "any", "unit": "week", "length": 2, "points": 30},
        {"of": "any", "unit": "week", "length": 2, "points": 30, "again": True},
    ]
)


@st.composite
def rule_versions(draw: st.DrawFn) -> RuleVersion:
    """Return any rule."""
    return rule(
        when=draw(trees(LEAVES | KNOWN)),
        effect=draw(EFFECTS),
        factors=draw(st.none() | FACTORS),
        share=draw(st.none() | SHARES),
        streak=draw(st.none() | STREAKS),
        now_percent=draw(st.integers(0, 100)),
        valid_from=draw(st.none() | DAYS),
        valid_until=draw(st.none() | DAYS),
        priority=draw(st.integers(0, 3)),
    )
