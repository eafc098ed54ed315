"""Reports of simulations: plain values to be stored and shown; nobody can be read off them. Pure."""

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from kernel import money
from rewards import forecasting, suppressing
from rewards.evaluating import Outcome
from rewards.suppressing import K
from rewards.tallying import Pair, Tally

OTHERS = "*"
"""Stands for the groups that were put together because one of them is too small."""
LARGEST = 5
"""How many single persons' sums are shown, without naming anybody."""
SUSPICIOUS_SCORE = 3
"""A gain so many standard deviations above the average is looked at (fraud playbook, anomalies)."""
CAPPED_MONTHS = 3
"""Whoever reaches a limit of the month in so many months lives on it."""
_ACTIVITY = ((1, "1"), (5, "2-5"), (20, "6-20"))
_DAYS_UP_TO, _WEEKS_UP_TO = 31, 120


def made(tally: Tally, *, rate_cents: int, available: Mapping[str, int], today: dt.date) -> dict[str, Any]:
    """Return the report of a simulation; `available` are the points left in each budget today."""
    totals = [sum(pair[side] for pair in tally.by_day.values()) for side in (0, 1)]
    people = list(tally.by_person.values())
    enough = len(people) >= K
    return {
        "first": tally.first.isoformat(),
        "last": tally.last.isoformat(),
        "deeds": tally.deeds,
        "deeds_before": tally.before,
        "people": len(people) if enough or not people else None,
        "k": K,
        "rate_cents": rate_cents,
        **{
            name: {
                "points": totals[side],
                "cents": money.points_to_cents(totals[side], rate_cents),
                **{outcome.value: tally.outcomes[side][outcome] for outcome in Outcome},
            }
            for side, name in enumerate(("active", "draft"))
        },
        "change": _row(people, suppressing.hidden([_moves(people)])[0]),
        "series": _series(tally),
        "rules": [
            {"rule": code, "active": pair[0], "draft": pair[1]}
            for code, pair in sorted(tally.by_rule.items())
        ],
        "caps": [
            {"rule": rule, "reason": reason, "active": pair[0], "draft": pair[1]}
            for (rule, reason), pair in sorted(tally.caps.items())
        ],
        "groups": _groups(tally) if enough else {},
        "singles": _singles(tally, totals) if enough else None,
        "budgets": _budgets(tally, available, today),
    }


def _moves(pairs: list[Pair]) -> tuple[int, int, int]:
    winners = sum(draft > active for active, draft in pairs)
    losers = sum(draft < active for active, draft in pairs)
    return winners, losers, len(pairs) - winners - losers


def _row(pairs: list[Pair], mask: list[bool]) -> dict[str, Any]:
    counts = [None if secret else count for count, secret in zip(_moves(pairs), mask, strict=True)]
    return dict(zip(("winners", "losers", "unchanged"), counts, strict=True))


def _series(tally: Tally) -> dict[str, Any]:
    """Return points over time, by day, week (named by its Monday) or month."""
    length = (tally.last - tally.first).days + 1
    unit = "day" if length <= _DAYS_UP_TO else "week" if length <= _WEEKS_UP_TO else "month"
    sums: dict[dt.date, Pair] = {}
    for place in range(length):
        day = tally.first + dt.timedelta(days=place)
        start = {
            "day": day,
            "week": day - dt.timedelta(days=day.weekday()),
            "month": day.replace(day=1),
        }[unit]
        pair = sums.setdefault(start, [0, 0])
        if day in tally.by_day:
            for side in (0, 1):
                pair[side] += tally.by_day[day][side]
    rows = [[start.isoformat(), *pair] for start, pair in sums.items()]
    return {"unit": unit, "rows": rows}


