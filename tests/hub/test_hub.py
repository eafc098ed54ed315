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
from merchants import venues
from redemption import hub_logs, scan_events
from redemption.offer_terms import Terms
from redemption.vouchers import VoucherStatus
from tests.api.edge import Edge
from tests.hub.house import SERVER, Gate, House

EVENING = dt.timedelta(hours=8)
REFUSED = [
    ("GET", "venue/trust"), ("GET", "venue/scan-log"), ("POST", "venue/scan-log"), ("POST", "scans"),
    ("GET", "venue/hub/copy"), ("POST", "venue/hub/session"), ("GET", "venue/hub/vouchers"),
    ("GET", "venue/hub/vouchers/changed?at=1"), ("GET", "venue/hub/passages"), ("POST", "venue/hub/typed"),
    ("POST", "venue/canary"), ("POST", "venue/device-state"),
]  # fmt: skip
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


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


def test_a_paused_hub_gives_all_back(house: House) -> None:
    """Once it hears of it: its gates say so, other devices take the vouchers, and it may go on later."""
    first, second, third = (house.sell(house.offer(code=code)) for code in ("one", "two", "three"))
    opened(house)
    gate = Gate(house, "Tor 1")
    device = f"/api/v1/devices/{house.hub.state().device_id}"
    house.wire.cut = True
    house.hub.online = False
    house.edge.call("POST", f"{device}/suspension", house.owner)
    # It can't know: what it lets in is good, because nobody else does.
    assert ("at-hub", "accepted") == (house.elsewhere(first), gate.scan(first)["code"])
    house.wire.cut = False
    syncing.once(house.hub)
    assert ("hub-blocked", "amber") == tuple(gate.scan(second)[name] for name in ("code", "colour"))
    assert ["already-used", "accepted"] == [house.elsewhere(one) for one in (first, second)]
    assert "Hub" in house.client.get("/hub", headers={"Accept-Language": "en"}).text
    house.edge.call("POST", f"{device}/reactivation", house.owner)
    syncing.once(house.hub)
    assert ("active", None) == (house.hub.state().city_state, house.hub.state().session_id)
    opened(house)
    # Online the city says it at once, before the hub syncs.
    house.edge.call("POST", f"{device}/suspension", house.owner)
    later = house.sell()
    assert "hub-blocked" == gate.scan(later)["code"]
    assert "suspended" == house.hub.state().city_state
    assert whole(house)
    assert third.left == house.look(third).left


@pytest.mark.parametrize("how", ["loss", "revoked"])
@on_sqlite
def test_a_blocked_hub_is_refused_at_once(house: House, how: str) -> None:
    """Every call, with whatever it asks; vouchers are everybody's; staff read what to do, and save the record."""
    voucher, taken = house.sell(), house.sell(house.offer())
    opened(house)
    gate, lost_gate = Gate(house, "Tor 1"), Gate(house, "Tor 2")
    house.wire.cut, house.hub.online = True, False
    assert "accepted" == gate.scan(taken)["code"]
    house.edge.database.clock.advance(EVENING)  # type: ignore[attr-defined]  # a clock of tests
    assert "hub-closed" == gate.scan(voucher)["code"]
    device = f"/api/v1/devices/{house.hub.state().device_id}"
    if how == "loss":
        house.edge.call("POST", f"{device}/loss", house.owner, json={})
    else:
        house.edge.call("DELETE", device, house.owner)
    assert "accepted" == house.elsewhere(voucher)
    token = house.hub.state().token
    for method, path in REFUSED:
        answer = house.edge.call(method, f"/api/v1/{path}", token, json={} if method == "POST" else None)
        assert 401 == answer.status_code, path
    house.wire.cut, house.hub.online = False, True
    # Also at the next scan, without waiting for the next time that it syncs.
    assert "hub-blocked" == gate.scan(house.sell())["code"]
    assert house.hub.state().city_state == ("lost" if how == "loss" else "revoked")
    with pytest.raises(Refused, match="device-"):
        syncing.once(house.hub)
    house.sign_in()
    page = house.client.get("/hub?lang=en").text
    assert "This hub is blocked" in page
    assert "/hub/log.dscl" in page
    assert house.client.get("/hub/log.dscl").content.startswith(scan_events.MAGIC)
    # A phone behind the hub that is gone is refused as fast.
    house.form(f"/hub/gates/{lost_gate.device_id}/revoke")
    assert "device-revoked" == lost_gate.scan(voucher)["code"]


@on_sqlite
def test_the_time_of_a_hub_is_over(house: House) -> None:
    """It lets nobody in, says so, and its venue may be paused as a whole."""
    voucher = house.sell()
    opened(house)
    gate = Gate(house, "Tor 1")
    house.wire.cut, house.hub.online = True, False
    house.edge.database.clock.advance(EVENING)  # type: ignore[attr-defined]  # a clock of tests
    assert "hub-closed" == gate.scan(voucher)["code"]
    house.wire.cut, house.hub.online = False, True
    house.run(lambda work: venues.suspend(work, house.edge.pool.venue_id))
    assert "venue-suspended" == gate.scan(voucher)["code"]
    with pytest.raises(Refused, match="venue-suspended"):
        syncing.once(house.hub)
    house.run(lambda work: venues.reactivate(work, house.edge.pool.venue_id))
    syncing.once(house.hub)
    assert "active" == house.hub.state().city_state


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
