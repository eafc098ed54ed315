"""A payment service after XBezahldienste 1.0.0, for tests and the demonstration: it takes no money.

It checks requests as the specification says, has a page to pay on, and can be told to fail: answer late, with
an error before or after it has done its work, with nonsense or a wrong status, and to forget messages.
"""

import base64
import contextlib
import html
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from kernel.clock import SystemClock
from kernel.ids import IdSource

ORIGINATOR, END_POINT = "duiscoin", "05112000"
CLIENT_ID, CLIENT_SECRET = "duiscoin", "only-for-demonstrations"
_ID = re.compile(r"[\w-]{1,36}", re.ASCII)
_PURPOSE = re.compile(r"[\w\s-]{1,27}", re.ASCII)
_DESCRIPTION = re.compile(r"[\w\s,.\u00C0-\u017F-]{1,250}")
_PAGE = Template((Path(__file__).parent / "data" / "payment_page.html").read_text())


@dataclass
class PaymentService:
    """What the service knows, and how it is to fail."""

    own_ids: bool = True
    """Whether it gives payments a number of its own; else it takes ours."""
    transactions: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """For the next calls: late, error, error-after, nonsense, wrong-status, forbidden, expired."""
    tokens: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    late_seconds: float = 1.0
    ids: IdSource = field(default_factory=lambda: IdSource(SystemClock()))
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, transaction_id: str, status: str, method: str = "CREDITCARD") -> str:
        """Let the payer do something; return where they are sent then."""
        with self.lock:
            transaction = self.transactions[transaction_id]
            information = transaction["paymentInformation"]
            if information["status"] == "INITIAL":
                information["status"] = status
                information.pop("transactionRedirectUrl")
                if status == "PAYED":
                    information |= {
                        "paymentMethod": method,
                        "transactionReference": f"KZ{len(self.transactions):08}",
                        "transactionTimestamp": "2026-05-04T07:31:00.000Z",
                    }
            return str(transaction["paymentRequest"]["redirectUrl"])

    def begin(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Take a PaymentRequest."""
        fault = _fault(request)
        if fault:
            return _problem(HTTPStatus.BAD_REQUEST, fault)
        with self.lock:
            numbers = {one["paymentRequest"]["requestId"] for one in self.transactions.values()}
            if request["requestId"] in numbers:
                return _problem(HTTPStatus.CONFLICT, "PAYMENT_EXISTS")
            number = str(self.ids.uuid()) if self.own_ids else request["requestId"]
            self.transactions[number] = {
                "paymentRequest": request,
                "paymentInformation": {
                    "transactionUrl": f"{self.url}/paymenttransaction/{ORIGINATOR}/{END_POINT}/{number}",
                    "transactionRedirectUrl": f"{self.url}/pay/{number}",
                    "transactionId": number,
                    "status": "INITIAL",
                },
            }
            return HTTPStatus.CREATED, self.transactions[number]


def _fault(request: dict[str, Any]) -> str:
    """Return the functional code of what is wrong with a request, empty if nothing is."""
    try:
        items, total = request["items"], request["grosAmount"]
        well_formed = (
            _ID.fullmatch(request["requestId"])
            and _PURPOSE.fullmatch(request["purpose"])
            and _DESCRIPTION.fullmatch(request["description"])
            and request["currency"] == "EUR"
            and 0 < len(items) < 100  # noqa: PLR2004 -- the standard's bounds
            and 0 < total <= 999999  # noqa: PLR2004 -- the standard's bounds
            and request["redirectUrl"].startswith("http")
        )
        parts = sum(item["totalNetAmount"] + item["totalTaxAmount"] for item in items)
    except (KeyError, TypeError, AttributeError):
        return "VALIDATION_ERROR"
    if not well_formed:
        return "VALIDATION_ERROR"
    return "" if round(parts * 100) == round(total * 100) else "CALCULATION_ERROR"


def _problem(status: int, code: str) -> tuple[int, dict[str, Any]]:
    return status, {
        "type": "about:blank",
        "status": int(status),
        "title": HTTPStatus(status).phrase,
        "functionalCode": code,
        "functionalText": code,
    }


class _Handler(BaseHTTPRequestHandler):
    service: PaymentService

    def do_GET(self) -> None:
        """Answer questions, and show the page to pay on."""
        head, *rest = urlsplit(self.path).path.strip("/").split("/")
        if head == "pay":
            self._page(rest[0])
        elif self._admitted():
            self._answer_get(head, rest)

    def do_POST(self) -> None:
        """Take requests for tokens and payments, and what payers do."""
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        head, *rest = urlsplit(self.path).path.strip("/").split("/")
        if head == "token":
            self._token()
        elif head == "pay":
            address = self.service.settle(rest[0], content.decode().partition("=")[2])
            self.send_response(HTTPStatus.SEE_OTHER)
            self.send_header("Location", address)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self._admitted():
            self._say(*self._begin(rest, content))

    def _begin(self, rest: list[str], content: bytes) -> tuple[int, Any]:
        fault = self._next_fault()
        if fault == "error":
            return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "UNSPECIFIED")
        if fault == "forbidden":
            return _problem(HTTPStatus.FORBIDDEN, "FORBIDDEN")
        if rest != [ORIGINATOR, END_POINT]:
            return _problem(HTTPStatus.NOT_FOUND, "NO_VALID_ORIGINATOR_OR_ENDPOINT")
        answer = self.service.begin(json.loads(content))
        if fault == "late":
            time.sleep(self.service.late_seconds)
        if fault == "error-after":
            return _problem(HTTPStatus.BAD_GATEWAY, "UNSPECIFIED")
        return (answer[0], "nonsense") if fault == "nonsense" else answer

    def _answer_get(self, head: str, rest: list[str]) -> None:
        fault = self._next_fault()
        if fault == "error":
            self._say(*_problem(HTTPStatus.SERVICE_UNAVAILABLE, "UNSPECIFIED"))
        elif rest[:2] != [ORIGINATOR, END_POINT]:
            self._say(*_problem(HTTPStatus.NOT_FOUND, "NO_VALID_ORIGINATOR_OR_ENDPOINT"))
        elif head == "status":
            self._say(HTTPStatus.OK, {"status": 200})
        elif fault == "nonsense":
            self._say(HTTPStatus.OK, {"paymentInformation": None})
        elif rest[2] in self.service.transactions:
            found = json.loads(json.dumps(self.service.transactions[rest[2]]))
            if fault == "wrong-status":
                found["paymentInformation"]["status"] = "UNKNOWN"
            self._say(HTTPStatus.OK, found)
        else:
            self._say(*_problem(HTTPStatus.NOT_FOUND, "UNSPECIFIED"))

    def _admitted(self) -> bool:
        self.service.calls.append(f"{self.command} {self.path}")
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if self.service.faults[:1] == ["expired"]:
            self._next_fault()
            self.service.tokens.clear()
        if scheme == "Bearer" and token in self.service.tokens:
            return True
        self._say(*_problem(HTTPStatus.UNAUTHORIZED, "FORBIDDEN"))
        return False

    def _token(self) -> None:
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {pair}":
            self._say(HTTPStatus.UNAUTHORIZED, {"error": "invalid_client"})
            return
        token = self.service.ids.token()
        self.service.tokens.add(token)
        self._say(HTTPStatus.OK, {"access_token": token, "token_type": "Bearer", "expires_in": 300})

    def _page(self, number: str) -> None:
        asked = self.service.transactions[number]["paymentRequest"]
        said = {name: html.escape(str(asked[name])) for name in ("description", "purpose")}
        amount = f"{asked['grosAmount']:.2f}".replace(".", ",")
        content = _PAGE.substitute(amount=amount, **said).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _next_fault(self) -> str:
        with self.service.lock:
            return self.service.faults.pop(0) if self.service.faults else ""

    def _say(self, status: int, document: object) -> None:
        content = b"<html>" if document == "nonsense" else json.dumps(document).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- named by the base class
        """Say nothing."""


@contextlib.contextmanager
def running(service: PaymentService, port: int = 0) -> Iterator[PaymentService]:
    """Serve on this machine while the block lasts."""
    handler = type("Handler", (_Handler,), {"service": service})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield service
        finally:
            server.shutdown()
