"""Canonical JSON (RFC 8785), and strict reading of JSON that came from outside.

Restricted to what rules need: objects, lists, texts, truths, whole numbers and null. Without fractions the
canonical form has no number formatting to get wrong: two programs that agree on the value agree on the bytes.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

WHOLE_MAX = 2**53 - 1
"""Largest whole number that every JSON program reads as it was written (RFC 8785, appendix D)."""


def encode(value: object) -> bytes:
    """Return the canonical bytes of a value. Raises ValueError for what has no canonical form here."""
    return json.dumps(_sorted(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def decode(text: str | bytes, *, bytes_max: int) -> Any:
    """Read JSON without guessing.

    Raises ValueError: longer than `bytes_max`, no JSON, a key twice, a fraction, NaN or infinity, nested
    deeper than the reader can follow.
    """
    if len(text) > bytes_max:
        msg = f"longer than {bytes_max} bytes"
        raise ValueError(msg)
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_float=_no_fraction, parse_constant=_no_fraction
        )
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None


def _sorted(value: object) -> object:
    """Return the value with all keys in the order of their UTF-16 code units (RFC 8785 section 3.2.3)."""
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _sorted(value[key]) for key in keys}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > WHOLE_MAX:
        msg = f"the number {value} is not exact everywhere"
        raise ValueError(msg)
    if value is None or isinstance(value, str | int):
        return value
    msg = f"{type(value).__name__} has no canonical form"
    raise ValueError(msg)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "a key stands twice in one object"
        raise ValueError(msg)
    return found


def _no_fraction(text: str) -> NoReturn:
    msg = f"{text[:40]} is not a whole number"
    raise ValueError(msg)
