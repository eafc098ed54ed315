"""Hub sessions: a venue's vouchers are its hub's alone, and come back safely."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import cities
from kernel.errors import Conflict, Invalid
from merchants import devices
from redemption import codes, hub_lists, hub_sessions, leasing, tokens
from redemption.offer_terms import Terms
from redemption.tokens import Flags
from redemption.verdicts import Colour, VerdictCode
from redemption.vouchers import Voucher, VoucherStatus
from tests.fixtures.databases import MakeDatabase
from tests.redemption.hubs import HubDevice
from tests.redemption.office import SEALER, SWIM, Office
from tests.redemption.phones import Phone, outcomes

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def hub(office: Office) -> HubDevice:
    """Give a hub at the pool."""
    return HubDevice(office, office.pool)


@pytest.fixture
def voucher(office: Office) -> Voucher:
    """Give anna's voucher for the pool."""
    office.give("anna", 2000)
    return office.buy("anna", office.offer())


def test_only_the_hub_takes_what_it_has(office: Office, voucher: Voucher, hub: HubDevice) -> None:
    """Elsewhere the scan is amber with the hub's name and time, it can be neither given back nor reserved;
    what was bought later or is good at several venues is nobody's but everybody's.
    """
    session, claims = hub.begin(), tokens.own_claims(voucher.token)
    assert session.covers(claims)
    assert not session.covers(replace(claims, flags=Flags.ONLINE_ONLY))
    for text in (voucher, voucher.manual_code):
        verdict = office.scan(text)
        assert (VerdictCode.AT_HUB, Colour.AMBER) == (verdict.code, verdict.colour)
        assert verdict.voucher is not None
        assert (("Hub",), session.until.isoformat()) == (verdict.voucher.gates, verdict.voucher.leased_until)
    with pytest.raises(Conflict, match="voucher-at-hub"):
        office.cancel("anna", voucher)
    gate = Phone(office, office.pool, "Tor 2")
    with pytest.raises(Conflict, match="voucher-at-hub"):
        office.database.run(
            office.city_id,
            lambda work: leasing.lease(work, SEALER, "anna", voucher.voucher_id, gate.device_id),
        )
    both = office.buy("anna", office.offer(replace(SWIM, code="both"), office.pool, office.zoo))
    later = office.buy("anna", office.offer(replace(SWIM, code="later")))
    assert [True, True] == [office.scan(one).accepted for one in (both, later)]
    assert office.scan(voucher, device=hub.device_id).accepted
    assert VerdictCode.ALREADY_USED is office.scan(voucher).code
    assert office.verify().ok


def test_what_it_took_is_booked_and_its_word_gives_the_rest_back(
    office: Office, voucher: Voucher, hub: HubDevice
) -> None:
    """On the statement it is the hub's; after `close` what is left is good everywhere."""
    other = office.buy("anna", office.offer(replace(SWIM, code="other")))
    hub.begin()
    office.clock.advance(MINUTE)
    hub.take(voucher)
    hub.sync()
    hub.close()
    assert [("accepted", None), ("known", None)] == outcomes(hub.hand_in())
    purposes = {line.booked.purpose for line in office.statement(f"venue/{office.pool.venue_id}")}
    assert "redemption-hub" in purposes
    assert VoucherStatus.REDEEMED is office.look(voucher).status
    assert office.scan(other).accepted
    assert office.verify().ok


def test_what_was_not_left_to_it_is_not_paid(office: Office, voucher: Voucher, hub: HubDevice) -> None:
    """Before the session, after its time, bought later, for several venues: the hub's word is not enough."""
    hub.take(voucher)
    office.clock.advance(MINUTE)
    hub.sync()
    assert [("refused", "not-leased")] == outcomes(hub.hand_in())
    both = office.buy("anna", office.offer(replace(SWIM, code="both"), office.pool, office.zoo))
    session = hub.begin()
    hub.take(both)
    hub.take(office.buy("anna", office.offer(replace(SWIM, code="later"))))
    office.clock.move_to(session.until + 2 * MINUTE)
    hub.sync()
    hub.take(voucher)
    assert [("refused", "not-leased")] * 3 == outcomes(hub.hand_in(hub.events[1:]))
    assert office.verify().ok


