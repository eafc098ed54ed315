"""Who reports and who clears: litter that one made oneself, two who play into each other's hands. Pure."""

import datetime as dt

from rewards.checking import CLEANUP, COUNTERPARTS, Earlier, Finding, Result, Subject, distance_m, reach_m


def self_made(subject: Subject) -> Finding:
    """Expect that who clears a spot did not report it, and the other way round; soon after weighs more."""
    mine = [other for other in counterparts(subject) if other.owner == subject.owner]
    if not mine:
        return Finding("self-made", Result.PASS, "not-self-made")
    apart = min(abs(subject.occurred_at - other.occurred_at) for other in mine)
    quick = apart <= dt.timedelta(hours=subject.thresholds.self_made_hours)
    reason = "cleared-own-report" if subject.action == CLEANUP else "reported-own-clearing"
    result = Result.HOLD if quick else Result.REVIEW
    return Finding("self-made", result, reason, {"minutes": apart // dt.timedelta(minutes=1)})


def partners(subject: Subject) -> Finding:
    """Expect that the same two do not report and clear for each other again and again.

    Who the other one is stays out of the finding: it outlives that person's account.
    """
    others = {other.owner for other in counterparts(subject)} - {subject.owner}
    count = max((1 + subject.partners.get(owner, 0) for owner in others), default=0)
    if count >= subject.thresholds.partners_count:
        days = subject.thresholds.partners_days
        return Finding("partners", Result.REVIEW, "same-two-again", {"count": count, "days": days})
    return Finding("partners", Result.PASS, "not-the-same-two")


def counterparts(subject: Subject) -> list[Earlier]:
    """Return clearings of what is reported here, or reports of what is cleared here."""
    other_action, here = COUNTERPARTS.get(subject.action), subject.place
    if other_action is None or here is None or not subject.by_a_person:
        return []
    bounds = subject.thresholds
    longest = dt.timedelta(days=max(bounds.duplicate_days, bounds.partners_days))
    return [
        other
        for other in subject.nearby
        if other.action == other_action
        and other.place is not None
        and other.status not in {"declined", "rejected"}
        and abs(subject.occurred_at - other.occurred_at) <= longest
        and distance_m(here, other.place) <= reach_m(here, other.place, bounds.duplicate_distance_m, bounds)
    ]
