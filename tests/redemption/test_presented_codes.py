"""The six digits on guests' phones: published vectors for the truncation, our own for the rest."""

import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redemption import presented_codes as codes

VECTORS = json.loads((Path(__file__).parent / "vectors" / "presented_codes.json").read_text())
SECRETS = st.binary(min_size=codes.SECRET_BYTES, max_size=codes.SECRET_BYTES)
NUMBERS = st.integers(0, codes.NUMBERS - 1)
PRICES = st.integers(0, 20_000)
STEPS = st.integers(0, 2**40)


def test_truncation_by_rfc_4226() -> None:
    """RFC 4226, appendix D: the ten HOTP values of the secret `12345678901234567890`."""
    macs = [hmac.digest(b"12345678901234567890", count.to_bytes(8), "sha1") for count in range(10)]
    assert [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
    ] == [codes.truncated(mac) for mac in macs]  # fmt: skip


@pytest.mark.parametrize(
    ("unix", "expected"),
    [
        (59, "46119246"), (1111111109, "68084774"), (1111111111, "67062674"), (1234567890, "91819424"),
        (2000000000, "90698825"), (20000000000, "77737706"),
    ],
)  # fmt: skip
def test_truncation_by_rfc_6238(unix: int, expected: str) -> None:
    """RFC 6238, appendix B, SHA-256: where the MAC has 32 bytes, its last one still says where to cut."""
    mac = hmac.digest(b"12345678901234567890123456789012", (unix // 30).to_bytes(8), "sha256")
    assert expected == codes.truncated(mac, 8)


def test_golden_vectors() -> None:
    """The examples of docs/presented.md, which the staff's page is held to as well."""
    secret = bytes.fromhex(VECTORS["secret"])
    assert VECTORS["card_key"] == codes.card_key(secret).hex()
    assert VECTORS["poster"] == codes.poster_text(secret, 4, 2)
    assert VECTORS["card"] == codes.card_text(secret, 2, 1_798_531_200)
    for one in VECTORS["codes"]:
        step = codes.step_at(one["unix"])
        assert one["code"] == codes.code(codes.card_key(secret), one["number"], one["cents"], step), one


@given(SECRETS, NUMBERS, PRICES, STEPS)
def test_six_digits_that_depend_on_everything(secret: bytes, number: int, cents: int, step: int) -> None:
    """Another number, price or minute is another message; two secrets have different keys."""
    key = codes.card_key(secret)
    made = codes.code(key, number, cents, step)
    assert (codes.DIGITS, True) == (len(made), made.isdecimal())
    assert made == codes.code(key, number, cents, step)
    near = [(number + 1, cents, step), (number, cents + 1, step), (number, cents, step + 1)]
    # Each hits by chance once in a million; all of them together never.
    assert any(made != codes.code(key, *other) for other in near)
    assert key != codes.card_key(secret[::-1] + b"x")


@given(SECRETS, st.integers(1, 999_999), st.integers(1, 999), st.data())
def test_posters_are_not_invented(secret: bytes, venue_id: int, version: int, data: st.DataObject) -> None:
    """What was made is read and genuine; with one character changed it is not, and nothing raises."""
    text = codes.poster_text(secret, venue_id, version)
    read = codes.read_poster(text)
    assert read is not None
    assert (venue_id, version, True) == (read.venue_id, read.version, read.genuine(secret))
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from("A2-7z")) + text[place + 1 :]
    other = codes.read_poster(changed)
    assert changed == text or other is None or not other.genuine(secret)


@given(SECRETS, st.integers(1, 999), st.integers(0, 2**33), st.text("0123456789.s4-_é", max_size=40))
def test_cards_are_read(secret: bytes, version: int, begins: int, noise: str) -> None:
    """A card says its version, its begin and its key; other texts are no card."""
    assert (version, begins, codes.card_key(secret)) == codes.read_card(
        codes.card_text(secret, version, begins)
    )
    assert codes.read_card(noise) is None or noise.count(".") == 2
