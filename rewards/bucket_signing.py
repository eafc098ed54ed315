"""AWS Signature Version 4 for a store that speaks S3. Pure: the instant is passed in.

What is signed: method, address, host, the instant, and the SHA-256 of the content, so that neither can be
changed on the way. docs.aws.amazon.com, "Authenticating Requests (AWS Signature Version 4)".
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

_SERVICE = "s3"
_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks, and in which region."""

    key_id: str
    secret: str = field(repr=False)
    region: str


@dataclass(frozen=True, slots=True)
class Question:
    """A request before it is signed; `path` and `query` as they are meant, not encoded."""

    method: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers, all of which are signed."""

    @property
    def target(self) -> str:
        """Path and query, encoded as they are signed and sent."""
        query = _query(self.query)
        return f"{_path(self.path)}?{query}" if query else _path(self.path)


def headers(question: Question, access: Access, now: dt.datetime) -> dict[str, str]:
    """Return all headers of the signed request but the length of its content."""
    instant = f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    digest = hashlib.sha256(question.content).hexdigest()
    given = {name.lower(): " ".join(value.split()) for name, value in question.headers.items()}
    signed = {**given, "host": question.host, "x-amz-content-sha256": digest, "x-amz-date": instant}
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        [
            question.method,
            _path(question.path),
            _query(question.query),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            digest,
        ]
    )
    scope = f"{instant[:8]}/{access.region}/{_SERVICE}/aws4_request"
    text = "\n".join([_ALGORITHM, instant, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(_key(access, instant[:8]), text.encode(), hashlib.sha256).hexdigest()
    proof = f"Credential={access.key_id}/{scope},SignedHeaders={names},Signature={signature}"
    return {**signed, "authorization": f"{_ALGORITHM} {proof}"}


def _key(access: Access, day: str) -> bytes:
    key = f"AWS4{access.secret}".encode()
    for part in (day, access.region, _SERVICE, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _path(path: str) -> str:
    return quote(path, safe="/-_.~")


def _query(query: Mapping[str, str]) -> str:
    return "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
