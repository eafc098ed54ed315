"""Paying fines with points: in full or not at all, once, and the register learns of it."""

import datetime as dt
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from kernel import cities, outbox
from kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from ledger.wallets import InsufficientPoints
from redemption import fine_references, fines, paying_fines
from redemption.file_register import Added, FileFineRegister, from_row
from redemption.fine_files import FineRow
from redemption.fines import (
    DueKind,
    Fine,
    FineAlreadyPaid,
    FineAmountDiffers,
    FineNotFound,
    FinePayment,
    FineRegister,
)
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind
from redemption.offers import Offer
from redemption.paying_fines import Receipt
from tests.redemption.office import LATER, SOON, Office

WRONG_PARKING = Fine(
    fine_references.derive("DU", "a parked car"),
    3000,
    dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC),
    "Königstr. 1",
    ("141101", "141102"),
)
TICKET_FORGOTTEN = replace(
    WRONG_PARKING, reference=fine_references.derive("DU", "another"), amount_cents=2001
)
FEE = Fine(
    fine_references.derive("DU", "a parking permit"),
    3070,
    dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC),
    "Altstadt",
    (),
    kind=DueKind.FEE,
    title="Bewohnerparkausweis",
)
FEES = NewOffer("fees", OfferKind.FEE, {"de": "Gebühr"}, {"de": "Gebühr bezahlen"}, "fee")
FINES = NewOffer("parking-fines", OfferKind.FINE, {"de": "Bußgeld"}, {"de": "Bußgeld bezahlen"}, "fine")


@pytest.fixture
def register(tmp_path: Path) -> FileFineRegister:
    """Give a register that knows two fines."""
    register = FileFineRegister(tmp_path / "fines")
    register.add([WRONG_PARKING, TICKET_FORGOTTEN])
    return register


@pytest.fixture
def offer(office: Office) -> Offer:
    """Give the published offer for fines."""
    return office.offer(FINES)


def pay(office: Office, offer: Offer, fine: Fine = WRONG_PARKING, owner: str = "anna") -> Receipt:
    """Pay a fine in its own unit of work."""
    city = office.city
    return office.database.run(
        office.city_id, lambda work: paying_fines.pay(work, city, owner, fine, offer.offer_id)
    )


def deliver(office: Office, register: FineRegister) -> None:
    """Do what the worker does with `fine.paid` messages."""
    with office.database.reading(office.city_id) as reading:
        due = [event for event in outbox.due(reading) if event.topic == paying_fines.TOPIC_PAID]
    for event in due:
        payment = paying_fines.report(register, dict(event.payload))
        office.database.run(office.city_id, partial(paying_fines.reported, payment=payment))
        office.database.run(office.city_id, partial(outbox.delivered, event_id=event.event_id))


def test_a_fine_is_found_as_typed_and_paid_in_full(
    office: Office, offer: Offer, register: FileFineRegister
) -> None:
    """3000 points from two lots go out of use, the programme owes 30.00 euros, the register learns of it."""
    office.give("anna", 1000, SOON)
    office.give("anna", 2500, LATER)
    typed = WRONG_PARKING.reference.lower().replace("-", " ")
    fine = paying_fines.look_up(register, typed)
    receipt = pay(office, offer, fine)
    assert (WRONG_PARKING.reference, 3000, 3000, 1, None) == (
        receipt.reference,
        receipt.amount_cents,
        receipt.points,
        receipt.rate_cents_per_point,
        receipt.reported_at,
    )
    assert (0, 500) == (office.available(f"wallet/anna/{SOON}"), office.available(f"wallet/anna/{LATER}"))
    assert 3000 == office.posted("redeemed")
    assert (-3000, 3000) == (office.posted("eur/programme"), office.posted("eur/payable/fines"))
    assert office.verify().ok
    deliver(office, register)
    with pytest.raises(FineAlreadyPaid):
        paying_fines.look_up(register, WRONG_PARKING.reference)
    with office.database.reading(office.city_id) as reading:
        told = paying_fines.get(reading, WRONG_PARKING.reference, "anna")
        assert [told] == paying_fines.page(reading, "anna")
        assert [] == paying_fines.page(reading, "anna", before=told.payment_id)
    assert office.clock.now() == told.reported_at


