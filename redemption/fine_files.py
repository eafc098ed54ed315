"""Parking fines as a city publishes them, read without losing a row.

Format: CSV as Offene Daten Köln publishes it (`city_files`), columns `datum_von`, `kennzeichen1`,
`fahrzeugart`, `fabrikat`, `strasse`, `hausnummer`, `tatbestand1` to `tatbestand3`. Such a file names no
reference and no amount: the reference is derived from the row, the amount comes from the table of offences.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from redemption import city_files, fine_references, offences
from redemption.city_files import Refusal, RowRefused
from redemption.offences import Offence

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

_OFFENCES = COLUMNS[-3:]
_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?", re.ASCII)
_DISTRICT = re.compile(r"[A-ZÄÖÜ]{1,3}")
_CODE = re.compile(r"\d{6}", re.ASCII)


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
    Refused besides what `city_files` refuses: `time-invalid`, `time-does-not-exist`, `offence-missing`,
    `offence-malformed`, `unknown-offence`. Raises city_files.FileRefused if the file as a whole can't be
    read.
    """
    known = offences.load() if table is None else table
    equal: Counter[str] = Counter()
    results: list[FineRow | Refusal] = []
    for line, row in city_files.rows(content, COLUMNS):
        if isinstance(row, Refusal):
            results.append(row)
            continue
        try:
            canonical = "\x1f".join(row[name] for name in COLUMNS)
            equal[canonical] += 1
            reference = fine_references.derive(prefix, f"{canonical}\x1f{equal[canonical]}")
            results.append(_fine(line, reference, row, known, zone))
        except RowRefused as refused:
            results.append(Refusal(line, refused.reason, refused.details))
    return results


def _fine(
    line: int, reference: str, row: Mapping[str, str], known: Mapping[str, Offence], zone: ZoneInfo
) -> FineRow:
    codes = tuple(dict.fromkeys(row[name] for name in _OFFENCES if row[name]))
    if not codes:
        raise RowRefused("offence-missing")
    if malformed := [code for code in codes if not _CODE.fullmatch(code)]:
        raise RowRefused("offence-malformed", codes=malformed)
    if unknown := [code for code in codes if code not in known]:
        raise RowRefused("unknown-offence", codes=unknown)
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
        raise RowRefused("time-invalid", value=text)
    try:
        local = dt.datetime.fromisoformat(text)
        instant = local.replace(tzinfo=zone).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise RowRefused("time-invalid", value=text) from error
    if instant.astimezone(zone).replace(tzinfo=None) != local:
        raise RowRefused("time-does-not-exist", value=text)
    return instant
