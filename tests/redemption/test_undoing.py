"""Taking a scan back: exactly what it took returns, once, in time, and the voucher is as good as before."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity import postbox
from kernel import cities
from kernel.errors import Conflict, Forbidden
from merchants import takings, venues
from merchants.takings import Frontier, Wanted
from redemption import keys, status_changes
from redemption.offer_terms import Terms
from redemption.verdicts import Colour, Verdict, VerdictCode
from redemption.vouchers import Voucher, VoucherStatus
from tests.fixtures.databases import MakeDatabase
from tests.redemption.counter import Counter
from tests.redemption.office import LATER, SOON, SWIM, Office

UNDO = Terms(undo_minutes=5)
SINGLE = replace(SWIM, terms=UNDO)
STRIP = replace(SWIM, code="strip", price_points=100, terms=Terms(uses=3, undo_minutes=5))


@pytest.fixture
def voucher(office: Office) -> Voucher:
    """Give a voucher for the pool, paid by anna from two lots."""
    office.give("anna", 80, SOON)
    office.give("anna", 40, LATER)
    return office.buy("anna", office.offer(SINGLE))


def accepted(office: Office) -> int:
    """Return how many vouchers of the city's key were redeemed."""
    with office.database.reading(office.city_id) as reading:
        return keys.every(reading)[-1].accepted


def test_a_scan_is_taken_back_and_the_voucher_is_good_again(office: Office, voucher: Voucher) -> None:
    """Points, place, counters and status list are as before; the next scan is accepted and booked anew."""
    verdict = office.scan(voucher)
    assert verdict.undo_until == verdict.at + dt.timedelta(minutes=5)
    undone = office.undo(verdict)

    assert (1, 1) == (undone.count, undone.left)
    again = office.look(voucher)
    assert (VoucherStatus.USABLE, 0, None) == (again.status, again.used, again.redeemed_at)
    assert (0, 0) == (office.posted(f"venue/{office.pool.venue_id}"), office.points("anna"))
    assert (0, 0) == (office.posted(f"sold/{voucher.offer_id}"), accepted(office))
    with office.database.reading(office.city_id) as reading:
        assert {voucher.status_index: False} == status_changes.waiting(reading)
        assert ["scan-undone"] == [one.code for one in postbox.page(reading, "anna")]

    assert office.scan(voucher).accepted
    assert (120, 1) == (office.posted(f"venue/{office.pool.venue_id}"), accepted(office))
    assert VerdictCode.ALREADY_USED is office.scan(voucher).code
    assert office.verify().ok


def test_taking_back_again_gives_the_first_answer(office: Office, voucher: Voucher) -> None:
    """Also after the time is over: nobody has to know whether the first request arrived."""
    verdict = office.scan(voucher)
    first = office.undo(verdict)
    office.clock.advance(dt.timedelta(minutes=6))
    assert first == office.undo(verdict)
    assert 120 == SWIM.price_points - office.posted(f"venue/{office.pool.venue_id}")


def test_after_its_minutes_a_scan_stands(office: Office, voucher: Voucher) -> None:
    """The end is exclusive."""
    verdict = office.scan(voucher)
    office.clock.advance(dt.timedelta(minutes=5))
    with pytest.raises(Conflict, match="undo-too-late"):
        office.undo(verdict)


def test_another_venue_takes_nothing_back(office: Office, voucher: Voucher) -> None:
    """Only the venue that scanned."""
    with pytest.raises(Forbidden, match="undo-not-yours"):
        office.undo(office.scan(voucher), venue=office.zoo)


