"""The hub's way to the city: calls with its token, and whether they arrive."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

from kernel.clock import SystemClock
from kernel.errors import DomainError, Invalid, Kind
from kernel.ids import IdSource

TIMEOUT_SECONDS = 8.0
_IDS = IdSource(SystemClock())
_ANSWER_MAX = 64 * 1024 * 1024
_NOT_MODIFIED = 304
_BROKEN = 500
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Unreachable(Exception):
    """No answer, or none of the city's server."""


class Refused(DomainError):
    """The city answered and refused; `code` is its reason."""

    kind: ClassVar[Kind] = Kind.CONFLICT

    def __init__(self, status: int, code: str, sentence: str) -> None:
        self.status = status
        super().__init__(code or "refused", sentence=sentence)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the city answered; no document if nothing has changed."""

    document: Any
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the city."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = TIMEOUT_SECONDS


class Carrier(Protocol):
    """What carries a call to the city and back."""

    def __call__(self, url: str, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and body. Raises Unreachable."""
        ...


class CityLink:
    """Calls the city as this hub."""

    def __init__(self, server_url: str, token: str, carrier: Carrier | None = None) -> None:
        self._server_url = checked_url(server_url)
        self._token = token
        self._carry = carrier or carry

    def get(self, path: str, *, tag: str = "") -> Answer:
        """Ask for something; with the tag of what is known only if it has changed."""
        return self._call(Call("GET", path, None, {"If-None-Match": tag} if tag else {}))

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        key: str = "",
        timeout: float = TIMEOUT_SECONDS,
        language: str = "de",
    ) -> Any:
        """Do something, once for its key."""
        headers = {"Idempotency-Key": key or str(_IDS.uuid()), "Accept-Language": language}
        return self._call(Call("POST", path, body, headers, timeout)).document

    def _call(self, call: Call) -> Answer:
        headers = {"Accept": "application/json", **call.headers}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        asked = Call(call.method, call.path, call.body, headers, call.timeout)
        status, answered, data = self._carry(self._server_url + call.path, asked)
        if status == _NOT_MODIFIED:
            return Answer(None, answered.get("etag", ""))
        try:
            document = json.loads(data)
        except ValueError:
            # Somebody between us and the city: a portal of a hotel's network, a proxy.
            raise Unreachable from None
        if status >= _BROKEN or not isinstance(document, dict | list):
            raise Unreachable
        if status >= http.client.BAD_REQUEST:
            told = document if isinstance(document, dict) else {}
            raise Refused(
                status, str(told.get("code", "")), str(told.get("detail") or told.get("title") or "")
            )
        return Answer(document, answered.get("etag", ""))


def checked_url(server_url: str) -> str:
    """Return the city's address without a slash at its end. Raises Invalid `hub-server-insecure`."""
    parts = urlsplit(server_url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    if not secure or not parts.hostname:
        raise Invalid("hub-server-insecure", server=server_url)
    return server_url.rstrip("/")


def carry(url: str, call: Call) -> tuple[int, Mapping[str, str], bytes]:
    """Carry a call over the network. Raises Unreachable."""
    data = None if call.body is None else json.dumps(call.body).encode()
    request = urllib.request.Request(url, data, dict(call.headers), method=call.method)  # noqa: S310 -- checked_url
    try:
        with _opener().open(request, timeout=call.timeout) as answer:
            return answer.status, _lower(answer.headers), answer.read(_ANSWER_MAX)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, _lower(refused.headers), refused.read(_ANSWER_MAX)
    except (OSError, http.client.HTTPException):
        raise Unreachable from None


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes nowhere but to the city."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""
        return


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect)
