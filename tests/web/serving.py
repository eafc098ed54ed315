"""A small site for tests of the kit: rendered pages and the static files, under the product's security policy."""

import datetime as dt
import mimetypes
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from api.headers import CONTENT_SECURITY_POLICY
from web import catalogues, templating
from web.templating import NavItem, Page

WEB = Path(templating.__file__).parent
MOMENT = dt.datetime(2026, 5, 4, 14, 5, tzinfo=dt.UTC)
_TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".woff2": "font/woff2"}

Answer = tuple[str, str]
"""Content and media type."""


@dataclass(frozen=True, slots=True)
class City:
    """A city as pages show it."""

    name: str = "Duisburg"
    timezone: str = "Europe/Berlin"
    colours: dict[str, str] = field(default_factory=dict)


def pictograms() -> list[str]:
    """Return the names in the sprite."""
    sprite = (WEB / "static" / "pictograms.svg").read_text(encoding="utf-8")
    return re.findall(r'<symbol id="([^"]+)"', sprite)


def page(language: str = "en", **given: Any) -> Page:
    """Return the frame's values for somebody who is signed in."""
    names = ("home", "heart", "gift", "ticket", "history")
    labels = ("Home", "Join in", "Spend", "Vouchers", "History")
    navigation = tuple(
        NavItem(label, f"#{name}", name, active=name == "home", count=3 if name == "ticket" else 0)
        for label, name in zip(labels, names, strict=True)
    )
    areas = (NavItem("My Duiscoin", "/", "coin", active=True), NavItem("Venue", "/venue", "scan"))
    values: dict[str, Any] = {
        "city": City(),
        "language": language,
        "path": "/",
        "csrf_token": "token",
        "idempotency_key": "key",
        "person_name": "Anna Şahin",
        "navigation": navigation,
        "areas": areas,
        "demo": True,
    }
    return Page(**(values | given))


def gallery(frame: str, language: str = "en") -> str:
    """Return the gallery in a frame."""
    return templating.build(catalogues.load()).render(
        "gallery.html", page(language), frame=frame, pictograms=pictograms(), day=MOMENT.date(), moment=MOMENT
    )


@contextmanager
def site(pages: Mapping[str, str], posted: list[bytes] | None = None) -> Iterator[str]:
    """Serve pages by path, and static files; what is posted to a page is noted. Gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path in pages:
                self._answer(pages[path].encode(), "text/html; charset=utf-8")
            elif path == "/city.css":
                self._answer(b"", "text/css")
            elif path.startswith("/static/") and (file := WEB / path[1:]).is_file():
                media_type = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "text/plain"
                self._answer(file.read_bytes(), media_type)
            else:
                self._answer(b"", "text/plain", 404)

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", "0")))
            if posted is not None:
                posted.append(content)
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

        def _answer(self, content: bytes, media_type: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
