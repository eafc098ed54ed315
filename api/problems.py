"""Errors at the edge: RFC 9457 problem documents for the API, pages for people.

The `type` is a stable address whose last part is the error's code; `title` is a sentence in the reader's
language from `api.sentences`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

from kernel.errors import DomainError, Kind

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[Kind, HTTPStatus] = {
    Kind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Kind.CONFLICT: HTTPStatus.CONFLICT,
    Kind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Kind.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
}
_STATUS_BY_CODE = {
    "idempotency-key-missing": HTTPStatus.BAD_REQUEST,
    "idempotency-key-malformed": HTTPStatus.BAD_REQUEST,
}


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(examples=["/problems/insufficient-points"])
    title: str = Field(examples=["You have 80 points, 40 too few."])
    status: int = Field(examples=[409])
    code: str = Field(examples=["insufficient-points"])
    detail: str | None = None
    instance: str | None = Field(default=None, description="The request id, for questions to the city")
    details: dict[str, Any] = Field(default_factory=dict, examples=[{"available": 80, "needed": 120}])


def status_of(error: DomainError) -> HTTPStatus:
    """Return the HTTP status of a refusal."""
    return _STATUS_BY_CODE.get(error.code, STATUS[error.kind])


def document(error: DomainError, title: str, request_id: str | None) -> Problem:
    """Return the problem document of a refusal."""
    return Problem(
        type=f"/problems/{error.code}",
        title=title,
        status=int(status_of(error)),
        code=error.code,
        instance=request_id,
        details=dict(error.details),
    )
