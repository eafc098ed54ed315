"""Enrolling devices by invitation, their limits and their states."""

import datetime as dt

import pytest
import sqlalchemy as sa

from kernel.errors import Conflict, DomainError, Invalid, NotFound
from kernel.signing import SigningKey
from merchants import device_reports, devices, enrolling, safeguarding, venues
from merchants.device_reports import Report
from merchants.device_tables import device_invitations
from merchants.devices import Device, DeviceKind, DeviceRefused, DeviceState, Limits
from merchants.enrolling import Invitation
from tests.merchants.town import Town

KEY, OTHER_KEY = SigningKey(bytes(range(32))), SigningKey(bytes(32))
GATE = Limits("Tor 2", (3, 1, 3))


@pytest.fixture
def pool(town: Town) -> int:
    """Open a venue and return its number."""
    return town.open_venue(rate=None).venue_id


def invite(town: Town, venue_id: int, limits: Limits = GATE) -> tuple[Invitation, str]:
    """Invite a device."""
    return town.database.run(
        town.city_id,
        lambda work: enrolling.invite(
            work, venue_id, " Handy 2 ", invited_by="person/1", kind=DeviceKind.HUB, limits=limits
        ),
    )


def accept(town: Town, secret: str, key: SigningKey = KEY, signed: str | None = None) -> tuple[Device, str]:
    """Accept an invitation as a device with that key would."""
    signature = key.sign(enrolling.SIGNED_HEAD + (signed or enrolling.normalised(secret)).encode())
    return town.database.run(
        town.city_id,
        lambda work: enrolling.accept(work, secret, key.verify_key.public_key, signature),
    )


def refused(town: Town, secret: str, key: SigningKey = KEY, signed: str | None = None) -> str:
    """Return the code with which an attempt is refused."""
    with pytest.raises(DomainError) as refusal:
        accept(town, secret, key, signed)
    return refusal.value.code


def test_a_device_joins_with_its_own_key(town: Town, pool: int) -> None:
    """It has the name, kind, gate and offers of the invitation, and its token opens it."""
    invitation, secret = invite(town, pool)
    device, token = accept(town, secret)

    assert ("Handy 2", DeviceKind.HUB, "Tor 2", (1, 3)) == (
        device.name,
        device.kind,
        device.gate,
        device.offer_ids,
    )
    assert (pool, KEY.verify_key.public_key, True) == (
        device.venue_id,
        device.public_key,
        device.trusted_offline,
    )
    with town.database.reading(town.city_id) as reading:
        assert device == devices.authenticate(reading, token)
        assert device.device_id == enrolling.get(reading, invitation.invitation_id).device_id
        assert [] == enrolling.open_ones(reading, pool)


def test_a_secret_may_be_typed_badly(town: Town, pool: int) -> None:
    """Lower case, hyphens, and letters that look like digits mean the same."""
    _, secret = invite(town, pool)
    typed = enrolling.grouped(secret).lower().replace("0", "o").replace("1", "l")

    assert 16 == len(secret)
    assert accept(town, typed)[0].venue_id == pool


def test_the_secret_is_kept_as_a_hash_only(town: Town, pool: int) -> None:
    """No column of the stored invitation holds it."""
    _, secret = invite(town, pool)
    with town.database.reading(town.city_id) as reading:
        row = reading.connection.execute(
            sa.select(device_invitations).where(device_invitations.c.city_id == town.city_id)
        ).one()
        assert [pool] == [one.venue_id for one in enrolling.open_ones(reading, pool)]
    assert not [value for value in row if secret in str(value)]


def test_a_lost_answer_is_asked_for_again(town: Town, pool: int) -> None:
    """The same secret and key give the same device a new token; the old one is worth nothing."""
    _, secret = invite(town, pool)
    (first, old), (again, token) = accept(town, secret), accept(town, secret)

    assert first == again
    with town.database.reading(town.city_id) as reading:
        assert first == devices.authenticate(reading, token)
        with pytest.raises(DeviceRefused, match="device-unknown"):
            devices.authenticate(reading, old)


def test_who_may_not_join(town: Town, other_town: Town, pool: int) -> None:
    """Each wrong attempt has its reason, and none uses the invitation up."""
    _, secret = invite(town, pool)
    assert "invitation-unknown" == refused(town, "0" * 16)
    assert "invitation-unknown" == refused(other_town, secret)
    assert "enrolment-signature-wrong" == refused(town, secret, signed="0" * 16)
    accept(town, secret)
    assert "invitation-used" == refused(town, secret, OTHER_KEY)
    _, second = invite(town, pool)
    assert "device-key-used" == refused(town, second)
    town.clock.advance(enrolling.VALID_FOR)
    assert "invitation-expired" == refused(town, second, OTHER_KEY)
    with pytest.raises(Invalid, match="device-key-invalid"):
        town.database.run(town.city_id, lambda work: enrolling.accept(work, second, b"short", bytes(64)))


