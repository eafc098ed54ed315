"""A stretch of the book as columns, with everything outside it that its checks need.

A chunk is read once. What its accounts had before comes from the accounts' newest transfers before the
chunk; the walk through following chunks remembers it, so that it is looked up once per account.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from kernel import bulk, db
from ledger import columns, rows
from ledger.accounts import Guard
from ledger.columns import Bytes, Columns, Flags, Numbers
from ledger.commitments import Sides
from ledger.tables import COUNTERS, SIDES, accounts, salt_secrets, transfers
from ledger.transfers import TransferKind

CHUNK = 32_768
"""Transfers read at a time."""
ACCOUNTS_REMEMBERED_MAX = 200_000
HOLDS_REMEMBERED_MAX = 200_000

_VARYING = ("refers_to", "group_id", "expires_at", "kind", "purpose", "subject")
_FIXED = (
    "sequence", "effective", "debit_account_id", "credit_account_id", "amount",
    *(f"{side}_{counter}" for side in SIDES for counter in COUNTERS),
    "booked_at", "transfer_id", "commitment",
)  # fmt: skip
_COLUMNS = [transfers.c[name] for name in (*_FIXED, *_VARYING)]
KINDS = tuple(kind.value for kind in TransferKind)
_KIND_BYTES = 8
UNKNOWN = -1

_ACCOUNTS = (
    sa.select(
        accounts.c.account_id,
        accounts.c.path,
        accounts.c.asset,
        accounts.c.guard,
        accounts.c.erased_until,
        sa.select(salt_secrets.c.secret)
        .where(
            salt_secrets.c.city_id == accounts.c.city_id, salt_secrets.c.account_id == accounts.c.account_id
        )
        .scalar_subquery(),
    )
    .where(accounts.c.city_id == sa.bindparam("city"), bulk.any_of(accounts.c.account_id, "account_ids"))
    .order_by(accounts.c.account_id)
)
_REFERRED = sa.select(
    transfers.c.transfer_id,
    transfers.c.sequence,
    transfers.c.kind,
    transfers.c.debit_account_id,
    transfers.c.credit_account_id,
    transfers.c.amount,
).where(transfers.c.city_id == sa.bindparam("city"), bulk.any_of(transfers.c.transfer_id, "transfer_ids"))

Referred = tuple[int, int, int, int, int]
"""Sequence, number of the kind, debit account, credit account and amount of a transfer referred to."""


@dataclass(slots=True)
class Known:
    """Accounts that were met, in order of their number, with the counters that they have so far."""

    account_id: Numbers
    counters: Numbers
    guarded: Flags
    erased_until: Numbers
    exists: Flags
    has_secret: Flags
    path: NDArray[np.bytes_]
    asset: NDArray[np.bytes_]
    secret: Bytes

    def joined(self, other: "Known") -> "Known":
        """Return these accounts and others."""
        order = np.argsort(np.concatenate((self.account_id, other.account_id)), kind="stable")
        names = Known.__slots__
        both = (np.concatenate((getattr(self, name), getattr(other, name)))[order] for name in names)
        return Known(*both)


@dataclass(slots=True)
class Chunk:
    """Transfers `first` to `last` as they stand in the book."""

    first: int
    last: int
    rows: Columns
    kind: Numbers
    """Place of the kind in KINDS, or UNKNOWN."""
    debit: Numbers
    """Place of the debit account among the known ones."""
    credit: Numbers
    known: Known
    referring: Numbers
    """The rows that refer to another transfer."""
    referred: list[Referred | None]
    """What those refer to, None if there is no such transfer."""

    @property
    def sequence(self) -> Numbers:
        """The numbers of the transfers that are there."""
        return self.rows.numbers["sequence"]

    def uuids(self, column: str, places: Numbers) -> list[UUID]:
        """Return the distinct values that a column has in some rows."""
        return [UUID(bytes=one) for one in sorted(set(_split(self.rows.binary[column][places])))]

    def uuids_of(self, column: str, places: Numbers) -> list[UUID]:
        """Return the values that a column has in some rows, in their order."""
        return [UUID(bytes=one) for one in _split(self.rows.binary[column][places])]

    def commitments(self) -> list[bytes]:
        """Return the commitments of the transfers."""
        return _split(self.rows.binary["commitment"])

    def sides(self) -> Sides:
        """Return what openings say of the accounts."""
        known = self.known
        path = _table(known.path)
        return Sides(
            _table(known.asset)[self.debit],
            path[self.debit],
            path[self.credit],
            known.secret[self.debit],
            known.secret[self.credit],
        )


@dataclass(slots=True)
class Walk:
    """Reads neighbouring chunks, remembering accounts and open holds from one to the next."""

    reading: db.Reading
    known: Known | None = None
    holds: dict[bytes, Referred] = field(default_factory=dict)

    def chunks(self, first: int, last: int) -> Iterator[Chunk]:
        """Yield the transfers `first` to `last`, chunk by chunk."""
        for start in range(first, last + 1, CHUNK):
            yield self._chunk(start, min(start + CHUNK - 1, last))

    def _chunk(self, first: int, last: int) -> Chunk:
        statement = (
            sa.select(*_COLUMNS)
            .where(
                transfers.c.city_id == self.reading.city_id,
                transfers.c.sequence >= first,
                transfers.c.sequence <= last,
            )
            .order_by(transfers.c.sequence)
        )
        found = columns.read(self.reading, statement, _COLUMNS)
        debit_ids, credit_ids = (found.numbers[f"{side}_account_id"] for side in SIDES)
        known = self._met(np.unique(np.concatenate((debit_ids, credit_ids))), first)
        kind = _kinds(found)
        referring, referred = self._referred(found, kind)
        return Chunk(
            first,
            last,
            found,
            kind,
            np.searchsorted(known.account_id, debit_ids),
            np.searchsorted(known.account_id, credit_ids),
            known,
            referring,
            referred,
        )

    def _met(self, account_ids: Numbers, first: int) -> Known:
        """Return accounts of which at least these are known, with their counters before number `first`."""
        if self.known is not None and len(self.known.account_id) > ACCOUNTS_REMEMBERED_MAX:
            self.known = None
        if self.known is None:
            self.known = _load(self.reading, account_ids, first)
        else:
            new = np.setdiff1d(account_ids, self.known.account_id, assume_unique=True)
            if len(new):
                self.known = self.known.joined(_load(self.reading, new, first))
        return self.known

    def _referred(self, found: Columns, kind: Numbers) -> tuple[Numbers, list[Referred | None]]:
        """Return which rows refer to a transfer, and what that is."""
        referring = np.flatnonzero(found.present["refers_to"])
        own = _split(found.binary["transfer_id"])
        names = ("sequence", "debit_account_id", "credit_account_id", "amount")
        sequence, debit, credit, amount = (found.numbers[name] for name in names)
        holds = np.flatnonzero(kind == KINDS.index("hold"))

        def booked(place: int) -> Referred:
            return (
                int(sequence[place]),
                int(kind[place]),
                int(debit[place]),
                int(credit[place]),
                int(amount[place]),
            )

        here = dict(zip(own, range(len(own)), strict=True)) if len(referring) else {}
        wanted = _split(found.binary["refers_to"][referring])
        outside = [one for one in wanted if one not in here and one not in self.holds]
        asked = {"city": self.reading.city_id, "transfer_ids": [UUID(bytes=one) for one in outside]}
        there: dict[bytes, Referred] = {}
        if outside:
            for row in self.reading.connection.execute(_REFERRED, asked):
                there[row[0].bytes] = (row[1], KINDS.index(row[2]), row[3], row[4], row[5])
        referred = [
            booked(here[one]) if one in here else self.holds.get(one) or there.get(one) for one in wanted
        ]
        for place in holds.tolist():
            self.holds[own[place]] = booked(place)
        for one in wanted:
            self.holds.pop(one, None)
        if len(self.holds) > HOLDS_REMEMBERED_MAX:
            self.holds.clear()
        return referring, referred


def commitments_of(reading: db.Reading, first: int, last: int) -> list[bytes]:
    """Return the commitments of some transfers."""
    wanted = [transfers.c.sequence, transfers.c.commitment]
    statement = (
        sa.select(*wanted)
        .where(
            transfers.c.city_id == reading.city_id,
            transfers.c.sequence >= first,
            transfers.c.sequence <= last,
        )
        .order_by(transfers.c.sequence)
    )
    return _split(columns.read(reading, statement, wanted).binary["commitment"])


def _split(table: Bytes) -> list[bytes]:
    """Return the rows of a table."""
    data, width = table.tobytes(), table.shape[1]
    return [data[start : start + width] for start in range(0, len(data), width)]


def _table(names: NDArray[np.bytes_]) -> Bytes:
    return names.view(np.uint8).reshape(len(names), names.dtype.itemsize)


def _kinds(found: Columns) -> Numbers:
    """Return the place of each row's kind in KINDS."""
    texts = found.texts["kind"]
    places = np.minimum(texts.starts[:, None] + np.arange(_KIND_BYTES), len(texts.data) - 1)
    letters = np.where(np.arange(_KIND_BYTES) < texts.lengths[:, None], texts.data[places], 0)
    words = letters.astype(np.uint8).view(f"S{_KIND_BYTES}")[:, 0]
    result = np.full(found.count, UNKNOWN, dtype=np.int64)
    for place, kind in enumerate(KINDS):
        result[words == kind.encode()] = place
    return result


