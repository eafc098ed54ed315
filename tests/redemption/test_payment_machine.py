"""Payments under all that can go wrong: no voucher without money, no money without voucher or refund.

Ten thousand generated histories drive the very decisions that the till makes (`redemption.progress`) over the
faulty payment service, with a book of a few dictionaries that refuses what the ledger refuses. Till, rows and
ledger on both databases are walked through, with faults at chosen steps, in `test_ordering.py`.
"""

import contextlib
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.errors import DomainError
from redemption import progress
from redemption.progress import Booking, Call, Known, OrderStatus
from redemption.providers import (
    KeyConflict,
    NewPayment,
    NewRefund,
    PaymentRefused,
    PaymentStatus,
    ProviderPayment,
    ProviderRefund,
    RefundStatus,
)
from redemption.sandbox_provider import Fault, How, SandboxProvider
from tests.fixtures.databases import START

CENTS = 250
HISTORIES = 10_000
VALID = dt.timedelta(minutes=45)
DAY = dt.timedelta(days=1)
KEY_SAFE = dt.timedelta(hours=20)


@dataclass
class Book:
    """What the ledger would say: sums, and holds that are settled once."""

    receivable: int = 0
    held: dict[int, int] = field(default_factory=dict)
    captured: dict[int, int] = field(default_factory=dict)
    expected: bool = True
    voucher: str = ""
    """What the euros are held for, or have been used for."""
    used: int = 0

    @property
    def idle(self) -> int:
        """Return what nothing is left for."""
        return self.receivable - sum(self.held.values()) - (CENTS if self.voucher == "usable" else 0)

    def hold(self, refund: int, cents: int) -> None:
        """Refuse to hold what is not there, as the account's guard does."""
        assert 0 < cents <= self.idle
        self.held[refund] = cents

    def settle(self, refund: int, booking: Booking) -> None:
        """Capture or release a hold once; reverse a capture once."""
        if booking is Booking.REVERSE:
            self.receivable += self.captured.pop(refund)
            return
        cents = self.held.pop(refund)
        if booking is Booking.CAPTURE:
            self.receivable -= cents
            self.captured[refund] = cents


@dataclass
class Row:
    """What is on disk of a refund."""

    cents: int
    attempt: int
    due: dt.datetime
    status: RefundStatus | None = None
    reference: str | None = None


