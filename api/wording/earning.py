"""Sentences for what the rewards refuse."""

from web.marking import N_

SENTENCES = {
    "action-inactive": N_("This action can't be reported yet."),
    "action-unknown": N_("There is no such action."),
    "address-too-long": N_("The address may have at most {maximum} characters."),
    "budget-not-funded": N_("The budget “{budget}” has no points yet. Please fund it first."),
    "category-missing": N_("Please choose what it is."),
    "description-missing": N_("Please describe it in a few words."),
    "description-too-long": N_("The description may have at most {maximum} characters."),
    "own-rule": N_("A rule is approved by somebody else than its author."),
    "own-submission": N_("Nobody decides what they handed in themselves."),
    "picture-empty": N_("The photo is empty. Please choose it again."),
    "picture-not-found": N_("There is no such photo."),
    "picture-too-large": N_("The photo is too large. At most 12 megabytes are possible."),
    "picture-too-many-pixels": N_("The photo has too many pixels. Please take it in a lower resolution."),
    "picture-type-unknown": N_("Photos can be handed in as JPEG, PNG or WebP."),
    "picture-unreadable": N_("The photo can't be read. Please take it again."),
    "place-incomplete": N_("A place needs both latitude and longitude."),
    "place-out-of-range": N_("There is no such place on Earth."),
    "reason-missing": N_("Please give a reason; the citizen will read it."),
    "reason-too-long": N_("The reason may have at most {maximum} characters."),
    "rule-invalid": N_("The rule has mistakes. Please mend what is listed."),
    "rule-not-active": N_("This rule is not in force."),
    "rule-not-approved": N_("This rule has not been approved yet."),
    "rule-not-draft": N_("Only a draft can be approved."),
    "rule-not-found": N_("There is no such rule."),
    "submission-already-decided": N_("This has been decided already."),
    "submission-not-accepted": N_("Only what was accepted can be confirmed or rejected."),
    "submission-not-found": N_("There is no such report."),
    "file-not-json": N_("The file is not valid JSON (line {line}, column {column})."),
}
