"""The transparency log, read-only (c2sp.org/tlog-tiles), and the page that checks receipts.

Only what the published checkpoint covers is served, so no cache ever keeps what was not signed.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from api import services
from api.access import Access, Caller, Sort
from kernel.errors import DomainError
from ledger import log_keys, log_store, notes, tiles, witnesses
from ledger.log_store import CHECKPOINT
from ledger.notes import Checkpoint
from web import verifier

Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
router = APIRouter(prefix="/log", include_in_schema=False)

_TEXT = "text/plain; charset=utf-8"
# Anybody may check the log, also from a page of their own.
_FOR_ALL = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_SHORT = _FOR_ALL | {"Cache-Control": "public, max-age=2"}
_FOR_EVER = _FOR_ALL | {"Cache-Control": "public, max-age=31536000, immutable"}


@router.get("/checkpoint")
def checkpoint(request: Request, caller: Anyone) -> Response:
    """Return the newest signed checkpoint with its cosignatures."""
    return Response(_checkpoint(request, caller), media_type=_TEXT, headers=_SHORT)


@router.get("/tile/{path:path}")
def tile(request: Request, path: str, caller: Anyone) -> Response:
    """Return a tile of hashes or a bundle of entries, full or partial."""
    size = Checkpoint.of(notes.parse(_checkpoint(request, caller)).text).size
    try:
        wanted = tiles.parse_path(f"tile/{path}")
        if tiles.width_at(size, wanted.level or 0, wanted.index) < wanted.width:
            raise HTTPException(404)
        data = log_store.read_tile(services.of(request).log(caller.city).store, wanted, size)
    except DomainError:
        raise HTTPException(404) from None
    return Response(data, media_type="application/octet-stream", headers=_FOR_EVER)


@router.get("/key")
def key(request: Request, caller: Anyone) -> Response:
    """Return the log's public key as a line of text, as the tools of transparency logs take it."""
    found, _ = _keys(request, caller)
    if not found:
        raise HTTPException(404)
    return Response(f"{found}\n", media_type=_TEXT, headers=_SHORT)


@router.get("/verify")
def verify(request: Request, caller: Anyone) -> Response:
    """Return the page that checks receipts; it may be saved and works without this server."""
    page = verifier.preset(*_keys(request, caller))
    headers = {"Content-Security-Policy": verifier.policy(), "Cache-Control": "public, max-age=300"}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


def _checkpoint(request: Request, caller: Caller) -> bytes:
    data = services.of(request).log(caller.city).store.read(CHECKPOINT)
    if data is None:
        raise HTTPException(404)
    return data


def _keys(request: Request, caller: Caller) -> tuple[str, list[str]]:
    """Return the log's key, empty before the first seal, and those of the witnesses that confirmed it."""
    with services.of(request).database.reading(caller.city.city_id) as reading:
        try:
            found = log_keys.verifier(reading)
        except DomainError:
            return "", []
        return found.vkey, [one.verifier.vkey for one in witnesses.every(reading) if one.size]
