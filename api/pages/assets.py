"""Static files, the city's style sheet, the web app manifest: everything that is the same for all readers."""

import functools
import gzip
import json
import mimetypes
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from api import services
from api.access import Access, Caller, Sort
from web import templating

Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
router = APIRouter(include_in_schema=False)
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_A_WHILE = "public, max-age=300"
_COMPRESSED = (".css", ".js", ".svg", ".wasm", ".json")
_TYPES = {".wasm": "application/wasm", ".js": "text/javascript", ".woff2": "font/woff2"}


@router.get(templating.STATIC + "/{path:path}")
def static_file(request: Request, path: str, _: Anyone) -> Response:
    """Return a static file; with its content's hash in the address it may be kept for ever."""
    content, compressed, media_type = _load(path)
    headers = {
        "Cache-Control": _FOR_EVER if "v" in request.query_params else _FOR_A_WHILE,
        "Vary": "Accept-Encoding",
    }
    if compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(compressed, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(content, media_type=media_type, headers=headers)


@router.get("/city.css")
def city_css(caller: Anyone) -> Response:
    """Return the city's colours."""
    css = templating.city_css(caller.city.colours)
    return Response(css, media_type="text/css", headers={"Cache-Control": _FOR_A_WHILE})


@router.get("/manifest.webmanifest")
def manifest(request: Request, caller: Anyone) -> Response:
    """Return what makes the app installable."""
    translation = services.of(request).translations[caller.language]
    content = {
        "name": f"Duiscoin {caller.city.name}",
        "short_name": "Duiscoin",
        "description": translation.gettext("Duiscoin: the city says thank you."),
        "lang": caller.language,
        "start_url": "/",
        "display": "standalone",
        "background_color": "#f5f8fa",
        "theme_color": "#0a4a6e",
        "icons": [
            {"src": templating.static("logo.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": templating.static("icon-192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": templating.static("icon-512.png"), "sizes": "512x512", "type": "image/png"},
        ],
    }
    return Response(json.dumps(content, ensure_ascii=False), media_type="application/manifest+json")


@functools.cache
def _load(path: str) -> tuple[bytes, bytes | None, str]:
    file: Traversable = resources.files("web") / "static"
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            raise HTTPException(404)
        file = file / part
    if not file.is_file():
        raise HTTPException(404)
    suffix = "." + path.rpartition(".")[2]
    media_type = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    content = file.read_bytes()
    return content, gzip.compress(content, 9) if suffix in _COMPRESSED else None, media_type
