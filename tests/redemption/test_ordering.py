"""Ordering for points and euros together: both or none."""

import datetime as dt
from dataclasses import replace
from functools import partial

import pytest

from identity import postbox
from kernel.errors import Conflict, Invalid
from merchants import venues
from redemption import erasing, paying_fines, receipting, receipts
from redemption.fines import Fine, FineAlreadyPaid
from redemption.orders import NOBODY, OrderKind, OrderStatus
from redemption.providers import PaymentStatus, RefundStatus
from redemption.receipts import ReceiptKind
from redemption.sandbox_provider import How
from redemption.verdicts import VerdictCode
from redemption.vouchers import VoucherStatus
from tests.fixtures.databases import START
from tests.redemption.counter import Counter
from tests.redemption.office import SWIM, Office
from tests.redemption.test_fines import FEE, FEES
from tests.redemption.test_offers import FINES

MIXED = replace(SWIM, price_points=120, price_cents=250, extra_points_most=250)
FINE = Fine("DU-7KQ4-M2XA-3F9T", 3000, START, "Königstraße 1", ("112402",))
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


@pytest.fixture
def counter(office: Office) -> Counter:
    """Give a counter with a till; Anna has 1,000 points."""
    office.give("anna", 1000)
    return Counter(office)


def test_points_and_euros_buy_a_voucher_once_the_money_is_there(counter: Counter) -> None:
    """Ordered: points, place and the expected euros are held. Paid: the voucher is there. Used: the venue has both."""
    offer = counter.office.offer(MIXED)
    order = counter.order("anna", offer)
    held = counter.office.look_at(offer).places
    assert held is not None
    assert (OrderStatus.OPEN, 120, 250, 880, 9) == (
        order.status,
        order.points,
        order.cents,
        counter.office.points("anna"),
        held.left,
    )
    counter.work()
    assert PaymentStatus.CREATED is counter.payment(order).status
    assert counter.payment(order).page_url == f"/test/{counter.reference(order)}"
    assert counter.look(order).is_open

    counter.pay(order)
    assert [True] == counter.deliver(*counter.service.take_messages())

    voucher = counter.voucher(order)
    assert (OrderStatus.DONE, VoucherStatus.USABLE) == (counter.look(order).status, voucher.status)
    assert (120, 250) == (voucher.points, voucher.paid_cents)
    assert (250, -250, 880) == (
        counter.receivable(order),
        counter.balance("eur/clearing/test"),
        counter.office.points("anna"),
    )
    assert VerdictCode.ACCEPTED is counter.office.scan(voucher).code
    venue_id = counter.office.pool.venue_id
    assert (0, 250, 120) == (
        counter.receivable(order),
        counter.balance(f"eur/takings/{venue_id}"),
        counter.balance(f"venue/{venue_id}"),
    )
    assert counter.office.verify().ok


def test_a_voucher_for_several_venues_pays_the_one_that_scans_it(counter: Counter) -> None:
    """Points and euros both."""
    offer = counter.office.offer(MIXED, counter.office.pool, counter.office.zoo)
    order = counter.bought("anna", offer, 200)
    scanned = counter.office.scan(
        counter.voucher(order), venue=counter.office.zoo, device=counter.office.gate
    )
    zoo = counter.office.zoo.venue_id
    assert VerdictCode.ACCEPTED is scanned.code
    assert (170, 200) == (counter.balance(f"eur/takings/{zoo}"), counter.balance(f"venue/{zoo}"))
    assert (0, 0) == (counter.balance("eur/takings"), counter.receivable(order))
    assert counter.office.verify().ok


def test_more_points_can_pay_it_all(counter: Counter) -> None:
    """Then nothing is collected and the voucher is there at once."""
    order = counter.order("anna", counter.office.offer(MIXED), 370)
    assert (OrderStatus.DONE, 0, 630) == (order.status, order.cents, counter.office.points("anna"))
    assert VoucherStatus.USABLE is counter.voucher(order).status


