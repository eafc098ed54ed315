"""What the checks found, in plain words: a sentence for the citizen, one with figures for the case worker.

`_` is the reader's gettext function. The citizen's sentence accuses nobody: a check only asks.
"""

from collections import defaultdict
from collections.abc import Callable

from rewards.checking import Finding

Gettext = Callable[[str], str]


def citizen(reason: str, _: Gettext) -> str | None:
    """Return why somebody looks at it, for who handed it in; None if no check gives this reason."""
    known = {
        "category-unknown": _("The category has to be checked."),
        "in-the-future": _("The time given lies in the future."),
        "too-old": _("It happened quite a while ago."),
        "no-place": _("The place is missing."),
        "place-by-address": _("The place is known by its address only."),
        "outside-city": _("The place lies outside the city."),
        "place-without-accuracy": _("Your device did not say how exact the place is."),
        "place-inaccurate": _("The place is not accurate enough."),
        "place-unusable": _("The place is too inaccurate to find it."),
        "position-never-varies": _("Your device tells exactly the same place again and again."),
        "too-fast": _("It is far from where you were shortly before or after."),
        "no-photo": _("There is no photo."),
        "photo-without-time": _("The photo does not say when it was taken."),
        "photo-people-possible": _(
            "There may be a person or a number plate in the photo: somebody looks first."
        ),
        "photo-of-another-time": _("The photo was taken at another time."),
        "photo-of-another-place": _("The photo was taken at another place."),
        "photo-used-before": _("The photo was handed in before."),
        "photo-same-as-before": _("The photo looks the same as one handed in before."),
        "photo-like-before": _("The photo looks much like one handed in before."),
        "photo-not-comparable": _("There is too little to be seen in the photo."),
        "evidence-used-before": _("This was handed in before."),
        "pair-incomplete": _("There are not both photos, before and after."),
        "pair-same-photo": _("Both photos are the same one."),
        "pair-time-unknown": _("The photos don't say when they were taken."),
        "pair-wrong-way-round": _("The photo after was taken before the other one."),
        "pair-too-quick": _("There is very little time between the photos."),
        "pair-too-far-apart": _("There is much time between the photos."),
        "reported-before": _("Somebody reported the same thing nearby."),
        "reported-before-by-you": _("You reported the same thing nearby."),
        "many-finds-here": _("You found something at this spot several times lately."),
        "service-again": _("You completed an application for this service not long ago."),
        "cleared-own-report": _("You reported what is cleared here yourself."),
        "reported-own-clearing": _("You cleared this spot yourself not long ago."),
        "same-two-again": _("The same two people reported and cleared several times lately."),
        "often-declined": _("Several of your earlier contributions were declined."),
        "check-failed": _("Something could not be checked by itself."),
    }
    return known.get(reason)


def case_worker(finding: Finding, _: Gettext) -> str | None:
    """Return what a check found, with its figures, for who decides; else what the citizen reads, or None."""
    known = {
        "in-the-future": _("The time given lies %(minutes)s minutes in the future."),
        "too-old": _("It happened %(days)s days ago."),
        "outside-city": _("The place lies %(distance_m)s metres from the city's centre."),
        "place-inaccurate": _("The place is accurate to %(accuracy_m)s metres only."),
        "place-unusable": _("The place is accurate to %(accuracy_m)s metres only: it proves nothing."),
        "position-never-varies": _(
            "%(count)s times the very same coordinates and accuracy. Real positions vary a little; "
            "a programme that pretends one often does not."
        ),
        "too-fast": _(
            "%(distance_m)s metres in %(minutes)s minutes from another contribution of the same person: "
            "%(speed_kmh)s kilometres an hour."
        ),
        "photo-without-time": _("The photo carries no time: it may be an old one from the gallery."),
        "photo-people-possible": _(
            "A face or number plate was found weakly and hidden: look whether anybody can be recognised."
        ),
        "photo-of-another-time": _("The photo was taken %(hours)s hours before or after."),
        "photo-of-another-place": _("The photo was taken %(distance_m)s metres from the place given."),
        "photo-used-before": _("Exactly this photo was handed in before."),
        "photo-same-as-before": _(
            "Nearly the same picture was handed in before, perhaps turned or mirrored: "
            "%(bits)s of 64 features differ."
        ),
        "photo-like-before": _(
            "The picture looks like one handed in before: %(bits)s of 64 features differ. "
            "Bare streets look alike: compare them yourself."
        ),
        "photo-not-comparable": _("The photo shows hardly anything, so it can't be compared with others."),
        "pair-wrong-way-round": _(
            "The photo after the work was taken before the other one (%(minutes)s minutes)."
        ),
        "pair-too-quick": _("Only %(minutes)s minutes lie between the photos before and after."),
        "pair-too-far-apart": _("%(minutes)s minutes lie between the photos before and after."),
        "reported-before": _(
            "Somebody else handed in the same kind %(distance_m)s metres away, still open or recent."
        ),
        "reported-before-by-you": _(
            "The same person handed in the same kind %(distance_m)s metres away, still open or recent."
        ),
        "many-finds-here": _("%(count)s finds of the same person at this spot within %(days)s days."),
        "service-again": _("The same person applied for the same service within %(months)s months."),
        "cleared-own-report": _(
            "The person who clears this reported it; %(minutes)s minutes lie between. "
            "One spot earns one reward."
        ),
        "reported-own-clearing": _(
            "The person who reports this cleared the same spot; %(minutes)s minutes lie between."
        ),
        "same-two-again": _(
            "The same two people reported and cleared the same spots %(count)s times within %(days)s days."
        ),
        "often-declined": _(
            "Of this person's contributions of this kind in %(days)s days %(declined)s were declined and "
            "%(confirmed)s confirmed."
        ),
        "check-failed": _("This check failed. Look at it yourself, and tell the people who run the system."),
    }
    if finding.details and finding.reason in known:
        return known[finding.reason] % defaultdict(lambda: "?", finding.details)
    plain = known.get(finding.reason, "")
    said = plain if plain and "%(" not in plain else citizen(finding.reason, _)
    return said or None


def name(check: str, _: Gettext) -> str:
    """Return what a check looks at."""
    known = {
        "category": _("Category"),
        "freshness": _("Time"),
        "place": _("Place"),
        "accuracy": _("Accuracy"),
        "same-fix": _("Position"),
        "speed": _("Speed"),
        "photo": _("Photo"),
        "reuse": _("Photo used again"),
        "duplicate": _("Reported twice"),
        "finds": _("Finds at one spot"),
        "service": _("Service"),
        "self-made": _("Reported and cleared"),
        "partners": _("Two people"),
        "reliability": _("Earlier contributions"),
        "origin": _("Origin"),
        "tag-code": _("Code"),
        "tag-replay": _("Code used again"),
        "tag-pause": _("Pause"),
        "tag-place": _("Place of the code"),
        "quest-pace": _("Pace"),
        "quest-places": _("Places of the codes"),
        "pair": _("Before and after"),
    }
    return known.get(check, check)
