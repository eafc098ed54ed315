"""Live codes: a picture is refused, a phone with a wrong clock is told by how much, devices know few keys."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redemption import cbor, codes, live_codes, live_keys, qr
from redemption.live_codes import Liveness, LiveToken
from redemption.tokens import Refusal, TokenRefused
from redemption.verdicts import Colour, VerdictCode
from redemption.vouchers import Voucher
from tests.redemption import pinned
from tests.redemption.office import SEALER, SWIM, Office

TOKEN = bytes.fromhex(pinned.VOUCHERS["vouchers"][0]["token"])
NUMBER = bytes.fromhex("a1b2c3d4e5f60718")
SECRET = bytes(range(32))
GROUP = live_codes.group_of([4711])
NOW = 1_900_000_000
STEPS = st.integers(-live_codes.SEARCHED_STEPS, live_codes.SEARCHED_STEPS)


def day_keys(day: int) -> bytes:
    """Return the key of a day for the group of the token."""
    return live_codes.day_key(SECRET, GROUP, day)


def shown(step: int) -> LiveToken:
    """Return what a phone shows at a step."""
    key = live_codes.voucher_key(day_keys(live_codes.day_of(step)), NUMBER)
    return live_codes.read(live_codes.write(TOKEN, step, key))


def test_hmac_is_that_of_the_standard() -> None:
    """RFC 4231 test case 2: the primitive under all keys and tags."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert expected == live_codes._mac(b"Jefe", b"what do ya want for nothing?").hex()


@pytest.mark.parametrize("vector", pinned.load("live-codes")["codes"], ids=pinned.name)
def test_live_codes_are_pinned(vector: dict[str, str]) -> None:
    """Keys, tags and texts that phones and devices make by themselves never change."""
    step = int(vector["step"])
    key = day_keys(live_codes.day_of(step))
    assert vector["group"] == GROUP.hex()
    assert vector["day_key"] == key.hex()
    assert vector["voucher_key"] == live_codes.voucher_key(key, NUMBER).hex()
    made = live_codes.write(TOKEN, step, live_codes.voucher_key(key, NUMBER))
    assert vector["text"] == codes.live_text(made)
    assert shown(step) == codes.parse(vector["text"])


def test_it_fits_the_same_qr_code() -> None:
    """A live code costs at most 15 bytes and no version: 8-M."""
    key = live_codes.voucher_key(day_keys(1), NUMBER)
    made = live_codes.write(TOKEN, 65_535, key)
    assert (142, 8) == (len(made), qr.version(codes.live_text(made)))


@given(STEPS, st.integers(0, 2**32 - 2**20))
def test_a_phone_is_told_by_how_much_its_clock_is_off(off: int, now: int) -> None:
    """Two steps are nothing; up to forty the difference is known exactly, on both sides of midnight too."""
    now += 2**16
    judged = live_codes.judge(shown(live_codes.step_at(now) + off), NUMBER, now, day_keys)
    live = abs(off) <= live_codes.TOLERATED_STEPS
    assert (Liveness.LIVE if live else Liveness.CLOCK_OFF, off * 15) == (judged.liveness, judged.seconds_off)


@given(st.integers(41, 30_000) | st.integers(-30_000, -41))
def test_what_is_farther_off_is_an_old_picture(off: int) -> None:
    """More than ten minutes."""
    assert (
        Liveness.OLD is live_codes.judge(shown(live_codes.step_at(NOW) + off), NUMBER, NOW, day_keys).liveness
    )


def test_a_picture_does_not_come_to_life_again() -> None:
    """After 65,536 steps the counter is the same, the tag is not."""
    old = shown(live_codes.step_at(NOW) - 2**16)
    assert Liveness.WRONG is live_codes.judge(old, NUMBER, NOW, day_keys).liveness


@given(st.integers(0, 63))
def test_a_changed_tag_is_wrong(bit: int) -> None:
    """Each bit of the tag counts; so do the voucher and the group."""
    right = shown(live_codes.step_at(NOW))
    flipped = (int.from_bytes(right.tag) ^ 1 << bit).to_bytes(8)
    assert Liveness.WRONG is live_codes.judge(replace(right, tag=flipped), NUMBER, NOW, day_keys).liveness
    assert Liveness.WRONG is live_codes.judge(right, bytes(8), NOW, day_keys).liveness
    assert Liveness.WRONG is live_codes.judge(right, NUMBER, NOW, lambda _: None).liveness
    assert Liveness.STILL is live_codes.judge(None, NUMBER, NOW, day_keys).liveness


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (cbor.encode([TOKEN, 1, bytes(7)]), Refusal.BAD_ENCODING),
        (cbor.encode([TOKEN, 65_536, bytes(8)]), Refusal.BAD_ENCODING),
        (cbor.encode([TOKEN, -1, bytes(8)]), Refusal.BAD_ENCODING),
        (cbor.encode([TOKEN, 1, "tagtagta"]), Refusal.BAD_ENCODING),
        (cbor.encode([TOKEN, 1, bytes(8)]) + b"\0", Refusal.NOT_CANONICAL),
        (b"\x83" + cbor.encode(TOKEN) + b"\x18\x01" + cbor.encode(bytes(8)), Refusal.NOT_CANONICAL),
        (b"\x83", Refusal.BAD_ENCODING),
    ],
)
def test_a_malformed_live_code_is_refused(data: bytes, refusal: Refusal) -> None:
    """As strict as the token: one form only."""
    with pytest.raises(TokenRefused) as caught:
        codes.parse(codes.live_text(data))
    assert refusal is caught.value.refusal


