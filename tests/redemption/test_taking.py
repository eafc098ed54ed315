"""Money at a desk: in full and once, with a receipt; drawers are counted, differences explained and booked."""

import datetime as dt

import pytest

from kernel.clock import FixedClock
from kernel.db import Database
from kernel.errors import Conflict, DomainError, Invalid, NotFound
from redemption import codes, taking, takings
from redemption.providers import NewRefund, PaymentStatus, ProviderPayment, RefundStatus
from redemption.taking import Place
from redemption.takings import DeskMethod, Drawer
from tests.redemption.bank import DAY, Bank, Credit, camt

PLACE = Place("rathaus", "person/1")
OTHER = Place("rathaus", "person/2")


@pytest.fixture
def bank(database: Database, city_id: int) -> Bank:
    """Give what the city collects."""
    return Bank(database, city_id)


def ask(bank: Bank, cents: int) -> ProviderPayment:
    """Ask for money at a desk."""
    return bank.desks.create(bank.new(cents))


def take(
    bank: Bank, code: str, receipt: str, method: DeskMethod = DeskMethod.CASH, place: Place = PLACE
) -> None:
    """Take what is due."""
    bank.database.run(
        bank.city_id,
        lambda work: taking.take(work, bank.city, code, place, method=method, receipt_number=receipt),
    )


def give_back(bank: Bank, refund_id: int, receipt: str, place: Place = PLACE) -> None:
    """Give money back in cash."""
    bank.database.run(
        bank.city_id,
        lambda work: taking.give_back(
            work, bank.city, refund_id, place, method=DeskMethod.CASH, receipt_number=receipt
        ),
    )


def count(
    bank: Bank, counted: int, *, change: int = 5000, note: str = "", place: Place = PLACE, day: dt.date = DAY
) -> Drawer:
    """Count a drawer."""
    return bank.database.run(
        bank.city_id,
        lambda work: taking.count(
            work, bank.city, place, day, float_cents=change, counted_cents=counted, note=note
        ),
    )


def accounts(bank: Bank) -> tuple[int, ...]:
    """Return what lies at the desk, in the main cash, with the card's network, missing, and in clearing."""
    paths = (
        "eur/cash/rathaus",
        "eur/cash/main",
        "eur/girocard/rathaus",
        "eur/differences/cash",
        "eur/clearing/desk",
    )
    return tuple(bank.cents(path) for path in paths)


def test_money_is_taken_once_whoever_types_or_scans(bank: Bank) -> None:
    """By the typed code in any writing, or the scanned one; the same receipt again changes nothing."""
    first, second = ask(bank, 1250), ask(bank, 700)
    take(bank, f" {codes.grouped(first.reference).lower()} ", "R-1")
    take(bank, first.reference, "R-1")
    take(bank, taking.CODE_PREFIX + second.reference, "R-2", DeskMethod.GIROCARD)

    assert PaymentStatus.SUCCEEDED is bank.desks.fetch(first.reference).status
    assert ("cash", "girocard") == tuple(bank.desks.fetch(one.reference).method for one in (first, second))
    assert (-1250, 0, -700, 0, 1950) == accounts(bank)


@pytest.mark.parametrize(
    ("code", "receipt", "place", "expected"),
    [
        ("0000000000", "R-9", PLACE, "collection-not-found"),
        ("nonsense", "R-9", PLACE, "collection-not-found"),
        ("open", "", PLACE, "receipt-number-invalid"),
        ("open", "R 9", PLACE, "receipt-number-invalid"),
        ("open", "R-9", Place("Rathaus!", "person/1"), "desk-invalid"),
        ("open", "R-9", Place("main", "person/1"), "desk-invalid"),
        ("open", "R-1", PLACE, "receipt-number-used"),
        ("paid", "R-9", PLACE, "collection-over"),
        ("cancelled", "R-9", PLACE, "collection-over"),
        ("transfer", "R-9", PLACE, "collection-not-found"),
    ],
)
def test_what_is_wrong_is_refused(bank: Bank, code: str, receipt: str, place: Place, expected: str) -> None:
    """Nothing is booked, and the code of the refusal says why."""
    named = {
        "open": ask(bank, 500),
        "paid": ask(bank, 300),
        "cancelled": ask(bank, 200),
        "transfer": bank.ask(100),
    }
    take(bank, named["paid"].reference, "R-1")
    bank.desks.cancel(named["cancelled"].reference)
    before = accounts(bank)
    with pytest.raises(DomainError) as refused:
        take(bank, named[code].reference if code in named else code, receipt, place=place)

    assert expected == refused.value.code
    assert before == accounts(bank)


