"""Sentences for what merchants refuse."""

from web.marking import N_

SENTENCES = {
    "bank-file-balance-wrong": N_(
        "The balances and the entries of this file do not add up. Please fetch it from the bank again."
    ),
    "bank-file-currency": N_("This file holds amounts in {currency}. Only euro accounts can be read."),
    "bank-file-incomplete": N_(
        "A part is missing in this bank statement: {element}. Please fetch it from the bank again."
    ),
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
    "device-name-invalid": N_(
        "Please name the device with at most {maximum} characters, for example after its place."
    ),
    "device-not-found": N_("There is no such device."),
    "device-revoked": N_("This device has been blocked. Please ask the owner of the venue."),
    "device-unknown": N_("This device is not enrolled. Please enrol it again."),
    "earlier-period-not-settled": N_("Please settle the period that begins on {first_day} first."),
    "iban-invalid": N_("This IBAN is not right. Please compare it with your bank card."),
    "nothing-to-pay": N_("Statement {number} leaves nothing to pay."),
    "paid-on-invalid": N_("The day of payment must lie between {earliest} and {latest}."),
    "period-not-finished": N_("This period ends on {last_day}. It can be settled from the next day on."),
    "settlement-already-paid": N_("This statement is marked as paid on {paid_on} already."),
    "settlement-not-found": N_("There is no such statement."),
    "settlement-period-invalid": N_(
        "No settlement period begins on this day; this one began on {first_day}."
    ),
    "venue-field-missing": N_("Please fill in this field."),
    "venue-field-too-long": N_("This is longer than {maximum} characters."),
    "venue-location-invalid": N_(
        "The location is not a place on earth: please give latitude and longitude, or neither."
    ),
    "venue-not-found": N_("There is no such venue."),
    "venue-suspended": N_("This venue does not take points at the moment."),
}
