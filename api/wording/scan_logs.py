"""What became of scans that were handed in later, for venues: titles and sentences by the code of the reason."""

from web.marking import N_

OUTCOMES = {
    "accepted": N_("Booked."),
    "conflict": N_("Somebody else had used this voucher before. Your venue is paid all the same."),
    "known": N_("Noted."),
    "held": N_("Held until the city's office has looked at this device."),
    "unreadable": N_("This entry can't be read. It is kept, and the city's office looks at it."),
    "gap": N_("Entries before this one are missing. Please send those first."),
    "fork": N_(
        "The device has written two different entries under one number. The city's office looks at it."
    ),
}
REASONS = {
    "no-code": N_("Not paid: no voucher stands behind this scan."),
    "never-arrived": N_("Not booked: the device says that it asked online, but the question never arrived."),
    "unknown-voucher": N_("Not paid: the city has no such voucher."),
    "replaced": N_("Not paid: the voucher had been handed on and had a new code, and the device knew."),
    "blocked-key": N_("Not paid: the city had withdrawn codes of this kind, and the device knew."),
    "bad-signature": N_("Not paid: the code is forged."),
    "device-lost": N_("Not paid: the device had been reported lost before."),
    "other-venue": N_("Not paid: the voucher is for another venue."),
    "offer-not-here": N_("Not paid: this device does not take this offer."),
    "not-valid-then": N_("Not paid: the voucher was not valid at that time."),
    "no-reentry": N_("Not counted: this voucher does not let its guest in again."),
    "not-leased": N_("Not paid: the voucher was not reserved for this device."),
    "tier-off": N_("Not paid: vouchers of this kind are taken online only."),
    "too-valuable": N_("Not paid: the voucher is worth more than may be taken without a network."),
    "list-too-old": N_("Not paid: the device had been without a network for too long."),
    "not-looked-at": N_("Not paid: without a network a moving code or an identity card has to be looked at."),
    "budget-spent": N_("Not paid: the device had taken as much as it may take without a network on one day."),
    "value-differs": N_("Not paid: the amount that the device noted is not what was taken."),
    "nothing-to-undo": N_("Not taken back: there is no such scan of this device."),
    "undo-too-late": N_("Not taken back: it came too late."),
    "quarantine": N_("Held or not paid: the entries of this device are incomplete."),
}
NOTES = {
    "receipt-used": N_("Booked. The number of the receipt stands for another guest of that day."),
    "receipt-missing": N_(
        "Booked, but the number of the till's receipt is missing, which the contract wants."
    ),
}
FAULTS = {
    "gap": N_("Entries are missing."),
    "fork": N_("There are two different entries of one number."),
}
OTHER_FAULT = N_("An entry can't be read.")


def sentence(outcome: str, reason: str | None) -> str:
    """Return the sentence, to be translated, for what became of an event."""
    if outcome in {"refused", "held"} and reason in REASONS and reason != "quarantine":
        return REASONS[reason]
    if outcome == "accepted" and reason in NOTES:
        return NOTES[reason]
    return OUTCOMES.get(outcome, REASONS["quarantine"])
