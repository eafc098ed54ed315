"""Refusing: what makes a document no rule, in plain words of the reader's language.

`_` is the reader's gettext function; the English text is the message id (docs/pages.md).
"""

from collections.abc import Mapping
from typing import Any

from rewards.explaining import Gettext


def fault(kind: str, context: Mapping[str, Any], message: str, _: Gettext) -> str:
    """Return what is wrong at one place: pydantic's kind of fault with its context, or a message of ours."""
    sentence = _shape(kind, _) or _sense(message, _)
    return (
        (sentence % dict(context))
        if sentence
        else _("This can't be read: %(message)s") % {"message": message}
    )


def _shape(kind: str, _: Gettext) -> str | None:
    known = {
        "missing": _("Please fill this in."),
        "string_too_short": _("Please fill this in."),
        "none_required": _("Please fill this in."),
        "greater_than_equal": _("At least %(ge)s."),
        "less_than_equal": _("At most %(le)s."),
        "int_type": _("Please give a whole number."),
        "int_from_float": _("Please give a whole number."),
        "string_type": _("Please give a text."),
        "string_too_long": _("At most %(max_length)s characters."),
        "string_pattern_mismatch": _("Small letters, digits and hyphens only, beginning with a letter."),
        "too_short": _("Please choose or add at least %(min_length)s."),
        "too_long": _("At most %(max_length)s are possible."),
        "enum": _("Please choose one of the possibilities."),
        "literal_error": _("Please choose one of the possibilities."),
        "union_tag_invalid": _("Please choose one of the possibilities."),
        "union_tag_not_found": _("Please choose one of the possibilities."),
        "bool_type": _("Please say yes or no."),
        "extra_forbidden": _("This field is not known."),
        "tuple_type": _("Please give a list."),
    }
    return known.get(kind)


def _sense(message: str, _: Gettext) -> str | None:
    known = {
        "control characters are not allowed": _("Control characters are not allowed."),
        "a day is written 2026-03-29": _("Please give a day."),
        "a minute is written 2026-03-29T18:30": _("Please give day and time."),
        "a day of the year is written 03-29": _("Please give a day of the year."),
        "the values of a list are of one type": _("The values of a list are of one kind."),
        "the values of a table are of one type": _("The values of a table are of one kind."),
        "a value stands in the table twice": _("A value stands in the table twice."),
        "a title in German is needed": _("A title in German is needed."),
        "the polygon has no area": _("The area needs at least three corners that are not in one line."),
        "what anyone did is counted of the same action, within days and metres": _(
            "What anyone did is counted for the same action only, within days and metres."
        ),
        "a fact stands in the grid twice": _("A fact stands in the table twice."),
        "each line has one cell for each fact": _("Each line has one cell for each fact."),
        "a cell has a value or bounds": _("A cell has a value or bounds, not both."),
    }
    plain = message.removeprefix("Value error, ")
    if plain.endswith("compares numbers only"):
        return _("Only numbers can be larger or smaller.")
    if plain.startswith("more than"):
        return _("The rule has too many conditions, or too many inside each other.")
    return known.get(plain)