def test_points_are_rounded_up_so_that_the_full_amount_is_covered(office: Office, offer: Offer) -> None:
    """At two cents a point, 20.01 euros cost 1001 points; the register still gets 20.01."""
    city = replace(office.city, rate_cents_per_point=2)
    office.give("anna", 1001)
    receipt = office.database.run(
        office.city_id,
        lambda work: paying_fines.pay(work, city, "anna", TICKET_FORGOTTEN, offer.offer_id),
    )
    assert (1001, 2001, 2) == (receipt.points, receipt.amount_cents, receipt.rate_cents_per_point)
    assert (0, 2001) == (office.points("anna"), office.posted("eur/payable/fines"))


def test_a_fine_is_paid_once(office: Office, offer: Offer) -> None:
    """The second payment of a reference is refused, whoever tries it and before the register knows."""
    office.give("anna", 3000)
    office.give("ben", 3000)
    pay(office, offer)
    for owner in ("anna", "ben"):
        with pytest.raises(FineAlreadyPaid):
            pay(office, offer, owner=owner)
    assert 3000 == office.points("ben")
    with pytest.raises(FineAlreadyPaid):
        pay(office, offer, replace(TICKET_FORGOTTEN, is_paid=True), "ben")


def test_too_few_points_pay_nothing(office: Office, offer: Offer) -> None:
    """One point short: no part is paid, nothing is owed and no message waits."""
    office.give("anna", 2999)
    with pytest.raises(InsufficientPoints) as refused:
        pay(office, offer)
    assert 1 == refused.value.details["missing"]
    assert (2999, 0) == (office.points("anna"), office.posted("eur/payable/fines"))
    with office.database.reading(office.city_id) as reading:
        assert paying_fines.find(reading, WRONG_PARKING.reference) is None
        assert [] == outbox.due(reading)


def test_a_city_that_has_not_switched_fines_on_takes_none(
    office: Office, other_city_id: int, offer: Offer
) -> None:
    """Without the city's own decision every payment is refused."""
    office.give("anna", 3000)
    with office.database.reading(other_city_id) as reading:
        moers = cities.get(reading)
    with pytest.raises(Forbidden, match="fines-disabled"):
        office.database.run(
            other_city_id,
            lambda work: paying_fines.pay(work, moers, "anna", WRONG_PARKING, offer.offer_id),
        )


def test_only_a_published_offer_for_fines_pays_one(office: Office) -> None:
    """A swim does not pay a fine, nor does a draft."""
    office.give("anna", 3000)
    with pytest.raises(Invalid, match="offer-not-for-fines"):
        pay(office, office.offer())
    with pytest.raises(Conflict, match="offer-not-published"):
        pay(office, office.draft(FINES))


def test_a_fee_is_paid_like_a_fine_and_owed_on_its_own_account(
    office: Office, register: FileFineRegister
) -> None:
    """By the offer for fees, also where fines are not taken; the register learns of it once."""
    register.add([FEE])
    office.give("anna", 3070)
    no_fines = replace(office.city, fines_enabled=False)
    by = office.offer(FEES)
    fee = paying_fines.look_up(register, FEE.reference)
    receipt = office.database.run(
        office.city_id, lambda work: paying_fines.pay(work, no_fines, "anna", fee, by.offer_id)
    )
    deliver(office, register)
    assert (DueKind.FEE, 3070, 3070) == (receipt.kind, receipt.amount_cents, receipt.points)
    assert (3070, 0) == (office.posted("eur/payable/fees"), office.posted("eur/payable/fines"))
    assert [FEE.reference] == [one.reference for one in register.payments()]
    assert FEE == replace(found(FileFineRegister(register.directory), FEE), is_paid=False)
    with office.database.reading(office.city_id) as reading:
        assert by == paying_fines.offer_for(reading, DueKind.FEE)
        with pytest.raises(Conflict, match="dues-not-taken"):
            paying_fines.offer_for(reading, DueKind.FINE)
    assert office.verify().ok