def _load(reading: db.Reading, account_ids: Numbers, first: int) -> Known:
    """Return accounts, in order of their number, with their counters before transfer `first`."""
    wanted = account_ids.tolist()
    asked = {"city": reading.city_id, "account_ids": wanted}
    found = {row[0]: tuple(row) for row in reading.connection.execute(_ACCOUNTS, asked)}
    before = rows.counters_as_of(reading, found, first - 1) if first > 1 else {}
    nothing = (0,) * len(COUNTERS)
    missing = (0, "", "", "", None, None)
    table = [found.get(account_id, missing) for account_id in wanted]
    _, path, asset, guard, erased_until, secret = zip(*table, strict=True) if table else ((),) * len(missing)
    secrets = b"".join(one or bytes(32) for one in secret)
    return Known(
        account_ids,
        np.array([before.get(one, nothing) for one in wanted], dtype=np.int64).reshape(-1, len(COUNTERS)),
        np.array([one == Guard.NO_OVERDRAFT.value for one in guard], dtype=np.bool_),
        np.array([one or 0 for one in erased_until], dtype=np.int64),
        np.array([one in found for one in wanted], dtype=np.bool_),
        np.array([one is not None for one in secret], dtype=np.bool_),
        np.array([one.encode() for one in path], dtype=np.bytes_),
        np.array([one.encode() for one in asset], dtype=np.bytes_),
        np.frombuffer(secrets, dtype=np.uint8).reshape(len(wanted), 32),
    )
