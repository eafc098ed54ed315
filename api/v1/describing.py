"""The OpenAPI document: what FastAPI knows, and what only the routes' `Access` and the edge know.

Who may call an operation, which refusals it can give and in which form, and that writes need a key.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.access import Access, Sort
from api.problems import MEDIA_TYPE, Problem

KEY_HEADER = "Idempotency-Key"
TOPICS = {
    "people": "Signing in by a code, and one's own account.",
    "wallet": "Points: what can be spent, what is pending, what was reserved, and why.",
    "actions": "What people do for the city, handed in by them or reported by another system.",
    "tags": "Bins with a tag: each use is proved by its code.",
    "quests": "Routes of stations to be walked through the city.",
    "reports": "What was reported, as everybody sees it, and what became of it.",
    "review": "What a case worker decides.",
    "rules": "Which action gives how many points, and the budgets that pay for them.",
    "offers": "What points can be spent on.",
    "vouchers": "What was bought, with its code.",
    "postbox": "Receipts, vouchers and messages of the city, until they are deleted.",
    "receipts": "What was bought, redeemed, given back and paid, numbered without gaps.",
    "fines": "Fines and fees, paid in full by their reference.",
    "venues": "Where points are taken, with contracts.",
    "devices": "What venues scan with: invited, enrolled, stopped; docs/scan-log.md has the formats.",
    "trust": "What a verifier of vouchers needs, and the kill switch of a key.",
    "scans": "Vouchers at the door, scanned by a device.",
    "books": "Accounts, statements, verification and settlement.",
}
SCHEMES = {
    "person": "Token of a session, from `POST /api/v1/sign-in/sessions`",
    "device": "Token of a device, told when it is enrolled",
    "system": "Token of another system of the city",
}
REFUSALS: Mapping[int, tuple[str, str, dict[str, Any]]] = {
    400: (
        "The Idempotency-Key is missing or malformed, or the body can't be read",
        "idempotency-key-missing",
        {},
    ),
    401: ("Nobody is signed in, or the token is unknown", "sign-in-needed", {}),
    403: ("The caller may not do this", "role-missing", {"roles": ["treasurer"]}),
    404: ("There is nothing of that name", "offer-not-found", {"offer": "9"}),
    409: (
        "The state does not allow it, or the same request is still being answered",
        "insufficient-points",
        {"available": 80, "needed": 120},
    ),
    413: ("The body is too large", "request-too-large", {}),
    422: (
        "The input is wrong, or the Idempotency-Key was used for another request",
        "request-invalid",
        {"faults": [{"path": "offer_id", "message": "Field required"}]},
    ),
    429: ("Too many requests", "too-many-requests", {"retry_after_seconds": 60}),
    503: ("Busy; nothing was done, try again", "busy", {}),
}
_WRITES = {"post", "put", "patch", "delete"}
_ORDER = ("get", "post", "put", "patch", "delete")


def install(app: FastAPI, prefix: str, routes: Iterable[APIRoute]) -> None:
    """Make the application describe `routes`, which it serves under `prefix`."""
    accesses = {
        (f"{prefix}{route.path}", method.lower()): access_of(route)
        for route in routes
        for method in route.methods or ()
    }

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, accesses)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign] # FastAPI's documented way to extend the document


def access_of(route: APIRoute) -> Access:
    """Return the one declaration of who may call a route. Raises ValueError if there is none or several."""
    found = [one.call for one in route.dependant.dependencies if isinstance(one.call, Access)]
    (access,) = found
    return access


def _document(app: FastAPI, accesses: Mapping[tuple[str, str], Access]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    document["tags"] = [{"name": name, "description": text} for name, text in TOPICS.items()]
    document["servers"] = [{"url": "/", "description": "The city that this host name leads to"}]
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = Problem.model_json_schema()
    document["components"]["responses"] = {str(status): _refusal(status) for status in REFUSALS}
    document["components"]["securitySchemes"] = {
        name: {"type": "http", "scheme": "bearer", "description": text} for name, text in SCHEMES.items()
    }
    for path, operations in document["paths"].items():
        for method in [one for one in _ORDER if one in operations]:
            _complete(operations[method], path, method, accesses[path, method])
    return document


def _complete(operation: dict[str, Any], path: str, method: str, access: Access) -> None:
    """Add to an operation who may call it, with which key, and how it can refuse."""
    operation["operationId"] = _name(path, method)
    operation["security"] = _security(access)
    if access.roles:
        roles = sorted(role.value for role in access.roles)
        operation["x-roles"] = roles
        operation["description"] += f"\n\nFor {' or '.join(roles)}."
    key = [one for one in operation.get("parameters", []) if one["name"] == KEY_HEADER]
    for parameter in key:
        parameter["required"] = True
        parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255}
        parameter["example"] = "5f0f2d39-4d0c-4f8e-9a0e-3c3b8f8b1c52"
    statuses = {401, 404, 422, 429, 503}
    if Sort.ANYONE not in access.sorts:
        statuses |= {403}
    if key or "requestBody" in operation:
        statuses |= {400, 413}
    # A device may be one without a key, or one that is stopped.
    if method in _WRITES or access.sorts == {Sort.DEVICE}:
        statuses |= {409}
    responses = operation["responses"]
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}


def _name(path: str, method: str) -> str:
    """Return an operation's name: the method and the words of the path."""
    words = path.removeprefix("/api/v1/").replace("{", "").replace("}", "")
    return "-".join([method, *words.replace("_", "-").replace(".", "-").split("/")])


def _security(access: Access) -> list[dict[str, list[str]]]:
    if Sort.ANYONE in access.sorts:
        return [{}, {"person": []}]
    named = {Sort.DEVICE: "device", Sort.CLIENT: "system", Sort.CITIZEN: "person"}
    schemes = {named[sort] for sort in access.sorts} | ({"person"} if access.roles else set())
    return [{scheme: []} for scheme in sorted(schemes)]


def _refusal(status: int) -> dict[str, Any]:
    text, code, details = REFUSALS[status]
    example = Problem(
        type=f"/problems/{code}", title=text, status=status, code=code, details=details
    ).model_dump(exclude_none=True)
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    refusal: dict[str, Any] = {"description": text, "content": content}
    if status in {429, 503}:
        refusal["headers"] = {
            "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}, "example": 60}
        }
    return refusal
