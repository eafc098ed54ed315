"""Bank transfers: each credit is taken once, matched by reference and amount, and otherwise listed with its cause."""

import datetime as dt
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.db import Database
from kernel.errors import Conflict, Invalid, NotFound
from merchants import bank_statements
from redemption import creditor_references, receipt_matching, receiving
from redemption.providers import (
    EventRefused,
    KeyConflict,
    NewRefund,
    PaymentRefused,
    PaymentStatus,
    PaymentUnknown,
    RefundStatus,
)
from redemption.receipt_matching import Cause, Decision, Entry, Request
from tests.redemption.bank import IBAN, Bank, Credit, camt, mistyped


@pytest.fixture
def bank(database: Database, city_id: int) -> Bank:
    """Give the city's bank account."""
    return Bank(database, city_id)


def test_a_transfer_pays_its_request(bank: Bank) -> None:
    """The reference in the structured field or anywhere in the text, in groups or small: the request is paid."""
    asked = [bank.ask(500) for _ in range(3)]
    shown = creditor_references.shown(asked[1].reference)
    received = bank.take_in(
        camt(
            Credit(500, reference=asked[0].reference),
            Credit(500, f"Hallenbad {shown.lower()} danke"),
            Credit(500, f"{asked[2].reference}"),
        )
    )

    assert {Cause.MATCHED: 3} == received.causes
    assert 3 == len(received.paid)
    assert [PaymentStatus.SUCCEEDED] * 3 == [bank.transfers.fetch(one.reference).status for one in asked]
    assert 500 == bank.transfers.fetch(asked[0].reference).received_cents
    assert (0, 1500, -1500) == tuple(
        bank.cents(path) for path in (receiving.SUSPENSE, receiving.CLEARING, "eur/bank")
    )
    bank.check()


def test_the_same_file_and_overlapping_files_change_nothing(bank: Bank) -> None:
    """A file again, and another that has some of the same entries, add only what is new."""
    asked = bank.ask(500)
    first, second = Credit(500, asked.reference), Credit(700, "Spende", number=2)
    bank.take_in(camt(first))
    before = bank.receipts()

    again = bank.take_in(camt(first))
    assert (1, 0, {}, ()) == (again.entries, again.added, again.causes, again.paid)
    assert before == bank.receipts()
    overlapping = bank.take_in(camt(first, second), camt(second))
    assert (1, 0) == (overlapping.entries, overlapping.added)
    assert [500, 700] == [one.cents for one in bank.receipts()]
    bank.check()


def test_each_cause_is_listed_and_the_money_stays(bank: Bank) -> None:
    """Too little, too much, twice, late, for nobody, mistyped and for two: none is lost, none pays wrongly."""
    little, much, twice, late = (bank.ask(1000) for _ in range(4))
    bank.transfers.cancel(late.reference)
    bank.take_in(
        camt(
            Credit(901, little.reference),
            Credit(1102, much.reference),
            Credit(1000, twice.reference),
            Credit(1000, twice.reference, number=2),
            Credit(1004, late.reference),
            Credit(205, "Miete Mai"),
            Credit(1006, mistyped(little.reference)),
            Credit(1007, f"{little.reference} und {late.reference}"),
        )
    )

    listed = {one.cents: (one.cause, one.matched_cents, one.open_cents) for one in bank.receipts()}
    assert (Cause.UNDERPAID, 0, 901) == listed[901]
    assert (Cause.OVERPAID, 1000, 102) == listed[1102]
    assert (Cause.LATE, 0, 1004) == listed[1004]
    assert [(Cause.UNKNOWN, 0, cents) for cents in (205, 1006, 1007)] == [
        listed[c] for c in (205, 1006, 1007)
    ]
    assert Counter({Cause.MATCHED: 1, Cause.DUPLICATE: 1}) == Counter(
        one.cause for one in bank.receipts() if one.cents == 1000
    )
    assert PaymentStatus.CREATED is bank.request(little).status
    assert PaymentStatus.CANCELLED is bank.request(late).status
    assert PaymentStatus.SUCCEEDED is bank.request(much).status
    assert 901 + 102 + 1000 + 1004 + 205 + 1006 + 1007 == bank.cents(receiving.SUSPENSE)
    bank.check()


