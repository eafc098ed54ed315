"""A hub in process: it joins, takes over, decides for its gates without the internet, and hands in."""

import datetime as dt
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.hub import joining, syncing
from api.hub.link import Refused, Unreachable
from kernel.errors import Conflict
from ledger import invariants
from redemption import hub_logs, scan_events
from redemption.offer_terms import Terms
from redemption.vouchers import VoucherStatus
from tests.api.edge import Edge
from tests.hub.house import SERVER, Gate, House

EVENING = dt.timedelta(hours=8)


@pytest.fixture
def house(edge: Edge, tmp_path: Path) -> House:
    """Give a hub at the pool that has joined and reached the city once."""
    house = House(edge, tmp_path / "hub")
    syncing.once(house.hub)
    return house


def opened(house: House) -> None:
    """Open the hub for the evening."""
    syncing.open_until(house.hub, house.hub.clock.now() + EVENING)


def whole(house: House) -> bool:
    """Whether the city's ledger is in order."""
    with house.edge.database.reading(house.edge.city.city_id) as reading:
        return invariants.verify(reading).ok


def test_an_evening_without_the_internet(house: House) -> None:
    """Four gates scan one code at once: one wins, three say when and where. Then it is handed in and booked."""
    voucher, left = house.sell(), house.sell(house.offer())
    opened(house)
    gates = [Gate(house, f"Tor {number}") for number in range(1, 5)]
    house.wire.cut = True
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda gate: gate.scan(voucher), gates))
    assert ["accepted", *["already-used"] * 3] == sorted(one["code"] for one in verdicts)
    winner = next(gate for gate, one in zip(gates, verdicts, strict=True) if one["code"] == "accepted")
    told = next(one["sentence"] for one in verdicts if one["code"] == "already-used")
    assert f"Tor {gates.index(winner) + 1}" in told
    with pytest.raises(Unreachable):
        syncing.once(house.hub)
    assert "at-hub" == house.elsewhere(left)
    house.wire.cut = False
    syncing.close(house.hub)
    assert "hub-closed" == gates[0].scan(left)["code"]
    syncing.once(house.hub)
    assert VoucherStatus.REDEEMED is house.look(voucher).status
    assert "accepted" == house.elsewhere(left)
    assert house.hub.state().session_id is None
    assert whole(house)


def test_nothing_is_lost_or_booked_twice(house: House) -> None:
    """Killed after an answer, with the answers of the city lost: the same log arrives once."""
    sold = [house.sell(house.offer(code=f"offer-{number}")) for number in range(3)]
    opened(house)
    gate = Gate(house, "Tor 1")
    house.wire.cut = True
    first = gate.scan(sold[0], nonce="abc")
    house.kill()
    assert first == gate.scan(sold[0], nonce="abc")
    assert "already-used" == gate.scan(sold[0])["code"]
    assert "accepted" == gate.scan(sold[1])["code"]
    house.wire.cut, house.wire.lose_answers = False, True
    for _ in range(2):
        with pytest.raises(Unreachable):
            syncing.once(house.hub)
        house.kill()
    house.wire.lose_answers = False
    assert "accepted" == gate.scan(sold[2])["code"]
    syncing.once(house.hub)
    syncing.once(house.hub)
    assert [VoucherStatus.REDEEMED] * 3 == [house.look(one).status for one in sold]
    assert house.hub.state().acknowledged == 4
    assert whole(house)


def test_what_the_hub_does_not_have(house: House) -> None:
    """Bought later: with a network the city decides, without one the rules of the venue; used up, it stays so."""
    opened(house)
    gate, later, other = Gate(house, "Tor 1"), house.sell(), house.sell(house.offer())
    syncing.once(house.hub)
    assert "accepted" == gate.scan(later)["code"]
    house.wire.cut = True
    assert "already-used" == gate.scan(later)["code"]
    assert "not-on-list" == gate.scan(other)["code"]
    assert "mistyped-code" == gate.scan("0000000001")["code"]
    house.wire.cut = False
    syncing.once(house.hub)
    assert VoucherStatus.REDEEMED is house.look(later).status
    # Left to the hub from now on: the city has been told to.
    opened(house)
    house.wire.cut = True
    assert ["already-used", "accepted"] == [gate.scan(one)["code"] for one in (later, other)]
    house.wire.cut = False
    syncing.once(house.hub)
    assert whole(house)


