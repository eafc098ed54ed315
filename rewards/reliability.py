"""What came of somebody's earlier submissions: it lengthens the way to the points, and nothing else. Pure.

It counts within one kind of action, fades with time, and changes no price, no right and nothing that others
see.
"""

import datetime as dt

from rewards.checking import Finding, Result, Subject

_GOOD = frozenset(("done",))
_BAD = frozenset(("declined", "rejected"))


def reliability(subject: Subject) -> Finding:
    """Expect that not most of what somebody handed in lately was declined."""
    bounds = subject.thresholds
    since = subject.occurred_at - dt.timedelta(days=bounds.declined_days)
    lately = [
        other.status for other in subject.own if other.action == subject.action and other.occurred_at >= since
    ]
    bad = sum(status in _BAD for status in lately)
    good = sum(status in _GOOD for status in lately)
    if bad >= bounds.declined_count and bad > good:
        details = {"declined": bad, "confirmed": good, "days": bounds.declined_days}
        return Finding("reliability", Result.REVIEW, "often-declined", details)
    return Finding("reliability", Result.PASS, "in-good-standing")
