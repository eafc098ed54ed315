"""Is it plausible at all: kind, time, place, and the way from one place to the next. Pure."""

import datetime as dt

from rewards.checking import Finding, Result, Subject, distance_m

_SECOND = dt.timedelta(seconds=1)


def category(subject: Subject) -> Finding:
    """Expect a category of this action."""
    if subject.category_known:
        return Finding("category", Result.PASS, "category-known")
    return Finding("category", Result.REVIEW, "category-unknown")


def freshness(subject: Subject) -> Finding:
    """Expect the event neither in the future nor long ago."""
    age = subject.now - subject.occurred_at
    if age < -dt.timedelta(minutes=subject.thresholds.clock_ahead_minutes):
        return Finding(
            "freshness", Result.REVIEW, "in-the-future", {"minutes": -age // dt.timedelta(minutes=1)}
        )
    if age > dt.timedelta(days=subject.thresholds.age_max_days):
        return Finding("freshness", Result.REVIEW, "too-old", {"days": age.days})
    return Finding("freshness", Result.PASS, "fresh")


def place(subject: Subject) -> Finding:
    """Expect a place within the city."""
    if subject.place is None:
        if not subject.needs_place:
            return Finding("place", Result.PASS, "no-place-needed")
        return Finding("place", Result.REVIEW, "place-by-address" if subject.address else "no-place")
    if subject.city_centre is not None:
        distance = distance_m(subject.place, subject.city_centre)
        if distance > subject.thresholds.city_radius_m:
            return Finding("place", Result.REVIEW, "outside-city", {"distance_m": distance})
    return Finding("place", Result.PASS, "place-in-city")


def accuracy(subject: Subject) -> Finding:
    """Expect the place to be known well enough; a person whose device does not say how well is asked."""
    if subject.place is None or not (subject.needs_place and subject.by_a_person):
        return Finding("accuracy", Result.PASS, "no-accuracy-needed")
    metres, bounds = subject.place.accuracy_m, subject.thresholds
    if metres is None:
        return Finding("accuracy", Result.REVIEW, "place-without-accuracy")
    if metres > bounds.accuracy_usable_m:
        return Finding("accuracy", Result.HOLD, "place-unusable", {"accuracy_m": metres})
    if metres > bounds.accuracy_good_m:
        return Finding("accuracy", Result.REVIEW, "place-inaccurate", {"accuracy_m": metres})
    return Finding("accuracy", Result.PASS, "place-accurate")


def same_fix(subject: Subject) -> Finding:
    """Expect positions that vary a little, as real ones do; a programme that pretends one often does not."""
    here = subject.place
    if here is None or here.accuracy_m is None or subject.source != "app":
        return Finding("same-fix", Result.PASS, "no-position")
    count = 1 + sum(other.place == here and other.source == "app" for other in subject.own)
    if count >= subject.thresholds.same_fix_count:
        return Finding("same-fix", Result.REVIEW, "position-never-varies", {"count": count})
    return Finding("same-fix", Result.PASS, "position-varies")


def speed(subject: Subject) -> Finding:
    """Expect that one could get here from where the person was before, or will have been after."""
    here = subject.place
    if here is None or subject.source != "app":
        return Finding("speed", Result.PASS, "no-position")
    for other in subject.own:
        if other.place is None or other.source != "app" or other.status == "declined":
            continue
        # What the accuracy leaves open was not necessarily travelled.
        unsure = (here.accuracy_m or 0) + (other.place.accuracy_m or 0)
        metres = distance_m(here, other.place) - unsure
        seconds = max(abs(subject.occurred_at - other.occurred_at) / _SECOND, 1.0)
        kmh = round(metres / seconds * 3.6)
        if kmh > subject.thresholds.speed_max_kmh:
            details = {"speed_kmh": kmh, "distance_m": metres, "minutes": round(seconds / 60)}
            return Finding("speed", Result.HOLD, "too-fast", details)
    return Finding("speed", Result.PASS, "speed-plausible")
