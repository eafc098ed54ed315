"""Going in now: the guest chooses an entrance on the voucher's page, without any script."""

from kernel.db import Work
from kernel.signing import SigningKey
from merchants import devices
from merchants.devices import Device, Limits
from redemption import buying, codes, leasing
from tests.api.edge import Edge


def test_a_guest_reserves_a_voucher_for_an_entrance(edge: Edge) -> None:
    """The page offers the entrances that can, then shows the other code and says where and until when."""
    anna, token = edge.person()
    edge.give(anna, 1000)
    sealer = edge.app.state.services.sealer

    def prepare(work: Work) -> tuple[str, Device]:
        key = SigningKey(bytes(32)).verify_key.public_key
        gate, _ = devices.enrol(
            work, edge.pool.venue_id, "Handy", public_key=key, limits=Limits(gate="Tor 2")
        )
        bought = buying.buy(work, edge.city, anna.owner, edge.swim.offer_id, sealer)
        return bought.voucher_id, gate

    voucher_id, gate = edge.database.run(edge.city.city_id, prepare)
    path = f"/vouchers/{voucher_id}"
    fields = edge.browse(token)
    german = {"Accept-Language": "de"}
    assert "Gleich rein?" in edge.client.get(path, headers=german).text

    wrong = edge.client.post(f"{path}/lease", data={"device_id": "7", **edge.browse(token)}, headers=german)
    assert (409, True) == (wrong.status_code, "nichts reserviert" in wrong.text)
    form = {"device_id": str(gate.device_id), **fields}
    done = edge.client.post(f"{path}/lease", data=form, headers=german)
    assert f"{path}?notice=leased" == done.headers["location"]

    page = edge.client.get(path, headers=german).text
    assert "Reserviert für Tor 2 bis" in page
    assert "Gleich rein?" not in page
    with edge.database.reading(edge.city.city_id) as reading:
        leased = leasing.running(reading, [voucher_id])[voucher_id].token
    live = edge.call("GET", f"/api/v1{path}/live-keys", token).json()
    assert leased.hex() == live["token"]
    scanned = edge.call("POST", "/api/v1/scans", edge.device(), json={"text": codes.app_text(leased)}).json()
    assert ("leased", "amber") == (scanned["code"], scanned["colour"])
    assert "Tor 2" in scanned["sentence"]
