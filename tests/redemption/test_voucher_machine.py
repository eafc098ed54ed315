"""Buying, giving back, scanning and waiting in any order keep the books whole and lose no point and no place."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import cities
from kernel.errors import Conflict
from redemption.verdicts import VerdictCode
from redemption.vouchers import Voucher, VoucherStatus
from tests.fixtures.databases import MakeDatabase
from tests.redemption.office import SWIM, Office

PLACES = 3
POINTS = 400
PEOPLE = ("anna", "ben")

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.sampled_from(PEOPLE), st.integers(0, 2)),
        st.tuples(st.just("cancel"), st.sampled_from(PEOPLE), st.integers(0, 5)),
        st.tuples(st.just("scan"), st.sampled_from(["pool", "zoo"]), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from([1, 24, 48, 72])),
    ),
    max_size=14,
)


class Model:
    """What must be true of the vouchers, told apart from the ledger by a few dictionaries."""

    def __init__(self, office: Office) -> None:
        self.office = office
        short = replace(SWIM, places=PLACES, valid_days=1)
        self.offers = [
            office.offer(short),
            office.offer(replace(short, code="both", valid_days=2), office.pool, office.zoo),
            office.offer(replace(short, code="unlimited", places=None), office.pool, office.zoo),
        ]
        # The clock goes on from example to example, so the lots end relative to it.
        year = dt.timedelta(days=365)
        for owner in PEOPLE:
            office.give(owner, POINTS // 4, office.clock.now().date() + year)
            office.give(owner, POINTS - POINTS // 4, office.clock.now().date() + 2 * year)
        self.sold: list[Voucher] = []
        self.status: dict[str, VoucherStatus] = {}
        self.earned = {"pool": 0, "zoo": 0}

    def buy(self, owner: str, number: int) -> None:
        """Buy if points and places are there, else be refused."""
        offer = self.offers[number]
        taken = {VoucherStatus.USABLE, VoucherStatus.REDEEMED}
        sold = sum(v.offer_id == offer.offer_id and self.now(v) in taken for v in self.sold)
        if (offer.is_limited and sold == PLACES) or self.points(owner) < offer.price_points:
            with pytest.raises(Conflict, match=r"sold-out|insufficient-points"):
                self.office.buy(owner, offer)
            return
        voucher = self.office.buy(owner, offer)
        self.sold.append(voucher)
        self.status[voucher.voucher_id] = VoucherStatus.USABLE

    def cancel(self, owner: str, number: int) -> None:
        """Give back what is usable, else be refused."""
        if number >= len(self.sold):
            return
        voucher = self.sold[number]
        if self.now(voucher) is VoucherStatus.USABLE and voucher.owner == owner:
            self.office.cancel(owner, voucher)
            self.status[voucher.voucher_id] = VoucherStatus.CANCELLED
        elif voucher.owner == owner:
            with pytest.raises(Conflict, match="voucher-"):
                self.office.cancel(owner, voucher)

    def scan(self, where: str, number: int) -> None:
        """Scan what was sold and expect the verdict that follows from its life."""
        if number >= len(self.sold):
            return
        voucher = self.sold[number]
        venue = self.office.pool if where == "pool" else self.office.zoo
        expected = {
            VoucherStatus.REDEEMED: VerdictCode.ALREADY_USED,
            VoucherStatus.CANCELLED: VerdictCode.CANCELLED,
            VoucherStatus.EXPIRED: VerdictCode.EXPIRED,
            VoucherStatus.USABLE: VerdictCode.ACCEPTED
            if venue.venue_id in voucher.venue_ids
            else VerdictCode.OTHER_VENUE,
        }[self.now(voucher)]
        assert expected is self.office.scan(voucher, venue=venue).code
        if expected is VerdictCode.ACCEPTED:
            self.status[voucher.voucher_id] = VoucherStatus.REDEEMED
            self.earned[where] += voucher.points

    def wait(self, _: str, hours: int) -> None:
        """Let time pass."""
        self.office.clock.advance(dt.timedelta(hours=hours))

    def now(self, voucher: Voucher) -> VoucherStatus:
        """Return what a voucher is at this instant."""
        status = self.status[voucher.voucher_id]
        over = voucher.valid_until <= self.office.clock.now()
        return VoucherStatus.EXPIRED if over and status is VoucherStatus.USABLE else status

    def points(self, owner: str) -> int:
        """Return what somebody should be able to spend."""
        spent = {VoucherStatus.USABLE, VoucherStatus.REDEEMED}
        return POINTS - sum(v.points for v in self.sold if v.owner == owner and self.now(v) in spent)

    def check(self) -> None:
        """Compare every balance, place and status with the model, and verify the book."""
        for owner in PEOPLE:
            assert self.points(owner) == self.office.points(owner)
        for voucher in self.sold:
            assert self.now(voucher) is self.office.look(voucher).status
        for offer in self.offers:
            stock = self.office.look_at(offer).places
            if stock is None:
                continue
            states = [self.now(v) for v in self.sold if v.offer_id == offer.offer_id]
            used, held = states.count(VoucherStatus.REDEEMED), states.count(VoucherStatus.USABLE)
            assert (PLACES - used - held, held, used) == (stock.left, stock.reserved, stock.used)
        for where, venue in (("pool", self.office.pool), ("zoo", self.office.zoo)):
            assert self.earned[where] == self.office.posted(f"venue/{venue.venue_id}")
        report = self.office.verify()
        assert report.ok, report.findings


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(steps=STEPS)
def test_any_order_of_steps_keeps_points_and_places(
    new_database: MakeDatabase, steps: list[tuple[str, str, int]]
) -> None:
    """After every step, wallets, venues, stocks and statuses are what a model of a few lines says."""
    database = new_database()
    city_id = cities.found(database, cities.NewCity(slug="duisburg", name="Duisburg")).city_id
    model = Model(Office(database, city_id))
    for name, who, number in steps:
        getattr(model, name)(who, number)
        model.check()
    database.close()
