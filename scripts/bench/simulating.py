"""Measures a simulation: one year of a city's actions through a draft beside the rules in force, on one core.

    .venv/bin/python scripts/bench/simulating.py [--json] [--deeds 500000] [--url postgresql://...]

A city with a year of made deeds is written into a database of its own (SQLite in a temporary folder, or an
empty one at --url): 50,000 people of whom few do much, seven actions, sixteen districts with borders of 60
corners, 50 rules in force with limits, streaks and counts of the past. The draft changes two actions. What
is measured is all of `duiscoin rules simulate` but the start of the interpreter: reading, both programmes,
sums, suppression, forecast.
"""

import argparse
import datetime as dt
import functools
import json
import math
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # The names in this folder would hide the rooms of the same name.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import sqlalchemy as sa

from api import migrating
from kernel import cities
from kernel.cities import City, NewCity
from kernel.clock import FixedClock
from kernel.db import Database, Work
from ledger import chart
from rewards import action_types, districts, programme, rehearsing, rules
from rewards.districts import District
from rewards.rehearsing import Window
from rewards.rules import RuleVersion
from rewards.tables import decisions, submissions

LAST = dt.datetime(2026, 12, 31, 22, tzinfo=dt.UTC)
PEOPLE, ACTIONS, RULES, SIDE, BUDGETS = 50_000, 7, 50, 4, 3
SOUTH, WEST, BLOCK = 51_350_000, 6_650_000, 50_000
BATCH = 20_000
CATEGORIES = ("litter", "dumping", "bin-full", "scrap")


