"""Files of deeds for simulations: CSV or JSON lines, read strictly; what is wrong is named by its line. Pure.

Needed are `person` (any key: it is only told apart), `action` and `at` (ISO 8601, the city's time unless it
says otherwise). May be there: `category`, `latitude`, `longitude` (degrees), `district`, `source`,
`trust_level`, `age_group`, `home`, `evidence`, `outcome` (`confirmed` or `rejected`), and facts: columns
`fact.<name>`, in JSON an object `facts`. Format and example: docs/rules.md.
"""

import csv
import datetime as dt
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kernel.errors import Invalid
from rewards import canonical
from rewards.action_types import ActionType, FactType
from rewards.checking import Place
from rewards.conditions import TrustLevel
from rewards.deeds import Deed
from rewards.events import Person
from rewards.questions import AgeGroup

LINE_MAX = 20_000
"""Characters of a line."""
_NEEDED = ("person", "action", "at")
_KNOWN = frozenset(
    {
        *_NEEDED,
        "category",
        "latitude",
        "longitude",
        "district",
        "source",
        "trust_level",
        "age_group",
        "home",
        "evidence",
        "outcome",
        "facts",
    }
)
_TRUTHS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
_TEXT_MAX = 120
_LATITUDE_MAX, _LONGITUDE_MAX = 90, 180


class DeedFileRefused(Invalid):
    """Nothing of the file can be read.

    Codes: `file-not-utf-8`, `file-columns-missing`, `file-column-unknown`, `file-without-deeds`.
    """


@dataclass(frozen=True, slots=True)
class LineFault:
    """A line that is left out, and why."""

    line: int
    code: str
    details: Mapping[str, Any] = field(default_factory=dict)


class _Wrong(Exception):
    def __init__(self, code: str, **details: object) -> None:
        self.code, self.details = code, details


class Terms(NamedTuple):
    """What a file is read against."""

    actions: Mapping[str, ActionType]
    zone: ZoneInfo


def read(lines: Iterable[str], terms: Terms) -> Iterator[Deed | LineFault]:
    """Yield each line of a file as a deed or as a fault, in the file's order.

    Raises DeedFileRefused.
    """
    rest = iter(lines)
    start = next(rest, "").removeprefix("\ufeff")
    if not start.strip():
        raise DeedFileRefused("file-without-deeds", field="file")
    if start.lstrip().startswith("{"):
        yield from _json_lines(itertools.chain([start], rest), terms)
    else:
        yield from _csv(start, rest, terms)


def decoded(lines: Iterable[bytes]) -> Iterator[str]:
    """Yield lines as text. Raises DeedFileRefused `file-not-utf-8` with the line."""
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            raise DeedFileRefused("file-not-utf-8", field="file", line=number) from None


def _json_lines(lines: Iterable[str], terms: Terms) -> Iterator[Deed | LineFault]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _deed(number, _json(line), terms)
        except _Wrong as wrong:
            yield LineFault(number, wrong.code, wrong.details)