def test_the_group_is_the_set_of_venues() -> None:
    """In whatever order they were entered."""
    assert live_codes.group_of([3, 1, 2]) == live_codes.group_of([1, 2, 3]) != live_codes.group_of([1, 2])


@pytest.fixture
def live(office: Office) -> Voucher:
    """Give anna's voucher of an offer that needs a live code."""
    office.give("anna", 120)
    return office.buy("anna", office.offer(replace(SWIM, live_code=True)))


def on_phone(office: Office, voucher: Voucher, seconds_off: int = 0) -> str:
    """Return what the owner's phone shows now, its clock being off."""
    with office.database.reading(office.city_id) as reading:
        made = {one.day: one.key for one in live_keys.of_voucher(reading, SEALER, voucher)}
        step = live_codes.step_at(int(reading.now.timestamp()) + seconds_off)
    return codes.live_text(live_codes.write(voucher.token, step, made[live_codes.day_of(step)]))


def test_a_voucher_that_needs_it_is_accepted_with_a_live_code_only(office: Office, live: Voucher) -> None:
    """A still code, a typed one and an old picture are refused and use nothing up."""
    picture = on_phone(office, live)
    office.clock.advance(dt.timedelta(minutes=11))
    still, typed, old = office.scan(live), office.scan(live.typed_code), office.scan(picture)
    changed = picture[:-1] + ("0" if picture[-1] != "0" else "1")
    assert VerdictCode.LIVE_CODE_NEEDED is still.code is typed.code
    assert (VerdictCode.LIVE_CODE_OLD, Colour.RED) == (old.code, old.colour)
    assert not office.scan(changed, seen_moving=True).accepted
    assert not office.scan(picture, seen_moving=True).accepted
    assert (VerdictCode.ACCEPTED, None) == (
        (green := office.scan(on_phone(office, live))).code,
        green.clock_seconds,
    )
    assert VerdictCode.ALREADY_USED is office.scan(on_phone(office, live)).code


def test_a_wrong_clock_is_amber_until_somebody_has_looked(office: Office, live: Voucher) -> None:
    """The guest is not sent away: who sees the code move confirms it, and the voucher is used then only."""
    slow = on_phone(office, live, -90)
    amber = office.scan(slow, nonce="a")
    assert (VerdictCode.PHONE_CLOCK_OFF, Colour.AMBER, -90, True) == (
        amber.code,
        amber.colour,
        amber.clock_seconds,
        amber.may_be_confirmed,
    )
    assert amber == office.scan(slow, nonce="a")
    green = office.scan(slow, seen_moving=True)
    assert (VerdictCode.ACCEPTED, -90) == (green.code, green.clock_seconds)


def test_a_voucher_that_does_not_need_it_is_accepted_either_way(office: Office) -> None:
    """Still or moving, whatever the phone's clock says."""
    office.give("anna", 360)
    offer = office.offer()
    one, two, three = (office.buy("anna", offer) for _ in range(3))
    assert office.scan(one).accepted
    assert office.scan(on_phone(office, two)).accepted
    assert office.scan(on_phone(office, three, 300)).accepted


def test_devices_have_the_keys_of_their_groups_for_a_day(office: Office, live: Voucher) -> None:
    """The pool's device can check what the phone shows today and tomorrow; the zoo's has no key for it."""
    with office.database.reading(office.city_id) as reading:
        pool = live_keys.of_venue(reading, SEALER, office.pool.venue_id)
        zoo = live_keys.of_venue(reading, SEALER, office.zoo.venue_id)
        phone = {one.day: one.key for one in live_keys.of_voucher(reading, SEALER, live)}
    number = bytes.fromhex(live.voucher_id)
    assert [] == zoo
    assert {2, 3} >= {len(pool)}
    for one in pool:
        if one.day in phone:
            assert phone[one.day] == live_codes.voucher_key(one.key, number)
    assert live_keys.DAYS_AHEAD + 1 <= len(phone) <= live_keys.DAYS_AHEAD + 3


def test_a_new_secret_ends_all_older_live_codes(office: Office, live: Voucher) -> None:
    """After a leak phones and devices have to ask again."""
    before = on_phone(office, live)
    office.database.run(office.city_id, lambda work: live_keys.renew(work, SEALER))
    assert VerdictCode.LIVE_CODE_WRONG is office.scan(before).code
    assert office.scan(on_phone(office, live)).accepted


def test_without_a_secret_there_are_no_live_keys(office: Office, live: Voucher) -> None:
    """A city that has none yet shows still codes."""
    empty = office.database.run(office.city_id, live_keys.exists)
    assert empty
    with office.database.reading(office.city_id + 1) as reading:
        assert [] == live_keys.of_voucher(reading, SEALER, live)
        assert [] == live_keys.of_venue(reading, SEALER, 1)