class Shop:
    """The till in miniature: each method commits at once, a crash may come between any two."""

    def __init__(self, faults: Callable[[str], Fault | None]) -> None:
        self.clock = FixedClock(START)
        self.service = SandboxProvider(self.clock, "secret", faults=faults)
        self.book, self.refunds = Book(), dict[int, Row]()
        self.order, self.obstacle = OrderStatus.OPEN, ""
        self.ending: OrderStatus | None = None
        self.status, self.received = PaymentStatus.CREATED, 0
        self.asked_at: dt.datetime | None = None
        self.reference: str | None = None
        self.expires_at = START + VALID
        self.seen_events: set[str] = set()
        self.late: list[Callable[[], None]] = []
        """Answers that another process has got and not booked yet."""

    @property
    def wanted(self) -> bool:
        """Whether the order still waits for its money."""
        return self.order is OrderStatus.OPEN and self.ending is None

    def advance(self, crash: str = "") -> None:
        """Take the payment's next step; a crash leaves what was committed before it."""
        if self.status.is_over:
            return
        now = self.clock.now()
        if self.wanted and self.expires_at <= now:
            self.ending = OrderStatus.EXPIRED
        call = progress.next_call(
            wanted=self.wanted,
            asked=self.asked_at is not None,
            long_ago=self.asked_at is not None and now - self.asked_at > KEY_SAFE,
            named=self.reference is not None,
        )
        if call is Call.NOTHING:
            self.record(ProviderPayment("", PaymentStatus.CANCELLED, CENTS))
            return
        self.asked_at = self.asked_at or now
        if crash == "claimed":
            return
        try:
            seen = self._ask(call)
        except DomainError:
            return
        if crash == "held":
            self.late.append(lambda: self.record(seen))
        elif crash != "answered":
            self.record(seen)

    def _ask(self, call: Call) -> ProviderPayment:
        seen = self._fetch(call)
        if seen is None:
            return ProviderPayment("", PaymentStatus.CANCELLED, CENTS)
        if not seen.status.is_over and not self.wanted:
            return self.service.cancel(seen.reference)
        return seen

    def _fetch(self, call: Call) -> ProviderPayment | None:
        if call is Call.FETCH:
            return self.service.fetch(self.reference or "")
        if call is not Call.CREATE:
            found = self.service.find(1)
            if found is not None or call is Call.FIND:
                return found
        new = NewPayment("k", 1, "d", CENTS, "s", "r", "u", "de", self.expires_at)
        try:
            return self.service.create(new)
        except PaymentRefused:
            return ProviderPayment("", PaymentStatus.FAILED, CENTS)
        except KeyConflict:
            found = self.service.find(1)
            if found is None:
                raise
            return found

    def record(self, seen: ProviderPayment) -> None:
        """Book what follows from an answer."""
        known = Known(self.order is OrderStatus.OPEN, self.ending, CENTS, self.status, self.received)
        step = progress.observed(known, seen.status, seen.received_cents, self.obstacle, "")
        assert step.status.rank >= self.status.rank
        assert not (step.captures and step.drops)
        if step.captures or step.drops:
            assert self.book.expected
            self.book.expected = False
        self.book.receivable += step.captures * CENTS + step.posts_cents
        self.status, self.received = step.status, step.received_cents
        self.reference = self.reference or seen.reference or None
        if known.is_open:
            self.order = step.order
            if step.order is OrderStatus.DONE:
                assert self.book.idle >= CENTS, "a voucher without money"
                self.book.voucher = "usable"
        self.send_back()

    def send_back(self) -> None:
        """Begin to send idle money back."""
        last = next(reversed(self.refunds.values()), None)
        failed = last.attempt if last and last.status is RefundStatus.FAILED else 0
        idle = self.book.idle
        if progress.goes_back(
            is_open=self.order is OrderStatus.OPEN,
            idle_cents=idle,
            disputed=False,
            last_failed_attempt=failed,
        ):
            self._begin(idle, 1, self.clock.now())

    def _begin(self, cents: int, attempt: int, due: dt.datetime) -> None:
        number = len(self.refunds) + 1
        self.book.hold(number, cents)
        self.refunds[number] = Row(cents, attempt, due)

    def advance_refunds(self, crash: str = "") -> None:
        """Take each refund's next step."""
        for number, row in list(self.refunds.items()):
            if row.status is RefundStatus.FAILED or row.due > self.clock.now() or crash == "claimed":
                continue
            try:
                if row.reference is not None:
                    seen = self.service.fetch_refund(row.reference)
                else:
                    new = NewRefund(f"r{number}", number, self.reference or "", row.cents)
                    seen = self.service.refund(new)
            except PaymentRefused:
                seen = ProviderRefund("", "", RefundStatus.FAILED, row.cents)
            except DomainError:
                continue
            if crash == "held":
                self.late.append(partial(self.record_refund, number, seen))
            elif crash != "answered":
                self.record_refund(number, seen)

    def record_refund(self, number: int, seen: ProviderRefund) -> None:
        """Book what follows from an answer about a refund."""
        row = self.refunds[number]
        step = progress.refund_observed(row.status, seen.status, row.attempt)
        if step is None:
            return
        if step.booking is not None:
            self.book.settle(number, step.booking)
        self.refunds[number] = replace(
            row, status=seen.status, reference=row.reference or seen.reference or None
        )
        if step.again:
            self._begin(row.cents, row.attempt + 1, self.clock.now() + DAY)

    def hear(self, body: bytes, headers: dict[str, str]) -> None:
        """Take a message of the service; twice it has one effect."""
        try:
            event = self.service.parse_event(body, headers, self.clock.now())
            if event.event_id in self.seen_events:
                return
            if event.topic.value == "payment":
                self.record(self.service.fetch(event.reference))
            else:
                seen = self.service.fetch_refund(event.reference)
                if seen.refund_id in self.refunds:
                    self.record_refund(seen.refund_id, seen)
        except DomainError:
            return
        self.seen_events.add(event.event_id)

    def check(self) -> None:
        """Expect what must be true after every step."""
        received, given = self.service.totals()
        assert given <= received, "more refunded than captured"
        assert self.received <= received
        assert self.book.receivable >= 0
        assert self.book.idle >= 0
        assert (self.order is OrderStatus.DONE) == bool(self.book.voucher)
        if self.book.voucher:
            assert received == CENTS
        on_the_books = self.received - sum(self.book.captured.values()) - self.book.used
        assert on_the_books == self.book.receivable


STEPS = st.sampled_from([
    "work", "work", "crash-claimed", "crash-answered", "crash-held", "stale", "card", "debit", "decline", "give-up", "settle", "bounce",
    "deliver", "shuffle", "drop", "twice", "minutes", "day", "call-off", "obstacle", "use", "give-back",
    "refund-arrives", "refund-fails",
])  # fmt: skip
PAGE = {"card": How.CARD, "debit": How.DEBIT, "decline": How.DECLINE, "give-up": How.GIVE_UP}
FAULTS = st.lists(st.sampled_from([None, None, None, *Fault]), max_size=12)


