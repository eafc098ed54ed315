"""Stopping devices: suspended for a while, lost, found again, or held because their log is broken."""

import datetime as dt

from kernel import db
from kernel.errors import Conflict, Invalid
from merchants import devices
from merchants.devices import Device, DeviceState


def suspend(work: db.Work, device_id: int) -> Device:
    """Let a device do nothing but hand in its log, until it is reactivated; again changes nothing.

    Raises NotFound `device-not-found`, Conflict `device-revoked` or `device-lost`.
    """
    device = _present(work, device_id)
    if device.state is DeviceState.LOST:
        raise Conflict("device-lost", device_id=device_id)
    return _enter(work, device, DeviceState.SUSPENDED)


def lose(work: db.Work, device_id: int, since: dt.datetime | None = None) -> Device:
    """Refuse a device that is gone, since an instant in the past or now; again changes nothing.

    Raises NotFound `device-not-found`, Conflict `device-revoked`, Invalid `lost-since-invalid`.
    """
    device = _present(work, device_id)
    if device.state is DeviceState.LOST:
        return device
    lost_at = since or work.now
    if not device.created_at <= lost_at <= work.now:
        raise Invalid("lost-since-invalid", field="since")
    devices.change(work, device_id, lost_at=lost_at)
    return _enter(work, device, DeviceState.LOST)


def reactivate(work: db.Work, device_id: int) -> Device:
    """Let a device work again that was suspended, or lost and found; a quarantine stays.

    Raises NotFound `device-not-found`, Conflict `device-revoked`.
    """
    device = _present(work, device_id)
    devices.change(work, device_id, lost_at=None)
    return _enter(work, device, DeviceState.ACTIVE)


def quarantine(work: db.Work, device_id: int) -> Device:
    """Hold what a device did offline, because its log is broken; again keeps the first time."""
    device = devices.get(work, device_id)
    if device.quarantined_at is None:
        devices.change(work, device_id, quarantined_at=work.now)
    return devices.get(work, device_id)


def release(work: db.Work, device_id: int) -> Device:
    """End a quarantine. Raises NotFound `device-not-found`, Conflict `device-not-in-quarantine`."""
    device = devices.get(work, device_id)
    if device.quarantined_at is None:
        raise Conflict("device-not-in-quarantine", device_id=device_id)
    devices.change(work, device_id, quarantined_at=None)
    return devices.get(work, device_id)


def _present(work: db.Work, device_id: int) -> Device:
    """Return a device that was not shut out for good."""
    device = devices.get(work, device_id)
    if device.revoked_at is not None:
        raise Conflict("device-revoked", device_id=device_id)
    return device


def _enter(work: db.Work, device: Device, state: DeviceState) -> Device:
    if device.state is not state:
        devices.change(work, device.device_id, state=state.value, state_since=work.now)
    return devices.get(work, device.device_id)
