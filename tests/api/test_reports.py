"""Public reports over the API: visible without names, worked on, confirmed by others, settled once."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pytest

from identity.clients import Scope
from identity.persons import Person
from identity.roles import Role
from kernel.db import Work
from ledger import queries, wallets
from rewards import departments
from rewards.departments import Department
from tests.api.edge import Edge
from tests.api.test_earning import REPORT, decide, hand_in

WORDS = "Drei Säcke Müll am Zaun"


@dataclass
class Street:
    """Somebody who reported litter, somebody who saw it too, a case worker, another system."""

    edge: Edge
    anna: Person
    anna_token: str
    ben: Person
    ben_token: str
    worker: str
    system: str
    events: int = field(default=0)

    def report(self, shade: int = 90, **changes: str) -> tuple[str, str]:
        """Hand a report in as Anna; return the numbers of submission and report."""
        made = hand_in(self.edge, self.anna_token, changes, shade=shade).json()
        newest = self.edge.call("GET", "/api/v1/reports").json()["items"][0]
        return made["submission_id"], newest["reference"]

    def see(self, reference: str) -> Any:
        """Return the report as anybody sees it."""
        return self.edge.call("GET", f"/api/v1/reports/{reference}").json()

    def work(self, reference: str, step: str, **rest: object) -> Any:
        """Do a step as the case worker."""
        return self.edge.call(
            "POST", f"/api/v1/reports/{reference}/steps", self.worker, json={"step": step, **rest}
        )

    def tell(self, reference: str, event: str, at: str, *, number: str = "", **rest: object) -> Any:
        """Tell of a report as another system."""
        self.events += 1
        body = {"event_id": number or f"e{self.events}", "event": event, "happened_at": at, **rest}
        return self.edge.call("POST", f"/api/v1/reports/{reference}/events", self.system, json=body)

    def confirm(self, reference: str, token: str = "") -> Any:
        """Confirm a report, as Ben unless somebody else is named."""
        path = f"/api/v1/reports/{reference}/confirmations"
        return self.edge.call("POST", path, token or self.ben_token)

    def points(self, person: Person) -> tuple[int, int]:
        """Return what somebody can spend and what is pending."""
        with self.edge.database.reading(self.edge.city.city_id) as reading:
            wallet = wallets.wallet(reading, person.owner)
        return wallet.available, wallet.pending

    def held(self) -> int:
        """Return what the budget has promised."""
        with self.edge.database.reading(self.edge.city.city_id) as reading:
            return queries.balance(reading, "budget/litter").debits_pending


@pytest.fixture
def street(edge: Edge) -> Street:
    """Give a city with two departments."""

    def found(work: Work) -> None:
        for code in ("waste", "parks"):
            departments.keep(work, Department(code, {"de": code.title(), "en": code.title()}, "115"))
        departments.route(work, "litter-report", [("litter", "waste"), ("", "parks")])

    edge.database.run(edge.city.city_id, found)
    anna, anna_token = edge.person()
    ben, ben_token = edge.person("ben@example.org")
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)
    return Street(edge, anna, anna_token, ben, ben_token, worker, edge.system(Scope.REPORT_ACTIONS))


def test_a_report_is_public_without_who_and_what_was_said(street: Street) -> None:
    """Kind, department, rough place and status at once; words, address and photos not before their release."""
    submission_id, reference = street.report(address="Bei Familie Meier, Königstraße 10")
    seen = street.see(reference)

    assert ("received", "waste", "litter") == (seen["status"], seen["department"], seen["category"])
    assert (None, None, []) == (seen["words"], seen["address"], seen["photos"])
    assert {"latitude": 51.434, "longitude": 6.762} == seen["place"]
    text = street.edge.client.get(f"/reports/{reference}").text
    for secret in (street.anna.owner, "Meier", WORDS, submission_id, "anna@example.org"):
        assert secret not in text + str(seen)
    everything = street.edge.call("GET", "/api/v1/reports?status=received&category=litter").json()
    assert [reference] == [one["reference"] for one in everything["items"]]
    assert [] == street.edge.call("GET", "/api/v1/reports?status=done").json()["items"]


def test_a_department_works_on_it_and_the_points_follow_once(street: Street) -> None:
    """Taken, passed on, done, opened again, declined: the light moves, the points were given when it was done."""
    _, reference = street.report()
    assert (10, 40) == street.points(street.anna)

    street.work(reference, "take", note="Morgen.")
    street.work(reference, "forward", department="parks")
    done = street.work(reference, "done", note="Abgeholt.").json()
    again = street.work(reference, "done").json()
    street.work(reference, "reopen")
    declined = street.work(reference, "decline", reason="nothing-found").json()

    assert ("done", "done", "declined") == (done["status"], again["status"], declined["status"])
    assert (50, 0) == street.points(street.anna)
    assert 0 == street.held()
    timeline = street.see(reference)["timeline"]
    assert ["take", "forward", "done", "reopen", "decline"] == [one["event"] for one in timeline]
    assert ("parks", "nothing-found") == (declined["department"], declined["reason"])
    assert "case-done" in street.edge.audited()


def test_steps_that_are_not_possible_are_refused(street: Street) -> None:
    """Without reason, to nowhere, after the end, on one's own report, by somebody else: each has its code."""
    edge = street.edge
    _, reference = street.report()
    refused = edge.refused

    assert (422, "decline-reason-missing") == refused(street.work(reference, "decline"))
    assert (422, "department-unknown") == refused(street.work(reference, "forward", department="moon"))
    assert (409, "forwarded-to-itself") == refused(street.work(reference, "forward", department="waste"))
    assert (409, "case-step-not-possible") == refused(street.work(reference, "reopen"))
    assert (404, "report-not-found") == refused(street.work("NOSUCHON", "take"))
    path = f"/api/v1/reports/{reference}/steps"
    assert 403 == edge.call("POST", path, street.ben_token, json={"step": "take"}).status_code
    _, anna_works = edge.person("anna@example.org", Role.CASE_WORKER)
    assert (403, "own-submission") == refused(edge.call("POST", path, anna_works, json={"step": "done"}))
    street.work(reference, "done")
    assert (409, "case-step-not-possible") == refused(street.work(reference, "take"))
    assert (409, "report-closed") == refused(street.confirm(reference))


