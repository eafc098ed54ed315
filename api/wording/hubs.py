"""Sentences for what is refused to a venue's hub, and by it."""

from web.marking import N_

SENTENCES = {
    "hub-only": N_("Only a hub of a venue may do that."),
    "hub-not-trusted": N_("This hub is paused, lost or held: the owner of the venue can change that."),
    "hub-log-behind": N_("The hub has not handed in everything yet."),
    "hub-session-none": N_("Nothing is left to this hub at the moment."),
    "hub-session-other": N_("Another hub of this venue has the vouchers. Close that one first."),
    "hub-until-invalid": N_("Please choose a time within the next {hours} hours."),
    "hub-canary-none": N_("The hub has no test voucher yet: it gets one when it has reached the city."),
    "hub-code-needed": N_("For this the code for staff is needed. Please type it on the hub's page."),
    "hub-code-wrong": N_("This is not the code for staff. It stands on the screen of the hub."),
    "hub-enrolled-already": N_("This folder belongs to a hub already. Please choose another one."),
    "hub-invitation-of-scanner": N_("This invitation is for a phone. Please make one for a hub."),
    "hub-no-network": N_("The city can't be reached: please connect the hub to the internet for a moment."),
    "hub-not-enrolled": N_("There is no hub in this folder yet. Begin with: duiscoin hub enrol"),
    "hub-server-insecure": N_("The address of the city's server has to begin with https://."),
    "hub-time-invalid": N_("Please type a time like 22:00."),
}
