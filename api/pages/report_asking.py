"""What the pages of actions know of public reports: those nearby, and how far one's own are."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request

from api import services, timelines
from api.access import Caller
from api.pages import reports
from rewards import departments, similar
from rewards.action_types import ActionType
from rewards.case_files import Case
from rewards.checking import Place
from rewards.submissions import Status, Submission

_GONE = frozenset({Status.DECLINED, Status.REJECTED})


def asked(
    request: Request, caller: Caller, action: ActionType, category: str, place: Place | None, address: str
) -> Mapping[str, Any] | None:
    """Return what is shown of open reports nearby, or in the same street; None if there is nothing to ask."""
    if not departments.is_report(action) or category not in action.category_codes:
        return None
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = similar.find(reading, action.code, category, place, address)
        return reports.shown(reading, caller, action, found) if found else None


def standing(
    submission: Submission,
    cases: Mapping[int, Case],
    lights: Mapping[Status, str],
    words: Mapping[Status, str],
) -> tuple[str, str]:
    """Return light and words for a contribution: those of its public report, unless it ended before it."""
    case = cases.get(submission.submission_id)
    if case is None or (case.light.is_open and submission.status in _GONE):
        return lights[submission.status], words[submission.status]
    return timelines.LIGHTS[case.light], timelines.WORDS[case.light]
