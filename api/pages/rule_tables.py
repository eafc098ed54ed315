"""Points in the rule editor: fixed, or a decision table with a column for each fact, a line for each case."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from api.pages.rule_questions import whole
from rewards.action_types import ActionType, FactType

_LINE = re.compile(r"rows\.([0-9]{1,3})\.points")
_RANGE = re.compile(r"\s*(-?[0-9]+)\s*(?:-|\u2013|\.\.)\s*(-?[0-9]+)\s*")
_BOUND = re.compile(r"\s*(>=|≥|<=|≤)\s*(-?[0-9]+)\s*")
COLUMNS_MAX = 4


@dataclass
class Line:
    """One line of the table as it is typed."""

    cells: list[str]
    points: str


@dataclass
class Points:
    """The decision table; empty where points are fixed."""

    columns: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def effect(self, texts: Mapping[str, str], action: ActionType) -> dict[str, Any]:
        """Return the effect of a rule document. A table of one fact's single values is the plainer sort."""
        if texts.get("effect") != "table":
            points = whole(texts.get("points"))
            return {"kind": "fixed"} | ({} if points is None else {"points": points})
        cells = [
            [cell(text, action.facts.get(fact)) for fact, text in zip(self.columns, line.cells, strict=True)]
            for line in self.lines
        ]
        otherwise = whole(texts.get("otherwise"))
        rest = {} if otherwise is None else {"otherwise": otherwise}
        values = [line[0].get("value") for line in cells if line]
        plain = len(self.columns) == 1 and None not in values and len(set(values)) == len(values)
        if plain:
            rows = [
                _with_points({"value": value}, line) for value, line in zip(values, self.lines, strict=True)
            ]
            return {"kind": "table", "fact": self.columns[0], "rows": rows, **rest}
        lines = [_with_points({"cells": row}, line) for row, line in zip(cells, self.lines, strict=True)]
        return {"kind": "grid", "facts": self.columns, "lines": lines, **rest}

    def take_columns(self, columns: list[str]) -> None:
        """Have these columns, and keep what stands in those that stay."""
        for line in self.lines:
            old = dict(zip(self.columns, line.cells, strict=True))
            line.cells = [old.get(fact, "") for fact in columns]
        self.columns = columns

    def one_line_each(self, action: ActionType) -> None:
        """Have a line for each category of the action, if the table is by category alone."""
        there = {line.cells[0] for line in self.lines if line.cells}
        self.lines += [
            Line([one.code], "") for one in action.categories if one.code not in there
        ]  # fmt: skip


def read(form: FormData) -> Points:
    """Return the table in a form."""
    columns = [one for one in form.getlist("columns.there") if isinstance(one, str)][:COLUMNS_MAX]
    numbers = sorted(int(found[1]) for name in form if (found := _LINE.fullmatch(name)))
    lines = [
        Line(
            [str(form.get(f"rows.{at}.{column}") or "").strip() for column in range(len(columns))],
            str(form.get(f"rows.{at}.points") or "").strip(),
        )
        for at in numbers
    ]
    return Points(columns, lines)


def of_effect(effect: Mapping[str, Any], action: ActionType) -> Points | None:
    """Return the table of an effect; None if it asks for what the action has not."""
    if effect["kind"] == "fixed":
        return Points()
    if effect["kind"] == "table":
        lines = [Line([typed({"value": row["value"]})], str(row["points"])) for row in effect["rows"]]
        columns = [effect["fact"]]
    else:
        lines = [Line([typed(one) for one in line["cells"]], str(line["points"])) for line in effect["lines"]]
        columns = list(effect["facts"])
    return Points(columns, lines) if set(columns) <= action.facts.keys() else None


def texts_of(effect: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields beside the table."""
    if effect["kind"] == "fixed":
        return {"effect": "fixed", "points": str(effect["points"])}
    return {"effect": "table", "otherwise": str(effect.get("otherwise", ""))}


def cell(text: str, kind: FactType | None) -> dict[str, Any]:
    """Return what is typed into a cell as a cell of a grid: `5`, `5-10`, `>= 5`, a text, yes or no."""
    if not text:
        return {}
    if kind is FactType.TRUTH:
        return {"value": text != "no"}
    if kind is not FactType.NUMBER:
        return {"value": text}
    if found := _RANGE.fullmatch(text):
        return {"at_least": whole(found[1]), "at_most": whole(found[2])}
    if found := _BOUND.fullmatch(text):
        return {"at_least" if found[1] in {">=", "≥"} else "at_most": whole(found[2])}
    return {"value": whole(text)}


def typed(cell_: Mapping[str, Any]) -> str:
    """Return a cell as one types it."""
    value, low, high = cell_.get("value"), cell_.get("at_least"), cell_.get("at_most")
    if value is not None:
        return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    if low is not None and high is not None:
        return f"{low}-{high}"
    if low is not None:
        return f">= {low}"
    return "" if high is None else f"<= {high}"


def _with_points(made: dict[str, Any], line: Line) -> dict[str, Any]:
    points = whole(line.points)
    return made if points is None else made | {"points": points}