def test_the_rest_of_a_payment_completes_it(bank: Bank) -> None:
    """Too little waits; with the rest under the same reference both are taken."""
    asked = bank.ask(1000)
    bank.take_in(camt(Credit(600, asked.reference)))
    received = bank.take_in(camt(Credit(400, asked.reference, number=2)))

    assert {Cause.MATCHED: 2} == received.causes
    assert PaymentStatus.SUCCEEDED is bank.request(asked).status
    bank.check()


def test_a_file_of_another_account_is_refused_whole(bank: Bank) -> None:
    """Nothing of it is taken in."""
    asked = bank.ask(500)
    with pytest.raises(Conflict, match="bank-file-other-account"):
        bank.take_in(camt(Credit(500, asked.reference), iban="DE75512108001245126199"))

    assert [] == bank.receipts()


def test_what_the_bank_takes_back_is_listed(bank: Bank) -> None:
    """A receipt that the bank reversed is below zero in suspense until somebody has seen to it."""
    bank.take_in(camt(Credit(500, "Irrtum"), Credit(500, "Irrtum", number=2, takes_back=True)))

    assert [(-500, Cause.TAKEN_BACK), (500, Cause.UNKNOWN)] == [
        (one.cents, one.cause) for one in bank.receipts()
    ]
    bank.check()


def test_somebody_assigns_or_sends_back(bank: Bank, clock: FixedClock) -> None:
    """A mistyped reference is assigned by its amount; what is for nobody goes back, on a day that makes sense."""
    asked, other = bank.ask(500), bank.ask(600)
    bank.take_in(camt(Credit(500, mistyped(asked.reference)), Credit(200, "Miete")))
    rent, order = bank.receipts()
    run = bank.database.run

    def assign(key: str, written: str) -> None:
        run(bank.city_id, lambda work: receiving.assign(work, bank.city, key, written, by="person/1"))

    def send_back(key: str, day: dt.date) -> None:
        run(bank.city_id, lambda work: receiving.send_back(work, bank.city, key, on=day, by="person/1"))

    with pytest.raises(Conflict, match="receipt-amount-differs"):
        assign(order.entry_key, other.reference)
    with pytest.raises(NotFound, match="collection-not-found"):
        assign(order.entry_key, "RF00")
    with pytest.raises(NotFound, match="bank-receipt-not-found"):
        assign("nothing", asked.reference)
    assign(order.entry_key, creditor_references.shown(asked.reference))
    with pytest.raises(Conflict, match="receipt-closed"):
        assign(order.entry_key, asked.reference)
    with pytest.raises(Invalid, match="refund-day-invalid"):
        send_back(rent.entry_key, dt.date(2026, 5, 3))
    with pytest.raises(Invalid, match="refund-day-invalid"):
        send_back(rent.entry_key, dt.date(2026, 5, 5))
    clock.advance(dt.timedelta(days=1))
    send_back(rent.entry_key, dt.date(2026, 5, 5))
    with pytest.raises(Conflict, match="receipt-closed"):
        send_back(rent.entry_key, dt.date(2026, 5, 5))

    assert PaymentStatus.SUCCEEDED is bank.request(asked).status
    assert (0, 500, -500) == tuple(
        bank.cents(path) for path in (receiving.SUSPENSE, receiving.CLEARING, "eur/bank")
    )
    bank.check()


