"""Voucher tokens: byte for byte, accepted by an independent verifier, each refusal with its reason."""

import dataclasses
import hashlib
from typing import Any

import cwt
import pytest
from cwt import COSEKey
from hypothesis import given
from hypothesis import strategies as st

from kernel.signing import KeyRing, RingKey, SigningKey, VerifyKey
from redemption import codes, tokens
from redemption.tokens import Claims, Flags, Refusal, TokenRefused, VoucherKind
from tests.redemption import pinned

KEY = SigningKey(bytes(range(32)))
RING = KeyRing([RingKey(KEY.verify_key)])
BEGIN, END = 1_893_456_000, 1_896_048_000
CLAIMS = Claims(
    voucher_id=bytes.fromhex("a1b2c3d4e5f60718"),
    issued_at=BEGIN,
    expires_at=END,
    kind=VoucherKind.POOL,
    product=1201,
    venues=(4711,),
    value_cents=500,
    status_index=12345,
)
TOKEN = tokens.issue(CLAIMS, KEY)

_NUMBERS = st.integers(0, 2**32 - 1)
_SHORT_NUMBERS = st.integers(0, 2**16 - 1)


@st.composite
def _claims(draw: st.DrawFn, numbers: st.SearchStrategy[int] = _NUMBERS, venues_max: int = 12) -> Claims:
    issued_at = draw(st.integers(0, 2**32 - 2))
    flags = Flags(draw(st.integers(0, 31)))
    leased = Flags.LEASE in flags
    return Claims(
        voucher_id=draw(st.binary(min_size=8, max_size=8)),
        issued_at=issued_at,
        expires_at=draw(st.integers(issued_at + 1, 2**32 - 1)),
        kind=draw(st.sampled_from(VoucherKind)),
        product=draw(numbers),
        venues=tuple(draw(st.lists(numbers, min_size=1, max_size=1 if leased else venues_max))),
        uses=draw(st.integers(1, 2**16 - 1 if venues_max > 1 else 23)),
        value_cents=draw(numbers),
        flags=flags,
        status_index=draw(numbers),
        device=draw(st.binary(min_size=4, max_size=4)) if leased else b"",
    )


def _independent_key(public_key: bytes, kid: bytes) -> Any:
    """Return the key as the independent verifier takes it, with the algorithm pinned: a COSE_Key."""
    return COSEKey.new({1: 1, 2: kid, 3: -19, -1: 6, -2: public_key})


def _scanned(text: str, now: int, venue: int | None) -> Claims:
    """Return what a venue reads in a scanned text."""
    token = codes.parse(text)
    assert isinstance(token, bytes)
    return tokens.verify(token, pinned.RING, now, venue=venue)


@pytest.mark.parametrize("vector", pinned.VOUCHERS["vouchers"], ids=pinned.name)
def test_tokens_are_pinned_byte_for_byte(vector: dict[str, Any]) -> None:
    """The same claims and key give the bytes that stand in print already."""
    token = tokens.issue(pinned.claims(vector), SigningKey.from_text(vector["seed"]))

    assert vector["token"] == token.hex()
    assert vector["bytes"] == len(token)


@pytest.mark.parametrize("vector", pinned.VOUCHERS["vouchers"], ids=pinned.name)
def test_pinned_tokens_are_verified(vector: dict[str, Any]) -> None:
    """Each pinned token gives its claims again, from its first second to its last."""
    claims = pinned.claims(vector)
    token = bytes.fromhex(vector["token"])

    for now in (claims.issued_at, claims.expires_at - 1):
        assert claims == tokens.verify(token, pinned.RING, now, skew_seconds=0)


@pytest.mark.parametrize("vector", pinned.VOUCHERS["vouchers"], ids=pinned.name)
def test_an_independent_verifier_accepts_our_tokens(vector: dict[str, Any]) -> None:
    """The cwt library (on OpenSSL, nothing shared with our code) finds signature and claims right."""
    key = SigningKey.from_text(vector["seed"]).verify_key
    # no_verify leaves out the time only: it would be the machine's.
    read = cwt.decode(
        bytes.fromhex(vector["token"]), _independent_key(key.public_key, key.kid), no_verify=True
    )

    claims = vector["claims"]
    assert bytes.fromhex(claims["voucher_id"]) == read[7]
    assert [claims["issued_at"], claims["expires_at"]] == [read[6], read[4]]
    assert [
        1,
        *(
            claims[name]
            for name in ("kind", "product", "venues", "uses", "value_cents", "flags", "status_index")
        ),
    ] == read[-65537]


