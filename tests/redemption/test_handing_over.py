"""Handing a voucher on: one holder at a time, one good code, and the price stays with whoever paid."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity import persons, postbox
from identity.persons import TrustLevel
from kernel import cities
from kernel.errors import Conflict, DomainError, Invalid, NotFound
from redemption import handing_over, receipting, receipts, status_changes, vouchers
from redemption.keys import Sealer
from redemption.offer_terms import PLAIN
from redemption.receipts import ReceiptKind
from redemption.verdicts import VerdictCode
from redemption.vouchers import Voucher, VoucherStatus
from tests.fixtures.databases import MakeDatabase
from tests.redemption.counter import Counter
from tests.redemption.office import SEALER, SWIM, Office
from tests.redemption.test_ordering import MIXED

SHARED = replace(SWIM, terms=replace(PLAIN, transferable=True))
HOUR = dt.timedelta(hours=1)


def hand(office: Office, voucher: Voucher, giver: str = "anna") -> str:
    """Return a code for somebody else."""
    return office.database.run(
        office.city_id, lambda work: handing_over.offer(work, giver, voucher.voucher_id)
    )[1]


def accept(office: Office, code: str, receiver: str = "ben", sealer: Sealer = SEALER) -> Voucher:
    """Become the holder."""
    city = office.city
    return office.database.run(
        office.city_id, lambda work: handing_over.accept(work, city, receiver, code, sealer)
    )


def withdraw(office: Office, voucher: Voucher, owner: str = "anna") -> None:
    """Take the code back."""
    office.database.run(office.city_id, lambda work: handing_over.withdraw(work, owner, voucher.voucher_id))


@pytest.fixture
def voucher(office: Office) -> Voucher:
    """Give Anna a voucher that can be handed on."""
    office.give("anna", 1000)
    return office.buy("anna", office.offer(SHARED))


def test_who_accepts_has_a_code_of_their_own(office: Office, voucher: Voucher) -> None:
    """The old one is in the status list and refused at the door, the typed one too; nobody takes it for forged."""
    code = hand(office, voucher)
    taken = accept(office, code.lower().replace("-", " "))
    assert ("ben", "anna", voucher.voucher_id) == (taken.owner, taken.payer, taken.voucher_id)
    assert taken.token != voucher.token
    assert taken.manual_code != voucher.manual_code
    with office.database.reading(office.city_id) as reading:
        assert {voucher.status_index: True} == status_changes.waiting(reading)
        assert [] == vouchers.page(reading, "anna")
        handed = handing_over.given(reading, "anna", voucher.voucher_id)
        assert handed is not None
        assert [handed] == handing_over.of_owner(reading, "ben") == handing_over.of_owner(reading, "anna")
        codes = {owner: [one.code for one in postbox.every(reading, owner)] for owner in ("anna", "ben")}
    assert {"anna": ["voucher-handed-on"], "ben": ["voucher-received"]} == codes
    assert VerdictCode.REPLACED is office.scan(voucher).code
    assert VerdictCode.UNKNOWN_VOUCHER is office.scan(voucher.manual_code).code
    assert VerdictCode.ACCEPTED is office.scan(taken).code
    assert (880, 0) == (office.points("anna"), office.points("ben"))
    assert office.verify().ok


def test_accepting_again_changes_nothing(office: Office, voucher: Voucher) -> None:
    """The same person, the same voucher; it may be handed on further, and the price stays the first one's."""
    code = hand(office, voucher)
    assert accept(office, code) == accept(office, code)
    further = accept(office, hand(office, voucher, "ben"), "cem")
    assert ("cem", "anna") == (further.owner, further.payer)
    office.cancel("cem", further)
    assert (1000, 0) == (office.points("anna"), office.points("ben"))