@pytest.mark.parametrize(("fine", "by"), [(FEE, FINES), (WRONG_PARKING, FEES)])
def test_fees_and_fines_are_not_mixed_up(office: Office, fine: Fine, by: NewOffer) -> None:
    """Each has its offer."""
    office.give("anna", 4000)
    with pytest.raises(Invalid, match="offer-not-for-fines"):
        pay(office, office.offer(by), fine)
    assert 4000 == office.points("anna")


def test_a_register_of_before_fees_is_read(tmp_path: Path) -> None:
    """Its rows have no kind: they are fines."""
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "fines.csv").write_text(
        "reference;amount_cents;committed_at;place;offences\n"
        f"{WRONG_PARKING.reference};3000;2026-04-01T09:00:00+00:00;Königstr. 1;141101 141102\n"
    )
    assert WRONG_PARKING == FileFineRegister(folder).find(WRONG_PARKING.reference)


def test_an_offer_for_fines_may_have_places(office: Office) -> None:
    """A trial with one fine: the second is refused as sold out and costs nothing."""
    office.give("anna", 6000)
    limited = office.offer(replace(FINES, places=1))
    pay(office, limited)
    with pytest.raises(Conflict, match="sold-out"):
        pay(office, limited, TICKET_FORGOTTEN)
    stock = office.look_at(limited).places
    assert stock is not None
    assert (0, 1) == (stock.left, stock.used)
    assert 3000 == office.points("anna")
    assert office.verify().ok


@pytest.mark.parametrize(
    ("text", "error", "code"),
    [
        ("", Invalid, "reference-invalid"),
        ("hello", Invalid, "reference-invalid"),
        (WRONG_PARKING.reference[:-1] + "?", Invalid, "reference-invalid"),
        (fine_references.derive("DU", "never fined"), FineNotFound, "fine-not-found"),
    ],
)
def test_a_reference_that_leads_nowhere_says_why(
    register: FileFineRegister, text: str, error: type[DomainError], code: str
) -> None:
    """Mistyped and unknown are told apart by the check symbol."""
    with pytest.raises(error) as refused:
        paying_fines.look_up(register, text)
    assert code == refused.value.code


def test_a_receipt_is_for_its_owner(office: Office, offer: Offer) -> None:
    """Somebody else's receipt does not exist, nor does one for an unpaid fine."""
    office.give("anna", 3000)
    pay(office, offer)
    with office.database.reading(office.city_id) as reading:
        for reference, owner in ((WRONG_PARKING.reference, "ben"), (TICKET_FORGOTTEN.reference, "anna")):
            with pytest.raises(NotFound, match="receipt-not-found"):
                paying_fines.get(reading, reference, owner)


def test_a_message_that_is_delivered_twice_pays_once(
    office: Office, offer: Offer, register: FileFineRegister
) -> None:
    """The worker may fail after telling the register; telling again changes nothing, not even the instant."""
    office.give("anna", 3000)
    pay(office, offer)
    with office.database.reading(office.city_id) as reading:
        event = outbox.due(reading)[0]
    paying_fines.report(register, dict(event.payload))
    deliver(office, register)
    first = office.clock.now()
    office.clock.advance(dt.timedelta(hours=1))
    payment = paying_fines.report(register, dict(event.payload))
    office.database.run(office.city_id, lambda work: paying_fines.reported(work, payment))
    with office.database.reading(office.city_id) as reading:
        receipt = paying_fines.get(reading, WRONG_PARKING.reference)
    assert first == receipt.reported_at


def payment_of(fine: Fine, payment_id: int = 1) -> FinePayment:
    """Return a payment in full."""
    return FinePayment(payment_id, fine.reference, fine.amount_cents, dt.datetime(2026, 5, 4, tzinfo=dt.UTC))


def test_the_register_refuses_what_is_not_the_full_amount_of_an_open_fine(
    register: FileFineRegister,
) -> None:
    """Unknown, of another amount, and paid by another payment: three refusals."""
    with pytest.raises(FineNotFound):
        register.report_payment(replace(payment_of(WRONG_PARKING), reference="DU-0"))
    with pytest.raises(FineAmountDiffers) as refused:
        register.report_payment(replace(payment_of(WRONG_PARKING), amount_cents=2999))
    assert (3000, 2999) == (refused.value.details["due"], refused.value.details["paid"])
    register.report_payment(payment_of(WRONG_PARKING))
    register.report_payment(payment_of(WRONG_PARKING))
    with pytest.raises(FineAlreadyPaid):
        register.report_payment(payment_of(WRONG_PARKING, 2))


