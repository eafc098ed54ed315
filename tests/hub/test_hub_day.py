"""A bad day at a venue with a hub: partitions on both sides of it, power cuts, copies, a lost hub. Seeded."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.hub import syncing
from api.hub.link import Unreachable
from api.v1.devices import lost
from kernel.db import Work
from ledger import invariants, periods, queries
from merchants import devices
from merchants.directions import Direction
from redemption import buying, gates, handing_in, hub_logs, passages
from redemption.buying import Purchase
from redemption.handing_in import Item
from redemption.offer_terms import Reentry, Terms
from redemption.vouchers import Voucher
from tests.api.edge import Edge
from tests.hub.house import Gate, House
from tests.redemption.office import Office
from tests.redemption.phones import Phone

VOUCHERS = 20
STEPS = 105
ORDERS = 3
"""In which hub and phones hand in what is left."""
POINTS = 10


class RolledBack(Exception):
    """Ends a unit of work that nothing shall be kept of."""


@dataclass(frozen=True)
class Ended:
    """What an order of handing in led to."""

    balances: bytes
    loss: int
    takings: int
    used: int
    inside: int


class Day:
    """Guests, some of them with a copy of somebody's code, at three gates of a hub, its way out, and elsewhere."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.dice = house, random.Random(seed)
        edge = house.edge
        office = SimpleNamespace(
            database=edge.database, city_id=edge.city.city_id, city=edge.city, clock=edge.database.clock
        )
        self.bought = self._sell()
        self.ways_in = [Gate(house, f"Tor {number}") for number in range(3)]
        self.way_out = Gate(house, "Ausgang", Direction.OUT)
        # They have no network all day, and never hear of the hub: within the cap they let in.
        self.phones = [Phone(cast("Office", office), edge.pool, f"Handy {number}") for number in range(2)]
        self.heard: list[set[str]] = [set(), set()]
        """What each phone has let in by itself."""
        self.admitted: Counter[str] = Counter()
        """By a use, at the hub or by the city."""
        self.inside: Counter[str] = Counter()
        """Let in by the hub's gates, and not out again."""
        self.unanswered: list[tuple[Gate, Voucher, str]] = []
        self.told: dict[str, str] = {}
        """What was decided under a number: it stays so, whether or not the gate heard of it."""

    def live(self, steps: int, *, cut_for_good: bool = False) -> None:
        """Let things happen."""
        for step in range(steps):
            self.house.tick(dt.timedelta(seconds=40))
            match self.dice.choices(["guest", "cut", "kill", "till", "phone", "again"], [80, 4, 2, 5, 6, 6])[
                0
            ]:
                case "cut":
                    self.cut(off=cut_for_good or not self.house.wire.cut)
                case "kill":
                    self.house.kill()
                    self.house.hub.online = not self.house.wire.cut
                case "till":
                    self._come_to_till(self.dice.choice(self.bought))
                case "phone":
                    self._come_to_phone(self.dice.randrange(2), self.dice.choice(self.bought))
                case "again":
                    self._ask_again()
                case _:
                    gate = self.dice.choice([*self.ways_in, self.way_out])
                    self._come(gate, self.dice.choice(self.bought), f"{cut_for_good}-{step}")

    def cut(self, *, off: bool) -> None:
        """Cut the internet, or mend it; sometimes the answers are lost."""
        wire, hub = self.house.wire, self.house.hub
        wire.cut, hub.online = off, False
        if off:
            return
        wire.lose_answers = self.dice.random() < 0.3
        try:
            syncing.once(hub)
        except Unreachable:
            wire.lose_answers, wire.cut = False, True

    def _come(self, gate: Gate, voucher: Voucher, nonce: str) -> None:
        """Show a voucher; the request, or the answer, may not arrive."""
        fate = self.dice.random()
        if fate < 0.1:
            return
        told = gate.scan(voucher, nonce=nonce)
        self._pass(voucher, nonce, told["code"])
        if fate < 0.25:
            # Decided, but nobody at the gate knows: it is asked again under the same number, or never.
            self.unanswered.append((gate, voucher, nonce))

    def _ask_again(self) -> None:
        if self.unanswered:
            gate, voucher, nonce = self.unanswered.pop(0)
            assert self.told[nonce] == gate.scan(voucher, nonce=nonce)["code"]

    def _pass(self, voucher: Voucher, nonce: str, code: str) -> None:
        self.told[nonce] = code
        number = voucher.voucher_id
        self.admitted[number] += code == "accepted"
        self.inside[number] += (code in {"accepted", "let-in-again"}) - (code == "let-out")
        assert self.admitted[number] <= 1
        assert self.inside[number] <= 1

    def _come_to_till(self, voucher: Voucher) -> None:
        """Show it at a till that has a network: as long as the hub has it, it is not taken there."""
        if not self.house.look(voucher).used:
            assert "at-hub" == self.house.elsewhere(voucher)

    def _come_to_phone(self, number: int, voucher: Voucher) -> None:
        if voucher.voucher_id not in self.heard[number]:
            self.phones[number].scan(voucher)
            self.heard[number].add(voucher.voucher_id)

    def rest(self) -> list[tuple[int, list[bytes]]]:
        """Return what each device has not handed in: the hub's log from its file."""
        hub = self.house.hub
        with hub.database.reading(hub.city.city_id) as reading:
            events = hub_logs.waiting(reading, hub.state(), 10_000)
        assert events
        return [
            (hub.state().device_id, events),
            *((one.device_id, [event.data for event in one.events]) for one in self.phones),
        ]

    def hand_in(self, work: Work, order: Sequence[tuple[int, list[bytes]]]) -> Ended:
        """Hand everything in, in an order, and look."""
        edge = self.house.edge
        for device_id, events in order:
            device = devices.get(work, device_id)
            items: list[Item] = handing_in.read(device, events)
            handing_in.take(work, edge.city, device, items)
        passed = passages.of_vouchers(work, (one.voucher_id for one in self.bought))
        return Ended(
            periods.trial_balance_digest(work, queries.head_sequence(work)),
            queries.balance(work, "offline-loss").posted,
            queries.balance(work, f"venue/{edge.pool.venue_id}").posted,
            sum(self.house.look_in(work, one).used for one in self.bought),
            sum(gates.presence(one, work.now).inside for one in passed.values()),
        )

    def try_out(self, seed: int) -> Ended:
        """Return what an order leads to, in pieces, and keep nothing of it."""
        dice, ended = random.Random(seed), list[Ended]()
        queues = []
        for device_id, events in self.rest():
            at = dice.randrange(len(events) + 1)
            queues.append([(device_id, events[:at]), (device_id, events[max(0, at - 3) :])])
        mixed = []
        while queues:
            queue = dice.choice(queues)
            mixed.append(queue.pop(0))
            queues = [one for one in queues if one]

        def command(work: Work) -> None:
            ended.append(self.hand_in(work, mixed))
            raise RolledBack

        with pytest.raises(RolledBack):
            self.house.run(command)
        return ended[0]

    def _sell(self) -> list[Voucher]:
        house, edge = self.house, self.house.edge
        person, _ = edge.person("gesa@example.org")
        edge.give(person, POINTS * VOUCHERS)
        offer = house.offer(terms=Terms(reentry=Reentry.SAME_DAY), places=None)

        def command(work: Work) -> list[Any]:
            wanted = [Purchase(person.owner, offer)] * VOUCHERS
            return list(buying.buy_many(work, edge.city, wanted, house.sealer))

        bought = [one for one in house.run(command) if isinstance(one, Voucher)]
        assert VOUCHERS == len(bought)
        return bought


