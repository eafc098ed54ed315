"""Canonical JSON and strict reading."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import canonical

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-canonical.WHOLE_MAX, canonical.WHOLE_MAX)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_the_example_of_the_standard_without_fractions() -> None:
    """The keys of RFC 8785 section 3.2.3 come out in its order, and its text with its escapes."""
    keys = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }

    encoded = canonical.encode(keys).decode()

    assert ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"] == list(json.loads(encoded))
    assert '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"' == canonical.encode('\u20ac$\u000f\nA\'B"\\\\"/').decode()


@given(PLAIN)
def test_what_is_written_is_read_again(value: object) -> None:
    """Reading what was written gives the value, and writing it again the same bytes."""
    encoded = canonical.encode(value)

    read = canonical.decode(encoded, bytes_max=1_000_000)

    assert value == read
    assert encoded == canonical.encode(read)


@pytest.mark.parametrize("value", [1.5, float("nan"), 2**53, -(2**53), {1, 2}, b"x"])
def test_without_a_canonical_form(value: object) -> None:
    """Fractions, numbers that are not exact everywhere and other types are refused."""
    with pytest.raises(ValueError, match=r"canonical form|not exact"):
        canonical.encode(value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ('{"b": {"a": 1, "a": 1}}', "twice"),
        ("1.0", "whole number"),
        ("1e3", "whole number"),
        ("NaN", "whole number"),
        ("-Infinity", "whole number"),
        ("9" * 5000, "limit"),
        ("[" * 20_000 + "]" * 20_000, "deeply"),
        ("{", "Expecting"),
        ("", "Expecting"),
        (" " * 50_001, "longer"),
        (b"\xff", "utf-8"),
    ],
)
def test_refused_texts(text: str | bytes, fault: str) -> None:
    """What is ambiguous, inexact, too long, too deep or no JSON is refused with a clear error."""
    with pytest.raises(ValueError, match=fault):
        canonical.decode(text, bytes_max=50_000)
