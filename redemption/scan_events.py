"""The scan log of a device: a chain of signed events, as docs/scan-log.md says. Pure.

An event is a COSE_Sign1 by the device's own key; each names the SHA-256 of the one before. So a device can't
leave out, change or repeat anything later, and nobody else can add to its log.
"""

import enum
import hashlib
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, TypeGuard

from kernel.errors import DomainError, Kind
from kernel.signing import KEY_BYTES, SIGNATURE_BYTES, SigningKey, VerifyKey
from redemption import cbor
from redemption.live_codes import TAG_BYTES
from redemption.tokens import TOKEN_BYTES_MAX

SCHEMA: Final = 1
EVENT_BYTES_MAX: Final = 1024
"""Longest event; a usual one with a voucher has about 330 bytes."""
KID_BYTES: Final = 8
DIGEST_BYTES: Final = 32
NONCE_BYTES: Final = 16
DECISION_MAX: Final = 24
USES_MAX: Final = 2**16 - 1
NUMBER_MAX: Final = 2**53 - 1
"""Largest count or time: JavaScript's whole numbers end there."""
DEVICE_MAX: Final = 2**63 - 1
STEP_ROUND: Final = 2**16
"""Live codes carry the lowest 16 bits of their step."""
MAGIC: Final = b"DSCL\x00\x00\x00\x01"
"""How a log file begins: its name and the version of its form."""

_COSE_SIGN1: Final = 18
_HEADER_ALG, _HEADER_KID = 1, 4
_ED25519: Final = -19
_FIELDS: Final = 18
_MANUAL_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}")
_DECISION = re.compile(rf"[a-z][a-z0-9-]{{0,{DECISION_MAX - 1}}}")
_MORE_MAX: Final = 8
_TEXT_MAX: Final = 200
_FILE_HEAD: Final = struct.Struct(f">{len(MAGIC)}sQ{KEY_BYTES}s")
_LENGTH: Final = struct.Struct(">I")


class EventKind(enum.IntEnum):
    """What an event records. The numbers are pinned."""

    SCAN = 0
    UNDO = 1
    """Takes the scan that it refers to back."""
    CLOSE = 2
    """The device gives back what was reserved for it: the voucher named, or all that it held."""
    NOTE = 3


class Tier(enum.IntEnum):
    """On what ground a scan was decided. The numbers are pinned."""

    ONLINE = 0
    """By the server, which booked it at once: the log has it so that the chain is whole."""
    HUB = 1
    """By the venue's own hub, which knows all that its gates took."""
    LEASED = 2
    """The voucher was reserved for this device."""
    PRESENTED = 3
    """The guest's phone redeemed it online; the venue compared a code."""
    CAPPED = 4
    """Offline, within the limits that the city set for this."""


class EventFlags(enum.IntFlag, boundary=enum.STRICT):
    """What staff did besides. A number with any other bit is refused."""

    NONE = 0
    ID_SEEN = 1
    SEEN_MOVING = 2


class More(enum.IntEnum):
    """Keys of what few events carry. Unknown keys are kept and mean nothing yet."""

    TEXT = 1
    DIRECTION = 2
    """0 in, 1 out: at gates with re-entry."""
    VALUE_CENTS = 3
    """How much of the value this takes, where it may be taken in parts."""
    RECEIPT = 4
    """Number of the till's receipt."""
    GATE = 5
    """At which of its gates, where a hub decides for several."""


class Fault(enum.StrEnum):
    """Why bytes are no event of a device, in the order in which it is checked."""

    TOO_LONG = "too-long"
    BAD_ENCODING = "bad-encoding"
    NOT_CANONICAL = "not-canonical"
    UNSUPPORTED_ALGORITHM = "unsupported-algorithm"
    OTHER_KEY = "other-key"
    BAD_SIGNATURE = "bad-signature"
    UNSUPPORTED_SCHEMA = "unsupported-schema"
    MALFORMED = "malformed"
    OTHER_DEVICE = "other-device"


