"""Payout runs: made by one person, released by another, carried out by the bank, or not."""

import datetime as dt
from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from ledger.outcomes import TransferRejected
from merchants import (
    contracts,
    matching,
    paying,
    payout_files,
    payout_orders,
    payout_runs,
    settlements,
    settling,
    venues,
)
from merchants.contracts import Extras
from merchants.matching import Import, Outcome
from merchants.payout_files import Payment, Side
from merchants.payout_orders import Order, OrderState, PayeeCheck
from merchants.payout_runs import Run, RunState
from merchants.payout_tables import runs
from merchants.periods import PeriodKind
from merchants.settlements import Settlement
from tests.merchants.bank_files import ACCOUNT, Moved, camt
from tests.merchants.town import MAY, Town
from tests.merchants.treasury import MAKER, PROFILE, RELEASER, TEN_JUNE, owed, prepare

NEXT_DAY = TEN_JUNE + dt.timedelta(days=1)
SPACE = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def make(town: Town, chosen: Sequence[Settlement], on: dt.date = NEXT_DAY) -> Run:
    """Make a run."""
    ids = [one.settlement_id for one in chosen]
    return town.database.run(town.city_id, lambda work: payout_runs.make(work, ids, execute_on=on, by=MAKER))


def release(town: Town, run: Run, by: str = RELEASER) -> Run:
    """Release a run."""
    return town.database.run(town.city_id, lambda work: payout_runs.release(work, run.run_id, by=by))


def cancel(town: Town, run: Run) -> Run:
    """Cancel a run."""
    return town.database.run(town.city_id, lambda work: payout_runs.cancel(work, run.run_id, by=MAKER))


def take_in(town: Town, content: bytes) -> Import:
    """Take a bank statement in."""
    return town.database.run(town.city_id, lambda work: matching.take_in(work, content, by=MAKER))


def clear(town: Town, entry_key: str) -> None:
    """Take an entry off the list."""
    town.database.run(town.city_id, lambda work: matching.clear(work, entry_key, by=MAKER))


def orders(town: Town, run: Run) -> list[Order]:
    """Return the orders of a run."""
    with town.database.reading(town.city_id) as reading:
        return payout_orders.of_run(reading, run.run_id)


def paid_on(town: Town, settlement: Settlement) -> dt.date | None:
    """Return when a settlement was paid."""
    with town.database.reading(town.city_id) as reading:
        return settlements.get(reading, settlement.settlement_id).paid_on


def owing(town: Town, settlement: Settlement) -> tuple[int, int]:
    """Return what the city owes a venue, and what of it is in transit."""
    left = town.left(venues.payable_path(settlement.venue_id))
    return left.posted, left.debits_pending


def test_a_run_is_made_released_and_confirmed(town: Town) -> None:
    """The file pays exactly what is owed; released it is in transit, confirmed by the bank it is gone, once."""
    made = owed(town, 50, 70)
    run = make(town, made)
    root = ElementTree.fromstring(run.document)

    assert (run.number, run.state, run.order_count, run.total_cents) == ("Z2026-0001", RunState.MADE, 2, 240)
    assert [one.text for one in root.iterfind(".//p:InstdAmt", SPACE)] == ["1.00", "1.40"]
    assert root.findtext(".//p:GrpHdr/p:MsgId", namespaces=SPACE) == "DC1-Z2026-0001"
    assert root.findtext(".//p:ReqdExctnDt/p:Dt", namespaces=SPACE) == "2026-06-11"
    address = root.find(".//p:Cdtr/p:PstlAdr", SPACE)
    assert [one.text for one in address] == ["Am Schwimmbad 1", "47053", "Duisburg", "DE"]
    assert root.findtext(".//p:Dbtr/p:Nm", namespaces=SPACE) == "Stadt Duisburg, Stadtkaemmerei"

    released = release(town, run)
    assert (released.state, owing(town, made[0])) == (RunState.RELEASED, (100, 100))

    ids = [order.end_to_end_id for order in orders(town, run)]
    assert ids == ["DC1-2026-0001-1", "DC1-2026-0002-1"]
    file = camt(*(Moved(-cents, end_to_end_id=one) for one, cents in zip(ids, (100, 140), strict=True)))
    done = take_in(town, file)

    assert (done.counts, done.file.incoming_count) == ({"confirmed": 2}, 0)
    assert [paid_on(town, one) for one in made] == [dt.date(2026, 6, 5)] * 2
    assert [owing(town, one) for one in made] == [(0, 0), (0, 0)]
    assert town.left("eur/bank").posted == 240


