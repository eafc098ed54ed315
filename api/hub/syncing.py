"""What passes between a hub and the city while there is a network: the log there, keys and vouchers back."""

import datetime as dt
import threading
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from api.hub.link import Refused, Unreachable
from api.hub.machine import Hub
from api.v1.shapes import base64url, from_base64url
from kernel import logs
from kernel.db import Work
from kernel.errors import Conflict
from kernel.signing import KeyStatus
from merchants import copies, device_reports
from redemption import codes, handing_in, hub_copies, hub_lists, hub_logs, hub_states, status_lists, tokens
from redemption.hub_copies import IssuerKey
from redemption.hub_lists import Listed

ONLINE_SECONDS = 20.0
OFFLINE_SECONDS = 5.0
SOON_SECONDS = 2.0
"""After a scan: what comes meanwhile goes along."""
_CANARY_LEFT = dt.timedelta(hours=12)
_UNAUTHENTICATED = 401
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
        renewed = _trust(hub)
        _copy(hub)
        _vouchers(hub, renewed)
        _canary(hub)
        _report(hub)
    except Unreachable:
        hub.online = False
        raise
    except Refused as refused:
        if refused.status == _UNAUTHENTICATED:
            # Lost or shut out: it lets nobody in any more.
            hub.change(city_state="revoked" if refused.code == "device-revoked" else "lost")
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


def _trust(hub: Hub) -> bool:
    """Take over keys, status list, rules and time; return whether keys have changed."""
    state = hub.state()
    since = f"?status_since={state.list_version}" if state.list_bits is not None else ""
    told = hub.link.get(f"/api/v1/venue/trust{since}").document
    city_ms = int(dt.datetime.fromisoformat(told["server_time"]).timestamp() * 1000)
    offset = hub.clock.offset_ms(city_ms)
    hub.clock.follow(offset, city_ms)
    listed, changed = _list(state, told["status_list"])
    issuers = [
        IssuerKey(one["kid"], from_base64url(one["public_key"]) or b"", KeyStatus(one["status"]))
        for one in told["issuer_keys"]
    ]
    live = [
        (bytes.fromhex(one["group"]), one["day"], from_base64url(one["key"]) or b"")
        for one in told["live_keys"]
    ]

    def command(work: Work) -> bool:
        hub_copies.take_live_keys(work, live)
        copies.take_terms(work, state.venue_id, receipt_numbers=told["receipt_numbers"])
        hub_states.change(
            work, city_state=told["device"]["state"], heard_at=work.now, offset_ms=offset, anchor_ms=city_ms,
            policy=told["offline_policy"], name=told["device"]["name"], **listed,
        )  # fmt: skip
        return hub_copies.take_keys(work, issuers)

    renewed = hub.database.run(hub.city.city_id, command)
    if changed:
        _take_changed(hub, changed)
    return renewed


def _list(state: hub_states.HubState, told: dict[str, Any] | None) -> tuple[dict[str, Any], set[int]]:
    """Return what to keep of the status list, and the places that have changed in it."""
    if told is None:
        return {}, set()
    before = status_lists.expanded(state.list_bits) if state.list_bits is not None else bytearray()
    if told["lst"] is not None:
        bits = status_lists.expanded(from_base64url(told["lst"]) or b"")
        width = range(max(len(bits), len(before)) * 8)
        changed = {
            at for at in width if status_lists.is_invalid(bits, at) != status_lists.is_invalid(before, at)
        }
    else:
        bits = bytearray(before)
        status_lists.set_bits(bits, told["invalid"])
        status_lists.clear_bits(bits, told["valid"])
        changed = {*told["invalid"], *told["valid"]}
    status_lists.reach(bits, told["size"])
    kept = {
        "list_version": told["version"],
        "list_issued_at": dt.datetime.fromisoformat(told["issued_at"]),
        "list_bits": status_lists.compressed(bits),
    }
    return kept, changed


