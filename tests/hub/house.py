"""A city behind the application, and a hub that reaches it through a wire that can be cut."""

import datetime as dt
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from fastapi.testclient import TestClient

from api import services
from api.hub import joining
from api.hub.app import create_app
from api.hub.folder import Folder
from api.hub.link import Call, Unreachable
from api.hub.machine import Hub
from api.v1.shapes import base64url
from identity.roles import Role
from kernel.db import Reading, Work
from kernel.signing import SigningKey
from merchants import enrolling
from merchants.devices import Limits
from merchants.directions import Direction
from redemption import buying, codes, offers, publishing_status, scan_events, vouchers
from redemption.scan_events import EventKind, ScanEvent, Tier
from redemption.vouchers import Voucher
from tests.api.edge import Edge
from tests.redemption.office import SWIM

T = TypeVar("T")
SERVER = "https://duisburg.example"


class Wire:
    """Carries calls from the hub to the city in process; may be cut before or after a call arrives."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self.cut = False
        self.lose_answers = False
        self.paths: list[str] = []

    def __call__(self, url: str, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        """Carry a call, or not."""
        if self.cut:
            raise Unreachable
        path = url.removeprefix(SERVER)
        self.paths.append(path)
        content = None if call.body is None else json.dumps(call.body).encode()
        answer = self._edge.client.request(call.method, path, headers=dict(call.headers), content=content)
        if self.lose_answers:
            raise Unreachable
        return answer.status_code, answer.headers, answer.content


class Gate:
    """A scanner that joined the hub."""

    def __init__(self, house: "House", name: str, direction: Direction = Direction.IN) -> None:
        self._house = house
        limits = Limits(name, None, direction)
        secret = house.hub.database.run(
            house.hub.city.city_id,
            lambda work: enrolling.invite(
                work, house.edge.pool.venue_id, name, invited_by="hub", limits=limits
            )[1],
        )
        key = self.key = SigningKey(name.encode().ljust(32, b"."))
        body = {
            "secret": secret,
            "public_key": base64url(key.verify_key.public_key),
            "signature": base64url(key.sign(enrolling.SIGNED_HEAD + secret.encode())),
        }
        joined = house.call("POST", "/api/v1/devices/enrolments", "", json=body)
        self.token, self.device_id = joined["token"], int(joined["device_id"])
        self._link = scan_events.beginning(key.verify_key.public_key)

    def scan(self, code: Voucher | str, nonce: str = "", **rest: Any) -> dict[str, Any]:
        """Scan what a guest shows."""
        text = code if isinstance(code, str) else codes.app_text(code.token)
        body = {"text": text, **({"nonce": nonce} if nonce else {}), **rest}
        return self._house.call("POST", "/api/v1/scans", self.token, json=body)

    def take_back_alone(self, code: Voucher, nonce: bytes) -> list[str]:
        """Scan, take that back without reaching the hub, and hand both in; return what becomes of them."""
        self.scan(code, nonce=nonce.hex())
        scan = self.alone(code, "accepted", nonce=nonce, tier=Tier.ONLINE)
        return self.hand_in(scan, self.alone(code, "undone", kind=EventKind.UNDO, refers=1, nonce=nonce))

    def alone(self, code: Voucher, decision: str, **rest: Any) -> str:
        """Write down what the gate did without reaching the hub."""
        now = int(self._house.hub.clock.now().timestamp() * 1000)
        values = {"kind": EventKind.SCAN, "tier": Tier.CAPPED, "nonce": os.urandom(16), **rest}
        event = ScanEvent(
            device_id=self.device_id, seq=self._link.seq + 1, prev=self._link.head, device_ms=now, offset_ms=0,
            anchor_ms=0, list_version=0, decision=decision, code=code.token, **values,
        )  # fmt: skip
        signed = scan_events.sign(event, self.key)
        self._link = scan_events.following(signed)
        return base64url(signed.data)

    def hand_in(self, *events: str) -> list[str]:
        """Hand events in at the hub; return what becomes of them."""
        told = self._house.call("POST", "/api/v1/venue/scan-log", self.token, json={"events": list(events)})
        return [one["outcome"] for one in told["results"]]

    def undo(self, scan_id: str) -> dict[str, Any]:
        """Take a scan back."""
        return self._house.call("POST", f"/api/v1/scans/{scan_id}/undo", self.token)


class House:
    """City, hub and gates."""

    def __init__(self, edge: Edge, folder: Path) -> None:
        self.edge, self.folder, self.wire = edge, Folder(folder), Wire(edge)
        self.sealer = services.sealer(edge.app.state.services.settings)
        self.publish()
        _, self.owner = edge.person("olga@example.org", Role.VENUE_OWNER)
        path = f"/api/v1/venues/{edge.pool.venue_id}/device-invitations"
        self.invitation: dict[str, Any] = edge.call(
            "POST", path, self.owner, json={"name": "Zentrale", "kind": "hub"}
        ).json()
        joining.enrol(self.folder, SERVER, self.invitation["secret"], self.wire)
        self._keys = 0
        self.start()

    def run(self, command: Callable[[Work], T]) -> T:
        """Do something in the city."""
        return self.edge.database.run(self.edge.city.city_id, command)

    def start(self) -> None:
        """Start the hub, also after it was killed: nothing is kept but its folder."""
        self.hub = Hub(self.folder, clock=self.edge.database.clock, carrier=self.wire)
        self.client = TestClient(
            create_app(self.hub, sync=False), raise_server_exceptions=False, follow_redirects=False
        )

    def kill(self) -> None:
        """Let the hub be gone without a word, and start it again."""
        self.hub.close()
        self.start()

    def call(self, method: str, path: str, token: str, **rest: Any) -> dict[str, Any]:
        """Call the hub as a device."""
        self._keys += 1
        headers = {"Idempotency-Key": f"gate-{self._keys}", "Accept-Language": "en"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer: dict[str, Any] = self.client.request(method, path, headers=headers, **rest).json()
        return answer

    def sign_in(self) -> None:
        """Be somebody at the hub's page who has the code for staff."""
        self.form("/hub/sign-in", code=self.hub.folder.staff_code())

    def form(self, path: str, **fields: str) -> None:
        """Send a form of the hub's page."""
        page = self.client.get("/hub").text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found is not None
        answer = self.client.post(path, data={"csrf_token": found[1], **fields})
        assert 303 == answer.status_code, answer.text

    def publish(self) -> None:
        """Let the city sign its status list, as the worker does."""
        self.run(lambda work: publishing_status.publish(work, self.sealer, f"{SERVER}/status"))

    def sell(self, offer_id: int | None = None) -> Voucher:
        """Let a guest buy a voucher."""
        person, _ = self.edge.person("gesa@example.org")
        self.edge.give(person, 500)
        number, city = offer_id or self.edge.swim.offer_id, self.edge.city
        return self.run(lambda work: buying.buy(work, city, person.owner, number, self.sealer))

    def offer(self, **changes: Any) -> int:
        """Return the number of another offer of the pool."""
        new = replace(
            SWIM, **{"code": "other", "price_points": 10, "venue_ids": (self.edge.pool.venue_id,), **changes}
        )

        def command(work: Work) -> int:
            made = offers.create(work, new)
            return offers.publish(work, self.edge.city, made.offer_id).offer_id

        return self.run(command)

    def look(self, voucher: Voucher) -> Voucher:
        """Return a voucher as the city has it."""
        with self.edge.database.reading(self.edge.city.city_id) as reading:
            return self.look_in(reading, voucher)

    def look_in(self, reading: Reading, voucher: Voucher) -> Voucher:
        """Return a voucher as it is in a unit of work."""
        return vouchers.get(reading, voucher.voucher_id)

    def elsewhere(self, voucher: Voucher, token: str = "", direction: str = "") -> str:
        """Return the city's verdict at another device of the venue."""
        body = {"text": self.text(voucher), **({"direction": direction} if direction else {})}
        answer = self.edge.call("POST", "/api/v1/scans", token or self.edge.device(), json=body)
        code: str = answer.json()["code"]
        return code

    def text(self, voucher: Voucher) -> str:
        """Return what a guest shows."""
        return codes.app_text(voucher.token)

    def tick(self, time: dt.timedelta) -> None:
        """Let time pass."""
        self.edge.database.clock.advance(time)  # type: ignore[attr-defined]  # a clock of tests
