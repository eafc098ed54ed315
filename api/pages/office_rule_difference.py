"""Two versions of rules side by side, in plain words."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.pages.office_rule_life import STATUS_WORDS
from rewards import action_types, comparing, naming, programme
from rewards.comparing import Change, Side
from rewards.describing import Part
from rewards.programme import RuleStatus, StoredRule
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/rules")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]

PARTS: Mapping[Part, str] = {
    Part.TITLE: N_("Title"),
    Part.ACTION: N_("Action"),
    Part.CONDITION: N_("Condition"),
    Part.POINTS: N_("Points"),
    Part.WHEN: N_("When they come"),
    Part.LIMITS: N_("Limits for one person"),
    Part.BUDGET: N_("Budget"),
    Part.VALIDITY: N_("Validity"),
}
CHANGES: Mapping[Change, tuple[str, str]] = {
    Change.SAME: ("info", N_("unchanged")),
    Change.CHANGED: ("warning", N_("changed")),
    Change.ADDED: ("success", N_("new")),
    Change.REMOVED: ("danger", N_("gone")),
}


@router.get("/{version_hash}/difference")
def difference(request: Request, caller: Office, version_hash: str, before: str = "") -> Response:
    """Show what a version says otherwise than another one; by default than the one in force."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        after = programme.get(reading, version_hash)
        others = [one for one in programme.every(reading) if one.version_hash != version_hash]
        earlier = programme.get(reading, before) if before else _standing(after, others)
        actions = action_types.by_code(reading)
        names = naming.names(reading, caller.language)
    translate = framing.gettext_of(request, caller).gettext
    sides = [Side(one.version, actions[one.version.action]) for one in (earlier or after, after)]
    clauses = comparing.compare(sides[0], sides[1], translate, caller.language, names)
    return framing.show(
        request, caller, "office/rule_difference.html", area=Area.OFFICE, after=after, before=earlier,
        others=others, clauses=clauses, parts=PARTS, changes=CHANGES, words=STATUS_WORDS,
        differ=sum(one.change is not Change.SAME for one in clauses),
    )  # fmt: skip


def _standing(after: StoredRule, others: list[StoredRule]) -> StoredRule | None:
    """Return the version of the same rule that is in force, or else the one written before."""
    same = [one for one in others if one.version.code == after.version.code]
    active = [one for one in same if one.status is RuleStatus.ACTIVE]
    earlier = [one for one in same if one.created_at <= after.created_at]
    return next(iter([*active, *earlier[::-1], *same]), None)
