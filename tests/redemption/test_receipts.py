"""Receipts: one for each thing, numbered without gaps, frozen, with the tax that is due."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from identity import postbox
from kernel import cities, money
from kernel.clock import FixedClock
from kernel.db import Reading, Work
from kernel.errors import NotFound
from redemption import receipting, receipts
from redemption.new_offers import VatKind
from redemption.offer_terms import Terms
from redemption.receipts import NewReceipt, PaidBy, Receipt, ReceiptKind
from tests.redemption.counter import Counter
from tests.redemption.office import SWIM, Office

T = TypeVar("T")


def run(office: Office, command: Callable[[Work], T]) -> T:
    """Run a command in a unit of work of its own."""
    return office.database.run(office.city_id, command)


def read(office: Office, question: Callable[[Reading], T]) -> T:
    """Ask a question."""
    with office.database.reading(office.city_id) as reading:
        return question(reading)


def _follow(office: Office) -> None:
    while run(office, lambda work: receipting.follow(work, cities.get(work))):
        pass


def _all(office: Office, owner: str) -> list[Receipt]:
    _follow(office)
    return read(office, lambda reading: list(receipts.every(reading, owner)))


def _paid(owner: str, subject: str, kind: ReceiptKind = ReceiptKind.FEE) -> NewReceipt:
    return NewReceipt(
        kind, owner, subject, {"de": "Hundesteuer"}, dt.datetime(2026, 5, 4, tzinfo=dt.UTC),
        amount_cents=9000, paid_cents=4000, paid_by=PaidBy.CARD, points=5000, reference=subject,
    )  # fmt: skip


def test_each_use_of_a_strip_has_a_receipt_with_its_share(office: Office) -> None:
    """Ten points for five visits are two for each; what is given back is what was left."""
    office.give("anna", 10)
    offer = office.offer(replace(SWIM, price_points=10, terms=Terms(uses=5)))
    strip = office.buy("anna", offer)
    office.scan(strip)
    office.scan(strip)
    office.cancel("anna", strip)

    found = [(one.kind, one.points) for one in _all(office, "anna")]

    assert [
        (ReceiptKind.BOUGHT, 10),
        (ReceiptKind.REDEEMED, 2),
        (ReceiptKind.REDEEMED, 2),
        (ReceiptKind.RETURNED, 6),
    ] == sorted(found)


def test_everything_that_happens_to_a_voucher_has_its_receipt(office: Office) -> None:
    """Bought, used, given back: one each, in the owner's postbox, with number, places and points."""
    office.give("anna", 500)
    offer = office.offer()
    used, returned = office.buy("anna", offer), office.buy("anna", offer)
    office.scan(used)
    office.scan(used)
    office.cancel("anna", returned)

    issued = _all(office, "anna")
    entries = read(office, lambda reading: postbox.page(reading, "anna"))

    assert [
        ("2026-000004", ReceiptKind.RETURNED), ("2026-000003", ReceiptKind.REDEEMED),
        ("2026-000002", ReceiptKind.BOUGHT), ("2026-000001", ReceiptKind.BOUGHT),
    ] == [(one.shown_number, one.kind) for one in issued]  # fmt: skip
    assert {120} == {one.points for one in issued}
    assert ["Freibad Kaiserberg"] == issued[1].facts["places"]
    assert 4 == sum(one.kind is postbox.EntryKind.RECEIPT for one in entries)
    assert 2 == sum(one.code == "voucher-bought" for one in entries)
    assert 2 == len(read(office, lambda reading: receipts.of_subject(reading, "anna", used.voucher_id)))
    assert issued == _all(office, "anna")


@pytest.mark.parametrize(
    ("vat_kind", "rate", "expected"),
    [
        (VatKind.DISCOUNT, None, [([], "discount"), ([], "discount")]),
        (VatKind.SINGLE_PURPOSE, 7, [([(7, 421, 29, 450)], ""), ([], "")]),
        (VatKind.MULTI_PURPOSE, None, [([], "at-redemption"), ([], "by-venue")]),
    ],
)
def test_tax_is_shown_when_it_is_due(
    office: Office, vat_kind: VatKind, rate: int | None, expected: list[tuple[list[Any], str]]
) -> None:
    """Never for a discount, at the sale for a single-purpose voucher, at redemption for a multi-purpose one."""
    office.give("anna", 500)
    new = replace(SWIM, vat_kind=vat_kind, vat_rate_percent=rate)
    office.scan(office.buy("anna", office.offer(new)))

    told = [one.facts for one in reversed(_all(office, "anna"))]
    parts = ("rate_percent", "net_cents", "tax_cents", "gross_cents")

    assert expected == [
        ([tuple(line[part] for part in parts) for line in facts["vat"]], facts["vat_note"]) for facts in told
    ]


