"""Sentences for what redemption refuses, and the verdicts that a venue reads after a scan."""

from web.marking import N_

SENTENCES = {
    "wallet-not-configured": N_(
        "This city does not offer vouchers for this wallet. Print it, or show it in the app."
    ),
    "voucher-not-usable": N_(
        "This voucher was used or given back, or it is over: there is nothing to show at a door."
    ),
    "block-already-asked": N_("Somebody has already asked for this key to be blocked."),
    "block-already-decided": N_("This has been decided already."),
    "block-not-found": N_("There is no such request."),
    "block-reason-missing": N_("Please say in up to {maximum} characters why the key has to be blocked."),
    "issuing-key-blocked": N_("This key is blocked already."),
    "own-block": N_("You asked for this yourself. A second person has to confirm it."),
    "reissue-not-found": N_("No codes are being renewed for this key."),
    "status-list-not-found": N_("There is no list of invalid vouchers yet. Please try again in a minute."),
    "fine-already-paid": N_("This fine is paid already. You need do nothing."),
    "fine-amount-differs": N_(
        "The register names another amount than was paid. The city's office looks into it."
    ),
    "fine-needs-reference": N_(
        "A fine is paid with its reference number. Please enter it on the page for fines."
    ),
    "fine-not-found": N_("No fine has this reference number. Please compare it with your letter."),
    "fine-register-unavailable": N_(
        "The register of fines can't be reached. Nothing was paid. Please try again later."
    ),
    "fines-disabled": N_("This city does not take points for fines."),
    "instant-without-time-zone": N_("A date and time needs its time zone."),
    "insufficient-points": N_("You are {missing} points short: you have {available} and need {needed}."),
    "issuing-key-missing": N_("The city can't issue vouchers at the moment. Please try again later."),
    "issuing-key-not-found": N_("There is no such key."),
    "issuing-key-not-made": N_("No new key could be made. Please try again."),
    "language-unknown": N_("A text has a language code that does not exist, such as “de” or “en”."),
    "manual-code-not-found": N_("The voucher could not be issued. Please try again."),
    "offer-code-invalid": N_(
        "The short name may have 3 to 40 small letters, digits and hyphens, and begins with a letter."
    ),
    "offer-code-taken": N_("Another offer has this short name already."),
    "offer-description-missing": N_("Please describe the offer in German."),
    "offer-description-too-long": N_("The description is longer than {maximum} characters."),
    "offer-fine-has-own-price": N_(
        "An offer for fines has no price of its own: the fine says what it costs."
    ),
    "offer-fine-without-limit": N_("An offer for fines has no limit per person."),
    "offer-fine-without-validity": N_("An offer for fines has no validity."),
    "offer-fine-without-venue": N_("An offer for fines has no venue."),
    "offer-limit-invalid": N_("The limit per person must lie between 1 and {maximum}."),
    "offer-not-draft": N_("Only a draft can be changed or published. Please make a new offer."),
    "offer-not-for-fines": N_("This offer is not for fines."),
    "offer-not-found": N_("There is no such offer."),
    "offer-not-published": N_("This offer is not available."),
    "offer-pictogram-invalid": N_("There is no pictogram of this name."),
    "offer-places-invalid": N_("The number of places must lie between 1 and {maximum}."),
    "offer-price-invalid": N_("The price must be at least 1 point."),
    "offer-sales-end-before-start": N_("The sale must begin before it ends."),
    "offer-sales-end-past": N_("The end of the sale lies in the past."),
    "offer-sold-after-validity": N_("The sale must end no later than the validity."),
    "offer-title-missing": N_("Please give the offer a title in German."),
    "offer-title-too-long": N_("The title is longer than {maximum} characters."),
    "offer-unlimited": N_("This offer has no limit, so no places can be added."),
    "offer-valid-days-invalid": N_("The validity must lie between 0 and {maximum} days."),
    "offer-validity-end-invalid": N_("The validity must end in the future and after its beginning."),
    "offer-validity-missing": N_("Please say how long a voucher is valid."),
    "offer-validity-twice": N_(
        "Please say either a number of days or fixed dates for the validity, not both."
    ),
    "offer-value-invalid": N_("The value must lie between 0 and {maximum} cents."),
    "offer-vat-rate-invalid": N_("The VAT rate must lie between 0 and 100 percent."),
    "offer-vat-rate-missing": N_("A single-purpose voucher needs its VAT rate."),
    "offer-vat-rate-not-wanted": N_("Only a single-purpose voucher has a VAT rate of its own."),
    "offer-venue-missing": N_("Please choose at least one venue."),
    "offer-venue-twice": N_("A venue is listed twice."),
    "offer-venues-too-many": N_("An offer may have at most {maximum} venues."),
    "per-person-limit-reached": N_("You already have as many of these as one person may have ({limit})."),
    "receipt-not-found": N_("There is no such receipt."),
    "reference-invalid": N_("This reference number is mistyped. Please compare it with your letter."),
    "sales-ended": N_("The sale is over."),
    "sales-not-started": N_("The sale has not begun yet."),
    "scan-nonce-invalid": N_("The scan has no valid number. Please update the scanner."),
    "scan-nonce-reused": N_("The scanner used the number of another scan. Please scan again."),
    "seal-broken": N_("A key can't be opened with this installation's secret key."),
    "sold-out": N_("Sold out. Have a look later: places may come back."),
    "venue-suspended": N_("This venue does not take points at the moment."),
    "voucher-already-cancelled": N_(
        "This voucher has been given back already; your points are in your wallet."
    ),
    "voucher-already-used": N_("This voucher has been used and can't be given back."),
    "voucher-expired": N_("This voucher is over; your points went back to your wallet."),
    "voucher-not-found": N_("There is no such voucher."),
}

