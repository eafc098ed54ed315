"""The chart of accounts that every city has, and the council's money for campaigns.

`issued` is where points come from: its negative balance is the supply. `eur/programme` is what the
programme has cost so far. The accounts of venues, offers and wallets are opened by those who own them.
"""

import datetime as dt
from uuid import UUID

from kernel import db
from kernel.errors import Invalid
from ledger import accounts, posting, transfers
from ledger.accounts import Guard, NewAccount
from ledger.outcomes import BookedTransfer

ISSUED = "issued"
REDEEMED = "redeemed"
EXPIRED = "expired"
OFFLINE_LOSS = "offline-loss"
EUR_PROGRAMME = "eur/programme"
EUR_BANK = "eur/bank"
EUR_PAYABLE_FINES = "eur/payable/fines"
EUR_PAYABLE_FEES = "eur/payable/fees"
EUR_DISPUTED = "eur/disputed"
"""What payers' banks have taken back for now."""
EUR_LOSSES = "eur/losses"
"""What payers' banks have taken back for good, after it was used."""
EUR_FEES = "eur/fees"
"""What payment services keep for themselves."""

PURPOSE_FUNDING = "budget-funding"

_STANDARD = (
    NewAccount(ISSUED, transfers.DUC, Guard.NONE),
    NewAccount(REDEEMED, transfers.DUC, Guard.NONE),
    NewAccount(EXPIRED, transfers.DUC, Guard.NONE),
    NewAccount(OFFLINE_LOSS, transfers.DUC, Guard.NONE),
    NewAccount(EUR_PROGRAMME, transfers.EUR, Guard.NONE),
    NewAccount(EUR_BANK, transfers.EUR, Guard.NONE),
    NewAccount(EUR_PAYABLE_FINES, transfers.EUR),
    NewAccount(EUR_PAYABLE_FEES, transfers.EUR),
    NewAccount(EUR_DISPUTED, transfers.EUR, Guard.NONE),
    NewAccount(EUR_LOSSES, transfers.EUR, Guard.NONE),
    NewAccount(EUR_FEES, transfers.EUR, Guard.NONE),
)


def open_chart(work: db.Work) -> None:
    """Open the standard accounts of a city. Doing it again changes nothing."""
    accounts.open_accounts(work, _STANDARD)


def budget_path(campaign: str) -> str:
    """Return the path of a campaign's budget."""
    return f"budget/{campaign}"


def fund_budget(
    work: db.Work, campaign: str, points: int, *, effective: dt.date, reference: str, transfer_id: UUID
) -> BookedTransfer:
    """Issue points to a campaign's budget by a council decision `reference`; opens the budget if it is new.

    Raises Invalid for an amount that is not positive.
    """
    if points <= 0:
        raise Invalid("amount-not-positive", field="points")
    path = budget_path(campaign)
    accounts.open_accounts(work, [NewAccount(path, transfers.DUC)])
    funding = transfers.post(
        transfer_id,
        ISSUED,
        path,
        points,
        effective=effective,
        purpose=PURPOSE_FUNDING,
        subject=reference,
    )
    return posting.post_or_raise(work, [funding])[0]