def test_who_may_not_be_invited(town: Town, pool: int) -> None:
    """An invitation needs an open venue, a name and limits that can be kept."""
    for limits in (Limits("x" * 41), Limits(None, tuple(range(201)))):
        with pytest.raises(Invalid, match="device-limits-invalid"):
            invite(town, pool, limits)
    with pytest.raises(NotFound, match="venue-not-found"):
        invite(town, 99)
    _, secret = invite(town, pool)
    town.database.run(town.city_id, lambda work: venues.suspend(work, pool))
    with pytest.raises(Conflict, match="venue-suspended"):
        invite(town, pool)
    assert "venue-suspended" == refused(town, secret)


def test_no_limits_mean_all_offers() -> None:
    """An empty list of offers is no list."""
    limits = devices.checked_limits(Limits("  ", ()))

    assert Limits() == limits
    assert [True, True, False] == [limits.take(7), Limits(None, (7,)).take(7), Limits(None, (7,)).take(8)]


def test_states_of_a_device(town: Town, pool: int) -> None:
    """Suspended it may only hand in; lost it is refused; found again it works as before."""
    _, secret = invite(town, pool)
    device, token = accept(town, secret)

    def act(change: str, *rest: object) -> Device:
        town.clock.advance(dt.timedelta(minutes=1))
        changed: Device = town.database.run(
            town.city_id, lambda work: getattr(safeguarding, change)(work, device.device_id, *rest)
        )
        return changed

    suspended = act("suspend")
    assert (DeviceState.SUSPENDED, False, town.clock.now()) == (
        suspended.state, suspended.usable, suspended.state_since,
    )  # fmt: skip
    with town.database.reading(town.city_id) as reading:
        assert suspended == devices.authenticate(reading, token)
    assert suspended == act("suspend")
    for wrong in (town.clock.now() + dt.timedelta(days=1), device.created_at - dt.timedelta(days=1)):
        with pytest.raises(Invalid, match="lost-since-invalid"):
            act("lose", wrong)
    lost = act("lose", device.created_at)
    assert (DeviceState.LOST, device.created_at) == (lost.state, lost.lost_at)
    assert lost == act("lose")
    with pytest.raises(Conflict, match="device-lost"):
        act("suspend")
    with town.database.reading(town.city_id) as reading, pytest.raises(DeviceRefused, match="device-lost"):
        devices.authenticate(reading, token)
    found = act("reactivate")
    assert (DeviceState.ACTIVE, None, True) == (found.state, found.lost_at, found.usable)


def test_quarantine_outlasts_the_owner(town: Town, pool: int) -> None:
    """A device with a broken log works online; suspending and reactivating it does not release it."""
    device, _ = devices_of(town, pool)

    def act(change: str) -> Device:
        changed: Device = town.database.run(
            town.city_id, lambda work: getattr(safeguarding, change)(work, device.device_id)
        )
        return changed

    with pytest.raises(Conflict, match="device-not-in-quarantine"):
        act("release")
    held = act("quarantine")
    assert (DeviceState.QUARANTINED, True, False) == (held.state, held.usable, held.trusted_offline)
    assert held == act("quarantine")
    act("suspend")
    assert DeviceState.QUARANTINED is act("reactivate").state
    assert DeviceState.ACTIVE is act("release").state
    town.database.run(town.city_id, lambda work: devices.revoke(work, device.device_id))
    for change in ("suspend", "lose", "reactivate"):
        with pytest.raises(Conflict, match="device-revoked"):
            act(change)


def test_the_newest_report_is_kept(town: Town, pool: int) -> None:
    """What a device says of itself replaces what it said before; nonsense is refused."""
    device, _ = devices_of(town, pool)

    def note(report: Report) -> Report:
        return town.database.run(town.city_id, lambda work: device_reports.note(work, device, report))

    note(Report(0, 0, 0, None, 0, "1"))
    town.clock.advance(dt.timedelta(minutes=1))
    newest = note(Report(-1250, 17, 3, 84, 4, "2.1.0"))
    for wrong in (Report(0, -1, 0, None, 0, "1"), Report(0, 0, 0, 101, 0, "1"), Report(0, 0, 0, 1, 5, "1")):
        with pytest.raises(Invalid, match="device-report-invalid"):
            note(wrong)

    assert newest.reported_at == town.clock.now()
    with town.database.reading(town.city_id) as reading:
        assert {device.device_id: newest} == device_reports.of_devices(reading, [device])


def devices_of(town: Town, venue_id: int) -> tuple[Device, str]:
    """Enrol a device with a key."""
    return accept(town, invite(town, venue_id)[1])
