"""Devices: what a venue scans with. A device shows a token that is told once and stored as a hash only.

One that made a key of its own when it was enrolled (`merchants.enrolling`) signs what it does and may work
offline; one without works online only.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import sqlalchemy as sa

from kernel import bulk, db, ids
from kernel.errors import Conflict, DomainError, Forbidden, Invalid, Kind, NotFound
from merchants import venues
from merchants.directions import Direction
from merchants.tables import devices
from merchants.tables import venues as venues_table
from merchants.venues import VenueStatus

NAME_MAX = 60
GATE_MAX = 40
OFFERS_MAX = 200
TOUCH_AFTER = dt.timedelta(minutes=15)
"""How old `last_seen_at` becomes before it is written again: a scan should not cost an update."""


class DeviceRefused(DomainError):
    """The token names no device that may act: `device-unknown`, `device-revoked` or `device-lost`."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    code = "device-unknown"


class DeviceKind(enum.StrEnum):
    """What a device is."""

    SCANNER = "scanner"
    HUB = "hub"
    """The application itself on a machine of the venue, for all its gates."""


class DeviceState(enum.StrEnum):
    """What a device may do; docs/scan-log.md has the table."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """It may hand in its log and do nothing else."""
    LOST = "lost"
    """Its token is refused, and what it signs from then on is not in good faith."""
    QUARANTINED = "quarantined"
    """Its log is broken: it works online, and an administrator looks at what it did offline."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device may be limited to. Empty: nowhere in particular, all offers of the venue."""

    gate: str | None = None
    offer_ids: tuple[int, ...] | None = None
    direction: Direction = Direction.IN

    def take(self, offer_id: int) -> bool:
        """Whether an offer may be taken."""
        return self.offer_ids is None or offer_id in self.offer_ids


@dataclass(frozen=True, slots=True)
class Device:
    """A phone, tablet or till with which a venue scans."""

    device_id: int
    venue_id: int
    name: str
    created_at: dt.datetime
    last_seen_at: dt.datetime | None
    revoked_at: dt.datetime | None
    kind: DeviceKind = DeviceKind.SCANNER
    state: DeviceState = DeviceState.ACTIVE
    state_since: dt.datetime | None = None
    quarantined_at: dt.datetime | None = None
    lost_at: dt.datetime | None = None
    gate: str | None = None
    offer_ids: tuple[int, ...] | None = None
    public_key: bytes | None = None
    direction: Direction = Direction.IN

    @property
    def limits(self) -> Limits:
        """What it is limited to."""
        return Limits(self.gate, self.offer_ids, self.direction)

    @property
    def place(self) -> str:
        """Where guests are sent: its gate, or what it is called."""
        return self.gate or self.name

    @property
    def usable(self) -> bool:
        """Whether it may scan now."""
        working = self.state in {DeviceState.ACTIVE, DeviceState.QUARANTINED}
        return working and self.revoked_at is None

    @property
    def trusted_offline(self) -> bool:
        """Whether it may decide by itself."""
        return self.public_key is not None and self.state is DeviceState.ACTIVE and self.revoked_at is None


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
_ALL = (
    sa.select(*(devices.c[name] for name in Device.__dataclass_fields__))
    .where(devices.c.city_id == sa.bindparam("city"))
    .order_by(devices.c.device_id)
)
_BY_ID = _ALL.where(bulk.any_of(devices.c.device_id, "device_ids"))
_BY_VENUE = _ALL.where(bulk.any_of(devices.c.venue_id, "venue_ids"))


def enrol(
    work: db.Work,
    venue_id: int,
    name: str,
    *,
    kind: DeviceKind = DeviceKind.SCANNER,
    limits: Limits = Limits(),
    public_key: bytes | None = None,
) -> tuple[Device, str]:
    """Add a device to a venue; return it with its token, which can't be read again later.

    Raises NotFound `venue-not-found`, Conflict `venue-suspended` and `device-key-used`, and what
    `checked_name` and `checked_limits` raise.
    """
    if not venues.get(work, venue_id).active:
        raise Conflict("venue-suspended", venue_id=venue_id)
    name, limits = checked_name(name), checked_limits(limits)
    if public_key is not None and _select(work, devices.c.public_key == public_key):
        raise Conflict("device-key-used")
    device_id, token = work.ids.next(), work.ids.token()
    work.connection.execute(
        sa.insert(devices).values(
            city_id=work.city_id,
            device_id=device_id,
            venue_id=venue_id,
            name=name,
            token_hash=ids.secret_hash(token),
            created_at=work.now,
            kind=kind.value,
            gate=limits.gate,
            offer_ids=limits.offer_ids and list(limits.offer_ids),
            direction=limits.direction.value,
            public_key=public_key,
        )
    )
    return get(work, device_id), token


