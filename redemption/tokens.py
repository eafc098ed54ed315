"""Signed voucher tokens: a CWT (RFC 8392) in COSE_Sign1 (RFC 9052), as docs/voucher-format.md says.

Pure: the time and the keys are parameters. A token names a voucher and what it is good for; whether it was
used or given back is for the ledger to say. It holds no personal data.
"""

import enum
import hashlib
import struct
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, TypeGuard

from kernel.errors import DomainError, Kind
from kernel.signing import KID_BYTES, SIGNATURE_BYTES, KeyRing, KeyStatus, RingKey, SigningKey
from redemption import cbor

SCHEMA: Final = 1
TOKEN_BYTES_MAX: Final = 200
"""Longest token, reached with twelve venues and numbers of 32 bits; a usual one has 127 bytes."""
VOUCHER_ID_BYTES: Final = 8
VENUES_MAX: Final = 12
TEST_PRODUCT: Final = 0
"""No offer has this number: a test voucher, to try a scanner before opening."""
DEVICE_BYTES: Final = 4
"""Of the name of a device in the token of a lease."""
SKEW_SECONDS: Final = 60
"""How wrong a verifier's clock may be."""

_COSE_SIGN1: Final = 18
_HEADER_ALG, _HEADER_KID, _HEADER_TYPE = 1, 4, 16
_ED25519: Final = -19
"""RFC 9864; the older -8 would leave the curve to the key."""
_EXP, _IAT, _CTI, _BODY = 4, 6, 7, -65537
_LABELS: Final = frozenset({_EXP, _IAT, _CTI, _BODY})
_SIGNED_HEAD: Final = cbor.head(cbor.ARRAY, 4) + cbor.encode("Signature1")
_NO_EXTERNAL_DATA: Final = cbor.encode(b"")
_COSE_HEAD: Final = cbor.head(cbor.TAG, _COSE_SIGN1) + cbor.head(cbor.ARRAY, 4)
_PROTECTED: Final = (
    cbor.head(cbor.BYTES, 5 + KID_BYTES)
    + cbor.encode({_HEADER_ALG: _ED25519, _HEADER_KID: bytes(KID_BYTES)})[:-KID_BYTES]
)
"""The protected header without the key's name."""
_NO_HEADER: Final = cbor.encode({})
_SIGNATURE_HEAD: Final = cbor.head(cbor.BYTES, SIGNATURE_BYTES)
_EXP_HEAD: Final = cbor.head(cbor.MAP, 4) + cbor.encode(_EXP)
_IAT_HEAD: Final = cbor.encode(_IAT)
_CTI_HEAD: Final = cbor.encode(_CTI) + cbor.head(cbor.BYTES, VOUCHER_ID_BYTES)
_BODY_FIELDS: Final = 8
_BODY_HEAD: Final = cbor.encode(_BODY) + cbor.head(cbor.ARRAY, _BODY_FIELDS)
_LEASED_HEAD: Final = cbor.encode(_BODY) + cbor.head(cbor.ARRAY, _BODY_FIELDS + 1)

_UINT32: Final = cbor.encode(1 << 16)[:1]
"""Begins a number of four bytes."""
_EXP_AT: Final = len(_EXP_HEAD) + 1
_IAT_AT: Final = _EXP_AT + 4 + len(_IAT_HEAD) + 1
_CTI_AT: Final = _IAT_AT + 4 + len(_CTI_HEAD)
_BODY_AT: Final = _CTI_AT + VOUCHER_ID_BYTES + len(_BODY_HEAD)
_PACKED: Final = (
    slice(_EXP_AT, _EXP_AT + 4), slice(_IAT_AT, _IAT_AT + 4), slice(_CTI_AT, _CTI_AT + VOUCHER_ID_BYTES),
)  # fmt: skip
_PLAIN: Final = struct.Struct(
    f">{_EXP_AT}sI {1 + len(_IAT_HEAD)}sI {len(_CTI_HEAD)}s{VOUCHER_ID_BYTES}s {len(_BODY_HEAD)}s"
)
"""The claims before the first field of the body, with numbers of four bytes."""
_PLAIN_HEADS: Final = (_EXP_HEAD + _UINT32, _IAT_HEAD + _UINT32, _CTI_HEAD, _BODY_HEAD)
_TWO_BYTES_MAX: Final = 2**16 - 1
_NO_VENUES: Final = cbor.head(cbor.ARRAY, 0)[0]
_PACKED_MIN: Final = KID_BYTES + 4 + 4 + VOUCHER_ID_BYTES + SIGNATURE_BYTES

