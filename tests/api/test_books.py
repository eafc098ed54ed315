"""Venues, contracts, rules, budgets, the ledger and settlement over the API."""

import copy
import datetime as dt
import hashlib
import itertools
from typing import Any

import pytest

from identity.roles import Role
from kernel.clock import FixedClock
from rewards import action_types
from tests.api.edge import Edge
from tests.api.test_spending import buy, rich, scan

VENUE = {
    "name": "Deichbad",
    "kind": "pool",
    "street": "Deich 1",
    "postcode": "47198",
    "district": "Homberg",
    "payee_name": "Deichbad GmbH",
}


@pytest.fixture
def treasurer(edge: Edge) -> str:
    """Give the token of a treasurer."""
    return edge.person("tom@example.org", Role.TREASURER)[1]


def rule(**changes: object) -> dict[str, Any]:
    """Return a rule document that differs from the one in force."""
    document = copy.deepcopy(action_types.starter_rule("suggestion").document())
    assert document["action"] == "suggestion"
    return document | {"effect": {"kind": "fixed", "points": 25}} | changes


def test_a_venue_is_opened_and_signs_a_contract(edge: Edge) -> None:
    """Everybody sees the venue, and both acts are in the log."""
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)
    made = edge.call("POST", "/api/v1/venues", admin, json=VENUE)
    path = f"/api/v1/venues/{made.json()['venue_id']}/contracts"
    monday = {"rate_cents_per_point": 2, "period": "week", "valid_from": "2026-05-04"}

    signed = edge.call("POST", path, admin, json=monday)

    assert (201, 201) == (made.status_code, signed.status_code)
    assert "Deichbad" in [one["name"] for one in edge.call("GET", "/api/v1/venues").json()]
    assert ["venue-created", "contract-signed"] == edge.audited()[-2:]
    assert (422, "contract-start-invalid") == edge.refused(
        edge.call("POST", path, admin, json=monday | {"valid_from": "2026-05-05"})
    )
    assert (422, "contract-rate-invalid") == edge.refused(
        edge.call("POST", path, admin, json=monday | {"rate_cents_per_point": 0})
    )
    assert (422, "iban-invalid") == edge.refused(
        edge.call("POST", "/api/v1/venues", admin, json=VENUE | {"iban": "DE00"})
    )


def test_a_rule_lives_from_draft_to_retirement(edge: Edge) -> None:
    """Drafted by one, approved by another, in force instead of the one before, retired; each in the log."""
    _, editor = edge.person("eddi@example.org", Role.RULE_EDITOR, Role.APPROVER)
    _, approver = edge.person("anne@example.org", Role.APPROVER)
    made = edge.call("POST", "/api/v1/rules", editor, json={"document": rule()})
    path = f"/api/v1/rules/{made.json()['version_hash']}"

    assert (201, "draft") == (made.status_code, made.json()["status"])
    assert (403, "own-rule") == edge.refused(edge.call("POST", f"{path}/approval", editor))
    assert (409, "rule-not-approved") == edge.refused(edge.call("POST", f"{path}/activation", approver))
    untried = edge.call("POST", f"{path}/approval", approver)
    assert (422, "approval-without-simulation") == edge.refused(untried)
    approved = edge.call("POST", f"{path}/approval", approver, json={"note": "Nothing to try it on"})
    assert "approved" == approved.json()["status"]
    assert "active" == edge.call("POST", f"{path}/activation", approver).json()["status"]
    in_force = {one["code"]: one for one in edge.call("GET", "/api/v1/rules").json()}
    assert made.json()["version_hash"] == in_force["suggestion"]["version_hash"]
    assert in_force["suggestion"]["description"]
    statuses = [one["status"] for one in edge.call("GET", "/api/v1/rules/versions", editor).json()]
    assert ["active"] * len(action_types.starter_rules()) + ["retired"] == sorted(statuses)
    assert "retired" == edge.call("POST", f"{path}/retirement", approver).json()["status"]
    assert ["rule-drafted", "rule-approved", "rule-activated", "rule-retired"] == edge.audited()[-4:]


def test_a_faulty_rule_is_told_what_is_wrong(edge: Edge) -> None:
    """Linting lists findings without saving; saving refuses errors with their places."""
    _, editor = edge.person("eddi@example.org", Role.RULE_EDITOR)
    unknown = rule(when={"op": "known", "fact": "shoe_size"})

    found = edge.call("POST", "/api/v1/rules/lint", editor, json={"document": unknown}).json()
    refused = edge.call("POST", "/api/v1/rules", editor, json={"document": unknown})
    malformed = edge.call("POST", "/api/v1/rules", editor, json={"document": {"code": "x"}})

    assert "error" in [one["severity"] for one in found]
    assert (422, "rule-invalid") == edge.refused(refused)
    assert refused.json()["details"]["faults"]
    assert (422, "rule-invalid") == edge.refused(malformed)
    assert [] == edge.call("POST", "/api/v1/rules/lint", editor, json={"document": rule()}).json()
    assert (404, "rule-not-found") == edge.refused(
        edge.call("POST", "/api/v1/rules/feed/approval", edge.person("a@example.org", Role.APPROVER)[1])
    )


