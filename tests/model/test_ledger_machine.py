"""The ledger against a model of a few dictionaries: random histories on both databases.

After every step each counter and each outcome must be the model's, and every invariant must hold.
"""

import contextlib
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kernel import cities
from kernel.clock import FixedClock
from kernel.db import Work
from ledger import posting, queries, transfers
from ledger.outcomes import Code
from ledger.transfers import Transfer, TransferKind
from tests.ledger.desk import DAY, Desk
from tests.model.conftest import NewScratch

PATHS = ("issued", "budget/litter", "venue/1", "wallet/anna/2028-12-31", "wallet/ben/2028-12-31")
UNGUARDED = {"issued"}
OPEN = "open"


@dataclass
class Held:
    """A hold or a moved amount as the model knows it."""

    kind: TransferKind
    debit: str
    credit: str
    amount: int
    expires_at: dt.datetime | None = None
    state: str = OPEN


@dataclass
class Model:
    """What should be true: balances, reservations and every transfer ever booked."""

    posted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PATHS, 0))
    reserved: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PATHS, 0))
    incoming: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PATHS, 0))
    known: dict[UUID, Held] = field(default_factory=dict)

    def copy(self) -> "Model":
        """Return a copy on which a group can be tried."""
        known = {key: Held(**vars(held)) for key, held in self.known.items()}
        return Model(dict(self.posted), dict(self.reserved), dict(self.incoming), known)

    def expire(self, now: dt.datetime) -> None:
        """Release every hold whose time is over."""
        for held in self.known.values():
            over = held.expires_at is not None and held.expires_at <= now
            if held.kind is TransferKind.HOLD and held.state == OPEN and over:
                self._free(held)
                held.state = "expired"

    def book(self, transfer: Transfer) -> Code:
        """Decide one transfer and change the balances."""
        if transfer.refers_to is None:
            return self._book_new(transfer)
        return self._book_reference(transfer)

    def _book_new(self, transfer: Transfer) -> Code:
        assert transfer.debit is not None
        assert transfer.credit is not None
        assert transfer.amount is not None
        if transfer.debit == transfer.credit:
            return Code.ACCOUNTS_EQUAL
        available = self.posted[transfer.debit] - self.reserved[transfer.debit]
        if transfer.debit not in UNGUARDED and transfer.amount > available:
            return Code.OVERDRAFT
        held = Held(transfer.kind, transfer.debit, transfer.credit, transfer.amount, transfer.expires_at)
        self.known[transfer.transfer_id] = held
        if transfer.kind is TransferKind.HOLD:
            self.reserved[transfer.debit] += transfer.amount
            self.incoming[transfer.credit] += transfer.amount
        else:
            self._move(transfer.debit, transfer.credit, transfer.amount)
        return Code.POSTED

    def _book_reference(self, transfer: Transfer) -> Code:
        held = self.known.get(transfer.refers_to) if transfer.refers_to else None
        if held is None:
            return Code.REFERRED_NOT_FOUND
        reverses = transfer.kind is TransferKind.REVERSE
        if (held.kind is TransferKind.HOLD) == reverses:
            return Code.REFERRED_KIND_WRONG
        if held.state != OPEN:
            return Code("hold-expired" if held.state == "expired" else f"already-{held.state}")
        amount = held.amount if transfer.amount is None else transfer.amount
        if amount > held.amount:
            return Code.CAPTURE_EXCEEDS_HOLD
        if reverses:
            if (
                amount > self.posted[held.credit] - self.reserved[held.credit]
                and held.credit not in UNGUARDED
            ):
                return Code.OVERDRAFT
            self._move(held.credit, held.debit, amount)
            held.state = "reversed"
        else:
            self._free(held)
            if transfer.kind is TransferKind.CAPTURE:
                self._move(held.debit, held.credit, amount)
                moved = Held(TransferKind.CAPTURE, held.debit, held.credit, amount)
                self.known[transfer.transfer_id] = moved
            held.state = "captured" if transfer.kind is TransferKind.CAPTURE else "released"
        return Code.POSTED

    def _move(self, debit: str, credit: str, amount: int) -> None:
        self.posted[debit] -= amount
        self.posted[credit] += amount

    def _free(self, held: Held) -> None:
        self.reserved[held.debit] -= held.amount
        self.incoming[held.credit] -= held.amount


amounts = st.integers(1, 60)
paths = st.sampled_from(PATHS)