class EventUnreadable(ValueError):
    """Bytes that are no event of this device; the message is the fault. They are kept, never refused."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.value)


class LogFileUnreadable(DomainError):
    """A file that is no scan log."""

    kind: ClassVar[Kind] = Kind.INVALID
    code = "scan-log-file-unreadable"


@dataclass(frozen=True, slots=True)
class ScanEvent:
    """One entry of a device's log. Raises ValueError for values that have no place in one."""

    device_id: int
    seq: int
    """1, 2, ... without gap."""
    prev: bytes
    """SHA-256 of the whole event before; of the device's public key for the first."""
    kind: EventKind
    device_ms: int
    """The device's clock, milliseconds since 1970."""
    offset_ms: int
    """How much the server's clock was ahead of the device's when last compared."""
    anchor_ms: int
    """The server's time when last compared: the event can't have happened before."""
    list_version: int
    """Of the status list that the device had; 0: none."""
    tier: Tier
    decision: str
    """Code of the verdict that was shown."""
    nonce: bytes
    """Names the scan; online the same one went to the server, in hex."""
    code: bytes | str = b""
    """The voucher's token, or its ten typed characters; empty: nothing of ours was read."""
    live: tuple[int, bytes] | None = None
    """Step (its lowest 16 bits) and tag of a live code."""
    flags: EventFlags = EventFlags.NONE
    refers: int = 0
    """The scan that is taken back; 0: none."""
    uses: int = 1
    more: Mapping[int, cbor.Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if fault := _fault(self):
            msg = f"no scan event: {fault}"
            raise ValueError(msg)

    @property
    def at_ms(self) -> int:
        """When it happened by the server's clock, as far as the device could know."""
        return self.device_ms + self.offset_ms


@dataclass(frozen=True, slots=True)
class Signed:
    """An event with the bytes that the device signed."""

    data: bytes
    event: ScanEvent

    @property
    def digest(self) -> bytes:
        """What the next event names as the one before."""
        return digest(self.data)


@dataclass(frozen=True, slots=True)
class Link:
    """How far a log is known: the newest event's number and digest."""

    seq: int
    head: bytes


class Place(enum.Enum):
    """Where an event belongs in a log that is known up to a link."""

    NEXT = enum.auto()
    EARLIER = enum.auto()
    """It should be known: the same bytes, or somebody has two logs."""
    GAP = enum.auto()
    """Events before it are missing."""
    FORK = enum.auto()
    """It follows another event than the one that is known."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log as a file: of a device whose network, or whose screen, is gone."""

    device_id: int
    public_key: bytes
    events: tuple[bytes, ...]
    cut_short: bool = False
    """The last event was not written to its end."""


def digest(data: bytes) -> bytes:
    """Return what names an event in the next one."""
    return hashlib.sha256(data).digest()


def beginning(public_key: bytes) -> Link:
    """Return the link that a device's first event follows."""
    return Link(0, digest(public_key))


def kid_of(public_key: bytes) -> bytes:
    """Return the name of a device's key: the first eight bytes of its SHA-256."""
    return digest(public_key)[:KID_BYTES]


def place(link: Link, signed: Signed) -> Place:
    """Return where an event belongs in a log that is known up to `link`."""
    if signed.event.seq <= link.seq:
        return Place.EARLIER
    if signed.event.seq > link.seq + 1:
        return Place.GAP
    return Place.NEXT if signed.event.prev == link.head else Place.FORK


def following(signed: Signed) -> Link:
    """Return the link after an event."""
    return Link(signed.event.seq, signed.digest)


def sign(event: ScanEvent, key: SigningKey) -> Signed:
    """Return an event signed by the device's key; the same event gives the same bytes."""
    protected = cbor.encode({_HEADER_ALG: _ED25519, _HEADER_KID: kid_of(key.verify_key.public_key)})
    payload = cbor.encode(_values(event))
    signature = key.sign(_to_be_signed(protected, payload))
    return Signed(cbor.encode(cbor.Tag(_COSE_SIGN1, (protected, {}, payload, signature))), event)


def read(data: bytes, key: VerifyKey, device_id: int) -> Signed:
    """Return the event of this device that `data` is. Raises EventUnreadable with the first fault.

    Nothing of the payload is used before the signature is found right.
    """
    if len(data) > EVENT_BYTES_MAX:
        raise EventUnreadable(Fault.TOO_LONG)
    protected, payload, signature = _envelope(data)
    header, content = _decoded(protected), _decoded(payload)
    if not isinstance(header, dict) or header.keys() != {_HEADER_ALG, _HEADER_KID}:
        raise EventUnreadable(Fault.BAD_ENCODING)
    if header[_HEADER_ALG] != _ED25519:
        raise EventUnreadable(Fault.UNSUPPORTED_ALGORITHM)
    if header[_HEADER_KID] != kid_of(key.public_key):
        raise EventUnreadable(Fault.OTHER_KEY)
    if not key.verify(_to_be_signed(protected, payload), signature):
        raise EventUnreadable(Fault.BAD_SIGNATURE)
    event = _event(content)
    if event.device_id != device_id:
        raise EventUnreadable(Fault.OTHER_DEVICE)
    return Signed(data, event)


def write_file(device_id: int, public_key: bytes, events: Iterable[bytes]) -> bytes:
    """Return a log as a file."""
    records = b"".join(_LENGTH.pack(len(data)) + data for data in events)
    return _FILE_HEAD.pack(MAGIC, device_id, public_key) + records


def read_file(data: bytes) -> LogFile:
    """Return the log in a file; its events are not looked at yet. Raises LogFileUnreadable."""
    if len(data) < _FILE_HEAD.size or not data.startswith(MAGIC):
        raise LogFileUnreadable
    _, device_id, public_key = _FILE_HEAD.unpack_from(data)
    events: list[bytes] = []
    at = _FILE_HEAD.size
    while at + _LENGTH.size <= len(data):
        begin = at + _LENGTH.size
        end = begin + _LENGTH.unpack_from(data, at)[0]
        if end > len(data):
            break
        events.append(data[begin:end])
        at = end
    return LogFile(device_id, public_key, tuple(events), cut_short=at < len(data))


def _values(event: ScanEvent) -> tuple[cbor.Value, ...]:
    return (
        SCHEMA, event.device_id, event.seq, event.prev, int(event.kind), event.device_ms, event.offset_ms,
        event.anchor_ms, event.list_version, int(event.tier), event.decision, event.code, event.live or (),
        event.nonce, int(event.flags), event.refers, event.uses, dict(event.more),
    )  # fmt: skip


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Return the Sig_structure of RFC 9052 section 4.4, without external data."""
    return cbor.encode(("Signature1", protected, b"", payload))


def _decoded(data: bytes) -> cbor.Value:
    try:
        return cbor.decode(data)
    except cbor.Malformed as error:
        raise EventUnreadable(Fault.BAD_ENCODING) from error
    except cbor.NotDeterministic as error:
        raise EventUnreadable(Fault.NOT_CANONICAL) from error


def _envelope(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return protected header, payload and signature of a COSE_Sign1."""
    message = _decoded(data)
    if isinstance(message, cbor.Tag) and message.number == _COSE_SIGN1:
        match message.value:
            case (bytes(protected), dict(unprotected), bytes(payload), bytes(signature)):
                if unprotected:
                    raise EventUnreadable(Fault.NOT_CANONICAL)
                if len(signature) == SIGNATURE_BYTES:
                    return protected, payload, signature
    raise EventUnreadable(Fault.BAD_ENCODING)


def _event(content: cbor.Value) -> ScanEvent:
    """Return the event of a payload whose signature is right."""
    if not isinstance(content, tuple) or not content:
        raise EventUnreadable(Fault.MALFORMED)
    if content[0] != SCHEMA:
        raise EventUnreadable(Fault.UNSUPPORTED_SCHEMA)
    if len(content) != _FIELDS:
        raise EventUnreadable(Fault.MALFORMED)
    numbers = (*content[1:3], *content[4:10], *content[14:17])
    prev, decision, code, live, nonce, more = (content[n] for n in (3, 10, 11, 12, 13, 17))
    if not (
        _all_numbers(numbers)
        and isinstance(prev, bytes)
        and isinstance(decision, str)
        and isinstance(code, bytes | str)
        and isinstance(nonce, bytes)
        and isinstance(more, dict)
    ):
        raise EventUnreadable(Fault.MALFORMED)
    device_id, seq, kind, device_ms, offset_ms, anchor_ms, version, tier, flags, refers, uses = numbers
    try:
        return ScanEvent(
            device_id=device_id, seq=seq, prev=prev, kind=EventKind(kind), device_ms=device_ms,
            offset_ms=offset_ms, anchor_ms=anchor_ms, list_version=version, tier=Tier(tier),
            decision=decision, code=code, live=_live(live), nonce=nonce, flags=EventFlags(flags),
            refers=refers, uses=uses, more=more,
        )  # fmt: skip
    except ValueError as error:
        raise EventUnreadable(Fault.MALFORMED) from error


def _all_numbers(values: tuple[cbor.Value, ...]) -> TypeGuard[tuple[int, ...]]:
    return all(isinstance(value, int) for value in values)


def _live(value: cbor.Value) -> tuple[int, bytes] | None:
    match value:
        case ():
            return None
        case (int(step), bytes(tag)):
            return step, tag
        case _:
            msg = "live"
            raise ValueError(msg)


def _fault(event: ScanEvent) -> str | None:  # noqa: PLR0911 -- one for each field
    """Return the name of a field that is out of its range."""
    if not 0 < event.device_id <= DEVICE_MAX:
        return "device_id"
    if not 0 < event.seq <= NUMBER_MAX or not 0 < event.uses <= USES_MAX:
        return "seq or uses"
    counts = (event.device_ms, event.anchor_ms, event.list_version)
    if min(counts) < 0 or max(counts) > NUMBER_MAX or not 0 <= event.at_ms <= NUMBER_MAX:
        return "number"
    if len(event.prev) != DIGEST_BYTES or len(event.nonce) != NONCE_BYTES:
        return "prev or nonce"
    if not _DECISION.fullmatch(event.decision):
        return "decision"
    if isinstance(event.code, str) and not _MANUAL_CODE.fullmatch(event.code):
        return "code"
    if len(event.code) > TOKEN_BYTES_MAX:
        return "code"
    if event.live is not None and (
        not 0 <= event.live[0] < STEP_ROUND or len(event.live[1]) != TAG_BYTES or not event.code
    ):
        return "live"
    undone = 0 < event.refers < event.seq if event.kind is EventKind.UNDO else event.refers == 0
    return _fault_of_more(event.more) if undone else "refers"


def _fault_of_more(more: Mapping[int, cbor.Value]) -> str | None:
    known: dict[int, type[int | str]] = {
        More.TEXT: str,
        More.DIRECTION: int,
        More.VALUE_CENTS: int,
        More.RECEIPT: str,
        More.GATE: str,
    }
    for key, value in more.items():
        if not 0 < key <= USES_MAX or not isinstance(value, known.get(key, int | str | bytes)):
            return "more"
        if isinstance(value, int):
            if not 0 <= value <= NUMBER_MAX:
                return "more"
        elif isinstance(value, str | bytes) and len(value) > _TEXT_MAX:
            return "more"
    return "more" if len(more) > _MORE_MAX else None
