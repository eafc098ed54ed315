"""Error pages: what went wrong and what to do, in the frame that fits who reads it."""

from fastapi import Request
from fastapi.responses import Response

from api import languages, services
from api.access import VISITOR_COOKIE, Caller
from api.pages import framing
from api.problems import Problem
from kernel.errors import NotFound


def page(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Return a problem as a page; who is not signed in goes to the sign-in page instead."""
    if problem.status == 401 and request.method == "GET":  # noqa: PLR2004 -- the status itself
        return framing.go(f"/sign-in?next={request.url.path}")
    try:
        city = services.of(request).city_of(request.url.hostname or "")
    except NotFound:
        return Response(problem.title, problem.status, media_type="text/plain")
    caller = Caller(city, languages.of(request), "", request.cookies.get(VISITOR_COOKIE, ""), session=None)
    response = framing.show(
        request, caller, "failure.html", area=None, status=problem.status, problem=problem
    )
    response.headers.update(headers or {})
    return response