def test_the_same_file_and_overlapping_files_change_nothing(town: Town) -> None:
    """A bank statement that is taken in again, or another with the same entries, books nothing a second time."""
    made = owed(town, 50, 70)
    run = release(town, make(town, made))
    first, second = (Moved(-one.cents, end_to_end_id=one.end_to_end_id) for one in orders(town, run))
    once = take_in(town, camt(first))
    booked = town.head()

    assert take_in(town, camt(first)) == once
    assert town.head() == booked
    overlapping = take_in(town, camt(first, second, statement_id="STMT-2"))
    assert (overlapping.counts, overlapping.known_before) == ({"confirmed": 1}, 1)
    assert town.left("eur/bank").posted == 240


def test_a_returned_payout_is_open_again(town: Town) -> None:
    """What comes back is owed again and can be paid by another run, under another id."""
    (made,) = owed(town, 50)
    run = release(town, make(town, [made]))
    sent = orders(town, run)[0].end_to_end_id
    take_in(town, camt(Moved(-100, end_to_end_id=sent)))
    back = Moved(100, end_to_end_id=sent, reason="AC04", reversal=True)

    done = take_in(town, camt(back, Moved(9_999, remittance="somebody else"), statement_id="STMT-2"))

    assert (done.counts, done.file.incoming_count) == ({"returned": 1}, 1)
    (order,) = orders(town, run)
    assert (order.state, order.return_reason) == (OrderState.RETURNED, "AC04")
    assert (paid_on(town, made), owing(town, made), town.left("eur/bank").posted) == (None, (100, 0), 0)
    again = release(town, make(town, [made]))
    assert [one.end_to_end_id for one in orders(town, again)] == ["DC1-2026-0001-2"]
    take_in(town, camt(Moved(-100, end_to_end_id="DC1-2026-0001-2"), statement_id="STMT-3"))
    assert owing(town, made) == (0, 0)


def test_a_payout_that_was_refused_at_once_is_freed(town: Town) -> None:
    """Paid and returned in one file, or returned without having left: the reservation goes, the debt stays."""
    made = owed(town, 50, 70)
    run = release(town, make(town, made))
    one, two = orders(town, run)
    file = camt(
        Moved(100, end_to_end_id=one.end_to_end_id),
        Moved(-100, end_to_end_id=one.end_to_end_id),
        Moved(140, end_to_end_id=two.end_to_end_id),
    )

    assert take_in(town, file).counts == {"confirmed": 1, "returned": 2}
    assert [owing(town, settlement) for settlement in made] == [(100, 0), (140, 0)]


def test_a_run_booked_in_one_sum_is_confirmed(town: Town) -> None:
    """Banks may book a file as one sum: then its total confirms all of its orders."""
    made = owed(town, 50, 70)
    release(town, make(town, made))
    whole = camt(Moved(-240)).replace(
        b"<NtryDtls>", b"<NtryDtls><Btch><PmtInfId>DC1-Z2026-0001-1</PmtInfId></Btch>"
    )

    assert take_in(town, whole).counts == {"confirmed": 1}
    assert [owing(town, one) for one in made] == [(0, 0), (0, 0)]


@pytest.mark.parametrize("cents", [-99, -101])
def test_another_amount_confirms_nothing(town: Town, cents: int) -> None:
    """An entry that names a payout with another amount is put aside for a person, and can be cleared."""
    (made,) = owed(town, 50)
    run = release(town, make(town, [made]))
    done = take_in(town, camt(Moved(cents, end_to_end_id=orders(town, run)[0].end_to_end_id), Moved(-7)))

    assert done.counts == {"differs": 1, "unknown": 1}
    assert owing(town, made) == (100, 100)
    with town.database.reading(town.city_id) as reading:
        waiting = matching.to_look_at(reading)
    assert {one.outcome for one in waiting} == {Outcome.DIFFERS, Outcome.UNKNOWN}
    for one in waiting:
        clear(town, one.entry_key)
    with town.database.reading(town.city_id) as reading:
        assert matching.to_look_at(reading) == []
    with pytest.raises(NotFound, match="bank-entry-not-found"):
        clear(town, "0" * 32)


def test_money_that_left_without_release_is_noticed(town: Town) -> None:
    """An entry for a run that nobody released, or that was cancelled, books nothing and is shown."""
    (made,) = owed(town, 50)
    run = make(town, [made])
    entry = Moved(-100, end_to_end_id=orders(town, run)[0].end_to_end_id)

    assert take_in(town, camt(entry)).counts == {"unexpected": 1}
    assert owing(town, made) == (100, 0)


def test_the_maker_does_not_release(town: Town) -> None:
    """Who made a run can't release it, and it is released once."""
    run = make(town, owed(town, 50))

    with pytest.raises(Forbidden, match="own-payout-run"):
        release(town, run, by=MAKER)
    release(town, run)
    with pytest.raises(Conflict, match="payout-run-decided"):
        release(town, run)


