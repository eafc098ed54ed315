"""Photos: of this occasion, and not seen before, as they are or turned or mirrored. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence

from rewards.checking import Finding, Photo, Result, Subject, distance_m

_BITS = (1 << 64) - 1


def photo(subject: Subject) -> Finding:
    """Expect a photo where one is needed, taken when and where it happened."""
    if not subject.photos:
        if subject.needs_photo:
            return Finding("photo", Result.REVIEW, "no-photo")
        return Finding("photo", Result.PASS, "no-photo-needed")
    if not all(one.sure for one in subject.photos):
        return Finding("photo", Result.REVIEW, "photo-people-possible")
    if not subject.by_a_person:
        return Finding("photo", Result.PASS, "photo-plausible")
    for one in subject.photos:
        found = _occasion(subject, one)
        if found is not None:
            return found
    return Finding("photo", Result.PASS, "photo-plausible")


def _occasion(subject: Subject, one: Photo) -> Finding | None:
    bounds = subject.thresholds
    if one.taken_at is None:
        return Finding("photo", Result.REVIEW, "photo-without-time") if bounds.photo_time_needed else None
    apart = abs(subject.occurred_at - one.taken_at)
    if apart > dt.timedelta(hours=bounds.photo_age_max_hours):
        hours = apart // dt.timedelta(hours=1)
        return Finding("photo", Result.REVIEW, "photo-of-another-time", {"hours": hours})
    if one.place is not None and subject.place is not None:
        metres = distance_m(one.place, subject.place)
        if metres > bounds.photo_place_m:
            return Finding("photo", Result.REVIEW, "photo-of-another-place", {"distance_m": metres})
    return None


def reuse(subject: Subject) -> Finding:
    """Expect photos that nobody handed in before, neither the file nor a picture much like it.

    Bare streets and bins look alike: a likeness is a question for a person, never a verdict.
    """
    if not subject.photos:
        return Finding("reuse", Result.PASS, "no-photo-needed")
    if any(one.used_before for one in subject.photos):
        return Finding("reuse", Result.HOLD, "photo-used-before")
    if subject.by_a_person and any(one.hashes is None for one in subject.photos):
        return Finding("reuse", Result.REVIEW, "photo-not-comparable")
    bits = min((nearest(one.hashes or (), subject.earlier_hashes) for one in subject.photos), default=64)
    if bits <= subject.thresholds.photo_same_bits:
        return Finding("reuse", Result.HOLD, "photo-same-as-before", {"bits": bits})
    if bits <= subject.thresholds.photo_alike_bits:
        return Finding("reuse", Result.REVIEW, "photo-like-before", {"bits": bits})
    return Finding("reuse", Result.PASS, "photo-new")


def nearest(hashes: Sequence[int], earlier: Iterable[int]) -> int:
    """Return by how many of 64 bits the nearest two differ; 64 if there is nothing to compare.

    `hashes` are those of one picture as it is, turned and mirrored; signed and unsigned numbers are taken.
    """
    bits = (((one ^ other) & _BITS).bit_count() for other in earlier for one in hashes)
    return min(bits, default=_BITS.bit_count())
