"""The API's description for people, made from its OpenAPI document, and the health check."""

from collections.abc import Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from api import services
from api.access import Access, Caller, Sort
from api.pages import framing

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
_METHODS = ("get", "post", "put", "patch", "delete")


@router.get("/api/docs")
def docs(request: Request, caller: Anyone) -> Response:
    """Show every operation with its fields and an example."""
    document = request.app.openapi()
    topics: dict[str, list[Mapping[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                one = operations[method]
                shown = {"method": method.upper(), "path": path, "body": _body(document, one), **one}
                topics.setdefault(one.get("tags", [""])[0], []).append(shown)
    return framing.show(
        request, caller, "about/interfaces.html", area=None, topics=topics, info=document["info"]
    )


@router.get("/health")
def health(request: Request, caller: Anyone) -> Response:
    """Say whether the database answers."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        reading.connection.execute(sa.select(sa.literal(1)))
    return JSONResponse({"status": "ok"})


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return an example of an operation's body, from the examples of its fields."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if not content:
        return None
    schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    return {
        name: field.get("examples", [field.get("default")])[0]
        for name, field in schema.get("properties", {}).items()
    }
