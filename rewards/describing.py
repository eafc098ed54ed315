"""Describing: what a rule says, in plain words, for administrators and for the public register.

`_` is the reader's gettext function; the English text is the message id (docs/pages.md).
"""

import enum

from rewards import conditions, effects, wording
from rewards.action_types import ActionType
from rewards.conditions import Condition, Period, TrustLevel
from rewards.explaining import Gettext, in_language, points
from rewards.rules import RuleVersion
from rewards.wording import Names, Reader, day, sign


class Part(enum.StrEnum):
    """The parts of a rule, as people think of them."""

    TITLE = "title"
    ACTION = "action"
    CONDITION = "condition"
    POINTS = "points"
    WHEN = "when"
    LIMITS = "limits"
    BUDGET = "budget"
    VALIDITY = "validity"


def describe(version: RuleVersion, action: ActionType, _: Gettext, language: str, names: Names) -> list[str]:
    """Return what a rule says, one sentence for each part."""
    found = parts(version, action, _, language, names)
    return [line for part, lines in found.items() if part is not Part.TITLE for line in lines]


def parts(
    version: RuleVersion, action: ActionType, _: Gettext, language: str, names: Names
) -> dict[Part, list[str]]:
    """Return what a rule says by its parts, in the order in which one reads them."""
    reader = Reader(action, language, names)
    caps = version.caps
    called = [in_language(action.names, language)]
    called += [names.actions.get(code, code) for code in version.actions if code != action.code]
    return {
        Part.TITLE: [in_language({str(code): text for code, text in version.title.items()}, language)],
        Part.ACTION: [_("For: %(action)s.") % {"action": ", ".join(called)}],
        Part.CONDITION: [_("Condition: %(condition)s.") % {"condition": condition(version.when, _, reader)}],
        Part.POINTS: [
            *_effect(version, reader, _),
            *_factors(version, reader, _),
            *_share_and_streak(version, _),
        ],
        Part.WHEN: [_split(version.now_percent, in_language(action.outcomes, language), _)],
        Part.LIMITS: [
            _(
                "Limits for one person: awards per day %(day)d, awards per month %(month)d, "
                "points per month %(points)d."
            )
            % {"day": caps.awards_per_day, "month": caps.awards_per_month, "points": caps.points_per_month}
        ],
        Part.BUDGET: [_("Paid from the budget “%(budget)s”.") % {"budget": version.budget}],
        Part.VALIDITY: _validity(version, _),
    }


def condition(node: Condition, _: Gettext, reader: Reader) -> str:
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
            return _about_time_and_place(node, _, reader)


def _about_fact(
    node: conditions.Compare | conditions.CompareDay | conditions.In | conditions.Known,
    _: Gettext,
    reader: Reader,
) -> str:
    name = fact(node.fact, _)
    match node:
        case conditions.Compare(comparison=comparison, value=wanted):
            return f"{name} {sign(comparison)} {value(node.fact, wanted, _, reader)}"
        case conditions.CompareDay(comparison=comparison, value=then):
            return f"{name} {sign(comparison)} {day(then, _)}"
        case conditions.In(values=values):
            listed = ", ".join(value(node.fact, one, _, reader) for one in values)
            return _("%(fact)s is one of: %(values)s") % {"fact": name, "values": listed}
        case conditions.Known():
            return _("%(fact)s is known") % {"fact": name}


def _about_person(node: conditions.Trust | conditions.History, _: Gettext) -> str:
    if isinstance(node, conditions.Trust):
        return _("the person is at least %(level)s") % {"level": _trust(node.at_least, _)}
    return f"{_history(node.period, _)} {sign(node.comparison)} {node.value}"


def _about_time_and_place(node: Condition, _: Gettext, reader: Reader) -> str:
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
            return wording.question(node, _, reader)


