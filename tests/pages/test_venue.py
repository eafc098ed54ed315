"""What a cashier sees after a scan: each refusal in its own words."""

import datetime as dt
import re
from typing import Any

import pytest

from identity.roles import Role
from kernel.clock import FixedClock
from kernel.db import Work
from kernel.signing import SigningKey
from redemption import buying, cancelling, codes, offers, tokens, vouchers
from redemption.new_offers import NewOffer, VatKind
from redemption.offer_terms import OfferKind, Terms
from redemption.tokens import Claims, Flags, VoucherKind
from redemption.vouchers import Voucher
from tests.api.edge import Edge


class Gate:
    """A browser at the pool's entrance, and a guest with vouchers."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.guest, _ = edge.person("guest@example.org")
        edge.give(self.guest, 1000)
        _, self.token = edge.person("paul@example.org", Role.VENUE_STAFF)
        self.enter()

    def enter(self) -> None:
        """Sign in at the gate and register the device."""
        fields = self.edge.browse(self.token)
        self.edge.client.post("/venue/devices/here", data={"venue_id": "1", **fields})
        self.device = self.edge.client.cookies["duiscoin_device"]

    def buy(self, offer_id: int | None = None) -> Voucher:
        """Buy a voucher for the guest."""
        sealer = self.edge.app.state.services.sealer
        return self.edge.database.run(
            self.edge.city.city_id,
            lambda work: buying.buy(
                work, self.edge.city, self.guest.owner, offer_id or self.edge.swim.offer_id, sealer
            ),
        )

    def scan(self, text: str, uses: str = "1") -> str:
        """Scan a code and return the page."""
        fields = self.edge.browse(self.token)
        self.edge.client.cookies.set("duiscoin_device", self.device)
        answer = self.edge.client.post(
            "/venue", data={"code": text, "uses": uses, **fields}, headers={"Accept-Language": "de"}
        )
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def gate(edge: Edge) -> Gate:
    """Give a registered device at the pool."""
    return Gate(edge)


def test_good_then_used(gate: Gate) -> None:
    """The first scan is green; the second is red and says when and where it was used."""
    text = codes.app_text(gate.buy().token)

    first, second = gate.scan(text), gate.scan(text)

    assert 'data-verdict="green"' in first
    assert "Gültig" in first
    assert 'data-verdict="red"' in second
    assert "Schon eingelöst" in second
    assert "04.05.2026" in second
    assert "Rhein-Ruhr-Bad" in second


def test_typed_code_is_as_good(gate: Gate) -> None:
    """The ten characters do what the picture does."""
    page = gate.scan(codes.grouped(gate.buy().manual_code))

    assert 'data-verdict="green"' in page


def test_tampered(gate: Gate) -> None:
    """A code that was changed after signing is not genuine."""
    token = bytearray(gate.buy().token)
    token[-1] ^= 1

    page = gate.scan(codes.app_text(bytes(token)))

    assert 'data-verdict="red"' in page
    assert "Nicht echt" in page


def test_unknown_key(gate: Gate) -> None:
    """A code signed with a key that this city never had is not from here."""
    now = int(gate.edge.database.clock.now().timestamp())
    claims = Claims(
        voucher_id=b"\1" * 8,
        issued_at=now,
        expires_at=now + 3600,
        kind=VoucherKind.POOL,
        product=1,
        venues=(1,),
        uses=1,
        value_cents=100,
        flags=Flags(0),
        status_index=1,
    )

    page = gate.scan(codes.app_text(tokens.issue(claims, SigningKey(b"\2" * 32))))

    assert 'data-verdict="red"' in page
    assert "Nicht von dieser Stadt" in page


def test_expired(gate: Gate, clock: FixedClock) -> None:
    """A voucher whose last day is over says so; points and place are back."""
    voucher = gate.buy()
    clock.advance(dt.timedelta(days=40))
    _, gate.token = gate.edge.person("paul@example.org")

    page = gate.scan(codes.app_text(voucher.token))

    assert 'data-verdict="red"' in page
    assert "Verfallen" in page


def test_other_venue(gate: Gate) -> None:
    """A voucher for another venue names that venue and is not used up."""

    def command(work: Work) -> int:
        new = NewOffer(
            code="lehmbruck",
            kind=OfferKind.TICKET,
            titles={"de": "Lehmbruck", "en": "Lehmbruck"},
            descriptions={"de": "Eintritt", "en": "Entry"},
            pictogram="museum",
            price_points=10,
            value_cents=500,
            venue_ids=(2,),
            places=None,
            valid_days=10,
            vat_kind=VatKind.MULTI_PURPOSE,
        )
        return offers.publish(work, gate.edge.city, offers.create(work, new).offer_id).offer_id

    offer_id = gate.edge.database.run(gate.edge.city.city_id, command)
    voucher = gate.buy(offer_id)

    page = gate.scan(codes.app_text(voucher.token))

    assert 'data-verdict="amber"' in page
    assert "Lehmbruck Museum" in page
    with gate.edge.database.reading(gate.edge.city.city_id) as reading:
        assert vouchers.get(reading, voucher.voucher_id).status == "usable"


def test_given_back(gate: Gate) -> None:
    """A voucher that was given back says so."""
    voucher = gate.buy()
    gate.edge.database.run(
        gate.edge.city.city_id,
        lambda work: cancelling.cancel(work, gate.edge.city, gate.guest.owner, voucher.voucher_id),
    )

    assert "Zurückgegeben" in gate.scan(codes.app_text(voucher.token))


def test_rubbish(gate: Gate) -> None:
    """Something that is no code at all is asked for again."""
    assert 'data-verdict="amber"' in gate.scan("https://example.org/some-other-code-that-is-long")


def test_unregistered_device_can_not_scan(edge: Edge) -> None:
    """Staff whose browser is no device yet is told to register it."""
    _, token = edge.person("paul@example.org", Role.VENUE_STAFF)
    fields = edge.browse(token)

    answer = edge.client.post("/venue", data={"code": "x", **fields})

    assert answer.status_code == 403
    assert "registriert" in answer.text or "angemeldet" in answer.text


def test_a_scan_is_taken_back_at_the_gate(gate: Gate) -> None:
    """The verdict of an offer that allows it has the button; afterwards the voucher is good again, once more red."""
    edge = gate.edge
    new = NewOffer(
        code="quick",
        kind=OfferKind.POOL,
        titles={"de": "Zehnerkarte", "en": "Strip"},
        descriptions={"de": "Bad.", "en": "Bath."},
        pictogram="pool",
        price_points=20,
        value_cents=500,
        venue_ids=(1,),
        valid_days=3,
        terms=Terms(uses=4, undo_minutes=5),
    )

    def publish(work: Work) -> int:
        return offers.publish(work, edge.city, offers.create(work, new).offer_id).offer_id

    voucher = gate.buy(edge.database.run(edge.city.city_id, publish))
    page = gate.scan(codes.app_text(voucher.token), uses="3")
    assert "Für 3 Personen" in page
    path = re.findall(r"/venue/scans/\d+/undo", page)[0]

    def undo() -> Any:
        fields = edge.browse(gate.token)
        edge.client.cookies.set("duiscoin_device", gate.device)
        return edge.client.post(path, data=fields, headers={"Accept-Language": "de"})

    assert "notice=scan-undone" in undo().headers["location"]
    assert "notice=scan-undone" in undo().headers["location"]
    assert "Zurückgenommen um" in edge.client.get("/venue/today").text
    assert "Nicht genug übrig" in gate.scan(codes.app_text(voucher.token), uses="5")
    fields = edge.browse(gate.token)
    assert 409 == edge.client.post("/venue/scans/1/undo", data=fields).status_code
