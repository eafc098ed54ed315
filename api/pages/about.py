"""What Duiscoin is, the rules in force in plain words, privacy and accessibility: for anybody."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import services
from api.access import Access, Caller, Sort
from api.pages import framing
from rewards import action_types, describing, naming, programme

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]


@router.get("/about")
def about(request: Request, caller: Anyone) -> Response:
    """Explain Duiscoin and show every rule in force."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        active = programme.active(reading)
        actions, names = action_types.by_code(reading), naming.names(reading, caller.language)
    translate = framing.gettext_of(request, caller).gettext
    rules = [
        (
            stored.version.title,
            describing.describe(
                stored.version, actions[stored.version.action], translate, caller.language, names
            ),
            stored.version_hash,
        )
        for stored in active
    ]
    return framing.show(request, caller, "about/about.html", area=_area(caller), rules=rules)


@router.get("/about/privacy")
def privacy(request: Request, caller: Anyone) -> Response:
    """Say what is kept about people, what for and how long."""
    return framing.show(request, caller, "about/privacy.html", area=_area(caller))


@router.get("/about/accessibility")
def accessibility(request: Request, caller: Anyone) -> Response:
    """Say how accessible this is and where to turn."""
    return framing.show(request, caller, "about/accessibility.html", area=_area(caller))


def _area(caller: Caller) -> framing.Area | None:
    return framing.Area.CITIZEN if caller.session else None