def test_euros_alone_buy_a_voucher(counter: Counter) -> None:
    """An offer may cost no points at all."""
    offer = counter.office.offer(replace(MIXED, price_points=0, extra_points_most=0))
    order = counter.bought("ben", offer)
    assert VerdictCode.ACCEPTED is counter.office.scan(counter.voucher(order)).code
    assert counter.office.verify().ok


@pytest.mark.parametrize(
    ("points", "code"),
    [(119, "points-choice-invalid"), (371, "points-choice-invalid"), (330, "rest-below-minimum")],
)
def test_an_impossible_choice_is_refused(counter: Counter, points: int, code: str) -> None:
    """Nothing is held."""
    offer = counter.office.offer(MIXED)
    with pytest.raises(Invalid, match=code):
        counter.order("anna", offer, points)
    assert 1000 == counter.office.points("anna")


def test_waiting_orders_count_against_the_limit_per_person(counter: Counter) -> None:
    """Otherwise several could be ordered and paid at once."""
    offer = counter.office.offer(replace(MIXED, per_person_limit=1))
    counter.order("anna", offer)
    with pytest.raises(Conflict, match="per-person-limit-reached"):
        counter.order("anna", offer)


def test_a_person_has_few_waiting_orders(counter: Counter) -> None:
    """Each holds a place for nothing."""
    offer = counter.office.offer(MIXED)
    for _ in range(5):
        counter.order("anna", offer)
    with pytest.raises(Conflict, match="too-many-orders"):
        counter.order("anna", offer)


def test_what_is_not_paid_in_time_ends(counter: Counter) -> None:
    """Points and place are back, the service's page is closed, and a late payer is told so there."""
    offer = counter.office.offer(MIXED)
    order = counter.order("anna", offer)
    counter.work()
    counter.work(2, 23 * MINUTE)
    assert OrderStatus.EXPIRED is counter.look(order).status
    assert 1000 == counter.office.points("anna")
    counter.pay(order)
    assert (0, 0) == counter.service.totals()
    assert counter.office.verify().ok


def test_an_order_is_called_off(counter: Counter) -> None:
    """It ends when the service has closed its page; a second time changes nothing."""
    order = counter.order("anna", counter.office.offer(MIXED))
    counter.work()
    assert counter.call_off(order).is_open
    counter.work()
    assert OrderStatus.CANCELLED is counter.look(order).status
    assert 1000 == counter.office.points("anna")
    assert OrderStatus.CANCELLED is counter.call_off(order).status


def test_what_the_service_never_heard_of_ends_without_asking_it(counter: Counter) -> None:
    """Called off before the first call."""
    order = counter.order("anna", counter.office.offer(MIXED))
    counter.call_off(order)
    counter.work()
    assert OrderStatus.CANCELLED is counter.look(order).status
    assert counter.payment(order).asked_at is None


def test_calling_off_comes_too_late(counter: Counter) -> None:
    """Paid meanwhile: the voucher is there and can be given back. Afterwards it is refused."""
    order = counter.order("anna", counter.office.offer(MIXED))
    counter.work()
    counter.pay(order)
    counter.call_off(order)
    counter.work()
    assert OrderStatus.DONE is counter.look(order).status
    with pytest.raises(Conflict, match="order-closed"):
        counter.call_off(order)


def test_a_debit_gives_no_voucher_before_the_money_is_final(counter: Counter) -> None:
    """Days later it is there, although the order's time was over meanwhile."""
    order = counter.order("anna", counter.office.offer(MIXED))
    counter.work()
    counter.pay(order, How.DEBIT)
    counter.work(3, DAY)
    assert (True, PaymentStatus.PROCESSING) == (counter.look(order).is_open, counter.payment(order).status)
    counter.service.settle(counter.reference(order), good=True)
    counter.work(1, DAY)
    assert OrderStatus.DONE is counter.look(order).status