def _json(line: str) -> dict[str, Any]:
    try:
        # Degrees are the only fractions; they come as text so that nothing is rounded twice.
        found = json.loads(line[: LINE_MAX + 1], parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise _Wrong("line-not-json") from None
    if not isinstance(found, dict):
        raise _Wrong("line-not-json")
    if unknown := sorted(found.keys() - _KNOWN):
        raise _Wrong("column-unknown", name=unknown[0][:40])
    return found


def _csv(header: str, lines: Iterable[str], terms: Terms) -> Iterator[Deed | LineFault]:
    delimiter = max(";,\t", key=header.count)
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    if missing := [name for name in _NEEDED if name not in names]:
        raise DeedFileRefused("file-columns-missing", field="file", names=", ".join(missing))
    if unknown := [name for name in names if name not in _KNOWN and not name.startswith("fact.")]:
        raise DeedFileRefused("file-column-unknown", field="file", name=unknown[0][:40])
    reader = csv.reader((line[:LINE_MAX] for line in lines), delimiter=delimiter)
    before = 0
    for row in reader:
        # A quoted text may run over several lines: the entry is named by its first.
        number, before = before + 2, reader.line_num
        if row:
            try:
                yield _deed(number, _values(names, row), terms, texts=True)
            except _Wrong as wrong:
                yield LineFault(number, wrong.code, wrong.details)


def _values(names: list[str], row: list[str]) -> dict[str, Any]:
    if len(row) != len(names):
        raise _Wrong("line-columns", expected=len(names), found=len(row))
    values: dict[str, Any] = {name: text for name, text in zip(names, row, strict=True) if text}
    values["facts"] = {name[5:]: values.pop(name) for name in list(values) if name.startswith("fact.")}
    return values


def _deed(number: int, line: Mapping[str, Any], terms: Terms, *, texts: bool = False) -> Deed:
    action = terms.actions.get(_text(line, "action"))
    if action is None:
        raise _Wrong("action-unknown", action=_text(line, "action")[:60])
    at, place = _instant(_text(line, "at"), terms.zone), _place(line)
    owner, category = _text(line, "person"), _text(line, "category", needed=False)
    if category and action.categories and category not in action.category_codes:
        raise _Wrong("category-unknown", category=category)
    trust = _chosen(line, "trust_level", {level.value for level in TrustLevel}) or TrustLevel.BASIC.value
    source = _text(line, "source", needed=False) or "app"
    facts = {
        "category": category or None,
        "source": source,
        "trust_level": trust,
        "place": place is not None,
        "district": _text(line, "district", needed=False) or None,
        **_facts(line.get("facts", {}), action, texts=texts),
    }
    return Deed(
        number,
        owner,
        action.code,
        {name: value for name, value in facts.items() if value is not None},
        at,
        at,
        place,
        _text(line, "evidence", needed=False) or f"line/{number}",
        _text(line, "district", needed=False) or None,
        source,
        _chosen(line, "outcome", {"confirmed", "rejected"}) != "rejected",
        Person(
            _chosen(line, "age_group", {group.value for group in AgeGroup}) or None,
            _text(line, "home", needed=False) or None,
        ),
    )


def _text(line: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = line.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or value == "":
        if needed:
            raise _Wrong("value-missing", name=name)
        return ""
    if not isinstance(value, str) or len(value) > _TEXT_MAX:
        raise _Wrong("value-wrong", name=name)
    return value.strip()


def _chosen(line: Mapping[str, Any], name: str, values: set[str]) -> str:
    value = _text(line, name, needed=False)
    if value and value not in values:
        raise _Wrong("value-not-one-of", name=name, values=", ".join(sorted(values)))
    return value


def _instant(text: str, zone: ZoneInfo) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise _Wrong("time-unreadable", value=text[:40]) from None


def _place(line: Mapping[str, Any]) -> Place | None:
    texts = [_text(line, name, needed=False) for name in ("latitude", "longitude")]
    if not any(texts):
        return None
    if not all(texts):
        raise _Wrong("place-incomplete")
    try:
        latitude, longitude = (float(text.replace(",", ".")) for text in texts)
    except ValueError:
        raise _Wrong("value-wrong", name="latitude") from None
    if not (abs(latitude) <= _LATITUDE_MAX and abs(longitude) <= _LONGITUDE_MAX):
        raise _Wrong("place-out-of-range")
    return Place(round(latitude * 1_000_000), round(longitude * 1_000_000))


def _facts(found: object, action: ActionType, *, texts: bool) -> dict[str, object]:
    if not isinstance(found, dict):
        raise _Wrong("value-wrong", name="facts")
    return {name: _fact(name, value, action, texts=texts) for name, value in found.items()}


def _fact(name: str, value: object, action: ActionType, *, texts: bool) -> object:
    kind = action.facts.get(name)
    if kind is None:
        raise _Wrong("fact-unknown", fact=str(name)[:40])
    if texts:
        value = _typed(str(value), kind)
    fits = type(value) is kind.python_type and (kind is not FactType.DAY or _is_day(str(value)))
    if not fits or (type(value) is int and abs(value) > canonical.WHOLE_MAX):
        raise _Wrong("value-type-wrong", fact=name, type=kind.value)
    return value


def _typed(text: str, kind: FactType) -> object:
    if kind is FactType.TRUTH:
        return _TRUTHS.get(text.strip().lower())
    if kind is FactType.NUMBER:
        try:
            return int(text)
        except ValueError:
            return None
    return text.strip()


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
