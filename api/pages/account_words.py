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


_OF_VENUES: Final[Mapping[str, str]] = {
    "venue": N_("%(venue)s: points, not settled"),
    "eur/payable": N_("%(venue)s: owed"),
    "eur/takings": N_("%(venue)s: takings"),
}
_OF_PEOPLE: Final = "wallet"
_NOBODY: Final[Mapping[int, str]] = {}
_PURPOSES: Final[Mapping[str, str]] = {
    "award": N_("Points earned"),
    "bank-matched": N_("Receipt of the bank assigned"),
    "bank-receipt": N_("Receipt at the bank"),
    "bank-returned": N_("Sent back by the bank"),
    "budget-funding": N_("Budget granted"),
    "cash-counted": N_("Cash counted"),
    "desk-given-back": N_("Given back at a desk"),
    "desk-taken": N_("Taken at a desk"),
    "dispute": N_("Taken back by a payer's bank"),
    "dispute-granted": N_("Taken back for good"),
    "donation": N_("Donated to a club"),
    "due-returned": N_("Fine or fee given back"),
    "fee": N_("Fee paid"),
    "fine": N_("Fine paid"),
    "hold-expired": N_("Reservation expired"),
    "order": N_("Order"),
    "order-ended": N_("Order ended without payment"),
    "order-paid": N_("Order paid"),
    "payment": N_("Payment received"),
    "payout": N_("Paid out"),
    "payout-returned": N_("Payout came back"),
    "places-opened": N_("Places put on sale"),
    "points-expired": N_("Points expired"),
    "provider-fees": N_("Fees of a payment service"),
    "provider-payout": N_("Payout of a payment service"),
    "redemption": N_("Redeemed"),
    "redemption-presented": N_("Redeemed on the guest's phone"),
    "refund": N_("Given back"),
    "refund-failed": N_("Giving back failed"),
    "refund-sent": N_("Giving back sent"),
    "settlement": N_("Settlement"),
    "settlement-correction": N_("Correction of a statement"),
    "voucher": N_("Voucher"),
    "voucher-again": N_("Voucher made valid again"),
    "voucher-cancelled": N_("Voucher given back"),
    "wallet-erased": N_("Account of a person deleted"),
}


def of(path: str, translate: Callable[[str], str], venues: Mapping[int, str] = _NOBODY) -> str:
    """Return what an account is, with the name of its venue; nothing where only its path says it."""
    if path in _WORDS:
        return translate(_WORDS[path])
    begins = [kind for kind in _KINDS if f"{path}/".startswith(f"{kind}/")]
    if not begins:
        return ""
    kind = max(begins, key=len)
    said, whose = translate(_KINDS[kind]), path[len(kind) + 1 :]
    if kind in _OF_VENUES and whose.isdecimal() and int(whose) in venues:
        return translate(_OF_VENUES[kind]) % {"venue": venues[int(whose)]}
    return said if not whose or kind == _OF_PEOPLE else f"{said}: {whose}"


def purpose(code: str, translate: Callable[[str], str]) -> str:
    """Return what a booking was for; its code where that says more."""
    return translate(_PURPOSES[code]) if code in _PURPOSES else code