_BEGIN: Final = _COSE_HEAD + _PROTECTED
_PROTECTED_AT: Final = len(_COSE_HEAD)
_KID_AT: Final = len(_BEGIN)
_KID_END: Final = _KID_AT + KID_BYTES
_TWO_BYTE_HEAD: Final = 24
"""The shortest payload whose length stands in a byte of its own."""
_BETWEEN: Final = _NO_HEADER + cbor.head(cbor.BYTES, _TWO_BYTE_HEAD)[:1]
_LENGTH_AT: Final = _KID_END + len(_BETWEEN)
_PAYLOAD_AT: Final = _LENGTH_AT + 1
_TAIL_BYTES: Final = len(_SIGNATURE_HEAD) + SIGNATURE_BYTES
_USES_MAX: Final = 2**16 - 1
_NUMBER_MAX: Final = 2**32 - 1


class VoucherKind(enum.IntEnum):
    """What a token is for. The numbers are pinned: they stand in tokens that are already printed."""

    TICKET = 1
    POOL = 2
    DISCOUNT = 3
    FINE = 4
    FEE = 5
    LEASE = 6
    """A voucher reserved for one device, which may take it offline."""
    RECEIPT = 7
    """A venue's acknowledgement to the citizen."""


class Flags(enum.IntFlag, boundary=enum.STRICT):
    """What a verifier has to heed besides. A number with any other bit is refused."""

    NONE = 0
    PAPER = 1
    """Made for paper: it cannot show a live code."""
    LIVE = 2
    """Good only together with a live code."""
    LEASE = 4
    """Good only at the device that it is leased to."""
    ID_CHECK = 8
    """The holder shows an identity card."""
    ONLINE_ONLY = 16
    """Never accepted without asking the server."""


_KINDS: Final = {kind.value: kind for kind in VoucherKind}
_FLAGS: Final = tuple(map(Flags, range(2 * max(Flags))))
"""By their number: asking the class costs ten times as much."""


class Refusal(enum.StrEnum):
    """Why a token is refused, in the order in which it is checked: the first that applies is given."""

    WRONG_PREFIX = "wrong-prefix"
    MISTYPED_CODE = "mistyped-code"
    TOO_LONG = "too-long"
    BAD_ENCODING = "bad-encoding"
    NOT_CANONICAL = "not-canonical"
    UNSUPPORTED_ALGORITHM = "unsupported-algorithm"
    UNKNOWN_KEY = "unknown-key"
    BLOCKED_KEY = "blocked-key"
    BAD_SIGNATURE = "bad-signature"
    UNSUPPORTED_SCHEMA = "unsupported-schema"
    MALFORMED_CLAIMS = "malformed-claims"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    OTHER_VENUE = "other-venue"


