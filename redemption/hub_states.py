"""What a hub is and how far it is: one row in its own database."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from kernel import db
from kernel.errors import NotFound
from redemption import status_lists
from redemption.hub_tables import hub_states as table
from redemption.offline_policy import Policy, Proof

ACTIVE = "active"
STOPPED = frozenset({"suspended", "lost", "revoked"})
"""The owner, or the city, has stopped the hub."""
VENUE_PAUSED = "paused"
"""The city has paused the venue."""


@dataclass(frozen=True, slots=True)
class HubState:
    """A hub as it knows itself."""

    device_id: int
    venue_id: int
    name: str
    public_key: bytes
    server_url: str
    token: str = field(repr=False)
    city_state: str = ACTIVE
    """What the city says of it: a state of devices, `revoked`, or `paused` with its venue."""
    heard_at: dt.datetime | None = None
    offset_ms: int = 0
    """City's clock minus this machine's."""
    anchor_ms: int = 0
    """City's time when last heard of."""
    acknowledged: int = 0
    """Up to here the city has the log."""
    session_id: int | None = None
    session_until: dt.datetime | None = None
    through_index: int = -1
    """Vouchers up to this place are left to it."""
    listed_through: int = -1
    """Vouchers up to this place are here."""
    copy_tag: str = ""
    list_version: int = 0
    list_issued_at: dt.datetime | None = None
    list_bits: bytes | None = field(default=None, repr=False)
    policy: dict[str, Any] = field(default_factory=dict)
    canary: str = ""
    passages_through: int = 0
    """The newest passage at other devices of the venue that is here."""
    passages_at: dt.datetime | None = None

    def open(self, now: dt.datetime) -> bool:
        """Whether it lets guests in who are on its list."""
        in_time = self.session_until is not None and now < self.session_until
        return in_time and self.city_state == ACTIVE

    @property
    def stopped(self) -> bool:
        """Whether it lets nobody in, and is not to ask the city for a verdict either."""
        return self.city_state in STOPPED or self.city_state == VENUE_PAUSED

    @property
    def complete(self) -> bool:
        """Whether all that is left to it is here."""
        return self.session_id is not None and self.listed_through >= self.through_index

    @property
    def rules(self) -> Policy:
        """What it may let in beside its list, without a network."""
        told = self.policy
        if not told:
            return Policy()
        return Policy(
            told["capped"],
            told["value_cents_max"],
            told["device_day_cents"],
            dt.timedelta(seconds=told["list_age_max_seconds"]),
            told["single_venue"],
            Proof(told["proof"]),
        )

    def is_listed_invalid(self, index: int) -> bool:
        """Whether the status list says that a voucher is no longer good."""
        return self.list_bits is not None and status_lists.is_invalid(
            status_lists.expanded(self.list_bits), index
        )


def find(reading: db.Reading) -> HubState | None:
    """Return the hub's state; None in an installation that is no hub."""
    columns = [table.c[name] for name in HubState.__dataclass_fields__]
    row = reading.connection.execute(sa.select(*columns).where(table.c.city_id == reading.city_id)).first()
    return None if row is None else HubState(**row._mapping)


def get(reading: db.Reading) -> HubState:
    """Return the hub's state. Raises NotFound `hub-not-enrolled`."""
    found = find(reading)
    if found is None:
        raise NotFound("hub-not-enrolled")
    return found


def add(work: db.Work, state: HubState) -> None:
    """Keep what a hub is."""
    values = {name: getattr(state, name) for name in HubState.__dataclass_fields__}
    work.connection.execute(sa.insert(table).values(city_id=work.city_id, **values))


def change(work: db.Work, **values: object) -> None:
    """Change what is known."""
    work.connection.execute(sa.update(table).where(table.c.city_id == work.city_id).values(**values))
