"""An app of the city's own: reserving, questions and objections of citizens, the money of venues."""

import datetime as dt
from typing import Any

import pytest

from api import settlements_due
from identity.roles import Role
from kernel.clock import FixedClock
from merchants import billing
from redemption import offline_policies, receipting
from redemption.offline_policies import EVERYWHERE
from redemption.offline_policy import SUGGESTED
from tests.api.edge import Edge
from tests.api.test_devices import invite, join
from tests.api.test_scan_logs import event, send
from tests.merchants.treasury import PROFILE

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def buy(edge: Edge, name: str) -> tuple[str, str, str]:
    """Let somebody with points buy a swim; return the token of the session, the voucher and its text."""
    person, token = edge.person(f"{name}@duisburg.test")
    edge.give(person, 200)
    bought = edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": edge.swim.offer_id}).json()
    return token, bought["voucher_id"], bought["text"]


def scan(edge: Edge, device: str, text: str) -> str:
    """Scan at the pool."""
    code: str = edge.call("POST", "/api/v1/scans", device, json={"text": text}).json()["code"]
    return code


def test_a_voucher_is_reserved(edge: Edge) -> None:
    """The citizen sees the entrances, reserves one of them, again with the same answer; nobody else does."""
    token, voucher_id, text = buy(edge, "anna")
    stranger, path = edge.person("ben@duisburg.test")[1], f"/api/v1/vouchers/{voucher_id}/lease"
    assert {"lease": None, "entrances": []} == edge.call("GET", path, token).json()
    scanner = join(
        edge, invite(edge, edge.person("owner@duisburg.test", Role.VENUE_OWNER)[1])["secret"]
    ).json()
    (entrance,) = edge.call("GET", path, token).json()["entrances"]
    assert (scanner["device_id"], edge.pool.name) == (entrance["device_id"], entrance["venue"])
    body = {"device_id": entrance["device_id"]}
    for caller, sent, refusal in (
        (stranger, body, (404, "voucher-not-found")),
        (token, {"device_id": "7"}, (409, "lease-gate-unknown")),
        (token, {"device_id": "x"}, (422, "request-invalid")),
    ):
        assert refusal == edge.refused(edge.call("POST", path, caller, json=sent))
    made = edge.call("POST", path, token, json=body)
    assert (201, entrance) == (made.status_code, made.json()["entrance"])
    assert made.json() == edge.call("POST", path, token, json=body).json()
    seen = edge.call("GET", path, token).json()
    assert (made.json(), []) == (seen["lease"], seen["entrances"])
    assert (404, "voucher-not-found") == edge.refused(edge.call("GET", path, stranger))
    assert "leased" == scan(edge, edge.device(), text)
    assert "accepted" == scan(edge, scanner["token"], made.json()["text"])


def test_questions_and_objections(edge: Edge) -> None:
    """Used twice: the city asks, the citizen answers once; a redemption that was somebody else's is objected to."""
    city = edge.city.city_id
    edge.database.run(city, lambda work: offline_policies.save(work, EVERYWHERE, SUGGESTED))
    token, voucher_id, text = buy(edge, "anna")
    stranger = edge.person("ben@duisburg.test")[1]
    assert "accepted" == scan(edge, edge.device(), text)
    scanner = join(
        edge, invite(edge, edge.person("owner@duisburg.test", Role.VENUE_OWNER)[1])["secret"]
    ).json()
    live = edge.call("GET", f"/api/v1/vouchers/{voucher_id}/live-keys", token).json()
    answer = send(edge, scanner, event(edge, scanner, None, bytes.fromhex(live["token"]))).json()
    assert ["conflict"] == [one["outcome"] for one in answer["results"]]
    (question,) = edge.call("GET", "/api/v1/questions", token).json()
    assert ("used-twice", edge.pool.name, None) == (question["kind"], question["venue"], question["answer"])
    path = f"/api/v1/questions/{question['question_id']}/answer"
    said = {"answer": "no", "remark": "Ich war nicht da."}
    assert (404, "claim-not-found") == edge.refused(edge.call("POST", path, stranger, json=said))
    first, again = (edge.call("POST", path, token, json=said).json() for _ in range(2))
    assert ("no", first) == (first["answer"], again)
    assert (409, "claim-answered") == edge.refused(edge.call("POST", path, token, json={"answer": "yes"}))
    assert 422 == edge.call("POST", path, token, json={"answer": "perhaps"}).status_code
    while edge.database.run(city, lambda work: receipting.follow(work, edge.city)):
        pass
    (receipt,) = (
        one
        for one in edge.call("GET", "/api/v1/receipts", token).json()["items"]
        if one["kind"] == "redeemed"
    )
    path = f"/api/v1/receipts/{receipt['receipt_id']}/objection"
    assert (404, "receipt-not-found") == edge.refused(edge.call("POST", path, stranger, json={}))
    objection = edge.call("POST", path, token, json={"remark": "Nicht ich."})
    assert (201, "disputed") == (objection.status_code, objection.json()["kind"])
    assert [objection.json(), first] == edge.call("GET", "/api/v1/questions", token).json()
    assert [] == edge.call("GET", "/api/v1/questions", stranger).json()
    edge.browse(edge.person("boss@duisburg.test", Role.ADMINISTRATOR)[1])
    page = edge.client.get("/office/claims")
    assert (200, 2) == (page.status_code, page.text.count("data-claim="))


