"""How a hub stands: for its page and for the command line."""

import datetime as dt
from dataclasses import dataclass

from kernel.db import Reading
from merchants import copies
from redemption import hub_copies, hub_logs, hub_states


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody at the venue wants to know."""

    name: str
    venue_id: int
    device_id: int
    server: str
    now: dt.datetime
    online: bool
    heard_at: dt.datetime | None
    state: str
    is_open: bool
    complete: bool
    """Whether all that is left to the hub is here."""
    until: dt.datetime | None
    vouchers: int
    list_version: int
    list_issued_at: dt.datetime | None
    waiting: int
    """Events that the city does not have."""
    written: int
    gates: int
    offset_ms: int
    has_canary: bool


def standing(reading: Reading, *, online: bool) -> Standing:
    """Return how the hub stands. Raises NotFound `hub-not-enrolled`."""
    state = hub_states.get(reading)
    through = hub_logs.through(reading, state)
    return Standing(
        name=state.name,
        venue_id=state.venue_id,
        device_id=state.device_id,
        server=state.server_url,
        now=reading.now,
        online=online,
        heard_at=state.heard_at,
        state=state.city_state,
        is_open=state.open(reading.now),
        complete=state.complete,
        until=state.session_until,
        vouchers=hub_copies.count(reading) if state.session_id is not None else 0,
        list_version=state.list_version,
        list_issued_at=state.list_issued_at,
        waiting=max(0, through - state.acknowledged),
        written=through,
        gates=len(copies.gates(reading)),
        offset_ms=state.offset_ms,
        has_canary=bool(state.canary),
    )
