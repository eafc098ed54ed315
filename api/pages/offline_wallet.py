"""What lets citizens see vouchers without a network: the app's service worker, and a page for all else."""

import functools
import hashlib
import json
from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.access import Access, Caller, Sort
from api.pages import framing
from web import templating

Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
router = APIRouter(include_in_schema=False)

_WORKER = "js/wallet-worker.js"
_ALONGSIDE = (
    "css/duiscoin.css", "vendor/kern/kern.min.css", "vendor/fira-sans/latin-400.woff2",
    "vendor/fira-sans/latin-600.woff2", "pictograms.svg", "logo.svg", "js/form-guard.js", "js/wallet.js",
    "js/voucher.js", "js/live-code.js",
)  # fmt: skip
"""What pages name with the hash of its content."""
_BY_NAME = ("/static/vendor/lean-qr/lean-qr.js", "/city.css", "/offline")


@router.get("/wallet-worker.js")
def worker(_: Anyone) -> Response:
    """Return the service worker, with the list of what it takes along; it changes with any of it."""
    return Response(_script(), media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/offline")
def offline(request: Request, caller: Anyone) -> Response:
    """Show what stands there when a page can't be reached."""
    return framing.show(request, caller, "citizen/offline.html")


@functools.cache
def _script() -> str:
    files = [*map(templating.static, _ALONGSIDE), *_BY_NAME]
    source = (resources.files("web") / "static" / _WORKER).read_text("utf-8")
    version = hashlib.sha256((json.dumps(files) + source).encode()).hexdigest()[:10]
    return f"const VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(files)};\n{source}"
