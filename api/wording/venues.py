"""Sentences for what merchants refuse."""

from web.marking import N_

SENTENCES = {
    "answer-missing": N_("Please write at least one sentence; the applicant reads it."),
    "answer-too-long": N_("This may have at most {maximum} characters."),
    "application-incomplete": N_("Please look at the marked fields again."),
    "application-not-found": N_("There is no such application."),
    "application-not-submitted": N_("This application does not wait for the city, or not any more."),
    "application-submitted": N_(
        "Your application is with the city. You can change it again when the city asks something."
    ),
    "bank-entry-not-found": N_("There is no such entry."),
    "bank-file-balance-wrong": N_(
        "The balances and the entries of this file do not add up. Please fetch it from the bank again."
    ),
    "bank-file-currency": N_("This file holds amounts in {currency}. Only euro accounts can be read."),
    "bank-file-incomplete": N_(
        "A part is missing in this bank statement: {element}. Please fetch it from the bank again."
    ),
    "bank-file-not-found": N_("There is no such bank file."),
    "bank-file-not-xml": N_("This file can't be read. Please choose the bank statement as an XML file."),
    "bank-file-other-format": N_(
        "This is not a bank statement in the format camt.053 but {format}. Please ask the bank for camt.053."
    ),
    "bank-file-too-large": N_("This file is too large. Please fetch it from the bank in smaller parts."),
    "bank-file-unsafe": N_(
        "This file holds instructions that no bank statement needs. For safety it is not read."
    ),
    "bank-file-value-invalid": N_(
        "The value {value} of {element} in this bank statement is not right. Please fetch it again."
    ),
    "bic-invalid": N_("A BIC has 8 or 11 characters, for example DUISDE33XXX."),
    "billing-profile-missing": N_(
        "Please fill in the city's billing data first: its account and its address."
    ),
    "buyer-reference-invalid": N_(
        "This Leitweg-ID is not right. Please compare it with the letter about it."
    ),
    "contest-days-invalid": N_("Between 1 and {maximum} days are possible."),
    "contest-decided": N_("This has been decided already."),
    "contest-not-found": N_("Nobody contested such a line."),
    "contest-reason-missing": N_("Please say why, in one sentence."),
    "contest-reason-too-long": N_("The reason may have at most {maximum} characters."),
    "contest-too-late": N_("Lines of this statement could be contested until {last_day}."),
    "contract-missing": N_("No contract with this venue is in force on that day."),
    "contract-not-later": N_(
        "A contract that begins on {latest} is signed already; the new one can't begin before it."
    ),
    "contract-period-settled": N_(
        "Up to {settled_until} everything is settled; the contract must begin later."
    ),
    "contract-rate-invalid": N_("The rate must lie between 1 and {maximum} cents per point."),
    "contract-start-invalid": N_(
        "A contract begins on the first day of a settlement period, here {first_day}."
    ),
    "country-invalid": N_("Please give the country by its two letters, for example DE."),
    "credit-note-altered": N_(
        "Credit note {number} is not what was issued. Please have the books verified before using it."
    ),
    "datev-number-invalid": N_("Please give a whole number up to {maximum}."),
    "device-key-invalid": N_(
        "The key of this device is not right. Please start again with a new invitation."
    ),
    "device-key-used": N_(
        "This device is enrolled already. Please remove it from the app first and start again."
    ),
    "device-limits-invalid": N_(
        "A gate may have at most {maximum} characters, and a device at most {offers} offers."
    ),
    "device-lost": N_("This device was reported lost. Please ask the owner of the venue."),
    "device-name-invalid": N_(
        "Please name the device with at most {maximum} characters, for example after its place."
    ),
    "device-not-found": N_("There is no such device."),
    "device-not-in-quarantine": N_("Nothing of this device is being held."),
    "device-report-invalid": N_("The device told something that can't be."),
    "device-revoked": N_("This device has been blocked. Please ask the owner of the venue."),
    "device-unknown": N_("This device is not enrolled. Please enrol it again."),
    "device-without-key": N_("This device has no key of its own. Please enrol it with an invitation."),
    "earlier-period-not-settled": N_("Please settle the period that begins on {first_day} first."),
    "enrolment-signature-wrong": N_(
        "The device could not show that it has its key. Please start again with a new invitation."
    ),
    "execution-day-invalid": N_("The bank can carry it out between {earliest} and {latest}."),
    "exemption-reason-missing": N_(
        "Please say why it is free of tax; the sentence stands on the credit note."
    ),
    "expected-cents-invalid": N_(
        "Please give the euros that are right, with the same sign as on the statement."
    ),
    "expected-points-invalid": N_(
        "The line stands at {points} points. Please say how many it should have been, with the same sign."
    ),
    "iban-invalid": N_("This IBAN is not right. Please compare it with your bank card."),
    "invoice-invalid": N_("The credit note would break these rules and was not issued: {rules}."),
    "account-change-decided": N_("This has been decided already."),
    "account-change-not-found": N_("There is no such request."),
    "account-unchanged": N_("Payouts go to this account already."),
    "own-account-change": N_("You asked for it, or own the venue, so somebody else decides."),
    "payout-account-changed": N_(
        "{venue} has another account by now. Please cancel this run and make a new one."
    ),
    "iban-missing": N_("{venue} has no IBAN yet. The administration can ask for one on the venue's page."),
    "invitation-expired": N_("This invitation was good for 15 minutes. Please make a new one."),
    "invitation-unknown": N_(
        "There is no such invitation. Please compare the characters, or make a new one."
    ),
    "invitation-used": N_("Another device has used this invitation. Please make a new one."),
    "line-contested-already": N_("This line has been contested already."),
    "line-not-found": N_("This line is not on the statement."),
    "lost-since-invalid": N_(
        "A device can be lost since it was enrolled at the earliest, and since now at the latest."
    ),
    "nothing-to-credit": N_("Statement {number} pays for no points, so there is no credit note."),
    "nothing-to-pay": N_("Statement {number} leaves nothing to pay."),
    "own-contest": N_("You contested this line yourself, so somebody else decides."),
    "own-payout-run": N_("You made this payout run yourself, so somebody else releases it."),
    "paid-on-invalid": N_("The day of payment must lie between {earliest} and {latest}."),
    "payout-amount-invalid": N_("The amount of {end_to_end_id} can't be transferred."),
    "payout-before-due": N_("By its contract statement {number} is paid from {earliest} on."),
    "payout-file-invalid": N_(
        "The payment file is not as it should be. Nothing was paid; please make the run again."
    ),
    "payout-not-released": N_("Statement {number} is in a payout run that waits for a second person."),
    "payout-run-decided": N_("This payout run has been released or cancelled already."),
    "payout-run-empty": N_("Please choose at least one statement."),
    "payout-run-not-found": N_("There is no such payout run."),
    "payout-run-not-released": N_("This payout run is not released, so there is no file for the bank."),
    "payout-run-sent": N_(
        "The file of this run was fetched, so the bank may have it. It can't be cancelled any more."
    ),
    "payout-run-too-large": N_("A payout run takes at most {maximum} statements."),
    "payout-under-way": N_("Statement {number} is in another payout run."),
    "period-not-finished": N_("This period ends on {last_day}. It can be settled from the next day on."),
    "phone-invalid": N_("Please give a telephone number."),
    "settlement-already-paid": N_("This statement is marked as paid on {paid_on} already."),
    "settlement-not-found": N_("There is no such statement."),
    "settlement-period-invalid": N_(
        "No settlement period begins on this day; this one began on {first_day}."
    ),
    "tax-data-missing": N_("The venue's tax data are missing, so no credit note can be written."),
    "tax-number-invalid": N_("This tax number is not right."),
    "tax-number-missing": N_("Please give a VAT identification number or a tax number."),
    "tax-rate-invalid": N_("Please choose 19, 7 or 0 percent."),
    "vat-id-invalid": N_("This VAT identification number is not right."),
    "venue-field-missing": N_("Please fill in this field."),
    "venue-field-too-long": N_("This is longer than {maximum} characters."),
    "venue-location-invalid": N_(
        "The location is not a place on earth: please give latitude and longitude, or neither."
    ),
    "venue-not-found": N_("There is no such venue."),
    "contract-altered": N_("This contract is not what was signed. Please have the books verified."),
    "contract-delay-invalid": N_("Between 0 and {maximum} days are possible."),
    "contract-document-missing": N_("This contract was signed on paper; there is no file of it here."),
    "contract-period-unknown": N_("Please choose how often the city settles."),
    "contract-rate-outside": N_("The city pays between {least} and {most} cents for a point."),
    "contract-rates-crossed": N_("The highest rate must not be below the lowest."),
    "invitation-not-found": N_("This invitation is not valid any more. Please ask for a new one."),
    "invitation-other-address": N_(
        "This invitation was sent to another e-mail address. Please sign in with that one."
    ),
    "invitation-own-address": N_("This is your own address."),
    "own-application": N_("This is your own application, so somebody else decides."),
    "payee-check-failed": N_(
        "The bank knows this account under another name. Please ask the applicant first."
    ),
    "postcode-invalid": N_("A postcode has five digits."),
    "proof-empty": N_("This file is empty. Please choose another one."),
    "proof-locked": N_("This PDF is protected by a password. Please save it without one."),
    "proof-missing": N_("Please add a proof, for example a photo of your trade licence."),
    "proof-not-found": N_("There is no such file."),
    "proof-too-large": N_("This file is too large. Up to {maximum_megabytes} megabytes are possible."),
    "proof-type-unknown": N_("Please choose a PDF or a photo (JPEG, PNG, WEBP or HEIC)."),
    "application-proof-unreadable": N_(
        "This file can't be read. Please take the photo again, or save the PDF anew."
    ),
    "contract-signature-missing": N_("Please write your full name."),
    "signature-too-long": N_("The name may have at most {maximum} characters."),
    "too-many-invitations": N_("{maximum} invitations wait already. Please take some back first."),
    "too-many-proofs": N_("Up to {maximum} files are possible. Please remove one first."),
    "venue-kind-unknown": N_("Please choose what your venue is."),
}
