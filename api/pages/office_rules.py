"""The administration's rules: all versions. One is written in `office_rule_editor`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller
from api.pages import framing
from api.pages.framing import Area
from api.pages.office_rule_life import STATUS_WORDS
from identity.roles import Role
from rewards import action_types, programme
from web.marking import N_

router = APIRouter(include_in_schema=False, prefix="/office/rules")
Office = Annotated[Caller, Depends(Access(*framing.OFFICE_ROLES))]

_ORDER = ("active", "scheduled", "approved", "simulated", "draft", "retired")
framing.announce({"drafted": ("success", N_("Saved as a draft. A second person has to approve it."))})


@router.get("")
def every(request: Request, caller: Office) -> Response:
    """Show all versions."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        found = programme.every(reading)
        titles = action_types.by_code(reading)
    order = {status: place for place, status in enumerate(_ORDER)}
    found.sort(key=lambda one: (one.version.code, order[one.status.value]))
    return framing.show(
        request, caller, "office/rules.html", area=Area.OFFICE, rules=found, words=STATUS_WORDS,
        may_edit=caller.has(Role.RULE_EDITOR), titles=titles,
    )  # fmt: skip
