"""CSV files as cities publish them, read row by row so that none is lost.

UTF-8 with or without byte-order mark, `;` between fields, one row a line, columns in any order, others
allowed. Each line that is not blank becomes a row or a refusal.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kernel.errors import Invalid

SIZE_MAX = 50 * 1024 * 1024
"""Bytes of a file; a month of fines of a city of a million has about 5 MB."""
FIELD_MAX = 120

_BOM = b"\xef\xbb\xbf"


class FileRefused(Invalid):
    """The file as a whole can't be read, so no row of it was.

    Codes: `file-too-large`, `file-without-header`, `columns-missing` (with `columns`), `columns-twice`.
    """


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that can't be used, and why."""

    line: int
    """In the file, from 1, counting the header."""
    reason: str
    """`not-utf-8`, `malformed-row`, `wrong-field-count`, `control-characters`, `field-too-long`, or what the
    kind of file adds."""
    details: Mapping[str, Any] = field(default_factory=dict)


class RowRefused(Exception):
    """One row can't be used."""

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason, details)
        self.reason = reason
        self.details = details


def rows(content: bytes, columns: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str] | Refusal]]:
    """Give each row that is not blank, by its line. Raises FileRefused before the first one."""
    if len(content) > SIZE_MAX:
        raise FileRefused("file-too-large", size=len(content), maximum=SIZE_MAX)
    lines = _lines(content)
    header = _header(next(lines, (1, b""))[1], columns)
    for line, raw in lines:
        try:
            yield line, _row(header, raw, columns)
        except RowRefused as refused:
            yield line, Refusal(line, refused.reason, refused.details)


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    # Line by line and not as one CSV stream: there a stray quotation mark would swallow the rows after it.
    for number, line in enumerate(content.removeprefix(_BOM).split(b"\n"), 1):
        if line.strip() or number == 1:
            yield number, line.removesuffix(b"\r")


def _header(raw: bytes, columns: Sequence[str]) -> list[str]:
    try:
        names = [name.strip().lower() for name in _fields(raw)]
    except RowRefused as refused:
        raise FileRefused("file-without-header", reason=refused.reason) from refused
    if not any(names):
        raise FileRefused("file-without-header", reason="empty")
    if missing := [name for name in columns if name not in names]:
        raise FileRefused("columns-missing", columns=missing)
    if twice := [name for name in columns if names.count(name) > 1]:
        raise FileRefused("columns-twice", columns=twice)
    return names


def _row(header: list[str], raw: bytes, columns: Sequence[str]) -> dict[str, str]:
    values = _fields(raw)
    if len(values) != len(header):
        raise RowRefused("wrong-field-count", expected=len(header), found=len(values))
    row = {name: value.strip() for name, value in zip(header, values, strict=True)}
    for name in columns:
        if not row[name].isprintable():
            raise RowRefused("control-characters", column=name)
        if len(row[name]) > FIELD_MAX:
            raise RowRefused("field-too-long", column=name, maximum=FIELD_MAX)
    return row


def _fields(raw: bytes) -> list[str]:
    try:
        return next(csv.reader([raw.decode("utf-8")], delimiter=";", strict=True), [])
    except UnicodeDecodeError as error:
        raise RowRefused("not-utf-8", offset=error.start) from error
    except csv.Error as error:
        raise RowRefused("malformed-row", problem=str(error)) from error
