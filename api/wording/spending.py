"""Sentences for what redemption refuses, and the verdicts that a venue reads after a scan."""

from web.marking import N_

SENTENCES = {
    "voucher-needs-app": N_("This ticket is activated in the app when the ride begins; it can't be printed."),
    "voucher-live-only": N_(
        "This voucher has a code that changes all the time. Please show it in the app; on paper it would not be accepted."
    ),
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
    "age-too-low": N_("This is for people from {age} years on."),
    "age-unknown": N_(
        "This is for people from {age} years on. Please say your age group in your account first; the venue looks at your identity card."
    ),
    "offer-activation-invalid": N_("From activation a ticket may be valid between 1 and {maximum} minutes."),
    "offer-activation-not-here": N_("Neither a discount nor a ticket for an event is activated."),
    "offer-activation-one-venue": N_("A ticket that is activated belongs to exactly one venue."),
    "offer-age-invalid": N_("The minimum age must lie between 1 and {maximum} years."),
    "offer-discount-cents-invalid": N_("The discount must be an amount such as 2.50."),
    "offer-discount-missing": N_("Please say how large the discount is: in percent or in euros."),
    "offer-discount-not-here": N_("Only an offer of the kind discount has a discount."),
    "offer-discount-percent-invalid": N_("The discount must lie between 1 and 100 percent."),
    "offer-discount-twice": N_("Please say the discount either in percent or in euros, not both."),
    "offer-doors-invalid": N_("The doors must open before it begins."),
    "offer-event-begin-missing": N_("Please say when it begins."),
    "offer-event-end-invalid": N_("It must end after it begins."),
    "offer-event-end-missing": N_("Please say when it ends."),
    "offer-event-not-here": N_("Only a ticket has a date and time."),
    "offer-event-past": N_("It is over already: please check the date."),
    "offer-fine-without-terms": N_(
        "An offer for fines or fees has no terms of its own: the register says what is due."
    ),
    "offer-minimum-below-discount": N_("The least purchase must not be smaller than the discount."),
    "offer-minimum-invalid": N_("The least purchase must be an amount such as 20.00."),
    "offer-month-limit-above-limit": N_("The limit per month must not be larger than the limit per person."),
    "offer-month-limit-invalid": N_("The limit per month must lie between 1 and {maximum}."),
    "offer-personal-not-transferable": N_("What is personal can't be handed on."),
    "offer-price-below-uses": N_("The price must be at least one point for each use: there are {uses} uses."),
    "offer-reentry-not-here": N_(
        "Going out and in again is for entries, not for discounts or tickets that are activated."
    ),
    "direction-not-here": N_(
        "This device counts guests the other way. The owner of the venue can change that under “Devices”."
    ),
    "direction-invalid": N_("A device lets in, lets out, or does both."),
    "offer-parts-not-here": N_("A value in parts needs several uses, and nobody goes in or out with it."),
    "offer-parts-value-invalid": N_(
        "Please give a usual price in euros that can be divided by the {uses} uses."
    ),
    "offer-refund-hours-invalid": N_("The hours must lie between 0 and {maximum}."),
    "offer-refund-hours-missing": N_("Please say how many hours before it can be given back."),
    "offer-refund-hours-not-wanted": N_("Hours belong only to the rule that has an end."),
    "offer-seat-invalid": N_("The name of a seat may have 1 to {maximum} characters."),
    "offer-seat-twice": N_("A seat is listed twice."),
    "offer-seats-differ-from-places": N_(
        "There are {seats} seats: leave the number of places empty, or make it the same."
    ),
    "offer-seats-fixed": N_("This offer has numbered seats, so no places can be added."),
    "offer-seats-too-many": N_("An offer may have at most {maximum} numbered seats."),
    "offer-seats-unreadable": N_("“{text}” is no row of seats. Please write it like A1-A12."),
    "offer-seats-without-event": N_("Only an event has numbered seats."),
    "offer-time-invalid": N_("Please write day and time like 31.12.2026, 20:00."),
    "offline-budget-invalid": N_(
        "The amount for a day must lie between that of one scan and {maximum} euros."
    ),
    "offline-list-age-invalid": N_("The list may be between 0 and {maximum} hours old."),
    "offline-value-invalid": N_("The amount of one scan must lie between 0 and {maximum} euros."),
    "offer-undo-invalid": N_("A scan can be taken back for 0 to {maximum} minutes."),
    "offer-undo-with-activation": N_("An activated ticket can't be taken back by a venue."),
    "offer-uses-invalid": N_("A voucher may be used 1 to {maximum} times."),
    "offer-uses-not-here": N_("A discount and a ticket for an event are used once."),
    "per-month-limit-reached": N_("You already had {limit} of these this month. Next month there are more."),
    "refund-not-offered": N_("This voucher can't be given back, as its offer said."),
    "refund-too-late": N_("The time to give this voucher back is over."),
    "seat-taken": N_("Somebody else has just taken seat {seat}. Please choose another one."),
    "trust-too-low": N_("For this offer the city has to know you better: please come to a city desk once."),
    "lease-gate-unknown": N_(
        "This entrance can't reserve vouchers at the moment. Please choose another one."
    ),
    "voucher-leased": N_(
        "This voucher is reserved for an entrance. It is free again once the entrance has reported that it was not used."
    ),
    "voucher-at-hub": N_(
        "This voucher's venue keeps its own list at the moment. You can use it there; changing it works again later."
    ),
    "voucher-active": N_("This ticket is activated and can't be given back."),
    "voucher-not-to-activate": N_("This voucher need not be activated: just show it."),
    "voucher-not-yet-valid": N_("This voucher is not valid yet."),
    "dues-not-taken": N_("Here this can't be paid with points. Please pay it as your letter says."),
    "fine-already-paid": N_("This is paid already. You need do nothing."),
    "fine-amount-differs": N_(
        "The register names another amount than was paid. The city's office looks into it."
    ),
    "fine-needs-reference": N_(
        "A fine or fee is paid with its reference number. Please enter it on the page for fines and fees."
    ),
    "fine-not-found": N_("No fine and no fee has this reference number. Please compare it with your letter."),
    "fine-register-unavailable": N_(
        "The register of fines and fees can't be reached. Nothing was paid. Please try again later."
    ),
    "fines-disabled": N_("This city does not take points for fines."),
    "instant-without-time-zone": N_("A date and time needs its time zone."),
    "insufficient-points": N_("You are {missing} points short: you have {available} and need {needed}."),
    "issuing-key-missing": N_("The city can't issue vouchers at the moment. Please try again later."),
    "issuing-key-not-found": N_("There is no such key."),
    "issuing-key-not-made": N_("No new key could be made. Please try again."),
    "offer-language-unknown": N_("A text has a language code that does not exist, such as “de” or “en”."),
    "manual-code-not-found": N_("The voucher could not be issued. Please try again."),
    "offer-code-invalid": N_(
        "The short name may have 3 to 40 small letters, digits and hyphens, and begins with a letter."
    ),
    "hand-over-code-invalid": N_("Please check the code: one of its characters is wrong."),
    "hand-over-not-found": N_("There is no such code. Please compare it with the other phone."),
    "hand-over-over": N_("This code is over. Please ask for a new one."),
    "hand-over-taken": N_("Somebody has accepted this voucher already."),
    "hand-over-to-yourself": N_("This is your own voucher. Give the code to somebody else."),
    "offer-code-taken": N_("Another offer has this short name already."),
    "offer-description-missing": N_("Please describe the offer in German."),
    "offer-description-too-long": N_("The description is longer than {maximum} characters."),
    "offer-fine-has-own-price": N_(
        "An offer for fines or fees has no price of its own: the fine says what it costs."
    ),
    "offer-fine-without-limit": N_("An offer for fines or fees has no limit per person."),
    "offer-fine-without-validity": N_("An offer for fines or fees has no validity."),
    "offer-fine-without-venue": N_("An offer for fines or fees has no venue."),
    "offer-limit-invalid": N_("The limit per person must lie between 1 and {maximum}."),
    "offer-not-called-off": N_("Fines and fees have no vouchers to give back: please stop selling instead."),
    "offer-not-draft": N_("Only a draft can be changed or published. Please make a new offer."),
    "offer-not-for-fines": N_("This offer is not for this kind of fine or fee."),
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
    "offer-value-invalid": N_("Please enter the value as an amount in euros, for example 4.50."),
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
    "till-number-invalid": N_("Please enter the number of the receipt with at most {maximum} characters."),
    "till-number-missing": N_("Please enter the number of the till's receipt first, then scan again."),
    "till-number-used": N_("Receipt {number} was entered today already. Please check the number."),
    "claim-decided": N_("This has been decided already."),
    "claim-not-disputed": N_("Nobody objected here, so there is nothing to decide."),
    "claim-answered": N_("You have answered this question already."),
    "claim-answer-missing": N_("Please choose yes or no."),
    "claim-not-found": N_("There is no such question."),
    "claim-taken-back": N_("The venue has taken this back already: nothing is missing."),
    "claim-nothing-used": N_("This voucher has not been used like that."),
    "claim-remark-too-long": N_("Please write at most {maximum} characters."),
    "scan-log-file-unreadable": N_(
        "This is not the log of a device. Please choose the file that the scan app saved; its name ends in .dscl."
    ),
    "scan-log-file-too-large": N_("This file is too large: at most {megabytes} MB."),
    "scan-log-of-another": N_("This file is of another device, or of another venue."),
    "scan-log-not-base64": N_(
        "The device sent something that can't be read. Nothing was taken in; please update the app."
    ),
    "scan-nonce-invalid": N_("The scan has no valid number. Please update the scanner."),
    "scan-nonce-reused": N_("The scanner used the number of another scan. Please scan again."),
    "seal-broken": N_("A key can't be opened with this installation's secret key."),
    "sold-out": N_("Sold out. Have a look later: places may come back."),
    "scan-not-found": N_("There is no such scan."),
    "undo-given-back": N_("The guest objected, and the city has given the points back already."),
    "undo-nothing": N_("This scan took nothing that could be taken back."),
    "undo-not-offered": N_("Scans of this offer can't be taken back. Please call the city's office."),
    "undo-not-yours": N_("Another venue scanned this. Only that venue can take it back."),
    "undo-too-late": N_(
        "A scan can be taken back for {minutes} minutes; this time is over. Please call the city's office."
    ),
    "venue-suspended": N_("This venue does not take points at the moment."),
    "voucher-already-cancelled": N_(
        "This voucher has been given back already; your points are in your wallet."
    ),
    "voucher-already-used": N_("This voucher has been used and can't be given back."),
    "voucher-expired": N_("This voucher is over; your points went back to your wallet."),
    "voucher-not-transferable": N_("This voucher can't be handed on."),
    "voucher-not-found": N_("There is no such voucher."),
}

