"""Measures rules: events per second on one core, beside the same rules as plain Python, in one run.

    .venv/bin/python scripts/bench/rules.py [--json] [--seconds 8]

Ours and the baseline take turns of a tenth of a second and see the same events, so that both meet the same
moods of the machine; the median turn counts. Before that, both must give the same points for every event.

rules-spread: 50 rules over seven actions, as a programme has them. rules-one-action: all 50 for the same
action, the worst case. rules-table: which of those 50 fit, beside the same conditions as a decision table of
zen-engine, which is given ready what it has no words for. rules-traced: a receipt with its trace, beside
deciding alone.

Every rule asks twelve things or more: facts, a list, trust, hours, the season, a district, an area of six
corners, what the person did before, a streak, an event, the home district, what was given before; two
factors, a bonus for a streak, caps and validity.
"""

# ruff: noqa: PLR2004 -- the bounds in the predicates are those in the rules

import argparse
import datetime as dt
import json
import random
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import zen

from rewards import combining, polygons, receipts, rules
from rewards.checking import Place
from rewards.compiling import Facts, Given, Person
from rewards.rules import RuleVersion

TURN_SECONDS = 0.1
RULES, ACTIONS, EVENTS = 50, 7, 2_000
BERLIN = ZoneInfo("Europe/Berlin")
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
CORNERS = [
    (51_410_000, 6_710_000),
    (51_480_000, 6_705_000),
    (51_505_000, 6_760_000),
    (51_470_000, 6_800_000),
    (51_420_000, 6_790_000),
    (51_440_000, 6_750_000),
]
LEVELS = {"anonymous": 0, "basic": 1, "verified": 2}

Event = tuple[str, Facts, Mapping[str, Given]]
Judge = Callable[[Event], int]


def main() -> None:
    """Measure each pair and print the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long to measure altogether")
    options = parser.parse_args()

    results = [
        _compared("rules-spread", ACTIONS, options.seconds * 0.4),
        _compared("rules-one-action", 1, options.seconds * 0.3),
        _beside_a_table(options.seconds * 0.1),
        _traced(options.seconds * 0.2),
    ]
    for result in results:
        if options.json:
            print(json.dumps(result))
        else:
            print(
                f"{result['name']:18}{result['value']:>10,} {result['unit']:10}"
                f"{result['baseline_value']:>10,}  {result['ratio']:>5}  {result['baseline_name']}"
            )


def _compared(name: str, actions: int, seconds: float) -> dict[str, Any]:
    versions = [_version(number, f"action-{number % actions}") for number in range(RULES)]
    events = _events(versions, actions)
    programme = combining.compile_programme(versions)
    baseline = _Predicates(versions)

    def ours(event: Event) -> int:
        return programme.decide(*event).points

    for event in events:
        if ours(event) != baseline(event):
            msg = f"ours gives {ours(event)}, the predicate {baseline(event)} for {event}"
            raise AssertionError(msg)
    return _beside(name, "events/s", ours, "plain Python predicates", baseline, events, seconds)


def _beside_a_table(seconds: float) -> dict[str, Any]:
    versions = [_version(number, "action-0") for number in range(RULES)]
    events = _events(versions, 1)
    programme = combining.compile_programme(versions)
    table = _DecisionTable(versions)

    def ours(event: Event) -> int:
        decisions = programme.decide(*event).decisions
        return sum(one.reason not in {"condition-not-met", "rule-not-valid-then"} for one in decisions)

    for event in events:
        if ours(event) != table(event):
            msg = f"ours fits {ours(event)} rules, the table {table(event)} for {event}"
            raise AssertionError(msg)
    return _beside("rules-table", "events/s", ours, "zen-engine decision table", table, events, seconds)


def _traced(seconds: float) -> dict[str, Any]:
    versions = [_version(0, "action-0")]
    (rule,) = combining.compile_programme(versions).of_action("action-0")

    def ours(event: Event) -> int:
        return len(receipts.of(rule, event[1]))

    def decided(event: Event) -> int:
        return rule.decide(event[1]).points

    return _beside(
        "rules-traced", "receipts/s", ours, "the decision alone", decided, _events(versions, 1), seconds
    )


def _beside(
    name: str,
    unit: str,
    ours: Judge,
    baseline_name: str,
    baseline: Judge,
    events: list[Event],
    seconds: float,
) -> dict[str, Any]:
    """Return both rates and their ratio, which is the median of the turns' ratios."""
    turns = max(3, round(seconds / 2 / TURN_SECONDS))
    rates = [(_rate(ours, events), _rate(baseline, events)) for _ in range(turns)]
    return {
        "name": name,
        "backend": "closures",
        "value": round(statistics.median(mine for mine, _ in rates)),
        "unit": unit,
        "baseline_name": baseline_name,
        "baseline_value": round(statistics.median(theirs for _, theirs in rates)),
        "ratio": round(statistics.median(mine / theirs for mine, theirs in rates), 2),
    }