def main() -> None:
    """Write a year, simulate it and print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--deeds", type=int, default=500_000)
    parser.add_argument("--url", help="an empty database; default: SQLite in a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(options.url or f"sqlite:///{folder}/year.db", clock=FixedClock(LAST))
        try:
            _print(_measured(database, options.deeds), as_json=options.json)
        finally:
            database.close()


def _measured(database: Database, deeds: int) -> dict[str, Any]:
    migrating.upgrade(database.engine)
    city = cities.found(database, NewCity(slug="year", name="Year"))
    database.run(city.city_id, _enact)
    for rows in _batches(city, deeds):
        database.run(city.city_id, functools.partial(_write, rows))
    draft = _rule(0, points=80, per_month=3)
    said: list[int] = []
    begin, busy = time.perf_counter(), time.process_time()
    report = rehearsing.rehearse(database, city, draft, Window(), lambda done, _: said.append(done))
    seconds = time.perf_counter() - begin
    return {
        "name": "simulate-year",
        "backend": database.backend,
        "value": round(deeds / seconds),
        "unit": "deeds/s",
        "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time() - busy, 1),
        "deeds": report["deeds"],
        "rules": RULES,
        "progress": len(said),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _print(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result))
    else:
        print(
            f"{result['name']} on {result['backend']}: {result['deeds']:,} deeds in {result['seconds']} s, "
            f"{result['cpu_seconds']} s of one core, "
            f"{result['value']:,} a second, {result['rules']} rules, {result['megabytes']} MB"
        )


def _enact(work: Work) -> None:
    city = cities.get(work)
    chart.open_chart(work)
    for number in range(BUDGETS):
        chart.fund_budget(
            work,
            f"budget-{number}",
            10**9,
            effective=city.day_of(work.now),
            reference="x",
            transfer_id=work.ids.uuid(),
        )
    for number in range(RULES):
        stored = programme.draft(work, city, _rule(number), 1)
        programme.approve(work, stored.version_hash, 2)
        programme.activate(work, stored.version_hash)
    districts.replace(work, [_district(number) for number in range(SIDE * SIDE)])


def _rule(number: int, *, points: int = 50, per_month: int = 10) -> RuleVersion:
    action = action_types.built_in()[number % ACTIONS]
    asked: list[dict[str, Any]] = [
        {"op": "known", "fact": "source"},
        {"op": "trust", "at_least": "basic"},
        {"op": "hours", "start": number % 6, "end": 23},
        {
            "op": "any",
            "of": [
                _past(number if action.needs_place else number % 4),
                {"op": "weekday", "days": [1, 3, 5, 6, 7]},
            ],
        },
    ]
    return rules.read(
        {
            "code": f"rule-{number}",
            "title": {"de": f"Regel {number}", "en": f"Rule {number}"},
            "action": action.code,
            "when": {"op": "all", "of": asked},
            "effect": {"kind": "fixed", "points": points - number % 20},
            "now_percent": 20,
            "caps": {"awards_per_day": 3, "awards_per_month": per_month, "points_per_month": 400},
            "budget": f"budget-{number % BUDGETS}",
        }
    )


def _past(number: int) -> dict[str, Any]:
    compared = {"comparison": "<", "value": 5}
    return [
        {"op": "history", "period": "month", **compared},
        {"op": "count", "of": "action", "days": 30, **compared},
        {"op": "count", "of": "any", "days": 7, **compared},
        {"op": "streak", "of": "rule", "unit": "week", "comparison": ">=", "value": 2},
        {"op": "count", "of": "action", "who": "anyone", "days": 14, "here_m": 30, **compared},
    ][number % 5]


def _district(number: int) -> District:
    """Return a square with wavy borders of 60 corners."""
    south, west = SOUTH + BLOCK * (number // SIDE), WEST + BLOCK * (number % SIDE)
    around = [(place / 15 % 1, place // 15) for place in range(60)]
    corners = []
    for along, side in around:
        wave = round(900 * math.sin(along * math.tau * 2))
        far = round(BLOCK * along)
        corners.append(
            {
                0: (south + wave, west + far),
                1: (south + far, west + BLOCK + wave),
                2: (south + BLOCK + wave, west + BLOCK - far),
                3: (south + BLOCK - far, west + wave),
            }[side]
        )
    return District(f"district-{number}", f"District {number}", (tuple(corners),))


def _batches(city: City, deeds: int) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    dice = random.Random(47)  # noqa: S311 -- made data
    actions = [action.code for action in action_types.built_in()][:ACTIONS]
    start = LAST - dt.timedelta(days=364)
    for first in range(1, deeds + 1, BATCH):
        made = range(first, min(first + BATCH, deeds + 1))
        pairs = [
            _deed(city, number, start + (LAST - start) * number / deeds, actions, dice) for number in made
        ]
        yield [one for one, _ in pairs], [step for _, steps in pairs for step in steps]


def _deed(
    city: City, number: int, at: dt.datetime, actions: list[str], dice: random.Random
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    # A few do very much, most do little.
    person = int(PEOPLE * dice.random() ** 3)
    category, rejected = dice.choice(CATEGORIES), dice.random() < 0.05  # noqa: PLR2004 -- one of twenty
    row = {
        "city_id": city.city_id,
        "submission_id": number,
        "action": actions[dice.randrange(len(actions))],
        "owner": f"p-{person}",
        "evidence_key": f"own/{number}",
        "source": dice.choice(("app", "app", "app", "desk")),
        "category": category,
        "description": "",
        "district": None,
        "latitude_e6": SOUTH + dice.randrange(BLOCK * SIDE),
        "longitude_e6": WEST + dice.randrange(BLOCK * SIDE),
        "accuracy_m": 10,
        "facts": {
            "category": category,
            "source": "app",
            "trust_level": dice.choice(("basic", "verified")),
            "photo": True,
            "place": True,
            "description_length": dice.randrange(200),
        },
        "occurred_at": at,
        "received_at": at,
        "status": "rejected" if rejected else "done",
        "decided_at": at,
        "closed_at": at,
    }
    step: dict[str, Any] = {
        "city_id": city.city_id,
        "submission_id": number,
        "reviewer_id": None,
        "reason": "",
        "receipt": {},
        "decided_at": at,
    }
    steps = [{**step, "decision_id": 2 * number, "status": "accepted"}]
    if rejected:
        steps.append({**step, "decision_id": 2 * number + 1, "status": "rejected"})
    return row, steps


def _write(rows: tuple[list[dict[str, Any]], list[dict[str, Any]]], work: Work) -> None:
    work.connection.execute(sa.insert(submissions), rows[0])
    work.connection.execute(sa.insert(decisions), rows[1])


if __name__ == "__main__":
    main()
