"""Objecting to a redemption: the points come back once, by one way, whoever bears it."""

from dataclasses import replace

import pytest

from kernel.errors import Conflict, NotFound
from redemption import objecting, receipting, receipts
from redemption.claims import Claim
from redemption.objecting import Outcome
from redemption.offer_terms import Terms
from redemption.receipts import ReceiptKind
from redemption.scan_events import EventKind
from redemption.vouchers import Voucher
from tests.redemption.office import SWIM, Office
from tests.redemption.phones import Phone

STRIP = replace(SWIM, code="strip", price_points=90, places=None, terms=Terms(uses=3, undo_minutes=5))


@pytest.fixture
def voucher(office: Office) -> Voucher:
    """Give anna a strip of three for the pool, 30 points each."""
    office.give("anna", 90)
    return office.buy("anna", office.offer(STRIP))


def receipts_of_uses(office: Office) -> list[int]:
    """Return anna's receipts of redemptions, the first one first."""
    while office.database.run(office.city_id, lambda work: receipting.follow(work, office.city)):
        pass
    with office.database.reading(office.city_id) as reading:
        found = receipts.page(reading, "anna")
        return [one.receipt_id for one in found if one.kind is ReceiptKind.REDEEMED][::-1]


def object_to(office: Office, receipt_id: int, owner: str = "anna") -> Claim:
    """Say that it was not oneself."""
    return office.database.run(
        office.city_id, lambda work: objecting.object_to(work, owner, receipt_id, "Nicht ich.")
    )


def decide(office: Office, claim: Claim, outcome: Outcome) -> int:
    """Decide; return how many points came back."""
    city = office.city
    return office.database.run(
        office.city_id,
        lambda work: objecting.decide(work, city, claim.claim_id, outcome, by="person/1", reason="so").points,
    )


def test_who_bears_it(office: Office, voucher: Voucher) -> None:
    """The city, the venue or nobody, each decided once; the book holds, and strangers find nothing."""
    for _ in Outcome:
        assert office.scan(voucher).accepted
    claims = [object_to(office, number) for number in receipts_of_uses(office)]
    assert claims[0] == object_to(office, receipts_of_uses(office)[0])
    assert [30, 30, 0] == [decide(office, *pair) for pair in zip(claims, Outcome, strict=True)]
    with pytest.raises(Conflict, match="claim-decided"):
        decide(office, claims[0], Outcome.VENUE)
    with pytest.raises(NotFound):
        object_to(office, receipts_of_uses(office)[0], "ben")
    assert (60, 60) == (office.points("anna"), office.posted(f"venue/{office.pool.venue_id}"))
    assert office.verify().ok


def test_points_come_back_once(office: Office, voucher: Voucher) -> None:
    """By the venue that takes its scan back, or by the city's decision, never by both."""
    first, second = office.scan(voucher), office.scan(voucher)
    numbers = receipts_of_uses(office)
    waiting = object_to(office, numbers[0])
    granted = object_to(office, numbers[1])
    office.undo(first)
    with pytest.raises(Conflict, match="claim-taken-back"):
        decide(office, waiting, Outcome.CITY)
    assert 0 == decide(office, waiting, Outcome.DECLINED)
    assert 30 == decide(office, granted, Outcome.CITY)
    with pytest.raises(Conflict, match="undo-given-back"):
        office.undo(second)
    third = office.scan(voucher)
    office.undo(third)
    with pytest.raises(Conflict, match="claim-taken-back"):
        object_to(office, receipts_of_uses(office)[2])
    assert 2 == office.look(voucher).left
    assert (30, 30) == (office.points("anna"), office.posted(f"venue/{office.pool.venue_id}"))
    assert office.verify().ok


def test_a_log_takes_nothing_back_that_came_back(office: Office, voucher: Voucher) -> None:
    """Scanned and taken back without a network, and decided before the second half arrived."""
    phone = Phone(office, office.pool)
    scan = phone.scan(voucher)
    phone.hand_in([scan])
    decide(office, object_to(office, receipts_of_uses(office)[0]), Outcome.VENUE)
    phone.undo(scan)
    phone.write(kind=EventKind.NOTE, decision="note", code=b"")
    phone.hand_in(phone.events[1:])
    assert (30, 2) == (office.points("anna"), office.look(voucher).left)
    assert 0 == office.posted(f"venue/{office.pool.venue_id}")
    assert office.verify().ok
