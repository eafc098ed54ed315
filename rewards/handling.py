"""Handling: what departments, reporters and other systems do with a case, and what follows for points.

Each step goes through the state machine of `rewards.cases` and settles what hangs on the case in the same
unit of work.
"""

import datetime as dt
from dataclasses import dataclass, replace

from kernel.cities import City
from kernel.db import Work
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from rewards import case_files, cases, concluding, departments, submissions
from rewards.case_files import Case, Step
from rewards.case_tables import NOTE_MAX
from rewards.cases import Event, Light, Points, Reason, State
from rewards.concluding import Said
from rewards.submissions import Submission

CLOCKS_DIFFER_BY = dt.timedelta(minutes=5)
TOLD = frozenset({Event.TAKE, Event.DONE, Event.DECLINE})
"""What other systems can tell."""
WITHDRAWN = "withdrawn-by-you"


@dataclass(frozen=True, slots=True)
class Handled:
    """What somebody does with a case: the words are public. `photo_key` shows the place afterwards."""

    event: Event
    staff_id: int | None = None
    staff_owner: str = ""
    note: str = ""
    reason: Reason | None = None
    department: str | None = None
    photo_key: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What another system tells of a case; `source` and `event_id` name the event wherever it comes from."""

    event: Event
    source: str
    event_id: str
    happened_at: dt.datetime
    note: str = ""
    reason: Reason | None = None

    @property
    def told_as(self) -> str:
        """Its name in the timeline."""
        return f"{self.source}/{self.event_id}"


def handle(work: Work, city: City, case_id: int, handled: Handled) -> Case:
    """Do a step of a department's work list: TAKE, DONE, DECLINE, FORWARD or REOPEN. Again changes nothing.

    Raises NotFound, Forbidden `own-submission`, Invalid `note-too-long`, `decline-reason-missing`,
    `department-unknown`, Conflict `case-step-not-possible`, `forwarded-to-itself`.
    """
    case = case_files.get(work, case_id)
    _not_own(work, case, handled.staff_owner)
    _check(handled)
    if handled.event is Event.FORWARD:
        department = departments.active(work, handled.department or "").code
        if department == case.department:
            raise Conflict("forwarded-to-itself")
    return _move(work, city, case, _step(work, case, handled))


def follow(work: Work, city: City, submission: Submission, event: Event, said: Said) -> bool:
    """Let a case follow what a review decided; return whether there is one.

    A decision on a confirmation moves no light: only its own points.
    """
    case = case_files.of_submission(work, submission.submission_id)
    if case is None:
        return False
    reason = Reason.NOT_CONFIRMED if event in {Event.DECLINE, Event.REFUSE} else None
    if case.submission_id == submission.submission_id:
        step = _step(work, case, Handled(event, staff_id=said.reviewer_id, reason=reason))
        _move(work, city, case, step, said)
        return True
    points = {Event.DONE: Points.CONFIRMED, Event.DECLINE: Points.RELEASED, Event.REFUSE: Points.RELEASED}
    if event in points:
        concluding.conclude(work, city, submission, points[event], said)
    _settle(work, city, case, Said())
    return True


def withdraw(work: Work, city: City, case_id: int, owner: str) -> Case:
    """Take one's own report back: words and photos are hidden, what is pending goes back.

    If others have confirmed it, the report goes on without its reporter. Again changes nothing. Raises
    NotFound (also for reports of others), Conflict `case-step-not-possible`.
    """
    case = case_files.get(work, case_id)
    submission = _reported(work, case)
    if submission is None or submission.owner != owner:
        raise NotFound("report-not-found")
    event = Event.STEP_BACK if case.confirmations else Event.WITHDRAW
    case_files.change(work, case_id, words=None, address=None, photos=[])
    return _move(work, city, case, _step(work, case, Handled(event)), Said(reason=WITHDRAWN))


def told(work: Work, city: City, case_id: int, told: Told) -> tuple[Case, bool]:
    """Take in what another system tells; return the case and whether the event moved it.

    An event that happened before what is known already, or that no longer fits, becomes history and moves
    nothing. The same event again gives the same answer. Raises NotFound, Invalid `event-not-possible`,
    `event-in-the-future`, `note-too-long`, `decline-reason-missing`, Conflict `event-used-for-other-content`.
    """
    case = case_files.get(work, case_id)
    if told.event not in TOLD:
        raise Invalid("event-not-possible", field="event")
    handled = Handled(told.event, note=told.note, reason=told.reason)
    _check(handled)
    if told.happened_at > work.now + CLOCKS_DIFFER_BY:
        raise Invalid("event-in-the-future", field="happened_at")
    before = case_files.told_before(work, told.told_as)
    if before is not None:
        if (before.case_id, before.event, before.happened_at) != (case_id, told.event, told.happened_at):
            raise Conflict("event-used-for-other-content")
        return case, before.applied
    step = replace(_step(work, case, handled), happened_at=told.happened_at, told_as=told.told_as)
    after = cases.step(_state(work, case), told.event)
    if after is None or cases.is_late(told.happened_at, case.moved_at):
        case_files.add_step(work, replace(step, light=case.light, applied=False))
        return case, False
    return _move(work, city, case, step), True


def settle(work: Work, city: City, submission_id: int) -> None:
    """Settle what hangs on the case of a submission that was accepted after its case was closed."""
    case = case_files.of_submission(work, submission_id)
    if case is not None:
        _settle(work, city, case, Said())


def _move(work: Work, city: City, case: Case, step: Step, said: Said | None = None) -> Case:
    state = _state(work, case)
    after = cases.step(state, step.event)
    if after is None:
        raise Conflict("case-step-not-possible", light=case.light.value)
    told = step.told_as is not None
    if after == state and step.event is not Event.FORWARD and not told:
        return case
    # What was written to the reporter is theirs: who confirmed the report reads the public reason alone.
    public = Said(step.staff_id, _reason_of(step))
    if after.points is not state.points and case.submission_id is not None:
        concluding.conclude(
            work, city, submissions.get(work, case.submission_id), after.points, said or public
        )
    if step.event is Event.REFUSE and after.light is case.light:
        return case  # Its points only: what everybody sees stays as it is.
    case_files.add_step(work, replace(step, light=after.light))
    values = {
        "light": after.light.value,
        "moved_at": max(case.moved_at, step.happened_at),
        "closed_at": None if after.light.is_open else case.closed_at or step.happened_at,
        "reason": step.reason.value if step.reason and after.light is Light.DECLINED else None,
    }
    if step.event is Event.FORWARD:
        values["department"] = step.department
    case_files.change(work, case.case_id, **values)
    moved = case_files.get(work, case.case_id)
    _settle(work, city, moved, public)
    return moved


def _settle(work: Work, city: City, case: Case, said: Said) -> None:
    """Bring the points of all that hangs on a case to where its light wants them."""
    numbers = case_files.contributions(work, case)
    for start in range(0, len(numbers), submissions.PAGE_MAX):
        some = submissions.by_ids(work, numbers[start : start + submissions.PAGE_MAX])
        for submission in some.values():
            state = State(case.light, concluding.POINTS[submission.status])
            concluding.conclude(work, city, submission, cases.settled(state).points, said)


def _state(work: Work, case: Case) -> State:
    submission = _reported(work, case)
    points = concluding.POINTS[submission.status] if submission else Points.RELEASED
    return State(case.light, points)


def _reported(work: Work, case: Case) -> Submission | None:
    return submissions.get(work, case.submission_id) if case.submission_id is not None else None


def _step(work: Work, case: Case, handled: Handled) -> Step:
    return Step(
        step_id=work.ids.next(),
        case_id=case.case_id,
        event=handled.event,
        light=case.light,
        happened_at=work.now,
        recorded_at=work.now,
        reason=handled.reason,
        note=handled.note.strip(),
        department=handled.department if handled.event is Event.FORWARD else case.department,
        staff_id=handled.staff_id,
        photo_key=handled.photo_key,
        told_as=None,
        applied=True,
    )


def _reason_of(step: Step) -> str:
    return f"case-{step.reason.value}" if step.reason else ""


def _check(handled: Handled) -> None:
    if len(handled.note) > NOTE_MAX:
        raise Invalid("note-too-long", field="note", maximum=NOTE_MAX)
    if handled.event is Event.DECLINE and handled.reason is None:
        raise Invalid("decline-reason-missing", field="reason")


def _not_own(work: Work, case: Case, owner: str) -> None:
    submission = _reported(work, case)
    if submission is not None and submission.owner == owner:
        raise Forbidden("own-submission")