def test_money_is_receipted_by_who_takes_it(office: Office) -> None:
    """Again: the first receipt; following the book does not issue a second one for the same voucher."""
    office.give("anna", 500)
    voucher = office.buy("anna", office.offer())
    new = _paid("anna", voucher.voucher_id, kind=ReceiptKind.BOUGHT)

    first, again = (run(office, lambda work: receipting.issue(work, office.city, new)) for _ in range(2))

    assert first == again
    assert [first] == _all(office, "anna")
    assert (PaidBy.CARD.value, 4000, 9000) == tuple(
        first.facts[name] for name in ("paid_by", "paid_cents", "amount_cents")
    )


def test_numbers_have_no_gaps(office: Office, clock: FixedClock) -> None:
    """A unit of work that fails gives its number back; each year of the city begins at 1; cities don't share."""

    def fail(work: Work) -> None:
        receipting.issue(work, office.city, _paid("anna", "lost"))
        raise NotFound("offer-not-found")

    def pay(*subjects: str) -> list[str]:
        wanted = [_paid("anna", subject) for subject in subjects]
        run(office, lambda work: receipting.issue_many(work, office.city, wanted))
        with office.database.reading(office.city_id) as reading:
            found = {receipts.find(reading, ReceiptKind.FEE, one) for one in subjects}
        return sorted(one.shown_number for one in found if one)

    assert ["2026-000001", "2026-000002"] == pay("a", "b")
    with pytest.raises(NotFound):
        run(office, fail)
    assert ["2026-000003"] == pay("c", "c")
    clock.advance(dt.datetime(2026, 12, 31, 23, 30, tzinfo=dt.UTC) - clock.now())
    assert ["2027-000001"] == pay("d")


def test_a_document_is_frozen(office: Office) -> None:
    """Canonical JSON of all facts; whatever changes later, it says the same; a stranger does not find it."""
    receipt = run(office, lambda work: receipting.issue(work, office.city, _paid("anna", "DU-1")))
    whole = json.dumps(receipt.facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    assert whole == receipt.document
    assert "anna" not in receipt.document
    assert "Duisburg" == receipt.facts["city"]["name"]
    with pytest.raises(NotFound, match="receipt-not-found"):
        read(office, lambda reading: receipts.get(reading, receipt.receipt_id, "eve"))


def test_erasing_leaves_number_day_and_amounts(office: Office) -> None:
    """Nothing leads to the person; the next number is the next."""
    run(office, lambda work: receipting.issue(work, office.city, _paid("anna", "DU-1")))
    run(office, lambda work: receipting.forget(work, "anna"))
    following = run(office, lambda work: receipting.issue(work, office.city, _paid("eve", "DU-1")))

    assert [] == _all(office, "anna")
    assert "2026-000002" == following.shown_number


@pytest.mark.parametrize(
    ("gross", "rate", "tax"), [(450, 7, 29), (119, 19, 19), (1, 19, 0), (0, 19, 0), (107, 0, 0), (3, 20, 1)]
)
def test_the_tax_in_an_amount(gross: int, rate: int, tax: int) -> None:
    """To the nearest cent, half a cent up; net and tax always add up."""
    line = receipts.vat_in(gross, rate)

    assert (tax, gross) == (money.tax_in(gross, rate), line.net_cents + line.tax_cents)
    for wrong in ((-1, 7), (100, 101)):
        with pytest.raises(ValueError, match="no tax"):
            money.tax_in(*wrong)


def test_euros_are_told_with_their_way_there_and_back(office: Office) -> None:
    """Bought by card for points and euros, given back: three receipts, the last of the money that went back."""
    office.give("anna", 1000)
    counter = Counter(office)
    order = counter.bought("anna", office.offer(replace(SWIM, price_cents=250, extra_points_most=250)))
    office.cancel("anna", counter.voucher(order))
    counter.work()
    counter.service.settle_refund("ref_1", good=True)
    counter.deliver(*counter.service.take_messages())

    told = [
        (one.kind, one.points, one.facts["paid_cents"], one.facts["paid_by"]) for one in _all(office, "anna")
    ]

    assert [
        (ReceiptKind.REFUND, 0, 250, "card"), (ReceiptKind.RETURNED, 120, 0, ""), (ReceiptKind.BOUGHT, 120, 250, "card"),
    ] == told  # fmt: skip