def test_a_run_is_cancelled_until_it_was_fetched(town: Town) -> None:
    """Before the file is fetched a run can be cancelled, released or not; afterwards the bank may have it."""
    made = owed(town, 50)
    cancel(town, make(town, made))
    assert owing(town, made[0]) == (100, 0)
    second = release(town, make(town, made))
    assert cancel(town, second).state is RunState.CANCELLED
    assert owing(town, made[0]) == (100, 0)
    third = release(town, make(town, made))
    fetched = town.database.run(town.city_id, lambda work: payout_runs.fetch(work, third.run_id))

    assert fetched.fetched_at is not None
    with pytest.raises(Conflict, match="payout-run-sent"):
        cancel(town, third)
    with pytest.raises(Conflict, match="payout-run-decided"):
        cancel(town, second)
    with pytest.raises(Conflict, match="payout-run-not-released"):
        town.database.run(town.city_id, lambda work: payout_runs.fetch(work, second.run_id))


def test_a_run_that_was_tampered_with_is_not_released(town: Town) -> None:
    """A file that is not the one that was made, or whose orders were changed, is refused."""
    run = make(town, owed(town, 50))
    other = run.document.replace(">1.00<", ">9.00<")
    town.database.run(
        town.city_id,
        lambda work: work.connection.execute(
            sa.update(runs)
            .where(runs.c.city_id == work.city_id, runs.c.run_id == run.run_id)
            .values(document=other)
        ),
    )

    with pytest.raises(Invalid, match="payout-file-invalid"):
        release(town, run)


def test_what_can_not_be_paid_is_not_taken_into_a_run(town: Town) -> None:
    """Nothing chosen, nothing owed, paid or under way already, no IBAN, another day: each has its refusal."""
    paid, under_way, fine = owed(town, 50, 60, 70)
    nothing = town.open_venue(name="Leer", valid_from=dt.date(2026, 5, 1))
    empty = town.settle(nothing.venue_id)
    unbanked = town.open_venue(name="Ohne", iban="")
    town.redeem(unbanked.venue_id, 5, on=dt.date(2026, 5, 2))
    without = town.settle(unbanked.venue_id)
    town.database.run(
        town.city_id, lambda work: paying.confirm(work, paid.settlement_id, paid_on=TEN_JUNE, by=MAKER)
    )
    make(town, [under_way])
    refusals: list[tuple[list[Settlement], dt.date, str]] = [
        ([], NEXT_DAY, "payout-run-empty"),
        ([paid], NEXT_DAY, "settlement-already-paid"),
        ([under_way], NEXT_DAY, "payout-under-way"),
        ([empty], NEXT_DAY, "nothing-to-pay"),
        ([without], NEXT_DAY, "iban-missing"),
        ([fine], TEN_JUNE - dt.timedelta(days=1), "execution-day-invalid"),
        ([fine], TEN_JUNE + dt.timedelta(days=31), "execution-day-invalid"),
    ]

    for chosen, day, code in refusals:
        with pytest.raises(DomainError, match=code):
            make(town, chosen, day)
    with pytest.raises(Conflict, match="payout-not-released"):
        town.database.run(
            town.city_id,
            lambda work: paying.confirm(work, under_way.settlement_id, paid_on=TEN_JUNE, by=MAKER),
        )
    with pytest.raises(NotFound, match="settlement-not-found"):
        town.database.run(
            town.city_id, lambda work: payout_runs.make(work, [99], execute_on=NEXT_DAY, by=MAKER)
        )


def test_a_city_needs_its_own_account_first(town: Town) -> None:
    """Without profile nobody is paid and no bank statement is read; another account's is refused."""
    venue = town.open_venue()
    town.redeem(venue.venue_id, 50)
    town.go_to(dt.date(2026, 6, 1))
    settlement = town.settle(venue.venue_id)
    with pytest.raises(Conflict, match="billing-profile-missing"):
        make(town, [settlement], dt.date(2026, 6, 2))
    with pytest.raises(Conflict, match="billing-profile-missing"):
        take_in(town, camt())
    prepare(town)
    with pytest.raises(Conflict, match="bank-file-other-account"):
        take_in(town, camt(iban="DE89370400440532013000"))


def test_confirmed_by_hand_a_sent_order_is_paid(town: Town) -> None:
    """Without bank statement the treasurer's word does it, and the bank's own word later changes nothing."""
    (made,) = owed(town, 50)
    run = release(town, make(town, [made]))
    town.database.run(
        town.city_id, lambda work: paying.confirm(work, made.settlement_id, paid_on=TEN_JUNE, by=MAKER)
    )

    assert (orders(town, run)[0].state, owing(town, made)) == (OrderState.PAID, (0, 0))
    late = take_in(town, camt(Moved(-100, end_to_end_id=orders(town, run)[0].end_to_end_id)))
    assert late.counts == {"confirmed": 1}
    assert paid_on(town, made) == TEN_JUNE


