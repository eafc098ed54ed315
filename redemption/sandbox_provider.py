"""A payment service that is none: for the demonstration, and for tests that let everything go wrong.

It keeps its payments in memory or in one file (then they outlive the process, as real ones would), takes
no money, and can be told to fail before or after it has done something. Its messages wait until somebody
carries them: in any order, twice, late or never.
"""

import contextlib
import datetime as dt
import enum
import fcntl
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from kernel.clock import Clock
from redemption.providers import (
    DisputeStatus,
    EventRefused,
    KeyConflict,
    NewPayment,
    NewRefund,
    PaymentRefused,
    PaymentStatus,
    PaymentUnknown,
    ProviderDispute,
    ProviderEvent,
    ProviderPayment,
    ProviderPayout,
    ProviderRefund,
    ProviderUnavailable,
    RefundStatus,
    Topic,
)

SIGNATURE = "sandbox-signature"
TOLERANCE = dt.timedelta(minutes=5)
"""How old or how new a message may be."""


class Fault(enum.StrEnum):
    """How a call goes wrong."""

    NO_ANSWER = "no-answer"
    """Nothing happened, and the caller learns only that there was no answer."""
    ANSWER_LOST = "answer-lost"
    """It happened, and the caller does not learn of it."""
    KEY_BUSY = "key-busy"
    """Another call by this key is said to be running."""


class How(enum.StrEnum):
    """What the payer does on the page."""

    CARD = "card"
    """Paid at once."""
    DEBIT = "sepa-debit"
    """Ordered; the money comes later, or does not."""
    DECLINE = "decline"
    """Refused by the payer's bank; the payer may try again."""
    GIVE_UP = "give-up"
    """The payer calls it off there."""
    ARRIVES = "arrives"
    """A debit that was ordered comes in."""
    BOUNCES = "bounces"
    """A debit that was ordered does not."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message on its way to us."""

    body: bytes
    headers: Mapping[str, str]


