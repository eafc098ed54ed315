"""Issuing receipts: the next number of the city's year, the document, and an entry in the postbox.

Receipts are issued by following the book (`follow`): every purchase, redemption, return, fine and refund is a
group of bookings there, in order and without gaps, so none is forgotten and buying stays fast. `issue` is for
what has no such bookings; a voucher that has its receipt by then gets no second one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from identity import postbox
from identity.postbox import EntryKind, NewEntry
from kernel import bulk, db, money
from kernel.cities import City
from kernel.db import Work
from ledger import accounts, chart, queries
from ledger.outcomes import BookedTransfer
from ledger.transfers import TransferKind
from redemption import euro_receipts, offers, orders, paying_fines, receipts, refunding, vouchers
from redemption.new_offers import VatKind
from redemption.offers import Offer
from redemption.receipt_tables import receipt_numbers, receipt_progress
from redemption.receipt_tables import receipts as table
from redemption.receipts import NewReceipt, PaidBy, Receipt, ReceiptKind, VatLine, VatNote
from redemption.vouchers import Voucher

WINDOW: Final = 500
"""Bookings looked at in one unit of work."""
_KINDS: Final = {
    vouchers.PURPOSE_BOUGHT: ReceiptKind.BOUGHT,
    **dict.fromkeys(vouchers.PURPOSES_REDEEMED, ReceiptKind.REDEEMED),
    vouchers.PURPOSE_CANCELLED: ReceiptKind.RETURNED,
}


def issue(work: Work, city: City, new: NewReceipt) -> Receipt:
    """Issue a receipt and put it into its owner's postbox; for the same subject and kind the first again."""
    issue_many(work, city, [new])
    found = receipts.find(work, new.kind, new.subject)
    if found is None:
        msg = "a receipt that was issued is not there"
        raise RuntimeError(msg)
    return found


def issue_many(work: Work, city: City, wanted: Iterable[NewReceipt]) -> int:
    """Issue receipts as `issue` does, at the price of a few statements; return how many are new."""
    fresh = _unissued(work, list(wanted))
    if not fresh:
        return 0
    year = city.day_of(work.now).year
    first = _next_numbers(work, year, len(fresh))
    rows, told = [], []
    for number, new in enumerate(fresh, first):
        receipt_id, shown = work.ids.next(), receipts.shown_number(year, number)
        rows.append(
            (
                work.city_id, receipt_id, year, number, new.kind.value, new.owner, new.subject, work.now,
                new.points, new.amount_cents, [asdict(line) for line in new.vat],
                receipts.document(city, new, shown, work.now),
            )
        )  # fmt: skip
        told.append(_entry(new, receipt_id, shown))
        if new.kind is ReceiptKind.BOUGHT and new.voucher_id and new.valid_until:
            told.append(_voucher_entry(new))
    bulk.insert_rows(work, table, [column.name for column in table.c], rows)
    postbox.put_many(work, told)
    return len(fresh)


def behind(reading: db.Reading) -> bool:
    """Return whether there are bookings that were not looked at."""
    return _done(reading) < queries.head_sequence(reading)


def follow(work: Work, city: City) -> bool:
    """Issue the receipts of the next bookings; return whether there are more. Again: nothing twice."""
    after, head = _done(work), queries.head_sequence(work)
    upto = min(after + WINDOW, head)
    if upto <= after:
        return False
    booked = queries.between(work, after, upto, [*_KINDS, *paying_fines.PURPOSES, refunding.PURPOSE_REFUNDED])
    if upto < head and booked and booked[-1].group_id is not None:
        # What was booked together is looked at together; no group is as large as a window.
        cut = next(one.sequence for one in booked if one.group_id == booked[-1].group_id)
        if cut > after + 1:
            upto, booked = cut - 1, [one for one in booked if one.sequence < cut]
    found = [*_of_vouchers(work, booked), *_of_fines(work, booked), *euro_receipts.of_refunds(work, booked)]
    issue_many(work, city, found)
    _advance(work, upto)
    return upto < head