def test_what_is_given_back_returns_to_whoever_paid(office: Office) -> None:
    """Points and euros, with the receipts for it; the holder gets nothing and loses nothing."""
    counter = Counter(office)
    office.give("anna", 1000)
    order = counter.bought("anna", office.offer(replace(MIXED, terms=SHARED.terms)))
    voucher = counter.voucher(order)
    taken = accept(office, hand(office, voucher))
    with pytest.raises(NotFound, match="voucher-not-found"):
        office.cancel("anna", voucher)
    office.cancel("ben", taken)
    counter.work(2, HOUR)
    assert (1000, 0, 250) == (
        office.points("anna"),
        office.points("ben"),
        sum(one.cents for one in counter.refunds(order)),
    )
    while office.database.run(office.city_id, lambda work: receipting.follow(work, counter.city)):
        pass
    with office.database.reading(office.city_id) as reading:
        assert [] == list(receipts.every(reading, "ben"))
        kinds = {one.kind for one in receipts.every(reading, "anna")}
    assert {ReceiptKind.BOUGHT, ReceiptKind.RETURNED} <= kinds
    assert office.verify().ok


def test_until_it_is_accepted_the_giver_keeps_it(office: Office, voucher: Voucher) -> None:
    """A second code ends the first, a withdrawn one is over, and a voucher that was used is not accepted."""
    first, second = hand(office, voucher), hand(office, voucher)
    with pytest.raises(Conflict, match="hand-over-over"):
        accept(office, first)
    withdraw(office, voucher)
    with pytest.raises(Conflict, match="hand-over-over"):
        accept(office, second)
    third = hand(office, voucher)
    assert VerdictCode.ACCEPTED is office.scan(voucher).code
    with pytest.raises(Conflict, match="voucher-already-used"):
        accept(office, third)
    with pytest.raises(Conflict, match="voucher-already-used"):
        hand(office, voucher)


def test_a_code_that_leads_nowhere_says_why(office: Office, voucher: Voucher) -> None:
    """Mistyped, unknown, one's own, taken, and too late; somebody else's voucher can't be offered."""
    code = hand(office, voucher)
    slip = code[:-1] + ("0" if code[-1] != "0" else "1")
    for typed, error, expected in (
        ("", Invalid, "hand-over-code-invalid"),
        (slip, Invalid, "hand-over-code-invalid"),
        (voucher.app_text, Invalid, "hand-over-code-invalid"),
        (voucher.manual_code, NotFound, "hand-over-not-found"),
    ):
        with pytest.raises(error, match=expected):
            accept(office, typed)
    with pytest.raises(Conflict, match="hand-over-to-yourself"):
        accept(office, code, "anna")
    with pytest.raises(NotFound, match="voucher-not-found"):
        hand(office, voucher, "ben")
    with pytest.raises(NotFound, match="voucher-not-found"):
        withdraw(office, voucher, "ben")
    accept(office, code)
    with pytest.raises(Conflict, match="hand-over-taken"):
        accept(office, code, "cem")
    late = hand(office, voucher, "ben")
    office.clock.advance(48 * HOUR)
    with pytest.raises(Conflict, match="hand-over-over"):
        accept(office, late, "cem")


def test_what_can_not_be_handed_on(office: Office) -> None:
    """By its offer, once it is given back, over or active, and while its payment is disputed."""
    office.give("anna", 1000)
    with pytest.raises(Conflict, match="voucher-not-transferable"):
        hand(office, office.buy("anna", office.offer()))
    offer = office.offer(replace(SHARED, code="shared", per_person_limit=None))
    returned, frozen, over = (office.buy("anna", offer) for _ in range(3))
    office.cancel("anna", returned)
    with pytest.raises(Conflict, match="voucher-already-cancelled"):
        hand(office, returned)
    office.database.run(office.city_id, lambda work: vouchers.freeze(work, frozen.voucher_id, frozen=True))
    with pytest.raises(Conflict, match="voucher-frozen"):
        hand(office, frozen)
    office.clock.advance(dt.timedelta(days=40))
    with pytest.raises(Conflict, match="voucher-expired"):
        hand(office, over)


def test_a_limit_holds_for_who_buys_and_for_who_accepts(office: Office) -> None:
    """Handing on is no way around it, on either side."""
    office.give("anna", 1000)
    office.give("ben", 1000)
    offer = office.offer(replace(SHARED, per_person_limit=1))
    first = office.buy("anna", offer)
    accept(office, hand(office, first))
    for owner in ("anna", "ben"):
        with pytest.raises(Conflict, match="per-person-limit-reached"):
            office.buy(owner, offer)
    office.give("cem", 1000)
    second = office.buy("cem", offer)
    with pytest.raises(Conflict, match="per-person-limit-reached"):
        accept(office, hand(office, second, "cem"))
    assert "dora" == accept(office, hand(office, second, "cem"), "dora").owner


