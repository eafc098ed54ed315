"""What an account is, in words: its path says the same to machines."""

from collections.abc import Callable, Mapping
from typing import Final

from ledger import chart
from web.marking import N_

_WORDS: Final[Mapping[str, str]] = {
    chart.ISSUED: N_("Points issued"),
    chart.REDEEMED: N_("Redeemed and settled"),
    chart.EXPIRED: N_("Expired"),
    chart.OFFLINE_LOSS: N_("Lost offline"),
    chart.EUR_PROGRAMME: N_("Cost of the programme"),
    chart.EUR_BANK: N_("Bank account"),
    chart.EUR_PAYABLE_FINES: N_("Fines, owed to the city's treasury"),
    chart.EUR_PAYABLE_FEES: N_("Fees, owed to the city's treasury"),
    chart.EUR_DISPUTED: N_("Taken back by payers' banks, for now"),
    chart.EUR_LOSSES: N_("Taken back by payers' banks, for good"),
    chart.EUR_FEES: N_("Kept by payment services"),
    "eur/clearing/desk": N_("Cash at the desks"),
    "eur/clearing/transfer": N_("Transfers to the bank account"),
    "eur/clearing/stripe": N_("Payments by card and online"),
    "eur/cash/main": N_("Cash in the safe"),
    "eur/differences/cash": N_("Differences when counting cash"),
    "eur/suspense/bank": N_("Money at the bank that belongs to no order yet"),
    "fines": N_("Register of fines and fees"),
}
_KINDS: Final[Mapping[str, str]] = {
    "budget": N_("Budget"),
    "wallet": N_("Points of a person"),
    "venue": N_("Points of a venue, not settled"),
    "eur/payable": N_("Owed to a venue"),
    "eur/receivable": N_("Expected from a payer"),
    "eur/clearing": N_("On its way through a payment service"),
    "eur/suspense": N_("Belongs to no order yet"),
    "eur/cash": N_("Cash in a drawer"),
    "eur/differences": N_("Differences when counting"),
    "eur/girocard": N_("Card payments at a desk"),
    "eur/takings": N_("Takings"),
    "stock": N_("Places for sale"),
    "sold": N_("Places sold"),
}


def of(path: str, translate: Callable[[str], str]) -> str:
    """Return what an account is, or nothing where only its path says it."""
    if path in _WORDS:
        return translate(_WORDS[path])
    begins = [kind for kind in _KINDS if path.startswith(f"{kind}/")]
    return translate(_KINDS[max(begins, key=len)]) if begins else ""
