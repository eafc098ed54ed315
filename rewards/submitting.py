"""Submitting: from what a citizen did to a decision, in one unit of work.

Checks first, then the rules. Anything uncertain goes to a person; nothing uncertain is ever rewarded.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Work
from kernel.errors import Invalid
from rewards import (
    action_types,
    case_files,
    checking,
    conditions,
    evidence,
    gathering,
    ruling,
    submissions,
    tuning,
    waiting,
)
from rewards.action_types import ActionType, EvidenceKey, FactType
from rewards.checking import PEOPLE, Finding, Result
from rewards.pictures import Picture
from rewards.pipeline import CHECKS
from rewards.ruling import Verdict
from rewards.submissions import Status, Submission
from rewards.tables import evidence_files

DESCRIPTION_MAX = 4000
ADDRESS_MAX = 200


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A photo that lies in the evidence store under `key`."""

    key: str
    picture: Picture
    part: str | None = None
    """Of a pair: `before` or `after` the work."""


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """What somebody did, as it is handed in.

    `evidence_key` names what may be rewarded only once (a case, a foreign report); without one the
    submission is its own. `reference` facts (a case id, a service) go to the rules as they are.
    """

    action: str
    owner: str
    source: str
    description: str = ""
    category: str | None = None
    address: str | None = None
    district: str | None = None
    latitude_e6: int | None = None
    longitude_e6: int | None = None
    accuracy_m: int | None = None
    occurred_at: dt.datetime | None = None
    evidence_key: str | None = None
    trust_level: str = "basic"
    facts: Mapping[str, Any] = field(default_factory=dict)
    pictures: Sequence[StoredPicture] = ()
    doubts: Sequence[str] = ()
    """Codes of what the reader of a foreign file found odd; each sends the submission to a person."""
    findings: Sequence[Finding] = ()
    """What checks of its own said, before it was handed in: of a tag, of a walk."""


def submit(work: Work, city: City, new: NewSubmission) -> tuple[Submission, bool]:
    """Take a submission in and decide it; return it and whether the same evidence was there before.

    Raises Invalid: action-unknown, action-inactive, description-missing, description-too-long,
    place-incomplete, place-out-of-range, category-missing, action-needs-evidence, fact-unknown,
    fact-type-wrong.
    """
    action = action_types.active(work, new.action)
    _check_form(action, new)
    submission_id = work.ids.next()
    key = new.evidence_key or f"own/{submission_id}"
    earlier = submissions.by_evidence(work, new.action, key)
    if earlier is not None:
        return earlier, True
    submission = _build(work, new, submission_id, key)
    findings = _check(work, city, action, new, submission)
    findings += [Finding("origin", Result.REVIEW, doubt) for doubt in new.doubts]
    findings += new.findings
    if evidence.is_spent(work, [evidence.digest(new.action, key)]):
        findings.append(Finding("origin", Result.REVIEW, "evidence-used-before"))
    submissions.add(work, submission)
    case_files.open_case(work, action, submission)
    submissions.keep_findings(work, submission_id, findings)
    _keep_pictures(work, city, submission_id, new.pictures)
    uncertain = checking.weightiest(findings)
    if uncertain is not None:
        _send_to_review(work, submission_id, uncertain.reason)
    else:
        decide(work, city, submission)
    return submissions.get(work, submission_id), False


def decide(
    work: Work, city: City, submission: Submission, *, reviewer_id: int | None = None, reason: str = ""
) -> None:
    """Let the rules decide a submission that is in order, and book what they give.

    With a reviewer, what the rules could not know does not send it back to the queue: it gets no points.
    """
    verdict = ruling.decide(work, city, submission)
    if verdict.outcome == "review" and reviewer_id is None:
        _send_to_review(work, submission.submission_id, "rule-uncertain", verdict)
        return
    held_back = waiting.give(work, city, submission, verdict.grants) if verdict.grants else None
    submissions.set_status(work, submission.submission_id, Status.ACCEPTED, decided_at=work.now)
    submissions.note(
        work,
        submission.submission_id,
        Status.ACCEPTED,
        reason=reason,
        receipt={"outcome": "no-award", "reason": held_back} if held_back else verdict.receipt,
        reviewer_id=reviewer_id,
    )


