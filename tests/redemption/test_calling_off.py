"""Calling an offer off gives everything back, in batches that may be interrupted; holders are told once."""

import datetime as dt
from dataclasses import replace
from functools import partial

import pytest

from identity import postbox
from kernel.errors import Conflict
from redemption import calling_off, offers, reminding
from redemption.calling_off import CallingOff
from redemption.offer_terms import PLAIN, OfferKind, RefundRule, Terms
from redemption.offers import Offer, OfferStatus
from redemption.places import Places
from redemption.verdicts import VerdictCode
from redemption.vouchers import VoucherStatus
from tests.redemption.counter import Counter
from tests.redemption.office import SWIM, Office
from tests.redemption.test_handing_over import accept, hand
from tests.redemption.test_ordering import MIXED

PEOPLE = ("anna", "ben", "cem", "dora", "eva")
NEVER = replace(SWIM, terms=Terms(refund_rule=RefundRule.NEVER))


def _call_off(office: Office, offer: Offer) -> Offer:
    return office.database.run(office.city_id, lambda work: calling_off.call_off(work, offer.offer_id))


def _proceed(office: Office, offer: Offer, limit: int) -> bool:
    step = partial(calling_off.proceed, city=office.city, offer_id=offer.offer_id, limit=limit)
    return office.database.run(office.city_id, step)


def _progress(office: Office, offer: Offer) -> CallingOff:
    with office.database.reading(office.city_id) as reading:
        found = calling_off.find(reading, offer.offer_id)
    assert found is not None
    return found


def _letters(office: Office, owner: str) -> list[str]:
    with office.database.reading(office.city_id) as reading:
        return [entry.code for entry in postbox.page(reading, owner)]


def test_everybody_gets_their_points_back_whatever_the_rule_says(office: Office) -> None:
    """Two at a time; who has used theirs keeps the use, all others get points, place and a letter, once."""
    for owner in PEOPLE:
        office.give(owner, 120)
    offer = office.offer(NEVER)
    sold = {owner: office.buy(owner, offer) for owner in PEOPLE}
    office.scan(sold["ben"])
    assert OfferStatus.CANCELLED is _call_off(office, offer).status
    assert _call_off(office, offer) == office.look_at(offer)
    with pytest.raises(Conflict, match="offer-not-published"):
        office.buy("anna", offer)

    steps = [_proceed(office, offer, 2) for _ in range(4)]

    assert [True, True, False, False] == steps
    done = _progress(office, offer)
    assert (5, 5, 4) == (done.total, done.seen, done.returned)
    assert done.finished_at is not None
    assert [120, 0, 120, 120, 120] == [office.points(owner) for owner in PEOPLE]
    assert Places(9, 0, 1) == office.look_at(offer).places
    assert VerdictCode.CANCELLED is office.scan(sold["anna"]).code
    assert (["event-cancelled"], []) == (_letters(office, "anna"), _letters(office, "ben"))
    assert office.verify().ok


def test_who_paid_is_told_what_comes_back_and_who_holds_is_told_that_it_is_off(office: Office) -> None:
    """Ben has it from Anna: she gets points and euros and the letter about them, he the one without."""
    counter = Counter(office)
    office.give("anna", 1000)
    offer = office.offer(replace(MIXED, terms=replace(PLAIN, transferable=True)))
    voucher = counter.voucher(counter.bought("anna", offer))
    accept(office, hand(office, voucher))
    _call_off(office, offer)
    _proceed(office, offer, 10)

    with office.database.reading(office.city_id) as reading:
        (told,) = [one for one in postbox.every(reading, "anna") if one.code == calling_off.CODE]
    assert (120, 250) == (told.facts["points"], told.facts["paid_cents"])
    assert [calling_off.CODE_HOLDER, "voucher-received"] == _letters(office, "ben")
    assert (1000, 0) == (office.points("anna"), office.points("ben"))


def test_what_is_left_of_a_strip_comes_back(office: Office) -> None:
    """Three of ten were used."""
    office.give("anna", 100)
    offer = office.offer(replace(SWIM, price_points=100, terms=Terms(uses=10)))
    voucher = office.buy("anna", offer)
    for _ in range(3):
        office.scan(voucher)
    _call_off(office, offer)
    _proceed(office, offer, 10)
    assert (70, VoucherStatus.CANCELLED) == (office.points("anna"), office.look(voucher).status)


def test_only_what_was_sold_is_called_off(office: Office) -> None:
    """A draft is not on sale yet, and fines have no vouchers."""
    with pytest.raises(Conflict, match="offer-not-published"):
        _call_off(office, office.draft())
    fines = replace(
        SWIM, code="fines", kind=OfferKind.FINE, price_points=0, value_cents=0, places=None, valid_days=None
    )
    with pytest.raises(Conflict, match="offer-not-called-off"):
        _call_off(office, office.offer(fines))


def test_holders_are_reminded_once(office: Office) -> None:
    """Three days before the end, unless it is used; not on the day of the purchase."""
    for owner in ("anna", "ben"):
        office.give(owner, 120)
    offer = office.offer(replace(SWIM, valid_days=10))
    office.buy("anna", offer)
    office.scan(office.buy("ben", offer))
    looked = []
    for days in (0, 8, 1):
        office.clock.advance(dt.timedelta(days=days))
        looked += [office.database.run(office.city_id, reminding.remind) for _ in range(2)]
    assert [0, 0, 2, 0, 0, 0] == looked
    assert (["voucher-expiring"], []) == (_letters(office, "anna"), _letters(office, "ben"))


def test_withdrawing_what_was_called_off_changes_nothing(office: Office) -> None:
    """It stays called off."""
    offer = office.offer()
    _call_off(office, offer)
    office.database.run(office.city_id, lambda work: offers.withdraw(work, offer.offer_id))
    assert OfferStatus.CANCELLED is office.look_at(offer).status
