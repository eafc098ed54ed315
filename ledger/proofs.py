"""Receipts: a proof that a transfer is in the log, checked without a network (c2sp.org/tlog-proof). Pure.

A bundle is text: the opening of the transfer's commitment (what the transfer says and its salt), its place,
the audit path and a signed checkpoint. Nothing in it is believed: `check` computes all of it.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from kernel.errors import Invalid
from ledger import merkle, notes
from ledger.notes import Checkpoint, Note, Verified, Verifier

HEADER = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
BUNDLE_CHARACTERS_MAX = 1_000_000

_HASHES_MAX = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A receipt as it is written; `str()` gives its text."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: Note
    extra: bytes | None = None
    """The opening of the entry; None leaves the line out."""

    def __str__(self) -> str:
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {notes.encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(notes.encode_base64(value) for value in self.hashes)
        return "\n".join([*lines, "", str(self.checkpoint)])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the bundle that `text` is. Raises Invalid `proof-unreadable`."""
        try:
            return cls(*_parts(text))
        except Invalid as error:
            reason = error.details.get("reason", error.code)
            raise Invalid("proof-unreadable", reason=reason) from None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a receipt was found to show."""

    opening: bytes
    """The canonical bytes of the transfer with its salt."""
    commitment: bytes
    """SHA-256 of the opening: the log's entry."""
    index: int
    checkpoint: Checkpoint
    signatures: tuple[Verified, ...]
    """Of the log, then of the known witnesses."""


def check(text: str, log: Verifier, witnesses: Iterable[Verifier] = ()) -> Checked:
    """Return what a receipt shows, after computing every step from the opening to the signature.

    Raises Invalid: `proof-unreadable`, `proof-without-opening`, `proof-of-other-log` (another origin or no
    signature of the log), `proof-signature-invalid`, `proof-not-included`.
    """
    bundle = Bundle.parse(text)
    if not bundle.extra:
        raise Invalid("proof-without-opening")
    checkpoint, verified = _signed(bundle.checkpoint, log, witnesses)
    commitment = hashlib.sha256(bundle.extra).digest()
    leaf = merkle.leaf_hash(commitment)
    if not merkle.verify_inclusion(bundle.index, checkpoint.size, leaf, bundle.hashes, checkpoint.root):
        raise Invalid("proof-not-included", index=bundle.index, size=checkpoint.size)
    return Checked(bundle.extra, commitment, bundle.index, checkpoint, verified)


def _signed(
    note: Note, log: Verifier, witnesses: Iterable[Verifier]
) -> tuple[Checkpoint, tuple[Verified, ...]]:
    """Return what a log said and the signatures that show it, the log's own first."""
    try:
        checkpoint = Checkpoint.of(note.text)
    except Invalid:
        raise Invalid("proof-unreadable", reason="checkpoint-invalid") from None
    known = [log, *witnesses]
    mine = [one for one in note.signatures if (one.name, one.key_id) == (log.name, log.key_id)]
    if checkpoint.origin != log.name or not mine:
        raise Invalid("proof-of-other-log", origin=log.name)
    try:
        verified = notes.verify(note, known)
    except Invalid:
        raise Invalid("proof-signature-invalid", origin=log.name) from None
    return checkpoint, tuple(sorted(verified, key=lambda one: known.index(one.verifier)))


def _parts(text: str) -> tuple[int, tuple[bytes, ...], Note, bytes | None]:
    head, empty, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if len(text) > BUNDLE_CHARACTERS_MAX or not empty or lines.pop(0) != HEADER:
        raise Invalid("proof-unreadable", reason="header")
    extra = _extra(lines)
    match = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if match is None or len(lines) > _HASHES_MAX:
        raise Invalid("proof-unreadable", reason="index")
    hashes = tuple(notes.decode_base64(line) for line in lines)
    return int(match[1]), hashes, notes.parse(checkpoint), extra


def _extra(lines: list[str]) -> bytes | None:
    """Take the line of extra data off `lines`, if there is one."""
    if not lines or not lines[0].startswith("extra "):
        return None
    return notes.decode_base64(lines.pop(0).removeprefix("extra "))
