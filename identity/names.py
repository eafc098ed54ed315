"""Names of persons and systems as they are kept: one line that every database can store. Pure."""

import unicodedata

_NOT_TEXT = {"Cc", "Cs"}
"""Unicode categories of control characters and of halves of characters; PostgreSQL refuses some of them."""


def tidy(text: str) -> str:
    """Return `text` on one line with single spaces; control characters count as spaces."""
    spaced = "".join(" " if unicodedata.category(character) in _NOT_TEXT else character for character in text)
    return " ".join(spaced.split())
