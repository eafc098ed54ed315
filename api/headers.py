"""Middleware around every answer: security headers, request id, one log line.

Plain ASGI, because a wrapping middleware class of the framework costs a task per request.
"""

import re
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kernel import logs

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; "
    "script-src 'self' 'wasm-unsafe-eval'; "  # the scanner's decoder is WebAssembly
    "worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SECURITY = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HTTPS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_log = logs.get(__name__)


class Headers:
    """Adds security headers and a request id, and writes one line for each answer."""

    def __init__(self, app: ASGIApp, *, https: bool, make_id: Callable[[], str]) -> None:
        self._app = app
        self._make_id = make_id
        always = _SECURITY | (_HTTPS if https else {}) | {"Cache-Control": "no-store"}
        self._always = [(name.lower().encode(), value.encode()) for name, value in always.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 -- ASGI's own
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_request_id(scope) or self._make_id()
        started = time.perf_counter()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                said = {name for name, _ in message["headers"]}
                added = (pair for pair in self._always if pair[0] not in said)
                message["headers"] = [*message["headers"], *added, (b"x-request-id", request_id.encode())]
            await send(message)

        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_headers)
            finally:
                _log_answer(scope, status, time.perf_counter() - started)


def _given_request_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode("latin-1"))
    return None


def _log_answer(scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
    # The route's template instead of the path: paths carry voucher codes and fine references.
    route = getattr(scope.get("route"), "path", None) or "-"
    if route.startswith("/static"):
        return
    _log.info("answered", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))