@pytest.mark.parametrize("how", [How.GIVE_UP, How.DEBIT])
def test_a_failed_payment_gives_all_back(counter: Counter, how: How) -> None:
    """The payer gives up, or the debit bounces."""
    order = counter.order("anna", counter.office.offer(MIXED))
    counter.work()
    counter.pay(order, how)
    counter.service.settle(counter.reference(order), good=False)
    counter.deliver(*counter.service.take_messages())
    assert OrderStatus.FAILED is counter.look(order).status
    assert 1000 == counter.office.points("anna")
    assert counter.office.verify().ok


def test_a_declined_card_may_be_tried_again(counter: Counter) -> None:
    """On the service's page; the order waits."""
    order = counter.order("anna", counter.office.offer(MIXED))
    counter.work()
    counter.pay(order, How.DECLINE)
    counter.work(1, MINUTE)
    assert counter.look(order).is_open
    counter.pay(order)
    counter.work(1, MINUTE)
    assert OrderStatus.DONE is counter.look(order).status


def test_giving_back_returns_points_and_euros(counter: Counter) -> None:
    """Points to their lots at once, euros by the way they came."""
    order = counter.bought("anna", counter.office.offer(MIXED))
    counter.office.cancel("anna", counter.voucher(order))
    (refund,) = counter.refunds(order)
    assert (1000, 250, None) == (counter.office.points("anna"), refund.cents, refund.status)
    counter.work()
    assert RefundStatus.PENDING is counter.refunds(order)[0].status
    counter.service.settle_refund("ref_1", good=True)
    counter.deliver(*counter.service.take_messages())
    assert RefundStatus.SUCCEEDED is counter.refunds(order)[0].status
    assert (0, 0) == (counter.receivable(order), counter.balance("eur/clearing/test"))
    assert counter.office.verify().ok


def test_a_refund_that_comes_back_is_sent_again_and_then_listed(counter: Counter) -> None:
    """Even one that had arrived: the money is the buyer's again, and never more than once on its way."""
    order = counter.bought("anna", counter.office.offer(MIXED))
    counter.office.cancel("anna", counter.voucher(order))
    for attempt in range(1, 6):
        counter.work(1, DAY + MINUTE)
        counter.service.settle_refund(f"ref_{attempt}", good=attempt % 2 == 0)
        counter.work(2, MINUTE)
        counter.service.settle_refund(f"ref_{attempt}", good=False)
        counter.deliver(*counter.service.take_messages())
    counter.work(3, DAY)
    tried = counter.refunds(order)
    assert [RefundStatus.FAILED] * 5 == [refund.status for refund in tried]
    assert [1, 2, 3, 4, 5] == [refund.attempt for refund in tried]
    assert 250 == counter.receivable(order)
    with counter.database.reading(counter.city_id) as reading:
        letters = [one for one in postbox.every(reading, "anna") if one.code.startswith("refund-")]
    assert ["refund-came-back"] * 2 + ["refund-stuck"] == sorted(one.code for one in letters)
    assert {250} == {one.facts["paid_cents"] for one in letters}
    assert counter.office.verify().ok


def test_what_is_not_used_in_time_is_paid_back(counter: Counter) -> None:
    """Points return by themselves when the voucher is over, euros with them."""
    order = counter.bought("anna", counter.office.offer(MIXED))
    counter.work(1, 32 * DAY)
    (refund,) = counter.refunds(order)
    assert (1000, 250) == (counter.office.points("anna"), refund.cents)