def value(fact_name: str, wanted: conditions.Value, _: Gettext, reader: Reader) -> str:
    """Return the value of a fact in words, if there are any."""
    if isinstance(wanted, bool):
        return _("yes") if wanted else _("no")
    if fact_name == "category" and wanted in reader.action.category_codes:
        return in_language(reader.action.category_names(str(wanted)), reader.language)
    known = {"source": _sources, "mode": _modes}.get(fact_name)
    return known(_).get(str(wanted), str(wanted)) if known else str(wanted)


def _effect(version: RuleVersion, reader: Reader, _: Gettext) -> list[str]:
    effect = version.effect
    if isinstance(effect, effects.Fixed):
        return [_("%(points)s each time.") % {"points": points(effect.points, _)}]
    if isinstance(effect, effects.Table):
        lines = [(value(effect.fact, row.value, _, reader), row.points) for row in effect.rows]
    else:
        lines = [(_line(effect, line, _, reader), line.points) for line in effect.lines]
    rest = points(effect.otherwise, _) if effect.otherwise else _("no points")
    return [
        *(_("%(name)s: %(points)s.") % {"name": name, "points": points(earned, _)} for name, earned in lines),
        _("Anything else: %(points)s.") % {"points": rest},
    ]


def _line(grid: effects.Grid, line: effects.Line, _: Gettext, reader: Reader) -> str:
    said = []
    for name, cell in zip(grid.facts, line.cells, strict=True):
        if cell.value is not None:
            said.append(f"{fact(name, _)} = {value(name, cell.value, _, reader)}")
        if cell.at_least is not None:
            said.append(f"{fact(name, _)} ≥ {cell.at_least}")
        if cell.at_most is not None:
            said.append(f"{fact(name, _)} ≤ {cell.at_most}")
    return _(" and ").join(said) or _("always")


def _factors(version: RuleVersion, reader: Reader, _: Gettext) -> list[str]:
    return [
        _("Times %(factor)s, rounded down, if: %(condition)s.")
        % {
            "factor": f"{factor.times}/{factor.over}" if factor.over > 1 else str(factor.times),
            "condition": condition(factor.when, _, reader),
        }
        for factor in version.factors or ()
    ]


def _share_and_streak(version: RuleVersion, _: Gettext) -> list[str]:
    said = []
    match version.share:
        case effects.Equally(fact=name):
            said.append(
                _("Shared equally, rounded down; how many people: %(fact)s.") % {"fact": fact(name, _)}
            )
        case effects.FirstAndLater(fact=name, later_percent=percent):
            values = {"fact": fact(name, _), "percent": percent}
            said.append(_("The first gets all, later ones %(percent)d %%; which place: %(fact)s.") % values)
    if version.streak:
        bonus = version.streak
        values = {
            "points": points(bonus.points, _),
            "length": wording.units(bonus.length, bonus.unit, _),
            "what": wording.counted(bonus.of, _),
        }
        if bonus.again:
            said.append(_("Plus %(points)s after each %(length)s in a row with %(what)s.") % values)
        else:
            said.append(_("Plus %(points)s after %(length)s in a row with %(what)s.") % values)
    return said


def _split(now_percent: int, outcome: str, _: Gettext) -> str:
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


def _inner(node: Condition, _: Gettext, reader: Reader) -> str:
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
        "mode": _("kind of code"),
        "photo": _("photo"),
        "queue_place": _("place in the queue"),
        "place": _("place"),
        "route": _("route"),
        "service": _("service"),
        "source": _("way in"),
        "stations": _("stations visited"),
        "tag": _("code"),
        "trust_level": _("trust level"),
    }
    return known.get(name, name)


def _sources(_: Gettext) -> dict[str, str]:
    return {
        "app": _("app"),
        "desk": _("service desk"),
        "open311": _("city report system"),
        "portal": _("city portal"),
    }


def _modes(_: Gettext) -> dict[str, str]:
    return {"printed": _("printed code"), "display": _("code on a display"), "nfc": _("NFC chip")}


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
