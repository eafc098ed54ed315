"""Error codes as sentences of the reader's language: what is wrong and what to do.

Placeholders in braces are filled from the error's details. A code without a sentence is a defect that
`tests/api/test_sentences.py` finds.
"""

from collections.abc import Mapping
from gettext import NullTranslations

from api.wording import (
    acting,
    banking,
    books,
    earning,
    edge,
    hubs,
    log,
    paying,
    people,
    presented,
    simulating,
    spending,
    tags,
    venues,
)
from kernel.errors import DomainError

SENTENCES: Mapping[str, str] = {
    **acting.SENTENCES,
    **banking.SENTENCES,
    **books.SENTENCES,
    **earning.SENTENCES,
    **edge.SENTENCES,
    **hubs.SENTENCES,
    **log.SENTENCES,
    **paying.SENTENCES,
    **people.SENTENCES,
    **presented.SENTENCES,
    **simulating.SENTENCES,
    **spending.SENTENCES,
    **tags.SENTENCES,
    **venues.SENTENCES,
}


def of(error: DomainError, translation: NullTranslations) -> str:
    """Return the sentence for a refusal."""
    return by_code(error.code, error.details, translation)


def by_code(code: str, details: Mapping[str, object], translation: NullTranslations) -> str:
    """Return the sentence for a code; for an unknown one a general sentence with the code."""
    sentence = SENTENCES.get(code)
    if sentence is None:
        return translation.gettext(edge.GENERAL).format(code=code)
    return translation.gettext(sentence).format_map(_Filled(details))


class _Filled(dict[str, object]):
    """Details for a sentence; one that the error does not carry shows as a hyphen instead of failing."""

    def __init__(self, details: Mapping[str, object]) -> None:
        super().__init__(details)

    def __missing__(self, key: str) -> str:
        return "-"