@pytest.fixture
def settled(edge: Edge, clock: FixedClock) -> dict[str, Any]:
    """Give the pool's statement of May, with one redemption, in June."""
    city = edge.city.city_id

    edge.database.run(city, lambda work: billing.save(work, PROFILE))
    assert "accepted" == scan(edge, edge.device(), buy(edge, "anna")[2])
    clock.advance(dt.timedelta(days=30))
    settlements_due.settle(edge.database, edge.city, "person/1")
    owner = edge.person("owner@duisburg.test", Role.VENUE_OWNER)[1]
    made: dict[str, Any] = edge.call("GET", f"/api/v1/venues/{edge.pool.venue_id}/statements", owner).json()[
        -1
    ]
    return made


def test_the_money_of_a_venue(edge: Edge, settled: dict[str, Any]) -> None:
    """Statement, lines, contested line and contract; another venue's staff see nothing, by no address."""
    owner = edge.person("owner@duisburg.test", Role.VENUE_OWNER)[1]
    staff, citizen = (
        edge.person("staff@duisburg.test", Role.VENUE_STAFF)[1],
        edge.person("ben@duisburg.test")[1],
    )
    venue = f"/api/v1/venues/{edge.pool.venue_id}"
    base = f"{venue}/statements/{settled['settlement_id']}"
    assert 40 == settled["settled_points"]
    kinds = {
        form: edge.call("GET", f"{base}.{form}", staff).headers["content-type"].partition(";")[0]
        for form in ("json", "csv", "pdf")
    }
    assert {"json": "application/json", "csv": "text/csv", "pdf": "application/pdf"} == kinds
    (line,) = edge.call("GET", f"{base}/lines", staff).json()
    assert (40, "redemptions", "online") == (line["points"], line["sort"], line["tier"])
    said = {"use_id": line["use_id"], "expected_points": 80, "reason": "Der Gast war zu zweit."}
    made = edge.call("POST", f"{base}/contests", owner, json=said)
    assert (201, "open", "venue") == (made.status_code, made.json()["state"], made.json()["party"])
    assert (409, "line-contested-already") == edge.refused(
        edge.call("POST", f"{base}/contests", owner, json=said)
    )
    assert [made.json()] == edge.call("GET", f"{base}/contests", staff).json()
    (contract,) = edge.call("GET", f"{venue}/contracts", owner).json()
    paper = edge.call("GET", f"{venue}/contracts/{contract['contract_id']}.pdf", owner)
    assert (404, "contract-document-missing") == edge.refused(paper)
    other = base.replace(f"venues/{edge.pool.venue_id}/", f"venues/{edge.pool.venue_id + 1}/")
    for path in (
        f"{base}.pdf",
        f"{base}/lines",
        f"{base}/contests",
        f"{base}/credit-note.pdf",
        f"{venue}/statements",
    ):
        assert 403 == edge.call("GET", path, citizen).status_code, path
        assert 403 == edge.call("GET", path.replace(base, other), owner).status_code or path.endswith(
            "statements"
        )
    assert 403 == edge.call("POST", f"{other}/contests", owner, json=said).status_code
    assert 403 == edge.call("GET", f"{venue}/contracts", staff).status_code
