"""Error pages: what went wrong and what to do, in the frame that fits who reads it."""

from collections.abc import Mapping
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from api import languages, services
from api.access import VISITOR_COOKIE, Caller
from api.pages import framing
from api.pages.framing import Area
from api.problems import Problem
from kernel.errors import NotFound

_FRAMES: Final[Mapping[Area | None, str]] = {
    Area.CITIZEN: "app",
    Area.VENUE: "office",
    Area.OFFICE: "office",
    Area.TREASURY: "office",
}


def page(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Return a problem as a page; who is not signed in goes to the sign-in page instead."""
    if problem.status == 401 and request.method == "GET":  # noqa: PLR2004 -- the status itself
        return framing.go(f"/sign-in?next={request.url.path}")
    try:
        city = services.of(request).city_of(request.url.hostname or "")
    except NotFound:
        return Response(problem.title, problem.status, media_type="text/plain")
    known: Caller | None = getattr(request.state, "caller", None)
    visitor = request.cookies.get(VISITOR_COOKIE, "")
    caller = known or Caller(city, languages.of(request), "", visitor, session=None)
    area = _area(request.url.path) if caller.session else None
    frame = f"frames/{_FRAMES.get(area, 'base')}.html"
    response = framing.show(
        request, caller, "failure.html", area=area, status=problem.status, problem=problem, frame=frame
    )
    response.headers.update(headers or {})
    return response


def _area(path: str) -> Area:
    """Return the part of the product that an address belongs to."""
    first = path.strip("/").partition("/")[0]
    return next((area for area in Area if area.value == first), Area.CITIZEN)
