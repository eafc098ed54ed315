"""Random histories of a small city: every kind of transfer, groups, partial captures, expiry, three assets."""

import datetime as dt
import random
from dataclasses import dataclass, field
from uuid import UUID

from kernel.clock import FixedClock
from kernel.db import Database
from ledger import accounts, chart, posting, transfers
from ledger.accounts import Guard, NewAccount
from ledger.outcomes import Outcome
from ledger.transfers import Transfer, TransferKind

CAMPAIGNS = ("litter", "tree", "v1.2-quest", "empty")
_LOTS = tuple(
    NewAccount(f"wallet/{owner}/{day}", "DUC", owner=owner, expires_on=dt.date.fromisoformat(day))
    for owner in ("anna", "ben", "c.d", "dora", "emil", "fritz")
    for day in ("2027-12-31", "2028-12-31")
)
_ACCOUNTS = (
    *(NewAccount(chart.budget_path(name), "DUC") for name in CAMPAIGNS),
    *_LOTS,
    NewAccount("venue/1", "DUC", Guard.NONE),
    NewAccount("venue/2", "DUC", Guard.NONE),
    NewAccount("eur/payable/1", "EUR"),
    NewAccount("issued/7-a-", "PLC:7-a-", Guard.NONE),
    NewAccount("stock/7-a-", "PLC:7-a-"),
    NewAccount("sold/7-a-", "PLC:7-a-", Guard.NONE),
)
_SUBJECTS = (
    "", "DS 26-0412, item 3", 'say "please"; or % else | a\\b', " padded ", "Straße \u2028 \t ünï", "a:b [2026-01-01] =1",
)  # fmt: skip


@dataclass
class History:
    """Lives in one city's book; the same seed lives the same life."""

    database: Database
    city_id: int
    clock: FixedClock
    seed: int
    open_holds: list[UUID] = field(default_factory=list)
    movable: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.database.run(self.city_id, chart.open_chart)
        self.database.run(self.city_id, lambda work: accounts.open_accounts(work, _ACCOUNTS))

    def live(self, steps: int) -> None:
        """Post so many batches, each with a few transfers; some are refused, as in life."""
        for campaign in CAMPAIGNS[:3]:
            self.post(self._post("issued", f"budget/{campaign}", self.dice.randint(100, 5000)))
        self.post(self._post("issued/7-a-", "stock/7-a-", 20))
        for _ in range(steps):
            self.clock.advance(dt.timedelta(minutes=self.dice.randint(1, 90), microseconds=7))
            if self.dice.random() < 0.08:
                self.clock.advance(dt.timedelta(days=self.dice.randint(1, 20)))
            self.post(*self._batch())
        self.post(*(self._hold("budget/litter", _LOTS[0].path, 1, after) for after in (None, 30)))

    def post(self, *batch: Transfer) -> list[Outcome]:
        """Post a batch and remember what may be referred to."""
        outcomes = self.database.run(self.city_id, lambda work: posting.post(work, batch))
        for transfer, outcome in zip(batch, outcomes, strict=True):
            if outcome.ok and transfer.kind is TransferKind.HOLD:
                self.open_holds.append(transfer.transfer_id)
            elif outcome.ok and transfer.kind in {TransferKind.POST, TransferKind.CAPTURE}:
                self.movable.append(transfer.transfer_id)
        return outcomes

    def _batch(self) -> list[Transfer]:
        chance = self.dice.random()
        if chance < 0.15:
            group = self._id()
            return [self._new(group) for _ in range(self.dice.randint(2, 4))]
        if chance < 0.40 and self.open_holds:
            return [self._resolve(self._take(self.open_holds))]
        if chance < 0.52 and self.movable:
            again = self.dice.random() < 0.5
            reversed_id = self.movable[-1] if again else self._take(self.movable)
            return [transfers.reverse(self._id(), reversed_id, effective=self._day())]
        return [self._new(None) for _ in range(self.dice.randint(1, 3))]

    def _resolve(self, hold_id: UUID) -> Transfer:
        if self.dice.random() < 0.3:
            return transfers.release(self._id(), hold_id, effective=self._day(), subject="given back")
        part = self.dice.choice([None, None, 1, 7])
        return transfers.capture(self._id(), hold_id, effective=self._day(), amount=part)

    def _new(self, group: UUID | None) -> Transfer:
        debit, credit = self._route()
        amount = self.dice.choice([1, 7, 40, 50, 99, 120, 101])
        if self.dice.random() < 0.45:
            after = self.dice.choice([None, 30, 600, 50_000])
            return self._hold(debit, credit, amount, after, group)
        return self._post(debit, credit, amount, group)

    def _hold(
        self, debit: str, credit: str, amount: int, minutes: int | None, group: UUID | None = None
    ) -> Transfer:
        expires_at = self.clock.now() + dt.timedelta(minutes=minutes) if minutes else None
        return transfers.hold(
            self._id(), debit, credit, amount, effective=self._day(), purpose="promised",
            subject=self.dice.choice(_SUBJECTS), expires_at=expires_at, group_id=group,
        )  # fmt: skip

    def _post(self, debit: str, credit: str, amount: int, group: UUID | None = None) -> Transfer:
        return transfers.post(
            self._id(), debit, credit, amount, effective=self._day(), purpose=f"test, {debit.partition('/')[0]}; x",
            subject=self.dice.choice(_SUBJECTS), group_id=group,
        )  # fmt: skip

    def _route(self) -> tuple[str, str]:
        lot, other = (self.dice.choice(_LOTS).path for _ in range(2))
        budget = f"budget/{self.dice.choice(CAMPAIGNS[:3])}"
        venue = f"venue/{self.dice.randint(1, 2)}"
        return self.dice.choice(
            [
                ("issued", budget), (budget, lot), (budget, lot), (budget, lot), (lot, venue), (lot, venue),
                (lot, "redeemed"), (lot, "expired"), (lot, other), (venue, "redeemed"), (venue, lot),
                ("offline-loss", venue), ("issued", lot), (budget, "issued"), ("stock/7-a-", "sold/7-a-"),
                ("eur/programme", "eur/payable/1"), ("eur/payable/1", "eur/bank"),
            ]
        )  # fmt: skip

    def _take(self, known: list[UUID]) -> UUID:
        return known.pop(self.dice.randrange(len(known)))

    def _id(self) -> UUID:
        return self.database.ids.uuid()

    def _day(self) -> dt.date:
        return self.clock.now().date() - dt.timedelta(days=self.dice.choice([0, 0, 0, 1, 30]))
