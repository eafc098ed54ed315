"""The status list: as the draft has it, small, and always what the ledger says."""

import base64
import datetime as dt
import random
import zlib
from typing import Any

import cbor2
import cwt
import pytest
from cwt import COSEKey

from kernel.errors import NotFound
from kernel.signing import SigningKey
from redemption import keys, publishing_status, status_changes, status_lists
from redemption.publishing_status import StatusList
from redemption.status_lists import Stamp
from tests.redemption import pinned
from tests.redemption.office import SEALER, Office

VECTORS = pinned.load("status-list")
KEY = SigningKey(bytes(range(32)))
URI = "https://duisburg.example/api/v1/voucher-status-list"


def publish(office: Office) -> StatusList:
    """Publish a list."""
    return office.database.run(office.city_id, lambda work: publishing_status.publish(work, SEALER, URI))


def is_due(office: Office) -> bool:
    """Whether the worker would publish one."""
    with office.database.reading(office.city_id) as reading:
        return publishing_status.is_due(reading)


@pytest.mark.parametrize("vector", VECTORS["lists"], ids=pinned.name)
def test_the_bits_are_those_of_the_draft(vector: dict[str, Any]) -> None:
    """Bit order and compression of the draft's examples with one bit, to the byte of what expands."""
    bits = bytearray()
    status_lists.reach(bits, vector["places"])
    status_lists.set_bits(bits, vector["invalid"])

    assert bytes(bits) == zlib.decompress(base64.urlsafe_b64decode(vector["lst"] + "=="))
    assert bits == status_lists.expanded(status_lists.compressed(bits))
    assert all(status_lists.is_invalid(bits, index) for index in vector["invalid"])
    status_lists.clear_bits(bits, vector["invalid"])
    assert bytes(len(bits)) == bytes(bits)


def test_the_draft_s_own_list_means_the_same_to_us() -> None:
    """The map with `bits` and `lst` (section 4.3); its keys stand in another order, because ours is deterministic."""
    vector = VECTORS["cbor"]
    lst = status_lists.compressed(bytes.fromhex(vector["bytes"]))

    token = cbor2.loads(status_lists.list_token(Stamp(URI, 1, 0), lst, KEY))

    assert cbor2.loads(bytes.fromhex(vector["theirs"])) == cbor2.loads(token.value[2])[65533]
    assert vector["lst"] == lst.hex()


def test_the_draft_s_signed_example_has_the_claims_that_ours_has() -> None:
    """Section 5.2: the same type, labels and kinds of values; ours adds a version."""
    theirs = cbor2.loads(bytes.fromhex(VECTORS["cwt"]["token"])).value
    ours = cbor2.loads(status_lists.list_token(Stamp(URI, 3, 1_900_000_000), b"x", KEY)).value

    assert cbor2.loads(theirs[0])[16] == cbor2.loads(ours[0])[16] == "application/statuslist+cwt"
    theirs_claims, ours_claims = cbor2.loads(theirs[2]), cbor2.loads(ours[2])
    assert {-65538, *theirs_claims} == set(ours_claims)
    assert {k: type(v) for k, v in theirs_claims.items()} == {
        k: type(v) for k, v in ours_claims.items() if k != -65538
    }


def test_an_independent_library_verifies_list_and_head() -> None:
    """Both are plain CWTs under the city's key."""
    key = COSEKey.new({1: 1, 2: KEY.kid, 3: -19, -1: 6, -2: KEY.verify_key.public_key})
    bits = bytearray(b"\x01\x80")
    stamp = Stamp(URI, 7, 1_900_000_000)

    told: Any = cwt.decode(
        status_lists.list_token(stamp, status_lists.compressed(bits), KEY), key, no_verify=True
    )
    head: Any = cwt.decode(status_lists.head_token(stamp, bits, KEY), key, no_verify=True)

    assert (URI, 7, 60) == (told[2], told[-65538], told[65534])
    assert bytes(bits) == zlib.decompress(told[65533]["lst"])
    assert [2, status_lists.digest(bits)] == list(head[-65539])


def test_a_million_vouchers_fit_into_14_kilobytes() -> None:
    """One in a hundred invalid, at random: the worst that the design allows for."""
    bits = bytearray()
    status_lists.reach(bits, 1_000_000)
    status_lists.set_bits(bits, random.Random(5).sample(range(1_000_000), 10_000))

    assert len(status_lists.compressed(bits)) <= 14_000


