"""Signed notes, checkpoints and cosignatures (c2sp.org/signed-note and its kin). Pure.

A note is text that ends with a newline, an empty line, and signature lines. Only one spelling of each is
read, so two notes that say the same are the same bytes.
"""

import base64
import binascii
import enum
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from kernel.errors import Invalid
from kernel.signing import SIGNATURE_BYTES, SigningKey, VerifyKey
from ledger.merkle import HASH_BYTES

SIGNATURES_MAX = 100
NOTE_BYTES_MAX = 1_000_000
SIZE_MAX = (1 << 63) - 1

_MARK = "\u2014 "
_KEY_ID_BYTES = 4
_KEY_BYTES = 32
_TIMESTAMP_BYTES = 8
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_VKEY_PARTS = 3
_CHECKPOINT_LINES = 3


class Kind(enum.IntEnum):
    """What sort of signature a key makes; goes into its name."""

    ED25519 = 0x01
    """Over the text of the note: how a log signs."""
    COSIGNATURE = 0x04
    """Over a time and the text: how a witness signs, `cosignature/v1`."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line."""

    name: str
    key_id: bytes
    data: bytes

    @property
    def line(self) -> str:
        """The line with its newline."""
        return f"{_MARK}{self.name} {encode_base64(self.key_id + self.data)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who signed it; believed only after `verify`."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"

    def signed_by(self, more: Iterable[Signature]) -> Self:
        """Return the note with further signatures, each once."""
        return type(self)(self.text, tuple(dict.fromkeys([*self.signatures, *more])))


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name and the kind under which it is known. Raises Invalid `key-name-invalid`."""

    name: str
    key: VerifyKey
    kind: Kind = Kind.ED25519

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise Invalid("key-name-invalid", name=self.name)

    @property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, say which key a signature is of."""
        return _key_id(self.name, self.kind, self.key.public_key)

    @property
    def vkey(self) -> str:
        """The key as text, as the tools of transparency logs take it."""
        material = bytes([self.kind]) + self.key.public_key
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(material)}"

    @classmethod
    def from_text(cls, vkey: str) -> Self:
        """Return the key written as `name+id+base64`. Raises Invalid `verifier-key-invalid`."""
        parts = vkey.strip().split("+", _VKEY_PARTS - 1)
        try:
            name, key_id, material = parts
            raw = decode_base64(material)
            found = cls(name, VerifyKey(raw[1:]), Kind(raw[0]))
        except (ValueError, IndexError, Invalid):
            raise Invalid("verifier-key-invalid") from None
        if found.key_id.hex() != key_id:
            raise Invalid("verifier-key-invalid", name=name)
        return found

    def signed_at(self, text: str, signature: Signature) -> int | None:
        """Return when `signature` was made (0 if its kind says no time), or None if it is not of this key."""
        if self.kind is Kind.ED25519:
            return 0 if self.key.verify(text.encode(), signature.data) else None
        if len(signature.data) != _TIMESTAMP_BYTES + SIGNATURE_BYTES:
            return None
        seconds = int.from_bytes(signature.data[:_TIMESTAMP_BYTES], "big")
        if seconds > SIZE_MAX:
            return None
        message = _cosigned(text, seconds)
        return seconds if self.key.verify(message, signature.data[_TIMESTAMP_BYTES:]) else None


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that was checked."""

    verifier: Verifier
    signature: Signature
    signed_at: int
    """Unix second of a cosignature; 0 for a log's own."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of its tree. Raises Invalid `checkpoint-invalid`."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if "\n" in self.origin or not self.origin or not 0 <= self.size <= SIZE_MAX:
            raise Invalid("checkpoint-invalid")
        if len(self.root) != HASH_BYTES:
            raise Invalid("checkpoint-invalid")

    @property
    def text(self) -> str:
        """The text to sign."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def of(cls, text: str) -> Self:
        """Return what a note's text says; further lines are left alone. Raises `checkpoint-invalid`."""
        lines = text.split("\n")
        # The text ends with a newline, so the last piece is empty and no other may be.
        if len(lines) <= _CHECKPOINT_LINES or lines.pop() or not all(lines):
            raise Invalid("checkpoint-invalid")
        if not _DECIMAL.fullmatch(lines[1]):
            raise Invalid("checkpoint-invalid")
        try:
            root = decode_base64(lines[2])
        except Invalid:
            raise Invalid("checkpoint-invalid") from None
        return cls(lines[0], int(lines[1]), root)


