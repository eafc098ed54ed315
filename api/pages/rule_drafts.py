"""Drafts of the rule editor: what stands in its form, as a rule document and back.

The editor writes conditions as lines that must all hold; in a line, one of several questions is enough, and
each may be turned round. A document that is built otherwise is edited as data.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from api.pages import rule_questions, rule_tables
from api.pages.rule_questions import Values, whole
from rewards.action_types import ActionType

_PART = re.compile(r"lines\.([0-9]{1,3})\.([0-9]{1,3})\.kind")
_FACTOR = re.compile(r"factors\.([0-9]{1,3})\.kind")
_OF_FACTOR = re.compile(r"factors\.([0-9]{1,3})\.times")
TEXTS = (
    "title_de", "title_en", "code", "effect", "points", "otherwise", "share", "share_fact", "later_percent",
    "streak_points", "streak_length", "streak_unit", "streak_of", "streak_again", "now_percent",
    "awards_per_day", "awards_per_month", "points_per_month", "budget", "priority", "valid_from",
    "valid_until",
)  # fmt: skip

CAPS = ("awards_per_day", "awards_per_month", "points_per_month")


@dataclass
class Part:
    """One question with what was typed; `negate` turns it round."""

    kind: str
    values: Values
    negate: bool = False

    def node(self, action: ActionType) -> dict[str, Any]:
        """Return the condition."""
        kind = rule_questions.kind_of(self.kind, action)
        # A fact that this action has not is asked for all the same, so that the finding says so.
        node = kind.node(self.values) if kind else {"op": "known", "fact": self.kind.partition(":")[2] or "-"}
        return {"op": "not", "of": node} if self.negate else node


@dataclass
class Factor:
    """One factor with its question, if that is chosen."""

    times: str
    over: str
    part: Part | None


@dataclass
class Draft:
    """What stands in the form."""

    action: ActionType
    texts: dict[str, str] = field(default_factory=dict)
    more_actions: list[str] = field(default_factory=list)
    lines: list[list[Part]] = field(default_factory=list)
    factors: list[Factor] = field(default_factory=list)
    table: rule_tables.Points = field(default_factory=rule_tables.Points)

    def document(self) -> dict[str, Any]:
        """Return the rule document; what was left empty is left out, so that reading it says so."""
        said = self.texts.get
        title = {"de": said("title_de", ""), "en": said("title_en", "")}
        caps = {
            name: whole(said(name)) for name in ("awards_per_day", "awards_per_month", "points_per_month")
        }
        found: dict[str, Any] = {
            "code": said("code") or code_of(title["de"]) or code_of(title["en"]) or "rule",
            "title": {language: text for language, text in title.items() if text},
            "action": self.action.code,
            "more_actions": self.more_actions or None,
            "when": _all_of([_any(line, self.action) for line in self.lines]),
            "effect": self.table.effect(self.texts, self.action),
            "factors": [_factor(one, self.action) for one in self.factors] or None,
            "share": _share(self.texts),
            "streak": _streak(self.texts),
            "now_percent": whole(said("now_percent")),
            "caps": {name: one for name, one in caps.items() if one is not None},
            "budget": said("budget"),
            "priority": whole(said("priority")),
            "valid_from": said("valid_from"),
            "valid_until": said("valid_until"),
        }
        return {name: one for name, one in found.items() if one not in (None, "")}


def read(form: FormData, action: ActionType) -> Draft:
    """Return the draft in a form."""
    draft = Draft(action, {name: _text(form, name) for name in TEXTS})
    draft.more_actions = _all(form, "more_actions")
    lines: dict[int, dict[int, Part]] = {}
    for name in form:
        if found := _PART.fullmatch(name):
            lines.setdefault(int(found[1]), {})[int(found[2])] = _part(
                form, name.removesuffix(".kind"), action
            )
    draft.lines = [[parts[at] for at in sorted(parts)] for _, parts in sorted(lines.items())]
    numbers = sorted({int(found[1]) for name in form if (found := _OF_FACTOR.fullmatch(name))})
    draft.factors = [
        Factor(
            _text(form, f"factors.{at}.times"),
            _text(form, f"factors.{at}.over"),
            _part(form, f"factors.{at}", action) if f"factors.{at}.kind" in form else None,
        )
        for at in numbers
    ]
    draft.table = rule_tables.read(form)
    return draft


def of_document(document: Mapping[str, Any], action: ActionType) -> Draft | None:
    """Return the draft that makes a document; None if the editor has no form for it."""
    lines = _lines(document["when"], action)
    table = rule_tables.of_effect(document["effect"], action)
    factors = [_of_factor(one, action) for one in document.get("factors", [])]
    if lines is None or table is None or None in factors:
        return None
    texts = {
        name: str(document[name]) for name in TEXTS if name in document and name not in {"effect", "share"}
    }
    texts |= {f"title_{language}": text for language, text in document["title"].items()}
    texts |= {name: str(value) for name, value in document["caps"].items()}
    texts |= rule_tables.texts_of(document["effect"])
    if share := document.get("share"):
        texts |= {"share": share["kind"], "share_fact": share["fact"]}
        texts["later_percent"] = str(share.get("later_percent", ""))
    if streak := document.get("streak"):
        texts |= {f"streak_{name}": str(value) for name, value in streak.items() if name != "again"}
        texts["streak_again"] = "yes" if streak.get("again") else ""
    made = [one for one in factors if one is not None]
    return Draft(action, texts, list(document.get("more_actions", [])), lines, made, table)


def code_of(title: str) -> str:
    """Return a short name made from a title."""
    spelled = title.lower()
    for sign, plain in zip("äöüß", ("ae", "oe", "ue", "ss"), strict=True):
        spelled = spelled.replace(sign, plain)
    return re.sub(r"[^a-z0-9]+", "-", spelled).strip("-0123456789")[:60].rstrip("-")


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _all(form: FormData, name: str) -> list[str]:
    return [one for one in form.getlist(name) if isinstance(one, str) and one]


def _part(form: FormData, prefix: str, action: ActionType) -> Part:
    code = _text(form, f"{prefix}.kind")
    kind = rule_questions.kind_of(code, action)
    values: Values = {}
    for one in kind.fields if kind else ():
        name = f"{prefix}.f.{one.name}"
        values[one.name] = _all(form, name) if one.sort == "checks" else _text(form, name)
    return Part(code, values, _text(form, f"{prefix}.not") == "yes")


def _all_of(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return nodes[0] if len(nodes) == 1 else {"op": "all", "of": nodes}


def _any(line: list[Part], action: ActionType) -> dict[str, Any]:
    nodes = [part.node(action) for part in line]
    return nodes[0] if len(nodes) == 1 else {"op": "any", "of": nodes}


def _factor(one: Factor, action: ActionType) -> dict[str, Any]:
    made = {
        "times": whole(one.times),
        "over": whole(one.over) or 1,
        "when": one.part and one.part.node(action),
    }
    return {name: value for name, value in made.items() if value is not None}


def _share(texts: Mapping[str, str]) -> dict[str, Any] | None:
    if not texts.get("share"):
        return None
    made = {"kind": texts["share"], "fact": texts.get("share_fact") or None}
    if texts["share"] == "first-and-later":
        made["later_percent"] = whole(texts.get("later_percent"))
    return {name: value for name, value in made.items() if value is not None}


def _streak(texts: Mapping[str, str]) -> dict[str, Any] | None:
    if not texts.get("streak_points"):
        return None
    made = {
        "of": texts.get("streak_of"),
        "unit": texts.get("streak_unit"),
        "length": whole(texts.get("streak_length")),
        "points": whole(texts["streak_points"]),
        "again": texts.get("streak_again") == "yes",
    }
    return {name: value for name, value in made.items() if value not in (None, "")}


def _lines(when: Mapping[str, Any], action: ActionType) -> list[list[Part]] | None:
    lines = [
        [_of_node(part, action) for part in (line["of"] if line["op"] == "any" else [line])]
        for line in (when["of"] if when["op"] == "all" else [when])
    ]
    if any(part is None for line in lines for part in line) or not all(lines):
        return None
    return [[part for part in line if part is not None] for line in lines]


def _of_node(node: Mapping[str, Any], action: ActionType) -> Part | None:
    negate = node["op"] == "not"
    inner = node["of"] if negate else node
    code = rule_questions.code_of(inner, action)
    kind = rule_questions.kind_of(code, action) if code else None
    return Part(code, kind.values(inner), negate) if code and kind else None


def _of_factor(document: Mapping[str, Any], action: ActionType) -> Factor | None:
    part = _of_node(document["when"], action)
    return Factor(str(document["times"]), str(document.get("over", 1)), part) if part else None
