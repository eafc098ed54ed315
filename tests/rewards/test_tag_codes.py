"""Codes of tags: good where and when they are shown, for nothing else."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import sun, tag_codes
from rewards.tag_codes import Mode, Shown

SECRETS = st.binary(min_size=32, max_size=32)
GENERATIONS = st.integers(1, 10_000)
INSTANTS = st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2060, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001 -- hypothesis wants bounds without zone
UIDS = st.binary(min_size=7, max_size=7)
COUNTERS = st.integers(0, 2**24 - 1)


def test_the_published_vector_of_an_nfc_tag() -> None:
    """NXP AN12196: UID 04DE5F1EACC040, counter 0x3D, a key of zeros give 94EED9EE65337086."""
    uid = bytes.fromhex("04DE5F1EACC040")

    assert "94eed9ee65337086" == sun.mac(bytes(16), uid, 0x3D).hex()
    assert "04DE5F1EACC040x00003Dx94EED9EE65337086" == sun.text(bytes(16), uid, 0x3D)
    assert len(sun.TEMPLATE) == len(sun.text(bytes(16), uid, 0x3D))


@settings(max_examples=40)
@given(SECRETS, GENERATIONS, INSTANTS, st.sampled_from(["", " ", "-"]), st.booleans())
def test_a_printed_code_is_good_until_it_is_replaced(
    secret: bytes,
    generation: int,
    now: dt.datetime,
    gap: str,
    lower: bool,
) -> None:
    """At any time, however it is typed; after a replacement it is worthless."""
    code = tag_codes.printed(secret, generation)
    typed = code[:3] + gap + code[3:].replace("1", "I").replace("0", "o")
    typed = typed.lower() if lower else typed

    assert Shown(Mode.PRINTED, 0) == tag_codes.match(Mode.PRINTED, secret, generation, typed, now)
    assert tag_codes.match(Mode.PRINTED, secret, generation + 1, typed, now) is None


@settings(max_examples=40)
@given(SECRETS, INSTANTS, st.integers(-6, 6))
def test_a_shown_code_is_good_for_a_moment(secret: bytes, now: dt.datetime, age: int) -> None:
    """Now, two steps ago and one ahead; a step counts as itself, so that it can be good once only."""
    step = tag_codes.step_at(now)
    found = tag_codes.match(Mode.DISPLAY, secret, 1, tag_codes.shown(secret, 1, step - age), now)

    taken = -tag_codes.STEPS_AHEAD <= age < tag_codes.STEPS_TAKEN
    assert (Shown(Mode.DISPLAY, step - age) if taken else None) == found


@settings(max_examples=40)
@given(SECRETS, UIDS, COUNTERS, st.integers(0, 63))
def test_a_tap_can_not_be_changed(secret: bytes, uid: bytes, counter: int, bit: int) -> None:
    """What the chip says is believed with its counter; a message with any other signature is not."""
    key, now = tag_codes.chip_key(secret, 1), dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
    text = sun.text(key, uid, counter)
    start, _, signature = text.rpartition("x")
    forged = f"{start}x{int(signature, 16) ^ 1 << bit:016X}"

    assert Shown(Mode.NFC, counter) == tag_codes.match(Mode.NFC, secret, 1, text, now)
    assert tag_codes.match(Mode.NFC, secret, 1, forged, now) is None
    assert tag_codes.match(Mode.NFC, secret, 2, text, now) is None
    assert sun.mac(key, uid, counter) != sun.mac(key, uid, (counter + 1) % 2**24)


@settings(max_examples=60)
@given(SECRETS, INSTANTS, st.sampled_from(Mode), st.text(max_size=80))
def test_any_text_has_an_answer(secret: bytes, now: dt.datetime, mode: Mode, text: str) -> None:
    """Nothing that somebody types makes it fail, and (as good as) nothing fits by chance."""
    assert tag_codes.match(mode, secret, 1, text, now) is None
    number, _ = tag_codes.split(text)
    assert number == tag_codes.plain(number)


@settings(max_examples=40)
@given(SECRETS, st.binary(min_size=4, max_size=4))
def test_number_and_code_are_told_apart(secret: bytes, random: bytes) -> None:
    """As an address, with a gap, or in one go."""
    number, code = tag_codes.number(random), tag_codes.printed(secret, 1)

    for text in (
        f"HTTPS://DUISCOIN.EXAMPLE/T/{number}/{code}",
        f"http://localhost/T/{number}/{code}",
        f"{number} {code}",
        f"{number.lower()}-{code}",
        number + code,
    ):
        assert (number, code) == tag_codes.split(text), text
