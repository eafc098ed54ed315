"""How large a request may be, refused like all else: the framework's own limit answers in plain text."""

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Bounded:
    """Middleware that refuses a body of more than `maximum` bytes as soon as that is known."""

    def __init__(self, app: ASGIApp, *, maximum: int) -> None:
        self._app = app
        self._maximum = maximum

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 -- ASGI's own
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A chunked body says no length.
        length = Headers(scope=scope).get("content-length", "")
        said = int(length) if length.isdecimal() else 0
        seen = 0

        async def receive_some() -> Message:
            nonlocal seen
            if said > self._maximum:
                raise HTTPException(413)
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._maximum:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_some, send)