def test_money_is_given_back_over_the_counter(bank: Bank) -> None:
    """A refund waits until somebody gives it back against a receipt; then it is done, once."""
    paid = ask(bank, 1000)
    take(bank, paid.reference, "R-1")
    bank.desks.refund(NewRefund("refund-1", 51, paid.reference, 400))
    assert RefundStatus.PENDING is bank.desks.fetch_refund("51").status

    with pytest.raises(Conflict, match="receipt-number-used"):
        give_back(bank, 51, "R-1")
    with pytest.raises(NotFound, match="hand-refund-not-found"):
        give_back(bank, 52, "R-2")
    give_back(bank, 51, "R-2")
    give_back(bank, 51, "R-2")
    with pytest.raises(Conflict, match="hand-refund-done"):
        give_back(bank, 51, "R-3")

    assert RefundStatus.SUCCEEDED is bank.desks.fetch_refund("51").status
    assert (-600, 0, 0, 0, 600) == accounts(bank)


def test_a_drawer_is_counted_once(bank: Bank, clock: FixedClock) -> None:
    """What is in it goes to the main cash; afterwards nothing more is booked in it on that day."""
    for receipt, cents in (("R-1", 1250), ("R-2", 750)):
        take(bank, ask(bank, cents).reference, receipt)
    take(bank, ask(bank, 900).reference, "R-3", place=OTHER)
    drawer = count(bank, 7000)

    assert (7000, 0) == (drawer.expected_cents, drawer.difference_cents)
    assert drawer == count(bank, 7000)
    assert (-900, -2000, 0, 0, 2900) == accounts(bank)
    with pytest.raises(Conflict, match="drawer-counted"):
        count(bank, 7001)
    with pytest.raises(Conflict, match="drawer-counted"):
        take(bank, ask(bank, 100).reference, "R-4")
    clock.advance(dt.timedelta(days=1))
    take(bank, ask(bank, 100).reference, "R-4")
    with bank.database.reading(bank.city_id) as reading:
        assert [("rathaus", "person/2", DAY)] == takings.uncounted(reading, dt.date(2026, 5, 5))


@pytest.mark.parametrize(
    ("counted", "main", "difference"), [(5950, -950, -50), (6100, -1100, 100), (4800, 200, -1200)]
)
def test_a_difference_is_explained_and_booked(bank: Bank, counted: int, main: int, difference: int) -> None:
    """Missing or too much: it needs a word, stands on an account of its own, and the desk is at zero."""
    take(bank, ask(bank, 1000).reference, "R-1")
    with pytest.raises(Invalid, match="count-note-missing"):
        count(bank, counted)
    drawer = count(bank, counted, note="Wechselgeld falsch")

    assert difference == drawer.difference_cents
    assert (0, main, 0, difference, 1000) == accounts(bank)


def test_a_count_that_makes_no_sense_is_refused(bank: Bank) -> None:
    """Below zero, too large, or of tomorrow."""
    for wrong in ({"counted": -1}, {"counted": 10**9}, {"counted": 5000, "day": dt.date(2026, 5, 5)}):
        with pytest.raises(Invalid, match="count-invalid"):
            count(bank, **wrong)


def test_a_transfer_refund_is_no_business_of_a_desk(bank: Bank) -> None:
    """Money that came from a bank account goes back there."""
    paid = bank.ask(1000)
    bank.take_in(camt(Credit(1000, paid.reference)))
    bank.transfers.refund(NewRefund("refund-1", 61, paid.reference, 400))
    with pytest.raises(NotFound, match="collection-not-found"):
        give_back(bank, 61, "R-1")