@pytest.mark.parametrize("position", [20, 60, len(TOKEN) - 1])
def test_an_independent_verifier_refuses_a_changed_token(position: int) -> None:
    """One flipped bit in the claims or the signature, and cwt refuses: it does check the signature."""
    changed = bytearray(TOKEN)
    changed[position] ^= 1

    with pytest.raises(cwt.VerifyError):
        cwt.decode(bytes(changed), _independent_key(KEY.verify_key.public_key, KEY.kid), no_verify=True)


def test_an_independent_verifier_refuses_another_key() -> None:
    """Under another public key of the same name cwt refuses the token."""
    other = SigningKey(bytes(32)).verify_key.public_key

    with pytest.raises(cwt.VerifyError):
        cwt.decode(TOKEN, _independent_key(other, KEY.kid), no_verify=True)


@pytest.mark.parametrize("case", pinned.REFUSALS["refusals"], ids=pinned.name)
def test_each_refusal_has_its_reason(case: dict[str, Any]) -> None:
    """A scanned text that is not accepted is refused with the code that the format's page gives."""
    with pytest.raises(TokenRefused) as refused:
        _scanned(case["text"], case["now"], case.get("venue"))

    assert case["refusal"] == refused.value.code


def test_every_refusal_is_pinned() -> None:
    """There is at least one vector for each reason."""
    assert set(Refusal) == {Refusal(case["refusal"]) for case in pinned.REFUSALS["refusals"]}


def test_refusals_come_in_the_order_of_the_format() -> None:
    """Of several faults the first in the list is given: here each step mends one."""
    stolen = SigningKey(bytes(32))
    ring = KeyRing([RingKey(VerifyKey(stolen.verify_key.public_key))])
    broken = bytearray(tokens.issue(CLAIMS, stolen))
    broken[-1] ^= 1
    steps = [
        (bytes(broken) + bytes(100), RING, Refusal.TOO_LONG),
        (bytes(broken)[1:] + b"\0", RING, Refusal.NOT_CANONICAL),
        (bytes(broken)[1:], RING, Refusal.BAD_ENCODING),
        (bytes(broken), RING, Refusal.UNKNOWN_KEY),
        (bytes(broken), ring, Refusal.BAD_SIGNATURE),
        (tokens.issue(CLAIMS, stolen), ring, Refusal.EXPIRED),
    ]

    given_codes = []
    for token, keys, _ in steps:
        with pytest.raises(TokenRefused) as refused:
            tokens.verify(token, keys, END + 1000, venue=1)
        given_codes.append(refused.value.refusal)
    assert [refusal for *_, refusal in steps] == given_codes


@pytest.mark.parametrize(
    ("now", "refusal"),
    [
        (BEGIN - 61, Refusal.NOT_YET_VALID),
        (BEGIN - 60, None),
        (END + 59, None),
        (END + 60, Refusal.EXPIRED),
    ],
)
def test_a_clock_may_be_a_minute_off(now: int, refusal: Refusal | None) -> None:
    """The bounds of validity are stretched by the skew, and not by a second more."""
    if refusal is None:
        assert CLAIMS == tokens.verify(TOKEN, RING, now)
        return
    with pytest.raises(TokenRefused) as refused:
        tokens.verify(TOKEN, RING, now)
    assert refusal is refused.value.refusal


def test_a_venue_is_asked_for_only_where_given() -> None:
    """Its own venue accepts, another refuses, and without one the scope is not looked at."""
    assert CLAIMS == tokens.verify(TOKEN, RING, BEGIN, venue=4711)
    assert CLAIMS == tokens.verify(TOKEN, RING, BEGIN)
    with pytest.raises(TokenRefused, match="other-venue"):
        tokens.verify(TOKEN, RING, BEGIN, venue=4712)


