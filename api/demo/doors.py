"""What the demo's venues bring up: a voucher that came in twice, an objection, a contested line."""

from functools import partial
from typing import Final

from api import receipts_due
from api.demo.living import Life
from identity.persons import Person
from identity.roles import Role
from kernel.db import Work
from kernel.signing import SigningKey
from merchants import contesting, device_reports, devices, redirecting, settlements, takings
from merchants.contesting import Party
from merchants.device_reports import Report
from merchants.devices import DeviceKind
from redemption import (
    handing_in,
    objecting,
    offline_policies,
    offline_policy,
    receipts,
    scan_events,
    vouchers,
)
from redemption.receipts import ReceiptKind
from redemption.scan_events import EventFlags, EventKind, ScanEvent, Tier
from redemption.vouchers import Voucher, VoucherStatus

PHONE: Final = "Handy am Seiteneingang"
HUB: Final = "Computer an der Kasse"
BROKEN: Final = "Tablet am Kiosk"
_LATER_MS: Final = 4 * 60_000
_NEW_IBAN: Final = "DE02120300000000202051"


def open_doors(life: Life) -> None:
    """Let venues scan without a network, one a voucher that was used already; and let people speak up."""
    run = partial(life.database.run, life.city.city_id)
    run(lambda work: offline_policies.save(work, offline_policies.EVERYWHERE, offline_policy.SUGGESTED))
    run(partial(_use_again, life))
    run(partial(_have_a_hub, life))
    run(partial(_break_a_log, life))
    receipts_due.issue(life.database, life.city)
    run(partial(_object, life))
    run(partial(_contest, life))
    run(partial(_redirect, life))


def _use_again(life: Life, work: Work) -> None:
    """Let a phone that had no network take a voucher minutes after another device, and hand its log in."""
    owners = (guest.owner for guest in life.cast.citizens)
    voucher = next((one for owner in owners for one in vouchers.page(work, owner) if _fits(one)), None)
    if voucher is None or voucher.redeemed_at is None:
        return
    key = SigningKey(work.ids.random_bytes(32))
    device, _ = devices.enrol(work, voucher.venue_ids[0], PHONE, public_key=key.verify_key.public_key)
    before = int(voucher.redeemed_at.timestamp() * 1000)
    event = ScanEvent(
        device_id=device.device_id, seq=1, prev=scan_events.beginning(key.verify_key.public_key).head,
        kind=EventKind.SCAN, device_ms=before + _LATER_MS, offset_ms=0, anchor_ms=before, list_version=1,
        tier=Tier.CAPPED, decision="accepted", code=voucher.token, nonce=work.ids.random_bytes(16),
        flags=EventFlags.ID_SEEN,
    )  # fmt: skip
    items = handing_in.read(device, [scan_events.sign(event, key).data])
    handing_in.take(work, life.city, device, items)


def _have_a_hub(life: Life, work: Work) -> None:
    """Give the venue of the demo's owner a hub, which is closed at the moment."""
    _, venue_id = _owner(life)
    key = SigningKey(work.ids.random_bytes(32)).verify_key.public_key
    hub, _ = devices.enrol(work, venue_id, HUB, kind=DeviceKind.HUB, public_key=key)
    device_reports.note(work, hub, Report(0, 1, 0, None, 0, "1"))


def _break_a_log(life: Life, work: Work) -> None:
    """Let a phone hand in a log that lacks its beginning: what it did is held until somebody has looked."""
    _, venue_id = _owner(life)
    owners = (guest.owner for guest in life.cast.citizens)
    found = (one for owner in owners for one in vouchers.page(work, owner) if _fits(one))
    voucher = next((one for one in found if venue_id in one.venue_ids), None)
    if voucher is None or voucher.redeemed_at is None:
        return
    key = SigningKey(work.ids.random_bytes(32))
    device, _ = devices.enrol(work, venue_id, BROKEN, public_key=key.verify_key.public_key)
    at = int(voucher.redeemed_at.timestamp() * 1000)
    event = ScanEvent(
        device_id=device.device_id, seq=2, prev=work.ids.random_bytes(32), kind=EventKind.SCAN,
        device_ms=at + _LATER_MS, offset_ms=0, anchor_ms=at, list_version=1, tier=Tier.CAPPED,
        decision="accepted", code=voucher.token, nonce=work.ids.random_bytes(16), flags=EventFlags.ID_SEEN,
    )  # fmt: skip
    items = handing_in.read(device, [scan_events.sign(event, key).data])
    handing_in.take(work, life.city, device, items, lost_through=1)


def _fits(voucher: Voucher) -> bool:
    """Whether a voucher was used and could have been used again where there is no network."""
    used = voucher.status is VoucherStatus.REDEEMED and voucher.terms.activation_minutes is None
    small = voucher.uses == 1 and voucher.value_cents <= offline_policy.SUGGESTED.value_cents_max
    return used and small and len(voucher.venue_ids) == 1


def _object(life: Life, work: Work) -> None:
    """Let somebody say that a redemption was not theirs."""
    for guest in life.cast.citizens[1:]:
        for one in receipts.page(work, guest.owner):
            if one.kind is ReceiptKind.REDEEMED and one.points:
                said = "An dem Tag war ich gar nicht in Duisburg."
                objecting.object_to(work, guest.owner, one.receipt_id, said)
                return


def _contest(life: Life, work: Work) -> None:
    """Let somebody say that a line of a statement is wrong: the venue, or the city for one that called."""
    owner, own = _owner(life)
    found = sorted(settlements.page(work), key=lambda one: one.venue_id != own)
    for statement in found:
        for line in takings.uses(work, statement.venue_id, settlements.wanted_of(work, statement)):
            mine = statement.venue_id == own
            who = owner if mine else life.cast.staff[Role.ADMINISTRATOR]
            contesting.contest(
                work, life.city, statement.settlement_id, line.use_id, expected_points=2 * line.points,
                party=Party.VENUE if mine else Party.CITY, by=f"person/{who.person_id}",
                reason="Der Gast kam zu zweit, gezählt wurde nur eine Person.",
            )  # fmt: skip
            return


def _redirect(life: Life, work: Work) -> None:
    """Let the owner of a venue ask for another account."""
    owner, venue_id = _owner(life)
    redirecting.ask(work, venue_id, "Stadt Duisburg, Bäderbetriebe", _NEW_IBAN, by=owner.person_id)


def _owner(life: Life) -> tuple[Person, int]:
    return life.cast.venue_staff[0], life.cast.venue_ids[life.told.people.venue_staff[0].venue]
