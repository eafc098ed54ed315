"""Photos in a bucket of a store that speaks S3, on site or rented: another `evidence.EvidenceStore`.

The bucket is addressed as it is given (`https://store.example/bucket` or `https://bucket.store.example`), so
both ways of naming one work. A city's photos lie below a prefix of their own. What the store says against a
request goes to the log as a status and a code, never to a citizen.
"""

import contextlib
import datetime as dt
import http.client
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from kernel import logs
from kernel.clock import Clock
from kernel.errors import NotFound
from rewards import bucket_signing
from rewards.bucket_signing import Access, Question
from rewards.evidence import KEY, Kept, PhotosUnavailable

ATTEMPTS = 3
PAUSE_SECONDS = 0.2
DEADLINE_SECONDS = 10
ANSWER_BYTES_MAX = 32 * 1024 * 1024
_AGAIN = frozenset({429, 500, 502, 503, 504})
_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content: bytes


class BucketStore:
    """Keeps photos in a bucket. A call takes at most half a minute, then it is PhotosUnavailable."""

    def __init__(self, url: str, prefix: str, access: Access, clock: Clock) -> None:
        parts = urlsplit(url)
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._bucket = parts.netloc, parts.path.rstrip("/")
        self._prefix, self._access, self._clock = prefix, access, clock

    def write(self, key: str, data: bytes) -> None:
        """Keep `data`; the store has it when this returns."""
        kind = "application/pdf" if key.endswith(".pdf") else "image/jpeg"
        self._ask("PUT", self._path(key), content=data, headers={"content-type": kind})

    def read(self, key: str) -> bytes:
        """Return what was kept. Raises NotFound."""
        return self._ask("GET", self._path(key)).content

    def delete(self, key: str) -> None:
        """Forget what was kept."""
        with contextlib.suppress(NotFound):
            self._ask("DELETE", self._path(key))

    def every(self) -> Iterator[Kept]:
        """Yield all that is kept for the city."""
        query = {"list-type": "2", "prefix": self._prefix}
        while True:
            found = _document(self._ask("GET", self._bucket or "/", query=query).content)
            for entry in found.iter(f"{_NAMESPACE}Contents"):
                key = (entry.findtext(f"{_NAMESPACE}Key") or "").removeprefix(self._prefix)
                since = dt.datetime.fromisoformat(entry.findtext(f"{_NAMESPACE}LastModified") or "")
                if KEY.fullmatch(key):
                    yield Kept(key, since)
            token = found.findtext(f"{_NAMESPACE}NextContinuationToken")
            if not token:
                return
            query = {**query, "continuation-token": token}

    def _path(self, key: str) -> str:
        if not KEY.fullmatch(key):
            raise NotFound("picture-not-found")
        return f"{self._bucket}/{self._prefix}{key}"

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> _Answer:
        question = Question(method, self._host, path, query or {}, content, headers or {})
        for left in reversed(range(ATTEMPTS)):
            try:
                answer = self._send(question)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._failed(method, error=type(error).__name__)
            else:
                if answer.status < http.client.MULTIPLE_CHOICES:
                    return answer
                if answer.status == http.client.NOT_FOUND and _code(answer) in {"NoSuchKey", ""}:
                    raise NotFound("picture-not-found")
                self._failed(method, status=answer.status, code=_code(answer))
                if answer.status not in _AGAIN:
                    break
            if left:
                time.sleep(PAUSE_SECONDS)
        raise PhotosUnavailable

    def _send(self, question: Question) -> _Answer:
        # Signed anew for each attempt: a signature is good for some minutes only.
        headers = bucket_signing.headers(question, self._access, self._clock.now())
        until = time.monotonic() + DEADLINE_SECONDS
        with contextlib.closing(self._kind(self._host, timeout=DEADLINE_SECONDS)) as connection:
            connection.request(question.method, question.target, question.content or None, headers)
            answer = connection.getresponse()
            content = bytearray()
            while part := answer.read1(1 << 16):
                content += part
                if len(content) > ANSWER_BYTES_MAX or time.monotonic() > until:
                    msg = "the answer has no end"
                    raise OSError(msg)
            if answer.length:
                raise http.client.IncompleteRead(bytes(content), answer.length)
            return _Answer(answer.status, bytes(content))

    def _failed(self, method: str, **why: object) -> None:
        _log.warning("photo-store-failed", host=self._host, method=method, **why)


def _document(content: bytes) -> ET.Element:
    try:
        return ET.fromstring(content)  # noqa: S314 -- as above
    except ET.ParseError:
        raise PhotosUnavailable from None


def _code(answer: _Answer) -> str:
    """Return the store's own code of an error; empty if it says none."""
    try:
        return (ET.fromstring(answer.content).findtext("Code") or "")[:40]  # noqa: S314 -- as above
    except ET.ParseError:
        return ""
