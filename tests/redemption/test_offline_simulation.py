"""A bad day at four gates: partitions, wrong clocks, copies, a lost device. Seeded, on the real code."""

import datetime as dt
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from kernel.db import Work
from kernel.signing import SigningKey
from ledger import periods, queries
from merchants import devices, safeguarding
from redemption import buying, handing_in, keys, merging, scan_logs, tokens, vouchers
from redemption.buying import Purchase
from redemption.handing_in import Item
from redemption.scan_events import EventFlags, Tier
from redemption.scan_logs import Outcome
from redemption.tokens import Claims, Flags
from redemption.vouchers import Voucher
from tests.redemption.office import SWIM, Office
from tests.redemption.phones import Phone

GATES = 4
VOUCHERS = 1000
POINTS = 120
OWNERS = 50
ORDERS = 3
"""In which the logs are handed in, each in other pieces."""


class RolledBack(Exception):
    """Ends a unit of work that nothing shall be kept of."""


@dataclass(frozen=True)
class Ended:
    """What an order of handing in led to."""

    balances: bytes
    loss: int
    takings: int
    paid: int
    wins: int


class Day:
    """Guests come to gates that hear of each other by chance only."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office = office
        self.dice = random.Random(seed)
        self.gates = [
            Phone(office, office.pool, f"Tor {n}", slow_ms=self.dice.randrange(-600_000, 600_000))
            for n in range(GATES)
        ]
        self.bought = self._sell()
        self.leased = {one.voucher_id: self.dice.randrange(GATES) for one in self.bought[: VOUCHERS // 3]}
        self.tokens = self._lease()
        self.taken: list[set[str]] = [set() for _ in range(GATES)]
        """What each gate has let in by itself, or heard of."""
        self.lost = GATES - 1
        self.lost_ms: int | None = None
        self.claims: Counter[str] = Counter()
        """How often each voucher was let in without a network, in good faith."""

    def pass_by(self, visits: int) -> None:
        """Let guests come, some with a copy of somebody else's code."""
        half = visits // 2
        for visit in range(visits):
            self.office.clock.advance(dt.timedelta(seconds=20))
            if visit == half:
                # Sold to a thief, who goes on scanning with it.
                run = self.office.database.run
                self.lost_ms = int(self.office.clock.now().timestamp() * 1000)
                run(
                    self.office.city_id, lambda work: safeguarding.lose(work, self.gates[self.lost].device_id)
                )
            gate = self.dice.randrange(GATES)
            voucher = self.dice.choice(self.bought)
            online = self.dice.random() < 0.05 and not (gate == self.lost and visit >= half)
            self._come(gate, voucher, online=online)

    def _come(self, gate: int, voucher: Voucher, *, online: bool) -> None:
        phone, number = self.gates[gate], voucher.voucher_id
        if online:
            phone.sync()
            event = phone.scan(voucher, tier=Tier.ONLINE)
            verdict = self.office.scan(voucher, device=phone.device_id, nonce=event.event.nonce.hex())
            # Whatever the server says is in the log; the gate learns that the voucher is used.
            assert verdict.voucher is not None
            self.taken[gate].add(number)
            return
        if number in self.taken[gate] or self.leased.get(number, gate) != gate:
            return
        tier = Tier.LEASED if number in self.leased else Tier.CAPPED
        token = self.tokens.get(number, voucher.token)
        written = phone.write(code=token, tier=tier, flags=EventFlags.ID_SEEN).event
        self.taken[gate].add(number)
        # A thief may set the clock back, but not behind what the device last heard of the server.
        at_ms = max(written.at_ms, written.anchor_ms)
        stolen = gate == self.lost and self.lost_ms is not None and at_ms >= self.lost_ms
        self.claims[number] += not stolen

    def pieces(self, dice: random.Random) -> list[tuple[Phone, list[Item]]]:
        """Return all logs in pieces, those of each device in order, mixed at random, some sent twice."""
        queues = []
        for phone in self.gates:
            items = handing_in.read(phone.device, [one.data for one in phone.events])
            cuts = sorted({0, len(items), *(dice.randrange(len(items) + 1) for _ in range(3))})
            queues.append([(phone, items[max(0, a - 5) : b]) for a, b in itertools.pairwise(cuts)])
        mixed = []
        while any(queues):
            queue = dice.choice([one for one in queues if one])
            mixed.append(queue.pop(0))
        return mixed

    def hand_in(self, work: Work, pieces: Sequence[tuple[Phone, list[Item]]]) -> Ended:
        """Hand pieces in and count."""
        city = self.office.city
        for phone, items in pieces:
            handing_in.take(work, city, devices.get(work, phone.device_id), items)
        stored = scan_logs.of_vouchers(work, (one.voucher_id for one in self.bought))
        assert all(one.outcome is Outcome.OPEN for one in stored)
        return Ended(
            periods.trial_balance_digest(work, queries.head_sequence(work)),
            queries.balance(work, "offline-loss").posted,
            queries.balance(work, f"venue/{self.office.pool.venue_id}").posted,
            sum(one.won + one.lost for one in stored),
            sum(one.won for one in stored),
        )

    def try_out(self, seed: int) -> Ended:
        """Return what an order leads to, and keep nothing of it."""
        ended: list[Ended] = []
        pieces = self.pieces(random.Random(seed))

        def command(work: Work) -> None:
            ended.append(self.hand_in(work, pieces))
            raise RolledBack

        with pytest.raises(RolledBack):
            self.office.database.run(self.office.city_id, command)
        return ended[0]

    def _lease(self) -> dict[str, bytes]:
        """Return the codes that are good at one gate each."""

        def command(work: Work) -> SigningKey:
            return keys.active(work, self.office.sealer)

        key = self.office.database.run(self.office.city_id, command)
        return {
            one.voucher_id: tokens.issue(self._leased(one), key)
            for one in self.bought
            if one.voucher_id in self.leased
        }

    def _leased(self, voucher: Voucher) -> Claims:
        claims, gate = tokens.own_claims(voucher.token), self.gates[self.leased[voucher.voucher_id]]
        return replace(claims, flags=claims.flags | Flags.LEASE, device=tokens.device_name(gate.device_id))

    def _sell(self) -> list[Voucher]:
        for n in range(OWNERS):
            self.office.give(f"guest-{n}", POINTS * VOUCHERS // OWNERS)
        offer = self.office.offer(replace(SWIM, code="day", places=None))
        wanted = [Purchase(f"guest-{n % OWNERS}", offer.offer_id) for n in range(VOUCHERS)]

        def command(work: Work) -> list[Voucher]:
            outcomes = buying.buy_many(work, self.office.city, wanted, self.office.sealer)
            return [one for one in outcomes if isinstance(one, Voucher)]

        bought = self.office.database.run(self.office.city_id, command)
        assert VOUCHERS == len(bought)
        return bought


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_bad_day_ends_the_same_whatever_comes_first(office: Office) -> None:
    """Exclusive tiers cost nothing, capped ones no more than their bound, and the books are equal each time."""
    day = Day(office, seed=2026)
    day.pass_by(1600)
    used_online = _used(day)

    ends = {day.try_out(seed) for seed in range(ORDERS)}
    assert 1 == len(ends)
    (ended,) = ends
    kept = office.database.run(office.city_id, lambda work: day.hand_in(work, day.pieces(random.Random(99))))
    assert ended == kept
    assert office.verify().ok

    expected_loss = sum(count - (number not in used_online) for number, count in day.claims.items() if count)
    paid = sum(day.claims.values())
    assert paid == kept.paid
    assert (-POINTS * expected_loss, POINTS * (kept.paid + len(used_online))) == (kept.loss, kept.takings)
    assert expected_loss > 50, "a day without copies shows nothing"
    exclusive = [count for number, count in day.claims.items() if number in day.leased]
    assert max(exclusive) == 1
    most = max(day.claims.values())
    assert most <= GATES
    # Pure and booked agree: the merge of all logs says the same.
    with office.database.reading(office.city_id) as reading:
        stored = scan_logs.of_vouchers(reading, (one.voucher_id for one in day.bought))
    merged = merging.merge(one.entry(0) for one in stored)
    capacity = {one.voucher_id: int(one.voucher_id not in used_online) for one in day.bought}
    wins = sum(share.won for number in merged.by_voucher for share in merged.shares(number, capacity[number]))
    assert wins == kept.wins


def _used(day: Day) -> set[str]:
    """Return the vouchers that were redeemed online."""
    with day.office.database.reading(day.office.city_id) as reading:
        found = vouchers.find(reading, voucher_ids=(one.voucher_id for one in day.bought))
    return {one.voucher_id for one in found if one.used}
