"""The scanner that installs and works offline: its shell, its words and the list of what it takes along.

Everybody may load it: there is nothing of anybody in it. Who scans is the device, by its own token and key.
"""

import functools
import hashlib
import json
from collections.abc import Iterable
from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import languages, services
from api.access import Access, Caller, Sort
from api.pages import framing
from api.wording import scanner
from kernel.cities import City
from web import templating
from web.templating import Page

Anyone = Annotated[Caller, Depends(Access(Sort.ANYONE))]
router = APIRouter(include_in_schema=False, prefix="/scan")

_SCRIPTS = "js/scan"
_ALONGSIDE = (
    "css/duiscoin.css", "css/scan.css", "vendor/kern/kern.min.css", "vendor/fira-sans/latin-400.woff2",
    "vendor/fira-sans/latin-600.woff2", "vendor/fira-sans/latin-ext-400.woff2",
    "vendor/fira-sans/latin-ext-600.woff2", "js/scanner-worker.js", "vendor/zxing/reader.js",
    "vendor/zxing/zxing_reader.wasm", "pictograms.svg", "logo.svg", "icon-192.png", "icon-512.png",
)  # fmt: skip
"""What the shell names with the hash of its content."""
_BY_NAME = ("js/camera.js", "js/scanner-signals.js")
"""What modules import by its plain name, besides those of the scanner itself."""
_REVALIDATED = {"Cache-Control": "no-cache"}
_WORKER = "service-worker.js"


@router.get("")
def shell(request: Request, caller: Anyone) -> Response:
    """Show the scanner."""
    return _shell(request, caller)


@router.get("/enrol")
def enrol(request: Request, caller: Anyone) -> Response:
    """Show the scanner, which registers itself with the secret behind `#`."""
    return _shell(request, caller)


@router.get("/words.json")
def words(request: Request, _: Anyone) -> Response:
    """Return all sentences of the scanner in all its languages."""
    return Response(_words(request), media_type="application/json", headers=_REVALIDATED)


@router.get("/manifest.webmanifest")
def manifest(request: Request, caller: Anyone) -> Response:
    """Return what makes the scanner installable, beside the citizens' app."""
    translation = services.of(request).scanner_translations[languages.of_scanner(request)]
    content = {
        "id": "/scan",
        "name": f"{translation.gettext('Scanner')} {caller.city.name}",
        "short_name": translation.gettext("Scanner"),
        "start_url": "/scan",
        "scope": "/scan",
        "display": "standalone",
        "orientation": "portrait-primary",
        "background_color": "#0c1217",
        "theme_color": "#0c1217",
        "icons": [
            {"src": templating.static("icon-192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": templating.static("icon-512.png"), "sizes": "512x512", "type": "image/png"},
        ],
    }
    body = json.dumps(content, ensure_ascii=False)
    return Response(body, media_type="application/manifest+json", headers=_REVALIDATED)


@router.get("/worker.js")
def worker(request: Request, caller: Anyone) -> Response:
    """Return the service worker, with the list of what the scanner takes along; it changes with any of it."""
    files = ["/scan", "/scan/words.json", "/scan/manifest.webmanifest", "/city.css", *_files()]
    version = _digest([*map(_content, _paths()), _words(request), _page(request, caller.city, "de")])
    head = f"const VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(files)};\n"
    return Response(
        head + _content(f"{_SCRIPTS}/{_WORKER}").decode(),
        media_type="text/javascript",
        # It stands below /scan/ but serves /scan, too.
        headers=_REVALIDATED | {"Service-Worker-Allowed": "/scan"},
    )


def _shell(request: Request, caller: Caller) -> Response:
    page = _page(request, caller.city, languages.of_scanner(request))
    return framing.html(request, page, headers=_REVALIDATED)


def _page(request: Request, city: City, language: str) -> str:
    """Return the shell; it is the same for everybody, so that a device may keep it."""
    given = services.of(request)
    page = Page(city=city, language=language, path="/scan", csrf_token="", idempotency_key="")
    translation = given.scanner_translations[language]
    said = {key: translation.gettext(text) for key, text in scanner.words().items()}
    return given.templates.render("scan/app.html", page, words=said, version=_version())


@functools.cache
def _scripts() -> tuple[str, ...]:
    folder = resources.files("web") / "static" / _SCRIPTS
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".js"))
    return (*(f"{_SCRIPTS}/{name}" for name in names if name != _WORKER), *_BY_NAME)


def _paths() -> tuple[str, ...]:
    return (*_ALONGSIDE, *_scripts(), f"{_SCRIPTS}/{_WORKER}")


def _files() -> list[str]:
    """Return the addresses of static files as the shell and the modules name them."""
    return [*map(templating.static, _ALONGSIDE), *(f"{templating.STATIC}/{path}" for path in _scripts())]


@functools.cache
def _version() -> str:
    return _digest(map(_content, _paths()))


@functools.cache
def _content(path: str) -> bytes:
    return (resources.files("web") / "static" / path).read_bytes()


def _words(request: Request) -> str:
    translations = services.of(request).scanner_translations
    said = {
        language: {key: translation.gettext(text) for key, text in scanner.words().items()}
        for language, translation in translations.items()
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _digest(parts: Iterable[bytes | str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()[:16]
