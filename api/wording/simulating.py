"""Sentences for what simulations refuse, and for lines of their files that are left out."""

from web.marking import N_

SENTENCES = {
    "simulation-not-found": N_("There is no such simulation."),
    "simulation-under-way": N_("This version is being simulated already. Wait for it, or cancel it."),
    "window-empty": N_("The last day lies before the first."),
    "file-missing": N_("Please choose a file."),
    "file-not-utf-8": N_("The file is not in UTF-8 (line {line})."),
    "file-too-large": N_("The file may have at most {maximum} bytes."),
    "file-without-deeds": N_("There is no line in the file that could be used."),
    "file-columns-missing": N_("These columns are missing in the file: {names}."),
    "file-column-unknown": N_("Nobody knows the column “{name}”."),
    "award-not-found": N_("There is no such award."),
    "rule-ambiguous": N_("Several versions begin like this. Please give more of the hash."),
    "deed-action-unknown": N_("there is no action “{action}”"),
    "deed-category-unknown": N_("the action has no category “{category}”"),
    "deed-column-unknown": N_("nobody knows the column “{name}”"),
    "deed-fact-unknown": N_("the action knows no “{fact}”"),
    "deed-line-columns": N_("{found} columns instead of {expected}"),
    "deed-line-not-json": N_("no object in JSON"),
    "deed-place-incomplete": N_("latitude or longitude is missing"),
    "deed-place-out-of-range": N_("the place is not on earth"),
    "deed-time-unreadable": N_("“{value}” is no time"),
    "deed-value-missing": N_("“{name}” is missing"),
    "deed-value-not-one-of": N_("“{name}” has to be one of: {values}"),
    "deed-value-type-wrong": N_("“{fact}” is of the wrong kind"),
    "deed-value-wrong": N_("“{name}” can't be read"),
}
