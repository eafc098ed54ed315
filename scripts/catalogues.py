"""Keeps the translations complete: `check` lists what is missing, `update` adds what is new.

Sentences are English in code and templates, inside `_("...")` and its kin; each language has a catalogue in
web/locales/<language>/LC_MESSAGES/duiscoin.po. English is complete by itself and needs none.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

from api import sentences as refusals
from api.wording import scanner

ROOT = Path(__file__).parent.parent
LOCALES = ROOT / "web" / "locales"
FOLDERS = ("api", "identity", "kernel", "ledger", "merchants", "redemption", "rewards", "web")
LANGUAGES = {"de", "tr"}
"""Languages that must be complete: Turkish for the scanner, the others for everything."""
SCANNER_ALONE = {"tr"}
SCANNER_MODULES = {"api/verdicts.py", "api/wording/scan_logs.py"}
"""Sentences that the scanner shows besides its own."""
METHODS = [("**.py", "python"), ("**/templates/**", "jinja2"), ("templates/**", "jinja2")]
OPTIONS = {
    "**/templates/**": {"trimmed": "true", "silent": "false"},
    "templates/**": {"trimmed": "true", "silent": "false"},
}
_FAMILIAR = {"de": re.compile(r"\b([Dd]u|[Dd]ein(e[mnrs]?)?|[Dd]ich|[Dd]ir)\b")}
"""How a language speaks to a friend: a city says "Sie"."""
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")


def sentences() -> Catalog:
    """Return every sentence that code and templates say to a human."""
    catalogue = Catalog(project="Duiscoin", charset="utf-8", fuzzy=False)
    for folder in FOLDERS:
        found = extract_from_dir(
            ROOT / folder, METHODS, OPTIONS, comment_tags=("Translators:",), strip_comment_tags=True
        )
        for name, line, message, comments, context in found:
            catalogue.add(
                message, locations=[(f"{folder}/{name}", line)], auto_comments=comments, context=context
            )
    return catalogue


def wanted_in(language: str, everything: Catalog) -> Catalog:
    """Return the sentences that a language has to have."""
    if language not in SCANNER_ALONE:
        return everything
    said = set(scanner.words().values()) | {refusals.SENTENCES[code] for code in scanner.REFUSALS}
    catalogue = Catalog(project="Duiscoin", charset="utf-8", fuzzy=False)
    for message in everything:
        if message.id in said or SCANNER_MODULES & {name for name, _ in message.locations}:
            catalogue.add(message.id, locations=message.locations, context=message.context)
    return catalogue


def paths() -> list[Path]:
    """Return the catalogues of all languages."""
    return sorted(LOCALES.glob("*/LC_MESSAGES/duiscoin.po"))


def load(path: Path) -> Catalog:
    """Read a catalogue; its folder says the language."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain="duiscoin", abort_invalid=True)


def faults(path: Path, wanted: Catalog) -> Iterator[str]:
    """Yield what is missing or wrong in a catalogue."""
    catalogue = load(path)
    for message in wanted_in(path.parts[-3], wanted):
        if not message.id:
            continue
        translation = catalogue.get(message.id, message.context)
        where = f"{message.locations[0][0]}:{message.locations[0][1]}"
        if translation is None or not all(_texts(translation.string)):
            yield f"not translated: {message.id!r} ({where})"
        elif translation.fuzzy:
            yield f"marked as uncertain: {message.id!r} ({where})"
        else:
            yield from _placeholder_faults(translation)
            yield from _familiar_faults(translation, path.parts[-3])
    compiled = path.with_suffix(".mo")
    if compiled.exists() and compiled.read_bytes() != _compiled(catalogue):
        yield f"{compiled.name} is older than {path.name}: run scripts/catalogues.py update"


def _placeholder_faults(message: Message) -> Iterator[str]:
    known = {name for text in _texts(message.id) for name in _PLACEHOLDER.findall(text)}
    for text in _texts(message.string):
        if unknown := set(_PLACEHOLDER.findall(text)) - known:
            yield f"{sorted(unknown)} in the translation alone: {message.id!r}"
        # A plural form may spell its number out; a sentence without forms must use all that it is given.
        if isinstance(message.id, str) and (lost := known - set(_PLACEHOLDER.findall(text))):
            yield f"{sorted(lost)} lost in the translation: {message.id!r}"


def _familiar_faults(message: Message, language: str) -> Iterator[str]:
    if (familiar := _FAMILIAR.get(language)) and any(map(familiar.search, _texts(message.string))):
        yield f"too familiar, people are addressed formally: {message.id!r}"


def _texts(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _compiled(catalogue: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    buffer.seek(0)
    read_mo(buffer)
    return buffer.getvalue()


def check() -> int:
    """Print each fault; return the exit code."""
    wanted = sentences()
    found = [f"no catalogue for {missing}" for missing in LANGUAGES - {path.parts[-3] for path in paths()}]
    found += [f"{path.relative_to(ROOT)}: {fault}" for path in paths() for fault in faults(path, wanted)]
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"{len(wanted)} sentences, {len(paths())} catalogues, {len(found)} faults")
    return 1 if found else 0


def update() -> int:
    """Add new sentences to each catalogue, untranslated, and compile those that are kept compiled."""
    wanted = sentences()
    for path in paths():
        catalogue = load(path)
        catalogue.update(wanted_in(path.parts[-3], wanted), no_fuzzy_matching=True)
        with path.open("wb") as file:
            write_po(file, catalogue, width=110, sort_output=True, ignore_obsolete=True, no_location=True)
        if (compiled := path.with_suffix(".mo")).exists():
            compiled.write_bytes(_compiled(catalogue))
    return check()


if __name__ == "__main__":
    commands = {"check": check, "update": update}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:  # noqa: PLR2004 -- the program's name and one command
        sys.exit("usage: scripts/catalogues.py check|update")
    sys.exit(commands[sys.argv[1]]())
