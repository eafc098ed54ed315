"""A payer's bank takes money back; a provider passes on to the city's bank what it has collected.

While a dispute is open the voucher lets nobody in. If it is lost, an unused voucher is taken back with its
points; what was used already is the city's loss.
"""

from uuid import UUID

from kernel import db, ids
from kernel.cities import City
from ledger import accounts, chart, posting, queries, transfers
from ledger.accounts import Guard, NewAccount
from redemption import cancelling, orders, payments, refunding, status_changes, vouchers
from redemption.orders import Order, Step
from redemption.payments import Dispute, Reason
from redemption.providers import DisputeStatus, ProviderDispute, ProviderPayout
from redemption.vouchers import VoucherStatus

PURPOSE_DISPUTE = "dispute"
PURPOSE_PAYOUT = "provider-payout"
PURPOSE_FEES = "provider-fees"

_NAMESPACE = UUID("4b2d3c1f-0b36-4f0d-8c92-0f6d6d3f7c55")


def record(work: db.Work, city: City, provider: str, seen: ProviderDispute) -> Dispute | None:
    """Take note of a dispute as its provider sees it; one that is decided stays so. None if it isn't ours."""
    payment = payments.by_reference(work, provider, seen.payment_reference)
    if payment is None:
        return None
    order = orders.get(work, payment.order_id)
    known = payments.dispute(work, provider, seen.reference)
    if known is None:
        known = Dispute(
            provider, seen.reference, payment.payment_id, order.order_id, DisputeStatus.OPEN,
            seen.amount_cents, seen.fee_cents, 0, work.now, None,
        )  # fmt: skip
        _open(work, city, order, known)
        payments.put_dispute(work, known)
    if known.status is not DisputeStatus.OPEN or seen.status is DisputeStatus.OPEN:
        return known
    lost = _lose(work, city, order, known) if seen.status is DisputeStatus.LOST else 0
    if seen.status is DisputeStatus.WON:
        _move(work, city, known, "won", (orders.clearing_path(provider), chart.EUR_DISPUTED), known.cents)
    decided = Dispute(
        provider, seen.reference, payment.payment_id, order.order_id, seen.status, known.cents,
        known.fee_cents, lost, known.opened_at, work.now,
    )  # fmt: skip
    payments.put_dispute(work, decided)
    _freeze(work, order, frozen=False)
    refunding.send_back(work, city, order, Reason.GIVEN_BACK)
    return decided


def record_payout(work: db.Work, city: City, provider: str, seen: ProviderPayout) -> None:
    """Book what a provider has passed on to the city's bank, and its fees; once, when that is final."""
    if not seen.is_final:
        return
    chart.open_chart(work)
    clearing = orders.clearing_path(provider)
    accounts.open_accounts(work, [NewAccount(clearing, transfers.EUR, Guard.NONE)])
    sides = [
        (chart.EUR_BANK, seen.amount_cents, PURPOSE_PAYOUT),
        (chart.EUR_FEES, seen.fee_cents, PURPOSE_FEES),
    ]
    key = (work.city_id, provider, seen.reference)
    known = [ids.derive(_NAMESPACE, *key, purpose) for _, _, purpose in sides]
    if queries.by_transfer_id(work, known):
        return
    booked = [
        transfers.post(
            ids.derive(_NAMESPACE, *key, purpose),
            debit,
            clearing,
            amount,
            effective=min(seen.arrives_on, city.day_of(work.now)),
            purpose=purpose,
            subject=f"{provider}/{seen.reference}"[:80],
            group_id=ids.derive(_NAMESPACE, *key),
        )
        for debit, amount, purpose in sides
        if amount > 0
    ]
    if booked:
        posting.post_or_raise(work, booked)


def _open(work: db.Work, city: City, order: Order, dispute: Dispute) -> None:
    chart.open_chart(work)
    clearing = orders.clearing_path(dispute.provider)
    _move(work, city, dispute, "opened", (chart.EUR_DISPUTED, clearing), dispute.cents)
    _move(work, city, dispute, "fee", (chart.EUR_FEES, clearing), dispute.fee_cents)
    _freeze(work, order, frozen=True)


def _freeze(work: db.Work, order: Order, *, frozen: bool) -> None:
    """Tell the till at the door, and those that check by the status list."""
    if order.voucher_id is None:
        return
    vouchers.freeze(work, order.voucher_id, frozen=frozen)
    voucher = vouchers.get(work, order.voucher_id)
    if voucher.status is VoucherStatus.USABLE:
        status_changes.note(work, [voucher.status_index], invalid=frozen)


def _lose(work: db.Work, city: City, order: Order, dispute: Dispute) -> int:
    """Take back what was not used; return what the city loses."""
    if order.voucher_id is not None:
        voucher = vouchers.get(work, order.voucher_id)
        if voucher.status is VoucherStatus.USABLE:
            cancelling.release(work, city, voucher)
    unused = min(dispute.cents, refunding.idle_cents(work, order))
    receivable = orders.receivable_path(order.order_id)
    _move(work, city, dispute, "unused", (receivable, chart.EUR_DISPUTED), unused)
    _move(work, city, dispute, "lost", (chart.EUR_LOSSES, chart.EUR_DISPUTED), dispute.cents - unused)
    return dispute.cents - unused


def _move(
    work: db.Work, city: City, dispute: Dispute, step: str, sides: tuple[str, str], amount: int
) -> None:
    if amount:
        position = f"{dispute.provider_reference}/{step}"
        moved = transfers.post(
            orders.transfer_id(work.city_id, dispute.order_id, Step.DISPUTE, position),
            *sides,
            amount,
            effective=city.day_of(work.now),
            purpose=PURPOSE_DISPUTE,
            subject=orders.subject(dispute.order_id),
        )
        posting.post_or_raise(work, [moved])
