"""Answers to an action's questions, as fields of a form: `fact_<name>`."""

from collections.abc import Mapping
from typing import Any

from kernel.errors import Invalid
from rewards.action_types import ActionType, FactType

PREFIX = "fact_"
_TRUTH = {"yes": True, "no": False}
_TEXT_MAX = 200
_DIGITS_MAX = 9


def read(action: ActionType, form: Mapping[str, Any]) -> dict[str, bool | int | str]:
    """Return what was answered; a question left open is no fact. Raises Invalid."""
    found: dict[str, bool | int | str] = {}
    for name in action.questions:
        text = str(form.get(PREFIX + name, "")).strip()
        if text:
            found[name] = _value(action.facts[name], name, text)
    return found


def typed(form: Mapping[str, Any]) -> dict[str, str]:
    """Return what was typed, to be shown again."""
    return {name: value for name, value in form.items() if name.startswith(PREFIX) and isinstance(value, str)}


def _value(kind: FactType, name: str, text: str) -> bool | int | str:
    if kind is FactType.TRUTH and text in _TRUTH:
        return _TRUTH[text]
    if kind is FactType.NUMBER and text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX:
        return int(text)
    if kind in {FactType.TEXT, FactType.DAY} and len(text) <= _TEXT_MAX:
        return text
    if kind is FactType.NUMBER:
        raise Invalid("answer-not-a-number", field=PREFIX + name)
    raise Invalid("answer-invalid", field=PREFIX + name)
