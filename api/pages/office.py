"""The administration's overview, review queue and outcomes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller
from api.pages import framing, rule_tracing
from api.pages.actions import LIGHTS, STATUS_WORDS
from api.pages.framing import Area
from api.pages.treasury_budgets import LEVELS
from api.v1.shapes import BIGINT_MAX
from identity import auditing
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.errors import DomainError, NotFound
from merchants import applications
from redemption import offers
from rewards import (
    action_types,
    awarding,
    budgets,
    case_files,
    check_words,
    checking,
    confirming,
    evidence,
    explaining,
    funding,
    programme,
    replaying,
    reviewing,
    submissions,
)
from rewards.case_files import Case
from rewards.checking import Finding
from rewards.outlook import Level
from rewards.replaying import Verdict
from rewards.submissions import Decided, Status, Submission
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]
CaseWorker = Annotated[Caller, Depends(Access(Role.CASE_WORKER))]
CaseWorkerForm = Annotated[Caller, Depends(Access(Role.CASE_WORKER, form=True))]

PAGE = 30
VERDICT_WORDS: Mapping[Verdict, str] = {
    Verdict.SAME: N_("Decided again from what was kept: the same result."),
    Verdict.RULE_MISSING: N_("The version of the rule that decided is not there any more."),
    Verdict.RULE_ALTERED: N_("The stored rule is not the one that its hash names."),
    Verdict.RECEIPT_INCOMPLETE: N_("The receipt does not hold all that deciding again needs."),
    Verdict.FACTS_ALTERED: N_("The facts are not those that were seen when it was decided."),
    Verdict.ENGINE_DIFFERS: N_("An earlier way of evaluating rules decided; today's decides otherwise."),
    Verdict.RESULT_DIFFERS: N_("Rule and facts give another result than the receipt says."),
    Verdict.BOOKING_DIFFERS: N_("Other points were booked than the receipt says."),
}
framing.announce(
    {
        "decided": ("success", N_("Decided. The citizen can read it now.")),
        "confirmed": ("success", N_("Confirmed: the points have been given.")),
        "rejected": ("success", N_("Rejected: the pending points went back.")),
    }
)


@router.get("")
def overview(request: Request, caller: Office) -> Response:
    """Show what waits."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        counts = submissions.counts(reading)
        active = programme.active(reading)
        drafts = [
            one for one in programme.every(reading) if one.status.value in {"draft", "simulated", "approved"}
        ]
        on_sale = offers.published(reading)
        low = [one for one in budgets.every(reading, caller.city) if one.outlook.level is not Level.FINE]
        asked = funding.undecided(reading)
        applying = applications.waiting_count(reading)
    return framing.show(
        request, caller, "office/overview.html", area=Area.OFFICE, waiting=counts[Status.REVIEW],
        accepted=counts[Status.ACCEPTED], active=active, drafts=drafts, offers=on_sale, low=low,
        levels=LEVELS, asked=asked, applying=applying, may_open_venues=caller.has(Role.ADMINISTRATOR),
    )  # fmt: skip


@router.get("/review")
def queue(request: Request, caller: CaseWorker, after: int = 0) -> Response:
    """Show what waits for a person, the longest waiting first."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = submissions.waiting(reading, after=after, limit=PAGE)
        numbers = [one.submission_id for one in found]
        findings = submissions.findings_of(reading, numbers)
        history = submissions.history(reading, numbers)
        titles = action_types.by_code(reading)
    translate = framing.gettext_of(request, caller).gettext
    reasons = {number: _asked(findings[number], history[number], translate) for number in numbers}
    following = f"/office/review?after={found[-1].submission_id}" if len(found) == PAGE else None
    return framing.show(
        request, caller, "office/review.html", area=Area.OFFICE, submissions=found, reasons=reasons,
        following=following, titles=titles,
    )  # fmt: skip


@router.get("/review/{submission_id}")
def one(request: Request, caller: CaseWorker, submission_id: int) -> Response:
    """Show one submission with all that helps to decide it."""
    return _detail(request, caller, submission_id)


@router.post("/review/{submission_id}/{decision}")
def decide(
    request: Request,
    caller: CaseWorkerForm,
    submission_id: int,
    decision: str,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Accept or decline."""
    try:
        _run(request, caller, submission_id, decision, reason, QUEUE)
    except DomainError as error:
        errors = framing.field_errors(request, caller, error)
        if decision == "accept":
            errors = [("accept-reason" if field == "reason" else field, text) for field, text in errors]
        return _detail(request, caller, submission_id, reason=reason, status=409, errors=errors)
    return framing.go("/office/review", "decided")


@router.get("/outcomes")
def outcomes(
    request: Request,
    caller: CaseWorker,
    before: Annotated[int | None, Query(ge=0, le=BIGINT_MAX)] = None,
    action: str = "",
) -> Response:
    """Show what was accepted and awaits its outcome."""
    return _outcomes_page(request, caller, before=before, action=action)


@router.post("/outcomes/{submission_id}/{decision}")
def conclude(
    request: Request,
    caller: CaseWorkerForm,
    submission_id: int,
    decision: str,
    reason: Annotated[str, Form()] = "",
    action: Annotated[str, Form(pattern="^[a-z-]*$")] = "",
    before: Annotated[int | None, Form(ge=0, le=BIGINT_MAX)] = None,
) -> Response:
    """Confirm or reject; the filter and the place in the list stay."""
    try:
        _run(request, caller, submission_id, decision, reason, OUTCOMES)
    except DomainError as error:
        _, sentence = framing.field_errors(request, caller, error)[0]
        field = f"reason-{submission_id}"
        return _outcomes_page(
            request, caller, before=before, action=action, status=409, errors=[(field, sentence)],
            typed={field: reason},
        )  # fmt: skip
    return framing.go(_outcomes_path(before, action), f"{decision}ed")