class SandboxProvider:
    """A `PaymentProvider` without money."""

    name: ClassVar[str] = "test"

    def __init__(
        self,
        clock: Clock,
        secret: str,
        *,
        page_url: str = "",
        path: Path | None = None,
        faults: Callable[[str], Fault | None] | None = None,
    ) -> None:
        self._clock = clock
        self._secret = secret.encode()
        self._page_url = page_url
        self._path = path
        self._faults = faults or (lambda _: None)
        self._memory: dict[str, Any] = {}
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)

    # --- The port -------------------------------------------------------------------------------------------

    def create(self, new: NewPayment) -> ProviderPayment:
        """Begin to collect."""
        asked = {"op": "create", "payment_id": new.payment_id, "amount_cents": new.amount_cents}
        with self._call("create", new.key, asked) as (state, first):
            if first:
                return self._payment(state, first)
            if new.expires_at <= self._clock.now():
                raise PaymentRefused
            reference = f"pay_{len(state['payments']) + 1}"
            state["payments"][reference] = {
                "payment_id": new.payment_id, "amount_cents": new.amount_cents, "status": "created",
                "received_cents": 0, "method": "", "subject": new.subject, "language": new.language,
                "return_url": new.return_url, "expires_at": new.expires_at.isoformat(),
            }  # fmt: skip
            self._remember(state, new.key, asked, reference)
            return self._payment(state, reference)

    def fetch(self, reference: str) -> ProviderPayment:
        """Return a payment as it is now."""
        with self._call("fetch") as (state, _):
            return self._payment(state, reference)

    def find(self, payment_id: int) -> ProviderPayment | None:
        """Return the payment that was created for our number."""
        with self._call("find") as (state, _):
            for reference, row in state["payments"].items():
                if row["payment_id"] == payment_id:
                    return self._payment(state, reference)
            return None

    def cancel(self, reference: str) -> ProviderPayment:
        """Call a payment off unless the payer has done their part."""
        with self._call("cancel") as (state, _):
            if self._row(state, "payments", reference)["status"] == PaymentStatus.CREATED:
                self._change(state, reference, status=PaymentStatus.CANCELLED)
            return self._payment(state, reference)

    def refund(self, new: NewRefund) -> ProviderRefund:
        """Give money back, never more than was received."""
        asked = {"op": "refund", "payment": new.payment_reference, "amount_cents": new.amount_cents}
        with self._call("refund", new.key, asked) as (state, first):
            if first:
                return self._refund(state, first)
            received = self._row(state, "payments", new.payment_reference)["received_cents"]
            given = sum(
                row["amount_cents"]
                for row in state["refunds"].values()
                if row["payment"] == new.payment_reference and row["status"] != RefundStatus.FAILED
            )
            if given + new.amount_cents > received:
                raise PaymentRefused
            reference = f"ref_{len(state['refunds']) + 1}"
            state["refunds"][reference] = {
                "refund_id": new.refund_id, "payment": new.payment_reference,
                "amount_cents": new.amount_cents, "status": "pending",
            }  # fmt: skip
            self._remember(state, new.key, asked, reference)
            return self._refund(state, reference)

    def fetch_refund(self, reference: str) -> ProviderRefund:
        """Return a refund as it is now."""
        with self._call("fetch-refund") as (state, _):
            return self._refund(state, reference)

    def fetch_dispute(self, reference: str) -> ProviderDispute:
        """Return a dispute as it is now."""
        with self._call("fetch-dispute") as (state, _):
            row = self._row(state, "disputes", reference)
            status = DisputeStatus(row["status"])
            return ProviderDispute(reference, row["payment"], status, row["amount_cents"], row["fee_cents"])

    def fetch_payout(self, reference: str) -> ProviderPayout:
        """Return a payout as it is now."""
        with self._call("fetch-payout") as (state, _):
            row = self._row(state, "payouts", reference)
            day = dt.date.fromisoformat(row["arrives_on"])
            return ProviderPayout(reference, row["amount_cents"], row["fee_cents"], day, is_final=True)

    def disputes_since(self, since: dt.datetime) -> list[str]:
        """Return the names of disputes that began since then."""
        with self._call("disputes-since") as (state, _):
            return [
                name
                for name, row in state["disputes"].items()
                if dt.datetime.fromisoformat(row["began_at"]) >= since
            ]

    def payouts_since(self, since: dt.datetime) -> list[str]:
        """Return the names of payouts that were made since then."""
        with self._call("payouts-since") as (state, _):
            day = since.date().isoformat()
            return [name for name, row in state["payouts"].items() if row["arrives_on"] >= day]

    def parse_event(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> ProviderEvent:
        """Return what a message is about, if it is signed and of now."""
        if not hmac.compare_digest(headers.get(SIGNATURE, ""), self._sign(body)):
            raise EventRefused(reason="signature")
        told = json.loads(body)
        if abs(now - dt.datetime.fromisoformat(told["at"])) > TOLERANCE:
            raise EventRefused(reason="age")
        return ProviderEvent(told["event_id"], Topic(told["topic"]), told["reference"])

    # --- What happens on the other side ---------------------------------------------------------------------

    def page(self, reference: str) -> Mapping[str, Any]:
        """Return what the payment page shows. Raises PaymentUnknown."""
        with self._state() as state:
            return dict(self._row(state, "payments", reference))

    def pay(self, reference: str, how: How) -> ProviderPayment:
        """Let the payer act on the page; too late or a second time: nothing happens."""
        if how in {How.ARRIVES, How.BOUNCES}:
            return self.settle(reference, good=how is How.ARRIVES)
        with self._state() as state:
            row = self._row(state, "payments", reference)
            if row["status"] == PaymentStatus.CREATED:
                if how is How.CARD:
                    self._receive(state, reference, how)
                elif how is How.DEBIT:
                    self._change(state, reference, status=PaymentStatus.PROCESSING, method=how.value)
                elif how is How.GIVE_UP:
                    self._change(state, reference, status=PaymentStatus.FAILED)
            return self._payment(state, reference)

    def settle(self, reference: str, *, good: bool) -> ProviderPayment:
        """Let a debit that was ordered come in, or not."""
        with self._state() as state:
            row = self._row(state, "payments", reference)
            if row["status"] == PaymentStatus.PROCESSING:
                if good:
                    self._receive(state, reference, How.DEBIT)
                else:
                    self._change(state, reference, status=PaymentStatus.FAILED)
            return self._payment(state, reference)

    def transfer(self, reference: str, cents: int) -> ProviderPayment:
        """Let money come by transfer, a part or too much of it; what was called off takes none."""
        with self._state() as state:
            row = self._row(state, "payments", reference)
            if row["status"] == PaymentStatus.CREATED:
                received = row["received_cents"] + cents
                status = PaymentStatus.SUCCEEDED if received >= row["amount_cents"] else PaymentStatus.CREATED
                self._change(state, reference, status=status, received_cents=received, method="transfer")
            return self._payment(state, reference)

    def settle_refund(self, reference: str, *, good: bool) -> None:
        """Let a refund arrive, or come back; also one that had arrived may come back."""
        with self._state() as state:
            row = self._row(state, "refunds", reference)
            if row["status"] == RefundStatus.PENDING or (
                row["status"] == RefundStatus.SUCCEEDED and not good
            ):
                row["status"] = (RefundStatus.SUCCEEDED if good else RefundStatus.FAILED).value
                self._tell(state, Topic.REFUND, reference)

    def dispute(self, reference: str, fee_cents: int = 1500) -> str | None:
        """Let the payer's bank take a payment back, once; return the dispute's name."""
        with self._state() as state:
            row = self._row(state, "payments", reference)
            taken = any(one["payment"] == reference for one in state["disputes"].values())
            if taken or not row["received_cents"]:
                return None
            name = f"dis_{len(state['disputes']) + 1}"
            state["disputes"][name] = {
                "payment": reference, "amount_cents": row["received_cents"], "fee_cents": fee_cents,
                "status": "open", "began_at": self._clock.now().isoformat(),
            }  # fmt: skip
            self._tell(state, Topic.DISPUTE, name)
            return name

    def decide(self, dispute: str, *, won: bool) -> None:
        """Let a dispute end."""
        with self._state() as state:
            row = self._row(state, "disputes", dispute)
            if row["status"] == DisputeStatus.OPEN:
                row["status"] = (DisputeStatus.WON if won else DisputeStatus.LOST).value
                self._tell(state, Topic.DISPUTE, dispute)

    def pay_out(self, amount_cents: int, fee_cents: int) -> str:
        """Send money to the city's bank; return the payout's name."""
        with self._state() as state:
            name = f"out_{len(state['payouts']) + 1}"
            day = self._clock.now().date().isoformat()
            state["payouts"][name] = {"amount_cents": amount_cents, "fee_cents": fee_cents, "arrives_on": day}
            self._tell(state, Topic.PAYOUT, name)
            return name

    def open_payments(self) -> list[str]:
        """Return the payments that wait for their payer or for their money."""
        with self._state() as state:
            waiting = {PaymentStatus.CREATED.value, PaymentStatus.PROCESSING.value}
            return [name for name, row in state["payments"].items() if row["status"] in waiting]

    def open_refunds(self) -> list[str]:
        """Return the refunds that have not arrived."""
        with self._state() as state:
            return [name for name, row in state["refunds"].items() if row["status"] == RefundStatus.PENDING]

    def totals(self) -> tuple[int, int]:
        """Return what was received and what was given back, in cents."""
        with self._state() as state:
            received = sum(row["received_cents"] for row in state["payments"].values())
            given = sum(
                row["amount_cents"]
                for row in state["refunds"].values()
                if row["status"] == RefundStatus.SUCCEEDED
            )
            return received, given

    def take_messages(self) -> list[Message]:
        """Return the messages that wait, and forget them."""
        with self._state() as state:
            told, state["messages"] = state["messages"], []
        bodies = [json.dumps(one).encode() for one in told]
        return [Message(body, {SIGNATURE: self._sign(body)}) for body in bodies]

    # --- Within ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _call(
        self, name: str, key: str = "", asked: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[dict[str, Any], str]]:
        """Give the state, and what an earlier call by this key has made; with the faults that are planned."""
        fault = self._faults(name)
        if fault is Fault.NO_ANSWER:
            raise ProviderUnavailable
        if fault is Fault.KEY_BUSY and key:
            raise KeyConflict
        with self._state() as state:
            earlier = state["keys"].get(key)
            if earlier is not None and earlier["asked"] != asked:
                raise KeyConflict
            self._expire(state)
            yield state, earlier["made"] if earlier else ""
        if fault is Fault.ANSWER_LOST:
            raise ProviderUnavailable

    @contextlib.contextmanager
    def _state(self) -> Iterator[dict[str, Any]]:
        empty: dict[str, Any] = {
            "payments": {}, "refunds": {}, "disputes": {}, "payouts": {}, "keys": {}, "messages": [],
            "told": 0,
        }  # fmt: skip
        if self._path is None:
            self._memory = self._memory or empty
            yield self._memory
            return
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = json.loads(self._path.read_text()) if self._path.exists() else empty
            yield state
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps(state))
            fresh.replace(self._path)

    def _expire(self, state: dict[str, Any]) -> None:
        now = self._clock.now()
        for reference, row in state["payments"].items():
            late = dt.datetime.fromisoformat(row["expires_at"]) <= now
            if row["status"] == PaymentStatus.CREATED and late:
                self._change(state, reference, status=PaymentStatus.CANCELLED)

    def _remember(self, state: dict[str, Any], key: str, asked: Mapping[str, Any], made: str) -> None:
        state["keys"][key] = {"asked": dict(asked), "made": made}

    def _row(self, state: dict[str, Any], sort: str, reference: str) -> dict[str, Any]:
        row: dict[str, Any] | None = state[sort].get(reference)
        if row is None:
            raise PaymentUnknown
        return row

    def _change(self, state: dict[str, Any], reference: str, **values: object) -> None:
        state["payments"][reference].update(values)
        self._tell(state, Topic.PAYMENT, reference)

    def _receive(self, state: dict[str, Any], reference: str, how: How) -> None:
        amount = state["payments"][reference]["amount_cents"]
        self._change(
            state, reference, status=PaymentStatus.SUCCEEDED, received_cents=amount, method=how.value
        )

    def _tell(self, state: dict[str, Any], topic: Topic, reference: str) -> None:
        state["told"] += 1
        at = self._clock.now().isoformat()
        state["messages"].append(
            {"event_id": f"evt_{state['told']}", "topic": topic.value, "reference": reference, "at": at}
        )

    def _payment(self, state: dict[str, Any], reference: str) -> ProviderPayment:
        row = self._row(state, "payments", reference)
        return ProviderPayment(
            reference,
            PaymentStatus(row["status"]),
            row["amount_cents"],
            row["received_cents"],
            page_url=f"{self._page_url}/{reference}" if row["status"] == PaymentStatus.CREATED else None,
            method=row["method"],
            payment_id=row["payment_id"],
        )

    def _refund(self, state: dict[str, Any], reference: str) -> ProviderRefund:
        row = self._row(state, "refunds", reference)
        status = RefundStatus(row["status"])
        return ProviderRefund(
            reference, row["payment"], status, row["amount_cents"], refund_id=row["refund_id"]
        )

    def _sign(self, body: bytes) -> str:
        return hmac.new(self._secret, body, hashlib.sha256).hexdigest()