def test_a_budget_is_funded_by_two(edge: Edge, treasurer: str) -> None:
    """One asks, another releases; then the points are issued and shown as left; each act is in the log."""
    _, approver = edge.person("anne@example.org", Role.APPROVER)
    body = {"points": 500, "reference": "DS 7"}
    asked = edge.call("POST", "/api/v1/budgets/trees/funding", treasurer, json=body)
    path = f"/api/v1/funding-requests/{asked.json()['request_id']}"

    assert (201, "open") == (asked.status_code, asked.json()["state"])
    assert (403, "own-funding-request") == edge.refused(edge.call("POST", f"{path}/release", treasurer))
    assert "trees" not in [one["campaign"] for one in edge.call("GET", "/api/v1/budgets", treasurer).json()]
    assert "released" == edge.call("POST", f"{path}/release", approver).json()["state"]
    assert (409, "funding-request-decided") == edge.refused(edge.call("POST", f"{path}/release", approver))
    chosen = edge.call("PUT", "/api/v1/budgets/trees/when-dry", treasurer, json={"when_dry": "announce"})
    budgets = {one["campaign"]: one for one in edge.call("GET", "/api/v1/budgets", treasurer).json()}
    trees = budgets["trees"]
    assert (200, 500, "announce", "fine") == (
        chosen.status_code, trees["counters"]["available"], trees["when_dry"], trees["level"],
    )  # fmt: skip
    again = edge.call("POST", "/api/v1/budgets/trees/funding", treasurer, json=body).json()["request_id"]
    declined = edge.call(
        "POST", f"/api/v1/funding-requests/{again}/declining", approver, json={"reason": "Not decided yet"}
    )
    assert ("declined", "Not decided yet") == (declined.json()["state"], declined.json()["reason"])
    listed = edge.call("GET", "/api/v1/funding-requests?limit=1", treasurer).json()
    assert ([again], again) == ([one["request_id"] for one in listed["items"]], listed["next"])
    assert [
        "budget-requested",
        "budget-funded",
        "budget-policy-chosen",
        "budget-requested",
        "budget-declined",
    ] == (edge.audited()[-5:])
    for points in (0, -5, 2**63):
        refused = edge.call(
            "POST", "/api/v1/budgets/trees/funding", treasurer, json=body | {"points": points}
        )
        assert 422 == edge.refused(refused)[0]


def test_the_books_are_read_and_verified(edge: Edge, treasurer: str) -> None:
    """Trial balance, statement with running balance in pages, balance as of a transfer, verification."""
    buy(edge, rich(edge))
    accounts = {one["path"]: one for one in edge.call("GET", "/api/v1/ledger/accounts", treasurer).json()}
    path = "/api/v1/ledger/statement?path=issued&limit=2"

    first = edge.call("GET", path, treasurer).json()
    second = edge.call("GET", f"{path}&before={first['next']}", treasurer).json()
    lines = first["items"] + second["items"]
    newest = lines[0]

    assert accounts["issued"]["counters"]["posted"] == newest["balance"]
    assert all(a["balance"] == b["balance"] + a["change"] for a, b in itertools.pairwise(lines))
    as_of = edge.call(
        "GET", f"/api/v1/ledger/balance?path=issued&sequence={newest['sequence']}", treasurer
    ).json()
    assert newest["balance"] == as_of["posted"]
    assert (404, "account-not-found") == edge.refused(
        edge.call("GET", "/api/v1/ledger/statement?path=nothing", treasurer)
    )
    report = edge.call("GET", "/api/v1/ledger/verification", treasurer).json()
    assert (True, []) == (report["ok"], report["findings"])
    assert report["checks"]


def test_what_is_due_is_settled_once_and_paid(edge: Edge, treasurer: str, clock: FixedClock) -> None:
    """Statements for the finished week, frozen bytes, payout once; settling again makes nothing."""
    anna, device = rich(edge), edge.device()
    scan(edge, device, buy(edge, anna).json()["text"])
    clock.advance(dt.timedelta(days=7))
    treasurer = edge.person("tom@example.org", Role.TREASURER)[1]

    made = edge.call("POST", "/api/v1/settlements", treasurer).json()["settled"]
    again = edge.call("POST", "/api/v1/settlements", treasurer).json()["settled"]
    mine = next(one for one in made if one["venue_id"] == edge.pool.venue_id)
    path = f"/api/v1/settlements/{mine['settlement_id']}"
    as_json, as_csv = (edge.call("GET", f"{path}.{form}", treasurer) for form in ("json", "csv"))
    paid = edge.call("POST", f"{path}/payout", treasurer, json={"paid_on": "2026-05-11"})

    assert (2, []) == (len(made), again)
    assert (40, 80) == (mine["settled_points"], mine["settled_cents"])
    assert mine["sha256"] == hashlib.sha256(as_json.content).hexdigest()
    assert as_csv.headers["content-type"].startswith("text/csv")
    assert "2026-05-11" == paid.json()["paid_on"]
    assert (409, "settlement-already-paid") == edge.refused(
        edge.call("POST", f"{path}/payout", treasurer, json={"paid_on": "2026-05-12"})
    )
    assert (404, "settlement-not-found") == edge.refused(
        edge.call("GET", "/api/v1/settlements/9.json", treasurer)
    )
    assert ["settled", "settled", "payout-confirmed"] == edge.audited()[-3:]
    first = edge.call("GET", "/api/v1/settlements?limit=1", treasurer).json()
    rest = edge.call("GET", f"/api/v1/settlements?before={first['next']}", treasurer).json()
    assert {one["number"] for one in made} == {one["number"] for one in first["items"] + rest["items"]}
    assert edge.call("GET", "/api/v1/ledger/verification", treasurer).json()["ok"]