PRESENTED_BEFORE = "already-used-presented"
"""Instead of `already-used`, where no device took it."""
VERDICTS = {
    "accepted": (N_("Valid"), N_("Let the guest in.")),
    "let-in-again": (N_("Let in again"), N_("Was out and comes in again: nothing was used.")),
    "let-out": (N_("Goodbye"), N_("Counted as gone out. The same code lets in again today.")),
    "already-inside": (
        N_("Already inside"),
        N_(
            "Inside since {time}, {device}: this code is a copy, or going out was not scanned. Ask the guest."
        ),
    ),
    "fewer-outside": (
        N_("Fewer went out"),
        N_("{outside} may come in again, not {taken}: scan for {outside}, then for the others."),
    ),
    "not-inside": (
        N_("Not counted as inside"),
        N_("Let the guest go out: nobody was seen to come in with this code today."),
    ),
    "no-reentry": (
        N_("No way back"),
        N_("This voucher does not let in again: tell the guest before they go out. Nothing was counted."),
    ),
    "test-passed": (
        N_("Test passed"),
        N_("The scanner works. This was a test voucher: nothing was booked, and nobody comes in with it."),
    ),
    "venue-suspended": (
        N_("Venue paused"),
        N_(
            "Your venue can't redeem vouchers at the moment: call the city's office, the guest's voucher stays valid."
        ),
    ),
    "device-suspended": (
        N_("Device paused"),
        N_(
            "This device may not redeem at the moment: ask the owner of the venue, the guest's voucher stays valid."
        ),
    ),
    "other-gate": (
        N_("For another gate"),
        N_("This voucher is taken here at {gates}: send the guest there, it has not been used up."),
    ),
    "offer-not-here": (
        N_("Not at this device"),
        N_(
            "This device does not take this offer: try another device of your venue, the voucher has not been used up."
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
    "replaced": (
        N_("Old code"),
        N_("This voucher has a new code now: ask for it to be opened in the app of whoever has it."),
    ),
    "unknown-voucher": (
        N_("Unknown voucher"),
        N_("The city has no such voucher: ask the guest to open it in the app and show it again."),
    ),
    "already-used": (
        N_("Already used"),
        N_("This voucher was used on {date} at {time}, {venue}, {device}: ask the guest for another one."),
    ),
    PRESENTED_BEFORE: (
        N_("Already used"),
        N_(
            "The guest redeemed this voucher on the phone on {date} at {time}, {venue}: ask the guest for another one."
        ),
    ),
    "too-few-left": (
        N_("Not enough left"),
        N_("This voucher is good for {left} more, not for {taken}: nothing was used, scan again for fewer."),
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
    "leased": (
        N_("Reserved elsewhere"),
        N_(
            "The guest has reserved this voucher for {gates} until {time}: send them there, it has not been used up."
        ),
    ),
    "at-hub": (
        N_("Through the hub"),
        N_(
            "Until {time} only the venue's own hub “{gates}” takes this voucher: scan it at an entrance there, it has not been used up."
        ),
    ),
    "hub-blocked": (
        N_("Hub is blocked"),
        N_(
            "This hub may let nobody in any more: scan with a device that has the internet, or ask the owner of the venue. The voucher stays valid."
        ),
    ),
    "hub-closed": (
        N_("Hub is closed"),
        N_(
            "The time of this hub is over: connect it to the internet and open it again, the voucher stays valid."
        ),
    ),
    "not-on-list": (
        N_("Not on the list"),
        N_(
            "Without the internet the hub can't tell whether this voucher is good: it stays valid, try again once there is a network."
        ),
    ),
    "other-venue": (
        N_("For another venue"),
        N_("This voucher is valid at {venues} only: send the guest there, it has not been used up."),
    ),
    "active": (N_("Valid"), N_("Activated and valid until {date}, {time}.")),
    "not-activated": (
        N_("Not activated"),
        N_("Ask the guest to tap “Activate now” in the app and show the ticket again."),
    ),
    "not-yet-valid": (
        N_("Not valid yet"),
        N_(
            "This voucher is valid from {date}, {time} on: ask the guest to come back then, it has not been used up."
        ),
    ),
    "amount-needed": (N_("How much?"), N_("The voucher is good: say how much of it is taken.")),
    "receipt-needed": (
        N_("Number of the receipt"),
        N_("The voucher is good: type the number on your till's receipt, then it is redeemed."),
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
