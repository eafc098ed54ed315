"""Guests go out and in again through a hub: its gates count together, and with those of the city."""

import datetime as dt
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.hub import syncing
from kernel.signing import SigningKey
from ledger import invariants
from merchants import devices
from merchants.devices import Limits
from merchants.directions import Direction
from redemption import leasing, passages
from redemption.offer_terms import Reentry, Terms
from redemption.passages import Guests
from redemption.vouchers import Voucher
from tests.api.edge import Edge
from tests.hub.house import Gate, House

MINUTE = dt.timedelta(minutes=1)
EVENING = dt.timedelta(hours=8)
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
DAY_TICKET = Terms(reentry=Reentry.SAME_DAY)
FAMILY = Terms(uses=5, reentry=Reentry.SAME_DAY)


@pytest.fixture
def house(edge: Edge, tmp_path: Path) -> House:
    """Give a hub at the pool that has joined and reached the city once."""
    house = House(edge, tmp_path / "hub")
    syncing.once(house.hub)
    return house


class Pool:
    """The pool's gates A and B at the hub, its way out there, and a till at the city."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.a, self.b = Gate(house, "Tor A"), Gate(house, "Tor B")
        self.out = Gate(house, "Ausgang", Direction.OUT)
        limits = Limits("Kasse", None, Direction.BOTH)
        self.till = house.run(
            lambda work: devices.enrol(work, house.edge.pool.venue_id, "Kasse", limits=limits)[1]
        )

    def scan(self, gate: Gate, voucher: Voucher, **rest: Any) -> str:
        """Scan at the hub, a minute later."""
        self.house.tick(MINUTE)
        code: str = gate.scan(voucher, **rest)["code"]
        return code

    def at_till(self, voucher: Voucher, direction: str = "in") -> str:
        """Scan at the city's till, a minute later."""
        self.house.tick(MINUTE)
        return self.house.elsewhere(voucher, self.till, direction)

    def cut(self, *, off: bool = True) -> None:
        """Cut the internet, or mend it and sync."""
        self.house.wire.cut = off
        if not off:
            syncing.once(self.house.hub)
        self.house.hub.online = not off

    def guests(self) -> tuple[Guests, Guests]:
        """Count today's guests as the hub does, and as the city does."""
        house, edge = self.house, self.house.edge
        counted = []
        for database in (house.hub.database, edge.database):
            with database.reading(edge.city.city_id) as reading:
                midnight = dt.datetime.combine(
                    edge.city.day_of(reading.now), dt.time(), edge.city.zone
                ).astimezone(dt.UTC)
                counted.append(passages.guests(reading, edge.pool.venue_id, midnight))
        return counted[0], counted[1]


@pytest.fixture
def pool(house: House) -> Pool:
    """Give the pool."""
    return Pool(house)


def test_two_gates_know_who_is_inside(house: House, pool: Pool) -> None:
    """In at A without the internet: not at B before going out, then free; the city hears the same."""
    ticket = house.sell(house.offer(terms=DAY_TICKET))
    syncing.open_until(house.hub, house.hub.clock.now() + EVENING)
    pool.cut()
    assert "accepted" == pool.scan(pool.a, ticket)
    told = pool.b.scan(ticket)
    assert ("already-inside", True) == (told["code"], "Tor A" in told["sentence"])
    assert ["let-out", "let-in-again", "already-inside"] == [
        pool.scan(gate, ticket) for gate in (pool.out, pool.b, pool.a)
    ]
    house.kill()
    assert ["already-inside", "let-out"] == [pool.scan(gate, ticket) for gate in (pool.a, pool.out)]
    pool.cut(off=False)
    assert (Guests(0, 2, 2), Guests(0, 2, 2)) == pool.guests()
    assert 1 == house.look(ticket).used
    # Out by the hub, in by the city, and the hub knows.
    assert "let-in-again" == pool.at_till(ticket)
    syncing.once(house.hub)
    pool.cut()
    assert ["already-inside", "let-out", "let-in-again"] == [
        pool.scan(gate, ticket) for gate in (pool.b, pool.out, pool.a)
    ]
    pool.cut(off=False)
    assert pool.guests()[0] == pool.guests()[1] == Guests(1, 4, 3)
    assert "already-inside" == pool.at_till(ticket)
    with house.edge.database.reading(house.edge.city.city_id) as reading:
        assert invariants.verify(reading).ok


def test_what_was_before_the_hub_opened(house: House, pool: Pool) -> None:
    """In by the city, out and in by the hub; a scan at the city that is taken back counts nowhere."""
    family = house.sell(house.offer(terms=FAMILY))
    assert ["accepted", "let-out"] == [pool.at_till(family), pool.at_till(family, "out")]
    undone = house.edge.call(
        "POST", "/api/v1/scans", pool.till, json={"text": house.text(family), "direction": "in"}
    ).json()
    syncing.open_until(house.hub, house.hub.clock.now() + EVENING)
    house.edge.call("POST", f"/api/v1/scans/{undone['scan_id']}/undo", pool.till)
    syncing.once(house.hub)
    pool.cut()
    assert "let-in-again" == pool.scan(pool.a, family)
    assert "accepted" == pool.scan(pool.b, family, uses=3)
    assert "let-out" == pool.scan(pool.out, family, uses=9)
    assert "let-in-again" == pool.scan(pool.b, family, uses=4)
    pool.cut(off=False)
    assert pool.guests()[0] == pool.guests()[1] == Guests(4, 9, 5)
    assert 1 == house.look(family).left


