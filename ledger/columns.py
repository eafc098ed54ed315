"""Reading many rows as columns: arrays instead of one object per value.

On PostgreSQL rows come by binary COPY (PostgreSQL documentation, COPY, section Binary Format), which costs
server and client half of what a query costs; elsewhere by a plain query without conversions of values.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from kernel import bulk
from kernel.db import Reading, UtcDateTime

Numbers = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

UUID_BYTES = 16
_COPY_HEADER_BYTES = 19
_COPY_TRAILER = b"\xff\xff"
_LENGTH_BYTES = 4
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_POSTGRESQL_DAY_ZERO = dt.date(2000, 1, 1).toordinal() - _EPOCH_DAY
_POSTGRESQL_EPOCH_MICROS = _POSTGRESQL_DAY_ZERO * 86_400_000_000


class Texts(NamedTuple):
    """A column of texts: where each lies in one run of UTF-8 bytes."""

    data: Bytes
    starts: Numbers
    lengths: Numbers

    def chosen(self, rows: Numbers, length: int) -> Bytes:
        """Return the texts of some rows that are all `length` bytes long, a row each."""
        found: Bytes = self.data[self.starts[rows][:, None] + np.arange(length)]
        return found

    def strings(self) -> list[str]:
        """Return all texts."""
        whole = self.data.tobytes()
        ends = (self.starts + self.lengths).tolist()
        return [whole[start:end].decode() for start, end in zip(self.starts.tolist(), ends, strict=True)]


@dataclass(slots=True)
class Columns:
    """Rows as columns, by the names of the columns.

    `numbers` holds integers, dates (days since 1970) and instants (microseconds since 1970 UTC); `binary`
    UUIDs and byte strings of a fixed width, a row each; `present` says for nullable columns where there is a
    value (elsewhere the value is 0).
    """

    count: int
    numbers: dict[str, Numbers] = field(default_factory=dict)
    binary: dict[str, Bytes] = field(default_factory=dict)
    texts: dict[str, Texts] = field(default_factory=dict)
    present: dict[str, Flags] = field(default_factory=dict)


def read(reading: Reading, statement: sa.Select[Any], columns: Sequence[sa.Column[Any]]) -> Columns:
    """Return the rows of a statement that selects exactly `columns`; its values are written into it.

    Nullable columns and texts must stand behind all others. Raises ValueError for a value that is not of its
    column's type and width.
    """
    if reading.connection.dialect.name == "postgresql":
        return _read_copy(reading.connection, statement, columns)
    compiled = statement.compile(dialect=reading.connection.dialect)
    parameters = compiled.construct_params()
    found = reading.connection.exec_driver_sql(
        str(compiled), tuple(parameters[name] for name in compiled.positiontup or ())
    )
    rows = [tuple(row) for row in found]
    result = Columns(len(rows))
    for place, column in enumerate(columns):
        _add_plain(result, column, [row[place] for row in rows])
    return result


def _add_plain(result: Columns, column: sa.Column[Any], values: list[Any]) -> None:
    """Add a column of values as SQLAlchemy's dialect for SQLite stores them."""
    name = column.name
    if column.nullable:
        result.present[name] = np.array([value is not None for value in values], dtype=np.bool_)
    width = _width(column)
    if isinstance(column.type, sa.Uuid):
        hexes = "".join("0" * 32 if value is None else value for value in values)
        result.binary[name] = _matrix(bytes.fromhex(hexes), len(values), width)
    elif isinstance(column.type, sa.LargeBinary):
        result.binary[name] = _matrix(b"".join(values), len(values), width)
    elif isinstance(column.type, UtcDateTime):
        result.numbers[name] = _remembered(values, _micros_of_text)
    elif isinstance(column.type, sa.Date):
        result.numbers[name] = _remembered(values, _day_of_text)
    elif isinstance(column.type, sa.String):
        encoded = [value.encode() for value in values]
        lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
        data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        result.texts[name] = Texts(data, np.cumsum(lengths) - lengths, lengths)
    else:
        result.numbers[name] = np.array(values, dtype=np.int64)


def _remembered(values: Iterable[str | None], convert: Any) -> Numbers:
    values = list(values)
    known = {value: 0 if value is None else convert(value) for value in set(values)}
    return np.array([known[value] for value in values], dtype=np.int64)