def test_without_the_offers_word_nothing_is_taken_back(office: Office) -> None:
    """An offer that names no minutes can't be undone, and a refused scan took nothing."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer())
    verdict = office.scan(voucher)
    assert verdict.undo_until is None
    with pytest.raises(Conflict, match="undo-not-offered"):
        office.undo(verdict)
    with pytest.raises(Conflict, match="undo-nothing"):
        office.undo(office.scan(voucher))


def test_when_the_voucher_is_over_meanwhile_the_points_stay_in_the_wallet(office: Office) -> None:
    """Nothing can be held for a voucher that has ended: its holder has the points instead."""
    office.give("anna", 120)
    voucher = office.buy("anna", office.offer(replace(SINGLE, valid_days=0)))
    office.clock.move_to(voucher.valid_until - dt.timedelta(minutes=1))
    verdict = office.scan(voucher)
    office.clock.advance(dt.timedelta(minutes=2))
    office.undo(verdict)
    assert (120, VoucherStatus.EXPIRED) == (office.points("anna"), office.look(voucher).status)
    assert VerdictCode.EXPIRED is office.scan(voucher).code
    assert office.verify().ok


def test_a_party_takes_several_uses_at_once_and_gives_them_back_together(office: Office) -> None:
    """Two of three with one scan; the third alone; three at once are too many and use nothing."""
    office.give("anna", 100)
    strip = office.buy("anna", office.offer(STRIP, office.pool, office.zoo))
    verdict = office.scan(strip, uses=2)
    assert verdict.voucher is not None
    assert (True, 1, 2) == (verdict.accepted, verdict.voucher.left, verdict.voucher.taken)
    too_many = office.scan(strip, uses=2)
    assert (VerdictCode.TOO_FEW_LEFT, Colour.AMBER) == (too_many.code, too_many.colour)
    assert 66 == office.posted(f"venue/{office.pool.venue_id}")
    office.scan(strip, venue=office.zoo, device=office.gate)

    assert (2, 2) == ((undone := office.undo(verdict)).count, undone.left)
    assert (0, 34) == tuple(office.posted(f"venue/{one.venue_id}") for one in (office.pool, office.zoo))
    assert VoucherStatus.USABLE is office.look(strip).status
    office.cancel("anna", strip)
    assert (66, VoucherStatus.CANCELLED) == (office.points("anna"), office.look(strip).status)
    assert office.verify().ok


def test_the_same_nonce_with_another_number_of_uses_is_another_scan(office: Office) -> None:
    """A verdict about two persons is none about three."""
    office.give("anna", 100)
    strip = office.buy("anna", office.offer(STRIP))
    assert office.scan(strip, uses=2, nonce="n") == office.scan(strip, uses=2, nonce="n")
    with pytest.raises(Conflict, match="scan-nonce-reused"):
        office.scan(strip, uses=1, nonce="n")


def test_the_statement_shows_a_reversal(office: Office, voucher: Voucher) -> None:
    """What was redeemed and taken back stands on both sides of the venue's statement, on the way it was scanned."""
    office.undo(office.scan(voucher))
    office.scan(voucher)
    pool, day = office.pool.venue_id, office.clock.now().date()
    with office.database.reading(office.city_id) as reading:
        wanted = Wanted(0, Frontier(10_000, day), None)
        found = takings.collect(reading, {pool: wanted})[pool]
        lines = list(takings.uses(reading, pool, wanted))
    assert [(2, 240, "online")] == [(one.count, one.points, one.tier) for one in found.redemptions]
    assert [(1, 120, "online")] == [(one.count, one.points, one.tier) for one in found.reversals]
    assert ["redemptions", "reversals", "redemptions"] == [line.sort for line in lines]
    assert 120 == office.posted(venues.points_path(pool))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("scan"), st.sampled_from(["pool", "zoo"]), st.integers(1, 3)),
        st.tuples(st.just("undo"), st.just(""), st.integers(0, 4)),
        st.tuples(st.just("cancel"), st.just(""), st.just(0)),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from([1, 4, 600])),
    ),
    max_size=10,
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@given(steps=STEPS, both=st.booleans())
def test_any_order_of_scans_and_undoing_keeps_the_book(
    new_database: MakeDatabase, steps: list[tuple[str, str, int]], *, both: bool
) -> None:
    """Every point is anna's, held, or the venue's whose scans count; the voucher knows how often it is good."""
    database = new_database()
    office = Office(
        database, cities.found(database, cities.NewCity(slug="duisburg", name="Duisburg")).city_id
    )
    office.give("anna", 100)
    sold_at = (office.pool, office.zoo) if both else (office.pool,)
    strip = office.buy("anna", office.offer(replace(STRIP, valid_days=0), *sold_at))
    share = [33, 33, 34]
    counted: dict[int, tuple[Verdict, str, int]] = {}
    everything: list[Verdict] = []
    for name, where, number in steps:
        status = office.look(strip).status
        if name == "scan":
            venue, device = (office.pool, office.till) if where == "pool" else (office.zoo, office.gate)
            verdict = office.scan(strip, venue=venue, device=device, uses=number)
            left = 3 - sum(count for *_, count in counted.values())
            good = status is VoucherStatus.USABLE and (where == "pool" or both) and left >= number
            assert good is verdict.accepted
            if good:
                counted[verdict.scan_id] = (verdict, where, number)
                everything.append(verdict)
        elif name == "undo" and number < len(everything):
            verdict = everything[number]
            if verdict.scan_id not in counted:
                continue
            venue = office.pool if counted[verdict.scan_id][1] == "pool" else office.zoo
            assert verdict.undo_until is not None
            if office.clock.now() >= verdict.undo_until:
                with pytest.raises(Conflict, match="undo-too-late"):
                    office.undo(verdict, venue)
            else:
                office.undo(verdict, venue)
                del counted[verdict.scan_id]
        elif name == "cancel" and status is VoucherStatus.USABLE:
            office.cancel("anna", strip)
        elif name == "wait":
            office.clock.advance(dt.timedelta(minutes=number))
        now = office.look(strip)
        used = sum(count for *_, count in counted.values())
        taken = sum(office.posted(f"venue/{one.venue_id}") for one in (office.pool, office.zoo))
        assert used == now.used
        assert abs(taken - sum(share[:used])) <= 1
        gone = now.status in {VoucherStatus.CANCELLED, VoucherStatus.EXPIRED}
        assert (100 - taken if gone else 0) == office.points("anna")
        assert office.verify().ok
    database.close()


@pytest.mark.parametrize("looked", [False, True])
def test_when_a_voucher_for_euros_is_over_meanwhile_they_go_back_too(office: Office, looked: bool) -> None:
    """Points to the wallet at once, euros the way they came, whether or not the till had looked at it before."""
    office.give("anna", 120)
    counter = Counter(office)
    order = counter.bought("anna", office.offer(replace(SINGLE, price_cents=250, valid_days=0)))
    voucher = counter.voucher(order)
    office.clock.move_to(voucher.valid_until - dt.timedelta(minutes=1))
    verdict = office.scan(voucher)
    office.clock.advance(dt.timedelta(minutes=2))
    if looked:
        counter.work()
    office.undo(verdict)
    counter.work(3, dt.timedelta(minutes=1))
    assert [250] == [refund.cents for refund in counter.refunds(order)]
    assert (120, VoucherStatus.EXPIRED) == (office.points("anna"), office.look(voucher).status)
    counter.service.settle_refund("ref_1", good=True)
    counter.work(2, dt.timedelta(hours=1))
    assert 0 == counter.receivable(order)
    assert office.verify().ok