class History:
    """One order from its beginning to its end."""

    def __init__(self, faults: list[Fault | None]) -> None:
        self._faults = faults
        self.shop = Shop(lambda _: self._faults.pop() if self._faults else None)
        self.kept: list[tuple[bytes, dict[str, str]]] = []
        self._acts: dict[str, Callable[[str], None]] = {
            "work": self._work, "crash": self._work, **dict.fromkeys(PAGE, self._act_on_page),
            **dict.fromkeys(("settle", "bounce"), self._act_on_page),
            **dict.fromkeys(("deliver", "shuffle", "drop", "twice"), self._carry),
            "minutes": self._wait, "day": self._wait, "call-off": self._call_off, "obstacle": self._obstruct,
            "stale": self._book_late, "use": self._use, "give-back": self._give_back, "refund": self._settle_refunds,
        }  # fmt: skip

    def step(self, name: str) -> None:
        """Let one thing happen."""
        for beginning, act in self._acts.items():
            if name.startswith(beginning):
                act(name)
                return

    def _work(self, name: str) -> None:
        crash = name.partition("-")[2]
        self.shop.advance(crash)
        self.shop.advance_refunds(crash)

    def _act_on_page(self, name: str) -> None:
        for reference in self.shop.service.open_payments():
            if name in {"settle", "bounce"}:
                self.shop.service.settle(reference, good=name == "settle")
            else:
                self.shop.service.pay(reference, PAGE[name])

    def _book_late(self, _: str) -> None:
        for book in self.shop.late:
            book()
        self.shop.late.clear()

    def _wait(self, name: str) -> None:
        self.shop.clock.advance(DAY if name == "day" else dt.timedelta(minutes=20))

    def _call_off(self, _: str) -> None:
        if self.shop.wanted:
            self.shop.ending = OrderStatus.CANCELLED

    def _obstruct(self, _: str) -> None:
        self.shop.obstacle = "venue-suspended"

    def _use(self, _: str) -> None:
        if self.shop.book.voucher == "usable":
            self.shop.book.voucher, self.shop.book.used = "used", CENTS
            self.shop.book.receivable -= CENTS

    def _give_back(self, _: str) -> None:
        if self.shop.book.voucher == "usable":
            self.shop.book.voucher = "given-back"
            self.shop.send_back()

    def _settle_refunds(self, name: str) -> None:
        for number in range(1, 4):
            with contextlib.suppress(DomainError):
                self.shop.service.settle_refund(f"ref_{number}", good=name == "refund-arrives")

    def end(self) -> None:
        """Let time pass without further faults until nothing moves any more."""
        self._faults.clear()
        self._book_late("")
        for _ in range(30):
            self.shop.clock.advance(DAY)
            for reference in self.shop.service.open_payments():
                self.shop.service.settle(reference, good=True)
            self.shop.advance()
            self.shop.advance_refunds()
            for reference in self.shop.service.open_refunds():
                self.shop.service.settle_refund(reference, good=True)
            self._carry("deliver")
            if self.shop.order is not OrderStatus.OPEN and not self.shop.book.held:
                return

    def _carry(self, name: str) -> None:
        told = [(one.body, dict(one.headers)) for one in self.shop.service.take_messages()]
        if name == "drop":
            return
        if name == "shuffle":
            told = [*reversed(told), *self.kept]
        for body, headers in told * (2 if name == "twice" else 1):
            self.shop.hear(body, headers)
        self.kept = told


@settings(
    max_examples=HISTORIES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(steps=st.lists(STEPS, min_size=2, max_size=12), faults=FAULTS)
def test_whatever_goes_wrong_the_buyer_has_the_voucher_or_the_money(
    steps: list[str], faults: list[Fault | None]
) -> None:
    """Never more refunded than captured, never a voucher without money; in the end all is final and accounted for."""
    history = History(faults)
    for name in ["work", *steps]:
        history.step(name)
        history.shop.check()
    history.end()
    shop = history.shop
    shop.check()
    received, given = shop.service.totals()
    assert shop.order is not OrderStatus.OPEN
    assert shop.received == received, "money that the books do not know"
    kept = CENTS if shop.book.voucher in {"usable", "used"} else 0
    exhausted = any(row.attempt == progress.REFUND_ATTEMPTS_MAX for row in shop.refunds.values())
    assert received - given == kept or exhausted, "money without voucher or refund"
    assert {} == shop.book.held