class LedgerMachine(RuleBasedStateMachine):
    """Posts at random and compares."""

    make: NewScratch

    @initialize()
    def found(self) -> None:
        """Found a city with open accounts."""
        self._stack = contextlib.ExitStack()
        database = self._stack.enter_context(self.make())
        assert isinstance(database.clock, FixedClock)
        self.clock = database.clock
        city = cities.found(database, cities.NewCity(slug="duisburg", name="Duisburg"))
        self.desk = Desk(database, city.city_id)
        self.model = Model()
        self.answered: dict[UUID, tuple[list[Transfer], list[Code]]] = {}
        self.steps = 0

    def _draft(self, draw: Callable[[Any], Any], group_id: UUID | None = None) -> Transfer:
        kind = draw(st.sampled_from(list(TransferKind)))
        transfer_id = self.desk.id()
        if kind in {TransferKind.POST, TransferKind.HOLD}:
            minutes = draw(st.none() | st.integers(1, 120)) if kind is TransferKind.HOLD else None
            expires_at = None if minutes is None else self.clock.now() + dt.timedelta(minutes=minutes)
            debit, credit = draw(paths), draw(paths)
            if debit.startswith("venue/") and credit.startswith("wallet/"):
                # What was spent never goes back to a wallet by itself: points are not traded.
                debit, credit = credit, debit
            return Transfer(
                transfer_id, kind, DAY, "test", "", group_id, debit, credit, draw(amounts),
                expires_at=expires_at,
            )  # fmt: skip
        known = [*self.model.known, self.desk.id()]
        amount = draw(st.none() | amounts) if kind is TransferKind.CAPTURE else None
        return Transfer(
            transfer_id,
            kind,
            DAY,
            None,
            None,
            group_id,
            amount=amount,
            refers_to=draw(st.sampled_from(known)),
        )

    def _expect(self, unit: list[Transfer]) -> list[Code]:
        trial, codes = self.model.copy(), []
        for transfer in unit:
            code = trial.book(transfer)
            codes.append(code)
            if code is not Code.POSTED:
                expected = [Code.GROUP_MEMBER_REJECTED] * len(unit)
                expected[len(codes) - 1] = code
                return expected
        self.model = trial
        return codes

    @rule(data=st.data(), sizes=st.lists(st.integers(1, 3), min_size=1, max_size=5))
    def post(self, data: st.DataObject, sizes: list[int]) -> None:
        """Post a batch of single transfers and groups."""
        self.model.expire(self.clock.now())
        batch: list[Transfer] = []
        expected: list[Code] = []
        for size in sizes:
            group_id = self.desk.id() if size > 1 else None
            unit = [self._draft(data.draw, group_id) for _ in range(size)]
            codes = self._expect(unit)
            batch += unit
            expected += codes
            self.answered[unit[0].transfer_id] = (unit, codes)
        assert self.desk.codes(*batch) == expected

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """Send an earlier unit again: the same answer, nothing changes."""
        unit, codes = self.answered[data.draw(st.sampled_from(list(self.answered)))]
        outcomes = self.desk.post(*unit)
        assert [outcome.code for outcome in outcomes] == codes
        assert all(outcome.replayed for outcome in outcomes)
        self.model.expire(self.clock.now())

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def misuse(self, data: st.DataObject) -> None:
        """Use an id again for something else: refused, nothing changes."""
        unit, _ = self.answered[data.draw(st.sampled_from(list(self.answered)))]
        forged = transfers.post(
            unit[0].transfer_id, "issued", "budget/litter", 999, effective=DAY, purpose="forged"
        )
        assert self.desk.codes(forged) == [Code.ID_USED_FOR_OTHER_CONTENT]
        self.model.expire(self.clock.now())

    @rule(minutes=st.integers(1, 90))
    def wait(self, minutes: int) -> None:
        """Let time pass; nothing is posted."""
        self.clock.advance(dt.timedelta(minutes=minutes))

    @rule(amount=amounts)
    def crash(self, amount: int) -> None:
        """Fail after posting: nothing stays."""

        def command(work: Work) -> None:
            posting.post(work, [self.desk.move(amount, debit="issued")])
            raise ConnectionError

        with contextlib.suppress(ConnectionError):
            self.desk.database.run(self.desk.city_id, command)

    @invariant()
    def agrees(self) -> None:
        """Compare every counter and check every invariant."""
        if not hasattr(self, "model"):
            return
        seen = self.model.copy()
        seen.expire(self.clock.now())
        with self.desk.database.reading(self.desk.city_id) as reading:
            balances = queries.balances(reading, PATHS)
        assert {path: c.posted for path, c in balances.items()} == seen.posted
        assert {path: c.debits_pending for path, c in balances.items()} == seen.reserved
        assert {path: c.credits_pending for path, c in balances.items()} == seen.incoming
        assert self.desk.verify().findings == ()

    def teardown(self) -> None:
        """Drop the database."""
        if hasattr(self, "_stack"):
            self._stack.close()


def test_ledger_agrees_with_the_model(new_scratch: NewScratch, backend: str) -> None:
    """Any history of posts, holds, captures, releases, reversals, repeats, crashes and time agrees."""
    machine = type("Machine", (LedgerMachine,), {"make": staticmethod(new_scratch)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60 if backend == "sqlite" else 40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
