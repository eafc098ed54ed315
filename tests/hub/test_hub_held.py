"""What a guest sees and can do with a voucher that the venue's hub has, and when the hub never comes back."""

import datetime as dt
from pathlib import Path

import pytest

from api.hub import syncing
from api.v1.devices import lost, shut_out
from kernel.db import Work
from kernel.errors import Conflict
from ledger import invariants, queries
from merchants import devices
from redemption import cancelling, handing_in, handing_over, hub_logs
from redemption.offer_terms import Terms
from redemption.vouchers import VoucherStatus
from tests.api.edge import Edge
from tests.hub.house import Gate, House

EVENING = dt.timedelta(hours=8)


@pytest.mark.parametrize("how", ["lost", "shut-out", "silent"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_voucher_that_the_hub_has(edge: Edge, tmp_path: Path, how: str) -> None:
    """It is neither given back nor handed on meanwhile, and the page says why. The hub is gone: all is as before.

    What the hub had let in and not handed in is paid when its disk is read, also if the guest gave it back.
    """
    house = House(edge, tmp_path / "hub")
    syncing.once(house.hub)
    terms = Terms(transferable=True)
    voucher, used = (
        house.sell(house.offer(code=code, terms=terms, valid_days=30)) for code in ("a-1", "b-1")
    )
    _, session = edge.person("gesa@example.org")
    syncing.open_until(house.hub, house.hub.clock.now() + EVENING)
    house.wire.cut, house.hub.online = True, False
    assert "accepted" == Gate(house, "Tor 1").scan(used)["code"]

    def give_back() -> None:
        house.run(lambda work: cancelling.cancel(work, edge.city, voucher.owner, voucher.voucher_id))

    with pytest.raises(Conflict, match="voucher-at-hub"):
        give_back()
    with pytest.raises(Conflict, match="voucher-at-hub"):
        house.run(lambda work: handing_over.offer(work, voucher.owner, voucher.voucher_id))
    edge.browse(session)
    page = edge.client.get(f"/vouchers/{voucher.voucher_id}?lang=en").text
    assert "The venue keeps its own list until" in page
    assert "It can be given back again" in page
    number = house.hub.state().device_id
    house.tick(dt.timedelta(minutes=1))
    if how == "silent":
        house.tick(EVENING + dt.timedelta(hours=24))
    else:
        house.run(lambda work: (lost if how == "lost" else shut_out)(work, number))
    give_back()
    # Nobody knows that it was used.
    house.run(lambda work: cancelling.cancel(work, edge.city, used.owner, used.voucher_id))
    with house.hub.database.reading(edge.city.city_id) as reading:
        events = hub_logs.waiting(reading, house.hub.state(), 100)

    def hand_in(work: Work) -> list[tuple[str, str | None]]:
        device = devices.get(work, number)
        told = handing_in.take(work, edge.city, device, handing_in.read(device, events))
        return [(one.outcome, one.reason) for one in told.results]

    assert [("conflict", "paid")] == house.run(hand_in)
    assert [VoucherStatus.CANCELLED] * 2 == [house.look(one).status for one in (voucher, used)]
    with edge.database.reading(edge.city.city_id) as reading:
        assert -10 == queries.balance(reading, "offline-loss").posted
        assert invariants.verify(reading).ok