def test_the_list_is_what_the_ledger_says(office: Office) -> None:
    """Used, given back and run out are invalid, the others are not; made from nothing it is the same."""
    office.give("anna", 600)
    offer = office.offer()
    used, back, kept, late = (office.buy("anna", offer) for _ in range(4))
    publish(office)
    office.scan(used)
    office.cancel("anna", back)
    second = publish(office)
    bits = status_lists.expanded(second.lst)

    assert [True, True, False, False] == [
        status_lists.is_invalid(bits, one.status_index) for one in (used, back, kept, late)
    ]
    assert (2, 2) == (second.version, second.invalid_count)
    office.clock.advance(dt.timedelta(days=40))
    third = publish(office)
    with office.database.reading(office.city_id) as reading:
        assert third.lst == status_lists.compressed(publishing_status.from_the_ledger(reading))
    assert 4 == third.invalid_count


def test_changes_make_the_new_list_of_the_old_one(office: Office) -> None:
    """Who has version 1 and applies what changed has exactly what the head of the newest signs."""
    office.give("anna", 600)
    offer = office.offer()
    bought = [office.buy("anna", offer) for _ in range(5)]
    first = publish(office)
    bits = status_lists.expanded(first.lst)
    for one in bought[:3]:
        office.scan(one)
        newest = publish(office)

    with office.database.reading(office.city_id) as reading:
        changes = publishing_status.changes(reading, newest, first.version)
    assert changes is not None
    status_lists.set_bits(bits, changes.invalid)
    status_lists.clear_bits(bits, changes.valid)
    assert (first.version + 3, ()) == (newest.version, changes.valid)
    assert status_lists.digest(bits) in newest.head


def test_a_redemption_that_is_taken_back_makes_a_voucher_good_again(office: Office) -> None:
    """The later of two changes wins, in the list and for those who ask what changed."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer())
    first = publish(office)
    office.scan(voucher)
    used = publish(office)
    office.database.run(
        office.city_id, lambda work: status_changes.note(work, [voucher.status_index], invalid=False)
    )
    again = publish(office)

    with office.database.reading(office.city_id) as reading:
        changes = publishing_status.changes(reading, again, first.version)
    assert changes is not None
    assert (1, 0) == (used.invalid_count, again.invalid_count)
    assert ((), (voucher.status_index,)) == (changes.invalid, changes.valid)


def test_it_is_made_on_change_and_not_too_often(office: Office) -> None:
    """At once when there is none, then after a pause when something changed, and again before it looks stale."""
    assert is_due(office)
    publish(office)
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer())
    assert not is_due(office)
    office.scan(voucher)
    assert not is_due(office)
    office.clock.advance(publishing_status.PAUSE)
    assert is_due(office)
    version = publish(office).version
    assert not is_due(office)
    office.clock.advance(publishing_status.REFRESHED_AFTER)
    assert is_due(office)
    assert (version, office.clock.now()) == ((again := publish(office)).version, again.issued_at)


def test_a_new_key_signs_it_at_once(office: Office) -> None:
    """Nobody should have to believe a list that a blocked key signed."""
    publish(office)
    office.database.run(office.city_id, lambda work: keys.rotate(work, SEALER))
    assert is_due(office)
    publish(office)
    assert not is_due(office)


def test_old_changes_are_forgotten_and_then_not_told(office: Office) -> None:
    """Who was away for longer than changes are kept takes the whole list."""
    office.give("anna", 240)
    offer = office.offer()
    one, other = office.buy("anna", offer), office.buy("anna", offer)
    first = publish(office)
    office.scan(one)
    second = publish(office)
    office.clock.advance(publishing_status.CHANGES_KEPT + dt.timedelta(days=1))
    office.database.run(office.city_id, publishing_status.forget_old)
    office.scan(other)
    newest = publish(office)

    with office.database.reading(office.city_id) as reading:
        assert publishing_status.changes(reading, newest, first.version) is None
        told = publishing_status.changes(reading, newest, second.version)
        assert told is not None
        assert (other.status_index,) == told.invalid
        assert publishing_status.changes(reading, newest, newest.version + 1) is None


def test_before_the_first_list_there_is_none(office: Office) -> None:
    """Who asks too early is told so."""
    with office.database.reading(office.city_id) as reading, pytest.raises(NotFound, match="status-list"):
        publishing_status.newest(reading)
