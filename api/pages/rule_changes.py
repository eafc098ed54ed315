"""Changes of a draft in the rule editor: how it begins, and what each button does."""

from collections.abc import Callable, Mapping

from starlette.datastructures import FormData

from api.pages import rule_questions
from api.pages.rule_drafts import Draft, Factor, Part
from api.pages.rule_tables import COLUMNS_MAX, Line
from rewards.action_types import ActionType

LINES_MAX, PARTS_MAX, FACTORS_MAX, ROWS_MAX = 20, 10, 10, 100
_START = {
    "effect": "fixed",
    "points": "10",
    "now_percent": "20",
    "awards_per_day": "1",
    "awards_per_month": "10",
    "points_per_month": "100",
    "streak_unit": "week",
    "streak_of": "rule",
}
"""Careful limits: who wants more has to say so."""


def begin(action: ActionType, budget: str) -> Draft:
    """Return a draft for an action with careful limits, asking for the photo where the action needs one."""
    texts = dict(_START)
    texts["title_de"] = action.names["de"]
    texts["title_en"] = action.names["en"]
    texts["budget"] = budget
    draft = Draft(action, texts)
    if action.needs_photo and "photo" in action.facts:
        draft.lines.append([Part("fact:photo", {"value": "yes"})])
    return draft


def apply(draft: Draft, form: FormData) -> str:
    """Do what the button asks for and return its name; an unknown one only looks at the draft."""
    asked = form.get("do")
    name, _, where = asked.partition(":") if isinstance(asked, str) else ("check", "", "")
    change = _CHANGES.get(name)
    if change is None:
        return "check"
    places = [int(one) for one in where.split(".") if one.isdecimal()]
    change(draft, form, places)
    return name


def _add(draft: Draft, form: FormData, places: list[int]) -> None:
    del places
    part = _new(form.get("add"), draft)
    where = form.get("add_where")
    if part is None:
        return
    at = int(where) if isinstance(where, str) and where.isdecimal() else len(draft.lines)
    if at < len(draft.lines):
        draft.lines[at] = [*draft.lines[at], part][:PARTS_MAX]
    elif len(draft.lines) < LINES_MAX:
        draft.lines.append([part])


def _remove(draft: Draft, form: FormData, places: list[int]) -> None:
    del form
    match places:
        case [line, part] if line < len(draft.lines) and part < len(draft.lines[line]):
            del draft.lines[line][part]
            draft.lines = [one for one in draft.lines if one]
        case _:
            pass


def _add_factor(draft: Draft, form: FormData, places: list[int]) -> None:
    del places
    part = _new(form.get("add_factor"), draft)
    if part is not None and len(draft.factors) < FACTORS_MAX:
        draft.factors.append(Factor("2", "1", part))


def _remove_factor(draft: Draft, form: FormData, places: list[int]) -> None:
    del form
    if places and places[0] < len(draft.factors):
        del draft.factors[places[0]]


def _fixed(draft: Draft, form: FormData, places: list[int]) -> None:
    del form, places
    draft.texts["effect"] = "fixed"


def _table(draft: Draft, form: FormData, places: list[int]) -> None:
    """Have a decision table; of the columns that are ticked, or of the category to begin with."""
    del places
    draft.texts["effect"] = "table"
    ticked = [one for one in form.getlist("columns") if isinstance(one, str) and one in draft.action.facts]
    if not ticked and not draft.table.columns:
        ticked = ["category" if draft.action.categories else next(iter(draft.action.facts), "")]
    if ticked and ticked[0]:
        draft.table.take_columns(ticked[:COLUMNS_MAX])
    if draft.table.columns == ["category"]:
        draft.table.one_line_each(draft.action)
    if not draft.table.lines:
        draft.table.lines.append(Line([""] * len(draft.table.columns), ""))


def _add_row(draft: Draft, form: FormData, places: list[int]) -> None:
    del form, places
    if len(draft.table.lines) < ROWS_MAX:
        draft.table.lines.append(Line([""] * len(draft.table.columns), ""))


def _remove_row(draft: Draft, form: FormData, places: list[int]) -> None:
    del form
    if places and places[0] < len(draft.table.lines):
        del draft.table.lines[places[0]]


def _row_up(draft: Draft, form: FormData, places: list[int]) -> None:
    del form
    if places and 0 < places[0] < len(draft.table.lines):
        at = places[0]
        draft.table.lines[at - 1 : at + 1] = reversed(draft.table.lines[at - 1 : at + 1])


def _new(code: object, draft: Draft) -> Part | None:
    """Return a new question with what its fields begin with."""
    kind = rule_questions.kind_of(code, draft.action) if isinstance(code, str) else None
    if kind is None or not isinstance(code, str):
        return None
    return Part(code, {one.name: [] if one.sort == "checks" else one.start for one in kind.fields})


_CHANGES: Mapping[str, Callable[[Draft, FormData, list[int]], None]] = {
    "add": _add,
    "remove": _remove,
    "add-factor": _add_factor,
    "remove-factor": _remove_factor,
    "fixed": _fixed,
    "table": _table,
    "add-row": _add_row,
    "remove-row": _remove_row,
    "row-up": _row_up,
}
