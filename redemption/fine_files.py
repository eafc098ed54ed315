"""Parking fines as a city publishes them, read without losing a row.

Format: CSV as Offene Daten Köln publishes it; UTF-8 with or without byte-order mark, `;` between fields, one
row a line, columns `datum_von`, `kennzeichen1`, `fahrzeugart`, `fabrikat`, `strasse`, `hausnummer`,
`tatbestand1` to `tatbestand3`, in any order, others allowed. Each line that is not blank becomes a fine or a
refusal. Such a file names no reference and no amount: the reference is derived from the row, the amount comes
from the table of offences.
"""

import csv
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from kernel.errors import Invalid
from redemption import fine_references, offences
from redemption.offences import Offence

SIZE_MAX = 50 * 1024 * 1024
"""Bytes of a file; a month of a city of a million has about 5 MB."""
BERLIN = ZoneInfo("Europe/Berlin")
COLUMNS = (
    "datum_von",
    "kennzeichen1",
    "fahrzeugart",
    "fabrikat",
    "strasse",
    "hausnummer",
    "tatbestand1",
    "tatbestand2",
    "tatbestand3",
)
FIELD_MAX = 120

_OFFENCES = COLUMNS[-3:]
_BOM = b"\xef\xbb\xbf"
_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?", re.ASCII)
_DISTRICT = re.compile(r"[A-ZÄÖÜ]{1,3}")
_CODE = re.compile(r"\d{6}", re.ASCII)


class FineFileRefused(Invalid):
    """The file as a whole can't be read, so no row of it was.

    Codes: `file-too-large`, `file-without-header`, `columns-missing` (with `columns`), `columns-twice`.
    """


@dataclass(frozen=True, slots=True)
class FineRow:
    """One fine. Of the number plate only the registration district is kept, which names nobody."""

    line: int
    """In the file, from 1, counting the header."""
    reference: str
    committed_at: dt.datetime
    """In UTC; the file has local time, and of an hour that a clock change repeats the first is meant."""
    amount_cents: int
    """Of the dearest offence: one act that breaks several rules is fined once (section 19 OWiG)."""
    offence_codes: tuple[str, ...]
    """In the order of the row, each once."""
    district: str | None
    """Registration district of the plate (`K`); None for insurance plates, foreign and other ones."""
    vehicle: str | None
    street: str | None
    house_number: str | None

    @property
    def place(self) -> str:
        """Street and house number, as far as they are known."""
        return " ".join(part for part in (self.street, self.house_number) if part)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that is no usable fine, and why."""

    line: int
    reason: str
    """`not-utf-8`, `malformed-row`, `wrong-field-count`, `control-characters`, `field-too-long`,
    `time-invalid`, `time-does-not-exist`, `offence-missing`, `offence-malformed`, `unknown-offence`."""
    details: Mapping[str, Any] = field(default_factory=dict)


class _RowRefused(Exception):
    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason, details)
        self.reason = reason
        self.details = details


def parse(
    content: bytes,
    *,
    prefix: str,
    table: Mapping[str, Offence] | None = None,
    zone: ZoneInfo = BERLIN,
) -> list[FineRow | Refusal]:
    """Return one result for each row, in the order of the file; `prefix` begins the references.

    A reference depends on the row and on how many rows before it in the file are equal, since equal rows are
    different fines. So the same file, or one to which rows were added at the end, gives the same references.
    Raises FineFileRefused if the file as a whole can't be read.
    """
    if len(content) > SIZE_MAX:
        raise FineFileRefused("file-too-large", size=len(content), maximum=SIZE_MAX)
    known = offences.load() if table is None else table
    lines = _lines(content)
    header = _header(next(lines, (1, b""))[1])
    equal: Counter[str] = Counter()
    results: list[FineRow | Refusal] = []
    for line, raw in lines:
        try:
            row = _row(header, raw)
            canonical = "\x1f".join(row[name] for name in COLUMNS)
            equal[canonical] += 1
            reference = fine_references.derive(prefix, f"{canonical}\x1f{equal[canonical]}")
            results.append(_fine(line, reference, row, known, zone))
        except _RowRefused as refused:
            results.append(Refusal(line, refused.reason, refused.details))
    return results


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    # Line by line and not as one CSV stream: there a stray quotation mark would swallow the rows after it.
    for number, line in enumerate(content.removeprefix(_BOM).split(b"\n"), 1):
        if line.strip() or number == 1:
            yield number, line.removesuffix(b"\r")


def _header(raw: bytes) -> list[str]:
    try:
        names = [name.strip().lower() for name in _fields(raw)]
    except _RowRefused as refused:
        raise FineFileRefused("file-without-header", reason=refused.reason) from refused
    if not any(names):
        raise FineFileRefused("file-without-header", reason="empty")
    if missing := [name for name in COLUMNS if name not in names]:
        raise FineFileRefused("columns-missing", columns=missing)
    if twice := [name for name in COLUMNS if names.count(name) > 1]:
        raise FineFileRefused("columns-twice", columns=twice)
    return names


def _row(header: list[str], raw: bytes) -> dict[str, str]:
    values = _fields(raw)
    if len(values) != len(header):
        raise _RowRefused("wrong-field-count", expected=len(header), found=len(values))
    row = {name: value.strip() for name, value in zip(header, values, strict=True)}
    for name in COLUMNS:
        if not row[name].isprintable():
            raise _RowRefused("control-characters", column=name)
        if len(row[name]) > FIELD_MAX:
            raise _RowRefused("field-too-long", column=name, maximum=FIELD_MAX)
    return row


def _fields(raw: bytes) -> list[str]:
    try:
        return next(csv.reader([raw.decode("utf-8")], delimiter=";", strict=True), [])
    except UnicodeDecodeError as error:
        raise _RowRefused("not-utf-8", offset=error.start) from error
    except csv.Error as error:
        raise _RowRefused("malformed-row", problem=str(error)) from error


def _fine(
    line: int, reference: str, row: Mapping[str, str], known: Mapping[str, Offence], zone: ZoneInfo
) -> FineRow:
    codes = tuple(dict.fromkeys(row[name] for name in _OFFENCES if row[name]))
    if not codes:
        raise _RowRefused("offence-missing")
    if malformed := [code for code in codes if not _CODE.fullmatch(code)]:
        raise _RowRefused("offence-malformed", codes=malformed)
    if unknown := [code for code in codes if code not in known]:
        raise _RowRefused("unknown-offence", codes=unknown)
    plate = row["kennzeichen1"]
    return FineRow(
        line=line,
        reference=reference,
        committed_at=_instant(row["datum_von"], zone),
        amount_cents=max(known[code].amount_cents for code in codes),
        offence_codes=codes,
        district=plate if _DISTRICT.fullmatch(plate) else None,
        vehicle=row["fahrzeugart"] or None,
        street=row["strasse"] or None,
        house_number=row["hausnummer"] or None,
    )


def _instant(text: str, zone: ZoneInfo) -> dt.datetime:
    if not _TIME.fullmatch(text):
        raise _RowRefused("time-invalid", value=text)
    try:
        local = dt.datetime.fromisoformat(text)
        instant = local.replace(tzinfo=zone).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise _RowRefused("time-invalid", value=text) from error
    if instant.astimezone(zone).replace(tzinfo=None) != local:
        raise _RowRefused("time-does-not-exist", value=text)
    return instant
