"""Sentences for what the ledger and the city directory refuse."""

from web.marking import N_

SENTENCES = {
    "account-closed": N_("This account is closed."),
    "account-exists": N_("An account of this name exists already for something else."),
    "account-not-found": N_("There is no such account."),
    "account-path-invalid": N_("This is not a valid account name."),
    "accounts-equal": N_("An amount can't be moved from an account to itself."),
    "already-captured": N_("That was booked already."),
    "already-released": N_("That was given back already."),
    "already-reversed": N_("That was reversed already."),
    "amount-not-positive": N_("The amount must be greater than zero."),
    "amount-out-of-range": N_("The amount must be greater than zero."),
    "asset-invalid": N_("This is not a valid asset."),
    "assets-differ": N_("The two accounts hold different things."),
    "batch-too-large": N_("At most {maximum} bookings go into one batch."),
    "capture-exceeds-hold": N_("More was to be booked than had been reserved."),
    "city-exists": N_("A city of this name or address exists already."),
    "city-name-missing": N_("The city needs a name."),
    "city-host-too-long": N_(
        "The host name is longer than {maximum} characters: codes on paper would be too large."
    ),
    "city-slug-invalid": N_("The short name of the city may have small letters, digits and hyphens."),
    "counter-overflow": N_("The amount is too large for this account."),
    "expiry-not-in-future": N_("The reservation would be over already."),
    "group-already-posted": N_("This group was booked already."),
    "group-member-rejected": N_("It was not booked, because another part of it was refused."),
    "hold-expired": N_("The reservation is over."),
    "id-in-future": N_("The time in this id lies in the future. Please check the clock that made it."),
    "opening-malformed": N_("This is not a receipt of this ledger, or it was changed."),
    "salt-destroyed": N_("The person concerned was erased, so there is no receipt for this any more."),
    "id-used-for-other-content": N_("This id was used before for something else."),
    "overdraft": N_("There is not enough on the account for this."),
    "period-already-closed": N_("This period is closed already."),
    "period-closed": N_("The books of that time are closed."),
    "month-not-stated": N_("The supply of this month is not stated (yet)."),
    "period-not-closable": N_("Only past days can be closed, and a closed day stays closed."),
    "points-validity-invalid": N_(
        "Points are valid for one to ten years and expire at the end of a quarter."
    ),
    "range-empty": N_("The last day lies before the first."),
    "rate-invalid": N_("A point must be worth at least one cent."),
    "reference-prefix-invalid": N_("References begin with one to four capital letters."),
    "referred-kind-wrong": N_("That booking can't be referred to like this."),
    "referred-not-found": N_("The booking referred to does not exist."),
    "timezone-unknown": N_("There is no such time zone."),
    "transfer-not-found": N_("There is no such booking."),
}