def test_what_can_not_be_given_is_paid_back(counter: Counter) -> None:
    """The venue closed while the payer was paying: no voucher, all the money back."""
    order = counter.order("anna", counter.office.offer(MIXED))
    counter.work()
    counter.database.run(counter.city_id, lambda work: venues.suspend(work, counter.office.pool.venue_id))
    counter.pay(order)
    counter.work(2, MINUTE)
    ended = counter.look(order)
    assert (OrderStatus.FAILED, "venue-suspended") == (ended.status, ended.reason)
    assert [250] == [refund.cents for refund in counter.refunds(order)]
    assert 1000 == counter.office.points("anna")
    assert counter.office.verify().ok


def test_a_fine_is_paid_with_points_and_euros_together(counter: Counter) -> None:
    """The register hears of the full amount, once, when the euros have come; before that nothing looks paid."""
    offer = counter.office.offer(FINES)
    order = counter.order_fine("anna", FINE, offer, 500)
    with counter.database.reading(counter.city_id) as reading:
        assert paying_fines.find(reading, FINE.reference) is None
    with pytest.raises(Conflict, match="fine-being-paid"):
        counter.order_fine("ben", FINE, offer, 0)
    counter.work()
    counter.pay(order)
    counter.work(1, MINUTE)
    with counter.database.reading(counter.city_id) as reading:
        receipt = paying_fines.get(reading, FINE.reference, "anna")
    assert (3000, 500, 2500) == (receipt.amount_cents, receipt.points, receipt.paid_cents)
    assert (3000, -500, 0) == (
        counter.balance("eur/payable/fines"),
        counter.balance("eur/programme"),
        counter.receivable(order),
    )
    assert 500 == counter.office.points("anna")
    with pytest.raises(FineAlreadyPaid):
        counter.order_fine("anna", FINE, offer, 0)
    assert counter.office.verify().ok


def test_a_fee_is_paid_in_euros_and_its_receipt_says_how(counter: Counter) -> None:
    """Without a point; the receipt has reference, way of paying and the whole amount."""
    order = counter.order_fine("anna", FEE, counter.office.offer(FEES), 0)
    counter.work()
    counter.pay(order)
    counter.work(1, MINUTE)
    assert (OrderKind.FEE, OrderStatus.DONE) == (counter.look(order).kind, counter.look(order).status)
    assert (3070, 0, 1000) == (
        counter.balance("eur/payable/fees"), counter.balance("eur/programme"), counter.office.points("anna"),
    )  # fmt: skip
    while counter.database.run(counter.city_id, lambda work: receipting.follow(work, counter.city)):
        pass
    with counter.database.reading(counter.city_id) as reading:
        receipt = receipts.find(reading, ReceiptKind.FEE, FEE.reference)
    assert receipt is not None
    assert (FEE.reference, 0, 3070, "card") == tuple(
        receipt.facts[name] for name in ("reference", "points", "paid_cents", "paid_by")
    )
    assert counter.office.verify().ok


def test_a_fine_that_is_not_paid_in_full_is_not_paid_at_all(counter: Counter) -> None:
    """The euros do not come: the points are back, and the fine is open for anybody."""
    offer = counter.office.offer(FINES)
    order = counter.order_fine("anna", FINE, offer, 500)
    counter.call_off(order)
    counter.work()
    assert 1000 == counter.office.points("anna")
    with counter.database.reading(counter.city_id) as reading:
        assert paying_fines.find(reading, FINE.reference) is None
    assert counter.order_fine("ben", FINE, offer, 0).is_open
    with pytest.raises(Invalid, match="euros-not-needed"):
        counter.order_fine("anna", replace(FINE, reference="DU-OTHER"), offer, 3000)


def test_a_dispute_closes_the_voucher_until_it_is_decided(counter: Counter) -> None:
    """Won: it lets in again, and the money is back."""
    order = counter.bought("anna", counter.office.offer(MIXED))
    dispute = counter.service.dispute(counter.reference(order))
    assert dispute is not None
    counter.deliver(*counter.service.take_messages())
    voucher = counter.voucher(order)
    assert VerdictCode.DISPUTED is counter.office.scan(voucher).code
    with pytest.raises(Conflict, match="voucher-frozen"):
        counter.office.cancel("anna", voucher)
    assert (250, -1500) == (-counter.balance("eur/disputed"), counter.balance("eur/fees"))
    counter.service.decide(dispute, won=True)
    counter.deliver(*counter.service.take_messages())
    assert VerdictCode.ACCEPTED is counter.office.scan(voucher).code
    assert 0 == counter.balance("eur/disputed")
    assert counter.office.verify().ok


