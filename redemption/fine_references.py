"""References of fines: short enough to type, with a check symbol, derived from what the fine is.

`DU-7KQ4-M2XA-9TR3`: the city's prefix, eleven symbols of Crockford's alphabet (55 bits of a SHA-256) and a
check symbol. Among a million fines of a city two share a reference with a chance of 1 in 70,000; who keeps
them notices it. The check symbol is the prefix and the symbols as a polynomial over GF(32) at x, modulo
x^5 + x^2 + 1: each place has a weight of its own, so any single wrong symbol and any swap of two shows.
"""

import hashlib
import re
from collections.abc import Iterable

from kernel.errors import Invalid

PREFIX_MAX = 4
BODY_LENGTH = 12
"""Symbols behind the prefix, the last of which is the check symbol."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)}
_LOOKALIKES = str.maketrans("OIL", "011")
_PREFIX = re.compile(rf"[A-Z]{{1,{PREFIX_MAX}}}", re.ASCII)
_TYPED_MAX = 60
_GROUP = 4


class InvalidReference(Invalid):
    """What was typed is no reference of a fine.

    `reason` says why: `empty`, `prefix-missing`, `length` (with `expected`), `symbol` (with `symbol`),
    `check-digit`.
    """

    code = "reference-invalid"


def derive(prefix: str, content: str) -> str:
    """Return the reference of a fine from its content: the same for the same content.

    Raises ValueError for a prefix that is not one to four capital letters from A to Z.
    """
    if not _PREFIX.fullmatch(prefix):
        msg = f"no prefix of a reference: {prefix!r}"
        raise ValueError(msg)
    digest = int.from_bytes(hashlib.sha256(content.encode()).digest())
    bits = digest >> (256 - 5 * (BODY_LENGTH - 1))
    symbols = [bits >> shift & 31 for shift in range(5 * (BODY_LENGTH - 2), -1, -5)]
    return _written(prefix, [*symbols, _check(prefix, symbols)])


def parse(text: str) -> str:
    """Return a typed reference as it is written, whatever its case, blanks and hyphens.

    O is read as 0, I and L as 1 behind the prefix. Raises InvalidReference with its `reason`.
    """
    typed = re.sub(r"[\s\-\u2010-\u2015]", "", text[:_TYPED_MAX]).upper()
    if not typed:
        raise InvalidReference(field="reference", reason="empty")
    prefix, body = typed[:-BODY_LENGTH], typed[-BODY_LENGTH:].translate(_LOOKALIKES)
    if len(typed) == BODY_LENGTH and typed[:1].isdigit():
        raise InvalidReference(field="reference", reason="prefix-missing")
    if not _PREFIX.fullmatch(prefix):
        raise InvalidReference(field="reference", reason="length", expected=BODY_LENGTH)
    for symbol in body:
        if symbol not in _VALUES:
            raise InvalidReference(field="reference", reason="symbol", symbol=symbol)
    symbols = [_VALUES[symbol] for symbol in body]
    if _check(prefix, symbols[:-1]) != symbols[-1]:
        raise InvalidReference(field="reference", reason="check-digit")
    return _written(prefix, symbols)


def _written(prefix: str, symbols: Iterable[int]) -> str:
    body = "".join(_ALPHABET[symbol] for symbol in symbols)
    groups = [body[start : start + _GROUP] for start in range(0, BODY_LENGTH, _GROUP)]
    return "-".join([prefix, *groups])


def _check(prefix: str, symbols: Iterable[int]) -> int:
    check = 0
    for symbol in [*(ord(letter) - ord("A") for letter in prefix), *symbols]:
        check = (check ^ symbol) << 1
        if check & 0b100000:
            check ^= 0b100101
    return check
