"""The simulated town: chooses by its seed what happens next and compares each answer with the model."""

import datetime as dt
import hashlib
import random
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import sqlalchemy as sa

from kernel import cities, outbox
from kernel.clock import FixedClock
from kernel.db import Work
from kernel.errors import Busy, NotFound, OutcomeUnknown
from kernel.ids import IdSource, seeded
from ledger import accounts, chart, invariants, queries
from ledger.accounts import Guard, NewAccount
from ledger.outcomes import Outcome
from tests.model.model import Expected, Model
from tests.simulation.requests import BUDGETS, FAILING, OFFERS, VENUES, Callers, Delivery, Request, Sort
from tests.simulation.server import Executed, Server, TroubleError, single_threaded
from tests.simulation.storage import Fault, Plan, PowerCut, Storage

START = dt.datetime(2026, 5, 4, 7, 30, tzinfo=dt.UTC)
SERVERS = 2
IN_COMMIT = {Fault.LOST_BEFORE_COMMIT, Fault.LOST_AFTER_COMMIT, Fault.TORN}
TRIES_MAX = 60


class Deviation(AssertionError):
    """The ledger did something else than the model."""


class Town:
    """One city, its callers, two servers, and a storage that fails."""

    def __init__(self, storage: Storage, seed: int, *, every: int = 2000) -> None:
        self.storage, self.every = storage, every
        self.chance = random.Random(seed)
        self.clock = FixedClock(START)
        self.ids = IdSource(self.clock, seeded(seed))
        self.model = Model()
        self.callers = Callers(self.chance, self.clock, self.ids, self.model)
        self.steps = 0
        self.counts: dict[str, int] = {}
        self.trace = hashlib.sha256()
        self.network: list[Request] = []
        self.unanswered: dict[int, Request] = {}
        self.noted: set[int] = set()
        self._checked = 0
        self._found()

    def run(self, steps: int) -> None:
        """Go on until that many requests, faults, restarts and moves of time have happened. Raises Deviation."""
        with single_threaded():
            while self.steps < steps:
                roll = self.chance.random()
                if roll < 0.12:
                    self._move_time()
                elif roll < 0.13:
                    self._restart()
                else:
                    self._tick()
                if self.steps - self._checked >= self.every:
                    self.check_all()
            self._settle()
        self.check_all()

    def close(self) -> None:
        """Stop the servers."""
        for server in self.servers:
            server.database.close()

    def _found(self) -> None:
        database = self.storage.open(self.clock, self.ids)
        city = cities.found(database, cities.NewCity(slug="duisburg", name="Duisburg"))
        self.city_id = city.city_id
        opened = [NewAccount(path, "DUC") for path in (*BUDGETS, *(f"budget/{n}" for n in range(30)))]
        opened += [NewAccount(path, "DUC", Guard.NONE) for path in VENUES]
        opened.append(NewAccount("eur/payable/1", "EUR"))
        for offer in OFFERS:
            opened += [
                NewAccount(f"issued/{offer}", f"PLC:{offer}", Guard.NONE),
                NewAccount(f"stock/{offer}", f"PLC:{offer}"),
                NewAccount(f"sold/{offer}", f"PLC:{offer}", Guard.NONE),
            ]

        def command(work: Work) -> list[accounts.Account]:
            chart.open_chart(work)
            accounts.open_accounts(work, opened)
            return accounts.every(work)

        for account in database.run(self.city_id, command):
            self.model.open(account.path, account.asset, guarded=account.guard is Guard.NO_OVERDRAFT)
        database.close()
        self.storage.journal.take()
        self._start()

    def _start(self) -> None:
        self.servers = [
            Server(self.storage.open(self.clock, self.ids), self.city_id, self.storage.journal)
            for _ in range(SERVERS)
        ]

    def _count(self, what: str) -> None:
        self.steps += 1
        self.counts[what] = self.counts.get(what, 0) + 1
        self.trace.update(what.encode())

    def _move_time(self) -> None:
        longest = self.chance.choice((0.1, 5, 60, 60, 60 * 36))
        self.clock.advance(dt.timedelta(minutes=self.chance.uniform(0, longest)))
        self._count("time moved")

    def _restart(self) -> None:
        """Stop all servers; whoever waited sends again."""
        self.close()
        self._start()
        self._count("restart")

    def _tick(self) -> None:
        """Let one server take what has arrived, with or without a fault."""
        count = self.chance.choice((1, 2, 4, 8, 16, 32, 64))
        if self.chance.random() < 0.2:
            # Few at once: when something goes wrong each of them is tried alone, which takes its time.
            count = self.chance.randint(1, 12)
            if self.chance.random() < 0.7:
                self._arm()
        arrived = [self._arrival() for _ in range(count)]
        if count <= 12 and self.chance.random() < 0.1:
            made = self.callers.failing()
            self.unanswered[made.number] = made
            arrived.insert(self.chance.randrange(count + 1), made)
        self._serve(arrived)

    def _arrival(self) -> Request:
        """Return a request as the network delivers it: new, late, again, in another order."""
        if self.network and self.chance.random() < 0.35:
            return self.network.pop(self.chance.randrange(len(self.network)))
        if self.unanswered and self.chance.random() < 0.1:
            # Its caller lost patience.
            return self.unanswered[self.chance.choice(list(self.unanswered))]
        made = self.callers.next()
        self.unanswered[made.number] = made
        if self.chance.random() < 0.08:
            self.network.append(made)
        if self.chance.random() < 0.1:
            # This one takes a while; something else is there first.
            self.network.append(made)
            return self._arrival()
        return made

    def _arm(self) -> None:
        fault = self.chance.choice(self.storage.faults)
        statement = -1 if fault in IN_COMMIT else self.chance.randint(2, 12)
        self.storage.arm(Plan(fault, statement, self.chance.choice((1, 1, 2, 9)), self.chance.randint(0, 3)))
        self._count(fault.value)

    def _serve(self, arrived: Sequence[Request]) -> None:
        server = self.chance.choice(self.servers)
        deliveries = [Delivery(one) for one in arrived]
        futures: list[Future[Any]] = []
        struck = self.storage.struck
        try:
            futures = server.serve(deliveries)
        except PowerCut:
            self.close()
            self.storage.recover(self.chance)
            self._start()
        self.storage.disarm()
        committed: list[Executed] = self.storage.journal.take()
        touched = self._judge(committed)
        done = {id(delivery) for record in committed for delivery in record.deliveries}
        for delivery, future in zip(deliveries, futures, strict=False):
            self._deliver(delivery.request, future, id(delivery) in done, self.storage.struck > struck)
        for one in arrived:
            self._count(one.sort.value)
        self._compare(touched)

    def _judge(self, committed: Sequence[Executed]) -> set[str]:
        """Let the model do what was committed, in the same order, and compare the answers."""
        touched: set[str] = set()
        for record in committed:
            for delivery, result in zip(record.deliveries, record.results, strict=True):
                touched |= self._judge_one(record.now, delivery.request, result)
        return touched

    def _judge_one(self, now: dt.datetime, one: Request, result: Any) -> set[str]:
        if one.sort in FAILING:
            msg = f"{one} failed and was committed"
            raise Deviation(msg)
        if one.sort is Sort.EXPIRE:
            self._same(self.model.expire_lots(now), result, one)
            return {"expired"}
        if one.sort is Sort.CLOSE_ACCOUNT:
            self.model.accounts[one.path].closed = True
            return {one.path}
        if one.sort is Sort.CLOSE_PERIOD:
            assert one.day is not None
            self._same(self.model.close_period(now, one.day), result is not None, one)
            return set()
        if one.sort is Sort.AWARD:
            self.model.open(one.path, "DUC", guarded=True, last_day=one.day)
        if one.sort is Sort.COMMAND:
            self.noted.add(one.number)
        expected = self.model.post(now, one.batch)
        self._same([_plain(answer) for answer in expected], [_told(outcome) for outcome in result], one)
        self.trace.update("".join(answer.code for answer in expected).encode())
        return {
            side
            for answer in expected
            if answer.booked
            for side in (answer.booked.debit, answer.booked.credit)
        }

    def _deliver(self, one: Request, future: Future[Any], committed: bool, faulty: bool) -> None:
        """Give a caller their answer; it must be what was committed."""
        error = future.exception(timeout=0)
        if error is None:
            self._same(True, committed, f"{one} was acknowledged and not committed")
            if one.batch:
                codes = [outcome.code for outcome in future.result()]
                self._same(one.answer or codes, codes, f"{one} was answered differently before")
                one.answer = codes
            self.unanswered.pop(one.number, None)
            return
        self.trace.update(type(error).__name__.encode())
        unknown = isinstance(error, OutcomeUnknown)
        self._same(False, committed and not unknown, f"{one} failed with {error!r} and was committed")
        own = isinstance(error, TroubleError | sa.exc.IntegrityError) and one.sort in FAILING
        if own:
            self.unanswered.pop(one.number, None)
        elif not (faulty and isinstance(error, Busy | sa.exc.DBAPIError)):
            msg = f"{one} paid for another's error: {error!r}"
            raise Deviation(msg) from error

    def _compare(self, touched: set[str]) -> None:
        """Read back what was touched, and one of the older transfers."""
        old = self.chance.choice(list(self.callers.moved)) if self.callers.moved else self.ids.uuid()
        with self.servers[0].database.reading(self.city_id) as reading:
            self._same(self.model.sequence, queries.head_sequence(reading), "the head")
            seen = queries.balances(reading, sorted(touched))
            try:
                row = queries.transfer(reading, old)
            except NotFound:
                row = None
        for path, counters in seen.items():
            self._same(self.model.seen(path, reading.now), tuple(counters), path)
        booked = self.model.booked.get(old)
        stored = (
            None if row is None else (row.sequence, row.amount, tuple(row.debit_side), tuple(row.credit_side))
        )
        wanted = None if booked is None else (booked.sequence, booked.amount, *booked.left)
        self._same(wanted, stored, f"transfer {old}")

    def check_all(self) -> None:
        """Check every invariant and every balance."""
        self._checked = self.steps
        with self.servers[0].database.reading(self.city_id) as reading:
            report = invariants.verify(reading)
            balances = {account.path: tuple(four) for account, four in queries.trial_balance(reading)}
            noted = [event.payload["number"] for event in outbox.due(reading, limit=1_000_000)]
        self._same((), report.findings, "invariants")
        self._same(self.model.sequence, report.transfers, "number of transfers")
        self._same(
            {path: self.model.seen(path, reading.now) for path in self.model.accounts}, balances, "balances"
        )
        self._same(sorted(self.noted), sorted(set(noted)), "rows that commands wrote beside their transfers")

    def _settle(self) -> None:
        """At the end nothing fails any more: each request that has no answer yet gets one."""
        for _ in range(TRIES_MAX):
            waiting = [*self.network, *self.unanswered.values()]
            if not waiting:
                return
            self.network.clear()
            self._serve(waiting[:100])
        self._same({}, self.unanswered, "requests without an answer")

    def _same(self, wanted: object, got: object, what: object) -> None:
        if wanted != got:
            msg = f"step {self.steps}: {what}\n  should be {wanted}\n  is        {got}"
            raise Deviation(msg)


def _plain(answer: Expected) -> tuple[Any, ...]:
    booked = answer.booked
    if booked is None:
        return answer.code, answer.replayed
    return answer.code, answer.replayed, booked.sequence, booked.amount, *booked.left


def _told(outcome: Outcome) -> tuple[Any, ...]:
    booked = outcome.booked
    if booked is None:
        return outcome.code, outcome.replayed
    sides = tuple(booked.debit_side), tuple(booked.credit_side)
    return outcome.code, outcome.replayed, booked.sequence, booked.amount, *sides