def test_a_silent_hub_loses_it_and_a_lost_one_at_once(
    office: Office, voucher: Voucher, hub: HubDevice
) -> None:
    """After its time others wait a day for its log; its owner may report it lost and go on without it."""
    session = hub.begin()
    office.clock.move_to(session.free_at - MINUTE)
    assert VerdictCode.AT_HUB is office.scan(voucher).code
    office.clock.move_to(session.free_at)
    office.database.run(office.city_id, hub_sessions.sweep)
    assert office.scan(voucher).accepted
    second = office.buy("anna", office.offer(replace(SWIM, code="second")))
    hub.begin()
    assert VerdictCode.AT_HUB is office.scan(second).code
    office.database.run(office.city_id, lambda work: hub_sessions.lose(work, hub.device_id))
    assert office.scan(second).accepted
    with office.database.reading(office.city_id) as reading:
        assert ["over", "lost"] == [one.how for one in hub_sessions.of_device(reading, hub.device_id)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_session_is_made_longer_never_shorter(office: Office, voucher: Voucher, hub: HubDevice) -> None:
    """And takes in what was bought since; while it runs no other hub of the venue gets one."""
    session = hub.begin()
    later = office.buy("anna", office.offer(replace(SWIM, code="later")))
    assert office.scan(voucher).code is VerdictCode.AT_HUB
    longer = hub.begin(MINUTE)
    assert (session.session_id, session.until) == (longer.session_id, longer.until)
    assert VerdictCode.AT_HUB is office.scan(later).code
    with pytest.raises(Conflict, match="hub-session-other"):
        HubDevice(office, office.pool, "Zweiter Hub").begin()
    HubDevice(office, office.zoo, "Hub am Zoo").begin()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_gets_no_session(office: Office, hub: HubDevice) -> None:
    """A phone, a paused hub, one whose log is not here yet, and for no time or too long a one."""
    phone = Phone(office, office.pool, "Handy")
    with pytest.raises(Conflict, match="hub-only"):
        HubDevice.begin(phone)  # type: ignore[arg-type]  # that is the point
    for wrong in (dt.timedelta(0), dt.timedelta(hours=73)):
        with pytest.raises(Invalid, match="hub-until-invalid"):
            hub.begin(wrong)
    hub.close()
    with pytest.raises(Conflict, match="hub-log-behind"):
        hub.begin()
    hub.hand_in()
    office.database.run(office.city_id, lambda work: devices.change(work, hub.device_id, state="suspended"))
    with pytest.raises(Conflict, match="hub-not-trusted"):
        hub.begin()


def test_what_a_hub_is_told(office: Office, hub: HubDevice) -> None:
    """Its venue's vouchers in pages, used ones too, without signatures, persons and what it may not take."""
    office.give("anna", 2000)
    strip = office.offer(replace(SWIM, code="strip", value_cents=900, terms=Terms(uses=3)))
    bought = [office.buy("anna", strip) for _ in range(4)]
    office.buy("anna", office.offer(replace(SWIM, code="both"), office.pool, office.zoo))
    office.scan(bought[0])
    office.cancel("anna", bought[1])
    gate = Phone(office, office.pool, "Tor 2")
    office.database.run(
        office.city_id,
        lambda work: leasing.lease(work, SEALER, "anna", bought[2].voucher_id, gate.device_id),
    )
    session = hub.begin()
    with office.database.reading(office.city_id) as reading:
        page = hub_lists.page(reading, session, -1, limit=2)
        rest = hub_lists.page(reading, session, page.through, limit=3)
        some = hub_lists.some(reading, session, [bought[1].status_index, bought[3].status_index])
        typed = [hub_lists.typed(reading, session, bought[n].manual_code) for n in (2, 3)]
    assert (False, True) == (page.complete, rest.complete)
    assert [bought[0].voucher_id, bought[3].voucher_id] == [one.voucher_id for one in page.items + rest.items]
    assert [bought[3].voucher_id] == [one.voucher_id for one in some]
    assert [None, bought[3].voucher_id] == typed
    told = page.items[0]
    assert (3, 1, office.till) == (told.uses, told.used, told.used_by)
    assert tokens.own_claims(bought[0].token) == tokens.own_claims(told.token)
    assert tokens.withheld(bought[0].token) == told.token != bought[0].token
    assert VerdictCode.BAD_SIGNATURE is office.scan(codes.app_text(told.token)).code


def test_what_the_server_booked_without_an_answer_is_one_scan(office: Office, voucher: Voucher) -> None:
    """A device that never heard the answer decides by itself, under the same number: nobody pays twice."""
    phone = Phone(office, office.pool)
    event = phone.scan(voucher)
    assert office.scan(voucher, device=phone.device_id, nonce=event.event.nonce.hex()).accepted
    assert [("known", None)] == outcomes(phone.hand_in())
    assert 0 == office.posted("offline-loss")
    assert office.verify().ok


class _House:
    """A hub that keeps its rules, a till with a network, and a guest with one voucher who tries both."""

    def __init__(self, office: Office, voucher: Voucher) -> None:
        self.office, self.voucher = office, voucher
        self.hub = HubDevice(office, office.pool)
        self.until: dt.datetime | None = None
        self.knows = self.told = False
        """Whether the hub has let the guest in, or was told that somebody did."""
        self.let_in = 0

    def begin(self) -> None:
        """Take the vouchers over, as a hub does: first hand in, then ask, then read the list."""
        self.hub.sync()
        self.hub.hand_in()
        session = self.hub.begin()
        self.until = session.until
        with self.office.database.reading(self.office.city_id) as reading:
            listed = hub_lists.some(reading, session, [self.voucher.status_index])
        self.told = not listed or listed[0].used == listed[0].uses

    def offline(self) -> None:
        """Show it to the hub."""
        if self.until is None or self.office.clock.now() >= self.until or self.knows or self.told:
            return
        self.hub.take(self.voucher)
        self.knows = True
        self.let_in += 1

    def online(self) -> None:
        """Show it to the till."""
        self.let_in += self.office.scan(self.voucher).accepted

    def hand_in(self) -> None:
        """Let the hub hand in its log."""
        self.hub.sync()
        self.hub.hand_in()

    def close(self) -> None:
        """Let the hub give all back; it says so when it hands in."""
        if self.until is not None:
            self.hub.close()
        self.until = None

    def wait(self) -> None:
        """Let time pass."""
        self.office.clock.advance(dt.timedelta(hours=9))


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@given(
    steps=st.lists(st.sampled_from(["begin", "offline", "online", "hand_in", "close", "wait"]), max_size=9)
)
def test_nobody_is_let_in_twice(new_database: MakeDatabase, steps: list[str]) -> None:
    """Whatever the order of sessions, scans, closing, reports and waiting: one voucher, one guest."""
    database = new_database()
    office = Office(database, cities.found(database, cities.NewCity("duisburg", "Duisburg")).city_id)
    office.give("anna", 1000)
    house = _House(office, office.buy("anna", office.offer()))
    for step in steps:
        getattr(house, step)()
        # Nine hours at a time: a hub that is silent for more than a day loses its session.
        if step == "wait":
            house.hand_in()
        assert house.let_in <= 1
    house.hand_in()
    assert house.let_in == (office.look(house.voucher).status is VoucherStatus.REDEEMED)
    assert office.verify().ok
    database.close()
