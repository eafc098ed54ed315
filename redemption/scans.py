"""The record of all scans, refused ones too: rows are added and change only when a person is erased."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kernel import db
from kernel.errors import Conflict, Invalid
from redemption import verdicts
from redemption.tables import scans as table
from redemption.verdicts import Verdict, VerdictCode

NONCE_MAX = 64
PAGE_MAX = 200
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan with the verdict that was given."""

    device_id: int
    venue_id: int
    nonce: str
    verdict: Verdict


def earlier(reading: db.Reading, device_id: int, nonce: str, text: str) -> Verdict | None:
    """Return the verdict that a device got for this scan before, None if it is new.

    Raises Invalid `scan-nonce-invalid`, Conflict `scan-nonce-reused` if the same nonce came with another
    code: the verdict would be about a code that nobody looked at.
    """
    if not 1 <= len(nonce) <= NONCE_MAX:
        raise Invalid("scan-nonce-invalid", maximum=NONCE_MAX)
    found = reading.connection.execute(
        sa.select(table).where(
            table.c.city_id == reading.city_id, table.c.device_id == device_id, table.c.nonce == nonce
        )
    ).first()
    if found is None:
        return None
    if found.code_digest != _digest(text):
        raise Conflict("scan-nonce-reused")
    return _verdict(found)


def record(work: db.Work, scan: Scan, text: str) -> Verdict:
    """Add a scan; return its verdict."""
    verdict = scan.verdict
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            scan_id=verdict.scan_id,
            device_id=scan.device_id,
            nonce=scan.nonce,
            venue_id=scan.venue_id,
            code_digest=_digest(text),
            verdict=verdict.code.value,
            voucher_id=verdict.voucher.voucher_id if verdict.voucher else None,
            details=verdicts.to_details(verdict),
            scanned_at=verdict.at,
        )
    )
    return verdict


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
    return [Scan(row.device_id, row.venue_id, row.nonce, _verdict(row)) for row in found]


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


def _verdict(row: sa.Row[tuple[object, ...]]) -> Verdict:
    return verdicts.from_details(VerdictCode(row.verdict), row.scan_id, row.scanned_at, row.details)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