def _rate(judge: Judge, events: list[Event]) -> float:
    """Return how many events a second were judged during one turn."""
    count, position = 0, 0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < TURN_SECONDS:
        for event in events[position : position + 50]:
            judge(event)
        count += 50
        position = (position + 50) % len(events)
    return count / elapsed


def _version(number: int, action: str) -> RuleVersion:
    return rules.read(
        {
            "code": f"rule-{number}",
            "title": {"de": f"Regel {number}", "en": f"Rule {number}"},
            "action": action,
            "when": {"op": "all", "of": [*_of_facts(number), *_of_surroundings(number)]},
            "effect": {"kind": "fixed", "points": 10 + number},
            "factors": [
                {"when": {"op": "campaign", "code": "spring"}, "times": 3, "over": 2},
                {"when": {"op": "age-band", "groups": ["under-14", "14-17"]}, "times": 2},
            ],
            "streak": {"of": "any", "unit": "week", "length": 4, "points": 5, "again": True},
            "now_percent": 20,
            "caps": {"awards_per_day": 3, "awards_per_month": 30, "points_per_month": 1000},
            "budget": "litter",
            "valid_from": "2026-01-01",
            "valid_until": "2026-12-31",
        }
    )


def _of_facts(number: int) -> list[dict[str, Any]]:
    return [
        {"op": "compare", "fact": "photo", "comparison": "==", "value": True},
        {"op": "compare", "fact": "description_length", "comparison": ">=", "value": number % 20},
        {"op": "in", "fact": "district", "values": [f"d{number % 5}", "d5", "d6"]},
        {"op": "trust", "at_least": "basic"},
        {"op": "hours", "start": number % 6, "end": 22},
        {
            "op": "any",
            "of": [
                {"op": "compare", "fact": "category", "comparison": "==", "value": "litter"},
                {"op": "history", "period": "day", "comparison": "<", "value": 2},
            ],
        },
    ]


def _of_surroundings(number: int) -> list[dict[str, Any]]:
    return [
        {"op": "season", "first": "02-01", "last": "10-31"},
        {"op": "district", "districts": ["mitte", f"part-{number % 4}"]},
        {"op": "inside", "corners": CORNERS},
        {"op": "count", "of": "action", "days": 30, "comparison": "<", "value": 9 + number % 3},
        {
            "op": "any",
            "of": [
                {"op": "streak", "of": "any", "unit": "week", "comparison": ">=", "value": 2},
                {"op": "window", "start": "2026-05-01T08:00", "end": "2026-05-03T20:00"},
                {"op": "home", "districts": ["mitte"]},
            ],
        },
    ]


def _events(versions: list[RuleVersion], actions: int) -> list[Event]:
    chance = random.Random(2026)  # noqa: S311 -- the same events in every run
    return [_event(versions, f"action-{chance.randrange(actions)}", chance) for _ in range(EVENTS)]


def _event(versions: list[RuleVersion], action: str, chance: random.Random) -> Event:
    given = Given(chance.randrange(4), chance.randrange(12), 40, chance.randrange(900))
    facts = Facts(
        {
            "photo": chance.randrange(10) > 0,
            "description_length": chance.randrange(60),
            "district": f"d{chance.randrange(7)}",
            "trust_level": chance.choice([*LEVELS, "basic"]),
            "category": chance.choice(["litter", "dumping"]),
        },
        START + dt.timedelta(minutes=chance.randrange(300_000)),
        BERLIN,
        Place(51_400_000 + chance.randrange(110_000), 6_700_000 + chance.randrange(110_000), 8),
        given,
        action,
        Person(chance.choice(["14-17", "27-64"]), chance.choice(["mitte", "sued"])),
        {"spring": chance.randrange(3) == 0},
        frozenset({chance.choice(["mitte", "part-0", "part-1", "part-2"])}),
        {
            "count action person 30 days": chance.randrange(12),
            "streak any week": chance.randrange(1, 9),
            "unit any week": chance.randrange(2),
        },
    )
    return action, facts, dict.fromkeys((version.code for version in versions), given)


