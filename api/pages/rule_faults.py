"""Faults of the rule editor: what is wrong or odd about a rule, in words, beside the field in question."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from api.pages.rule_drafts import Draft
from rewards import explaining, refusing
from rewards.explaining import Gettext
from rewards.linting import LintFinding, Severity
from rewards.programme import RuleRefused
from rewards.rules import DocumentFault
from web.marking import N_

_NUMBER = re.compile(r"(?<=\.)[0-9]+(?=\.|$)")
_PLACES = {
    "code": "code", "title": "title_de", "title.de": "title_de", "title.en": "title_en", "budget": "budget",
    "now_percent": "now_percent", "priority": "priority", "valid_from": "valid_from",
    "valid_until": "valid_until", "caps.awards_per_day": "awards_per_day", "caps": "awards_per_day",
    "caps.awards_per_month": "awards_per_month", "caps.points_per_month": "points_per_month",
    "effect.fixed.points": "points", "share": "share", "streak.length": "streak_length",
    "streak.points": "streak_points", "more_actions": "more_actions",
}  # fmt: skip


_LABELS = {
    "title_de": N_("Title in German"),
    "title_en": N_("Title in English"),
    "code": N_("Short name"),
    "points": N_("Points each time"),
    "now_percent": N_("Percent at once"),
    "budget": N_("Paid from the budget"),
    "awards_per_day": N_("Times a day"),
    "awards_per_month": N_("Times a month"),
    "points_per_month": N_("Points a month"),
    "priority": N_("Priority"),
    "valid_from": N_("First day"),
    "valid_until": N_("Last day"),
    "share": N_("Shared points"),
    "streak_points": N_("Bonus for a streak"),
    "streak_length": N_("Bonus for a streak"),
}
_WHOLE = {"Value error, a title in German is needed": "title_de"}
"""Faults that the document has as a whole, and the field that mends them."""


class Told(NamedTuple):
    """A sentence and the field or part of the form that it is about; None is the whole."""

    place: str | None
    sentence: str
    refuses: bool
    label: str = ""

    @property
    def named(self) -> str:
        """The sentence after the name of what it is about, for a list far from the field."""
        return f"{self.label}: {self.sentence}" if self.label else self.sentence


def of_document(faults: Iterable[DocumentFault], draft: Draft, _: Gettext) -> list[Told]:
    """Return why a document is no rule."""
    told = []
    for one in faults:
        where = _WHOLE.get(one.message) or place(one.path, draft)
        sentence = refusing.fault(one.kind, one.context, one.message, _)
        told.append(Told(where, sentence, refuses=True, label=_label(where, _)))
    return list(dict.fromkeys(told))


def of_linting(findings: Iterable[LintFinding], draft: Draft, _: Gettext) -> list[Told]:
    """Return what is wrong or odd about a rule."""
    told = []
    for one in findings:
        where = place(one.path, draft)
        refuses = one.severity is Severity.ERROR
        sentence = explaining.finding(one.code, one.details, _)
        told.append(Told(where, sentence, refuses=refuses, label=_label(where, _)))
    return told


def place(path: str, draft: Draft) -> str | None:
    """Return where in the form a place of the document is: the name of a field, or of a part."""
    numbers = [int(one) for one in _NUMBER.findall(path)]
    field = path.rpartition(".")[2]
    if path.startswith("when"):
        return _in_lines(numbers, field, draft)
    if path.startswith("factors") and numbers:
        return f"factors.{numbers[0]}.{field}" if field in {"times", "over"} else f"factors.{numbers[0]}"
    if path.startswith("effect"):
        known = _PLACES.get(path)
        fixed = draft.texts.get("effect") != "table"
        line = f"rows.{numbers[0]}" if numbers and "facts" not in path else "effect"
        return known or ("points" if fixed else line)
    return next((_PLACES[one] for one in (path, path.partition(".")[0]) if one in _PLACES), None)


def _label(where: str | None, _: Gettext) -> str:
    """Return what the form calls a field or a part of it."""
    name, number = where or "", [int(one) + 1 for one in _NUMBER.findall(where or "")][:1]
    counted = {
        "lines": _("Condition %(number)d"), "factors": _("Factor %(number)d"), "rows": _("Line %(number)d"),
    }  # fmt: skip
    if number and name.partition(".")[0] in counted:
        return counted[name.partition(".")[0]] % {"number": number[0]}
    return _(_LABELS[name]) if name in _LABELS else ""


def _in_lines(numbers: list[int], field: str, draft: Draft) -> str | None:
    if len(draft.lines) == 1:
        # One line alone is the condition itself.
        numbers = [0, *numbers]
    if not numbers or numbers[0] >= len(draft.lines):
        return "lines"
    line = draft.lines[numbers[0]]
    at = numbers[1] if len(numbers) > 1 and numbers[1] < len(line) and len(line) > 1 else 0
    if field in line[at].values:
        return f"lines.{numbers[0]}.{at}.f.{field}"
    return f"lines.{numbers[0]}"


def of_refusal(refused: RuleRefused, _: Gettext) -> list[str]:
    """Return what linting refused, each with its place in the document."""
    faults = refused.details.get("faults")
    told = []
    for fault in faults if isinstance(faults, list) else []:
        details = {name: value for name, value in fault.items() if name not in {"path", "message"}}
        told.append(f"{fault['path']}: {explaining.finding(str(fault['message']), details, _)}")
    return told