@on_sqlite
def test_the_city_decides_and_the_hub_remembers(house: House, pool: Pool) -> None:
    """Bought after opening: let in by the city through the hub, out and in by the hub; taken back, too."""
    offer = house.offer(terms=Terms(reentry=Reentry.SAME_DAY, undo_minutes=5))
    syncing.open_until(house.hub, house.hub.clock.now() + EVENING)
    ticket, other = house.sell(offer), house.sell(offer)
    assert "accepted" == pool.scan(pool.a, ticket)
    taken = pool.a.scan(other)
    assert 1 == pool.a.undo(taken["scan_id"])["left"]
    pool.cut()
    assert ["already-inside", "let-out", "let-in-again"] == [
        pool.scan(gate, ticket) for gate in (pool.b, pool.out, pool.b)
    ]
    assert Guests(1, 2, 1) == pool.guests()[0]
    assert "not-on-list" == pool.scan(pool.a, other)
    pool.cut(off=False)
    assert pool.guests()[0] == pool.guests()[1] == Guests(1, 2, 1)


@on_sqlite
def test_a_gate_that_does_not_reach_the_hub(house: House, pool: Pool) -> None:
    """It lets out, and in again whom it saw going; handed in late, twice, the times are those of the gate."""
    ticket = house.sell(house.offer(terms=DAY_TICKET))
    syncing.open_until(house.hub, house.hub.clock.now() + EVENING)
    pool.cut()
    assert "accepted" == pool.scan(pool.a, ticket)
    both = Gate(house, "Kasse", Direction.BOTH)
    house.tick(MINUTE)
    first = both.alone(ticket, "let-out")
    house.tick(MINUTE)
    second = both.alone(ticket, "let-in-again")
    house.tick(MINUTE)
    third = both.alone(ticket, "let-out")
    house.tick(2 * MINUTE)
    assert "already-inside" == pool.scan(pool.b, ticket)
    assert ["known"] * 3 == both.hand_in(first, second, third)
    assert ["known"] * 3 == both.hand_in(first, second, third)
    assert "let-in-again" == pool.scan(pool.b, ticket)
    pool.cut(off=False)
    assert pool.guests()[0] == pool.guests()[1] == Guests(1, 3, 2)
    with house.edge.database.reading(house.edge.city.city_id) as reading:
        (kept,) = passages.every(reading, [ticket.voucher_id]).values()
    assert ["in", "out", "in", "out", "in"] == [one.direction.value for one in kept]
    assert [MINUTE] * 3 == [second.passed_at - one.passed_at for one, second in itertools.pairwise(kept[:4])]


def reserved(house: House, voucher: Voucher, device_id: int) -> bytes:
    """Reserve a voucher for an entrance; return the code that its guest shows."""
    made = house.run(
        lambda work: leasing.lease(work, house.sealer, voucher.owner, voucher.voucher_id, device_id)
    )
    return made.token


@on_sqlite
def test_reserved_for_the_hub_and_for_others(house: House, pool: Pool) -> None:
    """For the hub: in at one gate by one code, in again at another by the other. For a till: the guest is sent there."""
    offer = house.offer(terms=DAY_TICKET)
    mine, late, other = (house.sell(offer) for _ in range(3))
    key = SigningKey(b"Kasse mit Schluessel............").verify_key.public_key
    till = house.run(
        lambda work: devices.enrol(work, house.edge.pool.venue_id, "Kasse 2", public_key=key)[0].device_id
    )
    hub = house.hub.state().device_id
    codes_of = [reserved(house, one, at) for one, at in ((mine, hub), (late, hub), (other, till))]
    house.publish()
    syncing.open_until(house.hub, house.hub.clock.now() + EVENING)
    pool.cut()
    shown = [replace(one, token=token) for one, token in zip((mine, late, other), codes_of, strict=True)]
    assert "accepted" == pool.scan(pool.a, shown[0])
    assert ["already-inside", "let-out", "let-in-again"] == [
        pool.scan(gate, one) for gate, one in ((pool.b, mine), (pool.out, shown[0]), (pool.b, mine))
    ]
    # The reservation is over, the hub's time is not.
    house.tick(dt.timedelta(hours=3))
    assert "accepted" == pool.scan(pool.b, late)
    assert "already-inside" == pool.scan(pool.a, late)
    assert "not-on-list" == pool.scan(pool.a, other)
    pool.cut(off=False)
    assert [1, 1, 0] == [house.look(one).used for one in (mine, late, other)]
    assert pool.guests()[0] == pool.guests()[1]


@on_sqlite
def test_reserved_for_another_entrance(house: House, pool: Pool) -> None:
    """Without the internet, too, the hub says where the guest is awaited; they go out at its way out."""
    other = house.sell(house.offer(terms=DAY_TICKET))
    key = SigningKey(b"Kasse mit Schluessel............").verify_key.public_key
    till = house.run(
        lambda work: devices.enrol(work, house.edge.pool.venue_id, "Kasse 2", public_key=key)[0].device_id
    )
    shown = replace(other, token=reserved(house, other, till))
    house.publish()
    syncing.open_until(house.hub, house.hub.clock.now() + EVENING)
    assert "leased" == pool.scan(pool.a, shown)
    pool.cut()
    told = pool.a.scan(shown)
    assert ("leased", True) == (told["code"], "Kasse 2" in told["sentence"])
    assert "not-on-list" == pool.scan(pool.a, other)
    assert "not-inside" == pool.scan(pool.out, shown)