def checked_name(name: str) -> str:
    """Return a device's name without spaces around it. Raises Invalid `device-name-invalid`."""
    name = name.strip()
    if not 0 < len(name) <= NAME_MAX:
        raise Invalid("device-name-invalid", field="name", maximum=NAME_MAX)
    return name


def checked_limits(limits: Limits) -> Limits:
    """Return limits in order: no empty gate, offers once. Raises Invalid `device-limits-invalid`."""
    gate = (limits.gate or "").strip() or None
    offer_ids = tuple(sorted(set(limits.offer_ids or ()))) or None
    if len(gate or "") > GATE_MAX or len(offer_ids or ()) > OFFERS_MAX:
        raise Invalid("device-limits-invalid", field="gate", maximum=GATE_MAX, offers=OFFERS_MAX)
    return Limits(gate, offer_ids, limits.direction)


def renew_token(work: db.Work, device_id: int) -> str:
    """Give a device a new token; the old one is refused from now on."""
    token = work.ids.token()
    change(work, device_id, token_hash=ids.secret_hash(token))
    return token


def authenticate(reading: db.Reading, token: str) -> Device:
    """Return the device that a token belongs to.

    Raises DeviceRefused `device-unknown`, `device-revoked` or `device-lost`, Forbidden `venue-suspended`. A
    suspended device is returned: it may hand in what it has.
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
    found = {token_hash: _admitted(_device(*values), status) for token_hash, *values, status in rows}
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


def turn(work: db.Work, device_id: int, direction: Direction) -> Device:
    """Let a device count guests another way. Raises NotFound `device-not-found`."""
    get(work, device_id)
    change(work, device_id, direction=direction.value)
    return get(work, device_id)


def revoke(work: db.Work, device_id: int) -> Device:
    """Refuse a device from now on; again changes nothing. Raises NotFound `device-not-found`."""
    device = get(work, device_id)
    if device.revoked_at is None:
        change(work, device_id, revoked_at=work.now)
    return get(work, device_id)


def change(work: db.Work, device_id: int, **values: object) -> None:
    """Change columns of a device: for the use cases of this room."""
    work.connection.execute(
        sa.update(devices)
        .where(devices.c.city_id == work.city_id, devices.c.device_id == device_id)
        .values(**values)
    )


def get(reading: db.Reading, device_id: int) -> Device:
    """Return a device, a revoked one too. Raises NotFound `device-not-found`."""
    for device in _select(reading, devices.c.device_id == device_id):
        return device
    raise NotFound("device-not-found", device_id=device_id)


def by_id(reading: db.Reading, device_ids: Iterable[int]) -> dict[int, Device]:
    """Return those of the named devices that exist, revoked ones too, by number."""
    found = _found(reading, _BY_ID, device_ids=sorted(set(device_ids)))
    return {device.device_id: device for device in found}


def of_venue(reading: db.Reading, venue_id: int) -> list[Device]:
    """Return all devices of a venue, revoked ones too, oldest first."""
    return _select(reading, devices.c.venue_id == venue_id)


def quarantined(reading: db.Reading) -> list[Device]:
    """Return the devices of the city whose log is broken, oldest first."""
    return _select(reading, devices.c.quarantined_at.is_not(None))


def of_venues(reading: db.Reading, venue_ids: Iterable[int]) -> list[Device]:
    """Return all devices of some venues, revoked ones too, oldest first."""
    return _found(reading, _BY_VENUE, venue_ids=sorted(set(venue_ids)))


def _admitted(device: Device, venue_status: str) -> Device | DomainError:
    """Return the device, or why it may not act now."""
    if device.revoked_at is not None:
        return DeviceRefused("device-revoked", device_id=device.device_id)
    if device.state is DeviceState.LOST:
        return DeviceRefused("device-lost", device_id=device.device_id)
    if venue_status != VenueStatus.ACTIVE.value:
        return Forbidden("venue-suspended", venue_id=device.venue_id)
    return device


def _select(reading: db.Reading, condition: sa.ColumnElement[bool]) -> list[Device]:
    return _found(reading, _ALL.where(condition))


def _found(reading: db.Reading, statement: sa.Select[Any], **asked: object) -> list[Device]:
    rows = reading.connection.execute(statement, {"city": reading.city_id, **asked})
    return [_device(*row) for row in rows]


def _device(*values: Any) -> Device:
    """Return the device of a row with its columns in the order of its fields."""
    row = dict(zip(Device.__dataclass_fields__, values, strict=True))
    offer_ids = row["offer_ids"]
    state = DeviceState(row["state"])
    if state is DeviceState.ACTIVE and row["quarantined_at"] is not None:
        state = DeviceState.QUARANTINED
    row |= {"kind": DeviceKind(row["kind"]), "state": state, "direction": Direction(row["direction"])}
    return Device(**row | {"offer_ids": None if offer_ids is None else tuple(offer_ids)})