def _groups(tally: Tally) -> dict[str, list[dict[str, Any]]]:
    said = tally.said
    by_age = {(said[owner].age_group or "", owner): pair for owner, pair in tally.by_person.items()}
    by_home = {(said[owner].home or "", owner): pair for owner, pair in tally.by_person.items()}
    by_activity = {(_activity(tally.deeds_of[owner]), owner): pair for owner, pair in tally.by_person.items()}
    sources = {
        "district": tally.by_place,
        "home": by_home,
        "age": by_age,
        "source": tally.by_source,
        "trust": tally.by_trust,
        "activity": by_activity,
    }
    return {name: rows for name, cells in sources.items() if (rows := _group(cells))}


def _group(cells: Mapping[tuple[str, str], Pair]) -> list[dict[str, Any]]:
    """Return one table; empty if it would say nothing or too much."""
    members: dict[str, dict[str, Pair]] = defaultdict(dict)
    for (value, owner), pair in cells.items():
        members[value][owner] = pair
    small = suppressing.pooled({value: set(people) for value, people in members.items()})
    if len(small) == len(members) or len(members) <= 1:
        return []
    shown = {value: list(people.values()) for value, people in members.items() if value not in small}
    if small:
        together: dict[str, Pair] = defaultdict(lambda: [0, 0])
        for value in small:
            for owner, pair in members[value].items():
                for side in (0, 1):
                    together[owner][side] += pair[side]
        shown[OTHERS] = list(together.values())
    masks = suppressing.hidden([_moves(pairs) for pairs in shown.values()])
    rows = [
        {
            "value": value,
            "people": len(pairs),
            **_row(pairs, mask),
            "active": sum(pair[0] for pair in pairs),
            "draft": sum(pair[1] for pair in pairs),
        }
        for (value, pairs), mask in zip(shown.items(), masks, strict=True)
    ]
    return sorted(rows, key=lambda row: (row["value"] in {OTHERS, ""}, -row["draft"], row["value"]))


def _activity(deeds: int) -> str:
    return next((name for most, name in _ACTIVITY if deeds <= most), "21+")


def _singles(tally: Tally, totals: list[int]) -> dict[str, Any]:
    """Return how much single persons get, and whose gains are out of line; nobody is named."""
    pairs = sorted(tally.by_person.values(), key=lambda pair: (-pair[1], -pair[0]))
    gains = [draft - active for active, draft in pairs]
    deviation = statistics.pstdev(gains)
    bound = statistics.fmean(gains) + SUSPICIOUS_SCORE * deviation
    ten = [sorted((pair[side] for pair in pairs), reverse=True)[:10] for side in (0, 1)]
    return {
        "largest": [
            {"active": pair[0], "draft": pair[1], "permille": _permille(pair[1], totals[1])}
            for pair in pairs[:LARGEST]
        ],
        "ten_permille": {
            "active": _permille(sum(ten[0]), totals[0]),
            "draft": _permille(sum(ten[1]), totals[1]),
        },
        "suspicious": sum(gain > bound for gain in gains) if deviation else 0,
        "suspicious_above": round(bound) if deviation else None,
        "capped": sum(len(months) >= CAPPED_MONTHS for months in tally.capped_months.values()),
    }


def _permille(part: int, whole: int) -> int:
    return part * 1000 // whole if whole else 0


def _budgets(tally: Tally, available: Mapping[str, int], today: dt.date) -> list[dict[str, Any]]:
    rows = []
    for budget in sorted({*tally.by_budget}):
        left = available.get(budget, 0)
        row: dict[str, Any] = {"budget": budget, "available": left}
        for side, name in enumerate(("active", "draft")):
            spent = {day: pair[side] for day, pair in tally.by_budget[budget].items()}
            dry = forecasting.runs_dry_on(left, spent, tally.first, tally.last, today)
            row[name] = {"points": sum(spent.values()), "dry_on": dry.isoformat() if dry else None}
        rows.append(row)
    return rows


def summary(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the few figures of a report that go into the life of the version."""
    return {
        "source": report["source"],
        "first": report["first"],
        "last": report["last"],
        "deeds": report["deeds"],
        "active_points": report["active"]["points"],
        "draft_points": report["draft"]["points"],
        "cents": report["draft"]["cents"] - report["active"]["cents"],
    }
