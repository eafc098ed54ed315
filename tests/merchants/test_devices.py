"""Devices of venues and their tokens."""

import datetime as dt

import pytest
import sqlalchemy as sa

from kernel import ids
from kernel.errors import Conflict, Forbidden, Invalid, Kind, NotFound
from merchants import devices, venues
from merchants.devices import Device, DeviceRefused
from merchants.tables import devices as table
from tests.fixtures import counting
from tests.merchants.town import Town


@pytest.fixture
def pool(town: Town) -> int:
    """Open a venue and return its number."""
    return town.open_venue(rate=None).venue_id


def enrol(town: Town, venue_id: int, name: str = "Kasse 1") -> tuple[Device, str]:
    """Enrol a device."""
    return town.database.run(town.city_id, lambda work: devices.enrol(work, venue_id, name))


def authenticate(town: Town, token: str) -> Device:
    """Ask for the device of a token."""
    with town.database.reading(town.city_id) as reading:
        return devices.authenticate(reading, token)


def test_token_opens_the_device(town: Town, pool: int) -> None:
    """The token that was told at enrolment leads to the device and to no other."""
    (first, token), (second, other_token) = enrol(town, pool), enrol(town, pool, " Tor 2 ")

    assert (authenticate(town, token), authenticate(town, other_token)) == (first, second)
    assert (second.name, second.venue_id, second.revoked_at) == ("Tor 2", pool, None)
    with town.database.reading(town.city_id) as reading:
        assert devices.of_venue(reading, pool) == [first, second]


def test_token_is_kept_as_a_hash_only(town: Town, pool: int) -> None:
    """No column of the stored device holds the token."""
    _, token = enrol(town, pool)

    with town.database.reading(town.city_id) as reading:
        row = reading.connection.execute(sa.select(table).where(table.c.city_id == town.city_id)).one()
    assert row.token_hash == ids.secret_hash(token)
    assert not [value for value in row if token in str(value)]


def test_unknown_token_is_refused(town: Town, other_town: Town, pool: int) -> None:
    """A token that was never given out is refused, and so is one of another city."""
    _, token = enrol(town, pool)

    for where, wrong in ((town, token[:-1]), (town, ""), (other_town, token)):
        with pytest.raises(DeviceRefused, match="device-unknown") as refusal:
            authenticate(where, wrong)
        assert refusal.value.kind is Kind.UNAUTHENTICATED


def test_revoked_device_is_refused(town: Town, pool: int) -> None:
    """A lost device is out at once and for ever; revoking it again keeps the first time."""
    device, token = enrol(town, pool)
    revoked = town.database.run(town.city_id, lambda work: devices.revoke(work, device.device_id))
    town.clock.advance(dt.timedelta(days=1))
    again = town.database.run(town.city_id, lambda work: devices.revoke(work, device.device_id))

    with pytest.raises(DeviceRefused, match="device-revoked"):
        authenticate(town, token)
    assert revoked.revoked_at == town.clock.now() - dt.timedelta(days=1)
    assert again == revoked


def test_devices_of_a_suspended_venue_are_refused(town: Town, pool: int) -> None:
    """While a venue is suspended its devices may do nothing, and it gets no new ones."""
    _, token = enrol(town, pool)
    town.database.run(town.city_id, lambda work: venues.suspend(work, pool))

    with pytest.raises(Forbidden, match="venue-suspended"):
        authenticate(town, token)
    with pytest.raises(Conflict, match="venue-suspended"):
        enrol(town, pool)
    town.database.run(town.city_id, lambda work: venues.reactivate(work, pool))
    assert authenticate(town, token).venue_id == pool


def test_last_seen_is_written_rarely(town: Town, pool: int) -> None:
    """Being seen again soon after costs no new entry."""
    device, token = enrol(town, pool)
    seen = []
    for pause in (dt.timedelta(), devices.TOUCH_AFTER - dt.timedelta(seconds=1), dt.timedelta(seconds=1)):
        town.clock.advance(pause)
        town.database.run(town.city_id, lambda work: devices.touch(work, [device.device_id]))
        seen.append(authenticate(town, token).last_seen_at)

    began = device.created_at
    assert seen == [began, began, began + devices.TOUCH_AFTER]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_device_needs_a_name(town: Town, pool: int, name: str) -> None:
    """Staff have to tell devices apart."""
    with pytest.raises(Invalid, match="device-name-invalid"):
        enrol(town, pool, name)


def test_unknown_venue_and_device(town: Town, other_town: Town, pool: int) -> None:
    """A device needs a venue of its own city, and nobody revokes another city's device."""
    device, token = enrol(town, pool)

    with pytest.raises(NotFound, match="venue-not-found"):
        enrol(town, 99)
    with pytest.raises(NotFound, match="device-not-found"):
        other_town.database.run(other_town.city_id, lambda work: devices.revoke(work, device.device_id))
    assert authenticate(town, token) == device


def test_authenticating_is_one_statement(town: Town, pool: int) -> None:
    """Device and venue are looked at together: each scan asks for them."""
    _, token = enrol(town, pool)
    with counting.asked(town.database) as statements:
        authenticate(town, token)

    assert 1 == len(statements)


def test_due_is_as_touching_decides(town: Town, pool: int) -> None:
    """A device is due to be noted when it never was, and again from TOUCH_AFTER on."""
    device, token = enrol(town, pool)
    now = device.created_at
    town.database.run(town.city_id, lambda work: devices.touch(work, [device.device_id]))
    seen = authenticate(town, token)
    assert seen.last_seen_at is not None
    tick = dt.timedelta(microseconds=1)

    assert devices.is_due(device, now)
    assert not devices.is_due(seen, seen.last_seen_at + devices.TOUCH_AFTER - tick)
    assert devices.is_due(seen, seen.last_seen_at + devices.TOUCH_AFTER)
