"""The city's issuing keys."""

import datetime as dt
from dataclasses import replace

import pytest

from kernel import outbox, signing
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.signing import KeyStatus, SigningKey, VerifyKey
from redemption import blocking, codes, erasing, keys, reissuing, tokens
from redemption.keys import IssuingKey, Sealer
from redemption.reissuing import Reissue
from redemption.verdicts import VerdictCode
from tests.redemption.office import SEALER, SWIM, Office


def every(office: Office) -> list[IssuingKey]:
    """Return the city's keys, oldest first."""
    with office.database.reading(office.city_id) as reading:
        return keys.every(reading)


def test_rotation_retires_the_key_before_and_keeps_it_in_the_ring(office: Office) -> None:
    """Exactly one key is active; verifiers know both."""
    office.clock.advance(dt.timedelta(days=1))
    new = office.database.run(office.city_id, lambda work: keys.rotate(work, SEALER))
    old = every(office)[0]
    assert (KeyStatus.RETIRED, office.clock.now()) == (old.status, old.retired_at)
    assert (KeyStatus.ACTIVE, None) == (new.status, new.retired_at)
    with office.database.reading(office.city_id) as reading:
        ring = keys.ring(reading)
    for key in (old, new):
        found = ring.find(bytes.fromhex(key.kid))
        assert found is not None
        assert (VerifyKey(key.public_key), key.status) == (found.key, found.status)


def test_blocking_is_final_and_shown_in_the_ring(office: Office) -> None:
    """A second block changes nothing, not even the instant."""
    kid = every(office)[0].kid
    first = office.database.run(office.city_id, lambda work: keys.block(work, kid))
    assert (KeyStatus.BLOCKED, office.clock.now()) == (first.status, first.blocked_at)
    office.clock.advance(dt.timedelta(days=1))
    assert first == office.database.run(office.city_id, lambda work: keys.block(work, kid))
    office.database.run(office.city_id, lambda work: keys.rotate(work, SEALER))
    assert KeyStatus.BLOCKED is every(office)[0].status


def test_an_unknown_key_cannot_be_blocked(office: Office) -> None:
    """A mistyped name blocks nothing."""
    with pytest.raises(NotFound, match="issuing-key-not-found"):
        office.database.run(office.city_id, lambda work: keys.block(work, "00000000"))


def test_issued_and_accepted_are_counted_for_each_key(office: Office) -> None:
    """A voucher counts for the key that signed it, though another is active when it is used."""
    office.give("anna", 360)
    offer = office.offer()
    old = [office.buy("anna", offer) for _ in range(2)]
    office.clock.advance(dt.timedelta(days=1))
    office.database.run(office.city_id, lambda work: keys.rotate(work, SEALER))
    office.buy("anna", offer)
    office.scan(old[0])
    office.scan(old[0])
    assert [(2, 1), (1, 0)] == [(key.issued, key.accepted) for key in every(office)]
    assert not any(key.is_suspicious for key in every(office))


def test_more_accepted_than_issued_is_suspicious(office: Office) -> None:
    """Somebody else signs with the key."""
    key = every(office)[0]
    office.database.run(office.city_id, lambda work: keys.count_accepted(work, [key.kid]))
    assert every(office)[0].is_suspicious


def test_a_seed_opens_with_the_present_or_an_older_secret_only(office: Office) -> None:
    """After a change of the secret key old seeds still open; with a foreign one nothing is sold."""
    office.give("anna", 360)
    offer = office.offer()
    newer = Sealer("the secret that came afterwards, also long", (SEALER.secret,))
    office.buy("anna", offer)
    office.sealer = newer
    assert office.buy("anna", offer).token
    office.sealer = Sealer("a secret that was never used here, long enough")
    with pytest.raises(Invalid, match="seal-broken"):
        office.buy("anna", offer)


def test_the_seed_is_not_stored_in_the_clear(office: Office) -> None:
    """What is sealed differs from the seed and opens to it; the sealer's text form shows no secret."""
    seed = b"a seed of thirty-two bytes......"
    sealed = office.database.run(office.city_id, lambda work: SEALER.seal(work, seed))
    assert seed not in sealed
    assert seed == SEALER.unseal(sealed)
    assert SEALER.secret not in repr(SEALER)
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(Invalid, match="seal-broken"):
        SEALER.unseal(broken)
    assert signing.KEY_BYTES == len(SigningKey(seed).seed)


def block(office: Office, kid: str) -> None:
    """Block a key, as two people or the command line do."""
    office.database.run(office.city_id, lambda work: blocking.block_now(work, SEALER, kid))


def go_on(office: Office, kid: str, batch: int = 1) -> Reissue:
    """Sign the next vouchers anew."""
    return office.database.run(office.city_id, lambda work: reissuing.go_on(work, SEALER, kid, batch))