def test_adding_again_adds_nothing_and_never_replaces(register: FileFineRegister, tmp_path: Path) -> None:
    """Known ones are counted, others of the same reference are named and left out; all survives a restart."""
    other = replace(WRONG_PARKING, amount_cents=1)
    new = replace(WRONG_PARKING, reference=fine_references.derive("DU", "new"), place='"quoted"; Straße')
    assert Added(1, 1, (WRONG_PARKING.reference,)) == register.add([TICKET_FORGOTTEN, other, new])
    assert Added(0, 1, ()) == register.add([new])
    restarted = FileFineRegister(tmp_path / "fines")
    assert (3, WRONG_PARKING, new) == (
        len(restarted),
        restarted.find(WRONG_PARKING.reference),
        restarted.find(new.reference),
    )


def test_published_fines_fill_the_register(register: FileFineRegister) -> None:
    """A row of the city's file becomes a fine that is found by the reference derived for it."""
    row = FineRow(
        line=2,
        reference=fine_references.derive("DU", "a row"),
        committed_at=dt.datetime(2021, 8, 2, 9, 57, tzinfo=dt.UTC),
        amount_cents=5500,
        offence_codes=("141101", "141312"),
        district="K",
        vehicle="PKW",
        street="HOHENZOLLERNRING",
        house_number="57",
    )
    fine = from_row(row)
    register.add([fine])
    assert Fine(row.reference, 5500, row.committed_at, "HOHENZOLLERNRING 57", row.offence_codes) == fine
    assert fine == paying_fines.look_up(register, row.reference)


def test_another_process_sees_fines_and_payments_at_once(register: FileFineRegister, tmp_path: Path) -> None:
    """What is cached is read again when the files change."""
    other = FileFineRegister(tmp_path / "fines")
    assert not found(other, WRONG_PARKING).is_paid
    register.report_payment(payment_of(WRONG_PARKING))
    assert found(other, WRONG_PARKING).is_paid
    new = replace(WRONG_PARKING, reference=fine_references.derive("DU", "new"))
    assert other.find(new.reference) is None
    register.add([new])
    assert new == other.find(new.reference)


def test_a_payment_cut_short_by_a_crash_counts_as_not_made(
    register: FileFineRegister, tmp_path: Path
) -> None:
    """The half line is passed over, and the next payment takes its place."""
    register.report_payment(payment_of(WRONG_PARKING))
    file = tmp_path / "fines" / "payments.csv"
    with file.open("ab") as payments:
        payments.write(f"2;{TICKET_FORGOTTEN.reference};20".encode())
    assert not found(register, TICKET_FORGOTTEN).is_paid
    register.report_payment(payment_of(TICKET_FORGOTTEN, 2))
    restarted = FileFineRegister(tmp_path / "fines")
    assert [True, True] == [found(restarted, fine).is_paid for fine in (WRONG_PARKING, TICKET_FORGOTTEN)]
    assert 3 == len(file.read_text().splitlines())


def test_sixteen_at_once_pay_a_fine_once_in_the_register(register: FileFineRegister, tmp_path: Path) -> None:
    """Of different payments of one fine the first is kept, and every other is refused."""
    refused: list[str] = []

    def report(payment_id: int) -> None:
        try:
            FileFineRegister(tmp_path / "fines").report_payment(payment_of(WRONG_PARKING, payment_id))
        except FineAlreadyPaid as error:
            refused.append(error.code)

    run_all([threading.Thread(target=report, args=(number,)) for number in range(16)])
    assert 15 == len(refused)
    assert found(register, WRONG_PARKING).is_paid


def test_a_payment_survives_the_outbox() -> None:
    """The message says all that the register must know."""
    payment = payment_of(WRONG_PARKING, 2**62)
    assert payment == fines.from_payload(fines.to_payload(payment))


def found(register: FineRegister, fine: Fine) -> Fine:
    """Return a fine that has to be there."""
    there = register.find(fine.reference)
    assert there is not None
    return there


def run_all(threads: Sequence[threading.Thread]) -> None:
    """Run threads to their end."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