def _outcomes_path(before: int | None, action: str) -> str:
    chosen = {"before": before, "action": action}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return f"/office/outcomes?{query}" if query else "/office/outcomes"


def _asked(findings: Sequence[Finding], history: Sequence[Decided], translate: Callable[[str], str]) -> str:
    """Return why somebody has to look, as the case worker reads it."""
    heaviest = checking.weightiest(findings)
    said = check_words.case_worker(heaviest, translate) if heaviest else None
    return said or (explaining.waiting(history[-1].reason, translate) if history else "")


@router.get("/photos/{submission_id}/{evidence_id}")
def photo(request: Request, caller: CaseWorker, submission_id: int, evidence_id: int) -> Response:
    """Return a photo of a submission."""
    given = services.of(request)
    with given.database.reading(caller.city.city_id) as reading:
        keys = dict(evidence.keys_of(reading, submission_id))
    if evidence_id not in keys:
        raise NotFound("picture-not-found")
    return Response(given.evidence(caller.city).read(keys[evidence_id]), media_type="image/jpeg")


Decide = Callable[..., Submission]
"""A use case that decides about a submission for a case worker."""


QUEUE: Mapping[str, Decide] = {"accept": reviewing.accept, "decline": reviewing.decline}
OUTCOMES: Mapping[str, Decide] = {"confirm": reviewing.confirm, "reject": reviewing.reject}


def _run(
    request: Request,
    caller: Caller,
    submission_id: int,
    decision: str,
    reason: str,
    known: Mapping[str, Decide],
) -> None:
    if decision not in known:
        raise NotFound("page-not-found")

    person = caller.person_session.person

    def command(work: Work) -> None:
        known[decision](
            work, caller.city, submission_id,
            reviewer_id=person.person_id, reviewer_owner=person.owner, reason=reason,
        )  # fmt: skip
        auditing.record(work, caller.scope, f"submission-{decision}", f"submission/{submission_id}", {})

    services.of(request).database.run(caller.city.city_id, command)


def _detail(
    request: Request,
    caller: Caller,
    submission_id: int,
    *,
    reason: str = "",
    status: int = 200,
    errors: list[tuple[str | None, str]] | None = None,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        submission = submissions.get(reading, submission_id)
        findings = submissions.findings(reading, submission_id)
        history = submissions.history(reading, [submission_id])[submission_id]
        photos = [number for number, _ in evidence.keys_of(reading, submission_id)]
        parts = evidence.parts_of(reading, submission_id)
        awards = awarding.of_submission(reading, submission_id)
        replayed = [replaying.replay(reading, award.award_id) for award in awards]
        action = action_types.get(reading, submission.action)
        translate = framing.gettext_of(request, caller).gettext
        traced = rule_tracing.of_history(reading, history, action, caller.language, translate)
    checks = [
        (
            one.result.value,
            check_words.name(one.name, translate),
            check_words.case_worker(one, translate) or explaining.waiting(one.reason, translate),
        )
        for one in findings
    ]
    return framing.show(
        request, caller, "office/submission.html", area=Area.OFFICE, status=status, submission=submission,
        action=action, checks=checks, history=history, photos=photos,
        parts=parts, awards=awards, replayed=replayed, verdicts=VERDICT_WORDS, errors=errors or [],
        reason=reason, lights=LIGHTS, words=STATUS_WORDS, traced=traced, truths=rule_tracing.LIGHTS,
        own=submission.owner == caller.person_session.person.owner,
        waiting=lambda code: explaining.waiting(code, translate),
    )  # fmt: skip


def _outcomes_page(
    request: Request,
    caller: Caller,
    *,
    before: int | None = None,
    action: str = "",
    status: int = 200,
    errors: list[tuple[str, str]] | None = None,
    typed: Mapping[str, str] = framing.NO_FIELDS,
) -> Response:
    with services.of(request).database.reading(caller.city.city_id) as reading:
        asked = submissions.by_status(reading, Status.ACCEPTED, action=action, before=before, limit=PAGE + 1)
        found = asked[:PAGE]
        awards = awarding.of_submissions(reading, [one.submission_id for one in found])
        titles = action_types.by_code(reading)
        confirmed = _confirmed(reading, found)
    older = _outcomes_path(found[-1].submission_id, action) if len(asked) > PAGE else None
    return framing.show(
        request, caller, "office/outcomes.html", area=Area.OFFICE, status=status,
        submissions=found, awards=awards, older=older, action=action, actions=titles.values(), before=before,
        titles=titles, own=caller.person_session.person.owner, confirmed=confirmed, errors=errors or [],
        typed=typed,
    )  # fmt: skip


def _confirmed(reading: Reading, found: Sequence[Submission]) -> dict[int, tuple[Case, Submission | None]]:
    """Return which report each confirmation is about; without its words once it is erased."""
    numbers = [one.submission_id for one in found if one.action == confirming.ACTION]
    about = case_files.of_submissions(reading, numbers)
    reports = {case.submission_id for case in about.values() if case.submission_id is not None}
    words = submissions.by_ids(reading, sorted(reports))
    return {
        number: (case, words.get(case.submission_id) if case.submission_id is not None else None)
        for number, case in about.items()
    }
