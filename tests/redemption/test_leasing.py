"""Leases: one device takes a voucher without a network, nobody else takes it meanwhile, and it comes back safely."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import cities
from kernel.errors import Conflict, NotFound
from merchants import devices
from redemption import (
    cancelling,
    codes,
    leasing,
    offline_policy,
    publishing_status,
    status_changes,
    status_lists,
    tokens,
)
from redemption.leasing import Lease
from redemption.offer_terms import Terms
from redemption.offline_policy import LEASES_ONLY, Facts, Ground, OfflineCode
from redemption.scan_events import EventKind, Signed, Tier
from redemption.tokens import Flags
from redemption.verdicts import Colour, VerdictCode
from redemption.vouchers import Voucher, VoucherStatus
from tests.fixtures.databases import MakeDatabase
from tests.redemption.office import SEALER, SWIM, Office
from tests.redemption.phones import Phone, outcomes


@pytest.fixture
def phone(office: Office) -> Phone:
    """Give a phone at the pool that may decide by itself."""
    return Phone(office, office.pool, "Tor 2")


@pytest.fixture
def voucher(office: Office) -> Voucher:
    """Give anna's voucher for the pool."""
    office.give("anna", 1000)
    return office.buy("anna", office.offer())


def lease(office: Office, voucher: Voucher, device_id: int, owner: str = "anna") -> Lease:
    """Reserve a voucher for a device."""
    return office.database.run(
        office.city_id, lambda work: leasing.lease(work, SEALER, owner, voucher.voucher_id, device_id)
    )


def take(phone: Phone, made: Lease) -> Signed:
    """Let a guest in with what is leased, without a network."""
    return phone.write(code=made.token, tier=Tier.LEASED, decision="accepted")


def close(phone: Phone) -> Signed:
    """Give back all that is leased to a phone."""
    return phone.write(kind=EventKind.CLOSE, decision="closed", code=b"")


def test_only_its_device_takes_it(office: Office, voucher: Voucher, phone: Phone) -> None:
    """Elsewhere the scan is amber and says where and until when, whichever code is shown; there it is green."""
    made = lease(office, voucher, phone.device_id)
    for text in (voucher, codes.app_text(made.token), voucher.manual_code):
        verdict = office.scan(text)
        assert (VerdictCode.LEASED, Colour.AMBER) == (verdict.code, verdict.colour)
        assert verdict.voucher is not None
        assert (("Tor 2",), made.until.isoformat()) == (verdict.voucher.gates, verdict.voucher.leased_until)
    assert made == lease(office, voucher, phone.device_id)
    assert office.scan(codes.app_text(made.token), device=phone.device_id).accepted
    assert VerdictCode.ALREADY_USED is office.scan(voucher).code
    assert office.verify().ok


def test_the_token_names_the_device_and_what_is_left(office: Office, phone: Phone) -> None:
    """The device's rules take it without a network, another device's do not, and it is short."""
    office.give("anna", 100)
    strip = replace(SWIM, code="strip", price_points=100, value_cents=900, terms=Terms(uses=3))
    voucher = office.buy("anna", office.offer(strip))
    office.scan(voucher)
    made = lease(office, voucher, phone.device_id)
    claims = tokens.own_claims(made.token)
    assert (2, 600, Flags.LEASE) == (claims.uses, claims.value_cents, claims.flags)
    assert (int(made.until.timestamp()), 132) >= (claims.expires_at, len(made.token))
    for device_id, code in (
        (phone.device_id, OfflineCode.ACCEPTED),
        (office.till, OfflineCode.LEASED_ELSEWHERE),
    ):
        facts = Facts(flags=claims.flags, mine=claims.device == tokens.device_name(device_id))
        assert code is offline_policy.decide(LEASES_ONLY, facts).code
    assert Ground.LEASED is offline_policy.decide(LEASES_ONLY, Facts(flags=claims.flags, mine=True)).ground