def test_the_provider_keeps_to_the_port(bank: Bank) -> None:
    """The same call has one effect; another amount, another's reference, foreign messages and too much are refused."""
    new = bank.new(800)
    first = bank.transfers.create(new)
    assert first == bank.transfers.create(new) == bank.transfers.find(new.payment_id)
    assert bank.transfers.find(7) is None
    assert bank.desks.find(new.payment_id) is None
    with pytest.raises(KeyConflict):
        bank.transfers.create(bank.new(801, new.payment_id))
    with pytest.raises(PaymentUnknown):
        bank.desks.fetch(first.reference)
    with pytest.raises(EventRefused):
        bank.transfers.parse_event(b"", {}, bank.database.clock.now())
    bank.take_in(camt(Credit(800, first.reference)))
    assert PaymentStatus.SUCCEEDED is bank.transfers.cancel(first.reference).status

    refund = NewRefund("refund-1", 41, first.reference, 300)
    assert RefundStatus.PENDING is bank.transfers.refund(refund).status
    assert bank.transfers.refund(refund) == bank.transfers.fetch_refund("41")
    with pytest.raises(KeyConflict):
        bank.transfers.refund(NewRefund("refund-1", 42, first.reference, 200))
    with pytest.raises(PaymentRefused):
        bank.transfers.refund(NewRefund("refund-2", 43, first.reference, 501))
    with pytest.raises(PaymentUnknown):
        bank.transfers.fetch_refund("99")


REQUESTS = {number: Request(number, 100 * number, 0, number == 4) for number in (1, 2, 3, 4)}
entries = st.builds(
    lambda number, cents, names: Entry(f"{number:032x}", cents, dt.date(2026, 5, 1 + number % 3), names),
    st.integers(0, 50),
    st.sampled_from([50, 100, 150, 200, 300]),
    st.sampled_from([(), (1,), (2,), (3,), (4,), (9,), (1, 2)]),
)


@given(st.lists(entries, max_size=12, unique_by=lambda one: one.key), st.integers(0, 2**32))
def test_any_order_is_decided_alike(drawn: list[Entry], seed: int) -> None:
    """Whatever the order of entries: the same decisions, no cent lost, none taken above what is due or for nobody."""
    shuffled = list(drawn)
    random.Random(seed).shuffle(shuffled)
    decided = receipt_matching.decide(REQUESTS, drawn)

    assert sorted(decided, key=_key) == sorted(receipt_matching.decide(REQUESTS, shuffled), key=_key)
    assert sorted(one.key for one in drawn) == sorted(one.key for one in decided)
    cents = {one.key: one.cents for one in drawn}
    names = {one.key: one.payment_ids for one in drawn}
    for one in decided:
        assert one.matched_cents + one.open_cents == cents[one.key]
        assert (one.open_cents == 0) == (one.cause is Cause.MATCHED)
        assert not one.matched_cents or names[one.key] == (one.payment_id,)
    for number, request in REQUESTS.items():
        taken = sum(one.matched_cents for one in decided if one.payment_id == number)
        came = sum(one.cents for one in drawn if one.payment_ids == (number,))
        assert taken == (request.cents if came >= request.cents and not request.is_over else 0)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", range(6))
def test_any_files_in_any_order_end_alike(bank: Bank, seed: int) -> None:
    """Entries spread over files that overlap, in any order and repeated: the same money for orders and in suspense."""
    chance = random.Random(seed)
    asked = [bank.ask(cents) for cents in (300, 500)]
    names = [asked[0].reference, asked[1].reference, "Miete"]
    came = [Credit(chance.choice([100, 200, 300, 500]), chance.choice(names), number=n) for n in range(7)]
    files = [camt(*chance.sample(came, chance.randint(1, 5))) for _ in range(4)]
    bank.take_in(*files, camt(*came), *chance.sample(files, 2))

    for payment in asked:
        paid = sum(one.cents for one in came if one.remittance == payment.reference)
        due = payment.amount_cents
        assert bank.request(payment).received_cents == (due if paid >= due else 0)
    assert sorted(one.cents for one in came) == [one.cents for one in bank.receipts()]
    assert -sum(one.cents for one in came) == bank.cents("eur/bank")
    bank.check()


def test_the_files_of_the_tests_are_read_by_the_banks_parser() -> None:
    """The account and each amount stand in them as written."""
    (statement,) = bank_statements.read(camt(Credit(1234, "x")))

    assert (IBAN, 1234, "x") == (statement.iban, statement.entries[0].cents, statement.entries[0].remittance)


def _key(one: Decision) -> str:
    return one.key