def test_open_vouchers_of_a_blocked_key_get_new_codes(office: Office) -> None:
    """Used, given back and run out ones don't; number, typed code and place stay; it may be interrupted anywhere."""
    office.give("anna", 720)
    brief = office.offer(replace(SWIM, code="brief", valid_days=0))
    offer = office.offer()
    run_out = office.buy("anna", brief)
    used, back, first, second = (office.buy("anna", offer) for _ in range(4))
    office.scan(used)
    office.cancel("anna", back)
    office.clock.advance(dt.timedelta(days=2))
    block(office, first.kid)
    block(office, first.kid)
    assert VerdictCode.BLOCKED_KEY is office.scan(first).code is office.scan(first.typed_code).code

    seen = []
    while (done := go_on(office, first.kid)).finished_at is None:
        seen.append((done.looked_at, done.reissued, done.percent))
    assert (4, [(1, 0, 25), (2, 0, 50), (3, 1, 75), (4, 2, 99)], 100) == (done.total, seen, done.percent)
    assert done == go_on(office, first.kid)
    old, new = every(office)
    assert (5, 2, KeyStatus.BLOCKED, KeyStatus.ACTIVE) == (old.issued, new.issued, old.status, new.status)
    for voucher in (run_out, used, back):
        assert voucher.token == office.look(voucher).token
    for voucher in (first, second):
        fresh = office.look(voucher)
        assert (new.kid, voucher.manual_code, voucher.status_index) == (
            fresh.kid,
            fresh.manual_code,
            fresh.status_index,
        )
        assert tokens.own_claims(voucher.token) == tokens.own_claims(fresh.token)
    assert VerdictCode.BLOCKED_KEY is office.scan(first).code
    assert office.scan(office.look(first)).accepted
    assert office.scan(second.typed_code).accepted
    with office.database.reading(office.city_id) as reading:
        assert [] == reissuing.unfinished(reading)
        assert 1 == reissuing.open_counts(reading)[old.kid], "given back, not run out yet"


def test_administrators_are_told_once(office: Office) -> None:
    """One message for each key, however often the worker looks."""
    kid = every(office)[0].kid
    office.database.run(office.city_id, lambda work: keys.count_accepted(work, [kid]))
    told = [office.database.run(office.city_id, keys.alarm) for _ in range(2)]
    assert ([kid], []) == ([key.kid for key in told[0]], told[1])
    with office.database.reading(office.city_id) as reading:
        assert [(keys.TOPIC_ALARM, {"kid": kid})] == [(one.topic, one.payload) for one in outbox.due(reading)]


def test_only_what_was_never_issued_counts_as_foreign(office: Office) -> None:
    """A place that nobody has yet, or that another voucher has; not the gap that an erased person left."""
    office.give("anna", 240)
    offer = office.offer()
    one, two = office.buy("anna", offer), office.buy("anna", offer)
    with office.database.reading(office.city_id) as reading:
        key = keys.active(reading, SEALER)
    own = tokens.own_claims(one.token)
    beyond = tokens.issue(replace(own, voucher_id=b"forged!!", status_index=99), key)
    taken = tokens.issue(replace(own, voucher_id=b"forged!!"), key)
    richer = tokens.issue(replace(own, value_cents=99_999), key)
    for token in (beyond, taken, richer):
        assert VerdictCode.UNKNOWN_VOUCHER is office.scan(codes.app_text(token)).code
    assert 3 == every(office)[0].foreign_seen
    city = office.city
    office.database.run(office.city_id, lambda work: erasing.erase(work, city, "anna"))
    office.give("ben", 120)
    assert 2 == office.buy("ben", offer).status_index, "no place is given twice"
    assert VerdictCode.UNKNOWN_VOUCHER is office.scan(two).code
    assert 3 == every(office)[0].foreign_seen


def test_a_key_is_blocked_by_two(office: Office) -> None:
    """Who asked can't confirm; a reason is needed; a blocked key can't be blocked again."""
    kid = every(office)[0].kid
    run = office.database.run

    def ask(reason: str = "Leck") -> blocking.Block:
        return run(office.city_id, lambda work: blocking.ask(work, kid, reason, "person/1"))

    with pytest.raises(Invalid, match="block-reason-missing"):
        ask(" ")
    wish = ask()
    with pytest.raises(Conflict, match="block-already-asked"):
        ask()
    with pytest.raises(Forbidden, match="own-block"):
        run(office.city_id, lambda work: blocking.confirm(work, SEALER, wish.block_id, "person/1"))
    assert KeyStatus.ACTIVE is every(office)[0].status
    done = run(office.city_id, lambda work: blocking.confirm(work, SEALER, wish.block_id, "person/2"))
    assert ("person/1", "person/2") == (done.asked_by, done.decided_by)
    assert {KeyStatus.BLOCKED, KeyStatus.ACTIVE} == {key.status for key in every(office)}
    with pytest.raises(Conflict, match="issuing-key-blocked"):
        ask()
    with pytest.raises(Conflict, match="block-already-decided"):
        run(office.city_id, lambda work: blocking.withdraw(work, wish.block_id, "person/1"))
    with pytest.raises(NotFound, match="block-not-found"):
        run(office.city_id, lambda work: blocking.withdraw(work, 1, "person/1"))
