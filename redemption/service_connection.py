"""A connection to a payment service of the administration: HTTPS with a client certificate or OAuth 2.

Secrets come from the environment through the settings. Nothing is repeated here: whether a call may be made
again is for its caller to know.
"""

import base64
import contextlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from redemption import xbezahldienste_messages as messages
from redemption.providers import ProviderUnavailable

TIMEOUT_SECONDS = 15
_ANSWER_BYTES_MAX = 1_000_000
_TOKEN_SPARE_SECONDS = 30
_TOKEN_SECONDS = 300
"""How long a token is used if the service doesn't say."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the city proves who it is: a client certificate, or an id and secret for tokens; either or both."""

    certificate: Path | None = None
    certificate_key: Path | None = None
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered."""

    status: int
    document: object

    @property
    def is_success(self) -> bool:
        """Whether it did what was asked."""
        return self.status // 100 == http.client.OK // 100


class ServiceConnection:
    """Makes calls below a base address; any thread may use it."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        timeout: float = TIMEOUT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._token_until = 0.0

    @property
    def is_secure(self) -> bool:
        """Whether it is encrypted: everywhere but in tests and demonstrations."""
        return self._base_url.startswith("https://")

    def call(self, method: str, path: str, document: object = None) -> Answer:
        """Make a call. Raises ProviderUnavailable for no answer, an error of the server, or no JSON."""
        body = None if document is None else json.dumps(document).encode()
        headers = {"Accept": "application/json, application/problem+json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        answer = self._send(method, self._base_url + path, body, headers | self._authorization())
        if answer.status == http.client.UNAUTHORIZED and self._credentials.token_url:
            # The token was withdrawn before its time.
            self._forget_token()
            answer = self._send(method, self._base_url + path, body, headers | self._authorization())
        return answer

    def _authorization(self) -> dict[str, str]:
        if not self._credentials.token_url:
            return {}
        with self._lock:
            if not self._token or self._clock() >= self._token_until:
                self._fetch_token()
            return {"Authorization": f"Bearer {self._token}"}

    def _fetch_token(self) -> None:
        """Get a token by client credentials (RFC 6749 section 4.4)."""
        known = self._credentials
        pair = base64.b64encode(f"{known.client_id}:{known.client_secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {pair}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        form = urlencode({"grant_type": "client_credentials"}).encode()
        answer = self._send("POST", known.token_url, form, headers)
        document = answer.document if isinstance(answer.document, dict) else {}
        token, seconds = document.get("access_token"), document.get("expires_in", _TOKEN_SECONDS)
        if not answer.is_success or not isinstance(token, str) or not isinstance(seconds, int):
            raise ProviderUnavailable(reason="token-refused")
        self._token = token
        self._token_until = self._clock() + max(1, seconds - _TOKEN_SPARE_SECONDS)

    def _forget_token(self) -> None:
        with self._lock:
            self._token = ""

    def _send(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        parts = urlsplit(url)
        try:
            with contextlib.closing(self._open(parts.scheme, parts.netloc)) as connection:
                connection.request(method, parts.path, body, headers)
                found = connection.getresponse()
                content = found.read(_ANSWER_BYTES_MAX + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ProviderUnavailable(reason="no-answer") from error
        if found.status >= http.client.INTERNAL_SERVER_ERROR or len(content) > _ANSWER_BYTES_MAX:
            raise ProviderUnavailable(reason=f"status-{found.status}")
        return Answer(found.status, messages.read_json(content) if content else None)

    def _open(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if scheme == "http":
            return http.client.HTTPConnection(netloc, timeout=self._timeout)
        context = ssl.create_default_context()
        if self._credentials.certificate is not None:
            context.load_cert_chain(self._credentials.certificate, self._credentials.certificate_key)
        return http.client.HTTPSConnection(netloc, timeout=self._timeout, context=context)
