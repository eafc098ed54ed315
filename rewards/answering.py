"""Answering: the questions about action, person, time, place, history and campaign as closures. Total."""

import datetime as dt
import operator
from collections.abc import Callable

from rewards import measures, polygons, questions
from rewards.conditions import Condition
from rewards.events import Event, Given, Test, Truth
from rewards.nodes import COMPARE, Comparison
from rewards.polygons import Corner


def test_of(node: Condition, rule: str) -> Test:
    """Return the test of a question, asked for the rule of this code."""
    match node:
        case (
            questions.Count(comparison=comparison, value=bound)
            | questions.Streak(comparison=comparison, value=bound)
        ):
            return _measured(measures.of_question(node, rule).key, comparison, bound)
        case questions.Action() | questions.AgeBand() | questions.Home():
            return _of_one(node)
        case _:
            return _of_surroundings(node)


def _of_one(node: questions.Action | questions.AgeBand | questions.Home) -> Test:
    match node:
        case questions.Action(codes=codes):
            return _among(operator.attrgetter("action"), codes)
        case questions.AgeBand(groups=groups):
            return _among(operator.attrgetter("person.age_group"), groups)
        case questions.Home(districts=districts):
            return _among(operator.attrgetter("person.home"), districts)


def _of_surroundings(node: Condition) -> Test:
    match node:
        case questions.Season(first=first, last=last):
            return _season(first, last)
        case questions.Window(start=start, end=end):
            return _window(dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end))
        case questions.District(districts=codes):
            return _district(frozenset(codes))
        case questions.Inside(corners=corners):
            return _inside(corners)
        case questions.Campaign(code=code):
            return lambda event, _: event.campaigns.get(code)
    msg = f"no test for {type(node).__name__}"
    raise TypeError(msg)


def _measured(key: str, comparison: Comparison, bound: int) -> Test:
    compare = COMPARE[comparison]

    def test(event: Event, _: Given) -> Truth:
        count = event.counts.get(key)
        return None if count is None else compare(count, bound)

    return test


def _among(of: Callable[[Event], str | None], codes: tuple[str, ...]) -> Test:
    members = frozenset(map(str, codes))

    def test(event: Event, _: Given) -> Truth:
        actual = of(event)
        return None if actual is None else actual in members

    return test


def _season(first: str, last: str) -> Test:
    low, high = ((int(one[:2]), int(one[3:])) for one in (first, last))
    over_new_year = low > high

    def test(event: Event, _: Given) -> Truth:
        day = event.day
        if day is None:
            return None
        here = (day.month, day.day)
        return here >= low or here <= high if over_new_year else low <= here <= high

    return test


def _window(start: dt.datetime, end: dt.datetime) -> Test:
    def test(event: Event, _: Given) -> Truth:
        local = event.local
        return None if local is None else start <= local.replace(tzinfo=None) < end

    return test


def _district(codes: frozenset[str]) -> Test:
    def test(event: Event, _: Given) -> Truth:
        return None if event.districts is None else not codes.isdisjoint(event.districts)

    return test


def _inside(corners: tuple[Corner, ...]) -> Test:
    south, north, west, east = polygons.bounds(corners)

    def test(event: Event, _: Given) -> Truth:
        place = event.place
        if place is None:
            return None
        latitude, longitude = place.latitude_e6, place.longitude_e6
        return (
            south <= latitude <= north
            and west <= longitude <= east
            and polygons.contains(corners, latitude, longitude)
        )

    return test
