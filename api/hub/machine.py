"""A hub that runs: what its parts share, and what passes between them."""

import contextlib
import datetime as dt
import http.client
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final

from fastapi import Request

from api import migrating
from api.hub.folder import Folder
from api.hub.link import Carrier, CityLink, Refused, Unreachable
from kernel import cities
from kernel.cities import City
from kernel.clock import Clock, SystemClock
from kernel.db import Database, Work
from kernel.errors import DomainError, NotFound
from kernel.signing import SigningKey
from merchants import devices
from redemption import codes, hub_copies, hub_deciding, hub_logs, hub_noting, hub_states, scans
from redemption.codes import ManualCode
from redemption.hub_deciding import WhoDecides
from redemption.hub_noting import Told
from redemption.hub_states import HubState
from redemption.keys import Sealer
from redemption.scans import Scanned
from redemption.tokens import TokenRefused
from redemption.verdicts import Verdict, VerdictCode

_STATES: Final = {
    "device-suspended": "suspended",
    "device-lost": "lost",
    "device-revoked": "revoked",
    "device-unknown": "revoked",
    "venue-suspended": hub_states.VENUE_PAUSED,
}
"""What the hub is by the reason for which the city refuses it."""
FORWARD_SECONDS = 1.5
"""A gate waits two and a half seconds for its verdict."""


class HubClock:
    """The city's time, as far as the hub knows it; between two words of the city it never runs backwards."""

    def __init__(self, base: Clock | None = None) -> None:
        self._base = base or SystemClock()
        self._offset = dt.timedelta(0)
        self._latest = dt.datetime.fromtimestamp(0, dt.UTC)
        self._lock = threading.Lock()

    def now(self) -> dt.datetime:
        """Return the present instant."""
        with self._lock:
            self._latest = max(self._latest, self._base.now() + self._offset)
            return self._latest

    def offset_ms(self, city_ms: int) -> int:
        """Return how much the city's clock is ahead of this machine's."""
        return city_ms - int(self._base.now().timestamp() * 1000)

    def follow(self, offset_ms: int, not_before_ms: int = 0) -> None:
        """Go by an offset from now on, and not before an instant that is known to be past."""
        with self._lock:
            self._offset = dt.timedelta(milliseconds=offset_ms)
            # Also back, if this machine was fast: the city's word counts.
            self._latest = dt.datetime.fromtimestamp(not_before_ms / 1000, dt.UTC)


