"""Entries of the postbox in the reader's language."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from gettext import NullTranslations
from typing import Any

from api.wording.letters import LETTERS, UNKNOWN, Letter
from identity.postbox import Entry
from kernel.cities import City
from web import formats


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: in which language and city."""

    language: str
    translation: NullTranslations
    city: City

    def say(self, sentence: str) -> str:
        """Return a sentence in the reader's language."""
        return self.translation.gettext(sentence)

    def points(self, value: int) -> str:
        """Return 120 points."""
        text = self.translation.ngettext("%(num)s point", "%(num)s points", value)
        return text % {"num": formats.number(value, self.language)}

    def euros(self, amount_cents: int) -> str:
        """Return an amount."""
        return formats.euros(amount_cents, self.language)

    def instant(self, value: dt.datetime) -> str:
        """Return day and time in the city's time zone."""
        return formats.instant(value, self.language, self.city.timezone)

    def until(self, value: dt.datetime) -> str:
        """Return the last moment before an exclusive end."""
        return formats.until(value, self.language, self.city.timezone)


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as it is read."""

    title: str
    text: str
    pictogram: str
    path: str
    """Where it leads; empty if nowhere."""


def told(entry: Entry, reader: Reader) -> Told:
    """Return what an entry says to this reader."""
    letter = LETTERS.get(entry.code, UNKNOWN)
    facts = _Facts(_readable(entry.facts, reader))
    say = reader.say
    title, text = _sentences(letter, entry.facts)
    return Told(
        title=say(title).format_map(facts),
        text=say(text).format_map(facts),
        pictogram=letter.pictogram,
        path=_path(letter.path, entry.facts),
    )


def _sentences(letter: Letter, facts: Mapping[str, Any]) -> tuple[str, str]:
    if letter.without_points and facts.get("points") == 0:
        return letter.without_points
    if letter.without_euros and facts.get("paid_cents") == 0:
        return letter.without_euros
    return letter.title, letter.text


def _path(pattern: str, facts: Mapping[str, Any]) -> str:
    try:
        return pattern.format(**facts)
    except KeyError:
        return ""


def _readable(facts: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    readable: dict[str, str] = {}
    for name, value in facts.items():
        if name == "titles":
            readable["title"] = formats.localized(value, reader.language)
        elif name.endswith(("_at", "_until")):
            write = reader.until if name.endswith("_until") else reader.instant
            readable[name] = write(dt.datetime.fromisoformat(value))
        elif name.endswith("_cents"):
            readable[name] = reader.euros(value)
        elif name == "points":
            readable[name] = reader.points(value)
        elif isinstance(value, Mapping):
            readable[name] = formats.localized(value, reader.language)
        else:
            readable[name] = str(value)
    parts = [readable[name] for name in ("points", "paid_cents") if facts.get(name)]
    return readable | {"price": " + ".join(parts) or reader.euros(0)}


class _Facts(dict[str, str]):
    """Facts for a sentence; one that is missing shows as a hyphen instead of failing."""

    def __missing__(self, key: str) -> str:
        return "-"