def _take_changed(hub: Hub, places: Iterable[int]) -> None:
    """Ask what became of vouchers of the hub that the status list names."""
    state = hub.state()
    if state.session_id is None:
        return
    mine = sorted(one for one in places if one <= state.through_index)
    for first in range(0, len(mine), hub_lists.ASKED_MAX):
        asked = mine[first : first + hub_lists.ASKED_MAX]
        query = "&".join(f"at={place}" for place in asked)
        try:
            told = hub.link.get(f"/api/v1/venue/hub/vouchers/changed?{query}").document
        except Refused as refused:
            if refused.code == "hub-session-none":
                return
            raise
        found = [_listed(one) for one in told["items"]]
        gone = set(asked) - {one.status_index for one in found}

        def command(work: Work, found: list[Listed] = found, gone: set[int] = gone) -> None:
            hub_copies.take_vouchers(work, state.venue_id, found)
            hub_copies.drop_vouchers(work, hub_copies.places_of(work, gone))

        hub.database.run(hub.city.city_id, command)


def _copy(hub: Hub) -> None:
    """Take over offers and devices, and hear of the session."""
    state = hub.state()
    answer = hub.link.get("/api/v1/venue/hub/copy", tag=state.copy_tag)
    if answer.document is None:
        return
    told = answer.document
    session = told["session"]

    def command(work: Work) -> None:
        copies.take_venue(work, told["venue"])
        copies.take_devices(
            work,
            state.venue_id,
            ((int(one["device_id"]), one["name"], one["gate"]) for one in told["devices"]),
        )
        hub_copies.take_offers(work, told["offers"])
        hub_states.change(work, **{"copy_tag": answer.tag, **_session(work, session)})

    hub.database.run(hub.city.city_id, command)


def _session(work: Work, told: dict[str, Any] | None) -> dict[str, Any]:
    """Return what changes by what the city says of the session."""
    state = hub_states.get(work)
    if told is None:
        return {"session_id": None, "session_until": None}
    if state.session_id is None and hub_logs.gives_back(work, state):
        # The city has not heard of that yet: ask again, whatever has changed.
        return {"copy_tag": ""}
    values = {
        "session_id": int(told["session_id"]),
        "session_until": dt.datetime.fromisoformat(told["until"]),
        "through_index": told["through_index"],
    }
    if values["session_id"] != state.session_id:
        hub_copies.forget_vouchers(work)
        values["listed_through"] = -1
    return values


def _vouchers(hub: Hub, renewed: bool) -> None:  # noqa: FBT001 -- what `_trust` says
    """Take over the vouchers that are left to the hub, page by page; all again if keys have changed."""
    state = hub.state()
    if state.session_id is None:
        return
    if state.complete and not renewed:
        return
    # What the city was asked about before may be booked there in this moment.
    hub.wait_for_forwards()
    after = -1 if renewed else state.listed_through
    while True:
        try:
            told = hub.link.get(f"/api/v1/venue/hub/vouchers?after={after}").document
        except Refused as refused:
            if refused.code == "hub-session-none":
                return
            raise
        found, after = [_listed(one) for one in told["items"]], told["through"]
        through = after

        def command(work: Work, found: list[Listed] = found, through: int = through) -> None:
            hub_copies.take_vouchers(work, state.venue_id, found)
            hub_states.change(work, listed_through=max(through, state.listed_through))

        hub.database.run(hub.city.city_id, command)
        if told["complete"]:
            return


def _canary(hub: Hub) -> None:
    """Have a test voucher for the gates that is good for some hours."""
    kept = hub.state().canary
    if kept:
        token = codes.parse(kept)
        assert isinstance(token, bytes)  # noqa: S101 -- as it was written
        ends = dt.datetime.fromtimestamp(tokens.own_claims(token).expires_at, dt.UTC)
        if ends - hub.clock.now() > _CANARY_LEFT:
            return
    try:
        hub.change(canary=hub.link.post("/api/v1/venue/canary", {})["text"])
    except Refused as refused:
        _log.info("no test voucher", reason=refused.code)


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


def _listed(told: dict[str, Any]) -> Listed:
    return Listed(
        voucher_id=told["voucher_id"],
        status_index=told["status_index"],
        offer_id=told["offer_id"],
        kid=told["kid"],
        token=from_base64url(told["token"]) or b"",
        uses=told["uses"],
        used=told["used"],
        used_at=told["used_at"],
        used_by=int(told["used_by"]) if told["used_by"] is not None else None,
        seat=told["seat"],
        valid_from=told["valid_from"],
        valid_until=told["valid_until"],
        frozen=told["frozen"],
    )