class Hub:
    """The hub of a folder, open."""

    def __init__(self, folder: Folder, *, clock: Clock | None = None, carrier: Carrier | None = None) -> None:
        if not folder.is_used:
            raise NotFound("hub-not-enrolled")
        self.folder = folder
        self.key: SigningKey = folder.key()
        self.clock = HubClock(clock)
        self.settings = folder.settings()
        self.database = Database(self.settings.database_url, clock=self.clock)
        if migrating.pending(self.database.engine):
            migrating.upgrade(self.database.engine)
        self.city: City = cities.every(self.database)[0]
        state = self.state()
        self.clock.follow(state.offset_ms, state.anchor_ms)
        self.link = CityLink(state.server_url, state.token, carrier)
        self.sealer = Sealer(self.settings.secret_key.get_secret_value())
        self.online = False
        self.syncing = threading.Lock()
        """Held while the hub talks with the city about what it has: one at a time."""
        self.news = threading.Event()
        """Set when something is to be handed in."""
        self._forwards: set[object] = set()
        self._ended = threading.Condition()
        self.handler = self.decide

    def state(self) -> HubState:
        """Return what the hub is and how far it is. Raises NotFound `hub-not-enrolled`."""
        with self.database.reading(self.city.city_id) as reading:
            return hub_states.get(reading)

    def change(self, **values: object) -> None:
        """Change what the hub knows of itself."""
        self.database.run(self.city.city_id, lambda work: hub_states.change(work, **values))

    def decide(self, work: Work, waiting: Sequence[tuple[Scanned, str]]) -> list[Verdict | DomainError]:
        """Decide on all scans that wait, each with the number of a receipt or none: for the writer."""
        devices.touch(work, {one.device_id for one, _ in waiting})
        self.news.set()
        return hub_deciding.decide(work, self.city, self.key, waiting, self.sealer)

    def ask_city(self, scanned: Scanned, language: str, receipt: str = "") -> dict[str, Any] | None:
        """Return the city's verdict on a scan that is not for the hub to decide; None if the hub has to."""
        if not self.online or self.state().stopped:
            return None
        with self._forwarding():
            with self.database.reading(self.city.city_id) as reading:
                (earlier,) = scans.earlier(reading, [scanned])
                who = hub_deciding.who_decides(reading, scanned.text)
            if who is WhoDecides.HUB or (isinstance(earlier, Verdict) and earlier.accepted):
                return None
            try:
                if who is WhoDecides.RESOLVE and self._resolve(scanned.text):
                    return None
                return self._forward(scanned, language, receipt)
            except Unreachable:
                self.online = False
            except Refused as refused:
                self.hear(refused)
        return None

    def hear(self, refused: Refused) -> None:
        """Believe the city at once when it says that this hub may do nothing any more."""
        state = _STATES.get(refused.code)
        if state is not None and state != self.state().city_state:
            self.change(city_state=state)

    def undo_at_city(self, scan_id: int) -> dict[str, Any]:
        """Let the city take a scan back that it has decided. Raises Unreachable, Refused."""
        path = f"/api/v1/scans/{scan_id}/undo"
        told: dict[str, Any] = self.link.post(path, {}, key=f"hub-undo-{scan_id}")

        def note(work: Work) -> None:
            hub_noting.note_undone_online(work, self.city, told["voucher_id"], scan_id)

        self.database.run(self.city.city_id, note)
        return told

    def wait_for_forwards(self) -> None:
        """Wait until the city has answered all that was asked before now."""
        with self._ended:
            before = set(self._forwards)
            self._ended.wait_for(lambda: not before & self._forwards, timeout=2 * FORWARD_SECONDS)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def _resolve(self, text: str) -> bool:
        """Learn which voucher ten characters name; return whether it is left to the hub."""
        try:
            read = codes.parse(text)
        except TokenRefused:
            return False
        if not isinstance(read, ManualCode) or not self.state().open(self.clock.now()):
            return False
        try:
            told = self.link.post("/api/v1/venue/hub/typed", {"code": read.value}, timeout=FORWARD_SECONDS)
        except Refused:
            return False
        number, code = str(told["voucher_id"]), read.value
        self.database.run(self.city.city_id, lambda work: hub_copies.type_in(work, number, code))
        return True

    def _forward(self, scanned: Scanned, language: str, receipt: str) -> dict[str, Any]:
        nonce = hub_logs.nonce_of(scanned).hex()
        body: dict[str, Any] = {"text": scanned.text, "nonce": nonce, "seen_moving": scanned.seen_moving}
        if scanned.uses > 1:
            body["uses"] = scanned.uses
        if receipt:
            body["receipt_number"] = receipt
        if scanned.asks:
            body["asks"] = sorted(one.value for one in scanned.asks)
        if scanned.direction is not None:
            body["direction"] = scanned.direction.value
        told: dict[str, Any] = self.link.post(
            "/api/v1/scans", body, key=f"hub-{nonce}-{int(scanned.seen_moving)}", timeout=FORWARD_SECONDS,
            language=language,
        )  # fmt: skip

        if told["code"] == VerdictCode.DEVICE_SUSPENDED.value:
            # It means the hub, not the gate.
            raise Refused(http.client.FORBIDDEN, told["code"], told["sentence"])
        self._note(scanned, told)
        return told

    def _note(self, scanned: Scanned, told: dict[str, Any]) -> None:
        until = told["reentry_until"]
        decided = Told(
            VerdictCode(told["code"]), int(told["scan_id"]), told["voucher_id"] or "", told["persons"],
            dt.datetime.fromisoformat(until) if until else None,
        )  # fmt: skip

        def note(work: Work) -> None:
            hub_noting.note_online(work, self.key, scanned, decided)

        self.database.run(self.city.city_id, note)

    @contextlib.contextmanager
    def _forwarding(self) -> Iterator[None]:
        ticket = object()
        with self._ended:
            self._forwards.add(ticket)
        try:
            yield
        finally:
            with self._ended:
                self._forwards.discard(ticket)
                self._ended.notify_all()


def of(request: Request) -> Hub:
    """Return the hub of the running application."""
    hub: Hub = request.app.state.hub
    return hub
