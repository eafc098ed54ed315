"""Sending money back by hand: somebody has made the bank transfer and says so."""

import datetime as dt
from uuid import UUID

from kernel import db, ids
from kernel.cities import City
from kernel.errors import Conflict
from ledger import accounts, chart, posting, transfers
from ledger.accounts import Guard, NewAccount
from redemption import hand_refunds, orders
from redemption.collection_requests import CollectionWay
from redemption.hand_refunds import HandRefund
from redemption.providers import RefundStatus

PURPOSE = "refund-sent"

_NAMESPACE = UUID("9a3dd0b4-3d0e-4d0e-8f0c-5d7d6f5f3c11")


def sent(work: db.Work, city: City, refund_id: int, *, on: dt.date, by: str) -> HandRefund:
    """Note that a refund was transferred from the city's account on a day; the same again changes nothing.

    Raises NotFound `hand-refund-not-found`; Invalid `refund-day-invalid`; Conflict `hand-refund-done`, or
    `refund-at-desk` for money that was taken there.
    """
    before = hand_refunds.get(work, refund_id)
    if before.provider == CollectionWay.DESK.value:
        raise Conflict("refund-at-desk")
    refund = hand_refunds.done(work, city, refund_id, on=on, by=by)
    if before.status is not RefundStatus.PENDING:
        return refund
    clearing = orders.clearing_path(refund.provider)
    chart.open_chart(work)
    accounts.open_accounts(work, [NewAccount(clearing, transfers.EUR, Guard.NONE)])
    back = transfers.post(
        ids.derive(_NAMESPACE, work.city_id, refund_id),
        clearing,
        chart.EUR_BANK,
        refund.cents,
        effective=on,
        purpose=PURPOSE,
        subject=f"refund/{refund_id}",
    )
    posting.post_or_raise(work, [back])
    return refund
