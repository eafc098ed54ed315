"""Taking money at a desk: in full, with a receipt, and the drawer counted at the end of the day.

Cash lies in `eur/cash/<desk>` until the drawer is counted; then it goes to `eur/cash/main`, and what is
missing or too much stands in `eur/differences/cash`. What was paid by girocard is awaited from the card's
network in `eur/girocard/<desk>`.
"""

import datetime as dt
import re
from dataclasses import dataclass
from uuid import UUID

from kernel import db, ids
from kernel.cities import City
from kernel.errors import Conflict, Invalid
from ledger import accounts, chart, posting, transfers
from ledger.accounts import Guard, NewAccount
from redemption import codes, collection_requests, hand_refunds, takings
from redemption.codes import ManualCode
from redemption.collection_requests import CollectionNotFound, CollectionRequest, CollectionWay
from redemption.hand_refunds import HandRefund
from redemption.providers import PaymentStatus, RefundStatus
from redemption.takings import DeskMethod, Drawer, Taking
from redemption.tokens import TokenRefused

CLEARING = "eur/clearing/desk"
MAIN_CASH = "eur/cash/main"
DIFFERENCES = "eur/differences/cash"
PURPOSE_TAKEN = "desk-taken"
PURPOSE_GIVEN = "desk-given-back"
PURPOSE_COUNTED = "cash-counted"
CODE_PREFIX = "DC-PAY:"
"""Begins what the QR code of an order for a desk says."""

_NAMESPACE = UUID("d2b56f53-5c8a-4a3a-8ab5-4f4c0ad23f39")
_DESK = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_RECEIPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,39}")
_COUNT_MAX = 100_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where money is taken, and by whom."""

    desk: str
    staff: str


def find(reading: db.Reading, written: str) -> CollectionRequest:
    """Return what is to be paid at a desk for a typed or scanned code. Raises CollectionNotFound."""
    text = written.strip()
    try:
        code = codes.parse(text.removeprefix(CODE_PREFIX))
    except TokenRefused:
        raise CollectionNotFound(reference=text[:40]) from None
    if not isinstance(code, ManualCode):
        raise CollectionNotFound(reference=text[:40])
    request = collection_requests.by_code(reading, code.value)
    if request.way is not CollectionWay.DESK:
        raise CollectionNotFound(reference=text[:40])
    return request


def take(
    work: db.Work, city: City, code: str, place: Place, *, method: DeskMethod, receipt_number: str
) -> CollectionRequest:
    """Take all of what is due and give a receipt; the same again changes nothing.

    Raises CollectionNotFound; Invalid `desk-invalid`, `receipt-number-invalid`; Conflict
    `receipt-number-used`, `collection-over`, `drawer-counted`.
    """
    request = find(work, code)
    receipt = _checked(work, city, place, receipt_number)
    earlier = takings.by_receipt(work, place.desk, receipt)
    if earlier is not None:
        if (earlier.payment_id, earlier.refund_id, earlier.method) == (request.payment_id, None, method):
            return request
        raise Conflict("receipt-number-used", receipt=receipt)
    if request.status is not PaymentStatus.CREATED:
        raise Conflict("collection-over")
    _book(work, city, place, receipt, request, method, request.cents)
    return collection_requests.receive(work, request, request.cents, method.value)


def give_back(
    work: db.Work, city: City, refund_id: int, place: Place, *, method: DeskMethod, receipt_number: str
) -> HandRefund:
    """Give money back over the counter, against a receipt; the same again changes nothing.

    Raises NotFound `hand-refund-not-found`; Conflict `hand-refund-done`; and as `take`.
    """
    refund = hand_refunds.get(work, refund_id)
    request = collection_requests.by_code(work, refund.payment_reference)
    if request.way is not CollectionWay.DESK:
        raise CollectionNotFound(reference=refund.payment_reference)
    receipt = _checked(work, city, place, receipt_number)
    earlier = takings.by_receipt(work, place.desk, receipt)
    if earlier is not None:
        if earlier.refund_id == refund_id:
            return refund
        raise Conflict("receipt-number-used", receipt=receipt)
    if refund.status is not RefundStatus.PENDING:
        raise Conflict("hand-refund-done", day=refund.done_on.isoformat() if refund.done_on else "")
    _book(work, city, place, receipt, request, method, -refund.cents, refund.refund_id)
    today = city.day_of(work.now)
    return hand_refunds.done(
        work, city, refund_id, on=today, by=place.staff, receipt_number=f"{place.desk}/{receipt}"
    )


def expected_cash(reading: db.Reading, place: Place, day: dt.date) -> int:
    """Return how much cash was taken less given back by a person at a desk on a day."""
    taken = takings.of_day(reading, day, desk=place.desk, staff=place.staff)
    return sum(one.cents for one in taken if one.method is DeskMethod.CASH)


def count(
    work: db.Work, city: City, place: Place, day: dt.date, *, float_cents: int, counted_cents: int, note: str
) -> Drawer:
    """Count a drawer: what is in it goes to the main cash, a difference is booked as one.

    The same count again changes nothing. Raises Invalid `desk-invalid`, `count-invalid`,
    `count-note-missing` (a difference needs an explanation); Conflict `drawer-counted`.
    """
    _check_desk(place.desk)
    if day > city.day_of(work.now) or not all(0 <= one <= _COUNT_MAX for one in (float_cents, counted_cents)):
        raise Invalid("count-invalid", field="counted")
    there = takings.drawer(work, place.desk, place.staff, day)
    if there is not None:
        if (there.float_cents, there.counted_cents) == (float_cents, counted_cents):
            return there
        raise Conflict("drawer-counted", day=day.isoformat())
    taken = expected_cash(work, place, day)
    drawer = Drawer(
        place.desk,
        place.staff,
        day,
        float_cents,
        float_cents + taken,
        counted_cents,
        note.strip()[:300],
        work.now,
    )
    if drawer.difference_cents and not drawer.note:
        raise Invalid("count-note-missing", field="note", difference_cents=drawer.difference_cents)
    takings.add_drawer(work, drawer)
    _open(work, place.desk)
    there_now = counted_cents - float_cents
    key = (place.desk, place.staff, day.isoformat())
    batch = [
        *_moved(work, city, (MAIN_CASH, cash_path(place.desk)), there_now, PURPOSE_COUNTED, *key, "main"),
        *_moved(
            work,
            city,
            (DIFFERENCES, cash_path(place.desk)),
            taken - there_now,
            PURPOSE_COUNTED,
            *key,
            "difference",
        ),
    ]
    if batch:
        posting.post_or_raise(work, batch)
    return drawer


def cash_path(desk: str) -> str:
    """Return the account of the cash in a desk's drawers."""
    return f"eur/cash/{desk}"


