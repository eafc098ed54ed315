"""Scans that come later, on pages: the venue's list, a log as a file, held devices, the citizen's question."""

import re

import pytest

from identity import postbox
from identity.roles import Role
from kernel.signing import SigningKey
from merchants import devices
from redemption import buying, offline_policies, scan_events, vouchers
from redemption.offline_policies import EVERYWHERE
from redemption.offline_policy import SUGGESTED
from redemption.scan_events import EventFlags, EventKind, Link, ScanEvent, Signed, Tier
from redemption.vouchers import Voucher
from tests.api.edge import Edge

KEY = SigningKey(bytes(range(32)))


class Handy:
    """A device of the pool whose log exists as a file only."""

    def __init__(self, edge: Edge, name: str, key: SigningKey) -> None:
        self.edge, self.key = edge, key
        public = key.verify_key.public_key
        self.device_id = edge.database.run(
            edge.city.city_id,
            lambda work: devices.enrol(work, edge.pool.venue_id, name, public_key=public)[0].device_id,
        )
        self.link: Link = scan_events.beginning(public)
        self.events: list[Signed] = []

    def scan(self, voucher: Voucher) -> None:
        """Let somebody in."""
        now = int(self.edge.database.clock.now().timestamp() * 1000)
        event = ScanEvent(
            device_id=self.device_id, seq=self.link.seq + 1, prev=self.link.head, kind=EventKind.SCAN,
            device_ms=now, offset_ms=0, anchor_ms=now, list_version=1, tier=Tier.CAPPED, decision="accepted",
            nonce=bytes(16), code=voucher.token, flags=EventFlags.ID_SEEN,
        )  # fmt: skip
        self.events.append(scan_events.sign(event, self.key))
        self.link = scan_events.following(self.events[-1])

    def file(self, start: int = 0) -> bytes:
        """Return the log as a file."""
        public = self.key.verify_key.public_key
        return scan_events.write_file(self.device_id, public, [one.data for one in self.events[start:]])


@pytest.fixture
def voucher(edge: Edge) -> Voucher:
    """Give a voucher of anna."""
    person, _ = edge.person()
    edge.give(person, 500)
    edge.database.run(edge.city.city_id, lambda work: offline_policies.save(work, EVERYWHERE, SUGGESTED))
    sealer = edge.app.state.services.sealer
    return edge.database.run(
        edge.city.city_id,
        lambda work: buying.buy(work, edge.city, person.owner, edge.swim.offer_id, sealer),
    )


def hand_in(edge: Edge, content: bytes, status: int = 200) -> str:
    """Hand a file in as the owner; return the page."""
    _, owner = edge.person("olga@example.org", Role.VENUE_OWNER)
    fields = {**edge.browse(owner), "venue_id": str(edge.pool.venue_id)}
    answer = edge.client.post("/venue/late-scans/file", data=fields, files={"file": ("log.dscl", content)})
    assert status == answer.status_code
    return answer.text


def test_a_file_is_handed_in_and_the_citizen_is_asked(edge: Edge, voucher: Voucher) -> None:
    """Two broken phones let the same voucher in: both files are taken, one scan is a conflict, anna says no."""
    first, second = Handy(edge, "Tor 1", KEY), Handy(edge, "Tor 2", SigningKey(bytes(32)))
    first.scan(voucher)
    second.scan(voucher)
    assert "Gebucht: <strong>1</strong>" in hand_in(edge, first.file())
    page = hand_in(edge, second.file())
    assert "vorher schon eingelöst" in page
    assert "Tor 2" in page

    person, token = edge.person()
    fields = edge.browse(token)
    with edge.database.reading(edge.city.city_id) as reading:
        (letter,) = [one for one in postbox.page(reading, person.owner) if one.code == "used-twice"]
    entry = edge.client.get(f"/postbox/{letter.entry_id}").text
    (path,) = re.findall(r"/questions/\d+", entry)[:1]
    assert "Waren Sie das?" in edge.client.get(path).text
    assert 422 == edge.client.post(path, data=fields).status_code
    assert (
        303
        == edge.client.post(path, data={**fields, "said": "no", "remark": "Ich war zu Hause."}).status_code
    )
    assert "Ihre Antwort: Nein" in edge.client.get(path).text
    _, other = edge.person("ben@example.org")
    edge.browse(other)
    assert 404 == edge.client.get(path).status_code


def test_what_is_no_file_of_the_venue_is_refused(edge: Edge) -> None:
    """Something else, and a log of a device that is not there."""
    other = Handy(edge, "Tor 1", KEY)
    other.device_id += 1
    assert "kein Protokoll eines Geräts" in hand_in(edge, b"PK", 422)
    assert "von einem anderen Gerät" in hand_in(edge, other.file(), 422)


def test_a_held_device_is_released(edge: Edge, voucher: Voucher) -> None:
    """The beginning of its log is gone: what is left waits until an administrator has decided."""
    phone = Handy(edge, "Tor 1", KEY)
    phone.scan(voucher)
    phone.scan(voucher)
    assert "Zurückgehalten: <strong>1</strong>" in hand_in(edge, phone.file(1))
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)
    fields = edge.browse(admin)
    page = edge.client.get("/office/devices").text
    assert "Tor 1" in page
    assert "Es fehlen Einträge." in page
    path = f"/office/devices/{phone.device_id}/release"
    assert 303 == edge.client.post(path, data={**fields, "accept": "yes"}).status_code
    assert "Kein Gerät wird zurückgehalten" in edge.client.get("/office/devices").text
    with edge.database.reading(edge.city.city_id) as reading:
        assert 0 == vouchers.get(reading, voucher.voucher_id).left