def test_trust_and_age_are_asked_of_who_accepts(office: Office) -> None:
    """An anonymous friend does not get what the city sells to people it knows."""
    known = office.database.run(office.city_id, lambda work: persons.register(work, "anna@duisburg.test"))
    offer = office.offer(replace(SHARED, terms=replace(SHARED.terms, trust_least=TrustLevel.BASIC)))
    office.give(known.owner, 1000)
    voucher = office.buy(known.owner, offer)
    with pytest.raises(Conflict, match="trust-too-low"):
        accept(office, hand(office, voucher, known.owner), "somebody")
    assert known.owner == office.look(voucher).owner


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("hand"), st.sampled_from(["anna", "ben", "cem"])),
        st.tuples(st.just("accept"), st.sampled_from(["anna", "ben", "cem"])),
        st.tuples(st.just("withdraw"), st.sampled_from(["anna", "ben", "cem"])),
        st.tuples(st.just("scan"), st.sampled_from(["new", "old"])),
        st.tuples(st.just("cancel"), st.sampled_from(["anna", "ben", "cem"])),
        st.tuples(st.just("wait"), st.just("")),
    ),
    min_size=4,
    max_size=14,
)


class Household:
    """One voucher that goes from hand to hand, and what must be true of it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        office.give("anna", 1000, office.clock.now().date() + dt.timedelta(days=900))
        self.holder, self.code, self.waits = "anna", "", False
        self.voucher = office.buy("anna", office.offer(SHARED))
        self.tokens = [self.voucher.token]

    def step(self, name: str, who: str) -> None:
        """Do one thing; a refusal is fine if nothing changes by it."""
        before = self.office.look(self.voucher)
        try:
            getattr(self, name)(who)
        except DomainError:
            assert before == self.office.look(self.voucher)

    def hand(self, who: str) -> None:
        """Make a code."""
        self.code, self.waits = hand(self.office, self.voucher, who), True
        assert who == self.holder

    def accept(self, who: str) -> None:
        """Type the last code."""
        taken = accept(self.office, self.code, who)
        if taken.token != self.tokens[-1]:
            assert self.waits
            assert who != self.holder
            self.tokens.append(taken.token)
            self.holder, self.waits = who, False

    def withdraw(self, who: str) -> None:
        """Take the code back."""
        withdraw(self.office, self.voucher, who)
        self.waits = False

    def scan(self, which: str) -> None:
        """Show the newest code or one of before."""
        now = self.office.look(self.voucher)
        token = self.tokens[-1] if which == "new" else self.tokens[0]
        verdict = self.office.scan(replace(now, token=token))
        good = token == self.tokens[-1] and now.status is VoucherStatus.USABLE
        assert good is verdict.accepted

    def cancel(self, who: str) -> None:
        """Give it back."""
        self.office.cancel(who, self.voucher)
        assert who == self.holder

    def wait(self, _: str) -> None:
        """Let a code run out."""
        self.office.clock.advance(dt.timedelta(days=3))

    def check(self) -> None:
        """One holder, one good code, the price with who paid, and a book that verifies."""
        now = self.office.look(self.voucher)
        assert (self.holder, self.tokens[-1]) == (now.owner, now.token)
        held = now.status in {VoucherStatus.USABLE, VoucherStatus.REDEEMED}
        assert (880 if held else 1000) == self.office.points("anna")
        assert {0} == {self.office.points(one) for one in ("ben", "cem")}
        assert self.office.verify().ok


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(steps=STEPS)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_any_order_of_steps_leaves_one_holder_and_one_good_code(
    new_database: MakeDatabase, steps: list[tuple[str, str]]
) -> None:
    """Whoever hands, accepts, shows or returns: never two good codes, never a lost point."""
    database = new_database()
    city_id = cities.found(database, cities.NewCity(slug="duisburg", name="Duisburg")).city_id
    household = Household(Office(database, city_id))
    for name, who in steps:
        household.step(name, who)
        household.check()
    database.close()
