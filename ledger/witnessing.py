"""Asking witnesses to confirm a checkpoint (c2sp.org/tlog-witness, `add-checkpoint`).

A witness signs only what continues what it saw before, so one that refuses may be the first to notice that a
log was rolled back or forked. Nothing that it says is believed without its signature, except a contradiction:
that stops the sealing until somebody has looked.
"""

import contextlib
import http.client
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

from kernel import logs
from kernel.errors import Conflict, Invalid
from ledger import notes, witnesses
from ledger.log_parts import Log
from ledger.log_seals import Seal
from ledger.notes import Note, Verified
from ledger.witnesses import CONTRADICTS, Witness

ATTEMPTS = 3
PROOF_LINES_MAX = 63
DEADLINE_SECONDS = 10.0
ANSWER_BYTES_MAX = 64 * 1024
_AHEAD_SECONDS_MAX = 600
"""How far a witness's clock may be ahead of ours."""

_SIZE_TYPE = "text/x.tlog.size"
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    content_type: str
    body: bytes


Post = Callable[[str, bytes], Answer]
"""Sends a body to an address. Raises OSError if nothing comes back in time."""


class WitnessFault(Exception):
    """A witness did not confirm; `code` is one of the log's refusals."""

    def __init__(self, code: str, size: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.size = size
        """The size that the witness says it saw, if it contradicts."""


def confirm(log: Log, seal: Seal, *, post: Post | None = None, all_now: bool = False) -> list[str]:
    """Have a seal confirmed by the witnesses that are due (or all); return the names of those that did.

    A witness that can't be reached is noted and asked later. Raises Conflict `log-witness-contradicts` if one
    saw a log that this one does not continue.
    """
    with log.database.reading(log.city_id) as reading:
        known = witnesses.every(reading)
        now = reading.now
    confirmed = []
    contradicting: list[Conflict] = []
    for witness in known:
        if not (all_now or witness.is_due(now)):
            continue
        try:
            verified = _ask(log, witness, seal, post or send)
        except WitnessFault as fault:
            _log.warning("witness-failed", witness=witness.name, code=fault.code, size=fault.size)
            _note_failure(log, witness, fault.code)
            if fault.code == CONTRADICTS:
                contradicting.append(
                    Conflict(
                        "log-witness-contradicts", witness=witness.name, size=fault.size, sealed=seal.size
                    )
                )
            continue
        _note_success(log, witness, seal, verified)
        confirmed.append(witness.name)
    if contradicting:
        raise contradicting[0]
    return confirmed


def request_body(old_size: int, proof: Sequence[bytes], checkpoint: Note) -> bytes:
    """Return the body of an `add-checkpoint` request."""
    lines = [f"old {old_size}", *(notes.encode_base64(value) for value in proof), "", str(checkpoint)]
    return "\n".join(lines).encode()


def send(url: str, body: bytes) -> Answer:
    """Send over HTTP without following redirects. Raises OSError, also for an answer that never ends."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    until = time.monotonic() + DEADLINE_SECONDS
    with contextlib.closing(kind(parts.netloc, timeout=DEADLINE_SECONDS)) as connection:
        try:
            connection.request("POST", parts.path, body, {"Content-Type": "text/plain; charset=utf-8"})
            answer = connection.getresponse()
            data = b""
            while part := answer.read1(ANSWER_BYTES_MAX):
                data += part
                if len(data) > ANSWER_BYTES_MAX or time.monotonic() > until:
                    msg = "the answer has no end"
                    raise OSError(msg)
        except (http.client.HTTPException, ValueError) as error:
            raise OSError(str(error)) from error
        return Answer(answer.status, answer.headers.get_content_type(), data)


def _ask(log: Log, witness: Witness, seal: Seal, post: Post) -> Verified:
    """Return the witness's cosignature of a seal. Raises WitnessFault."""
    # What was confirmed beyond this seal is no place to begin from: the witness will say where it stands.
    old = witness.size if witness.size <= seal.size else 0
    for _ in range(ATTEMPTS):
        proof = log.consistency(old, seal.size)
        if len(proof) > PROOF_LINES_MAX:
            raise WitnessFault("witness-answer-invalid")
        try:
            answer = post(f"{witness.url}/add-checkpoint", request_body(old, proof, seal.note))
        except OSError:
            raise WitnessFault("witness-unreachable") from None
        if answer.status == http.client.OK:
            return _cosignature(log, witness, seal, answer.body)
        if answer.status != http.client.CONFLICT:
            _refused(answer.status, old)
        old = _stands_at(answer, old, seal.size)
    raise WitnessFault("witness-answer-invalid")


def _stands_at(answer: Answer, old: int, size: int) -> int:
    """Return where a witness says that it stands. Raises WitnessFault if that can't be continued."""
    match = _SIZE.fullmatch(answer.body)
    if match is None or answer.content_type != _SIZE_TYPE:
        raise WitnessFault("witness-answer-invalid")
    theirs = int(match[1])
    # The same size again, and still refused: its root is another one.
    if theirs > size or theirs == old == size:
        raise WitnessFault(CONTRADICTS, theirs)
    if theirs == old:
        raise WitnessFault("witness-answer-invalid")
    return theirs


def _refused(status: int, old: int) -> NoReturn:
    if status == http.client.UNPROCESSABLE_ENTITY and old:
        raise WitnessFault(CONTRADICTS, old)
    codes = {
        int(http.client.NOT_FOUND): "witness-log-unknown",
        int(http.client.FORBIDDEN): "witness-key-refused",
    }
    raise WitnessFault(codes.get(status, "witness-refused"))


def _cosignature(log: Log, witness: Witness, seal: Seal, body: bytes) -> Verified:
    try:
        note = Note(seal.note.text, notes.parse_signatures(body.decode()))
        newest = max(notes.verify(note, [witness.verifier]), key=lambda one: one.signed_at)
    except (UnicodeDecodeError, Invalid):
        raise WitnessFault("witness-answer-invalid") from None
    if newest.signed_at > log.database.clock.now().timestamp() + _AHEAD_SECONDS_MAX:
        raise WitnessFault("witness-answer-invalid")
    return newest


def _note_success(log: Log, witness: Witness, seal: Seal, found: Verified) -> None:
    log.database.run(
        log.city_id,
        lambda work: witnesses.note_success(work, witness, seal.size, found.signature, found.signed_at),
    )


def _note_failure(log: Log, witness: Witness, code: str) -> None:
    log.database.run(log.city_id, lambda work: witnesses.note_failure(work, witness, code))
