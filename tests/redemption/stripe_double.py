"""A small double of Stripe's interface for the real kit to speak with: sessions, intents, refunds, keys, faults."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "whsec_of_tests"


_LISTS = {
    "/v1/checkout/sessions": "checkout.session",
    "/v1/disputes": "dispute",
    "/v1/payouts": "payout",
    "/v1/balance_transactions": "balance_transaction",
}


class StripeDouble:
    """Keeps what was made, and answers as Stripe would; `faults` holds statuses with which it answers next."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, tuple[str, dict[str, Any]]] = {}
        self.faults: list[int] = []
        self.late_faults: list[int] = []
        """The same, after doing what was asked."""
        self.address = ""

    def session(self, name: str) -> dict[str, Any]:
        """Return a session with its intent."""
        return self.made[name]

    def pay(self, name: str, status: str = "succeeded") -> None:
        """Let the payer pay on the page."""
        one = self.made[name]
        one["status"] = "complete"
        one["payment_intent"] = {
            "id": f"pi_{name}", "object": "payment_intent", "status": status,
            "amount_received": one["amount_total"] if status == "succeeded" else 0, "last_payment_error": None,
        }  # fmt: skip

    def dispute(self, session: str, status: str, created: int) -> str:
        """Let the payer's bank take a payment back, at a fee of 15 euros."""
        name = f"dp_{len(self.made) + 1}"
        self.made[name] = {
            "id": name, "object": "dispute", "status": status, "created": created,
            "payment_intent": self.made[session]["payment_intent"]["id"],
            "amount": self.made[session]["amount_total"],
            "balance_transactions": [{"id": "txn_1", "object": "balance_transaction", "fee": 1500}],
        }  # fmt: skip
        return name

    def pay_out(self, entries: dict[str, tuple[int, int]], status: str, arrives: int) -> str:
        """Send to the bank what entries of these sorts sum up to, each an amount and its fee."""
        name = f"po_{len(self.made) + 1}"
        amount = sum(gross - fee for gross, fee in entries.values())
        self.made[name] = {
            "id": name, "object": "payout", "status": status, "amount": amount, "arrival_date": arrives,
            "created": arrives,
        }  # fmt: skip
        for sort, (gross, fee) in entries.items():
            entry = f"txn_{name}_{sort}"
            self.made[entry] = {
                "id": entry, "object": "balance_transaction", "type": sort, "amount": gross, "fee": fee,
                "of_payout": name,
            }  # fmt: skip
        return name

    def answer(self, method: str, path: str, given: dict[str, str], key: str) -> tuple[int, dict[str, Any]]:
        """Return status and body of an answer."""
        if self.faults:
            return self.faults.pop(0), {"error": {"type": "api_error", "message": "on purpose"}}
        content = json.dumps(given, sort_keys=True)
        if key in self.keys:
            asked, body = self.keys[key]
            if asked != content:
                return 400, {"error": {"type": "idempotency_error", "message": "other parameters"}}
            return 200, self.made.get(body["id"], body)
        status, body = self._do(method, path, given)
        if key and status == 200:
            self.keys[key] = (content, body)
        if self.late_faults:
            return self.late_faults.pop(0), {"error": {"type": "api_error", "message": "afterwards"}}
        return status, body

    def _do(self, method: str, path: str, given: dict[str, str]) -> tuple[int, dict[str, Any]]:
        parts = path.removeprefix("/v1/").split("/")
        if (method, path) == ("POST", "/v1/checkout/sessions"):
            return 200, self._session(given)
        if (method, path) == ("POST", "/v1/refunds"):
            return self._refund(given)
        if path in _LISTS:
            found = [one for one in self.made.values() if one["object"] == _LISTS[path]]
            if "payment_intent" in given:
                found = [
                    one for one in found if (one["payment_intent"] or {}).get("id") == given["payment_intent"]
                ]
            if "created[gte]" in given:
                found = [one for one in found if one.get("created", 2**40) >= int(given["created[gte]"])]
            if "payout" in given:
                found = [one for one in found if one["of_payout"] == given["payout"]]
            return 200, {"object": "list", "data": found, "has_more": False, "url": path}
        name = parts[-2] if parts[-1] == "expire" else parts[-1]
        if name not in self.made:
            return 404, {
                "error": {"type": "invalid_request_error", "code": "resource_missing", "message": "no"}
            }
        if parts[-1] == "expire":
            if self.made[name]["status"] != "open":
                return 400, {"error": {"type": "invalid_request_error", "message": "not open"}}
            self.made[name]["status"] = "expired"
        return 200, self.made[name]

    def _session(self, given: dict[str, str]) -> dict[str, Any]:
        name = f"cs_{len(self.made) + 1}"
        self.made[name] = {
            "id": name, "object": "checkout.session", "status": "open", "url": f"https://checkout.test/{name}",
            "amount_total": int(given["line_items[0][price_data][unit_amount]"]), "payment_intent": None,
            "client_reference_id": given["client_reference_id"],
            "metadata": {"payment_id": given["metadata[payment_id]"]},
        }  # fmt: skip
        return self.made[name]

    def _refund(self, given: dict[str, str]) -> tuple[int, dict[str, Any]]:
        name = f"re_{len(self.made) + 1}"
        session = self.made[given["payment_intent"].removeprefix("pi_")]
        before = sum(one["amount"] for one in self.made.values() if one["object"] == "refund")
        if before + int(given["amount"]) > session["payment_intent"]["amount_received"]:
            return 400, {"error": {"type": "invalid_request_error", "code": "charge_already_refunded"}}
        self.made[name] = {
            "id": name, "object": "refund", "status": "pending", "amount": int(given["amount"]),
            "metadata": {"refund_id": given["metadata[refund_id]"]},
        }  # fmt: skip
        return 200, self.made[name]


def signed(kind: str, name: str, at: int, secret: str = SECRET, **more: str) -> tuple[bytes, dict[str, str]]:
    """Return a message as Stripe sends it, and its headers."""
    told = {"id": f"evt_{kind}_{name}_{at}", "type": kind, "data": {"object": {"id": name, **more}}}
    body = json.dumps(told).encode()
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"stripe-signature": f"t={at},v1={mac}"}


@contextmanager
def serving() -> Iterator[StripeDouble]:
    """Serve a double on a free port while the block lasts."""
    double = StripeDouble()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            form = parse_qs(self.rfile.read(length).decode())
            given = {name: values[0] for name, values in form.items()}
            path, query = urlsplit(self.path).path, urlsplit(self.path).query
            given |= {name: values[0] for name, values in parse_qs(query).items()}
            key = self.headers.get("Idempotency-Key", "") if path.endswith(("sessions", "refunds")) else ""
            status, body = double.answer(self.command, path, given, key)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 -- the server's own names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
