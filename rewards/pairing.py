"""The photo before and the photo after: do they show one piece of work. Pure."""

import datetime as dt

from rewards.checking import Finding, Photo, Result, Subject
from rewards.thresholds import Thresholds


def pair(subject: Subject) -> Finding:
    """Expect two photos, the second taken a while after the first; what can't be told goes to a person."""
    if not subject.needs_pair:
        return Finding("pair", Result.PASS, "no-pair-needed")
    by_part = {photo.part: photo for photo in subject.photos}
    before, after = by_part.get("before"), by_part.get("after")
    if before is None or after is None:
        return Finding("pair", Result.REVIEW, "pair-incomplete")
    if before.content == after.content:
        return Finding("pair", Result.HOLD, "pair-same-photo")
    return _in_time(before, after, subject.thresholds)


def _in_time(before: Photo, after: Photo, thresholds: Thresholds) -> Finding:
    if before.taken_at is None or after.taken_at is None:
        return Finding("pair", Result.REVIEW, "pair-time-unknown")
    apart = after.taken_at - before.taken_at
    details = {"minutes": apart // dt.timedelta(minutes=1)}
    if apart < dt.timedelta(0):
        return Finding("pair", Result.REVIEW, "pair-wrong-way-round", details)
    if apart < dt.timedelta(minutes=thresholds.pair_apart_min_minutes):
        return Finding("pair", Result.REVIEW, "pair-too-quick", details)
    if apart > dt.timedelta(hours=thresholds.pair_apart_max_hours):
        return Finding("pair", Result.REVIEW, "pair-too-far-apart", details)
    return Finding("pair", Result.PASS, "pair-plausible", details)
