"""Virtual callers: citizens, venues, the council and its treasurer, and some who get it wrong."""

import datetime as dt
import enum
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from kernel.clock import FixedClock
from kernel.ids import IdSource
from kernel.money import AMOUNT_MAX
from ledger import transfers
from ledger.outcomes import Code
from ledger.transfers import Transfer
from tests.model.model import Model

BUDGETS = ("budget/litter", "budget/trees", "budget/swimming")
VENUES = ("venue/1", "venue/2", "venue/3")
OWNERS = tuple(f"owner-{number}" for number in range(8))
OFFERS = ("1", "2")
_REMEMBERED = 300


class Sort(enum.StrEnum):
    """How a request reaches the ledger and what its caller does."""

    ITEM = "item of the shared handler"
    COMMAND = "command with a row of its own"
    FAILS_BEFORE = "command that fails before it writes"
    FAILS_AFTER = "command that fails after it has written"
    VIOLATES = "command that violates a constraint after it has written"
    BREAKS_BEFORE = "item over which the handler breaks down before it writes"
    BREAKS_AFTER = "item over which the handler breaks down after it has written"
    AWARD = "command that opens a lot and books into it"
    EXPIRE = "the nightly job"
    CLOSE_PERIOD = "the treasurer closes a period"
    CLOSE_ACCOUNT = "an account is closed"


FAILING = {Sort.FAILS_BEFORE, Sort.FAILS_AFTER, Sort.VIOLATES, Sort.BREAKS_BEFORE, Sort.BREAKS_AFTER}
ITEMS = {Sort.ITEM, Sort.BREAKS_BEFORE, Sort.BREAKS_AFTER}


@dataclass(eq=False, slots=True)
class Request:
    """What a caller wants; sent again under the same ids until there is an answer."""

    number: int
    sort: Sort
    batch: tuple[Transfer, ...] = ()
    path: str = ""
    day: dt.date | None = None
    answer: list[Code] | None = None


@dataclass(eq=False, slots=True)
class Delivery:
    """A request as it reaches a server, once or several times."""

    request: Request


