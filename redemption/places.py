"""The limited places of an offer: an asset of their own in the ledger, so that nobody can oversell them.

`issued/<offer>` -> `stock/<offer>` when places are opened, `stock/<offer>` -> `sold/<offer>` when one is
taken. The guard on the stock refuses the one too many.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from kernel import db
from ledger import accounts, posting, queries, transfers
from ledger.accounts import Guard, NewAccount

PURPOSE_OPENED = "places-opened"


@dataclass(frozen=True, slots=True)
class Places:
    """How the places of an offer stand at one instant."""

    left: int
    reserved: int
    """Taken by vouchers that are neither used nor cancelled nor over."""
    used: int

    @property
    def total(self) -> int:
        """All places ever opened."""
        return self.left + self.reserved + self.used


def stock_path(offer_id: int) -> str:
    """Return the account of the places that are left."""
    return f"stock/{offer_id}"


def sold_path(offer_id: int) -> str:
    """Return the account of the places that are used."""
    return f"sold/{offer_id}"


def open_places(
    work: db.Work, offer_id: int, count: int, *, transfer_id: UUID, effective: dt.date, subject: str
) -> None:
    """Put `count` more places into the offer's stock."""
    asset = f"PLC:{offer_id}"
    source = f"issued/{offer_id}"
    accounts.open_accounts(
        work,
        [
            NewAccount(source, asset, Guard.NONE),
            NewAccount(stock_path(offer_id), asset),
            NewAccount(sold_path(offer_id), asset),
        ],
    )
    opened = transfers.post(
        transfer_id,
        source,
        stock_path(offer_id),
        count,
        effective=effective,
        purpose=PURPOSE_OPENED,
        subject=subject,
    )
    posting.post_or_raise(work, [opened])


def of_offers(reading: db.Reading, offer_ids: Iterable[int]) -> dict[int, Places]:
    """Return the places of several offers at this instant; zeros for one that has none."""
    wanted = list(offer_ids)
    paths = [path for offer_id in wanted for path in (stock_path(offer_id), sold_path(offer_id))]
    found = queries.balances(reading, paths)
    return {
        offer_id: Places(
            left=found[stock_path(offer_id)].available,
            reserved=found[sold_path(offer_id)].credits_pending,
            used=found[sold_path(offer_id)].posted,
        )
        for offer_id in wanted
    }
