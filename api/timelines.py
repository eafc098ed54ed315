"""Timelines: what happened to a public report, in words and with a light that has a shape of its own."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rewards import explaining
from rewards.case_files import Case, Step
from rewards.cases import Event, Light
from rewards.departments import Department
from web import formats
from web.marking import N_

LIGHTS: Mapping[Light, str] = {
    Light.RECEIVED: "ring",
    Light.IN_WORK: "triangle",
    Light.DONE: "green",
    Light.DECLINED: "red",
    Light.WITHDRAWN: "off",
}
"""Colour and shape of the traffic light: ring, triangle, disc, square, empty ring."""
WORDS: Mapping[Light, str] = {
    Light.RECEIVED: N_("Received"),
    Light.IN_WORK: N_("In work"),
    Light.DONE: N_("Done"),
    Light.DECLINED: N_("Declined"),
    Light.WITHDRAWN: N_("Taken back"),
}
_HAPPENED: Mapping[Event, str] = {
    Event.TAKE: N_("Somebody is on it."),
    Event.DONE: N_("It is done."),
    Event.WITHDRAW: N_("Its reporter has taken it back."),
    Event.STEP_BACK: N_("Its reporter has taken it back; others have seen the same, so it goes on."),
    Event.REOPEN: N_("It has been opened again."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is read; `photo` is the number of the step whose picture is shown."""

    light: Light
    at: dt.datetime
    sentence: str
    note: str
    photo: int | None
    late: bool


@dataclass(frozen=True, slots=True)
class Thanks:
    """What a department says to those who reported or confirmed what it has done since."""

    sentence: str
    note: str
    photo: int | None
    """Number of the step whose picture shows the place afterwards."""


def thanks(
    case: Case | None,
    steps: Iterable[Step],
    known: Mapping[str, Department],
    translate: Callable[[str], str],
    language: str,
) -> Thanks | None:
    """Return the thanks for a report that is done; None as long as there is nothing to thank for."""
    if case is None or case.light is not Light.DONE:
        return None
    done = [step for step in steps if step.event is Event.DONE and step.applied]
    department = known.get(case.department or "")
    if department is None:
        sentence = translate(N_("The city thanks you: because of your hint it is done."))
    else:
        values = {"department": formats.localized(department.names, language)}
        sentence = translate(N_("%(department)s: Thank you! Because of your hint it is done.")) % values
    last = done[-1] if done else None
    pictures = [step.step_id for step in done if step.photo_key]
    return Thanks(sentence, last.note if last else "", pictures[-1] if pictures else None)


def lines(
    steps: Iterable[Step], known: Mapping[str, Department], translate: Callable[[str], str], language: str
) -> list[Line]:
    """Return the lines of a timeline, in the order in which things happened."""
    reasons = explaining.decline_reasons(translate)

    def sentence(step: Step) -> str:
        if step.event in {Event.DECLINE, Event.REFUSE}:
            return reasons.get(step.reason.value if step.reason else "", reasons["not-confirmed"])
        if step.event is Event.FORWARD:
            to = known.get(step.department or "")
            name = formats.localized(to.names, language) if to else ""
            return translate(N_("Passed on to: %(department)s")) % {"department": name}
        return translate(_HAPPENED[step.event]) if step.event in _HAPPENED else ""

    return [
        Line(
            light=step.light,
            at=step.happened_at,
            sentence=sentence(step),
            note=step.note,
            photo=step.step_id if step.photo_key else None,
            late=not step.applied,
        )
        for step in steps
    ]