class TokenRefused(DomainError):
    """A scanned or typed code is not accepted; `code` is the value of `refusal`."""

    kind: ClassVar[Kind] = Kind.INVALID

    def __init__(self, refusal: Refusal, /, **details: object) -> None:
        self.refusal = refusal
        super().__init__(refusal.value, **details)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. Raises ValueError for values that have no place in one."""

    voucher_id: bytes
    """Eight random bytes: the key under which a use is booked (`cti`)."""
    issued_at: int
    """Unix second from which the token is good (`iat`)."""
    expires_at: int
    """Unix second from which it is no longer good (`exp`)."""
    kind: VoucherKind
    product: int
    """Number of the offer within its city; TEST_PRODUCT: a test voucher."""
    venues: tuple[int, ...]
    """Numbers of the venues that may take it, at most twelve; none: no venue may."""
    uses: int = 1
    value_cents: int = 0
    flags: Flags = Flags.NONE
    status_index: int = 0
    """The voucher's place in its key's status list."""
    schema: int = SCHEMA
    device: bytes = b""
    """Of a lease: `device_name` of the only device that takes it."""

    def __post_init__(self) -> None:
        if fault := _fault(self):
            msg = f"no voucher claims: {fault}"
            raise ValueError(msg)


def device_name(device_id: int) -> bytes:
    """Return the four bytes by which the token of a lease names its device."""
    return hashlib.sha256(str(device_id).encode()).digest()[:DEVICE_BYTES]


def issue(claims: Claims, key: SigningKey) -> bytes:
    """Return the signed token of `claims`; the same claims and key give the same bytes."""
    return _signed(_payload(claims), key)


def resign(token: bytes, key: SigningKey) -> bytes:
    """Return the same claims signed by another key. Raises ValueError for what is no token of ours."""
    return _signed(_own(token).payload, key)


def own_claims(token: bytes) -> Claims:
    """Return the claims of a token of our own, unverified. Raises ValueError for no token."""
    return _claims(_decoded(_own(token).payload))


def kid_of(token: bytes) -> str:
    """Return the name of the key that a token of our own names, in hex. Raises ValueError for no token."""
    return _own(token).kid.hex()


def withheld(token: bytes) -> bytes:
    """Return a token without its signature, of which only the SHA-512 stays.

    Whoever has it knows what the token says and recognises the token, but can't show it as a code.
    """
    head, signature = token[:-SIGNATURE_BYTES], token[-SIGNATURE_BYTES:]
    return head + hashlib.sha512(signature).digest()


def packed(token: bytes) -> bytes | None:
    """Return a token without what all tokens have in common: key's name, exp, iat, cti, body and signature.

    None for a token of another form, which could not be put together again.
    """
    parts = _usual(token)
    if parts is None:
        return None
    short = (
        parts.kid + b"".join(parts.payload[at] for at in _PACKED) + parts.payload[_BODY_AT:] + parts.signature
    )
    return short if unpacked(short) == token else None


def unpacked(data: bytes) -> bytes | None:
    """Return the token that was packed, None for what is too short. Nothing of it is checked."""
    if len(data) < _PACKED_MIN:
        return None
    kid, exp, iat, cti = data[:4], data[4:8], data[8:12], data[12:20]
    body, signature = data[20:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    payload = b"".join((
        _EXP_HEAD, _UINT32, exp, _IAT_HEAD, _UINT32, iat, _CTI_HEAD, cti, _BODY_HEAD, body,
    ))  # fmt: skip
    return b"".join((_BEGIN, kid, _NO_HEADER, cbor.encode(payload), _SIGNATURE_HEAD, signature))


def sign_cwt(claims: dict[int, cbor.Value], key: SigningKey, kind: str) -> bytes:
    """Return a CWT of another kind, named by its media type (RFC 9596), signed by the same sort of key."""
    protected = cbor.encode({_HEADER_ALG: _ED25519, _HEADER_KID: key.kid, _HEADER_TYPE: kind})
    payload = cbor.encode(claims)
    signature = key.sign(_to_be_signed(protected, payload))
    return cbor.encode(cbor.Tag(_COSE_SIGN1, (protected, {}, payload, signature)))


def verify(
    token: bytes,
    keyring: KeyRing,
    now_unix: int,
    *,
    venue: int | None = None,
    skew_seconds: int = SKEW_SECONDS,
) -> Claims:
    """Return what a token says, if it is genuine, good at `now_unix` and, where given, at `venue`.

    Raises TokenRefused with the first refusal that applies.
    """
    claims = read(token, keyring, now_unix, skew_seconds=skew_seconds)
    check(claims, now_unix, venue=venue, skew_seconds=skew_seconds)
    return claims


def read(token: bytes, keyring: KeyRing, now_unix: int, *, skew_seconds: int = SKEW_SECONDS) -> Claims:
    """Return what a genuine token says, whether or not it is good here and now.

    Raises TokenRefused. Nothing of the payload is used before the signature is found right; the time only
    decides whether the key is believed.
    """
    usual = _usual(token)
    if usual is not None:
        known = keyring.find(usual.kid)
        if (
            known is not None
            and known.status is not KeyStatus.BLOCKED
            and known.covers(now_unix, skew_seconds)
            and known.key.verify(usual.to_be_signed, usual.signature)
        ):
            return _plain_claims(usual.payload) or _claims(_decoded(usual.payload))
    return _read_in_order(token, keyring, now_unix, skew_seconds)


def check(
    claims: Claims, now_unix: int, *, venue: int | None = None, skew_seconds: int = SKEW_SECONDS
) -> None:
    """Raise TokenRefused unless the claims are good at `now_unix` and, where given, at `venue`."""
    if now_unix + skew_seconds < claims.issued_at:
        raise TokenRefused(Refusal.NOT_YET_VALID, valid_from=claims.issued_at, now=now_unix)
    if now_unix - skew_seconds >= claims.expires_at:
        raise TokenRefused(Refusal.EXPIRED, expired_at=claims.expires_at, now=now_unix)
    if venue is not None and venue not in claims.venues:
        raise TokenRefused(Refusal.OTHER_VENUE, venues=claims.venues, venue=venue)


class _Usual(NamedTuple):
    """The parts of a token whose envelope is, byte by byte, the one that `issue` makes."""

    kid: bytes
    to_be_signed: bytes
    payload: bytes
    signature: bytes


def _usual(token: bytes) -> _Usual | None:
    """Return the parts of a token, or None if its envelope is another one than ours.

    All that a deterministic encoding leaves open is the key's name, the payload and the signature, so
    comparing the rest is as strict as decoding it, and quicker.
    """
    size = len(token)
    if not _PAYLOAD_AT + _TAIL_BYTES < size <= TOKEN_BYTES_MAX or token[:_KID_AT] != _BEGIN:
        return None
    end = size - _TAIL_BYTES
    if token[_KID_END:_LENGTH_AT] != _BETWEEN or token[end : end + 2] != _SIGNATURE_HEAD:
        return None
    length = token[_LENGTH_AT]
    if length != end - _PAYLOAD_AT or length < _TWO_BYTE_HEAD:
        return None
    signed = _SIGNED_HEAD + token[_PROTECTED_AT:_KID_END] + _NO_EXTERNAL_DATA + token[_KID_END + 1 : end]
    return _Usual(token[_KID_AT:_KID_END], signed, token[_PAYLOAD_AT:end], token[end + 2 :])


def _own(token: bytes) -> _Usual:
    parts = _usual(token)
    if parts is None:
        msg = "no token of ours"
        raise ValueError(msg)
    return parts


def _read_in_order(token: bytes, keyring: KeyRing, now_unix: int, skew_seconds: int) -> Claims:
    """Read a token step by step, so that the first refusal that applies is the one given."""
    protected, payload, signature = _envelope(token)
    header, content = _decoded(protected), _decoded(payload)
    key = _key(header, keyring, now_unix, skew_seconds)
    if not key.key.verify(_to_be_signed(protected, payload), signature):
        raise TokenRefused(Refusal.BAD_SIGNATURE, kid=key.key.kid.hex())
    return _claims(content)


def _plain_claims(payload: bytes) -> Claims | None:
    """Return the claims of a payload as `issue` makes it for anything but a lease; None for any other.

    As strict as decoding, in a third of the time: what `issue` leaves open is read, the rest is compared.
    """
    try:
        exp_head, exp, iat_head, iat, cti_head, cti, body_head = _PLAIN.unpack_from(payload)
        (schema, kind, product), at = cbor.numbers(payload, _BODY_AT, 3)
        count = payload[at] - _NO_VENUES
        if (exp_head, iat_head, cti_head, body_head) != _PLAIN_HEADS or not 0 <= count <= VENUES_MAX:
            return None
        rest, end = cbor.numbers(payload, at + 1, count + 4)
        if end != len(payload) or min(exp, iat) <= _TWO_BYTES_MAX:
            return None
        venues, (uses, value, flags, index) = tuple(rest[:count]), rest[count:]
        return Claims(cti, iat, exp, _KINDS[kind], product, venues, uses, value, _FLAGS[flags], index, schema)
    except (struct.error, LookupError, ValueError):
        return None


def _payload(claims: Claims) -> bytes:
    """Return the encoded claims: keys in their order, so that nothing has to be sorted."""
    number, venues = cbor.number, claims.venues
    leased = [cbor.head(cbor.BYTES, DEVICE_BYTES), claims.device] if claims.device else []
    return b"".join([
        _EXP_HEAD, number(claims.expires_at),
        _IAT_HEAD, number(claims.issued_at),
        _CTI_HEAD, claims.voucher_id,
        _LEASED_HEAD if claims.device else _BODY_HEAD,
        number(claims.schema), number(claims.kind), number(claims.product),
        cbor.head(cbor.ARRAY, len(venues)), *map(number, venues),
        number(claims.uses), number(claims.value_cents), number(claims.flags), number(claims.status_index),
        *leased,
    ])  # fmt: skip


def _signed(payload: bytes, key: SigningKey) -> bytes:
    protected, content = _PROTECTED + key.kid, cbor.head(cbor.BYTES, len(payload)) + payload
    signature = key.sign(b"".join((_SIGNED_HEAD, protected, _NO_EXTERNAL_DATA, content)))
    return b"".join((_COSE_HEAD, protected, _NO_HEADER, content, _SIGNATURE_HEAD, signature))


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Return the Sig_structure of RFC 9052 section 4.4, without external data."""
    return _SIGNED_HEAD + cbor.encode(protected) + _NO_EXTERNAL_DATA + cbor.encode(payload)


