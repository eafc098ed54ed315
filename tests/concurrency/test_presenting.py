"""Many phones that redeem one voucher at once, with real commits."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kernel.db import Database, Work
from kernel.errors import DomainError
from redemption import presented_policies, presented_venues, presenting
from redemption.offer_terms import Terms
from redemption.vouchers import Voucher
from tests.redemption.office import SEALER, SWIM, Office

PHONES = 64


@pytest.mark.parametrize("backend", ["postgresql", "sqlite"], indirect=True)
def test_64_phones_redeem_one_use(database: Database, city_id: int) -> None:
    """Of 64 who tap at once one wins, of a single ticket as of a strip; the book is right."""
    office = Office(database, city_id)
    office.give("anna", 1000)
    single = office.offer(replace(SWIM, places=None))
    strip = office.offer(replace(SWIM, code="strip", places=None, terms=Terms(uses=10)))
    numbers = [single.offer_id, strip.offer_id]
    pool = office.pool.venue_id

    def prepare(work: Work) -> None:
        presented_policies.save(work, 0, presented_policies.SUGGESTED)
        presented_venues.turn_on(work, office.city, SEALER, pool, numbers)

    office.database.run(city_id, prepare)
    city = office.city

    def tap(voucher: Voucher, start: threading.Barrier) -> str:
        start.wait()
        try:
            office.database.run(
                city_id,
                lambda work: presenting.present(
                    work, city, "anna", voucher.voucher_id, venue_id=pool, left=voucher.left
                ),
            )
        except DomainError as error:
            return error.code
        return "redeemed"

    for offer, other in ((single, "presented-used"), (strip, "presented-meanwhile")):
        voucher, start = office.buy("anna", offer), threading.Barrier(PHONES)
        with ThreadPoolExecutor(PHONES) as threads:
            counted = Counter(threads.map(lambda _, v=voucher, s=start: tap(v, s), range(PHONES)))
        assert Counter({"redeemed": 1, other: PHONES - 1}) == counted
        assert 1 == office.look(voucher).used
    assert office.verify().ok
