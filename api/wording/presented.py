"""Redeeming on the guest's own phone: what is refused, to guests, owners and the city."""

from web.marking import N_

SENTENCES = {
    "poster-not-found": N_("This address belongs to no poster of this city."),
    "poster-replaced": N_("This poster is old: the venue has a new one. Please ask the staff."),
    "presented-activation": N_("This ticket is activated in the app, not redeemed at a counter."),
    "presented-busy": N_("Very many redeem here right now. Please try again in a minute; nothing was used."),
    "presented-day-invalid": N_(
        "The limit of a day must not be smaller than at once, nor above {maximum} euros."
    ),
    "presented-day-spent": N_(
        "Without a scanner you can redeem up to {euros} euros a day, and today you have reached it. Show the code where it is scanned, or come back tomorrow."
    ),
    "presented-disputed": N_(
        "The payment for this voucher is being disputed. It can't be redeemed meanwhile."
    ),
    "presented-given-back": N_("This voucher was given back; your points are in your wallet again."),
    "presented-identity": N_("For this the staff look at an identity card: it is always scanned."),
    "presented-meanwhile": N_(
        "This voucher was used a moment ago, perhaps on another phone. Nothing more was used: please look again."
    ),
    "presented-no-value": N_(
        "Without a value in euros there is nothing for the staff to compare: it is always scanned."
    ),
    "presented-not-allowed": N_("The city does not allow redeeming without a scanner here."),
    "presented-not-found": N_("There is no such redemption."),
    "presented-not-in-contract": N_("The venue's contract says that vouchers are always scanned."),
    "presented-not-this-kind": N_("Fines and fees are paid online, not at a counter."),
    "presented-off": N_("Here this voucher is scanned: show its code at the till."),
    "presented-offer-unfit": N_("One of these offers can't be redeemed without a scanner."),
    "presented-offers-missing": N_("Please choose at least one offer."),
    "presented-other-venue": N_("This voucher is not taken here."),
    "presented-over": N_("This voucher is over; your points went back to your wallet."),
    "presented-receipts": N_(
        "The venue's contract wants the number of a receipt for each redemption. That needs the scanner or the form."
    ),
    "presented-reentry": N_(
        "Who has this goes out and comes in again, and gates count that: it is always scanned."
    ),
    "presented-too-few": N_("This voucher is good for {left} more. Nothing was used: please choose fewer."),
    "presented-too-valuable": N_(
        "Without a scanner up to {euros} euros can be redeemed at once. Please show the code, so that it is scanned."
    ),
    "presented-used": N_("This voucher has been used."),
    "presented-value-invalid": N_("The limit at once must lie between 0 and {maximum} euros."),
    "presented-venue-spent": N_(
        "Today the venue has reached what it may take without a scanner. Please show the code, so that it is scanned."
    ),
}
POSTER_NOTE = N_(
    "The address must begin with %(host)s. If it doesn't, somebody has stuck a wrong code on it: please tell the staff."
)
CARD_NOTE = N_(
    "Whoever has this card can invent digits. Keep it in the drawer, not on the wall, and photograph it only with the phone that checks. Is it lost? Make a new one at once: Devices, Without a scanner."
)
POSTER_TAP = N_("Stand in front of the staff. Only then tap “Redeem now”: it can't be undone by yourself.")
CARD_TAP = N_("The guest taps “Redeem now” in front of you. A page is no proof before you have compared.")
CARD_TYPE = N_("Type the price that you would take and the three digits “Number” from the guest's phone.")
CARD_COMPARE = N_(
    "Compare the six digits. The same: tap “They agree” and serve. Not the same: serve nothing."
)
CARD_REST = N_(
    "Time, card number, venue and price have to agree, too. What you serve without comparing, nobody pays if it was not redeemed."
)