def test_what_it_took_without_a_network_is_booked(office: Office, voucher: Voucher, phone: Phone) -> None:
    """And stands on the statement as leased; another phone that says the same is not paid."""
    made = lease(office, voucher, phone.device_id)
    other = Phone(office, office.pool, "B")
    take(other, made)
    assert [("refused", "not-leased")] == outcomes(other.hand_in())
    take(phone, made)
    assert [("accepted", None)] == outcomes(phone.hand_in())
    assert VoucherStatus.REDEEMED is office.look(voucher).status
    assert "redemption-leased" in {
        line.booked.purpose for line in office.statement(f"venue/{office.pool.venue_id}")
    }


def test_a_broken_log_gives_nothing_back(office: Office, voucher: Voucher, phone: Phone) -> None:
    """What it took is held, so the lease goes on; nor does a clock of the year 200,000 stop the log."""
    made = lease(office, voucher, phone.device_id)
    phone.write(kind=EventKind.CLOSE, decision="closed", code=b"", device_ms=6 * 10**15)
    assert [("known", None)] == outcomes(phone.hand_in())
    made = lease(office, voucher, phone.device_id)
    phone.hand_in([*phone.events, b"garbage"])
    phone.write(code=made.token, tier=Tier.LEASED)
    close(phone)
    answer = phone.hand_in([*phone.events[1:], b"more garbage"])
    assert ("held", "quarantine") in outcomes(answer)
    assert VerdictCode.LEASED is office.scan(voucher).code


def test_the_devices_word_gives_it_back(office: Office, voucher: Voucher, phone: Phone) -> None:
    """After its signed `close` the voucher is good everywhere, also by the code of the lease."""
    made = lease(office, voucher, phone.device_id)
    with office.database.reading(office.city_id) as reading:
        assert {voucher.status_index: True} == status_changes.waiting(reading)
    with pytest.raises(Conflict, match="voucher-leased"):
        office.cancel("anna", voucher)
    office.clock.advance(dt.timedelta(minutes=1))
    phone.sync()
    close(phone)
    phone.hand_in()
    with office.database.reading(office.city_id) as reading:
        assert {voucher.status_index: False} == status_changes.waiting(reading)
    assert office.scan(codes.app_text(made.token)).accepted


def test_without_the_devices_word_it_waits(office: Office, voucher: Voucher, phone: Phone) -> None:
    """After its end it is not free at once: the device may have let somebody in and not said so yet."""
    made = lease(office, voucher, phone.device_id)
    office.clock.move_to(made.free_at - dt.timedelta(seconds=1))
    assert VerdictCode.LEASED is office.scan(voucher).code
    with pytest.raises(Conflict, match="voucher-leased"):
        lease(office, voucher, phone.device_id)
    office.clock.move_to(made.free_at)
    office.database.run(office.city_id, leasing.sweep)
    assert office.scan(voucher).accepted


def test_what_can_not_be_reserved(office: Office, voucher: Voucher, phone: Phone) -> None:
    """Somebody else's, a device without a key or of another venue, a second device, what is used or given back."""
    with pytest.raises(NotFound, match="voucher-not-found"):
        lease(office, voucher, phone.device_id, owner="ben")
    for device_id in (office.till, Phone(office, office.zoo, "Zoo").device_id, 1):
        with pytest.raises(Conflict, match="lease-gate-unknown"):
            lease(office, voucher, device_id)
    other = Phone(office, office.pool, "B")
    lease(office, voucher, phone.device_id)
    with pytest.raises(Conflict, match="voucher-leased"):
        lease(office, voucher, other.device_id)
    office.scan(voucher, device=phone.device_id)
    with pytest.raises(Conflict, match="voucher-already-used"):
        lease(office, voucher, phone.device_id)
    with office.database.reading(office.city_id) as reading:
        assert phone.device_id in {one.device_id for one in devices.of_venue(reading, office.pool.venue_id)}


def test_a_called_off_offer_gives_it_back_in_any_case(office: Office, voucher: Voucher, phone: Phone) -> None:
    """What does not take place is not kept from anybody by a reservation."""
    lease(office, voucher, phone.device_id)
    cancelled = office.look(voucher)
    office.database.run(office.city_id, lambda work: cancelling.release(work, office.city, cancelled))
    assert VoucherStatus.CANCELLED is office.look(voucher).status