def girocard_path(desk: str) -> str:
    """Return the account of what was paid by girocard at a desk and is awaited from its network."""
    return f"eur/girocard/{desk}"


def _book(
    work: db.Work,
    city: City,
    place: Place,
    receipt: str,
    request: CollectionRequest,
    method: DeskMethod,
    cents: int,
    refund_id: int | None = None,
) -> None:
    """Write a taking and post it; below zero money is given back."""
    today = city.day_of(work.now)
    takings.add(
        work,
        Taking(
            place.desk, receipt, request.payment_id, refund_id, method, cents, today, place.staff, work.now
        ),
    )
    _open(work, place.desk)
    path = cash_path(place.desk) if method is DeskMethod.CASH else girocard_path(place.desk)
    purpose = PURPOSE_TAKEN if cents > 0 else PURPOSE_GIVEN
    posting.post_or_raise(
        work, _moved(work, city, (path, CLEARING), cents, purpose, place.desk, receipt, "taken")
    )


def _moved(
    work: db.Work, city: City, sides: tuple[str, str], cents: int, purpose: str, *key: object
) -> list[transfers.Transfer]:
    """Return a posting of an amount, the other way round if it is below zero, none if it is zero."""
    debit, credit = sides if cents > 0 else reversed(sides)
    if not cents:
        return []
    return [
        transfers.post(
            ids.derive(_NAMESPACE, work.city_id, *key),
            debit,
            credit,
            abs(cents),
            effective=city.day_of(work.now),
            purpose=purpose,
            subject=f"desk/{key[0]}",
        )
    ]


def _checked(work: db.Work, city: City, place: Place, receipt_number: str) -> str:
    _check_desk(place.desk)
    receipt = receipt_number.strip()
    if not _RECEIPT.fullmatch(receipt):
        raise Invalid("receipt-number-invalid", field="receipt_number")
    today = city.day_of(work.now)
    is_new = takings.by_receipt(work, place.desk, receipt) is None
    if is_new and takings.drawer(work, place.desk, place.staff, today) is not None:
        raise Conflict("drawer-counted", day=today.isoformat())
    return receipt


def _check_desk(desk: str) -> None:
    if not _DESK.fullmatch(desk) or desk == "main":
        raise Invalid("desk-invalid", field="desk")


def _open(work: db.Work, desk: str) -> None:
    chart.open_chart(work)
    paths = (CLEARING, MAIN_CASH, DIFFERENCES, cash_path(desk), girocard_path(desk))
    accounts.open_accounts(work, [NewAccount(path, transfers.EUR, Guard.NONE) for path in paths])