def test_others_confirm_instead_of_reporting_again(street: Street) -> None:
    """Shown nearby, confirmed once, never one's own; its small points come when the report is done."""
    edge = street.edge
    _, reference = street.report()
    near = edge.call(
        "GET",
        f"/api/v1/reports/near?action=litter-report&category=litter&latitude=51.4345&longitude={REPORT['longitude']}",
    ).json()
    assert [(reference, 60)] == [(one["report"]["reference"], one["distance_m"]) for one in near]

    first, second = street.confirm(reference), street.confirm(reference)
    assert first.json()["submission_id"] == second.json()["submission_id"]
    assert 1 == street.see(reference)["confirmations"]
    assert (403, "own-report") == edge.refused(street.confirm(reference, street.anna_token))
    assert (0, 3) == street.points(street.ben)

    street.work(reference, "done")
    assert ((50, 0), (3, 0), 0) == (street.points(street.anna), street.points(street.ben), street.held())
    mine = edge.call("POST", "/api/v1/submissions", street.ben_token, json={"action": "report-confirmation"})
    assert (422, "action-needs-evidence") == edge.refused(mine)


def test_taking_a_report_back(street: Street) -> None:
    """What is pending goes back once; somebody else's is not found; if others confirmed it, it goes on."""
    edge = street.edge
    _, reference = street.report()
    path = f"/api/v1/reports/{reference}/withdrawal"
    assert (404, "report-not-found") == edge.refused(edge.call("POST", path, street.ben_token))
    for _ in range(2):
        assert "withdrawn" == edge.call("POST", path, street.anna_token).json()["status"]
    assert ((10, 0), 0) == (street.points(street.anna), street.held())

    number, other = street.report(shade=20, latitude="51.44")
    decide(edge, street.worker, number, "accept", "Looked at it.")
    street.confirm(other)
    back = edge.call("POST", f"/api/v1/reports/{other}/withdrawal", street.anna_token).json()
    assert "received" == back["status"]
    assert ((20, 0), 3) == (street.points(street.anna), street.held())
    street.work(other, "done")
    assert ((20, 0), (3, 0)) == (street.points(street.anna), street.points(street.ben))
    closed = edge.call("POST", f"/api/v1/reports/{other}/withdrawal", street.anna_token)
    assert (409, "case-step-not-possible") == edge.refused(closed)