def _decoded(data: bytes) -> cbor.Value:
    try:
        return cbor.decode(data)
    except cbor.Malformed as error:
        raise TokenRefused(Refusal.BAD_ENCODING, fault=str(error)) from error
    except cbor.NotDeterministic as error:
        raise TokenRefused(Refusal.NOT_CANONICAL, fault=str(error)) from error


def _envelope(token: bytes) -> tuple[bytes, bytes, bytes]:
    """Return protected header, payload and signature of a COSE_Sign1."""
    if len(token) > TOKEN_BYTES_MAX:
        raise TokenRefused(Refusal.TOO_LONG, maximum=TOKEN_BYTES_MAX)
    message = _decoded(token)
    if isinstance(message, cbor.Tag) and message.number == _COSE_SIGN1:
        match message.value:
            case (bytes(protected), dict(unprotected), bytes(payload), bytes(signature)):
                if unprotected:
                    raise TokenRefused(Refusal.NOT_CANONICAL, fault="unprotected-header")
                if len(signature) == SIGNATURE_BYTES:
                    return protected, payload, signature
    raise TokenRefused(Refusal.BAD_ENCODING, fault="not-cose-sign1")


def _key(header: cbor.Value, keyring: KeyRing, now_unix: int, skew_seconds: int) -> RingKey:
    """Return the key that the protected header names, if it is believed."""
    if not isinstance(header, dict) or header.keys() - {_HEADER_ALG, _HEADER_KID}:
        raise TokenRefused(Refusal.BAD_ENCODING, fault="protected-header")
    if header.get(_HEADER_ALG) != _ED25519:
        raise TokenRefused(Refusal.UNSUPPORTED_ALGORITHM)
    kid = header.get(_HEADER_KID)
    if not isinstance(kid, bytes) or len(kid) != KID_BYTES:
        raise TokenRefused(Refusal.UNKNOWN_KEY)
    key = keyring.find(kid)
    if key is None or not key.covers(now_unix, skew_seconds):
        raise TokenRefused(Refusal.UNKNOWN_KEY, kid=kid.hex())
    if key.status is KeyStatus.BLOCKED:
        raise TokenRefused(Refusal.BLOCKED_KEY, kid=kid.hex())
    return key


