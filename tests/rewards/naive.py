"""A naive reading of rules: straight from the document, slow and plain, to check the compiled form against.

It shares nothing with it but the words of the document and the facts: its own logic, places and amounts.
"""

import datetime as dt
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from rewards.compiling import Facts

Truth = bool | None
LEVELS = ["anonymous", "basic", "verified"]
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def truth(node: dict[str, Any], facts: Facts, rule: str) -> Truth:
    """Return whether a condition holds: by the worst or best of three values in the order no, unknown, yes."""
    order: list[Truth] = [False, None, True]
    if node["op"] == "all":
        return min([truth(part, facts, rule) for part in node["of"]] + [True], key=order.index)
    if node["op"] == "any":
        return max([truth(part, facts, rule) for part in node["of"]] + [False], key=order.index)
    if node["op"] == "not":
        inner = truth(node["of"], facts, rule)
        return None if inner is None else not inner
    return _leaf(node, facts, rule)


def _leaf(node: dict[str, Any], facts: Facts, rule: str) -> Truth:
    match node["op"]:
        case "known" | "compare" | "in" | "compare-day" | "trust":
            return _asked(node, _fact(node.get("fact", "trust_level"), facts))
        case "weekday" | "hours" | "dates" | "season" | "window":
            return _time(node, facts.occurred_at.astimezone(facts.zone))
        case "near" | "inside" | "district":
            return _place(node, facts)
        case "history":
            given = {"day": "awards_today", "month": "awards_month", "ever": "awards_ever"}[node["period"]]
            return _counted(getattr(facts.given, given), node)
        case "count" | "streak":
            return _counted(facts.counts.get(_key(node, rule)), node)
        case _:
            return _around(node, facts)


def _asked(node: dict[str, Any], found: object) -> Truth:
    match node["op"]:
        case "known":
            return found is not None
        case "compare":
            return SIGNS[node["comparison"]](found, node["value"]) if _alike(found, node["value"]) else None
        case "in" if not node["values"]:
            return False
        case "in":
            return found in node["values"] if _alike(found, node["values"][0]) else None
        case "compare-day":
            day = _day(found)
            return SIGNS[node["comparison"]](day, dt.date.fromisoformat(node["value"])) if day else None
        case _:
            known = isinstance(found, str) and found in LEVELS
            return LEVELS.index(str(found)) >= LEVELS.index(node["at_least"]) if known else None


def _around(node: dict[str, Any], facts: Facts) -> Truth:
    if node["op"] == "campaign":
        return facts.campaigns.get(node["code"])
    said = {"action": facts.action, "age-band": facts.person.age_group, "home": facts.person.home}[node["op"]]
    wanted = next(node[name] for name in ("codes", "groups", "districts") if name in node)
    return None if said is None else said in wanted


def _fact(name: str, facts: Facts) -> object:
    value = facts.values.get(name)
    return None if value == "" and isinstance(value, str) else value


def _alike(one: object, other: object) -> bool:
    return type(one) is type(other)


def _day(value: object) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return day if day and day.isoformat() == value else None


def _time(node: dict[str, Any], local: dt.datetime) -> bool:
    match node["op"]:
        case "weekday":
            return bool(local.isoweekday() in node["days"])
        case "hours":
            start, end = node["start"], node["end"]
            span = (end - start) % 24 or 24
            return local.hour in {(start + passed) % 24 for passed in range(span)}
        case "dates":
            return bool(node["first"] <= local.date().isoformat() <= node["last"])
        case "season":
            here = f"{local:%m-%d}"
            inside = node["first"] <= here <= node["last"]
            over = here >= node["first"] or here <= node["last"]
            return bool(inside if node["first"] <= node["last"] else over)
        case _:
            return bool(node["start"] <= local.replace(tzinfo=None).isoformat() < node["end"] + ":00")


