"""Many rows in one statement: membership in a list bound as one value, and inserting by COPY.

A thousand bound parameters cost a database and its driver more than the rows that they name, so a list goes
over as one text; on PostgreSQL rows go in by binary COPY, packed column by column (reference: PostgreSQL
documentation, COPY, section Binary Format), elsewhere by one prepared INSERT.
"""

import contextlib
import datetime as dt
import itertools
import json
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from kernel.db import Reading, UtcDateTime, Work

_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_COPY_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_LENGTH = struct.Struct(">i")
_JSONB_VERSION = b"\1"
_POSTGRESQL_DAY_ZERO = dt.date(2000, 1, 1).toordinal()
_POSTGRESQL_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_CHUNK = 128
"""Rows packed at a time, so that the server works while the next ones are packed."""


class _Array(bytes):
    """A list in PostgreSQL's binary form of a one-dimensional array, without nulls."""


class _UuidArray(_Array):
    pass


class _NumberArray(_Array):
    pass


class _TextArray(_Array):
    pass


def _array_dumper(array: type[_Array], element: str) -> None:
    """Let the driver send an array as it is; a type of its own tells the server what it is."""
    info = psycopg.adapters.types[element]

    class ArrayDumper(psycopg.adapt.Dumper):
        oid = info.array_oid
        format = psycopg.pq.Format.BINARY

        def dump(self, value: _Array) -> bytes:
            return _ARRAY.pack(1, 0, info.oid, int.from_bytes(value[:4]), 1) + value[4:]

    psycopg.adapters.register_dumper(array, ArrayDumper)


_ARRAY = struct.Struct(">iiIii")
_NUMBER = struct.Struct(">iq")
for _array, _name in ((_UuidArray, "uuid"), (_NumberArray, "int8"), (_TextArray, "text")):
    _array_dumper(_array, _name)


class Members(sa.types.TypeDecorator[Any]):
    """A list of values of one SQL type (`uuid`, `int8`, `text`), bound as one value: see `any_of`."""

    impl = sa.String
    cache_ok = True

    def __init__(self, element: str) -> None:
        super().__init__()
        self.element = element

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Say nothing to PostgreSQL, whose driver knows the type of an array."""
        return dialect.type_descriptor(sa.types.NullType() if dialect.name == "postgresql" else sa.String())

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Write the list as a binary array (PostgreSQL) or as JSON."""
        members = list(value)
        if dialect.name != "postgresql":
            plain = [member.hex for member in members] if self.element == "uuid" else members
            return json.dumps(plain, ensure_ascii=False)
        count = _LENGTH.pack(len(members))
        if self.element == "uuid":
            return _UuidArray(count + b"".join([b"\0\0\0\x10" + member.bytes for member in members]))
        if self.element == "int8":
            return _NumberArray(count + b"".join(map(_NUMBER.pack, itertools.repeat(8), members)))
        return _TextArray(count + b"".join([_field(member.encode()) for member in members]))


def _element(kind: sa.types.TypeEngine[Any]) -> str:
    if isinstance(kind, sa.Uuid):
        return "uuid"
    return "int8" if isinstance(kind, sa.Integer) else "text"


class any_of(FunctionElement[bool]):  # noqa: N801 -- reads as the SQL function that it stands for
    """Whether a column is a member of the list bound under `name`: one statement for any length."""

    inherit_cache = True
    name = "any_of"
    type = sa.Boolean()

    def __init__(self, column: sa.ColumnElement[Any], name: str) -> None:
        super().__init__(column, sa.bindparam(name, type_=Members(_element(column.type))))

    def self_group(self, against: Any = None) -> "any_of":
        """Stand in a condition as it is: SQLite would be asked for `... = 1`, and then uses no index."""
        del against
        return self


@compiles(any_of)
def _compile_any_of(element: any_of, compiler: SQLCompiler, **arguments: Any) -> str:
    column, members = element.clauses
    left = compiler.process(column, **arguments)
    right = compiler.process(members, **arguments)
    return f"{left} IN (SELECT value FROM json_each({right}))"


@compiles(any_of, "postgresql")
def _compile_any_of_postgresql(element: any_of, compiler: SQLCompiler, **arguments: Any) -> str:
    column, members = element.clauses
    left = compiler.process(column, **arguments)
    right = compiler.process(members, **arguments)
    return f"{left} = ANY ({right})"


class _Rows(sa.types.TypeDecorator[Any]):
    """Rows of texts and numbers, bound as one value: see `any_row_of`."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Write the rows as JSON."""
        del dialect
        return json.dumps([tuple(row) for row in value], ensure_ascii=False)


