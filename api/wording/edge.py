"""Sentences for what the edge itself refuses."""

from web.marking import N_

GENERAL = N_("That did not work ({code}). Please try again, or tell the city the code.")

SENTENCES = {
    "busy": N_("The system is busy right now. Please try again in a moment; nothing was done."),
    "writer-queue-full": N_("The system is busy right now. Please try again in a moment; nothing was done."),
    "outcome-unknown": N_(
        "The connection was lost at the last moment. Please send the same again: nothing will happen twice."
    ),
    "city-not-found": N_("There is no city under this address."),
    "csrf-token-invalid": N_(
        "This page was open for too long. Please load it again and repeat what you did."
    ),
    "idempotency-key-in-use": N_("This request is still being worked on. Please wait a moment."),
    "idempotency-key-malformed": N_(
        "The header Idempotency-Key must be printable and at most {maximum} characters long."
    ),
    "idempotency-key-missing": N_("A request that changes something needs the header Idempotency-Key."),
    "idempotency-key-reused": N_(
        "This Idempotency-Key was used before for another request. Please use a new one."
    ),
    "internal-error": N_("Something went wrong on our side. Nothing was lost; please try again later."),
    "metrics-closed": N_("Metrics are for programs of this installation that carry its token."),
    "method-not-allowed": N_("This address does not take such a request."),
    "page-not-found": N_("There is no such page."),
    "request-invalid": N_("The request does not have the expected form."),
    "request-too-large": N_("That is too much at once. Please send fewer or smaller files."),
    "request-refused": N_("The request was refused."),
    "role-missing": N_("Your account may not see this page."),
    "other-venue": N_("Your account does not belong to this venue."),
    "sign-in-needed": N_("Please sign in first."),
    "too-many-requests": N_(
        "That was a bit much at once. Please try again in {retry_after_seconds} seconds."
    ),
    "day-invalid": N_("Please give a day."),
    "device-not-here": N_("This device is not registered for scanning. Please register it first."),
    "wrong-scope": N_("This token may not do that."),
}
