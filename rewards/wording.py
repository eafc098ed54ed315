"""Wording: questions about action, person, time, place, history and campaign in plain words.

`_` is the reader's gettext function; the English text is the message id (docs/pages.md).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from rewards import questions
from rewards.action_types import ActionType
from rewards.conditions import Comparison, Condition
from rewards.explaining import Gettext
from rewards.questions import AgeGroup, Of, Unit, Who


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the things that a rule names by code; what has no name here is called by its code."""

    actions: Mapping[str, str] = field(default_factory=dict)
    campaigns: Mapping[str, str] = field(default_factory=dict)
    districts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a rule is described: names of the action's own things come from its data."""

    action: ActionType
    language: str
    names: Names = Names()


def question(node: Condition, _: Gettext, reader: Reader) -> str:
    """Return a question in words."""
    match node:
        case questions.Count():
            return _count(node, _)
        case questions.Streak():
            return _streak(node, _)
        case questions.Action() | questions.AgeBand() | questions.Home():
            return _about_person(node, _, reader)
        case questions.Inside() | questions.District():
            return _about_place(node, _, reader)
        case _:
            return _about_time(node, _, reader)


def day(value: dt.date, _: Gettext) -> str:
    """Return a day as the reader writes days."""
    # Translators: the order and signs of a date; German: %(day)02d.%(month)02d.%(year)d
    return _("%(year)d-%(month)02d-%(day)02d") % {"year": value.year, "month": value.month, "day": value.day}


def sign(comparison: Comparison) -> str:
    """Return the sign of a comparison."""
    signs = {
        Comparison.EQ: "=",
        Comparison.NE: "≠",
        Comparison.LT: "<",
        Comparison.LE: "≤",
        Comparison.GT: ">",
        Comparison.GE: "≥",
    }
    return signs[comparison]


def age_group(group: AgeGroup, _: Gettext) -> str:
    """Return an age group in words."""
    known = {
        AgeGroup.UNDER_14: _("under 14"),
        AgeGroup.FROM_14: _("14 to 17"),
        AgeGroup.FROM_18: _("18 to 26"),
        AgeGroup.FROM_27: _("27 to 64"),
        AgeGroup.FROM_65: _("65 and older"),
    }
    return known[group]


def units(length: int, unit: Unit, _: Gettext) -> str:
    """Return a number of days, weeks or months."""
    known = {
        Unit.DAY: _("%(count)d days"),
        Unit.WEEK: _("%(count)d weeks"),
        Unit.MONTH: _("%(count)d months"),
    }
    return known[unit] % {"count": length}


def counted(of: Of, _: Gettext) -> str:
    """Return what of the past is looked at."""
    known = {
        Of.RULE: _("awards under this rule"),
        Of.ACTION: _("accepted contributions of this action"),
        Of.ANY: _("accepted contributions of any kind"),
    }
    return known[of]


def _about_person(
    node: questions.Action | questions.AgeBand | questions.Home, _: Gettext, reader: Reader
) -> str:
    match node:
        case questions.Action(codes=codes):
            listed = ", ".join(reader.names.actions.get(code, code) for code in codes)
            return _("the action is one of: %(actions)s") % {"actions": listed}
        case questions.AgeBand(groups=groups):
            listed = ", ".join(age_group(group, _) for group in groups)
            return _("the person says to be of age: %(ages)s") % {"ages": listed}
        case questions.Home(districts=codes):
            listed = ", ".join(reader.names.districts.get(code, code) for code in codes)
            return _("the person says to live in: %(districts)s") % {"districts": listed}


def _about_place(node: questions.Inside | questions.District, _: Gettext, reader: Reader) -> str:
    if isinstance(node, questions.Inside):
        return _("the place lies inside an area of %(count)d corners") % {"count": len(node.corners)}
    listed = ", ".join(reader.names.districts.get(code, code) for code in node.districts)
    return _("the place lies in: %(districts)s") % {"districts": listed}


def _about_time(node: Condition, _: Gettext, reader: Reader) -> str:
    match node:
        case questions.Season(first=first, last=last):
            values = {"first": _of_any_year(first, _), "last": _of_any_year(last, _)}
            return _("it is between %(first)s and %(last)s of any year") % values
        case questions.Window(start=start, end=end):
            values = {"start": _minute(start, _), "end": _minute(end, _)}
            return _("it is from %(start)s until %(end)s") % values
        case questions.Campaign(code=code):
            name = reader.names.campaigns.get(code, code)
            return _("the campaign “%(campaign)s” runs") % {"campaign": name}
        case _:
            return node.op


def _count(node: questions.Count, _: Gettext) -> str:
    what = counted(node.of, _)
    whose = _("by anyone") if node.who is Who.ANYONE else _("by this person")
    said = [_("earlier %(what)s %(whose)s") % {"what": what, "whose": whose}]
    if node.here_m:
        said.append(_("within %(metres)d metres") % {"metres": node.here_m})
    if node.days == 1:
        said.append(_("today"))
    elif node.days:
        said.append(_("within %(days)d days") % {"days": node.days})
    if node.comparison is Comparison.EQ and node.value == 0:
        return _("for the first time: no %(counted)s") % {"counted": " ".join(said)}
    return f"{' '.join(said)} {sign(node.comparison)} {node.value}"


def _streak(node: questions.Streak, _: Gettext) -> str:
    values = {
        "what": counted(node.of, _),
        "sign": sign(node.comparison),
        "length": units(node.value, node.unit, _),
    }
    return _("%(what)s in a row, this one included: %(sign)s %(length)s") % values


def _of_any_year(text: str, _: Gettext) -> str:
    # Translators: the order and signs of a day of any year; German: %(day)02d.%(month)02d.
    return _("%(month)02d-%(day)02d") % {"month": int(text[:2]), "day": int(text[3:])}


def _minute(text: str, _: Gettext) -> str:
    moment = dt.datetime.fromisoformat(text)
    return f"{day(moment.date(), _)}, {moment:%H:%M}"
