"""Enrolling a device by invitation: a secret that is shown once, and a key that never leaves the device."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel import db, ids
from kernel.errors import Conflict, Invalid, NotFound
from kernel.signing import KEY_BYTES, VerifyKey
from merchants import devices, venues
from merchants.device_tables import device_invitations
from merchants.devices import Device, DeviceKind, Limits
from merchants.directions import Direction

VALID_FOR = dt.timedelta(minutes=15)
SECRET_LENGTH = 16
SIGNED_HEAD = b"duiscoin-device-enrolment-v1\x00"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's, 5 bits each: no I, L, O and U."""
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody's word that a device may join a venue."""

    invitation_id: int
    venue_id: int
    kind: DeviceKind
    name: str
    gate: str | None
    offer_ids: tuple[int, ...] | None
    invited_by: str
    created_at: dt.datetime
    expires_at: dt.datetime
    device_id: int | None = None
    direction: Direction = Direction.IN


def invite(
    work: db.Work,
    venue_id: int,
    name: str,
    *,
    invited_by: str,
    kind: DeviceKind = DeviceKind.SCANNER,
    limits: Limits = Limits(),  # noqa: B008 -- frozen
) -> tuple[Invitation, str]:
    """Invite a device to a venue; return the invitation with its secret, which can't be read again later.

    Raises NotFound `venue-not-found`, Conflict `venue-suspended`, Invalid `device-name-invalid` or
    `device-limits-invalid`.
    """
    if not venues.get(work, venue_id).active:
        raise Conflict("venue-suspended", venue_id=venue_id)
    name, limits = devices.checked_name(name), devices.checked_limits(limits)
    secret = _secret(work)
    invitation_id = work.ids.next()
    work.connection.execute(
        sa.insert(device_invitations).values(
            city_id=work.city_id,
            invitation_id=invitation_id,
            venue_id=venue_id,
            kind=kind.value,
            name=name,
            gate=limits.gate,
            offer_ids=limits.offer_ids and list(limits.offer_ids),
            direction=limits.direction.value,
            secret_hash=ids.secret_hash(secret),
            invited_by=invited_by,
            created_at=work.now,
            expires_at=work.now + VALID_FOR,
        )
    )
    return get(work, invitation_id), secret


def accept(work: db.Work, secret: str, public_key: bytes, signature: bytes) -> tuple[Device, str]:
    """Enrol the device that has an invitation's secret and proves its key; return it with its token.

    The same secret and key again, while the invitation holds: the same device, with a new token in place of
    the one whose answer was lost. Raises NotFound `invitation-unknown`, Conflict `invitation-expired`,
    `invitation-used` or `device-key-used`, Invalid `device-key-invalid` or `enrolment-signature-wrong`.
    """
    asked = normalised(secret)
    if len(public_key) != KEY_BYTES:
        raise Invalid("device-key-invalid", field="public_key")
    if not VerifyKey(public_key).verify(SIGNED_HEAD + asked.encode(), signature):
        raise Invalid("enrolment-signature-wrong", field="signature")
    invitation = _by_secret(work, asked)
    if work.now >= invitation.expires_at:
        raise Conflict("invitation-expired")
    if invitation.device_id is not None:
        device = devices.get(work, invitation.device_id)
        if device.public_key != public_key:
            raise Conflict("invitation-used")
        return device, devices.renew_token(work, device.device_id)
    limits = Limits(invitation.gate, invitation.offer_ids, invitation.direction)
    device, token = devices.enrol(
        work, invitation.venue_id, invitation.name, kind=invitation.kind, limits=limits, public_key=public_key
    )
    work.connection.execute(
        sa.update(device_invitations)
        .where(
            device_invitations.c.city_id == work.city_id,
            device_invitations.c.invitation_id == invitation.invitation_id,
        )
        .values(device_id=device.device_id)
    )
    return device, token


def normalised(secret: str) -> str:
    """Return a secret as it was made, whatever hands and eyes made of it."""
    return secret.upper().translate(_MISREAD)


def grouped(secret: str) -> str:
    """Return a secret in groups of four, for typing."""
    return "-".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def get(reading: db.Reading, invitation_id: int) -> Invitation:
    """Return an invitation. Raises NotFound `invitation-unknown`."""
    return _only(_select(reading, device_invitations.c.invitation_id == invitation_id))


def open_ones(reading: db.Reading, venue_id: int) -> list[Invitation]:
    """Return a venue's invitations that can still be accepted, oldest first."""
    return _select(
        reading,
        device_invitations.c.venue_id == venue_id,
        device_invitations.c.device_id.is_(None),
        device_invitations.c.expires_at > reading.now,
    )


def _secret(work: db.Work) -> str:
    bits = int.from_bytes(work.ids.random_bytes(SECRET_LENGTH * 5 // 8))
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in range(SECRET_LENGTH))


def _by_secret(reading: db.Reading, secret: str) -> Invitation:
    return _only(_select(reading, device_invitations.c.secret_hash == ids.secret_hash(secret)))


def _only(found: Iterable[Invitation]) -> Invitation:
    for invitation in found:
        return invitation
    # Nothing of the secret is told: it may be a slip of one character in a good one.
    raise NotFound("invitation-unknown")


def _select(reading: db.Reading, *conditions: sa.ColumnElement[bool]) -> list[Invitation]:
    columns = [device_invitations.c[name] for name in Invitation.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(device_invitations.c.city_id == reading.city_id, *conditions)
        .order_by(device_invitations.c.invitation_id)
    )
    return [_invitation(**row._mapping) for row in rows]


def _invitation(**values: Any) -> Invitation:
    offer_ids = values["offer_ids"]
    return Invitation(
        **values
        | {
            "kind": DeviceKind(values["kind"]),
            "direction": Direction(values["direction"]),
            "offer_ids": None if offer_ids is None else tuple(offer_ids),
        }
    )