def forget(work: Work, owner: str) -> None:
    """Take from an owner's receipts all that leads to a person; number, day and amounts stay."""
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.owner == owner)
        .values(owner=None, subject=None, document=None)
    )


def _unissued(work: Work, wanted: Sequence[NewReceipt]) -> list[NewReceipt]:
    by_name = {(new.kind.value, new.subject): new for new in reversed(wanted)}
    if not by_name:
        return []
    found = work.connection.execute(
        sa.select(table.c.kind, table.c.subject).where(
            table.c.city_id == work.city_id, bulk.any_of(table.c.subject, "subjects")
        ),
        {"subjects": sorted({subject for _, subject in by_name})},
    )
    issued = {(row.kind, row.subject) for row in found}
    fresh = {name: new for name, new in reversed(by_name.items()) if name not in issued}
    return list(fresh.values())


def _next_numbers(work: Work, year: int, count: int) -> int:
    """Return the first of so many numbers; a unit of work that is rolled back gives them back."""
    mine = (receipt_numbers.c.city_id == work.city_id, receipt_numbers.c.year == year)
    last = work.connection.execute(sa.select(receipt_numbers.c.last).where(*mine)).scalar()
    if last is None:
        work.connection.execute(
            sa.insert(receipt_numbers).values(city_id=work.city_id, year=year, last=count)
        )
        return 1
    work.connection.execute(sa.update(receipt_numbers).where(*mine).values(last=last + count))
    return int(last) + 1


def _entry(new: NewReceipt, receipt_id: int, shown: str) -> NewEntry:
    facts = {
        "titles": new.titles,
        "number": shown,
        "receipt_id": str(receipt_id),
        "points": new.points,
        "paid_cents": new.paid_cents,
        "reference": new.reference,
    }
    if new.kind is ReceiptKind.REDEEMED and new.places:
        facts["venue"] = new.places[0]
    return NewEntry(new.owner, EntryKind.RECEIPT, f"receipt-{new.kind.value}", facts, f"receipt/{receipt_id}")


def _voucher_entry(new: NewReceipt) -> NewEntry:
    until = new.valid_until.isoformat() if new.valid_until else ""
    facts = {"titles": new.titles, "voucher_id": new.voucher_id, "valid_until": until}
    return NewEntry(new.owner, EntryKind.VOUCHER, "voucher-bought", facts, f"voucher/{new.voucher_id}")


def _of_vouchers(work: Work, booked: Sequence[BookedTransfer]) -> list[NewReceipt]:
    """Return the receipts of what happened to vouchers; those of an erased person are gone."""
    events: dict[tuple[str, ReceiptKind, object], BookedTransfer] = {}
    borne = {one.account_id for one in accounts.by_path(work, [chart.OFFLINE_LOSS, chart.EUR_LOSSES])}
    for one in booked:
        if one.debit_account_id in borne:
            # A second use in good faith, which the city pays: nobody spent anything.
            continue
        if one.purpose in _KINDS and one.kind is not TransferKind.REVERSE and "/" in one.subject:
            kind = _KINDS[one.purpose]
            # Each use of a voucher with several is a group of its own.
            use = one.group_id if kind is ReceiptKind.REDEEMED else None
            events.setdefault((one.subject.partition("/")[2], kind, use), one)
    points = _points_by_group(work, booked)
    found = {one.voucher_id: one for one in vouchers.find(work, voucher_ids=(name for name, *_ in events))}
    sold = offers.by_id(work, (one.offer_id for one in found.values())) if found else {}
    made = (
        _of_voucher(
            kind, found[voucher_id], sold[found[voucher_id].offer_id], booking, points[booking.group_id]
        )
        for (voucher_id, kind, _), booking in events.items()
        if voucher_id in found
    )
    return [euro_receipts.with_payment(work, one) for one in made if one.owner != orders.NOBODY]