@pytest.mark.parametrize("used", [False, True])
def test_a_lost_dispute_takes_back_what_was_not_used(counter: Counter, used: bool) -> None:
    """The points return with the unused voucher; what was used is the city's loss. Nothing is refunded twice."""
    order = counter.bought("anna", counter.office.offer(MIXED))
    voucher = counter.voucher(order)
    if used:
        counter.office.scan(voucher)
    dispute = counter.service.dispute(counter.reference(order))
    assert dispute is not None
    counter.service.decide(dispute, won=False)
    counter.deliver(*counter.service.take_messages())
    counter.work(2, DAY)
    expected = VoucherStatus.REDEEMED if used else VoucherStatus.CANCELLED
    assert expected is counter.voucher(order).status
    assert (
        (880, 250) if used else (1000, 0) == (counter.office.points("anna"), -counter.balance("eur/losses"))
    )
    assert (0, 0) == (counter.balance("eur/disputed"), counter.receivable(order))
    assert [] == counter.refunds(order)
    assert counter.office.verify().ok


def test_a_lost_message_about_a_dispute_or_payout_is_made_up_for(counter: Counter) -> None:
    """The nightly look at what the service lists opens, decides and books; a second one changes nothing."""
    order = counter.bought("anna", counter.office.offer(MIXED))
    dispute = counter.service.dispute(counter.reference(order))
    assert dispute is not None
    counter.service.take_messages()
    since = counter.office.clock.now() - DAY
    counter.till.catch_up(since)
    assert VerdictCode.DISPUTED is counter.office.scan(counter.voucher(order)).code
    counter.service.decide(dispute, won=True)
    counter.service.pay_out(219, 31)
    counter.service.take_messages()
    for _ in range(2):
        counter.office.clock.advance(DAY)
        counter.till.catch_up(since)
    assert VerdictCode.ACCEPTED is counter.office.scan(counter.voucher(order)).code
    assert (-219, -1531) == (counter.balance("eur/bank"), counter.balance("eur/fees"))
    assert counter.office.verify().ok


def test_a_payout_empties_the_clearing_account(counter: Counter) -> None:
    """To the bank what arrived there, to the fees what the service kept; a second message changes nothing."""
    counter.bought("anna", counter.office.offer(MIXED))
    counter.service.pay_out(219, 31)
    messages = counter.service.take_messages()
    assert [True, False] == counter.deliver(*messages, *messages)
    assert (0, -219, -31) == (
        counter.balance("eur/clearing/test"),
        counter.balance("eur/bank"),
        counter.balance("eur/fees"),
    )


def test_who_is_erased_while_an_order_waits_loses_nothing(counter: Counter) -> None:
    """The order ends at once, by nobody; money that comes all the same goes back. Without orders nothing happens."""
    order = counter.order("anna", counter.office.offer(MIXED))
    counter.work()
    for owner in ("anna", "ben"):
        erased = partial(erasing.erase, city=counter.city, owner=owner)
        assert () == counter.database.run(counter.city_id, erased)
    ended = counter.look(order)
    assert (OrderStatus.CANCELLED, NOBODY, 1000) == (ended.status, ended.owner, counter.office.points("anna"))
    counter.pay(order)
    counter.work(2, MINUTE)
    assert [250] == [refund.cents for refund in counter.refunds(order)]
    assert ("", None) == (counter.payment(order).subject, counter.look(order).voucher_id)
    assert counter.office.verify().ok
