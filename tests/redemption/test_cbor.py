"""Deterministic CBOR: as the standard's examples, and strict where a general library is lenient."""

from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redemption import cbor
from tests.redemption import pinned

NUMBERS = st.integers(-(2**64), 2**64 - 1)
VALUES = st.recursive(
    NUMBERS | st.binary(max_size=300) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=30).map(tuple) | st.dictionaries(NUMBERS, inner, max_size=30),
    max_leaves=20,
)


def _depth(value: cbor.Value) -> int:
    if isinstance(value, tuple):
        return 1 + max(map(_depth, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 0


SHALLOW = VALUES.filter(lambda value: _depth(value) <= cbor.DEPTH_MAX)


def _tuples(value: Any) -> Any:
    """Return what the general library decoded, with arrays as tuples and maps as dicts."""
    if isinstance(value, list | tuple):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize(("value", "encoded"), pinned.PUBLISHED["rfc8949"]["examples"])
def test_the_examples_of_the_standard(value: Any, encoded: str) -> None:
    """RFC 8949 appendix A, in both directions."""
    assert encoded == cbor.encode(value).hex()
    assert _tuples(value) == cbor.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize("encoded", pinned.PUBLISHED["rfc8949"]["refused"])
def test_what_our_formats_do_not_use_is_refused(encoded: str) -> None:
    """Floats, simple values, text keys, indefinite lengths: RFC 8949 appendix A has them, we don't."""
    with pytest.raises((cbor.Malformed, cbor.NotDeterministic)):
        cbor.decode(bytes.fromhex(encoded))


def test_the_claims_of_the_token_standard() -> None:
    """RFC 8392 appendix A.1: our encoder makes its bytes."""
    vector = pinned.PUBLISHED["rfc8392"]
    claims = {
        int(label): bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
        for label, value in vector["claims"].items()
    }

    assert vector["encoded"] == cbor.encode(claims).hex()
    assert claims == cbor.decode(bytes.fromhex(vector["encoded"]))


@given(SHALLOW)
def test_an_independent_library_reads_what_it_writes(value: cbor.Value) -> None:
    """Any value of ours means the same to cbor2, and to ourselves."""
    encoded = cbor.encode(value)

    assert value == _tuples(cbor2.loads(encoded))
    assert value == cbor.decode(encoded)


@given(st.lists(NUMBERS, max_size=30) | st.binary(max_size=300) | st.text(max_size=300))
def test_it_writes_the_canonical_bytes(value: cbor.Value) -> None:
    """The bytes are those of cbor2 in canonical form (maps aside: cbor2 has the older order of long keys)."""
    assert cbor2.dumps(value, canonical=True) == cbor.encode(value)


@given(st.binary(max_size=40))
@example(bytes.fromhex("d81c81d81d00"))
@example(bytes.fromhex("bbffffffffffffffff"))
def test_whatever_is_read_has_that_one_form(data: bytes) -> None:
    """Any bytes are refused, or are exactly what the encoder makes of the value: no second form exists."""
    try:
        value = cbor.decode(data)
    except (cbor.Malformed, cbor.NotDeterministic):
        return

    assert data == cbor.encode(value)


@given(SHALLOW, st.data())
def test_a_value_cut_short_is_refused(value: cbor.Value, data: st.DataObject) -> None:
    """No beginning of an encoding is one."""
    encoded = cbor.encode(value)
    length = data.draw(st.integers(0, len(encoded) - 1))

    with pytest.raises(cbor.Malformed):
        cbor.decode(encoded[:length])


@pytest.mark.parametrize(
    ("encoded", "fault"),
    [
        ("", "cut-short"),
        ("1c", "reserved-length"),
        ("61ff", "text-not-utf8"),
        ("a1616100", "key-not-a-number"),
        ("f6", "unused-kind"),
        ("81" * 7 + "00", "too-deep"),
    ],
)
def test_malformed_bytes_are_told_apart(encoded: str, fault: str) -> None:
    """Each fault has its code."""
    with pytest.raises(cbor.Malformed, match=fault):
        cbor.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize(
    ("encoded", "fault"),
    [
        ("0000", "trailing-bytes"),
        ("1817", "number-not-shortest"),
        ("1900ff", "number-not-shortest"),
        ("1a0000ffff", "number-not-shortest"),
        ("1b00000000ffffffff", "number-not-shortest"),
        ("580100", "number-not-shortest"),
        ("9f00ff", "indefinite-length"),
        ("a201000100", "keys-not-ascending"),
        ("a202000100", "keys-not-ascending"),
        ("a220000100", "keys-not-ascending"),
    ],
)
def test_second_forms_are_told_apart(encoded: str, fault: str) -> None:
    """What says the same in other bytes is refused, with the rule that it breaks."""
    with pytest.raises(cbor.NotDeterministic, match=fault):
        cbor.decode(bytes.fromhex(encoded))


def test_a_number_of_more_than_64_bits_is_not_written() -> None:
    """There is no room for it in the formats."""
    with pytest.raises(OverflowError, match="64 bits"):
        cbor.encode(2**64)


def test_the_deepest_nesting_is_read() -> None:
    """Six levels are read; a token needs four."""
    assert ((((((),),),),),) == cbor.decode(bytes.fromhex("818181818180"))
