"""Describing: what a rule says, in plain words, for administrators and for the public register.

`_` is the reader's gettext function; the English text is the message id (docs/pages.md).
"""

import datetime as dt
from dataclasses import dataclass

from rewards import conditions, rules
from rewards.action_types import ActionType
from rewards.conditions import Comparison, Condition, Period, TrustLevel
from rewards.explaining import Gettext, in_language, points
from rewards.rules import RuleVersion


@dataclass(frozen=True, slots=True)
class _Reader:
    """For whom a rule is described: names of the action's own things come from its data."""

    action: ActionType
    language: str

    def value(self, fact: str, value: conditions.Value, _: Gettext) -> str:
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if fact == "category" and value in self.action.category_codes:
            return in_language(self.action.category_names(str(value)), self.language)
        if fact == "source":
            return _source(str(value), _)
        return str(value)


def describe(version: RuleVersion, action: ActionType, _: Gettext, language: str) -> list[str]:
    """Return what a rule says, one sentence for each part."""
    reader = _Reader(action, language)
    caps = version.caps
    return [
        _("For: %(action)s.") % {"action": in_language(action.names, language)},
        _("Condition: %(condition)s.") % {"condition": condition(version.when, _, reader)},
        *_effect(version, reader, _),
        _share(version.now_percent, in_language(action.outcomes, language), _),
        _(
            "Limits for one person: awards per day %(day)d, awards per month %(month)d, "
            "points per month %(points)d."
        )
        % {"day": caps.awards_per_day, "month": caps.awards_per_month, "points": caps.points_per_month},
        _("Paid from the budget “%(budget)s”.") % {"budget": version.budget},
        *_validity(version, _),
    ]


def condition(node: Condition, _: Gettext, reader: _Reader) -> str:
    """Return a condition in words."""
    said = [_inner(part, _, reader) for part in conditions.parts(node)]
    match node:
        case conditions.All():
            return _(" and ").join(said) or _("none")
        case conditions.Any():
            return _(" or ").join(said) or _("never")
        case conditions.Not():
            return _("not: %(condition)s") % {"condition": said[0]}
        case conditions.Compare() | conditions.CompareDay() | conditions.In() | conditions.Known():
            return _about_fact(node, _, reader)
        case conditions.Trust() | conditions.History():
            return _about_person(node, _)
        case _:
            return _about_time_and_place(node, _)


def day(value: dt.date, _: Gettext) -> str:
    """Return a day as the reader writes days."""
    # Translators: the order and signs of a date; German: %(day)02d.%(month)02d.%(year)d
    return _("%(year)d-%(month)02d-%(day)02d") % {"year": value.year, "month": value.month, "day": value.day}


def _about_fact(
    node: conditions.Compare | conditions.CompareDay | conditions.In | conditions.Known,
    _: Gettext,
    reader: _Reader,
) -> str:
    name = fact(node.fact, _)
    match node:
        case conditions.Compare(comparison=comparison, value=value):
            return f"{name} {_sign(comparison)} {reader.value(node.fact, value, _)}"
        case conditions.CompareDay(comparison=comparison, value=then):
            return f"{name} {_sign(comparison)} {day(then, _)}"
        case conditions.In(values=values):
            listed = ", ".join(reader.value(node.fact, value, _) for value in values)
            return _("%(fact)s is one of: %(values)s") % {"fact": name, "values": listed}
        case conditions.Known():
            return _("%(fact)s is known") % {"fact": name}


def _about_person(node: conditions.Trust | conditions.History, _: Gettext) -> str:
    if isinstance(node, conditions.Trust):
        return _("the person is at least %(level)s") % {"level": _trust(node.at_least, _)}
    return f"{_history(node.period, _)} {_sign(node.comparison)} {node.value}"