def _points_by_group(work: Work, booked: Sequence[BookedTransfer]) -> Counter[UUID | None]:
    """Return how many points each group took from wallets, reserved for them or gave back."""
    known = accounts.by_id(work, {one.debit_account_id for one in booked})
    points: Counter[UUID | None] = Counter()
    for one in booked:
        # At a voucher's redemption a release only makes room for the post that follows.
        makes_room = one.kind is TransferKind.RELEASE and _KINDS.get(one.purpose) is ReceiptKind.REDEEMED
        if not makes_room and known[one.debit_account_id].owner is not None:
            points[one.group_id] += one.amount
    return points


def _of_voucher(
    kind: ReceiptKind, voucher: Voucher, offer: Offer, booking: BookedTransfer, points: int
) -> NewReceipt:
    value_cents = voucher.value_cents
    if kind is ReceiptKind.REDEEMED:
        value_cents = money.even_parts(value_cents, voucher.uses)[0]
    lines, note = tax_of(kind, offer, value_cents)
    used = kind is ReceiptKind.REDEEMED and voucher.redeemed_venue_name is not None
    return NewReceipt(
        kind=kind,
        # What comes back comes to whoever paid.
        owner=voucher.owner if used else voucher.payer or voucher.owner,
        subject=f"{voucher.voucher_id}/{booking.group_id}" if used else voucher.voucher_id,
        titles=voucher.titles,
        happened_at=booking.booked_at,
        points=points,
        paid_cents=voucher.paid_cents if kind is ReceiptKind.BOUGHT else 0,
        places=(voucher.redeemed_venue_name or "",) if used else voucher.venue_names,
        voucher_id=voucher.voucher_id,
        valid_until=voucher.valid_until,
        vat=lines,
        vat_note=note,
    )


def tax_of(kind: ReceiptKind, offer: Offer, gross_cents: int) -> tuple[tuple[VatLine, ...], VatNote]:
    """Return the tax of a sale, a return or a redemption, by what the offer is for the tax."""
    if offer.vat_kind is VatKind.DISCOUNT:
        return (), VatNote.DISCOUNT
    rate = offer.vat_rate_percent
    if offer.vat_kind is VatKind.SINGLE_PURPOSE:
        due = rate is not None and kind is not ReceiptKind.REDEEMED
        return ((receipts.vat_in(gross_cents, rate or 0),) if due else ()), VatNote.NOTHING
    if kind is not ReceiptKind.REDEEMED:
        return (), VatNote.AT_REDEMPTION
    if rate is None:
        return (), VatNote.BY_VENUE
    return (receipts.vat_in(gross_cents, rate),), VatNote.NOTHING


def _of_fines(work: Work, booked: Sequence[BookedTransfer]) -> list[NewReceipt]:
    groups = {one.group_id for one in booked if one.purpose in paying_fines.PURPOSES and one.group_id}
    references = paying_fines.by_groups(work, groups) if groups else {}
    paid = [one for one in (paying_fines.find(work, name) for name in references.values()) if one]
    sold: Mapping[int, Any] = offers.by_id(work, (one.offer_id for one in paid)) if paid else {}
    return [
        NewReceipt(
            kind=ReceiptKind(one.kind),
            owner=one.owner,
            subject=one.reference,
            titles=sold[one.offer_id].titles,
            happened_at=one.paid_at,
            points=one.points,
            amount_cents=one.amount_cents,
            paid_cents=one.paid_cents,
            paid_by=euro_receipts.of_fine(work, one.reference) if one.paid_cents else PaidBy.NOTHING,
            reference=one.reference,
            rate_cents_per_point=one.rate_cents_per_point,
        )
        for one in paid
    ]


def _done(reading: db.Reading) -> int:
    sequence = reading.connection.execute(
        sa.select(receipt_progress.c.sequence).where(receipt_progress.c.city_id == reading.city_id)
    ).scalar()
    return int(sequence or 0)


def _advance(work: Work, sequence: int) -> None:
    statement = db.insert(work, receipt_progress).values(city_id=work.city_id, sequence=sequence)
    work.connection.execute(
        statement.on_conflict_do_update(
            index_elements=[receipt_progress.c.city_id], set_={"sequence": sequence}
        )
    )