def _place(node: dict[str, Any], facts: Facts) -> Truth:
    if node["op"] == "district":
        return None if facts.districts is None else bool(set(node["districts"]) & facts.districts)
    place = facts.place
    if place is None or abs(place.latitude_e6) > 90_000_000 or abs(place.longitude_e6) > 180_000_000:
        return None
    if node["op"] == "inside":
        (south, west), (north, east) = node["corners"][0], node["corners"][2]
        return bool(south <= place.latitude_e6 <= north and west <= place.longitude_e6 <= east)
    return bool(_metres(place.latitude_e6, place.longitude_e6, node) <= node["radius_m"])


def _metres(latitude: int, longitude: int, node: dict[str, Any]) -> int:
    one, other = math.radians(latitude / 1e6), math.radians(node["latitude_e6"] / 1e6)
    across = math.radians((longitude - node["longitude_e6"]) / 1e6)
    half = math.sin((other - one) / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(across / 2) ** 2
    return round(2 * 6_371_000 * math.asin(min(1.0, math.sqrt(half))))


def _counted(count: int | None, node: dict[str, Any]) -> Truth:
    return None if count is None else SIGNS[node["comparison"]](count, node["value"])


def _key(node: dict[str, Any], rule: str) -> str:
    of = f"rule {rule}" if node["of"] == "rule" else node["of"]
    if node["op"] == "streak":
        return f"streak {of} {node['unit']}"
    days = f"{node['days']} days" if node.get("days") else "ever"
    here = f" here {node['here_m']} m" if node.get("here_m") else ""
    return f"count {of} {node.get('who', 'person')} {days}{here}"


def points(document: dict[str, Any], facts: Facts) -> int | None:
    """Return the points that an effect gives before any cap: 0 for none, None if they are not known."""
    rule = document["code"]
    base = _base(document["effect"], facts)
    if not base:
        return base
    product = Fraction(base)
    for factor in document.get("factors", []):
        applies = truth(factor["when"], facts, rule)
        if applies is None:
            return None
        product *= Fraction(factor["times"], factor.get("over", 1)) if applies else 1
    found = _shared(document.get("share"), math.floor(product), facts)
    if not found:
        return found
    more = _bonus(document.get("streak"), facts, rule)
    return None if more is None else found + more


def _base(effect: dict[str, Any], facts: Facts) -> int | None:
    if effect["kind"] == "fixed":
        return int(effect["points"])
    if effect["kind"] == "table":
        found = _fact(effect["fact"], facts)
        if not _alike(found, effect["rows"][0]["value"]):
            return None
        matching = [row["points"] for row in effect["rows"] if row["value"] == found]
        return int(matching[0]) if matching else int(effect.get("otherwise") or 0)
    for line in effect["lines"]:
        pairs = zip(effect["facts"], line["cells"], strict=True)
        fits = [_fits(cell, _fact(name, facts)) for name, cell in pairs]
        if False not in fits:
            return None if None in fits else int(line["points"])
    return int(effect.get("otherwise") or 0)


def _fits(cell: dict[str, Any], found: object) -> Truth:
    if not cell:
        return True
    if "value" in cell:
        return found == cell["value"] if _alike(found, cell["value"]) else None
    if type(found) is not int:
        return None
    return bool(cell.get("at_least", found) <= found <= cell.get("at_most", found))


def _shared(share: dict[str, Any] | None, before: int, facts: Facts) -> int | None:
    if share is None or not before:
        return before
    found = _fact(share["fact"], facts)
    if type(found) is not int or not 1 <= found <= 1000:
        return None
    if share["kind"] == "equally":
        return math.floor(Fraction(before, found))
    return before if found == 1 else math.floor(Fraction(before * share["later_percent"], 100))


def _bonus(streak: dict[str, Any] | None, facts: Facts, rule: str) -> int | None:
    if streak is None:
        return 0
    of = f"rule {rule}" if streak["of"] == "rule" else streak["of"]
    reached = facts.counts.get(f"streak {of} {streak['unit']}")
    earlier = facts.counts.get(f"unit {of} {streak['unit']}")
    if reached is None or earlier is None:
        return None
    full = reached % streak["length"] == 0 if streak.get("again") else reached == streak["length"]
    return int(streak["points"]) if full and not earlier else 0
