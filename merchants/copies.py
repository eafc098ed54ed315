"""What a hub takes over of its venue: who it is, and the names of the devices that scan there."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from kernel import db, ids
from merchants.tables import contracts, devices, venues
from merchants.venues import VenueStatus

_LONG_AGO = dt.date(2020, 1, 1)


def take_venue(work: db.Work, told: Mapping[str, Any]) -> None:
    """Keep the venue that a hub belongs to; what concerns its money stays with the city."""
    names = ("name", "kind", "street", "postcode", "district")
    values = {name: told[name] for name in names} | {"status": VenueStatus.ACTIVE.value, "payee_name": "-"}
    new = db.insert(work, venues).values(
        city_id=work.city_id, venue_id=told["venue_id"], created_at=work.now, **values
    )
    work.connection.execute(new.on_conflict_do_update(index_elements=["city_id", "venue_id"], set_=values))


def take_devices(work: db.Work, venue_id: int, told: Iterable[tuple[int, str, str | None]]) -> None:
    """Keep number, name and gate of the venue's devices, so that "already used" can say where.

    They are no gates of the hub: nobody has a token for one.
    """
    for device_id, name, gate in told:
        new = db.insert(work, devices).values(
            city_id=work.city_id,
            device_id=device_id,
            venue_id=venue_id,
            name=name,
            gate=gate,
            token_hash=ids.secret_hash(work.ids.token()),
            created_at=work.now,
            revoked_at=work.now,
        )
        values = {"name": name, "gate": gate}
        work.connection.execute(
            new.on_conflict_do_update(index_elements=["city_id", "device_id"], set_=values)
        )


def take_terms(work: db.Work, venue_id: int, *, receipt_numbers: bool) -> None:
    """Keep the one term of the venue's contract that concerns its gates."""
    values = {"receipt_numbers": receipt_numbers}
    new = db.insert(work, contracts).values(
        city_id=work.city_id, contract_id=1, venue_id=venue_id, rate_cents_per_point=1, period="month",
        valid_from=_LONG_AGO, signed_at=work.now, **values,
    )  # fmt: skip
    work.connection.execute(new.on_conflict_do_update(index_elements=["city_id", "contract_id"], set_=values))


def gates(reading: db.Reading) -> list[tuple[int, str]]:
    """Return number and name of what scans at the hub itself."""
    rows = reading.connection.execute(
        sa.select(devices.c.device_id, devices.c.name).where(
            devices.c.city_id == reading.city_id, devices.c.revoked_at.is_(None)
        )
    )
    return [(row.device_id, row.name) for row in rows]