def test_a_genuine_token_is_read_when_it_is_over() -> None:
    """`read` tells what it was good for, so that a verifier can say which voucher is over."""
    assert CLAIMS == tokens.read(TOKEN, RING, END + 10**6)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"voucher_id": bytes(7)}, "voucher_id"),
        ({"expires_at": BEGIN}, "expires_at"),
        ({"issued_at": -1}, "expires_at"),
        ({"venues": tuple(range(13))}, "venues"),
        ({"venues": (-1,)}, "number"),
        ({"uses": 0}, "uses"),
        ({"product": 2**32}, "number"),
        ({"value_cents": -1}, "number"),
        ({"status_index": 2**32}, "number"),
        ({"schema": 2}, "schema"),
    ],
)
def test_claims_that_have_no_place_in_a_token_are_not_made(change: dict[str, Any], fault: str) -> None:
    """A mistake shows when the voucher is made, not at the venue."""
    with pytest.raises(ValueError, match=fault):
        dataclasses.replace(CLAIMS, **change)


@given(_claims())
def test_what_is_issued_is_read_again(claims: Claims) -> None:
    """Any claims survive the way through the token, which never exceeds its bound."""
    token = tokens.issue(claims, KEY)

    assert claims == tokens.verify(token, RING, claims.issued_at, venue=claims.venues[-1])
    assert len(token) <= tokens.TOKEN_BYTES_MAX


@given(_claims(numbers=_SHORT_NUMBERS, venues_max=1))
def test_a_token_for_one_venue_has_at_most_130_bytes(claims: Claims) -> None:
    """With numbers of 16 bits and one venue; the device of a lease takes five more."""
    assert len(tokens.issue(claims, KEY)) <= 130 + 5 * bool(claims.device)


def test_a_lease_has_at_most_132_bytes_and_names_its_device() -> None:
    """The usual token and four bytes of the device; without them, or with others, it is no lease."""
    device = tokens.device_name(271828182845904523)
    leased = dataclasses.replace(CLAIMS, flags=Flags.LEASE, device=device)
    token = tokens.issue(leased, KEY)
    assert len(token) == len(TOKEN) + 5 <= 132
    assert leased == tokens.read(token, RING, CLAIMS.issued_at)
    assert device == hashlib.sha256(b"271828182845904523").digest()[:4]
    wrongs: tuple[dict[str, Any], ...] = ({"device": device[:3]}, {"flags": Flags.NONE})
    for wrong in wrongs:
        with pytest.raises(ValueError, match="device"):
            dataclasses.replace(leased, **wrong)


