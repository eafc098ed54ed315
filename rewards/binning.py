"""Using a bin: waste goes in, the tag's code proves it, and the rules give a little.

A code that is wrong, used or too soon is refused at once and leaves nothing behind; a place that does not fit
goes to a person. The place of the phone is looked at and not kept.
"""

import datetime as dt

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid
from rewards import reviewing, submissions, submitting, tag_checks, tags, tuning
from rewards.checking import Place, Result
from rewards.submissions import Status, Submission
from rewards.submitting import NewSubmission
from rewards.tag_codes import Mode, Shown
from rewards.tags import Purpose, Tag
from rewards.thresholds import Thresholds

ACTION = "bin-use"
CHECKED = "bin-code-checked"


def use(
    work: Work,
    city: City,
    tag: Tag,
    *,
    owner: str,
    trust_level: str,
    code: str,
    place: Place | None = None,
    source: str = "app",
) -> Submission:
    """Take that somebody threw something in; the same code of the same person again gives the first answer.

    Raises Conflict tag-retired, tag-code-used, tag-pause; Invalid tag-is-station, tag-code-wrong, and what
    `submitting.submit` raises.
    """
    if tag.purpose is not Purpose.BIN:
        raise Invalid("tag-is-station", field="code")
    if tag.retired_at is not None:
        raise Conflict("tag-retired")
    shown = tag.match(code, work.now)
    valid = tag_checks.validity(shown)
    if shown is None:
        raise Invalid("tag-code-wrong", field="code")
    if shown.mode is not Mode.PRINTED:
        earlier = submissions.by_evidence(work, ACTION, _key(tag, shown, owner, work.now))
        if earlier is not None and earlier.owner == owner:
            return earlier
        fresh = tag_checks.replay(shown, tag.counter, used_before=earlier is not None)
        if fresh.result is not Result.PASS:
            raise Conflict("tag-code-used", field="code")
    bounds = tuning.in_force(work)
    rested = tag_checks.pause(tag.mode, work.now, last_use(work, tag, owner, bounds), bounds)
    if rested.result is not Result.PASS:
        raise Conflict("tag-pause", field="code", minutes=int(rested.details["minutes"]))
    near = tag_checks.distance(tag.mode, place, tag.place, bounds)
    new = NewSubmission(
        action=ACTION,
        owner=owner,
        source=source,
        description=tag.name,
        address=tag.address,
        evidence_key=_key(tag, shown, owner, work.now),
        trust_level=trust_level,
        facts={"tag": tag.number, "mode": tag.mode.value, "code_valid": True},
        findings=(valid, near),
    )
    submission, _ = submitting.submit(work, city, new)
    if shown.mode is Mode.NFC:
        tags.count_up(work, tag.tag_id, shown.count)
    if submission.status is Status.ACCEPTED:
        reviewing.confirm(work, city, submission.submission_id, reviewer_id=None, reason=CHECKED)
    return submissions.get(work, submission.submission_id)


def last_use(reading: Reading, tag: Tag, owner: str, bounds: Thresholds) -> dt.datetime | None:
    """Return when somebody used a bin last, as far back as it has to rest."""
    since = reading.now - tag_checks.rest(tag.mode, bounds)
    recent = submissions.of_owner(reading, owner, limit=submissions.PAGE_MAX)
    times = [
        one.received_at
        for one in recent
        if one.action == ACTION and one.received_at > since and one.facts.get("tag") == tag.number
    ]
    return max(times, default=None)


def _key(tag: Tag, shown: Shown, owner: str, now: dt.datetime) -> str:
    """Return what may be rewarded once: a shown code by anybody, a printed one by each for a while."""
    what = f"{shown.mode.value}/{tag.tag_id}.{tag.generation}"
    if shown.mode is Mode.PRINTED:
        return f"{what}/{owner}/{int(now.timestamp())}"
    return f"{what}/{shown.count}"
