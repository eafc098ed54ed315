"""Text forms of voucher tokens, and the code that is typed by hand (docs/voucher-format.md).

Pure. `DC1:` with base45 (RFC 9285) in the app; a web address with base32 (RFC 4648) on paper and in
wallets, because cameras and keyboards spoil base45; ten characters of Crockford's alphabet where nothing can
be scanned.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

import base45

from redemption import cbor, live_codes, tokens
from redemption.live_codes import LiveToken
from redemption.tokens import Refusal, TokenRefused

TEXT_LENGTH_MAX: Final = 512
"""Longest text that is looked into, in characters."""
APP_PREFIX: Final = "DC1:"
MANUAL_CODE_LENGTH: Final = 10
HOST_LENGTH_MAX: Final = 47
"""Longest host name with which a voucher for one venue fits a QR code of version 10 on paper."""
HANDLE_BYTES_MIN: Final = 6

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O and U."""
_LOOKALIKES: Final = str.maketrans("OIL", "011", "-")
_VALUES: Final = {symbol: value for value, symbol in enumerate(_ALPHABET)}
_HANDLE_BITS: Final = 45
_LIVE_BEGINS: Final = bytes((live_codes.FIRST_BYTE,))
_PATH: Final = "/V/"
_PACKED: Final = "1"
"""Begins what is packed; no character of base32."""
_ADDRESS: Final = re.compile(r"HTTPS://[A-Z0-9.-]+(?::[0-9]{1,5})?/V/")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class ManualCode:
    """A typed code in its plain form: ten upper-case symbols, the last of which is right for the others."""

    value: str


def app_text(token: bytes) -> str:
    """Return the form that the app shows as a QR code: `DC1:` and base45."""
    encoded: bytes = base45.b45encode(token)
    return APP_PREFIX + encoded.decode("ascii")


def address_text(token: bytes, host: str) -> str:
    """Return the form for paper and wallets: an address at `host` (with port, if any) that opens a help page.

    Upper case throughout, so that a QR code needs 5.5 bits for a character; what all tokens have in common is
    left out (`tokens.packed`), so that the code stays small with any host. Raises ValueError for a host that
    is no host name.
    """
    if not _HOST.fullmatch(host):
        msg = f"no host name: {host!r}"
        raise ValueError(msg)
    short = tokens.packed(token)
    written = _base32(token) if short is None else _PACKED + _base32(short)
    return f"HTTPS://{host.upper()}{_PATH}{written}"


def manual_code(handle: bytes) -> str:
    """Return the code of a voucher's handle: nine symbols for its first 45 bits, and a check symbol.

    The handle is made by the application, at least six bytes that nobody can guess: random, or a keyed hash
    of the voucher's id; never the id itself, which stands in the token. Two handles may share a code (one
    pair in 2^45): the application keeps codes apart. The check symbol tells every single wrong symbol and
    every swap of two, so that a slip is not taken for somebody else's voucher. Raises ValueError for a
    shorter handle.
    """
    if len(handle) < HANDLE_BYTES_MIN:
        msg = f"a handle has at least {HANDLE_BYTES_MIN} bytes"
        raise ValueError(msg)
    bits = int.from_bytes(handle[:HANDLE_BYTES_MIN]) >> (8 * HANDLE_BYTES_MIN - _HANDLE_BITS)
    symbols = [bits >> shift & 31 for shift in range(_HANDLE_BITS - 5, -1, -5)]
    return "".join(_ALPHABET[symbol] for symbol in [*symbols, _check(symbols)])


def grouped(code: str) -> str:
    """Return a manual code as it is shown to people: two groups of five."""
    return f"{code[:5]}-{code[5:]}"


def live_text(live_code: bytes) -> str:
    """Return the form that the app shows of a live code (`live_codes.write`)."""
    return app_text(live_code)


def parse(text: str) -> bytes | LiveToken | ManualCode:
    """Return the token in a scanned text, with its tag if it has one, or the plain form of a typed code.

    A scanned text is taken as it is: no blanks are trimmed, no case is changed. A typed code may have lower
    case, blanks, hyphens, O for 0, I or L for 1. Whether a token is genuine is for `tokens.verify` to say,
    and a code is only good at the server. Raises TokenRefused `wrong-prefix`, `mistyped-code`, `too-long`,
    `bad-encoding` or, for a live code, `not-canonical`.
    """
    if text.startswith(APP_PREFIX):
        data = _from_base45(_within_limit(text)[len(APP_PREFIX) :])
        return _live(data) if data[:1] == _LIVE_BEGINS else data
    if text.startswith("HTTPS://"):
        address = _ADDRESS.match(_within_limit(text))
        if address is None:
            raise TokenRefused(Refusal.WRONG_PREFIX)
        return _from_address(text[address.end() :])
    return _typed(text)


def _from_address(text: str) -> bytes:
    if not text.startswith(_PACKED):
        return _from_base32(text)
    token = tokens.unpacked(_from_base32(text.removeprefix(_PACKED)))
    if token is None:
        raise TokenRefused(Refusal.BAD_ENCODING, fault="packed")
    return token


def _live(data: bytes) -> LiveToken:
    try:
        return live_codes.read(data)
    except cbor.Malformed as error:
        raise TokenRefused(Refusal.BAD_ENCODING, fault=str(error)) from error
    except cbor.NotDeterministic as error:
        raise TokenRefused(Refusal.NOT_CANONICAL, fault=str(error)) from error


def _within_limit(text: str) -> str:
    if len(text) > TEXT_LENGTH_MAX:
        raise TokenRefused(Refusal.TOO_LONG, maximum=TEXT_LENGTH_MAX)
    return text


def _from_base45(text: str) -> bytes:
    # As bytes: of a str the library would strip line ends.
    try:
        return bytes(base45.b45decode(text.encode("ascii")))
    except ValueError:
        raise TokenRefused(Refusal.BAD_ENCODING, fault="base45") from None


def _base32(token: bytes) -> str:
    return base64.b32encode(token).decode("ascii").rstrip("=")


def _from_base32(text: str) -> bytes:
    try:
        token = base64.b32decode(text.encode("ascii") + b"=" * (-len(text) % 8))
    except (UnicodeEncodeError, binascii.Error):
        raise TokenRefused(Refusal.BAD_ENCODING, fault="base32") from None
    if _base32(token) != text:
        # The bits that fill up the last character are zero, and padding is not written.
        raise TokenRefused(Refusal.BAD_ENCODING, fault="base32")
    return token


def _typed(text: str) -> ManualCode:
    code = "".join(text[:TEXT_LENGTH_MAX].split()).upper().translate(_LOOKALIKES)
    if abs(len(code) - MANUAL_CODE_LENGTH) > 1 or not code.isalnum():
        raise TokenRefused(Refusal.WRONG_PREFIX)
    symbols = [_VALUES.get(symbol, -1) for symbol in code]
    if len(code) != MANUAL_CODE_LENGTH or min(symbols) < 0 or _check(symbols[:-1]) != symbols[-1]:
        raise TokenRefused(Refusal.MISTYPED_CODE)
    return ManualCode(code)


def _check(symbols: list[int]) -> int:
    """Return the check symbol: a sum over GF(32), modulo x^5 + x^2 + 1, with weights x^9 down to x.

    Each place has a weight of its own, and none has that of the check symbol (1): any one change and any swap
    of two shows.
    """
    check = 0
    for symbol in symbols:
        check = (check ^ symbol) << 1
        if check & 0b100000:
            check ^= 0b100101
    return check
