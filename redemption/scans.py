"""The record of all scans, refused ones too: rows are added and change only when a person is erased."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import bulk, db
from kernel.errors import Conflict, DomainError, Invalid, NotFound
from merchants.directions import Direction
from redemption import verdicts
from redemption.tables import scans as table
from redemption.verdicts import Question, Verdict, VerdictCode

NONCE_MAX = 64
PAGE_MAX = 200
_AT_ONCE = 500
_COLUMNS = (
    "city_id", "scan_id", "device_id", "nonce", "venue_id", "code_digest", "verdict", "voucher_id", "details",
    "scanned_at",
)  # fmt: skip
_EARLIER = sa.select(table).where(
    table.c.city_id == sa.bindparam("city"), bulk.any_row_of((table.c.device_id, table.c.nonce), "asked")
)


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan with the verdict that was given."""

    device_id: int
    venue_id: int
    nonce: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a device has read: `text`, at its venue. `nonce` names the scan, so that it may be sent again."""

    text: str
    venue_id: int
    device_id: int
    nonce: str
    seen_moving: bool = False
    """Somebody at the venue has seen that the code moves by itself, so a phone's wrong clock is forgiven."""
    uses: int = 1
    """How many uses it takes at once: a party of five with one strip of ten."""
    direction: Direction | None = None
    """Which way they go; None: as the device does."""
    asks: frozenset[Question] = frozenset()
    """What staff is asked first: a good voucher is not redeemed before."""

    @property
    def key(self) -> tuple[int, str]:
        """What the scan is known by."""
        return self.device_id, self.nonce


def earlier(reading: db.Reading, scanned: Sequence[Scanned]) -> list[Verdict | DomainError | None]:
    """Return the verdicts that devices got for these scans before, None for one that is new.

    Instead of a verdict stands Invalid `scan-nonce-invalid`, or Conflict `scan-nonce-reused` if the same
    nonce came with another code: the verdict would be about a code that nobody looked at.
    """
    asked = {one.key for one in scanned if _is_nonce(one.nonce)}
    rows = reading.connection.execute(_EARLIER, {"city": reading.city_id, "asked": sorted(asked)})
    found = {(row.device_id, row.nonce): row for row in rows}
    return [_answer(one, found.get(one.key)) for one in scanned]


def get(reading: db.Reading, scan_id: int) -> Scan:
    """Return a scan. Raises NotFound `scan-not-found`."""
    row = reading.connection.execute(
        sa.select(table).where(table.c.city_id == reading.city_id, table.c.scan_id == scan_id)
    ).first()
    if row is None:
        raise NotFound("scan-not-found")
    return _scan(row)


def by_nonces(reading: db.Reading, device_id: int, nonces: Iterable[str]) -> dict[str, Scan]:
    """Return the scans of a device that bear one of these nonces, by nonce."""
    rows = reading.connection.execute(
        sa.select(table).where(
            table.c.city_id == reading.city_id,
            table.c.device_id == device_id,
            bulk.any_of(table.c.nonce, "nonces"),
        ),
        {"nonces": sorted(set(nonces))},
    )
    return {row.nonce: _scan(row) for row in rows}


def record(work: db.Work, decided: Iterable[tuple[Scanned, Verdict]]) -> None:
    """Add scans with their verdicts, one statement for all."""
    bulk.insert_rows(work, table, _COLUMNS, (_row(work.city_id, one, verdict) for one, verdict in decided))


def recent(
    reading: db.Reading,
    *,
    venue_id: int,
    device_id: int | None = None,
    since: dt.datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Scan]:
    """Return scans at a venue (by one device, since an instant), newest first, older than scan `before`."""
    conditions = [table.c.city_id == reading.city_id, table.c.venue_id == venue_id]
    if device_id is not None:
        conditions.append(table.c.device_id == device_id)
    if since is not None:
        conditions.append(table.c.scanned_at >= since)
    if before is not None:
        conditions.append(table.c.scan_id < before)
    found = reading.connection.execute(
        sa.select(table).where(*conditions).order_by(table.c.scan_id.desc()).limit(min(limit, PAGE_MAX))
    )
    return [_scan(row) for row in found]


def forget_vouchers(work: db.Work, voucher_ids: Sequence[str]) -> None:
    """Cut the link from scans to these vouchers; that somebody scanned and what it gave stays."""
    for chunk in (voucher_ids[n : n + _AT_ONCE] for n in range(0, len(voucher_ids), _AT_ONCE)):
        found = work.connection.execute(
            sa.select(table.c.scan_id, table.c.details).where(
                table.c.city_id == work.city_id, table.c.voucher_id.in_(chunk)
            )
        ).all()
        for row in found:
            work.connection.execute(
                sa.update(table)
                .where(table.c.city_id == work.city_id, table.c.scan_id == row.scan_id)
                .values(voucher_id=None, details=verdicts.without_number(row.details))
            )


def counts(reading: db.Reading, *, venue_id: int, since: dt.datetime) -> dict[VerdictCode, int]:
    """Return how many scans at a venue got which verdict since an instant."""
    found = reading.connection.execute(
        sa.select(table.c.verdict, sa.func.count().label("scans"))
        .where(table.c.city_id == reading.city_id, table.c.venue_id == venue_id, table.c.scanned_at >= since)
        .group_by(table.c.verdict)
    )
    return {VerdictCode(row.verdict): row.scans for row in found}


def _is_nonce(nonce: str) -> bool:
    return 1 <= len(nonce) <= NONCE_MAX


def _answer(scanned: Scanned, row: sa.Row[Any] | None) -> Verdict | DomainError | None:
    if not _is_nonce(scanned.nonce):
        return Invalid("scan-nonce-invalid", maximum=NONCE_MAX)
    if row is None:
        return None
    return _verdict(row) if row.code_digest == _digest(scanned) else Conflict("scan-nonce-reused")


def _row(city_id: int, scanned: Scanned, verdict: Verdict) -> tuple[object, ...]:
    return (
        city_id,
        verdict.scan_id,
        scanned.device_id,
        scanned.nonce,
        scanned.venue_id,
        _digest(scanned),
        verdict.code.value,
        verdict.voucher.voucher_id if verdict.voucher else None,
        verdicts.to_details(verdict),
        verdict.at,
    )


def _scan(row: sa.Row[Any]) -> Scan:
    return Scan(row.device_id, row.venue_id, row.nonce, _verdict(row))


def _verdict(row: sa.Row[tuple[object, ...]]) -> Verdict:
    return verdicts.from_details(VerdictCode(row.verdict), row.scan_id, row.scanned_at, row.details)


def _digest(scanned: Scanned) -> bytes:
    text = scanned.text if scanned.uses == 1 else f"{scanned.text}\0{scanned.uses}"
    if scanned.direction is not None:
        text += f"\0{scanned.direction.value}"
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