def test_events_of_other_systems_come_in_any_order(street: Street) -> None:
    """A late event is history, a repeated one gives the first answer, the points are settled by what is newest."""
    edge = street.edge
    _, reference = street.report()
    now = edge.database.clock.now()
    early, late = f"{now:%Y-%m-%dT%H:%M:%S}Z", f"{now:%Y-%m-%dT%H:%M}:59Z"

    done = street.tell(reference, "done", late, number="a").json()
    taken = street.tell(reference, "take", early, number="b").json()
    declined = street.tell(reference, "decline", early, reason="not-ours").json()
    again = street.tell(reference, "done", late, number="a").json()

    assert [True, False, False, True] == [one["applied"] for one in (done, taken, declined, again)]
    assert ("done", (50, 0), 0) == (
        street.see(reference)["status"],
        street.points(street.anna),
        street.held(),
    )
    assert ["take", "decline", "done"] == [one["event"] for one in street.see(reference)["timeline"]]
    other = street.tell(reference, "take", late, number="a")
    assert (409, "event-used-for-other-content") == edge.refused(other)
    future = street.tell(reference, "done", "2999-01-01T00:00:00Z")
    assert (422, "event-in-the-future") == edge.refused(future)
    stranger = edge.system()
    path = f"/api/v1/reports/{reference}/events"
    body = {"event_id": "x", "event": "take", "happened_at": early}
    assert (403, "wrong-scope") == edge.refused(edge.call("POST", path, stranger, json=body))


def test_what_is_told_late_moves_nothing(street: Street) -> None:
    """Declined yesterday, taken up today: whoever tells yesterday's decision today does not undo today's."""
    edge = street.edge
    _, reference = street.report()
    now = edge.database.clock.now()
    street.tell(reference, "take", f"{now:%Y-%m-%dT%H:%M:%S}Z", number="a")
    before = f"{now - dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%S}Z"

    late = street.tell(reference, "decline", before, reason="not-ours", number="b").json()

    assert (False, "in-work") == (late["applied"], street.see(reference)["status"])
    assert 40 == street.held()


def test_done_before_a_person_has_looked(street: Street) -> None:
    """A report in review that is done meanwhile pays at once and wholly when it is accepted; refused, nothing."""
    edge = street.edge
    first, reference = street.report(accuracy_m="60")
    second, other = street.report(shade=20, accuracy_m="60", latitude="51.44")
    for one in (reference, other):
        assert "done" == street.work(one, "done").json()["status"]
    assert (0, 0) == street.points(street.anna)

    assert "done" == decide(edge, street.worker, first, "accept", "Looked at it.").json()["status"]
    assert "declined" == decide(edge, street.worker, second, "decline", "Nichts.").json()["status"]
    assert ((50, 0), 0) == (street.points(street.anna), street.held())
    assert "done" == street.see(other)["status"]
    third, refused = street.report(shade=40, accuracy_m="60", latitude="51.45")
    decide(edge, street.worker, third, "decline", "Nichts, Frau Meier.")
    seen = street.see(refused)
    assert ("declined", "not-confirmed") == (seen["status"], seen["reason"])
    assert "Meier" not in str(seen)


def test_departments_are_public(street: Street) -> None:
    """Anybody reads who looks after what."""
    found = street.edge.call("GET", "/api/v1/departments").json()
    assert {"waste": ["litter-report/litter"], "parks": ["litter-report"]} == {
        one["code"]: one["categories"] for one in found
    }
