"""Sentences for what bank transfers, desks, payment services of the administration and reconciling refuse."""

from web.marking import N_

SENTENCES = {
    "bank-file-other-account": N_("This file is of another account ({iban}). Nothing was taken in."),
    "bank-receipt-not-found": N_("There is no such receipt."),
    "collection-not-found": N_("Nothing is to be paid under this code. Please compare it with the order."),
    "collection-over": N_("This is paid already, or no longer to be paid."),
    "count-invalid": N_("Please enter amounts of zero or more, such as 120,50."),
    "count-note-missing": N_("The count differs from what was expected. Please say in a few words why."),
    "desk-invalid": N_("The name of a desk has small letters, digits and hyphens."),
    "drawer-counted": N_("The drawer of this day is counted already; nothing more is booked in it."),
    "hand-refund-done": N_("This money was sent back already."),
    "hand-refund-not-found": N_("There is no such refund."),
    "receipt-amount-differs": N_("What came is not exactly what is due, so it can't be assigned."),
    "receipt-closed": N_("Nothing of this receipt is open any more."),
    "receipt-number-invalid": N_("A receipt number has letters, digits, hyphens, dots and slashes."),
    "receipt-number-used": N_("The receipt number {receipt} was given for something else already."),
    "refund-at-desk": N_("This money was taken at a desk and is given back there."),
    "refund-day-invalid": N_("The day must lie between {earliest} and {latest}."),
    "girocode-invalid": N_("A bank would refuse this transfer: please correct “{field}”."),
}
