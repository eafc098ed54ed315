"""Sentences for what is refused about tags, bins and quests."""

from web.marking import N_

SENTENCES = {
    "pictogram-unknown": N_("Please choose a pictogram."),
    "quest-full": N_("A quest has at most {maximum} stations."),
    "quest-is-open": N_("The quest is open: its stations stay as they are."),
    "quest-minutes-wrong": N_("Please say how many minutes it takes, 1 to {maximum}."),
    "quest-not-found": N_("There is no such quest."),
    "quest-over": N_("One can't set out on this quest any more."),
    "quest-too-short": N_("A quest has at least {minimum} stations."),
    "quest-without-stations": N_("The quest has no stations."),
    "station-out-of-order": N_("This is the code of another station. Please go to station {expected} first."),
    "tag-code-used": N_("This code was used already. Take the one that is shown now, or tap again."),
    "tag-code-wrong": N_("The code is not right, or not right any more. Please look again."),
    "tag-is-station": N_("This is a station of a quest, not a bin."),
    "tag-mode-unknown": N_("Please choose how the code is shown."),
    "tag-name-missing": N_("Please name the place."),
    "tag-not-found": N_("There is no bin and no station with this number. Please look again."),
    "tag-numbers-used-up": N_("There is no free number. Please try again."),
    "tag-outside-city": N_("This place lies outside the city."),
    "tag-pause": N_("You used this bin a moment ago. In {minutes} minutes it counts again."),
    "tag-place-missing": N_("Please give the coordinates, or at least an address."),
    "tag-retired": N_("This bin does not take part any more."),
    "walk-not-found": N_("You did not set out on this quest yet."),
    "walk-incomplete": N_("This quest has {expected} stations; please give the code of each."),
}