def _micros_of_text(text: str) -> int:
    at = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _day_of_text(text: str) -> int:
    return dt.date.fromisoformat(text).toordinal() - _EPOCH_DAY


def _matrix(data: bytes, count: int, width: int) -> Bytes:
    return np.frombuffer(data, dtype=np.uint8).reshape(count, width)


def _width(column: sa.Column[Any]) -> int:
    """Return the bytes that a value takes in the binary format; 0 if that varies."""
    kind = column.type
    if isinstance(kind, sa.Uuid):
        return UUID_BYTES
    if isinstance(kind, sa.LargeBinary):
        return int(kind.length or 0)
    if isinstance(kind, sa.String):
        return 0
    if isinstance(kind, (sa.BigInteger, UtcDateTime)):
        return 8
    return 4


def _read_copy(
    connection: sa.Connection, statement: sa.Select[Any], columns: Sequence[sa.Column[Any]]
) -> Columns:
    literal = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    rows = list(bulk.copy_out(connection, f"COPY ({literal}) TO STDOUT (FORMAT BINARY)"))
    # The header comes with the first row, the trailer on its own.
    rows[0] = rows[0][_COPY_HEADER_BYTES:]
    rows = [row for row in rows if row not in {b"", _COPY_TRAILER}]
    fixed = list(itertools.takewhile(lambda column: _width(column) and not column.nullable, columns))
    result = Columns(len(rows))
    start = _add_fixed(result, fixed, rows)
    _add_varying(result, columns[len(fixed) :], rows, start)
    return result


def _add_fixed(result: Columns, columns: Sequence[sa.Column[Any]], rows: Sequence[bytes]) -> int:
    """Add the leading columns, whose values lie at the same place in each row; return where they end."""
    form: list[tuple[Any, ...]] = [("fields", ">i2")]
    for column in columns:
        width = _width(column)
        form.append((f"length {column.name}", ">i4"))
        form.append((column.name, "u1", (width,)) if _is_binary(column) else (column.name, f">i{width}"))
    layout = np.dtype(form)
    table = np.frombuffer(b"".join([row[: layout.itemsize] for row in rows]), dtype=layout)
    for column in columns:
        if (table[f"length {column.name}"] != _width(column)).any():
            msg = f"a value of {column.name} has another width"
            raise ValueError(msg)
        if _is_binary(column):
            result.binary[column.name] = np.ascontiguousarray(table[column.name])
        else:
            result.numbers[column.name] = table[column.name].astype(np.int64) + _zero(column)
    return layout.itemsize


def _add_varying(
    result: Columns, columns: Sequence[sa.Column[Any]], rows: Sequence[bytes], start: int
) -> None:
    """Add the columns whose places vary, walking through all rows at once."""
    data = np.frombuffer(b"".join(rows), dtype=np.uint8)
    sizes = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    places = np.cumsum(sizes) - sizes + start
    for column in columns:
        lengths = data[places[:, None] + np.arange(_LENGTH_BYTES)].view(">i4")[:, 0].astype(np.int64)
        places = places + _LENGTH_BYTES
        present = lengths >= 0
        lengths = np.maximum(lengths, 0)
        if column.nullable:
            result.present[column.name] = present
        width = _width(column)
        if not width:
            result.texts[column.name] = Texts(data, places, lengths)
        else:
            values = np.zeros((len(rows), width), dtype=np.uint8)
            values[present] = data[places[present][:, None] + np.arange(width)]
            if _is_binary(column):
                result.binary[column.name] = values
            else:
                numbers = values.view(f">i{width}")[:, 0].astype(np.int64) + _zero(column)
                result.numbers[column.name] = np.where(present, numbers, 0)
        places = places + lengths


def _is_binary(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, (sa.Uuid, sa.LargeBinary))


def _zero(column: sa.Column[Any]) -> int:
    """Return what PostgreSQL's 0 is in this column (its epoch is the year 2000)."""
    if isinstance(column.type, UtcDateTime):
        return _POSTGRESQL_EPOCH_MICROS
    return _POSTGRESQL_DAY_ZERO if isinstance(column.type, sa.Date) else 0