class any_row_of(FunctionElement[bool]):  # noqa: N801 -- reads as `any_of`
    """Whether columns of texts and numbers are, together, one of the rows bound under `name`.

    1,000 pairs as a list of parameters take PostgreSQL half a second.
    """

    inherit_cache = True
    name = "any_row_of"
    type = sa.Boolean()

    def __init__(self, columns: Sequence[sa.ColumnElement[Any]], name: str) -> None:
        super().__init__(*columns, sa.bindparam(name, type_=_Rows()))

    def self_group(self, against: Any = None) -> "any_row_of":
        """Stand in a condition as it is, as `any_of` does."""
        del against
        return self


@compiles(any_row_of)
def _compile_any_row_of(element: any_row_of, compiler: SQLCompiler, **arguments: Any) -> str:
    *columns, rows = element.clauses
    left = ", ".join(compiler.process(column, **arguments) for column in columns)
    fields = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(columns)))
    return f"({left}) IN (SELECT {fields} FROM json_each({compiler.process(rows, **arguments)}))"


@compiles(any_row_of, "postgresql")
def _compile_any_row_of_postgresql(element: any_row_of, compiler: SQLCompiler, **arguments: Any) -> str:
    *columns, rows = element.clauses
    left = ", ".join(compiler.process(column, **arguments) for column in columns)
    fields = ", ".join(
        f"CAST(value ->> {place} AS {_element(column.type)})" for place, column in enumerate(columns)
    )
    listed = f"json_array_elements(CAST({compiler.process(rows, **arguments)} AS json))"
    return f"({left}) IN (SELECT {fields} FROM {listed} AS value)"


@contextlib.contextmanager
def planned_anew(reading: Reading) -> Iterator[None]:
    """Have the statements of the block planned for what they are given, not by a plan that was kept.

    PostgreSQL keeps the plan of a prepared statement. One made while a table was nearly empty reads the whole
    table, and is kept while the table grows under a load, until the next ANALYZE.
    """
    if reading.connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = reading.connection.connection.dbapi_connection
    threshold = driver.prepare_threshold
    driver.prepare_threshold = None
    try:
        yield
    finally:
        driver.prepare_threshold = threshold


