"""Sentences for what prices and payments in euros refuse."""

from web.marking import N_

SENTENCES = {
    "euros-due": N_("This offer costs euros as well. Please order it on the offer's page."),
    "offer-euros-invalid": N_(
        "The price in euros must be nothing or lie between {minimum} and {maximum} cents."
    ),
    "offer-extra-points-invalid": N_("The number of extra points is too large or below zero."),
    "offer-extra-points-without-euros": N_("Extra points replace euros: this offer costs none."),
    "payment-event-refused": N_("The message does not come from the payment service."),
    "payment-key-conflict": N_("This payment is being worked on. Please wait a moment."),
    "payment-provider-unavailable": N_(
        "The payment service can't be reached. Nothing is lost: please try again in a few minutes."
    ),
    "payment-refused": N_("The payment service refused this payment. You have paid nothing."),
    "payment-unknown": N_("The payment service does not know this payment."),
    "points-choice-invalid": N_("Please choose between {least} and {most} points."),
    "rest-below-minimum": N_(
        "Less than {minimum_cents} cents can't be paid. Please use {fewer} points, so that enough euros remain."
    ),
}