def test_uses_are_counted_typed_and_taken_back(house: House) -> None:
    """A strip of three, one used before: ten characters need the city once; an undo is handed in, too."""
    offer = house.offer(value_cents=900, price_points=30, terms=Terms(uses=3, undo_minutes=5))
    strip, other = house.sell(offer), house.sell(offer)
    assert "accepted" == house.elsewhere(strip)
    opened(house)
    gate = Gate(house, "Tor 1")
    taken = gate.scan(strip.manual_code, uses=2)
    assert ("accepted", 0) == (taken["code"], taken["left"])
    assert "already-used" == gate.scan(strip)["code"]
    house.wire.cut = True
    assert 2 == gate.undo(taken["scan_id"])["left"]
    assert "too-few-left" == gate.scan(strip, uses=3)["code"]
    assert "accepted" == gate.scan(strip.manual_code)["code"]
    # A gate that had lost the hub, too, took a scan back by itself.
    assert ["known", "known"] == gate.take_back_alone(other, bytes(16))
    assert "too-few-left" == gate.scan(other, uses=4)["code"]
    house.wire.cut = False
    syncing.once(house.hub)
    assert [1, 3] == [house.look(one).left for one in (strip, other)]
    assert whole(house)


def test_the_hub_follows_the_city(house: House) -> None:
    """Time over, suspended, lost: it lets nobody in; what it wrote is handed in as of any device."""
    voucher = house.sell()
    opened(house)
    gate = Gate(house, "Tor 1")
    device = house.hub.state().device_id
    house.edge.call("POST", f"/api/v1/devices/{device}/suspension", house.owner)
    syncing.once(house.hub)
    house.wire.cut = True
    house.hub.online = False
    assert "hub-closed" == gate.scan(voucher)["code"]
    house.wire.cut = False
    house.edge.call("POST", f"/api/v1/devices/{device}/reactivation", house.owner)
    syncing.once(house.hub)
    house.wire.cut = True
    house.edge.database.clock.advance(EVENING)  # type: ignore[attr-defined]  # a clock of tests
    assert "hub-closed" == gate.scan(voucher)["code"]
    house.edge.call("POST", f"/api/v1/devices/{device}/loss", house.owner, json={})
    assert "accepted" == house.elsewhere(voucher)
    house.wire.cut = False
    with pytest.raises(Refused, match="device-lost"):
        syncing.once(house.hub)
    assert "lost" == house.hub.state().city_state


def test_the_key_stays_and_nobody_can_use_the_list(house: House) -> None:
    """Files are for the hub's user only; the list makes no code; the log is a file that the city takes."""
    voucher = house.sell()
    opened(house)
    house.folder.staff_code()
    house.folder.certificate(["hub.local", "192.0.2.7"])
    for file in house.folder.path.iterdir():
        assert 0 == stat.S_IMODE(file.stat().st_mode) & 0o077, file
    with pytest.raises(Conflict, match="hub-enrolled-already"):
        joining.enrol(house.folder, SERVER, "X" * 16, house.wire)
    data = b"".join(file.read_bytes() for file in house.folder.path.glob("hub.db*"))
    assert voucher.token[-64:] not in data
    assert voucher.manual_code.encode() not in data
    Gate(house, "Tor 1").scan(voucher)
    with house.hub.database.reading(house.hub.city.city_id) as reading:
        file_data = hub_logs.export(reading)
    log = scan_events.read_file(file_data)
    event = scan_events.read(log.events[0], house.hub.key.verify_key, log.device_id).event
    assert ("accepted", scan_events.Tier.HUB, {5: "Tor 1"}) == (event.decision, event.tier, event.more)
