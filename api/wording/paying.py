"""Sentences for what prices and payments in euros refuse."""

from web.marking import N_

SENTENCES = {
    "euros-due": N_("This offer costs euros as well. Please order it on the offer's page."),
    "euros-not-needed": N_("This is paid with points alone. Please choose fewer points or pay with points."),
    "fine-being-paid": N_("This is being paid right now. Look at your orders."),
    "message-too-large": N_("The message is larger than {maximum} bytes."),
    "nothing-to-refund": N_("There is no money to send back for this order."),
    "offer-euros-invalid": N_(
        "The price in euros must be nothing, or at least {minimum} cents and at most {maximum} euros."
    ),
    "offer-extra-points-invalid": N_("The number of extra points is too large or below zero."),
    "offer-extra-points-without-euros": N_("Extra points replace euros: this offer costs none."),
    "order-closed": N_("This order is closed already and can't be called off."),
    "order-not-found": N_("There is no such order."),
    "payment-event-refused": N_("The message does not come from the payment service."),
    "payment-key-conflict": N_("This payment is being worked on. Please wait a moment."),
    "payment-not-found": N_("There is no such payment."),
    "payment-provider-unknown": N_("This way of paying is not available. Please choose another one."),
    "payment-provider-unavailable": N_(
        "The payment service can't be reached. Nothing is lost: please try again in a few minutes."
    ),
    "payment-refused": N_("The payment service refused this payment. You have paid nothing."),
    "payment-unknown": N_("The payment service does not know this payment."),
    "payment-way-missing": N_("Please choose how you want to pay the euros."),
    "points-choice-invalid": N_("Please choose between {least} and {most} points."),
    "refund-not-found": N_("There is no such refund."),
    "rest-below-minimum": N_(
        "Less than {minimum_cents} cents can't be paid. Please use {fewer} points, so that enough euros remain."
    ),
    "too-many-orders": N_(
        "You have {maximum} orders that are not paid yet. Please pay one or call it off, then order again."
    ),
    "voucher-frozen": N_("The payment for this voucher is being disputed. It can't be given back meanwhile."),
}