VERDICTS = {
    "accepted": (N_("Valid"), N_("Let the guest in.")),
    "venue-suspended": (
        N_("Venue paused"),
        N_(
            "Your venue can't redeem vouchers at the moment: call the city's office, the guest's voucher stays valid."
        ),
    ),
    "not-readable": (
        N_("Not readable"),
        N_(
            "This is not a voucher of this city or the code is damaged: scan again or type the ten characters."
        ),
    ),
    "mistyped-code": (
        N_("Mistyped"),
        N_("One of the ten characters is wrong: compare them with the guest's screen and type them again."),
    ),
    "unknown-key": (
        N_("Not from this city"),
        N_("The code was not issued by this city: do not let the guest in on it."),
    ),
    "bad-signature": (
        N_("Not genuine"),
        N_(
            "The code was changed after it was issued: do not let the guest in, and note it for the city's office."
        ),
    ),
    "blocked-key": (
        N_("Code withdrawn"),
        N_("The city has withdrawn codes of this kind: ask the guest to contact the city's office."),
    ),
    "unknown-voucher": (
        N_("Unknown voucher"),
        N_("The city has no such voucher: ask the guest to open it in the app and show it again."),
    ),
    "already-used": (
        N_("Already used"),
        N_("This voucher was used on {date} at {time}, {venue}, {device}: ask the guest for another one."),
    ),
    "cancelled": (
        N_("Given back"),
        N_("The guest gave this voucher back and has the points again: ask for another one."),
    ),
    "disputed": (
        N_("Payment disputed"),
        N_(
            "The guest's bank has taken the money back: do not let the guest in, and send them to the city's office."
        ),
    ),
    "expired": (
        N_("Expired"),
        N_("This voucher was valid until {date}, {time}: ask the guest for another one."),
    ),
    "other-venue": (
        N_("For another venue"),
        N_("This voucher is valid at {venues} only: send the guest there, it has not been used up."),
    ),
    "not-yet-valid": (
        N_("Not valid yet"),
        N_(
            "This voucher is valid from {date}, {time} on: ask the guest to come back then, it has not been used up."
        ),
    ),
    "live-code-needed": (
        N_("Moving code needed"),
        N_("This voucher is valid only with the moving code: ask the guest to open it in the app."),
    ),
    "live-code-old": (
        N_("Old picture"),
        N_("This is a picture of a code that has moved on: the guest has to open the voucher in the app."),
    ),
    "live-code-wrong": (
        N_("Moving code wrong"),
        N_("The moving part is not this voucher's: the guest has to open the voucher again in the app."),
    ),
    "phone-clock-off": (
        N_("Look at the code"),
        N_(
            "The guest's phone clock is {clock}: look whether the code moves by itself within 15 seconds, and confirm it."
        ),
    ),
}
"""Title and sentence by verdict code; docs/venues.md has the list for cashiers."""
