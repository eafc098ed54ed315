"""What a hub takes over from the city while there is a network: keys and list, venue, passages, vouchers."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from api.hub.link import Refused
from api.hub.machine import Hub
from api.v1.shapes import from_base64url
from kernel import logs
from kernel.db import Work
from kernel.signing import KeyStatus
from merchants import copies
from merchants.directions import Direction
from redemption import codes, hub_copies, hub_lists, hub_logs, hub_passages, hub_states, status_lists, tokens
from redemption.gates import Passage
from redemption.hub_copies import IssuerKey
from redemption.hub_lists import Listed

_CANARY_LEFT = dt.timedelta(hours=12)
_log = logs.get(__name__)


def trust(hub: Hub) -> bool:
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


def copy(hub: Hub) -> None:
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


def passages(hub: Hub) -> None:
    """Hear who went in and out at other devices of the venue, so that the hub's gates count with them."""
    while True:
        state = hub.state()
        since = state.passages_at or hub.clock.now()
        query = urlencode({"after": state.passages_through, "undone_since": since.isoformat()})
        told = hub.link.get(f"/api/v1/venue/hub/passages?{query}").document
        found = [_passage(state.venue_id, one) for one in told["items"]]
        changes: dict[str, Any] = {"passages_through": int(told["through"])}
        if told["complete"]:
            changes["passages_at"] = dt.datetime.fromisoformat(told["told_at"])
        undone = [int(one) for one in told["undone"]]

        def command(
            work: Work,
            found: list[Passage] = found,
            undone: list[int] = undone,
            changes: dict[str, Any] = changes,
        ) -> None:
            hub_passages.take(work, found, undone)
            hub_states.change(work, **changes)

        hub.database.run(hub.city.city_id, command)
        if told["complete"]:
            return


def _passage(venue_id: int, told: dict[str, Any]) -> Passage:
    return Passage(
        int(told["passage_id"]), told["voucher_id"], venue_id, int(told["device_id"]),
        Direction(told["direction"]), told["again"], told["persons"],
        dt.datetime.fromisoformat(told["passed_at"]), dt.datetime.fromisoformat(told["over_at"]),
    )  # fmt: skip


def vouchers(hub: Hub, renewed: bool) -> None:  # noqa: FBT001 -- what `trust` says
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


def canary(hub: Hub) -> None:
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
