"""Deterministic CBOR (RFC 8949 section 4.2.1), the part of it that our signed formats use.

Numbers of up to 64 bits, byte strings, text, arrays, maps with numbers as keys, and tags. The decoder is
strict: it accepts exactly the bytes that the encoder makes, so each value has one encoding, and what it reads
may come from anybody. A general decoder would run the handlers of dates, patterns and shared references on
it, take the last of two equal keys and pass over trailing bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DEPTH_MAX = 6
"""Deepest nesting of arrays, maps and tags; more than any of our formats has."""

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG = range(7)
_STRINGS: Final = (BYTES, TEXT)
_BYTE: Final = [bytes((number,)) for number in range(256)]
_ONE_BYTE: Final = 24
"""Smaller numbers stand in the initial byte itself."""
_WIDTHS: Final = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}
"""Bytes that follow, and the smallest number that needs them, by the low five bits of an initial byte."""
_INDEFINITE: Final = 31


@dataclass(frozen=True, slots=True)
class Tag:
    """A tagged value, such as 18: COSE_Sign1."""

    number: int
    value: "Value"


@dataclass(frozen=True, slots=True)
class Named:
    """A map with texts as keys. Other people's formats have some; it is written here, never read."""

    values: dict[str, "Value"]


Value = int | bytes | str | Sequence["Value"] | dict[int, "Value"] | Tag | Named


class Malformed(ValueError):
    """Not CBOR, or of a kind that our formats don't use; the message is a short code."""


class NotDeterministic(ValueError):
    """CBOR, but written otherwise than RFC 8949 section 4.2.1 demands; the message is a short code."""


def encode(value: Value) -> bytes:
    """Return the one deterministic encoding of `value`.

    Raises OverflowError for a number of more than 64 bits.
    """
    if isinstance(value, int):
        return head(UNSIGNED, value) if value >= 0 else head(NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return head(BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return head(TEXT, len(text)) + text
    if isinstance(value, dict | Named):
        items = value.values.items() if isinstance(value, Named) else value.items()
        pairs = sorted([(encode(key), encode(item)) for key, item in items])
        return head(MAP, len(pairs)) + b"".join([key + item for key, item in pairs])
    if isinstance(value, Tag):
        return head(TAG, value.number) + encode(value.value)
    return head(ARRAY, len(value)) + b"".join([encode(item) for item in value])


def decode(data: bytes) -> Value:
    """Return the value of which `data` is the deterministic encoding, arrays as tuples.

    Raises Malformed or NotDeterministic.
    """
    try:
        value, end = _item(data, 0, DEPTH_MAX)
    except IndexError:
        raise Malformed("cut-short") from None
    if end != len(data):
        raise NotDeterministic("trailing-bytes")
    return value


def head(major: int, argument: int) -> bytes:
    """Return the bytes with which an item begins: its major type and its value, length or count."""
    kind = major << 5
    if argument < _ONE_BYTE:
        return _BYTE[kind | argument]
    if argument < 1 << 8:
        return bytes((kind | 24, argument))
    if argument < 1 << 16:
        return _BYTE[kind | 25] + argument.to_bytes(2)
    if argument < 1 << 32:
        return _BYTE[kind | 26] + argument.to_bytes(4)
    if argument < 1 << 64:
        return _BYTE[kind | 27] + argument.to_bytes(8)
    msg = f"{argument} needs more than 64 bits"
    raise OverflowError(msg)


def number(value: int) -> bytes:
    """Return the encoding of a number that is not negative."""
    return _BYTE[value] if 0 <= value < _ONE_BYTE else head(UNSIGNED, value)


def numbers(data: bytes, at: int, count: int) -> tuple[list[int], int]:
    """Return the numbers, not negative, that stand one after the other from `at`, and where they end.

    For formats that know what stands where: quicker than `decode`, as strict. Raises NotDeterministic, or
    LookupError where something else stands.
    """
    found = []
    for _ in range(count):
        first = data[at]
        at += 1
        if first >= _ONE_BYTE:
            width, smallest = _WIDTHS[first]
            first = int.from_bytes(data[at : at + width])
            at += width
            if first < smallest:
                raise NotDeterministic("number-not-shortest")
        found.append(first)
    return found, at


def _item(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """Return the item that begins at `at`, and where the next one begins."""
    major, argument = data[at] >> 5, data[at] & 31
    at += 1
    if argument >= _ONE_BYTE:
        argument, at = _argument(data, at, argument)
    if major == UNSIGNED:
        return argument, at
    if major in _STRINGS:
        end = at + argument
        if end > len(data):
            raise Malformed("cut-short")
        return (data[at:end] if major == BYTES else _text(data[at:end])), end
    if major == NEGATIVE:
        return -1 - argument, at
    if depth == 0:
        raise Malformed("too-deep")
    if major == ARRAY:
        return _array(data, at, depth - 1, argument)
    if major == MAP:
        return _map(data, at, depth - 1, argument)
    if major == TAG:
        value, at = _item(data, at, depth - 1)
        return Tag(argument, value), at
    raise Malformed("unused-kind")


def _argument(data: bytes, at: int, low_bits: int) -> tuple[int, int]:
    if low_bits == _INDEFINITE:
        raise NotDeterministic("indefinite-length")
    if low_bits not in _WIDTHS:
        raise Malformed("reserved-length")
    width, smallest = _WIDTHS[low_bits]
    end = at + width
    if end > len(data):
        raise Malformed("cut-short")
    argument = int.from_bytes(data[at:end])
    if argument < smallest:
        raise NotDeterministic("number-not-shortest")
    return argument, end


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Malformed("text-not-utf8") from None


def _array(data: bytes, at: int, depth: int, count: int) -> tuple[Value, int]:
    items: list[Value] = []
    # A claimed length costs nothing: reading ends with the data, long before a large count is reached.
    while len(items) < count:
        item, at = _item(data, at, depth)
        items.append(item)
    return tuple(items), at


def _map(data: bytes, at: int, depth: int, count: int) -> tuple[Value, int]:
    items: dict[int, Value] = {}
    previous = b""
    while len(items) < count:
        key, end = _item(data, at, depth)
        if not isinstance(key, int):
            raise Malformed("key-not-a-number")
        if data[at:end] <= previous:
            raise NotDeterministic("keys-not-ascending")
        previous = data[at:end]
        items[key], at = _item(data, end, depth)
    return items, at
