"""What an error becomes: a problem document for machines, a page for people."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api import languages, problems, sentences, services
from api.problems import Problem
from kernel import logs
from kernel.errors import DomainError

_log = logs.get(__name__)


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
    language = languages.of(request)
    headers: dict[str, str] = {}
    retry_after = error.details.get("retry_after_seconds")
    if isinstance(retry_after, int):
        headers["Retry-After"] = str(retry_after)
    if int(problems.status_of(error)) == 401:  # noqa: PLR2004 -- the status that demands the header
        headers["WWW-Authenticate"] = "Bearer"
    title = sentences.of(error, services.of(request).translations[language])
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
    translation = services.of(request).translations[languages.of(request)]
    return Problem(
        type=f"/problems/{code}",
        title=sentences.by_code(code, details, translation),
        status=status,
        code=code,
        instance=_request_id(request),
        details=details,
    )


def _request_id(request: Request) -> str | None:
    request_id = request.scope.get("state", {}).get("request_id")
    return str(request_id) if request_id else None
