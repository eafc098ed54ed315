"""Explaining: why there were points or not, and what a rule says, in plain words of the reader's language.

`_` is the reader's gettext function; the English text is the message id (docs/pages.md).
"""

from collections.abc import Callable, Mapping
from typing import Any

from rewards import rules
from rewards.action_types import ActionType
from rewards.rules import Comparison, Condition, RuleVersion

Gettext = Callable[[str], str]


def why(receipt: Mapping[str, Any], _: Gettext) -> str:
    """Return one sentence about a decision: what was given and when the rest comes, or why nothing."""
    now, later = receipt.get("points_now", 0), receipt.get("points_later", 0)
    if receipt.get("outcome") == "award":
        values = {"points": now + later, "now": now, "later": later}
        if receipt.get("reason") == "awarded-in-part":
            return _("%(points)d points, because that is what is left of this month's limit.") % values
        if now and later:
            text = _("%(points)d points: %(now)d now, %(later)d when it has been confirmed.")
        elif later:
            text = _("%(points)d points as soon as it has been confirmed.")
        else:
            text = _("%(points)d points.")
        return text % values
    return _no_points(str(receipt.get("reason", "")), _)


def _no_points(reason: str, _: Gettext) -> str:
    known = {
        "cap-day": _("No points: today's limit for this action is reached. Thank you all the same!"),
        "cap-month": _("No points: this month's limit for this action is reached. Thank you all the same!"),
        "condition-not-met": _("No points: the conditions of the rule are not met."),
        "no-points-for-this": _("No points: this kind is not rewarded."),
        "rule-not-valid-then": _("No points: no rule was in force at that time."),
        "no-rule": _("No points: there is no rule for this action at present."),
        "fact-missing": _("It is being checked, because something needed for the decision is missing."),
    }
    return known.get(reason, _("It is being checked."))


def waiting(reason: str, _: Gettext) -> str:
    """Return why a submission waits for a person, or why it was decided; free text comes back as it is."""
    known = {
        "category-unknown": _("The category has to be checked."),
        "in-the-future": _("The time given lies in the future."),
        "too-old": _("It happened more than a week ago."),
        "no-place": _("The place is missing."),
        "place-by-address": _("The place is known by its address only."),
        "outside-city": _("The place lies outside the city."),
        "place-inaccurate": _("The place is not accurate enough."),
        "no-photo": _("There is no photo."),
        "photo-used-before": _("The photo was handed in before."),
        "photo-of-another-time": _("The photo was taken at another time."),
        "reported-before": _("Somebody reported the same thing nearby."),
        "reported-before-by-you": _("You reported the same thing nearby."),
        "rule-uncertain": _("Something needed for the decision is missing."),
        "budget-exhausted": _("The budget for this action is used up; the city is looking into it."),
        "not-rejected-in-time": _("Confirmed, because nothing spoke against it within 30 days."),
    }
    return known.get(reason, reason)


def describe(version: RuleVersion, action: ActionType, _: Gettext, language: str) -> list[str]:
    """Return what a rule says, one sentence for each part."""
    return [
        _("For: %(action)s.") % {"action": action.names.get(language, action.names["de"])},
        _("Points if %(condition)s.") % {"condition": _condition(version.when, _)},
        *_effect(version, action, _, language),
        _("At most %(day)d awards a day, %(month)d a month and %(points)d points a month for one person.")
        % {
            "day": version.caps.awards_per_day,
            "month": version.caps.awards_per_month,
            "points": version.caps.points_per_month,
        },
        _("Paid from the budget “%(budget)s”.") % {"budget": version.budget},
    ]


def _effect(version: RuleVersion, action: ActionType, _: Gettext, language: str) -> list[str]:
    effect = version.effect
    if isinstance(effect, rules.Fixed):
        lines = [_("%(points)d points each time.") % {"points": effect.points}]
    else:
        names = {
            category.code: category.names.get(language, category.names["de"])
            for category in action.categories
        }
        lines = [
            _("%(name)s: %(points)d points.") % {"name": names.get(value, value), "points": points}
            for value, points in effect.points.items()
        ]
    if version.now_percent:
        share = _("%(percent)d %% at once, the rest when it has been confirmed.")
    else:
        share = _("All points when it has been confirmed.")
    return [*lines, share % {"percent": version.now_percent}]


def _condition(node: Condition, _: Gettext) -> str:  # noqa: C901, PLR0911 -- one case for each sort of node
    match node:
        case rules.All(of=of):
            return _(" and ").join(_inner(part, _) for part in of) or _("anything happens")
        case rules.Any(of=of):
            return _(" or ").join(_inner(part, _) for part in of)
        case rules.Not(of=of):
            return _("not: %(condition)s") % {"condition": _inner(of, _)}
        case rules.Compare(fact=fact, comparison=comparison, value=value):
            return f"{_fact(fact, _)} {_sign(comparison)} {_value(value, _)}"
        case rules.In(fact=fact, values=values):
            listed = ", ".join(_value(value, _) for value in values)
            return _("%(fact)s is one of: %(values)s") % {"fact": _fact(fact, _), "values": listed}
        case rules.Known(fact=fact):
            return _("%(fact)s is known") % {"fact": _fact(fact, _)}
        case rules.Weekday(days=days):
            return _("the day of the week is one of %(days)s") % {"days": ", ".join(map(str, days))}
        case rules.Hours(start=start, end=end):
            return _("it is between %(start)d and %(end)d o'clock") % {"start": start, "end": end}
        case rules.Dates(first=first, last=last):
            return _("it is between %(first)s and %(last)s") % {
                "first": first.isoformat(),
                "last": last.isoformat(),
            }
        case rules.Near(radius_m=radius):
            return _("it is within %(radius)d metres of the place") % {"radius": radius}
        case rules.History(comparison=comparison, value=value):
            return _("the number of earlier awards is %(bound)s") % {"bound": f"{_sign(comparison)} {value}"}


def _inner(node: Condition, _: Gettext) -> str:
    text = _condition(node, _)
    return f"({text})" if isinstance(node, rules.All | rules.Any) else text


def _fact(name: str, _: Gettext) -> str:
    known = {
        "category": _("category"),
        "photo": _("photo"),
        "place": _("place"),
        "source": _("way in"),
        "description_length": _("length of the description"),
        "trust_level": _("trust level"),
        "district": _("district"),
        "service": _("service"),
        "complete": _("completeness"),
    }
    return known.get(name, name)


def _value(value: object, _: Gettext) -> str:
    if value is True:
        return _("yes")
    if value is False:
        return _("no")
    return str(value)


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