def _about_time_and_place(node: Condition, _: Gettext) -> str:
    match node:
        case conditions.Weekday(days=days):
            names = ", ".join(_weekday(one, _) for one in sorted(set(days)))
            return _("the day of the week is one of: %(days)s") % {"days": names}
        case conditions.Hours(start=start, end=end):
            return _("it is between %(start)d and %(end)d o'clock") % {"start": start, "end": end}
        case conditions.Dates(first=first, last=last):
            return _("it is from %(first)s to %(last)s") % {"first": day(first, _), "last": day(last, _)}
        case conditions.Near(latitude_e6=latitude, longitude_e6=longitude, radius_m=radius):
            where = f"{latitude / 1e6:.4f}, {longitude / 1e6:.4f}"
            return _("it is within %(radius)d metres of %(where)s") % {"radius": radius, "where": where}
        case _:
            return node.op


def _effect(version: RuleVersion, reader: _Reader, _: Gettext) -> list[str]:
    effect = version.effect
    if isinstance(effect, rules.Fixed):
        return [_("%(points)s each time.") % {"points": points(effect.points, _)}]
    lines = [
        _("%(name)s: %(points)s.")
        % {"name": reader.value(effect.fact, row.value, _), "points": points(row.points, _)}
        for row in effect.rows
    ]
    rest = points(effect.otherwise, _) if effect.otherwise else _("no points")
    return [*lines, _("Anything else: %(points)s.") % {"points": rest}]


def _share(now_percent: int, outcome: str, _: Gettext) -> str:
    values = {"percent": now_percent, "outcome": outcome}
    if now_percent == 100:  # noqa: PLR2004 -- all of it
        return _("All points at once.")
    if now_percent:
        return _("%(percent)d %% at once (rounded down), the rest when %(outcome)s.") % values
    return _("All points when %(outcome)s.") % values


def _validity(version: RuleVersion, _: Gettext) -> list[str]:
    if version.valid_from and version.valid_until:
        values = {"first": day(version.valid_from, _), "last": day(version.valid_until, _)}
        return [_("Valid from %(first)s to %(last)s.") % values]
    if version.valid_from:
        return [_("Valid from %(first)s.") % {"first": day(version.valid_from, _)}]
    if version.valid_until:
        return [_("Valid until %(last)s.") % {"last": day(version.valid_until, _)}]
    return []


def _inner(node: Condition, _: Gettext, reader: _Reader) -> str:
    text = condition(node, _, reader)
    several = isinstance(node, conditions.All | conditions.Any) and len(node.of) > 1
    return f"({text})" if several else text


def fact(name: str, _: Gettext) -> str:
    """Return the name of a fact for people; one that we have no word for comes back as it is."""
    known = {
        "attended": _("attendance"),
        "category": _("category"),
        "code_valid": _("valid code"),
        "complete": _("completeness"),
        "description_length": _("length of the description"),
        "district": _("district"),
        "event": _("event"),
        "photo": _("photo"),
        "place": _("place"),
        "route": _("route"),
        "service": _("service"),
        "source": _("way in"),
        "stations": _("stations visited"),
        "tag": _("code"),
        "trust_level": _("trust level"),
    }
    return known.get(name, name)


def _source(code: str, _: Gettext) -> str:
    known = {"app": _("app"), "desk": _("service desk"), "open311": _("city report system")}
    return known.get(code, code)


def _trust(level: TrustLevel, _: Gettext) -> str:
    known = {
        TrustLevel.ANONYMOUS: _("anonymous"),
        TrustLevel.BASIC: _("known by e-mail"),
        TrustLevel.VERIFIED: _("identified"),
    }
    return known[level]


def _history(period: Period, _: Gettext) -> str:
    known = {
        Period.DAY: _("earlier awards today"),
        Period.MONTH: _("earlier awards this month"),
        Period.EVER: _("earlier awards ever"),
    }
    return known[period]


def _weekday(number: int, _: Gettext) -> str:
    names = (
        _("Monday"),
        _("Tuesday"),
        _("Wednesday"),
        _("Thursday"),
        _("Friday"),
        _("Saturday"),
        _("Sunday"),
    )
    return names[number - 1]


def _sign(comparison: Comparison) -> str:
    signs = {
        Comparison.EQ: "=",
        Comparison.NE: "≠",
        Comparison.LT: "<",
        Comparison.LE: "≤",
        Comparison.GT: ">",
        Comparison.GE: "≥",
    }
    return signs[comparison]
