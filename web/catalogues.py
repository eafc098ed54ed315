"""The translations, read once from the catalogues under web/locales; English is the sentences themselves."""

import functools
import gettext
import io
from collections.abc import Mapping
from importlib import resources

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("de", "en")
SCANNER_LANGUAGES = (*LANGUAGES, "tr")
"""The scanner speaks more: only its own sentences are translated into the others."""
DOMAIN = "duiscoin"


def load() -> Mapping[str, gettext.NullTranslations]:
    """Return the translations by language; the first time takes some tenths of a second."""
    return {language: _read(language) for language in LANGUAGES}


def load_for_scanner(
    loaded: Mapping[str, gettext.NullTranslations],
) -> Mapping[str, gettext.NullTranslations]:
    """Return the translations for the scanner: those that are loaded, and the languages that only it has."""
    return {language: loaded.get(language) or _read(language) for language in SCANNER_LANGUAGES}


@functools.cache
def _read(language: str) -> gettext.NullTranslations:
    source = resources.files("web") / "locales" / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not source.is_file():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language, domain=DOMAIN))
    compiled.seek(0)
    translation = gettext.GNUTranslations(compiled)
    if language not in LANGUAGES:
        translation.add_fallback(_read(LANGUAGES[0]))
    return translation
