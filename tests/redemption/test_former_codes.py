"""A code of before its voucher was handed on, scanned without a network and handed in when somebody else has the voucher."""

import datetime as dt
from functools import partial

import pytest

from redemption import erasing, keys
from redemption.scan_events import Tier
from redemption.verdicts import VerdictCode
from redemption.vouchers import Voucher, VoucherStatus
from tests.redemption.office import Office
from tests.redemption.phones import Phone, outcomes
from tests.redemption.test_handing_over import SHARED, accept, hand

HOUR = dt.timedelta(hours=1)
PAID, KNOWN_BETTER = [("accepted", None)], [("refused", "replaced")]


@pytest.fixture
def voucher(office: Office) -> Voucher:
    """Give Anna a voucher that can be handed on."""
    office.give("anna", 120)
    return office.buy("anna", office.offer(SHARED))


@pytest.fixture
def phone(office: Office) -> Phone:
    """Give the pool a phone."""
    return Phone(office, office.pool)


def test_what_was_let_in_before_counts(office: Office, voucher: Voucher, phone: Phone) -> None:
    """The venue is paid, the use is one of the voucher, and nobody is suspected of having the city's key."""
    phone.scan(voucher)
    office.clock.advance(HOUR)
    new = accept(office, hand(office, voucher))
    assert PAID == outcomes(phone.hand_in())
    assert PAID == outcomes(phone.hand_in())
    assert VoucherStatus.REDEEMED is office.look(new).status
    assert VerdictCode.ALREADY_USED is office.scan(new).code
    assert 120 == office.posted(f"venue/{office.pool.venue_id}")
    with office.database.reading(office.city_id) as reading:
        assert [0] == [key.foreign_seen for key in keys.every(reading)]
    assert office.verify().ok


def test_the_new_holder_was_let_in_meanwhile(office: Office, voucher: Voucher, phone: Phone) -> None:
    """Both uses are paid; the city bears one of them."""
    phone.scan(voucher)
    office.clock.advance(HOUR)
    new = accept(office, hand(office, voucher))
    assert VerdictCode.ACCEPTED is office.scan(new).code
    assert [("conflict", "paid")] == outcomes(phone.hand_in())
    assert 240 == office.posted(f"venue/{office.pool.venue_id}")
    assert office.verify().ok


def test_a_device_that_could_know_better_is_not_paid(office: Office, voucher: Voucher, phone: Phone) -> None:
    """Not as long as its list may be old, then it is; the new holder keeps the voucher. Two hand-overs are two codes."""
    office.give("ben", 1)
    second = accept(office, hand(office, voucher))
    third = accept(office, hand(office, second, "ben"), "anna")
    office.clock.advance(24 * HOUR)
    for one in (voucher, second):
        phone.sync()
        phone.scan(one)
    phone.write(code=voucher.manual_code, tier=Tier.CAPPED)
    assert 3 * KNOWN_BETTER == outcomes(phone.hand_in())
    assert VoucherStatus.USABLE is office.look(third).status


def test_the_giver_may_be_erased_meanwhile(office: Office, voucher: Voucher, phone: Phone) -> None:
    """What the venue did was right then; the city still knows the code, and not whose it was."""
    phone.scan(voucher)
    office.clock.advance(HOUR)
    new = accept(office, hand(office, voucher))
    office.database.run(office.city_id, partial(erasing.erase, city=office.city, owner="anna"))
    assert PAID == outcomes(phone.hand_in())
    assert VoucherStatus.REDEEMED is office.look(new).status
