"""Where the contract wants it, each redemption names the receipt of the till, once for each day."""

import datetime as dt
import re

import pytest

from kernel.clock import FixedClock
from merchants import contracts
from merchants.contracts import Extras
from merchants.periods import PeriodKind
from redemption import codes
from tests.api.edge import Edge
from tests.pages.test_venue import Gate


@pytest.fixture
def gate(edge: Edge) -> Gate:
    """Give a gate whose contract wants numbers of receipts."""
    edge.database.run(
        edge.city.city_id,
        lambda work: contracts.sign(
            work, edge.pool.venue_id, rate_cents_per_point=1, period=PeriodKind.WEEK,
            valid_from=dt.date(2026, 5, 4), extras=Extras(receipt_numbers=True),
        ),
    )  # fmt: skip
    return Gate(edge)


def _scan(gate: Gate, text: str, number: str) -> str:
    fields = gate.edge.browse(gate.token)
    gate.edge.client.cookies.set("duiscoin_device", gate.device)
    data = {"code": text, "receipt_number": number, **fields}
    answer = gate.edge.client.post("/venue", data=data, headers={"Accept-Language": "de"})
    found = re.search(r'data-verdict="(\w+)"', answer.text)
    assert found is not None, answer.text
    return found.group(1) + (" Kassenbon" if "Kassenbon" in answer.text.split("<form")[0] else "")


def test_the_form_asks_for_it(gate: Gate, clock: FixedClock) -> None:
    """Without number, or with one of another guest of that day, nothing is redeemed; the next day it is free."""
    first, second = (codes.app_text(gate.buy().token) for _ in range(2))
    assert _scan(gate, first, " ").startswith("amber")
    assert _scan(gate, first, "47/11").startswith("green")
    assert _scan(gate, second, "47/11").startswith("amber")
    clock.advance(dt.timedelta(days=1))
    _, gate.token = gate.edge.person("paul@example.org")
    assert _scan(gate, second, "47/11").startswith("green")


def test_the_api_takes_it(gate: Gate) -> None:
    """A device may send it; sent again it gets the first verdict, and a refused scan leaves the number free."""
    token = gate.edge.device()

    def scan(text: str, number: str, nonce: str) -> tuple[int, str]:
        body = {"text": text, "receipt_number": number, "nonce": nonce}
        answer = gate.edge.call("POST", "/api/v1/scans", token, json=body)
        return answer.status_code, answer.json()["code"]

    text, other = (codes.app_text(gate.buy().token) for _ in range(2))
    assert scan("99999-00000", "1", "a")[0] == 200
    assert scan(text, "1", "b") == (200, "accepted")
    assert scan(text, "1", "b") == (200, "accepted")
    assert scan(other, "1", "c") == (409, "till-number-used")
    assert scan(other, "<1>", "d") == (422, "till-number-invalid")
    assert scan(other, "", "e") == (200, "accepted")
