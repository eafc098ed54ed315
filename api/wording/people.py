"""Sentences for what identity refuses."""

from web.marking import N_

SENTENCES = {
    "postbox-entry-not-found": N_("This is not in your postbox, or not any more."),
    "age-group-unknown": N_("Please choose one of the age groups."),
    "client-name-invalid": N_("Please give the system a name of at most {maximum} characters."),
    "client-not-found": N_("There is no such system."),
    "client-revoked": N_("The access of this system was withdrawn."),
    "client-unknown": N_("This token is not known."),
    "code-attempts-used-up": N_("That was one try too many. Please ask for a new code."),
    "code-expired": N_("This code is no longer valid. Please ask for a new one."),
    "code-wrong": N_("This code is not right. Please check it and try again."),
    "email-invalid": N_("This is not an e-mail address."),
    "email-taken": N_("There is an account with this address already."),
    "language-unknown": N_("This language is not available."),
    "name-too-long": N_("The name may have at most {maximum} characters."),
    "own-role": N_("Nobody grants or takes away their own roles."),
    "person-not-found": N_("There is no such account."),
    "role-needs-venue": N_("This role belongs to a venue. Please say which."),
    "role-not-held": N_("This person does not have that role."),
    "role-without-venue": N_("This role holds in the whole city, not at a venue."),
    "sign-in-link-invalid": N_("This link is no longer valid. Please ask for a code."),
    "too-many-codes": N_("Enough codes were sent to this address. Please try again in an hour."),
}