def parse(data: bytes | str) -> Note:
    """Return the note that `data` is, byte for byte. Raises Invalid `note-invalid`."""
    try:
        whole = data.decode() if isinstance(data, bytes) else data
        too_long = len(whole.encode()) > NOTE_BYTES_MAX
    except UnicodeError:
        raise Invalid("note-invalid", reason="encoding") from None
    if too_long or any(character < " " and character != "\n" for character in whole):
        raise Invalid("note-invalid", reason="characters")
    place = whole.rfind("\n\n")
    if place < 0:
        raise Invalid("note-invalid", reason="no-signatures")
    return Note(whole[: place + 1], parse_signatures(whole[place + 2 :]))


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Return signature lines, at least one, each with its newline. Raises Invalid `note-invalid`."""
    if not lines.endswith("\n") or lines.count("\n") > SIGNATURES_MAX:
        raise Invalid("note-invalid", reason="signature-lines")
    return tuple(_signature(line) for line in lines[:-1].split("\n"))


def sign(text: str, name: str, key: SigningKey) -> Signature:
    """Return a log's signature over a note's text."""
    key_id = Verifier(name, key.verify_key).key_id
    return Signature(name, key_id, key.sign(text.encode()))


def cosign(text: str, name: str, key: SigningKey, seconds: int) -> Signature:
    """Return a witness's signature over a checkpoint's text at a Unix second."""
    key_id = Verifier(name, key.verify_key, Kind.COSIGNATURE).key_id
    return Signature(
        name, key_id, seconds.to_bytes(_TIMESTAMP_BYTES, "big") + key.sign(_cosigned(text, seconds))
    )


def verify(note: Note, known: Sequence[Verifier]) -> list[Verified]:
    """Return the note's signatures of known keys; those of others are passed over.

    Raises Invalid `note-signature-invalid` if one of a known key is wrong, `note-unsigned` if there is none.
    """
    by_name = {(verifier.name, verifier.key_id): verifier for verifier in known}
    verified: list[Verified] = []
    for signature in note.signatures:
        verifier = by_name.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        signed_at = verifier.signed_at(note.text, signature)
        if signed_at is None:
            raise Invalid("note-signature-invalid", name=signature.name)
        verified.append(Verified(verifier, signature, signed_at))
    if not verified:
        raise Invalid("note-unsigned")
    return verified


def is_name(name: str) -> bool:
    """Return whether a key may be called so: something, without spaces, plus signs or control characters."""
    return bool(name) and not any(one.isspace() or one == "+" or one < " " for one in name)


def encode_base64(data: bytes) -> str:
    """Return `data` as standard base64."""
    return base64.b64encode(data).decode()


def decode_base64(text: str) -> bytes:
    """Return what standard base64 stands for; only its one spelling. Raises Invalid `base64-invalid`."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Invalid("base64-invalid") from None
    if encode_base64(data) != text:
        raise Invalid("base64-invalid")
    return data


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not space or not is_name(name):
        raise Invalid("note-invalid", reason="signature-line")
    try:
        data = decode_base64(encoded)
    except Invalid:
        raise Invalid("note-invalid", reason="signature-line") from None
    if len(data) <= _KEY_ID_BYTES:
        raise Invalid("note-invalid", reason="signature-line")
    return Signature(name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _key_id(name: str, kind: Kind, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:_KEY_ID_BYTES]
