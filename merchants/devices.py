"""Devices: what a venue scans with. A device shows a token that is told once and stored as a hash only."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa

from kernel import bulk, db, ids
from kernel.errors import Conflict, DomainError, Forbidden, Invalid, Kind, NotFound
from merchants import venues
from merchants.tables import devices
from merchants.tables import venues as venues_table
from merchants.venues import VenueStatus

NAME_MAX = 60
TOUCH_AFTER = dt.timedelta(minutes=15)
"""How old `last_seen_at` becomes before it is written again: a scan should not cost an update."""


class DeviceRefused(DomainError):
    """The token names no device that may act: `device-unknown` or `device-revoked`."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    code = "device-unknown"


@dataclass(frozen=True, slots=True)
class Device:
    """A phone, tablet or till with which a venue scans."""

    device_id: int
    venue_id: int
    name: str
    created_at: dt.datetime
    last_seen_at: dt.datetime | None
    revoked_at: dt.datetime | None


_BY_TOKEN = (
    sa.select(
        devices.c.token_hash,
        *(devices.c[name] for name in Device.__dataclass_fields__),
        venues_table.c.status,
    )
    .join(
        venues_table,
        sa.and_(venues_table.c.city_id == devices.c.city_id, venues_table.c.venue_id == devices.c.venue_id),
    )
    .where(devices.c.city_id == sa.bindparam("city"), bulk.any_of(devices.c.token_hash, "token_hashes"))
)
"""Devices with the status of their venues: asked for with each scan."""


def enrol(work: db.Work, venue_id: int, name: str) -> tuple[Device, str]:
    """Add a device to a venue; return it with its token, which can't be read again later.

    Raises NotFound `venue-not-found`, Conflict `venue-suspended`, Invalid `device-name-invalid`.
    """
    if not venues.get(work, venue_id).active:
        raise Conflict("venue-suspended", venue_id=venue_id)
    name = name.strip()
    if not 0 < len(name) <= NAME_MAX:
        raise Invalid("device-name-invalid", field="name", maximum=NAME_MAX)
    device_id, token = work.ids.next(), work.ids.token()
    work.connection.execute(
        sa.insert(devices).values(
            city_id=work.city_id,
            device_id=device_id,
            venue_id=venue_id,
            name=name,
            token_hash=ids.secret_hash(token),
            created_at=work.now,
        )
    )
    return get(work, device_id), token


def authenticate(reading: db.Reading, token: str) -> Device:
    """Return the device that a token belongs to.

    Raises DeviceRefused `device-unknown` or `device-revoked`, Forbidden `venue-suspended`.
    """
    (found,) = authenticate_all(reading, [token])
    if isinstance(found, DomainError):
        raise found
    return found


def authenticate_all(reading: db.Reading, tokens: Sequence[str]) -> list[Device | DomainError]:
    """Return the device of each token, or what `authenticate` would raise for it; one statement for all."""
    hashes = [ids.secret_hash(token) for token in tokens]
    asked = {"city": reading.city_id, "token_hashes": sorted(set(hashes))}
    with bulk.planned_anew(reading):
        rows = reading.connection.execute(_BY_TOKEN, asked)
    found = {token_hash: _admitted(Device(*values), status) for token_hash, *values, status in rows}
    return [found.get(token_hash) or DeviceRefused() for token_hash in hashes]


def is_due(device: Device, now: dt.datetime) -> bool:
    """Whether it should be noted again that a device was seen."""
    return device.last_seen_at is None or now - device.last_seen_at >= TOUCH_AFTER


def touch(work: db.Work, device_ids: Iterable[int]) -> None:
    """Note that devices were seen, unless that was noted within TOUCH_AFTER."""
    work.connection.execute(
        sa.update(devices)
        .where(
            devices.c.city_id == work.city_id,
            bulk.any_of(devices.c.device_id, "device_ids"),
            sa.or_(devices.c.last_seen_at.is_(None), devices.c.last_seen_at <= work.now - TOUCH_AFTER),
        )
        .values(last_seen_at=work.now),
        {"device_ids": sorted(set(device_ids))},
    )


def revoke(work: db.Work, device_id: int) -> Device:
    """Refuse a device from now on; again changes nothing. Raises NotFound `device-not-found`."""
    device = get(work, device_id)
    if device.revoked_at is not None:
        return device
    work.connection.execute(
        sa.update(devices)
        .where(devices.c.city_id == work.city_id, devices.c.device_id == device_id)
        .values(revoked_at=work.now)
    )
    return get(work, device_id)


def get(reading: db.Reading, device_id: int) -> Device:
    """Return a device, a revoked one too. Raises NotFound `device-not-found`."""
    for device in _select(reading, devices.c.device_id == device_id):
        return device
    raise NotFound("device-not-found", device_id=device_id)


def by_id(reading: db.Reading, device_ids: Iterable[int]) -> dict[int, Device]:
    """Return those of the named devices that exist, revoked ones too, by number."""
    wanted = bulk.any_of(devices.c.device_id, "device_ids")
    found = _select(reading, wanted, {"device_ids": sorted(set(device_ids))})
    return {device.device_id: device for device in found}


def of_venue(reading: db.Reading, venue_id: int) -> list[Device]:
    """Return all devices of a venue, revoked ones too, oldest first."""
    return _select(reading, devices.c.venue_id == venue_id)


def _admitted(device: Device, venue_status: str) -> Device | DomainError:
    """Return the device, or why it may not act now."""
    if device.revoked_at is not None:
        return DeviceRefused("device-revoked", device_id=device.device_id)
    if venue_status != VenueStatus.ACTIVE.value:
        return Forbidden("venue-suspended", venue_id=device.venue_id)
    return device


def _select(
    reading: db.Reading, condition: sa.ColumnElement[bool], asked: Mapping[str, object] | None = None
) -> list[Device]:
    columns = [devices.c[name] for name in Device.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(devices.c.city_id == reading.city_id, condition)
        .order_by(devices.c.device_id),
        asked,
    )
    return [Device(**row._mapping) for row in rows]