def insert_rows(work: Work, table: sa.Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows, given as tuples of the named columns, in one statement.

    Rows may be made while they are asked for: on PostgreSQL the server writes some while the next are made.

    The first column must be the city. Values are what the column's type gives back (aware instants, UUIDs).
    Raises ValueError if a row is another city's.
    """
    kinds = [table.c[name].type for name in names]
    chunks = _columns(work, table, names, iter(rows))
    first = next(chunks, None)
    if first is None:
        return
    whole = itertools.chain([first], chunks)
    if work.connection.dialect.name == "postgresql":
        _copy(work.connection, table.name, names, kinds, whole)
        return
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
    converted = (
        zip(*(_sqlite_column(kind, column) for kind, column in zip(kinds, columns, strict=True)), strict=True)
        for columns in whole
    )
    work.connection.exec_driver_sql(statement, list(itertools.chain.from_iterable(converted)))


def copy_out(connection: sa.Connection, statement: str) -> Iterator[bytes]:
    """Yield the pieces of a `COPY ... TO STDOUT`, past the driver's cursor: that waits anew for each."""
    if connection.connection.driver_connection is None:
        msg = "the connection is closed"
        raise ValueError(msg)
    link = connection.connection.driver_connection.pgconn
    if link.transaction_status == psycopg.pq.TransactionStatus.IDLE:
        # The driver begins a transaction with its first statement, so let it have one.
        connection.exec_driver_sql("SELECT 1")
    answer = link.exec_(statement.encode())
    while answer.status == psycopg.pq.ExecStatus.COPY_OUT:
        size, data = link.get_copy_data(0)
        while size > 0:
            yield bytes(data)
            size, data = link.get_copy_data(0)
        answer = link.get_result()
    last = link.get_result()
    if last is not None or answer.status != psycopg.pq.ExecStatus.COMMAND_OK:
        raise psycopg.OperationalError(answer.error_message.decode(errors="replace"))


def _columns(
    work: Work, table: sa.Table, names: Sequence[str], rows: Iterator[Sequence[Any]]
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the columns of some rows at a time. Raises ValueError for a row of another city."""
    while some := list(itertools.islice(rows, _CHUNK)):
        columns = list(zip(*some, strict=True))
        if names[0] != "city_id" or set(columns[0]) != {work.city_id}:
            msg = f"rows of {table.name} that are not of city {work.city_id}"
            raise ValueError(msg)
        yield columns


def _sqlite_column(kind: sa.types.TypeEngine[Any], column: Sequence[Any]) -> Sequence[Any]:
    """Return a column as the dialect stores it (SQLAlchemy's own forms for SQLite)."""
    if isinstance(kind, sa.Uuid):
        return [value and value.hex for value in column]
    if isinstance(kind, UtcDateTime):
        return _remembered(column, lambda at: at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))
    if isinstance(kind, sa.Date):
        return _remembered(column, dt.date.isoformat)
    if isinstance(kind, sa.JSON):
        return [None if value is None else json.dumps(value) for value in column]
    return column


def _remembered(column: Sequence[Any], convert: Callable[[Any], Any], absent: Any = None) -> list[Any]:
    """Convert each distinct value once; a batch has few dates and texts."""
    known = {value: absent if value is None else convert(value) for value in set(column)}
    return [known[value] for value in column]


def _copy(
    connection: sa.Connection,
    table: str,
    names: Sequence[str],
    kinds: Sequence[sa.types.TypeEngine[Any]],
    chunks: Iterable[Sequence[Sequence[Any]]],
) -> None:
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(_COPY_HEADER)
            for columns in chunks:
                copy.write(_packed(kinds, columns))
            copy.write(_COPY_TRAILER)
    finally:
        cursor.close()


def _packed(kinds: Sequence[sa.types.TypeEngine[Any]], columns: Sequence[Sequence[Any]]) -> bytes:
    """Return rows in the binary format: runs of plain integers by one `struct`, all else field by field."""
    parts: list[Iterable[bytes]] = []
    pending: list[tuple[str, Sequence[int]]] = [("h", [len(columns)] * len(columns[0]))]
    for kind, column in zip(kinds, columns, strict=True):
        width = _integer_width(kind)
        if width and None not in column:
            pending.append((f"i{width}", column))
        else:
            parts += _flushed(pending)
            parts.append(_fields(kind, column))
    parts += _flushed(pending)
    return b"".join(itertools.chain.from_iterable(zip(*parts, strict=True)))


def _integer_width(kind: sa.types.TypeEngine[Any]) -> str:
    if isinstance(kind, sa.BigInteger):
        return "q"
    if isinstance(kind, sa.SmallInteger):
        return "h"
    return "i" if isinstance(kind, sa.Integer) else ""


def _flushed(pending: list[tuple[str, Sequence[int]]]) -> Iterator[Iterable[bytes]]:
    if not pending:
        return
    layout = struct.Struct(">" + "".join(form for form, _ in pending))
    arguments: list[Iterable[int]] = []
    for form, column in pending:
        if form != "h":
            arguments.append(itertools.repeat(struct.calcsize(">" + form[1])))
        arguments.append(column)
    pending.clear()
    yield map(layout.pack, *arguments)


def _fields(kind: sa.types.TypeEngine[Any], column: Sequence[Any]) -> list[bytes]:
    if isinstance(kind, sa.Uuid):
        return [_NULL if value is None else b"\0\0\0\x10" + value.bytes for value in column]
    if isinstance(kind, sa.LargeBinary):
        return [_field(value) for value in column]
    if isinstance(kind, sa.JSON):
        return [_NULL if value is None else _field(_jsonb(value)) for value in column]
    encode = _encoder(kind)
    return _remembered(column, lambda value: _field(encode(value)), _NULL)


def _jsonb(value: Any) -> bytes:
    return _JSONB_VERSION + json.dumps(value).encode()


def _field(data: bytes | None) -> bytes:
    return _NULL if data is None else _LENGTH.pack(len(data)) + data


def _encoder(kind: sa.types.TypeEngine[Any]) -> Callable[[Any], bytes]:
    if isinstance(kind, UtcDateTime):
        return lambda at: struct.pack(">q", (at - _POSTGRESQL_EPOCH) // _MICROSECOND)
    if isinstance(kind, sa.Date):
        return lambda day: struct.pack(">i", day.toordinal() - _POSTGRESQL_DAY_ZERO)
    if isinstance(kind, sa.Boolean):
        return lambda flag: b"\1" if flag else b"\0"
    if width := _integer_width(kind):
        return lambda number: struct.pack(f">{width}", number)
    if isinstance(kind, sa.String):
        return str.encode
    msg = f"COPY of {kind!r} is not known"
    raise TypeError(msg)
