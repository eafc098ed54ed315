"""Text forms: published examples, pinned texts, forgiving where a person types and nowhere else."""

import itertools
from typing import Any

import base45
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redemption import codes
from redemption.codes import ManualCode
from redemption.live_codes import LiveToken
from redemption.tokens import Refusal, TokenRefused
from tests.redemption import pinned

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HANDLES = st.binary(min_size=6, max_size=16)
RFC9285 = pinned.PUBLISHED["rfc9285"]


_REFUSALS_OF_TEXTS = {
    Refusal.WRONG_PREFIX,
    Refusal.MISTYPED_CODE,
    Refusal.TOO_LONG,
    Refusal.BAD_ENCODING,
}


def _read_or_refused(text: str) -> bytes | LiveToken | ManualCode | Refusal:
    """Return what a text is read as, or why it is refused."""
    try:
        return codes.parse(text)
    except TokenRefused as refused:
        return refused.refusal


@pytest.mark.parametrize(("plain", "encoded"), RFC9285["encodes"].items())
def test_base45_is_that_of_the_standard(plain: str, encoded: str) -> None:
    """RFC 9285 sections 4.3 and 4.4, in both directions."""
    assert f"DC1:{encoded}" == codes.app_text(plain.encode())
    assert plain.encode() == codes.parse(f"DC1:{encoded}")


@pytest.mark.parametrize("encoded", RFC9285["refused"])
def test_base45_beyond_its_range_is_refused(encoded: str) -> None:
    """Groups above 65535 or 255 and single characters are no base45 (RFC 9285 section 6)."""
    with pytest.raises(TokenRefused, match="bad-encoding"):
        codes.parse(f"DC1:{encoded}")


def test_the_largest_group_is_read() -> None:
    """FGW is 65535, the last that fits two bytes."""
    assert b"\xff\xff" == codes.parse("DC1:FGW")


@pytest.mark.parametrize("vector", pinned.VOUCHERS["vouchers"], ids=pinned.name)
def test_texts_are_pinned(vector: dict[str, Any]) -> None:
    """Both texts of a token are those that stand in print already, and lead back to it."""
    token = bytes.fromhex(vector["token"])

    assert vector["app_text"] == codes.app_text(token)
    assert vector["address_text"] == codes.address_text(token, vector["host"])
    assert token == codes.parse(vector["app_text"])
    assert token == codes.parse(vector["address_text"])
    assert token == codes.parse(vector["full_address_text"])


@given(st.binary(max_size=200).filter(lambda token: token[:1] != codes._LIVE_BEGINS))
def test_any_bytes_survive_both_texts(token: bytes) -> None:
    """Texts lead back to the bytes, are upper case and hold only what QR codes write densely."""
    texts = [codes.app_text(token), codes.address_text(token, "bon.example:8000")]

    for text in texts:
        assert token == codes.parse(text)
        assert set(text) <= set(base45.BASE45_CHARSET)


@given(st.binary(min_size=1, max_size=200), st.sampled_from([" ", "\n", "\t", "\r\n"]))
def test_no_blank_is_trimmed_from_a_scanned_text(token: bytes, blank: str) -> None:
    """A blank before or after a scanned text is refused, or is other bytes: never passed over."""
    for text in (codes.app_text(token), codes.address_text(token, "bon.example")):
        with pytest.raises(TokenRefused, match="wrong-prefix"):
            codes.parse(blank + text)
        assert _read_or_refused(text + blank) != token


@given(st.text(max_size=600))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a refusal comes of a text that is none of ours."""
    for each in (text, "DC1:" + text, "HTTPS://B.EXAMPLE/V/" + text):
        read = _read_or_refused(each)
        assert not isinstance(read, Refusal) or read in _REFUSALS_OF_TEXTS


@pytest.mark.parametrize("host", ["", "a b", "bon.example/x", "-bon", "bon.", "bön.example", "bon:port"])
def test_an_address_needs_a_host_name(host: str) -> None:
    """What is no host name does not get into print."""
    with pytest.raises(ValueError, match="no host name"):
        codes.address_text(b"token", host)


@pytest.mark.parametrize("vector", pinned.VOUCHERS["manual_codes"])
def test_manual_codes_are_pinned(vector: dict[str, str]) -> None:
    """The code of a handle is the one that was told to people already."""
    assert vector["code"] == codes.manual_code(bytes.fromhex(vector["handle"]))


@given(HANDLES)
def test_a_manual_code_is_read_as_it_is_typed(handle: bytes) -> None:
    """Lower case, blanks, hyphens, O for 0, I and L for 1 are forgiven."""
    code = codes.manual_code(handle)
    typings = [
        code,
        code.lower(),
        codes.grouped(code),
        f"  {code[:3]} {code[3:6]}-{code[6:]}\n",
        code.replace("0", "O").replace("1", "I"),
        code.lower().replace("0", "o").replace("1", "l"),
    ]

    assert [ManualCode(code)] * len(typings) == [codes.parse(typing) for typing in typings]


@given(HANDLES, st.integers(0, 9), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_told(handle: bytes, position: int, symbol: str) -> None:
    """Any one symbol replaced by another is a slip, not another voucher."""
    code = codes.manual_code(handle)
    changed = code[:position] + symbol + code[position + 1 :]
    if changed == code:
        return
    with pytest.raises(TokenRefused, match="mistyped-code"):
        codes.parse(changed)


@given(HANDLES)
def test_swapped_symbols_are_told(handle: bytes) -> None:
    """Any two different symbols swapped, neighbours or not, are a slip."""
    code = codes.manual_code(handle)
    for first, second in itertools.combinations(range(10), 2):
        symbols = list(code)
        symbols[first], symbols[second] = symbols[second], symbols[first]
        if symbols == list(code):
            continue
        with pytest.raises(TokenRefused, match="mistyped-code"):
            codes.parse("".join(symbols))


def test_a_handle_that_could_be_guessed_is_not_taken() -> None:
    """Fewer than six bytes make no code."""
    with pytest.raises(ValueError, match="at least 6 bytes"):
        codes.manual_code(bytes(5))


def test_codes_of_different_handles_differ() -> None:
    """The first 45 bits make the code; the bits after them don't matter."""
    assert codes.manual_code(b"\0\0\0\0\0\x07") == codes.manual_code(bytes(6))
    assert codes.manual_code(b"\0\0\0\0\0\x08") != codes.manual_code(bytes(6))
