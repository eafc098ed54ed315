"""Generated lives of orders, on a real till, ledger and database, under all that a payment service may do.

One seed is one history: somebody orders for points and euros, or pays a fee; calls fail before or after they
have had an effect, messages are lost, doubled, late and out of order, money comes in parts or too much of it,
the payer's bank takes it back, refunds bounce. Then all faults stop, time passes, and the end is looked at.
"""

import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from kernel.errors import DomainError
from ledger import chart, queries
from merchants import venues
from redemption import fine_references, orders, paying_fines, payments, progress
from redemption.fines import DueKind, Fine
from redemption.orders import Order, OrderStatus
from redemption.providers import DisputeStatus, PaymentStatus, RefundStatus
from redemption.sandbox_provider import Fault, How, Message
from redemption.vouchers import VoucherStatus
from tests.redemption.counter import Counter
from tests.redemption.office import SWIM, Office
from tests.redemption.test_fines import FEES
from tests.redemption.test_ordering import MIXED

POINTS = 5000
DAY = timedelta(days=1)
STEPS = (
    "work", "work", "work", "card", "card", "debit", "decline", "give-up", "settle", "bounce", "part", "surplus",
    "deliver", "shuffle", "drop", "twice", "minutes", "day", "call-off", "obstacle", "use", "give-back",
    "refund-arrives", "refund-fails", "dispute", "won", "lost",
)  # fmt: skip
PAYING = ("card", "card", "card", "debit", "debit", "part", "surplus", "give-up")
"""What most payers do as soon as they can."""
_PAGE = {"card": How.CARD, "debit": How.DEBIT, "decline": How.DECLINE, "give-up": How.GIVE_UP}


class Town:
    """A city in which histories happen one after another, and the sums that they leave."""

    def __init__(self, office: Office) -> None:
        self.faults: list[Fault | None] = []
        self.office = office
        self.counter = Counter(office, faults=lambda _: self.faults.pop() if self.faults else None)
        year = replace(MIXED, places=None)
        self.offers = [
            office.offer(replace(year, code="single")),
            office.offer(replace(year, code="strip", terms=replace(SWIM.terms, uses=3))),
            office.offer(replace(year, code="free", price_points=0, valid_days=2)),
        ]
        self.fees = office.offer(FEES)
        self.disputed_cents = self.fee_cents = 0
        office.database.run(
            office.city_id,
            lambda work: chart.fund_budget(
                work, "litter", 10**9, effective=work.now.date(), reference="c", transfer_id=work.ids.uuid()
            ),
        )

    def suspend(self, *, suspended: bool) -> None:
        """Close the venue, or open it again."""
        change = venues.suspend if suspended else venues.reactivate
        self.office.database.run(self.office.city_id, lambda work: change(work, self.office.pool.venue_id))

    def check_sums(self) -> None:
        """Expect service and ledger to agree to the cent, and the book to verify."""
        received, given = self.counter.service.totals()
        lying = received - given - self.disputed_cents - self.fee_cents
        assert lying == -self.counter.balance("eur/clearing/test")
        assert self.fee_cents == -self.counter.balance("eur/fees")
        report = self.office.verify()
        assert report.ok, report.findings


