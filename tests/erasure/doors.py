"""What happens at the doors of a pool, and afterwards: entrances without a network, guests who go out and in."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from merchants.directions import Direction
from redemption import claims, leasing, objecting, offers, offline_policies
from redemption.claims import Answer
from redemption.objecting import Outcome
from redemption.offer_terms import Reentry, Terms
from redemption.offline_policies import EVERYWHERE
from redemption.offline_policy import SUGGESTED
from redemption.scan_events import Signed
from tests.api.edge import Edge
from tests.api.test_devices import invite, join
from tests.api.test_scan_logs import event, send
from tests.redemption.office import SWIM


@dataclass
class Doors:
    """A pool whose scanner works without a network and lets guests out and in again."""

    edge: Edge
    scanner: dict[str, Any] = field(init=False)
    day_ticket: int = field(init=False)
    _newest: Signed | None = field(default=None)
    """Of the scanner's log."""

    def __post_init__(self) -> None:
        owner = self.edge.person("pool.owner@duisburg.test", Role.VENUE_OWNER)[1]
        self.scanner = join(self.edge, invite(self.edge, owner)["secret"]).json()
        number = self.scanner["device_id"]
        turned = {"direction": Direction.BOTH.value}
        answer = self.edge.call("POST", f"/api/v1/devices/{number}/direction", owner, json=turned)
        assert answer.status_code == 200, answer.text
        self.day_ticket = self._run(self._open)

    def scan_offline(self, token: str, voucher_id: str) -> None:
        """Take a voucher without a network, perhaps one that was used before, and hand the log in."""
        live = self.edge.call("GET", f"/api/v1/vouchers/{voucher_id}/live-keys", token).json()
        self._newest = event(self.edge, self.scanner, self._newest, bytes.fromhex(live["token"]))
        answer = send(self.edge, self.scanner, self._newest)
        assert answer.status_code == 200, answer.text

    def reserve(self, owner: str, voucher_id: str) -> None:
        """Reserve a voucher for the scanner, if it is to be had."""
        sealer, number = self.edge.app.state.services.sealer, int(self.scanner["device_id"])
        self._tried(
            partial(leasing.lease, sealer=sealer, owner=owner, voucher_id=voucher_id, device_id=number)
        )

    def go_in_and_out(self, text: str) -> None:
        """Pass the gate with a day ticket, three times."""
        for direction in ("in", "out", "in"):
            body = {"text": text, "direction": direction}
            answer = self.edge.call("POST", "/api/v1/scans", self.scanner["token"], json=body)
            assert answer.status_code == 200, answer.text

    def speak_up(self, owner: str, token: str, remark: str) -> None:
        """Answer what the city asks, and object to redemptions; the city decides about two of them."""

        def answer(work: Work) -> None:
            for one in claims.of_owner(work, owner):
                if one.answer is None:
                    claims.answer(work, owner, one.claim_id, Answer.NO, remark)

        self._run(answer)
        listed = self.edge.call("GET", "/api/v1/receipts", token).json()["items"]
        used = [int(one["receipt_id"]) for one in listed if one["kind"] == "redeemed"]
        for outcome, number in zip(Outcome, used[:2], strict=False):
            self._tried(partial(self._object, owner=owner, number=number, outcome=outcome, said=remark))

    def _object(self, work: Work, owner: str, number: int, outcome: Outcome, said: str) -> None:
        claim = objecting.object_to(work, owner, number, said)
        objecting.decide(work, self.edge.city, claim.claim_id, outcome, by="person/0", reason=said)

    def _open(self, work: Work) -> int:
        offline_policies.save(work, EVERYWHERE, SUGGESTED)
        terms = Terms(reentry=Reentry.SAME_DAY)
        new = replace(SWIM, code="day", places=500, venue_ids=(self.edge.pool.venue_id,), terms=terms)
        return offers.publish(work, self.edge.city, offers.create(work, new).offer_id).offer_id

    def _tried(self, command: Any) -> None:
        """Do what works, or is refused as life goes."""
        try:
            self._run(command)
        except DomainError:
            return

    def _run(self, command: Any) -> Any:
        return self.edge.database.run(self.edge.city.city_id, command)