@dataclass(slots=True)
class Callers:
    """All callers; they decide by chance and by what they could know."""

    chance: random.Random
    clock: FixedClock
    ids: IdSource
    model: Model
    number: int = 0
    held: list[UUID] = field(default_factory=list)
    moved: list[UUID] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)

    def next(self) -> Request:
        """Return a new request."""
        roll = self.chance.random()
        if roll < 0.025:
            made = self._command()
        else:
            sort = Sort.COMMAND if roll > 0.98 else Sort.ITEM
            batch: list[Transfer] = []
            for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
                batch += self.chance.choices(*_UNITS)[0](self)
            made = self._request(sort, batch)
        if made.batch:
            self._remember(made)
        return made

    def failing(self) -> Request:
        """Return a request whose caller's code breaks down."""
        made = self._request(self.chance.choice(sorted(FAILING)), self.stray())
        self._remember(made)
        return made

    def _request(self, sort: Sort, batch: Sequence[Transfer] = (), path: str = "") -> Request:
        self.number += 1
        return Request(self.number, sort, tuple(batch), path)

    def _remember(self, made: Request) -> None:
        kinds = transfers.TransferKind
        self.held += [one.transfer_id for one in made.batch if one.kind is kinds.HOLD]
        self.moved += [one.transfer_id for one in made.batch if one.kind in {kinds.POST, kinds.CAPTURE}]
        self.sent.append(made)
        for kept in (self.held, self.moved, self.sent):
            del kept[:-_REMEMBERED]

    def _command(self) -> Request:
        roll = self.chance.random()
        today = self.clock.now().date()
        if roll < 0.7:
            return self._award()
        if roll < 0.9:
            return self._request(Sort.EXPIRE)
        if roll < 0.97:
            made = self._request(Sort.CLOSE_PERIOD)
            made.day = today - dt.timedelta(days=self.chance.randrange(0, 40))
            return made
        return self._request(Sort.CLOSE_ACCOUNT, path=f"budget/{self.chance.randrange(30)}")

    def _award(self) -> Request:
        day = _month_end(self.clock.now().date() + dt.timedelta(days=self.chance.randrange(-5, 90)))
        path = f"wallet/{self.chance.choice(OWNERS)}/{day.isoformat()}"
        award = transfers.post(
            self.ids.uuid(), self.chance.choice(BUDGETS), path, self.chance.randint(1, 400),
            effective=self._today(), purpose="award",
        )  # fmt: skip
        made = self._request(Sort.AWARD, [award], path)
        made.day = day
        return made

    def _today(self) -> dt.date:
        late = self.chance.random() < 0.05
        return self.clock.now().date() - dt.timedelta(days=self.chance.randrange(60) if late else 0)

    def _wallet(self) -> str:
        lots = [path for path in self.model.accounts if path.startswith("wallet/")]
        return self.chance.choice(lots[-40:]) if lots else "wallet/nobody/2026-12-31"

    def _place(self) -> str:
        return self.chance.choice((*BUDGETS, *VENUES, self._wallet(), "issued", "redeemed", "budget/7"))

    def _held(self) -> UUID:
        return self.chance.choice(self.held) if self.held else self.ids.uuid()

    def _expiry(self) -> dt.datetime | None:
        if self.chance.random() < 0.4:
            return None
        return self.clock.now() + dt.timedelta(minutes=self.chance.randint(1, 600))

    def fund(self) -> list[Transfer]:
        """Have the council issue points, and add places of an offer."""
        offer = self.chance.choice(OFFERS)
        day, number = self._today(), self.chance.randint(1, 5000)
        return [
            transfers.post(self.ids.uuid(), "issued", self.chance.choice(BUDGETS), number, effective=day, purpose="budget-funding"),
            transfers.post(self.ids.uuid(), f"issued/{offer}", f"stock/{offer}", self.chance.randint(1, 9), effective=day, purpose="places"),
        ]  # fmt: skip

    def award(self) -> list[Transfer]:
        """Give a citizen points: some at once, the rest when it is confirmed."""
        budget, wallet, day = self.chance.choice(BUDGETS), self._wallet(), self._today()
        now, later = self.chance.randint(1, 60), self.chance.randint(1, 60)
        return [
            transfers.post(self.ids.uuid(), budget, wallet, now, effective=day, purpose="award"),
            transfers.hold(self.ids.uuid(), budget, wallet, later, effective=day, purpose="award", expires_at=self._expiry()),
        ]  # fmt: skip

    def buy(self) -> list[Transfer]:
        """Buy a voucher: points and a place, all or none."""
        group, offer, day = self.ids.uuid(), self.chance.choice(OFFERS), self._today()
        common = {"effective": day, "purpose": "voucher", "group_id": group, "expires_at": self._expiry()}
        unit = [
            transfers.hold(self.ids.uuid(), self._wallet(), self.chance.choice(VENUES), self.chance.randint(1, 150), **common)  # type: ignore[arg-type]  # the values are as named
            for _ in range(self.chance.randint(1, 3))
        ]  # fmt: skip
        unit.append(transfers.hold(self.ids.uuid(), f"stock/{offer}", f"sold/{offer}", 1, **common))  # type: ignore[arg-type]  # the same
        return unit

    def capture(self) -> list[Transfer]:
        """Scan a voucher: some holds at once, in part or whole."""
        group = self.ids.uuid() if self.chance.random() < 0.5 else None
        amount = self.chance.randint(1, 80) if self.chance.random() < 0.3 else None
        count = self.chance.randint(1, 3) if group else 1
        day = self._today()
        return [
            transfers.capture(self.ids.uuid(), self._held(), effective=day, amount=amount, group_id=group)
            for _ in range(count)
        ]

    def release(self) -> list[Transfer]:
        """Give a voucher back."""
        return [transfers.release(self.ids.uuid(), self._held(), effective=self._today(), purpose="back")]

    def reverse(self) -> list[Transfer]:
        """Take back what was moved."""
        moved = self.chance.choice(self.moved) if self.moved else self.ids.uuid()
        return [transfers.reverse(self.ids.uuid(), moved, effective=self._today(), subject="mistake")]

    def settle(self) -> list[Transfer]:
        """Pay a venue for its points: points and euros, all or none."""
        group, day, number = self.ids.uuid(), self._today(), self.chance.randint(1, 200)
        venue = self.chance.choice(VENUES)
        return [
            transfers.post(self.ids.uuid(), venue, "redeemed", number, effective=day, purpose="settled", group_id=group),
            transfers.post(self.ids.uuid(), "eur/programme", "eur/payable/1", number * 3, effective=day, purpose="settled", group_id=group),
        ]  # fmt: skip

    def stray(self) -> list[Transfer]:
        """Move anything anywhere, only nothing that was spent to a wallet: points are not traded."""
        debit, credit = self._place(), self._place()
        if debit.startswith(("venue/", "redeemed")) and credit.startswith("wallet/"):
            debit, credit = credit, debit
        return [
            transfers.post(
                self.ids.uuid(),
                debit,
                credit,
                self.chance.randint(1, 300),
                effective=self._today(),
                purpose="stray",
            )
        ]

    def wrong(self) -> list[Transfer]:
        """Ask for what is never right."""
        good = self.stray()[0]
        early = self.clock.now() - dt.timedelta(seconds=1)
        ahead = IdSource(FixedClock(self.clock.now() + dt.timedelta(days=3)), self.chance.randbytes).uuid()
        wrong: Sequence[dict[str, object]] = (
            {"amount": 0}, {"amount": -5}, {"amount": AMOUNT_MAX + 1}, {"amount": AMOUNT_MAX},
            {"debit": "wallet/nobody"}, {"debit": "eur/programme"}, {"credit": good.debit},
            {"transfer_id": ahead}, {"kind": transfers.TransferKind.HOLD, "expires_at": early},
            {"effective": dt.date(2020, 1, 1)}, {"debit": "budget/7"},
        )  # fmt: skip
        return [replace(good, **self.chance.choice(wrong))]  # type: ignore[arg-type]  # names of fields

    def forge(self) -> list[Transfer]:
        """Use ids a second time for something else."""
        if not self.sent:
            return self.stray()
        one = self.chance.choice(self.chance.choice(self.sent).batch)
        group = self.ids.uuid() if one.group_id else None
        return [replace(one, subject="forged", group_id=group)]


def _month_end(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)


_UNITS: tuple[tuple[Callable[[Callers], list[Transfer]], ...], tuple[int, ...]] = (
    (Callers.fund, Callers.award, Callers.buy, Callers.capture, Callers.release, Callers.reverse,
     Callers.settle, Callers.stray, Callers.wrong, Callers.forge),
    (8, 16, 16, 18, 7, 7, 5, 8, 6, 3),
)  # fmt: skip