def _claims(content: cbor.Value) -> Claims:
    """Return the claims of a payload whose signature is right."""
    if not isinstance(content, dict) or content.keys() != _LABELS:
        raise TokenRefused(Refusal.MALFORMED_CLAIMS, fault="labels")
    body = content[_BODY]
    if not isinstance(body, tuple) or not body or not isinstance(body[0], int):
        raise TokenRefused(Refusal.MALFORMED_CLAIMS, fault="body")
    if body[0] != SCHEMA:
        raise TokenRefused(Refusal.UNSUPPORTED_SCHEMA, schema=body[0])
    match (content[_CTI], content[_IAT], content[_EXP], body):
        case (
            bytes(cti),
            int(iat),
            int(exp),
            (_, int(kind), int(product), tuple(venues), int(uses), int(value), int(flags), int(index), *more),
        ) if _all_numbers(venues) and _is_device(more):
            device = more[0] if more else b""
        case _:
            raise TokenRefused(Refusal.MALFORMED_CLAIMS, fault="types")
    try:
        return Claims(
            cti, iat, exp, VoucherKind(kind), product, venues, uses, value, Flags(flags), index, device=device
        )
    except ValueError as error:
        raise TokenRefused(Refusal.MALFORMED_CLAIMS, fault=str(error)) from error


def _is_device(more: list[cbor.Value]) -> TypeGuard[list[bytes]]:
    """Whether nothing stands behind the usual fields, or the name of a device."""
    return not more or (len(more) == 1 and isinstance(more[0], bytes) and len(more[0]) == DEVICE_BYTES)


def _all_numbers(values: tuple[cbor.Value, ...]) -> TypeGuard[tuple[int, ...]]:
    return all(isinstance(value, int) for value in values)


def _fault(claims: Claims) -> str | None:
    """Return the name of a claim that is out of its range."""
    if len(claims.voucher_id) != VOUCHER_ID_BYTES:
        return "voucher_id"
    if not 0 <= claims.issued_at < claims.expires_at <= _NUMBER_MAX:
        return "expires_at"
    if len(claims.venues) > VENUES_MAX or not 1 <= claims.uses <= _USES_MAX:
        return "venues" if len(claims.venues) > VENUES_MAX else "uses"
    if claims.schema != SCHEMA:
        return "schema"
    numbers = (claims.product, claims.value_cents, claims.status_index, *claims.venues)
    if claims.device and (len(claims.device) != DEVICE_BYTES or Flags.LEASE not in claims.flags):
        return "device"
    return None if min(numbers) >= 0 and max(numbers) <= _NUMBER_MAX else "number"
