"""What an error becomes: a problem document for machines, a page for people."""

from gettext import NullTranslations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api import languages, problems, sentences, services
from api.problems import Problem
from kernel import logs
from kernel.errors import DomainError

_log = logs.get(__name__)
_OF_SCANNERS = ("/api/v1/devices/enrolments", "/api/v1/scans", "/api/v1/venue/")
"""What scanners ask: they speak more languages than pages."""


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(DomainError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)


def answer(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Return a problem in the form that the caller understands."""
    if request.url.path.startswith(("/api/", "/health", "/metrics", "/status.json")):
        return JSONResponse(
            problem.model_dump(exclude_none=True),
            status_code=problem.status,
            headers=headers,
            media_type=problems.MEDIA_TYPE,
        )
    from api.pages import failures  # noqa: PLC0415 -- pages need this module to answer as well

    return failures.page(request, problem, headers)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, DomainError):
        raise error
    headers: dict[str, str] = {}
    retry_after = error.details.get("retry_after_seconds")
    if isinstance(retry_after, int):
        headers["Retry-After"] = str(retry_after)
    if int(problems.status_of(error)) == 401:  # noqa: PLR2004 -- the status that demands the header
        headers["WWW-Authenticate"] = "Bearer"
    title = sentences.of(error, _translation(request))
    return answer(request, problems.document(error, title, _request_id(request)), headers)


async def _malformed(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [
        {"path": ".".join(str(part) for part in fault["loc"][1:]), "message": fault["msg"]}
        for fault in error.errors()
    ]
    return answer(request, _plain(request, 422, "request-invalid", {"faults": faults}))


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    codes = {404: "page-not-found", 405: "method-not-allowed", 413: "request-too-large"}
    code = codes.get(error.status_code, "request-refused")
    return answer(request, _plain(request, error.status_code, code, {}), dict(error.headers or {}))


async def _broken(request: Request, error: Exception) -> Response:
    _log.error("failed", exc_info=error, path=getattr(request.scope.get("route"), "path", None))
    return answer(request, _plain(request, 500, "internal-error", {}))


def _plain(request: Request, status: int, code: str, details: dict[str, object]) -> Problem:
    return Problem(
        type=f"/problems/{code}",
        title=sentences.by_code(code, details, _translation(request)),
        status=status,
        code=code,
        instance=_request_id(request),
        details=details,
    )


def _translation(request: Request) -> NullTranslations:
    """Return the reader's translations; a scanner's if it asks what scanners ask."""
    given = services.of(request)
    if request.url.path.startswith(_OF_SCANNERS):
        return given.scanner_translations[languages.of_scanner(request)]
    return given.translations[languages.of(request)]


def _request_id(request: Request) -> str | None:
    request_id = request.scope.get("state", {}).get("request_id")
    return str(request_id) if request_id else None
