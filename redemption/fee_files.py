"""Fees that a city wants paid, read without losing a row.

Format: CSV (`city_files`), columns `kassenzeichen`, `datum` (of the notice), `betrag` (in euros),
`bezeichnung` and `ort`. The reference is derived from the city's own number, so that the same fee always has
the same one.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from redemption import city_files, fine_references
from redemption.city_files import Refusal, RowRefused
from redemption.fine_files import BERLIN

COLUMNS = ("kassenzeichen", "datum", "betrag", "bezeichnung", "ort")
CENTS_MAX = 10_000_000
TITLE_MAX = 80

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,6})(?:[.,](\d{2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FeeRow:
    """One fee."""

    line: int
    """In the file, from 1, counting the header."""
    number: str
    """The city's own number of it (Kassenzeichen)."""
    reference: str
    due_since: dt.datetime
    amount_cents: int
    title: str
    place: str


def parse(content: bytes, *, prefix: str, zone: ZoneInfo = BERLIN) -> list[FeeRow | Refusal]:
    """Return one result for each row, in the order of the file; `prefix` begins the references.

    Refused besides what `city_files` refuses: `number-missing`, `number-twice`, `date-invalid`,
    `amount-invalid`, `title-invalid`. Raises city_files.FileRefused if the file as a whole can't be read.
    """
    seen: set[str] = set()
    results: list[FeeRow | Refusal] = []
    for line, row in city_files.rows(content, COLUMNS):
        if isinstance(row, Refusal):
            results.append(row)
            continue
        number = row["kassenzeichen"]
        if number in seen:
            results.append(Refusal(line, "number-twice", {"number": number}))
            continue
        try:
            results.append(_fee(line, row, prefix, zone))
        except RowRefused as refused:
            results.append(Refusal(line, refused.reason, refused.details))
        else:
            seen.add(number)
    return results


def _fee(line: int, row: Mapping[str, str], prefix: str, zone: ZoneInfo) -> FeeRow:
    number, title = row["kassenzeichen"], row["bezeichnung"]
    if not number:
        raise RowRefused("number-missing")
    if not 0 < len(title) <= TITLE_MAX:
        raise RowRefused("title-invalid", maximum=TITLE_MAX)
    return FeeRow(
        line=line,
        number=number,
        reference=fine_references.derive(prefix, f"fee\x1f{number}"),
        due_since=_day(row["datum"], zone),
        amount_cents=_cents(row["betrag"]),
        title=title,
        place=row["ort"],
    )


def _day(text: str, zone: ZoneInfo) -> dt.datetime:
    try:
        day = dt.date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise RowRefused("date-invalid", value=text)
    # Noon: the same day wherever it is shown.
    return dt.datetime.combine(day, dt.time(12), zone).astimezone(dt.UTC)


def _cents(text: str) -> int:
    found = _AMOUNT.fullmatch(text)
    cents = int(found[1]) * 100 + int(found[2] or 0) if found else 0
    if not 0 < cents <= CENTS_MAX:
        raise RowRefused("amount-invalid", value=text, maximum=CENTS_MAX)
    return cents
