"""Many at once, with real commits: a voucher is accepted once, a place is sold once."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kernel.errors import DomainError
from redemption import paying_fines
from redemption.verdicts import VerdictCode
from tests.redemption.office import SWIM, Office
from tests.redemption.test_fines import FINES, WRONG_PARKING

CALLERS = 64

pytestmark = [pytest.mark.concurrency, pytest.mark.parametrize("backend", ["postgresql"], indirect=True)]


def at_once(task: Callable[[int], str]) -> Counter[str]:
    """Run a task in as many threads as there are callers, all starting together; count the answers."""
    start = threading.Barrier(CALLERS)

    def run(number: int) -> str:
        start.wait()
        try:
            return task(number)
        except DomainError as refused:
            return refused.code

    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(pool.map(run, range(CALLERS)))


def test_64_scans_of_one_voucher_accept_it_once(office: Office) -> None:
    """One guest comes in, 63 are told when and where; the venue has the points once."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer())
    answers = at_once(lambda number: office.scan(voucher, nonce=f"n{number}").code)
    assert Counter({VerdictCode.ACCEPTED: 1, VerdictCode.ALREADY_USED: CALLERS - 1}) == answers
    assert 120 == office.posted(f"venue/{office.pool.venue_id}")
    assert office.verify().ok


def test_64_scans_with_one_nonce_are_one_scan(office: Office) -> None:
    """A device that repeats itself sees green each time, for one redemption."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer())
    assert Counter({VerdictCode.ACCEPTED: CALLERS}) == at_once(lambda _: office.scan(voucher, nonce="n").code)
    assert 120 == office.posted(f"venue/{office.pool.venue_id}")


def test_64_buyers_of_five_places_get_five(office: Office) -> None:
    """Each has the points; 59 are refused as sold out and keep theirs."""
    offer = office.offer(replace(SWIM, places=5))
    for number in range(CALLERS):
        office.give(f"buyer-{number}", 120)
    answers = at_once(lambda number: office.buy(f"buyer-{number}", offer).status)
    assert Counter({"usable": 5, "sold-out": CALLERS - 5}) == answers
    stock = office.look_at(offer).places
    assert stock is not None
    assert (0, 5) == (stock.left, stock.reserved)
    assert 120 * (CALLERS - 5) == sum(office.points(f"buyer-{number}") for number in range(CALLERS))
    assert office.verify().ok


def test_64_buyers_with_one_wallet_spend_what_is_there(office: Office) -> None:
    """Points for three vouchers buy three."""
    office.give("anna", 3 * 120 + 119)
    offer = office.offer(replace(SWIM, places=None))
    answers = at_once(lambda _: office.buy("anna", offer).status)
    assert Counter({"usable": 3, "insufficient-points": CALLERS - 3}) == answers
    assert 119 == office.points("anna")


def test_scanning_and_cancelling_race_for_one_outcome(office: Office) -> None:
    """A voucher is either used or given back: the points are at the venue or in the wallet, never both."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer())

    def task(number: int) -> str:
        return (
            f"gave back: {office.cancel('anna', voucher).status}" if number % 2 else office.scan(voucher).code
        )

    answers = at_once(task)
    assert 1 == answers["accepted"] + answers["gave back: cancelled"]
    assert 120 == office.points("anna") + office.posted(f"venue/{office.pool.venue_id}")
    assert office.verify().ok


def test_64_payers_of_one_fine_pay_it_once(office: Office) -> None:
    """The reference is paid by one of them; the others keep their points."""
    offer = office.offer(FINES)
    city = office.city
    for number in range(CALLERS):
        office.give(f"payer-{number}", 3000)

    def task(number: int) -> str:
        return office.database.run(
            office.city_id,
            lambda work: (
                paying_fines.pay(work, city, f"payer-{number}", WRONG_PARKING, offer.offer_id).reference
            ),
        )

    assert Counter({WRONG_PARKING.reference: 1, "fine-already-paid": CALLERS - 1}) == at_once(task)
    assert 3000 == office.posted("eur/payable/fines")
    assert office.verify().ok