def _check_form(action: ActionType, new: NewSubmission) -> None:
    if len(new.description) > DESCRIPTION_MAX:
        raise Invalid("description-too-long", field="description", maximum=DESCRIPTION_MAX)
    if new.address is not None and len(new.address) > ADDRESS_MAX:
        raise Invalid("address-too-long", field="address", maximum=ADDRESS_MAX)
    if (new.latitude_e6 is None) != (new.longitude_e6 is None):
        raise Invalid("place-incomplete", field="place")
    if new.latitude_e6 is not None and new.longitude_e6 is not None:
        inside = abs(new.latitude_e6) <= 90_000_000 and abs(new.longitude_e6) <= 180_000_000  # noqa: PLR2004 -- degrees
        if not inside:
            raise Invalid("place-out-of-range", field="place")
    if new.source in PEOPLE and action.needs_description and not new.description.strip():
        raise Invalid("description-missing", field="description")
    if new.source in PEOPLE and action.categories and new.category not in action.category_codes:
        raise Invalid("category-missing", field="category")
    if new.evidence_key is None and action.evidence_key is not EvidenceKey.SUBMISSION:
        raise Invalid("action-needs-evidence", action=action.code)
    _check_facts(action, new)


def _check_facts(action: ActionType, new: NewSubmission) -> None:
    """Expect facts of the action that this source may state: people those that they are asked for."""
    told_by_people = new.source in PEOPLE and action.evidence_key is EvidenceKey.SUBMISSION
    possible = action.questions.keys() if told_by_people else action.facts.keys()
    for name, value in new.facts.items():
        if name not in possible or name in action_types.SYSTEM_FACTS:
            raise Invalid("fact-unknown", field=name[:60], fact=name[:60])
        kind = action.facts[name]
        fits = type(value) is kind.python_type and not (
            kind is FactType.DAY and conditions.as_day(value) is None
        )
        if not fits:
            raise Invalid("fact-type-wrong", field=name, fact=name, type=kind.value)


def _build(work: Work, new: NewSubmission, submission_id: int, key: str) -> Submission:
    place = new.latitude_e6 is not None or bool(new.address)
    facts = {
        "category": new.category,
        "source": new.source,
        "trust_level": new.trust_level,
        "photo": bool(new.pictures),
        "place": place,
        "description_length": len(new.description.strip()),
        "district": new.district,
        **new.facts,
    }
    return Submission(
        submission_id=submission_id,
        action=new.action,
        owner=new.owner,
        evidence_key=key,
        source=new.source,
        category=new.category,
        description=new.description.strip(),
        address=new.address,
        district=new.district,
        latitude_e6=new.latitude_e6,
        longitude_e6=new.longitude_e6,
        accuracy_m=new.accuracy_m,
        facts={name: value for name, value in facts.items() if value is not None},
        occurred_at=new.occurred_at or work.now,
        received_at=work.now,
        status=Status.REVIEW,
        decided_at=None,
        closed_at=None,
    )


def _check(
    work: Work, city: City, action: ActionType, new: NewSubmission, submission: Submission
) -> list[Finding]:
    photos = gathering.photos(work, city, [(one.picture, one.part) for one in new.pictures])
    subject = gathering.subject(work, city, action, submission, photos, tuning.in_force(work))
    return checking.run(subject, CHECKS)


def _send_to_review(work: Work, submission_id: int, reason: str, verdict: Verdict | None = None) -> None:
    submissions.set_status(work, submission_id, Status.REVIEW)
    receipt = verdict.receipt if verdict else {}
    submissions.note(work, submission_id, Status.REVIEW, reason=reason, receipt=receipt)


def _keep_pictures(work: Work, city: City, submission_id: int, pictures: Sequence[StoredPicture]) -> None:
    rows = [
        {
            "city_id": work.city_id,
            "evidence_id": work.ids.next(),
            "submission_id": submission_id,
            "storage_key": stored.key,
            "sha256": stored.picture.sha256,
            "width_px": stored.picture.width_px,
            "height_px": stored.picture.height_px,
            "size_bytes": len(stored.picture.jpeg),
            "part": stored.part,
            "fingerprint": stored.picture.hashes[0] if stored.picture.hashes else None,
            "taken_at": stored.picture.taken_at_local
            and stored.picture.taken_at_local.replace(tzinfo=city.zone),
        }
        for stored in pictures
    ]
    if rows:
        work.connection.execute(sa.insert(evidence_files), rows)
