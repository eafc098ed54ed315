"""Whole numbers that people type into forms: what is none becomes a number that every limit refuses.

So the refusal comes from the use case, at its field and in its words, and what was typed stays.
"""

from typing import Final

NONE: Final = -1
_DIGITS_MAX: Final = 7


def whole(text: str) -> int:
    """Return a typed whole number, or NONE."""
    typed = text.strip()
    return int(typed[:_DIGITS_MAX]) if typed.isascii() and typed.isdigit() else NONE
