"""What passes between a hub and the city while there is a network: the log there, keys and vouchers back."""

import datetime as dt
import threading
from importlib import metadata

from api.hub import taking_over
from api.hub.link import Refused, Unreachable
from api.hub.machine import Hub
from api.v1.shapes import base64url
from kernel import logs
from kernel.errors import Conflict
from merchants import device_reports
from redemption import handing_in, hub_logs, hub_states

ONLINE_SECONDS = 20.0
OFFLINE_SECONDS = 5.0
SOON_SECONDS = 2.0
"""After a scan: what comes meanwhile goes along."""
_log = logs.get(__name__)


class Syncer(threading.Thread):
    """Syncs again and again until it is stopped."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(name="hub-sync", daemon=True)
        self._hub = hub
        self._stopped = threading.Event()

    def run(self) -> None:
        """Sync, and try sooner as long as there is no network."""
        while not self._stopped.is_set():
            try:
                once(self._hub)
            except (Unreachable, Refused) as error:
                _log.info("not synced", reason=str(error) or type(error).__name__)
            except Exception:  # noqa: BLE001 -- the gates go on whatever it was
                _log.exception("sync failed")
            self._pause()

    def stop(self) -> None:
        """Stop after what is going on."""
        self._stopped.set()
        self._hub.news.set()
        self.join(timeout=OFFLINE_SECONDS)

    def _pause(self) -> None:
        """Wait for the next time; with a network not long after a scan."""
        if not self._hub.online:
            self._stopped.wait(OFFLINE_SECONDS)
        elif self._hub.news.wait(ONLINE_SECONDS):
            self._stopped.wait(SOON_SECONDS)
        self._hub.news.clear()


def once(hub: Hub) -> None:
    """Hand in the log, then take over what is new. Raises Unreachable, Refused."""
    with hub.syncing:
        _talk(hub)


def open_until(hub: Hub, until: dt.datetime) -> None:
    """Have the venue's vouchers left to the hub until an instant, and take them all over.

    Raises Unreachable, Refused.
    """
    with hub.syncing:
        _talk(hub)
        with hub.database.reading(hub.city.city_id) as reading:
            through = hub_logs.through(reading, hub_states.get(reading))
        _hand_in(hub)
        hub.link.post("/api/v1/venue/hub/session", {"until": until.isoformat(), "log_through": through})
        _talk(hub)


def close(hub: Hub) -> None:
    """Give all back, from now on; the city hears of it as soon as there is a network.

    Raises Conflict `hub-session-none`.
    """
    with hub.syncing:
        if hub.state().session_id is None:
            raise Conflict("hub-session-none")
        hub.database.run(hub.city.city_id, lambda work: hub_logs.close(work, hub.key))


def _talk(hub: Hub) -> None:
    try:
        _hand_in(hub)
        renewed = taking_over.trust(hub)
        _give_back_if_paused(hub)
        taking_over.copy(hub)
        taking_over.passages(hub)
        taking_over.vouchers(hub, renewed)
        taking_over.canary(hub)
        _report(hub)
    except Unreachable:
        hub.online = False
        raise
    except Refused as refused:
        hub.hear(refused)
        raise
    hub.online = True


def _hand_in(hub: Hub) -> None:
    """Hand in what the city does not have, in batches; again after a crash changes nothing."""
    while True:
        state = hub.state()
        with hub.database.reading(hub.city.city_id) as reading:
            events = hub_logs.waiting(reading, state, handing_in.AT_ONCE)
        if not events:
            return
        told = hub.link.post("/api/v1/venue/scan-log", {"events": [base64url(one) for one in events]})
        hub.change(acknowledged=told["through_seq"])
        if told["through_seq"] == state.acknowledged:
            # Held up by something that only the city's office can mend.
            return


def _give_back_if_paused(hub: Hub) -> None:
    """Give all back once it is known that the hub is paused: it lets nobody in, so others shall."""
    state = hub.state()
    if state.city_state == "suspended" and state.session_id is not None:
        hub.database.run(hub.city.city_id, lambda work: hub_logs.close(work, hub.key))
        _hand_in(hub)


def _report(hub: Hub) -> None:
    """Tell the city how the hub is, for the page of devices."""
    state = hub.state()
    with hub.database.reading(hub.city.city_id) as reading:
        waiting = hub_logs.through(reading, state) - state.acknowledged
    body = {
        "clock_offset_ms": state.offset_ms,
        "list_version": state.list_version,
        "queue_length": max(0, waiting),
        "battery_percent": None,
        "tier": 1 if state.open(hub.clock.now()) else 0,
        "app_version": metadata.version("duiscoin")[: device_reports.VERSION_MAX],
    }
    hub.link.post("/api/v1/venue/device-state", body)
