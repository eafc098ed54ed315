"""Wallets: one account per owner and expiry date, so that every point keeps its day of expiry and its origin.

Spending takes the earliest expiry first; expiry is a transfer to `expired`.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel import db, ids
from kernel.errors import Conflict
from ledger import accounts, chart, posting, queries, transfers
from ledger.accounts import Account, NewAccount
from ledger.outcomes import Counters

PURPOSE_EXPIRY = "points-expired"
PURPOSE_ERASED = "wallet-erased"

_NAMESPACE = UUID("0b0f3bb2-6c43-4c7a-8e6f-5fb4a1f5a9d1")


class InsufficientPoints(Conflict):
    """The wallet has fewer points than asked for; `details` say how many there are."""

    code = "insufficient-points"


@dataclass(frozen=True, slots=True)
class Lot:
    """The points of a wallet that expire on one day."""

    path: str
    expires_on: dt.date
    counters: Counters


@dataclass(frozen=True, slots=True)
class Wallet:
    """All lots of an owner at one instant, the earliest expiry first."""

    owner: str
    lots: tuple[Lot, ...]

    @property
    def available(self) -> int:
        """Points that can be spent now."""
        return sum(lot.counters.available for lot in self.lots)

    @property
    def pending(self) -> int:
        """Points awarded but not confirmed yet."""
        return sum(lot.counters.credits_pending for lot in self.lots)

    @property
    def reserved(self) -> int:
        """Points held for vouchers that are not used yet."""
        return sum(lot.counters.debits_pending for lot in self.lots)


def lot_path(owner: str, expires_on: dt.date) -> str:
    """Return the path of a lot."""
    return f"wallet/{owner}/{expires_on.isoformat()}"


def open_lot(work: db.Work, owner: str, expires_on: dt.date) -> str:
    """Open the lot if it is not open yet; return its path."""
    path = lot_path(owner, expires_on)
    lot = NewAccount(path, transfers.DUC, owner=owner, expires_on=expires_on)
    accounts.open_accounts(work, [lot])
    return path


def wallet(reading: db.Reading, owner: str) -> Wallet:
    """Return an owner's wallet; without lots if nothing was ever earned."""
    return of_owners(reading, [owner])[owner]


def of_owners(reading: db.Reading, owners: Iterable[str]) -> dict[str, Wallet]:
    """Return the wallets of several owners, a few statements for all."""
    wanted = list(dict.fromkeys(owners))
    lots: dict[str | None, list[Lot]] = {}
    for account, left in queries.standing(reading, owners=wanted):
        lots.setdefault(account.owner, []).append(_lot(account, left))
    return {owner: Wallet(owner, _in_order(lots.get(owner, []))) for owner in wanted}


def split(lots: Sequence[Lot], amount: int, today: dt.date) -> list[tuple[str, int]]:
    """Return how `amount` is taken from lots, earliest expiry first, expired lots left out.

    Raises InsufficientPoints, with what is there.
    """
    parts: list[tuple[str, int]] = []
    missing = amount
    for lot in _in_order(lots):
        if missing and lot.expires_on >= today and lot.counters.available > 0:
            part = min(missing, lot.counters.available)
            parts.append((lot.path, part))
            missing -= part
    if missing:
        raise InsufficientPoints(needed=amount, available=amount - missing, missing=missing)
    return parts


def expire_lots(work: db.Work, today: dt.date) -> int:
    """Move what lots that ended before `today` still have to `expired`; return the points moved.

    What is reserved for a voucher stays until the voucher is settled; a later run takes what comes back.
    """
    over = [lot for lot in _lots_ending_before(work, today) if lot.counters.available > 0]
    if not over:
        return 0
    chart.open_chart(work)
    posting.post_or_raise(
        work,
        [
            transfers.post(
                ids.derive(_NAMESPACE, work.city_id, lot.path, today, lot.counters.debits_posted),
                lot.path,
                chart.EXPIRED,
                lot.counters.available,
                effective=today,
                purpose=PURPOSE_EXPIRY,
            )
            for lot in over
        ],
    )
    return sum(lot.counters.available for lot in over)


def forfeit(work: db.Work, owner: str, today: dt.date) -> int:
    """Move all that an owner could spend to `expired`, because the owner is to be erased; return the points.

    What is reserved or pending has to be released before.
    """
    left = [lot for lot in wallet(work, owner).lots if lot.counters.available > 0]
    if not left:
        return 0
    chart.open_chart(work)
    posting.post_or_raise(
        work,
        [
            transfers.post(
                work.ids.uuid(),
                lot.path,
                chart.EXPIRED,
                lot.counters.available,
                effective=today,
                purpose=PURPOSE_ERASED,
            )
            for lot in left
        ],
    )
    return sum(lot.counters.available for lot in left)


def _lots_ending_before(reading: db.Reading, day: dt.date) -> list[Lot]:
    found = accounts.ending_before(reading, day)
    by_id = queries.counters(reading, found)
    return [_lot(account, by_id[account.account_id]) for account in found]


def _in_order(lots: Iterable[Lot]) -> tuple[Lot, ...]:
    return tuple(sorted(lots, key=lambda lot: lot.expires_on))


def _lot(account: Account, left: Counters) -> Lot:
    if account.expires_on is None:
        msg = f"{account.path} has an owner but no expiry"
        raise ValueError(msg)
    return Lot(account.path, account.expires_on, left)
