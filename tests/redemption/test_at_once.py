"""Sales and scans of many at once end as if each had come alone, at the price of as many statements as one."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from kernel import cities
from kernel.cities import NewCity
from kernel.db import Database
from kernel.errors import DomainError
from redemption import buying, codes, redeeming
from redemption.buying import Purchase
from redemption.offers import Offer
from redemption.scans import Scanned
from redemption.verdicts import Verdict
from redemption.vouchers import Voucher
from tests.fixtures import counting
from tests.fixtures.databases import MakeDatabase
from tests.redemption.office import SEALER, SWIM, Office

PEOPLE = ("anna", "ben", "cem")
PLACES = 3
ORDERS = st.lists(st.tuples(st.sampled_from([*PEOPLE, "nobody"]), st.integers(0, 4)), max_size=12)
SCANS = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from(["pool", "zoo"]), st.booleans(), st.integers(0, 5)),
    max_size=12,
)
"""What is shown, where, whether it is typed, and with which nonce."""


@dataclass(frozen=True)
class Town:
    """An office with offers of every sort: few places, one for each, at two venues, none."""

    office: Office
    offers: list[Offer]

    def order(self, owner: str, number: int) -> Purchase:
        """Return a purchase; the last number is an offer that does not exist."""
        known = number < len(self.offers)
        return Purchase(owner, self.offers[number].offer_id if known else 999)

    def state(self) -> object:
        """Return what people, places and venues have."""
        return (
            [self.office.points(owner) for owner in PEOPLE],
            [self.office.look_at(offer).places for offer in self.offers],
            [self.office.posted(f"venue/{one.venue_id}") for one in (self.office.pool, self.office.zoo)],
        )


def towns(database: Database) -> list[Town]:
    """Return two cities that are alike."""
    made = []
    for slug in ("one", "two"):
        city = cities.found(database, NewCity(slug, slug))
        office = Office(database, city.city_id)
        offers = [
            office.offer(replace(SWIM, places=PLACES)),
            office.offer(replace(SWIM, code="once", places=None, per_person_limit=1)),
            office.offer(replace(SWIM, code="both", places=None), office.pool, office.zoo),
            office.offer(replace(SWIM, code="small", price_points=1, places=5)),
        ]
        for owner, points in zip(PEOPLE, (1000, 250, 60), strict=True):
            office.give(owner, points // 3, dt.date(2027, 12, 31))
            office.give(owner, points - points // 3)
        made.append(Town(office, offers))
    return made


def said(outcomes: Sequence[Voucher | Verdict | DomainError]) -> list[str]:
    """Return what the callers are told, without numbers that differ from city to city."""
    return [
        one.code if isinstance(one, DomainError | Verdict) else f"{one.offer_code} for {one.owner}"
        for one in outcomes
    ]


def bought_at_once(where: Town, orders: Sequence[Purchase]) -> list[Voucher | DomainError]:
    """Buy in one unit of work."""
    office, city = where.office, where.office.city
    return office.database.run(
        office.city_id, lambda work: buying.buy_many(work, city, orders, office.sealer)
    )


def bought_one_by_one(where: Town, orders: Sequence[Purchase]) -> list[Voucher | DomainError]:
    """Buy in a unit of work for each."""
    return [one for order in orders for one in bought_at_once(where, [order])]


def scanned_at_once(where: Town, scanned: Sequence[Scanned]) -> list[Verdict | DomainError]:
    """Scan in one unit of work."""
    office, city = where.office, where.office.city
    return office.database.run(
        office.city_id, lambda work: redeeming.redeem_many(work, city, scanned, SEALER)
    )


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # Shrinking an example that founds two cities takes minutes.
)
@given(orders=ORDERS, scans=SCANS)
@example(orders=[("anna", 0)], scans=[(0, "pool", False, 1), (0, "pool", True, 2)])
@example(orders=[("anna", 0)], scans=[(0, "pool", True, 1), (0, "pool", False, 2)])
def test_at_once_is_one_after_the_other(
    new_database: MakeDatabase,
    orders: list[tuple[str, int]],
    scans: list[tuple[int, str, bool, int]],
) -> None:
    """Whatever is bought and scanned together: the same answers and the same books as one by one."""
    database = new_database()
    together, alone = towns(database)
    vouchers = [
        bought_at_once(together, [together.order(*order) for order in orders]),
        bought_one_by_one(alone, [alone.order(*order) for order in orders]),
    ]
    assert said(vouchers[1]) == said(vouchers[0])
    assert alone.state() == together.state()

    def shown(where: Town, sold: Sequence[Voucher | DomainError]) -> list[Scanned]:
        usable = [one for one in sold if isinstance(one, Voucher)]
        result = []
        for number, place, typed, nonce in scans:
            at_pool = place == "pool"
            venue = where.office.pool if at_pool else where.office.zoo
            device = where.office.till if at_pool else where.office.gate
            voucher = usable[number] if number < len(usable) else None
            text = "nothing of ours" if voucher is None else codes.app_text(voucher.token)
            if typed and voucher is not None:
                text = voucher.typed_code
            result.append(Scanned(text, venue.venue_id, device, f"n{nonce}" if nonce else ""))
        return result

    verdicts = [
        scanned_at_once(together, shown(together, vouchers[0])),
        [one for scan in shown(alone, vouchers[1]) for one in scanned_at_once(alone, [scan])],
    ]
    assert said(verdicts[1]) == said(verdicts[0])
    assert alone.state() == together.state()
    assert together.office.verify().ok
    database.close()


def test_many_cost_as_many_statements_as_one(office: Office) -> None:
    """Thirty people buy, and thirty scans redeem, with as many statements as one."""
    offer = office.offer(replace(SWIM, places=None))
    where = Town(office, [offer])
    for number in range(33):
        office.give(f"buyer-{number}", 120)
    orders = [Purchase(f"buyer-{number}", offer.offer_id) for number in range(33)]
    sold, needed = bought_at_once(where, orders[:1]), []
    for some in (orders[1:2], orders[2:32]):
        with counting.asked(office.database) as statements:
            sold += bought_at_once(where, some)
        needed.append(len(statements))
    scanned = [
        Scanned(codes.app_text(one.token), office.pool.venue_id, office.till, f"n{number}")
        for number, one in enumerate(sold)
        if isinstance(one, Voucher)
    ]
    scanned_at_once(where, scanned[:1])
    for some_scans in (scanned[1:2], scanned[2:32]):
        with counting.asked(office.database) as statements:
            verdicts = scanned_at_once(where, some_scans)
        needed.append(len(statements))
        assert {"accepted"} == set(said(verdicts))
    assert needed[0] == needed[1]
    assert needed[2] == needed[3]
