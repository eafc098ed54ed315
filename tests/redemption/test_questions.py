"""What a till is asked before a good voucher is redeemed: how much of its value, and the number of the receipt."""

import datetime as dt
from dataclasses import replace

import pytest

from kernel.errors import Invalid
from merchants import contracts
from merchants.contracts import Extras
from merchants.periods import PeriodKind
from redemption import codes, till_receipts
from redemption.offer_terms import Reentry, Terms
from redemption.scan_events import More
from redemption.scans import Scanned
from redemption.verdicts import Question, Verdict, VerdictCode
from redemption.vouchers import Voucher
from tests.redemption.office import SEALER, SWIM, Office
from tests.redemption.phones import Phone, outcomes

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
VALUE = replace(
    SWIM,
    code="value",
    price_points=100,
    value_cents=2000,
    terms=Terms(uses=10, in_parts=True, undo_minutes=5),
)
BOTH = frozenset(Question)


@pytest.fixture
def value(office: Office) -> Voucher:
    """Give a voucher of 20 euros in ten parts."""
    office.give("anna", 1000)
    return office.buy("anna", office.offer(VALUE))


def asked(
    office: Office, voucher: Voucher, asks: frozenset[Question], uses: int = 1, number: str = ""
) -> Verdict:
    """Scan at the pool's till, which asks."""
    scanned = Scanned(
        codes.app_text(voucher.token),
        office.pool.venue_id,
        office.till,
        f"{'-'.join(sorted(asks))}/{uses}/{number}",
        uses=uses,
        asks=asks,
    )
    (outcome,) = office.database.run(
        office.city_id, lambda work: till_receipts.redeem_many(work, office.city, [(scanned, number)], SEALER)
    )
    assert isinstance(outcome, Verdict)
    return outcome


def test_first_the_amount_then_the_receipt(office: Office, value: Voucher) -> None:
    """Nothing is used before both are said; what can't be taken is refused without a question."""
    first = asked(office, value, BOTH)
    assert (VerdictCode.AMOUNT_NEEDED, 200) == (first.code, first.part_cents)
    assert VerdictCode.RECEIPT_NEEDED is asked(office, value, frozenset({Question.RECEIPT}), 3).code
    assert 10 == office.look(value).left
    assert asked(office, value, frozenset(), 3, "47/11").accepted
    assert (7, 30) == (office.look(value).left, office.posted(f"venue/{office.pool.venue_id}"))
    assert VerdictCode.TOO_FEW_LEFT is asked(office, value, BOTH, 8).code
    assert asked(office, value, frozenset({Question.AMOUNT}), 6, "48").code is VerdictCode.AMOUNT_NEEDED
    assert asked(office, value, frozenset(), 6, "48").accepted
    assert asked(office, value, frozenset({Question.AMOUNT})).accepted
    assert VerdictCode.ALREADY_USED is asked(office, value, BOTH, number="49").code


def test_what_has_no_parts(office: Office) -> None:
    """A single use, a value that can't be divided, or guests who come in again."""
    for wrong in (
        replace(VALUE, terms=Terms(in_parts=True)),
        replace(VALUE, value_cents=2001),
        replace(VALUE, value_cents=0),
        replace(VALUE, terms=replace(VALUE.terms, reentry=Reentry.SAME_DAY)),
    ):
        with pytest.raises(Invalid, match="offer-parts"):
            office.draft(wrong)


def test_without_a_network_it_is_signed_and_judged_later(office: Office, value: Voucher) -> None:
    """The number is kept, one of another guest or none is told and paid all the same; a wrong amount is not paid."""
    office.database.run(
        office.city_id,
        lambda work: contracts.sign(
            work, office.pool.venue_id, rate_cents_per_point=1, period=PeriodKind.WEEK,
            valid_from=dt.date(2026, 5, 4), extras=Extras(receipt_numbers=True),
        ),
    )  # fmt: skip
    phone, other = Phone(office, office.pool, "A"), Phone(office, office.pool, "B")
    phone.scan(value, uses=2, more={More.VALUE_CENTS: 400, More.RECEIPT: "47/11"})
    phone.scan(value, uses=2, more={More.VALUE_CENTS: 500, More.RECEIPT: "48"})
    phone.scan(value)
    other.scan(value, more={More.RECEIPT: "47/11"})
    expected = [("accepted", None), ("refused", "value-differs"), ("accepted", "receipt-missing")]
    assert expected == outcomes(phone.hand_in())
    assert [("accepted", "receipt-used")] == outcomes(other.hand_in())
    assert [("accepted", "receipt-used")] == outcomes(other.hand_in())
    assert 6 == office.look(value).left