def test_a_list_that_is_made_anew_knows_it(office: Office, voucher: Voucher, phone: Phone) -> None:
    """Its other code is on the list of invalid ones as long as nobody has said that it is free."""
    lease(office, voucher, phone.device_id)
    other = office.buy("anna", office.offer(replace(SWIM, code="other")))
    office.clock.advance(dt.timedelta(hours=30))
    for ended in (False, True):
        if ended:
            office.database.run(office.city_id, leasing.sweep)
        with office.database.reading(office.city_id) as reading:
            bits = publishing_status.from_the_ledger(reading)
        assert [not ended, False] == [
            status_lists.is_invalid(bits, one.status_index) for one in (voucher, other)
        ]


class _Door:
    """Two phones and a till that keep their rules, and a guest with one voucher who tries them all."""

    def __init__(self, office: Office, voucher: Voucher, phones: list[Phone]) -> None:
        self.office, self.voucher, self.phones = office, voucher, phones
        self.held: dict[int, Lease] = {}
        self.taken: set[int] = set()
        self.let_in = 0

    def lease(self, number: int) -> None:
        """Reserve it for a phone, if that may be."""
        try:
            self.held[number] = lease(self.office, self.voucher, self.phones[number].device_id)
        except Conflict:
            return

    def offline(self, number: int) -> None:
        """Show it to a phone that has no network."""
        made = self.held.get(number)
        if made is not None and number not in self.taken and self.office.clock.now() < made.until:
            take(self.phones[number], made)
            self.taken.add(number)
            self.let_in += 1

    def online(self, number: int) -> None:
        """Show it to a phone, which first looks into its own log, or to the till."""
        device = [*(phone.device_id for phone in self.phones), self.office.till][number]
        if number not in self.taken and self.office.scan(self.voucher, device=device).accepted:
            self.taken.add(number)
            self.let_in += 1

    def hand_in(self, number: int) -> None:
        """Let a phone hand in its log."""
        self.phones[number].sync()
        self.phones[number].hand_in()

    def close(self, number: int) -> None:
        """Let a phone give back what is reserved for it, and say so."""
        self.phones[number].sync()
        close(self.phones[number])
        self.held.pop(number, None)
        self.hand_in(number)

    def wait(self, minutes: int) -> None:
        """Let time pass, less in all than a phone may keep its log to itself."""
        self.office.clock.advance(dt.timedelta(minutes=minutes))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("lease"), st.integers(0, 1)),
        st.tuples(st.just("offline"), st.integers(0, 1)),
        st.tuples(st.just("online"), st.integers(0, 2)),
        st.tuples(st.just("hand_in"), st.integers(0, 1)),
        st.tuples(st.just("close"), st.integers(0, 1)),
        st.tuples(st.just("wait"), st.sampled_from([1, 90, 120])),
    ),
    max_size=10,
)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(steps=STEPS)
def test_nobody_is_let_in_twice(new_database: MakeDatabase, steps: list[tuple[str, int]]) -> None:
    """Whatever order of leasing, scans with and without a network, reports and waiting: one voucher, one guest.

    The phones keep their rules: they take what is leased to them until it ends, never after their `close`, and
    they hand in their log within the time for that.
    """
    database = new_database()
    office = Office(database, cities.found(database, cities.NewCity("duisburg", "Duisburg")).city_id)
    phones = [Phone(office, office.pool, name) for name in ("A", "B")]
    office.give("anna", 1000)
    voucher = office.buy("anna", office.offer())
    door = _Door(office, voucher, phones)
    for name, number in steps:
        getattr(door, name)(number)
        assert door.let_in <= 1
    for phone in phones:
        phone.hand_in()
    assert office.verify().ok
    assert door.let_in == (office.look(voucher).status is VoucherStatus.REDEEMED)
    database.close()
