"""Was it there before: the same report, many finds at one spot, the same service again. Pure."""

import datetime as dt

from rewards.checking import REPORT, Earlier, Finding, Place, Result, Subject, distance_m, reach_m

_OPEN = ("review", "accepted")
_REFUSED = ("declined", "rejected")


def duplicate(subject: Subject) -> Finding:
    """Expect no other submission of the same thing: same action and category, near, open or closed lately.

    Not which one is said: the finding stays when the other person is erased.
    """
    here = subject.place
    if here is None:
        return Finding("duplicate", Result.PASS, "no-place-to-compare")
    found = [(other.owner == subject.owner, _same(subject, here, other)) for other in subject.nearby]
    near = [(own, distance) for own, distance in found if distance is not None]
    if not near:
        return Finding("duplicate", Result.PASS, "not-reported-before")
    # One's own weighs more than another's, wherever it lies.
    own, distance = min(near, key=lambda one: (not one[0], one[1]))
    reason = "reported-before-by-you" if own else "reported-before"
    return Finding("duplicate", Result.HOLD if own else Result.REVIEW, reason, {"distance_m": distance})


def _same(subject: Subject, here: Place, other: Earlier) -> int | None:
    """Return the distance to another submission if it may be about the same thing."""
    if other.place is None or (other.action, other.category) != (subject.action, subject.category):
        return None
    if other.status == "declined":
        return None
    distance = distance_m(here, other.place)
    if distance > reach_m(here, other.place, subject.thresholds.duplicate_distance_m, subject.thresholds):
        return None
    recent = dt.timedelta(days=subject.thresholds.duplicate_days)
    if other.status in _OPEN and other.source == subject.source and other.occurred_at <= subject.occurred_at:
        return distance
    last = max(other.occurred_at, other.closed_at or other.occurred_at)
    between = other.occurred_at - recent <= subject.occurred_at <= last + recent
    return distance if between else None


def finds(subject: Subject) -> Finding:
    """Expect that one person does not find something at one spot again and again."""
    here, bounds = subject.place, subject.thresholds
    if here is None or subject.action != REPORT or not subject.by_a_person:
        return Finding("finds", Result.PASS, "no-place-to-compare")
    since = subject.occurred_at - dt.timedelta(days=bounds.finds_days)
    count = 1 + sum(
        other.action == REPORT
        and other.place is not None
        and since <= other.occurred_at
        and distance_m(here, other.place) <= bounds.finds_cell_m
        for other in subject.own
    )
    if count >= bounds.finds_count:
        return Finding("finds", Result.REVIEW, "many-finds-here", {"count": count, "days": bounds.finds_days})
    return Finding("finds", Result.PASS, "few-finds-here")


def service(subject: Subject) -> Finding:
    """Expect an application for the same service once in a while only."""
    if subject.service is None:
        return Finding("service", Result.PASS, "no-service")
    since = subject.occurred_at - dt.timedelta(days=subject.thresholds.service_months * 365 // 12)
    again = any(
        other.action == subject.action
        and other.service == subject.service
        and other.occurred_at >= since
        and other.status not in _REFUSED
        for other in subject.own
    )
    if again:
        return Finding("service", Result.HOLD, "service-again", {"months": subject.thresholds.service_months})
    return Finding("service", Result.PASS, "service-first")