class _DecisionTable:
    """The same conditions as rows of a decision table for zen-engine: which rules fit, without caps, points.

    What the table has no words for (area, season, the streak) is worked out before and costs it nothing.
    """

    def __init__(self, versions: list[RuleVersion]) -> None:
        names = (
            "photo",
            "length",
            "district",
            "trust",
            "hour",
            "usual",
            "season",
            "part",
            "inside",
            "often",
            "active",
        )
        table = {
            "hitPolicy": "collect",
            "inputs": [{"id": name, "name": name, "field": name} for name in names],
            "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
            "rules": [_row(number, version.code) for number, version in enumerate(versions)],
        }
        nodes: list[dict[str, Any]] = [
            {"id": "in", "type": "inputNode", "name": "in"},
            {"id": "table", "type": "decisionTableNode", "name": "table", "content": table},
            {"id": "out", "type": "outputNode", "name": "out"},
        ]
        edges = [
            {"id": f"{one}-{other}", "sourceId": one, "targetId": other, "type": "edge"}
            for one, other in (("in", "table"), ("table", "out"))
        ]
        nodes = [node | {"position": {"x": 0, "y": 0}} for node in nodes]
        graph = json.dumps({"nodes": nodes, "edges": edges})
        self._decision = zen.ZenEngine().create_decision(graph)
        self._known: dict[int, dict[str, Any]] = {}

    def __call__(self, event: Event) -> int:
        context = self._known.get(id(event))
        if context is None:
            context = self._known[id(event)] = _context(event)
        return len(self._decision.evaluate(context)["result"])


def _row(number: int, code: str) -> dict[str, str]:
    return {
        "_id": code,
        "photo": "true",
        "length": f">= {number % 20}",
        "district": f"'d{number % 5}', 'd5', 'd6'",
        "trust": "'basic', 'verified'",
        "hour": f"[{number % 6}..21]",
        "usual": "true",
        "season": "true",
        "part": f"'mitte', 'part-{number % 4}'",
        "inside": "true",
        "often": f"< {9 + number % 3}",
        "active": "true",
        "rule": f"'{code}'",
    }


def _context(event: Event) -> dict[str, Any]:
    _, facts, given = event
    values: Any = facts.values
    place: Any = facts.place
    local = facts.occurred_at.astimezone(facts.zone)
    before = next(iter(given.values()))
    start, end = dt.datetime(2026, 5, 1, 8), dt.datetime(2026, 5, 3, 20)  # noqa: DTZ001 -- the city's own time
    return {
        "photo": values["photo"],
        "length": values["description_length"],
        "district": values["district"],
        "trust": values["trust_level"],
        "hour": local.hour,
        "usual": values["category"] == "litter" or (before.awards_today or 0) < 2,
        "season": (2, 1) <= (local.month, local.day) <= (10, 31),
        "part": min(facts.districts or {""}),
        "inside": polygons.contains(
            [(one[0], one[1]) for one in CORNERS], place.latitude_e6, place.longitude_e6
        ),
        "often": facts.counts["count action person 30 days"],
        "active": facts.counts["streak any week"] >= 2
        or start <= local.replace(tzinfo=None) < end
        or facts.person.home == "mitte",
    }


class _Predicates:
    """What a programmer would write by hand: trusts every type, explains nothing, fails on missing facts."""

    def __init__(self, versions: list[RuleVersion]) -> None:
        self.by_action: dict[str, list[Callable[..., int]]] = {}
        for number, version in enumerate(versions):
            self.by_action.setdefault(version.action, []).append(_predicate(number, version))

    def __call__(self, event: Event) -> int:
        action, facts, given = event
        local = facts.occurred_at.astimezone(facts.zone)
        return max(rule(facts, local, local.date(), given) for rule in self.by_action[action])


def _predicate(number: int, version: RuleVersion) -> Callable[..., int]:
    code, points = version.code, 10 + number
    length, districts, hour = number % 20, {f"d{number % 5}", "d5", "d6"}, number % 6
    parts, often = {"mitte", f"part-{number % 4}"}, 9 + number % 3
    first, last = dt.date(2026, 1, 1), dt.date(2026, 12, 31)
    start, end = dt.datetime(2026, 5, 1, 8), dt.datetime(2026, 5, 3, 20)  # noqa: DTZ001 -- the city's own time

    def rule(facts: Facts, local: dt.datetime, day: dt.date, given: Mapping[str, Given]) -> int:
        before: Any = given[code]
        values: Any = facts.values
        place: Any = facts.place
        counts = facts.counts
        if (
            first <= day <= last
            and values["photo"]
            and values["description_length"] >= length
            and values["district"] in districts
            and LEVELS[values["trust_level"]] >= 1
            and hour <= local.hour < 22
            and (values["category"] == "litter" or before.awards_today < 2)
            and (2, 1) <= (day.month, day.day) <= (10, 31)
            and not parts.isdisjoint(facts.districts or ())
            and polygons.contains(CORNERS, place.latitude_e6, place.longitude_e6)
            and counts["count action person 30 days"] < often
            and (
                counts["streak any week"] >= 2
                or start <= local.replace(tzinfo=None) < end
                or facts.person.home == "mitte"
            )
            and before.awards_today < 3
            and before.awards_month < 30
        ):
            above = points * (3 if facts.campaigns["spring"] else 2)
            above *= 2 if facts.person.age_group in {"under-14", "14-17"} else 1
            bonus = 5 if counts["streak any week"] % 4 == 0 and not counts["unit any week"] else 0
            return int(min(above // 2 + bonus, max(0, 1000 - before.points_month)))
        return 0

    return rule


if __name__ == "__main__":
    main()