def test_what_is_in_transit_can_not_be_paid_twice(town: Town) -> None:
    """The ledger itself refuses to reserve more than the city owes."""
    (made,) = owed(town, 50)
    run = release(town, make(town, [made]))
    other = [
        Order(**{**{n: getattr(o, n) for n in Order.__dataclass_fields__}, "position": 9})
        for o in orders(town, run)
    ]

    with pytest.raises(TransferRejected, match="overdraft"):
        town.database.run(town.city_id, lambda work: paying.reserve(work, other))


def test_the_payee_check_is_noted(town: Town) -> None:
    """What the bank says about name and IBAN stands at the order."""
    run = make(town, owed(town, 50))
    town.database.run(
        town.city_id, lambda work: payout_runs.note_payee(work, run.run_id, 1, PayeeCheck.CLOSE)
    )

    assert [one.payee_check for one in orders(town, run)] == [PayeeCheck.CLOSE]
    with pytest.raises(NotFound, match="payout-run-not-found"):
        town.database.run(
            town.city_id, lambda work: payout_runs.note_payee(work, run.run_id, 2, PayeeCheck.MATCH)
        )


PAYER = Side(PROFILE.name, ACCOUNT, "Burgplatz 19", "47051", "Duisburg", "DE", "BELADEBEXXX")
PAYEES = st.builds(
    Side,
    name=st.text("abcäöüß éŁ&<>'\"Ω", min_size=1, max_size=90).filter(lambda name: name.strip()),
    iban=st.sampled_from(["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19"]),
    street=st.text("Straße 1&", min_size=1, max_size=80).filter(lambda text: text.strip()),
    postcode=st.just("47051"),
    town=st.just("Düren"),
    country=st.sampled_from(["DE", "NL"]),
)


@tries(max_examples=40, deadline=None)
@given(st.lists(st.tuples(PAYEES, st.integers(1, 10**11 - 1)), min_size=1, max_size=4))
def test_files_are_valid_exact_and_the_same_again(paid: list[tuple[Side, int]]) -> None:
    """Whatever the names: the file is valid, pays the cents exactly, and is the same bytes each time."""
    payments = [Payment(f"E{place}", payee, cents, "Für Mai") for place, (payee, cents) in enumerate(paid)]
    instant = dt.datetime(2026, 6, 10, 10, tzinfo=dt.UTC)

    once, again = (
        payout_files.write("DC1-Z2026-0001", PAYER, payments, execute_on=NEXT_DAY, made_at=instant)
        for _ in range(2)
    )

    assert once == again


@pytest.mark.parametrize(
    ("change", "code"),
    [({"iban": "DE89370400440532013001"}, "iban-invalid"), ({"cents": 0}, "payout-amount-invalid"), ({"cents": 10**11}, "payout-amount-invalid")],
)  # fmt: skip
def test_wrong_payments_are_not_written(change: dict[str, object], code: str) -> None:
    """A wrong IBAN, nothing, or more than SEPA carries is refused by us: the schema would let the IBAN pass."""
    iban, cents = str(change.get("iban", ACCOUNT)), int(str(change.get("cents", 1)))
    payment = Payment("E1", Side("A", iban, "B", "C", "D", "DE"), cents, "T")

    with pytest.raises(Invalid, match=code):
        payout_files.write(
            "M", PAYER, [payment], execute_on=NEXT_DAY, made_at=dt.datetime(2026, 6, 10, tzinfo=dt.UTC)
        )


def test_not_before_the_days_of_the_contract(town: Town) -> None:
    """A contract that gives guests time to object is paid from then on, not a day before."""
    prepare(town)
    venue = town.open_venue(rate=None)
    town.database.run(
        town.city_id,
        lambda work: contracts.sign(
            work, venue.venue_id, rate_cents_per_point=2, period=PeriodKind.MONTH, valid_from=MAY,
            extras=Extras(payout_delay_days=21),
        ),
    )  # fmt: skip
    town.redeem(venue.venue_id, 100)
    town.go_to(TEN_JUNE)
    settled = town.database.run(
        town.city_id, lambda work: settling.settle(work, town.city, venue.venue_id, MAY)
    )

    with pytest.raises(Conflict, match="payout-before-due") as refusal:
        make(town, [settled], dt.date(2026, 6, 20))
    run = make(town, [settled], dt.date(2026, 6, 21))

    assert (refusal.value.details["earliest"], 200) == ("2026-06-21", run.total_cents)