def test_no_flipped_bit_goes_unnoticed() -> None:
    """Each of the token's 1,016 bits, flipped, is refused."""
    accepted = []
    for position in range(8 * len(TOKEN)):
        changed = bytearray(TOKEN)
        changed[position // 8] ^= 1 << position % 8
        try:
            tokens.verify(bytes(changed), RING, BEGIN)
        except TokenRefused:
            continue
        accepted.append(position)

    assert [] == accepted


@given(st.binary(min_size=1, max_size=60))
def test_no_trailing_byte_goes_unnoticed(tail: bytes) -> None:
    """Whatever follows a token makes it another text with the same meaning: refused."""
    with pytest.raises(TokenRefused, match="not-canonical"):
        tokens.verify(TOKEN + tail, RING, BEGIN)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    """Nothing but a refusal ever comes of bytes that somebody made up."""
    with pytest.raises(TokenRefused):
        tokens.verify(data, RING, BEGIN)


@given(_claims(), st.integers(0, 60), st.integers(0, 2), st.binary(max_size=6))
def test_the_quick_way_reads_what_the_strict_one_reads(
    claims: Claims, at: int, cut: int, patch: bytes
) -> None:
    """Whatever our own key has signed: the same claims or the same refusal, by the layout and by decoding."""
    payload = tokens._own(tokens.issue(claims, KEY)).payload
    for content in (payload, payload[:at] + patch + payload[at + cut :]):
        token = tokens._signed(content, KEY)
        answers: list[object] = []
        for read in (tokens.read, tokens._read_in_order):
            try:
                answers.append(read(token, RING, BEGIN, skew_seconds=60))
            except TokenRefused as refused:
                answers.append((refused.code, refused.details))
        assert answers[0] == answers[1]


@given(st.integers(0, len(TOKEN)), st.integers(0, len(TOKEN)), st.binary(max_size=20))
def test_spliced_tokens_are_refused(start: int, end: int, patch: bytes) -> None:
    """Bytes cut out, put in or replaced: refused, unless nothing changed."""
    changed = TOKEN[:start] + patch + TOKEN[end:]
    if changed == TOKEN:
        return
    with pytest.raises(TokenRefused):
        tokens.verify(changed, RING, BEGIN)


def test_the_signed_bytes_are_those_of_the_cose_examples() -> None:
    """What is signed is the Sig_structure of cose-wg/Examples."""
    cose = pinned.PUBLISHED["cose"]

    for example in (cose["eddsa"], *cose["others"]):
        protected = bytes.fromhex(example["protected"])
        signed = tokens._to_be_signed(protected, bytes.fromhex(cose["payload"]))
        assert example["to_be_signed"] == signed.hex(), example["name"]


def test_the_cose_example_is_reproduced() -> None:
    """Our key signs cose-wg/Examples' eddsa-sig-01 with the published signature."""
    example = pinned.PUBLISHED["cose"]["eddsa"]
    signature = SigningKey.from_text(example["seed"]).sign(bytes.fromhex(example["to_be_signed"]))

    assert signature == bytes.fromhex(example["message"])[-64:]


def test_cose_messages_of_other_profiles_are_refused() -> None:
    """They are COSE, some of them valid, but no vouchers: each is refused before its signature is looked at."""
    cose = pinned.PUBLISHED["cose"]
    expected = {"eddsa-sig-01": "not-canonical"} | {each["name"]: each["refusal"] for each in cose["others"]}
    messages = {"eddsa-sig-01": cose["eddsa"]["message"]} | {
        each["name"]: each["message"] for each in cose["others"]
    }

    actual = {}
    for name, message in messages.items():
        with pytest.raises(TokenRefused) as refused:
            tokens.verify(bytes.fromhex(message), RING, BEGIN)
        actual[name] = refused.value.code
    assert expected == actual


@pytest.mark.parametrize("vector", pinned.load("cose-sign1")["messages"], ids=pinned.name)
def test_the_working_group_s_other_messages_are_refused(vector: dict[str, str]) -> None:
    """Valid ones of another profile and spoiled ones: each refused with its reason, none read."""
    with pytest.raises(TokenRefused) as refused:
        tokens.verify(bytes.fromhex(vector["message"]), RING, BEGIN)
    assert vector["refusal"] == refused.value.code


@given(_claims())
def test_a_token_is_packed_and_put_together_again(claims: Claims) -> None:
    """Whatever it says, if its instants have four bytes and it is no lease; what is put together is verified like any other."""
    token = tokens.issue(claims, KEY)
    short = tokens.packed(token)
    if claims.issued_at < 2**16 or claims.device:
        assert short is None
        return
    assert short is not None
    assert 26 == len(token) - len(short)
    assert token == tokens.unpacked(short)
    assert claims == tokens.own_claims(token)


@given(st.binary(max_size=200))
def test_any_bytes_unpack_to_what_is_refused(data: bytes) -> None:
    """Packing opens no second way in."""
    token = tokens.unpacked(data)
    if token is not None:
        with pytest.raises(TokenRefused):
            tokens.verify(token, RING, BEGIN)


@given(_claims())
def test_an_independent_library_reads_what_is_signed_anew(claims: Claims) -> None:
    """The same claims under another key: genuine for cwt, and no longer under the old key."""
    other = SigningKey(bytes(range(1, 33)))
    fresh = tokens.resign(tokens.issue(claims, KEY), other)
    key = COSEKey.new({1: 1, 2: other.kid, 3: -19, -1: 6, -2: other.verify_key.public_key})

    told: Any = cwt.decode(fresh, key, no_verify=True)
    assert (claims.voucher_id, claims.expires_at) == (told[7], told[4])
    with pytest.raises(TokenRefused, match="unknown-key"):
        tokens.read(fresh, RING, claims.issued_at)
    with pytest.raises(ValueError, match="no token"):
        tokens.resign(b"\xd2\x84", other)