@pytest.mark.parametrize("is_lost", [False, True])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_bad_day_ends_the_same_whatever_comes_first(edge: Edge, tmp_path: Path, *, is_lost: bool) -> None:
    """No guest gets in twice at the hub's gates and by the city; what phones took besides, the city bears.

    A hub that is lost gives its vouchers back: what it had let in and not handed in may be used once more.
    """
    house = House(edge, tmp_path / "hub")
    syncing.once(house.hub)
    day = Day(house, seed=2026 + is_lost)
    syncing.open_until(house.hub, house.hub.clock.now() + dt.timedelta(hours=10))
    first = STEPS // 3 if is_lost else STEPS * 2 // 3
    day.live(first)
    day.cut(off=True)
    day.live(STEPS - first, cut_for_good=True)
    twice = 0
    if is_lost:
        house.run(lambda work: lost(work, house.hub.state().device_id))
        house.tick(dt.timedelta(minutes=1))
        till = edge.device()
        at_till = [one for one in day.bought if house.elsewhere(one, till) == "accepted"]
        twice = sum(day.admitted[one.voucher_id] for one in at_till)
        assert twice, "a day on which nothing was lost shows nothing"
        day.admitted.update(one.voucher_id for one in at_till)
    ends = {day.try_out(seed) for seed in range(ORDERS)}
    assert 1 == len(ends)
    kept = house.run(lambda work: day.hand_in(work, day.rest()))
    assert {kept} == ends
    by_hub = {one.voucher_id for one in day.bought if day.admitted[one.voucher_id]}
    by_phones = Counter(number for heard in day.heard for number in heard)
    assert kept.used == len(by_hub | set(by_phones))
    assert kept.takings == POINTS * kept.used - kept.loss
    doubled = sum(by_phones.values()) + sum(day.admitted.values()) - kept.used
    assert (-POINTS * doubled, True) == (kept.loss, doubled > twice)
    with edge.database.reading(edge.city.city_id) as reading:
        assert invariants.verify(reading).ok