class History:
    """One order, from its beginning to its end."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.counter = town, town.counter
        self.dice = random.Random(seed)
        self.owner = f"buyer-{seed}"
        self.kept: Sequence[Message] = ()
        self.dispute: str | None = None
        self.fee: Fine | None = None
        town.office.give(self.owner, POINTS, town.office.clock.now().date() + 3 * 365 * DAY)
        town.faults[:] = self.dice.choices([None, None, None, None, *Fault], k=self.dice.randrange(8))
        self.order = self._order(seed)
        self._acts: dict[str, Callable[[str], None]] = {
            "work": self._work, **dict.fromkeys(_PAGE, self._act_on_page),
            **dict.fromkeys(("settle", "bounce", "part", "surplus"), self._collect),
            **dict.fromkeys(("deliver", "shuffle", "drop", "twice"), self._carry),
            "minutes": self._wait, "day": self._wait, "call-off": self._call_off, "obstacle": self._obstruct,
            "use": self._use, "give-back": self._give_back,
            "refund-arrives": self._settle_refunds, "refund-fails": self._settle_refunds,
            "dispute": self._dispute, "won": self._decide, "lost": self._decide,
        }  # fmt: skip

    def live(self, steps: int) -> None:
        """Let so many things happen, and look after each."""
        begin = ["work", "work", self.dice.choice(PAYING), "work"] if self.dice.randrange(8) else []
        for name in begin + self.dice.choices(STEPS, k=steps):
            self._acts[name](name)
            self.check()

    def end(self) -> None:
        """Let time pass without further faults until nothing moves any more."""
        self.town.faults.clear()
        self.town.suspend(suspended=False)
        for _ in range(12):
            if self.dispute:
                self._decide(self.dice.choice(["won", "lost"]))
            self._settle_open(good=True)
            self._carry("deliver")
            if not self.look().is_open and self._is_quiet():
                break
            self.town.office.clock.advance(DAY)
            self.counter.till.advance_due()
            self.counter.till.catch_up(self.town.office.clock.now() - 35 * DAY)
        self.check()
        self.check_end()

    def look(self) -> Order:
        """Read the order."""
        return self.counter.look(self.order)

    def row(self) -> dict[str, Any]:
        """Return the service's record of the payment, empty if it never heard of it."""
        reference = self.counter.payment(self.order).provider_reference
        return dict(self.counter.service.page(reference)) if reference else {}

    def check(self) -> None:
        """Expect what must be true at every instant."""
        order, payment = self.look(), self.counter.payment(self.order)
        refunds = self.counter.refunds(order)
        back = sum(one.cents for one in refunds if one.status is RefundStatus.SUCCEEDED)
        assert back <= payment.received_cents, "more refunded than captured"
        assert self.counter.receivable(order) >= 0
        if order.status is OrderStatus.DONE:
            assert payment.received_cents >= order.cents, "a voucher without money"
            assert self._is_fulfilled(order), "money without voucher"
        else:
            assert order.voucher_id is None
            assert not self._fee_is_paid(), "a fee without money"

    def check_end(self) -> None:
        """Expect a final state in which nobody has lost a cent or a point."""
        order, payment = self.look(), self.counter.payment(self.order)
        assert not order.is_open, "no final state"
        assert self._is_quiet() or self._retries(), "no final state"
        row = self.row()
        received = row.get("received_cents", 0)
        assert received == payment.received_cents, "money that the books do not know"
        refunds = self.counter.refunds(order)
        back = sum(one.cents for one in refunds if one.status is RefundStatus.SUCCEEDED)
        exhausted = any(one.attempt == progress.REFUND_ATTEMPTS_MAX for one in refunds)
        held = 0
        spent = order.points if self._fee_is_paid() else 0
        if order.voucher_id is not None:
            voucher = self.counter.voucher(order)
            parts = [voucher.points * n // voucher.uses for n in (voucher.used, voucher.uses)]
            is_open = voucher.status is VoucherStatus.USABLE
            spent = parts[1] if is_open else parts[0]
            held = voucher.left if is_open else 0
        assert abs(POINTS - spent - self.town.office.points(self.owner)) <= (order.points > 0) * 2
        idle = self._idle(order)
        assert idle == 0 or exhausted, "money without voucher or refund"
        if not held and order.voucher_id is None and not self._fee_is_paid() and not self._lost():
            assert exhausted or back == received, "money that did not go back"

    def _order(self, seed: int) -> Order:
        if self.dice.randrange(5) == 0:
            reference = fine_references.derive("DU", f"history {seed}")
            start = self.town.office.clock.now()
            self.fee = Fine(reference, 3070, start, "", (), kind=DueKind.FEE, title="Ausweis")
            points = self.dice.choice([0, 500, 3000])
            return self.counter.order_fine(self.owner, self.fee, self.town.fees, points)
        offer = self.dice.choice(self.town.offers)
        extra = self.dice.choice([0, 0, 60, 200])
        return self.counter.order(self.owner, offer, offer.price_points + extra)

    def _work(self, _: str) -> None:
        self.counter.till.advance_due()

    def _act_on_page(self, name: str) -> None:
        if self.row():
            self.counter.pay(self.order, _PAGE[name])

    def _collect(self, name: str) -> None:
        row = self.row()
        if not row:
            return
        reference = self.counter.reference(self.order)
        if name in {"settle", "bounce"}:
            self.counter.service.settle(reference, good=name == "settle")
        else:
            cents = row["amount_cents"]
            self.counter.service.transfer(reference, cents // 2 if name == "part" else cents + 100)

    def _carry(self, name: str) -> None:
        told = self.counter.service.take_messages()
        if name == "drop":
            return
        if name == "shuffle":
            told = [*reversed(told), *self.kept]
        for message in told * (2 if name == "twice" else 1):
            with contextlib.suppress(DomainError):
                self.counter.deliver(message)
        self.kept = told

    def _wait(self, name: str) -> None:
        self.town.office.clock.advance(DAY if name == "day" else timedelta(minutes=20))

    def _call_off(self, _: str) -> None:
        with contextlib.suppress(DomainError):
            self.counter.call_off(self.order)

    def _obstruct(self, _: str) -> None:
        self.town.suspend(suspended=self.dice.randrange(2) == 0)

    def _use(self, _: str) -> None:
        if self.look().voucher_id:
            self.town.office.scan(self.counter.voucher(self.order))

    def _give_back(self, _: str) -> None:
        if self.look().voucher_id:
            with contextlib.suppress(DomainError):
                self.town.office.cancel(self.owner, self.counter.voucher(self.order))

    def _settle_refunds(self, name: str) -> None:
        for refund in self.counter.refunds(self.order):
            if refund.provider_reference:
                self.counter.service.settle_refund(refund.provider_reference, good=name == "refund-arrives")

    def _settle_open(self, *, good: bool) -> None:
        if self.row():
            self.counter.service.settle(self.counter.reference(self.order), good=good)
        for reference in self.counter.service.open_refunds():
            self.counter.service.settle_refund(reference, good=good)

    def _dispute(self, _: str) -> None:
        row = self.row()
        back = any(one.status is not RefundStatus.FAILED for one in self.counter.refunds(self.order))
        # What is on its way back by itself is not taken back by the bank as well.
        if row.get("status") == PaymentStatus.SUCCEEDED and not back and self.dispute is None:
            self.dispute = self.counter.service.dispute(self.counter.reference(self.order))

    def _decide(self, name: str) -> None:
        if self.dispute:
            self.counter.service.decide(self.dispute, won=name == "won")

    def _disputes(self) -> list[payments.Dispute]:
        with self.counter.database.reading(self.counter.city_id) as reading:
            return payments.disputes_of(reading, self.order.order_id)

    def _lost(self) -> bool:
        return any(one.status is not DisputeStatus.WON for one in self._disputes())

    def _is_quiet(self) -> bool:
        open_refunds = [one for one in self.counter.refunds(self.order) if one.finished_at is None]
        decided = all(one.status is not DisputeStatus.OPEN for one in self._disputes())
        decided = decided and len(self._disputes()) == (self.dispute is not None)
        return not open_refunds and decided and self.counter.payment(self.order).status.is_over

    def _retries(self) -> bool:
        """Whether money that a bank has sent back several times is on its way once more."""
        return any(one.attempt > 1 for one in self.counter.refunds(self.order))

    def _idle(self, order: Order) -> int:
        with self.counter.database.reading(self.counter.city_id) as reading:
            return queries.balance(reading, orders.receivable_path(order.order_id)).available

    def _fee_is_paid(self) -> bool:
        if self.fee is None:
            return False
        with self.counter.database.reading(self.counter.city_id) as reading:
            return paying_fines.find(reading, self.fee.reference) is not None

    def _is_fulfilled(self, order: Order) -> bool:
        return self._fee_is_paid() if order.kind.by_reference else order.voucher_id is not None


def run(town: Town, seeds: Sequence[int]) -> dict[OrderStatus, int]:
    """Let histories happen; return how their orders ended. The one that fails is named."""
    ended = dict.fromkeys(OrderStatus, 0)
    for seed in seeds:
        history = History(town, seed)
        try:
            history.live(history.dice.randrange(3, 13))
            history.end()
        except AssertionError as failed:
            failed.add_note(f"history {seed}")
            raise
        for dispute in history._disputes():
            town.fee_cents += dispute.fee_cents
            town.disputed_cents += dispute.cents if dispute.status is not DisputeStatus.WON else 0
        ended[history.look().status] += 1
    return ended
