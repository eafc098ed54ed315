"""Each action from the citizen's first tap to confirmed points, over the API."""

import base64
import datetime as dt
import io
import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import ExifTags, Image

from api.v1 import events
from identity import clients
from identity.clients import Scope
from identity.persons import Person
from identity.roles import Role
from kernel.clock import FixedClock
from kernel.signing import SigningKey
from rewards import attendance_codes, city_events, occasions, submissions
from tests.api.edge import Edge
from tests.api.test_earning import decide, hand_in
from tests.browser.town import PLACE

KEY = SigningKey(bytes(range(32)))
CASE = "wohnsitz/2026-118213"
WORKSHOP = {
    "kind": "workshop",
    "titles": {"de": "Werkstatt Innenhafen", "en": "Workshop Inner Harbour"},
    "descriptions": {"de": "Wie soll der Innenhafen werden?", "en": "What should the harbour become?"},
    "place": "Stadtbibliothek",
    "expected": 2,
}
OPTIONS = [{"de": "Mehr Bäume", "en": "More trees"}, {"de": "Mehr Bänke", "en": "More benches"}]


def shot(taken: dt.datetime | None, shade: int = 90) -> bytes:
    """Return a picture that says when it was taken."""
    exif = Image.Exif()
    if taken is not None:
        exif[ExifTags.Base.DateTime] = taken.strftime("%Y:%m:%d %H:%M:%S")
    out = io.BytesIO()
    Image.effect_noise((64, 48), shade).convert("RGB").save(out, "JPEG", exif=exif)
    return out.getvalue()


def clear_up(edge: Edge, token: str, before: bytes, after: bytes | None) -> Any:
    """Hand a clean-up in with its pair of photos."""
    files = [("before", ("before.jpg", before, "image/jpeg"))]
    if after is not None:
        files.append(("after", ("after.jpg", after, "image/jpeg")))
    data = {
        "action": "litter-cleanup", "latitude": str(PLACE[0]), "longitude": str(PLACE[1]), "accuracy_m": "8",
    }  # fmt: skip
    return edge.call("POST", "/api/v1/submissions/with-photos", token, data=data, files=files)


def wallet(edge: Edge, token: str) -> tuple[int, int]:
    """Return available and pending points."""
    found = edge.call("GET", "/api/v1/wallet", token).json()
    return found["available"], found["pending"]


def local_now(edge: Edge) -> dt.datetime:
    """Return the city's time, as its cameras write it."""
    return edge.database.clock.now().astimezone(edge.city.zone).replace(tzinfo=None)


# --- Clearing up --------------------------------------------------------------------------------------------


def test_clearing_up_earns_with_both_photos(edge: Edge) -> None:
    """Before and after, ten minutes apart: a fifth at once, the rest when the spot is confirmed to be clean."""
    _, anna = edge.person()
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)
    now = local_now(edge)

    made = clear_up(edge, anna, shot(now - dt.timedelta(minutes=10)), shot(now)).json()
    assert ("accepted", (12, 48)) == (made["status"], wallet(edge, anna))
    assert "done" == decide(edge, worker, made["submission_id"], "confirm").json()["status"]
    assert (60, 0) == wallet(edge, anna)


def test_pairs_that_prove_nothing_are_looked_at(edge: Edge) -> None:
    """One photo, the same one twice, no times, too quick, too slow, the wrong way round: a person decides."""
    _, anna = edge.person()
    now, apart = local_now(edge), dt.timedelta
    same = shot(now)
    pairs = {
        "pair-incomplete": (shot(now), None),
        "pair-same-photo": (same, same),
        "pair-time-unknown": (shot(None), shot(now)),
        "pair-too-quick": (shot(now - apart(seconds=90)), shot(now)),
        "pair-too-far-apart": (shot(now - apart(hours=25)), shot(now)),
        "pair-wrong-way-round": (shot(now), shot(now - apart(minutes=9))),
    }

    for reason, (before, after) in pairs.items():
        made = clear_up(edge, anna, before, after).json()
        assert "review" == made["status"], reason
        with edge.database.reading(edge.city.city_id) as reading:
            found = submissions.findings(reading, int(made["submission_id"]))
        assert reason in [one.reason for one in found], reason
    assert (0, 0) == wallet(edge, anna)


def test_a_report_without_a_photo_is_looked_at(edge: Edge) -> None:
    """The plain form is a way for everybody: it waits for a person, and earns when they accept it."""
    _, anna = edge.person()
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)
    body = {
        "action": "suggestion",
        "category": "green",
        "description": "Eine Bank im Schatten am Rheinpark, bitte.",
    }
    report = {"action": "litter-cleanup", "address": "Königstraße 10", "description": "Drei Säcke gesammelt."}

    plain = edge.call("POST", "/api/v1/submissions", anna, json=report).json()
    assert "review" == plain["status"]
    assert "accepted" == decide(edge, worker, plain["submission_id"], "accept").json()["status"]
    idea = edge.call("POST", "/api/v1/submissions", anna, json=body).json()
    assert ("accepted", (0, 40)) == (idea["status"], wallet(edge, anna))
    assert "done" == decide(edge, worker, idea["submission_id"], "confirm").json()["status"]
    assert (40, 0) == wallet(edge, anna)


def test_what_is_vouched_for_elsewhere_is_not_handed_in_by_form(edge: Edge) -> None:
    """Nobody says of themselves that they were there, or that an application is complete."""
    _, anna = edge.person()
    for action in ("application-completed", "city-shaping"):
        body = {"action": action, "category": "workshop"}
        answer = edge.call("POST", "/api/v1/submissions", anna, json=body)
        assert (422, "action-needs-evidence") == edge.refused(answer)
    told = {
        "action": "suggestion",
        "category": "green",
        "description": "x" * 50,
        "facts": {"trust_level": "verified"},
    }
    assert (422, "fact-unknown") == edge.refused(edge.call("POST", "/api/v1/submissions", anna, json=told))


# --- Applications, told by the city's portal ----------------------------------------------------------------


@dataclass
class Portal:
    """The city's portal, which signs what it sends."""

    edge: Edge
    token: str
    sent: int = 0

    def send(
        self, kind: str, *, key: SigningKey = KEY, headers: dict[str, str] | None = None, **changes: Any
    ) -> Any:
        """Send an event about the case."""
        self.sent += 1
        data = {"action": "application-completed", "case_id": CASE} | changes.pop("data", {})
        event = {
            "specversion": "1.0", "id": f"e{self.sent}", "source": "https://portal.example/cases", "type": kind,
            "data": data,
        } | changes  # fmt: skip
        body = json.dumps(event).encode()
        at = str(int(self.edge.database.clock.now().timestamp()))
        signature = base64.b64encode(key.sign(f"m{self.sent}.{at}.".encode() + body)).decode()
        signed = {
            "webhook-id": f"m{self.sent}",
            "webhook-timestamp": at,
            "webhook-signature": f"v1,eA== v1a,{signature}",
        }
        own = {"Content-Type": events.MEDIA_TYPE} | signed | (headers or {})
        return self.edge.call("POST", "/api/v1/events", self.token, content=body, headers=own)

    def report(self, person: Person, **changes: Any) -> Any:
        """Tell that a person completed an application."""
        data = {"owner": person.owner, "facts": {"complete": True}} | changes.pop("data", {})
        return self.send(events.REPORTED, data=data, **changes)


@pytest.fixture
def portal(edge: Edge) -> Portal:
    """Admit the portal with its key."""

    def admit(work: Any) -> str:
        scopes = frozenset({Scope.REPORT_ACTIONS})
        return clients.create(work, "Portal", scopes, creator_id=None, public_key=KEY.verify_key)[1]

    return Portal(edge, edge.database.run(edge.city.city_id, admit))


def test_a_completed_application_earns_once(edge: Edge, portal: Portal) -> None:
    """Pending with the event, confirmed with its outcome; replays and other events of the case change nothing."""
    person, anna = edge.person()

    first = portal.report(person, id="same")
    assert (200, "taken") == (first.status_code, first.json()["effect"])
    assert (0, 30) == wallet(edge, anna)
    assert first.json() == portal.report(person, id="same").json()
    assert "repeated" == portal.report(person).json()["effect"]
    assert "applied" == portal.send("application.accepted", id="ok").json()["effect"]
    assert "applied" == portal.send("application.accepted", id="ok").json()["effect"]
    assert "repeated" == portal.send(events.CONFIRMED).json()["effect"]
    late = portal.send(events.REJECTED, data={"reason": "Doch nicht"}).json()
    assert ("ignored", "done") == (late["effect"], late["submission"]["status"])
    assert (30, 0) == wallet(edge, anna)
    assert "city-event" in edge.audited()


def test_the_portal_is_told_the_code_of_a_card(edge: Edge, portal: Portal) -> None:
    """Eight characters, typed as people type them, mean the same person as the long reference; no card, nobody."""
    person, anna = edge.person()
    edge.browse(anna)
    page = "/actions/application-completed"
    assert page == edge.client.post(f"{page}/card", data=edge.browse(anna)).headers["location"]
    (code,) = re.findall(r"code-shown\">(\w{4}-\w{4})<", edge.client.get(page).text)
    edge.client.post(f"{page}/card", data=edge.browse(anna))
    assert code in edge.client.get(page).text

    assert "taken" == portal.report(person, data={"owner": code.lower()}).json()["effect"]
    assert (0, 30) == wallet(edge, anna)
    assert "repeated" == portal.report(person, id="again").json()["effect"]
    unknown = portal.report(person, id="other", data={"owner": "0000-0000"})
    assert (404, "person-not-found") == (unknown.status_code, unknown.json()["code"])


def test_an_outcome_may_come_before_its_action(edge: Edge, portal: Portal) -> None:
    """It waits; of several the one that happened last counts, in whatever order they come."""
    person, anna = edge.person()
    now = edge.database.clock.now()

    def at(minutes: int) -> str:
        return (now - dt.timedelta(minutes=minutes)).isoformat()

    rejected = portal.send(events.REJECTED, time=at(5), data={"reason": "Unterlagen fehlen"})
    assert ("waiting", None) == (rejected.json()["effect"], rejected.json()["submission"])
    assert "waiting" == portal.send(events.CONFIRMED, time=at(20)).json()["effect"]
    made = portal.report(person, time=at(30)).json()
    assert (
        "rejected"
        == edge.call("GET", f"/api/v1/submissions/{made['submission']['submission_id']}", anna).json()[
            "status"
        ]
    )
    assert (0, 0) == wallet(edge, anna)


def test_an_outcome_waits_for_a_review(edge: Edge, portal: Portal) -> None:
    """Told while a person still looks at the case, it counts as soon as they accept it."""
    person, anna = edge.person()
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)
    old = (edge.database.clock.now() - dt.timedelta(days=9)).isoformat()

    made = portal.report(person, time=old).json()["submission"]
    assert "review" == made["status"]
    assert "waiting" == portal.send(events.CONFIRMED).json()["effect"]
    assert (0, 0) == wallet(edge, anna)
    assert "done" == decide(edge, worker, made["submission_id"], "accept").json()["status"]
    assert (30, 0) == wallet(edge, anna)


def test_what_never_comes_is_not_waited_for_for_ever(edge: Edge, portal: Portal, clock: FixedClock) -> None:
    """After ninety days an outcome without its action is forgotten."""
    portal.send(events.CONFIRMED)
    run = edge.database.run
    assert 0 == run(edge.city.city_id, city_events.forget_waiting)
    clock.advance(city_events.WAIT_MAX + dt.timedelta(days=1))
    assert 1 == run(edge.city.city_id, city_events.forget_waiting)
    assert 0 == run(edge.city.city_id, city_events.forget_waiting)


def test_events_that_are_refused(edge: Edge, portal: Portal) -> None:
    """Unsigned, signed by somebody else, old, about nobody, of no known sort, or another event of the same id."""
    person, anna = edge.person()
    old = str(int(edge.database.clock.now().timestamp()) - 301)

    def refused(answer: Any) -> tuple[int, str]:
        return edge.refused(answer)

    assert (401, "signature-missing") == refused(portal.report(person, headers={"webhook-signature": ""}))
    assert (401, "signature-wrong") == refused(portal.report(person, key=SigningKey(bytes(32))))
    assert (401, "signature-wrong") == refused(portal.report(person, headers={"webhook-id": "other"}))
    for stamp in (old, "soon", "9" * 13):
        assert (401, "signature-too-old") == refused(
            portal.report(person, headers={"webhook-timestamp": stamp})
        )
    assert (404, "person-not-found") == refused(portal.send(events.REPORTED, data={"owner": "nobody"}))
    assert (422, "owner-missing") == refused(portal.send(events.REPORTED))
    assert (422, "event-type-unknown") == refused(portal.send("de.example.unknown"))
    assert (422, "action-without-case") == refused(portal.report(person, data={"action": "suggestion"}))
    assert (422, "fact-unknown") == refused(
        portal.report(person, data={"facts": {"trust_level": "verified"}})
    )
    assert (422, "fact-type-wrong") == refused(portal.report(person, data={"facts": {"complete": "yes"}}))
    assert (422, "reason-missing") == refused(portal.send(events.REJECTED))
    ahead = (edge.database.clock.now() + dt.timedelta(hours=1)).isoformat()
    assert (422, "event-in-the-future") == refused(portal.report(person, time=ahead))
    assert (422, "request-invalid") == refused(portal.report(person, specversion="0.3"))
    assert 200 == portal.report(person, id="mine").status_code
    assert (409, "event-id-used") == refused(portal.report(person, id="mine", data={"case_id": "another"}))
    plain = {
        "action": "application-completed",
        "case_id": "x",
        "owner": person.owner,
        "facts": {"complete": True},
    }
    assert (403, "signature-needed") == refused(
        edge.call("POST", "/api/v1/events/actions", portal.token, json=plain)
    )
    portal.token = edge.system(Scope.REPORT_ACTIONS)
    assert (403, "client-without-key") == refused(portal.report(person))
    portal.token = edge.system()
    assert (403, "wrong-scope") == refused(portal.report(person))
    assert (0, 30) == wallet(edge, anna)


# --- Shaping the city ---------------------------------------------------------------------------------------


def announce(edge: Edge, token: str, **changes: Any) -> Any:
    """Announce a workshop that is on now."""
    now = edge.database.clock.now()
    times = {
        "opens_at": (now - dt.timedelta(minutes=30)).isoformat(),
        "closes_at": (now + dt.timedelta(hours=1)).isoformat(),
    }
    return edge.call("POST", "/api/v1/occasions", token, json=WORKSHOP | times | changes)


def shown(edge: Edge, occasion_id: str, *, step: int | None = None) -> str:
    """Return the code that is shown at an occasion."""
    with edge.database.reading(edge.city.city_id) as reading:
        secret = occasions.get(reading, int(occasion_id)).secret
    return attendance_codes.code(
        secret, attendance_codes.step_at(edge.database.clock.now()) if step is None else step
    )


def attend(edge: Edge, token: str, occasion_id: str, code: str) -> Any:
    """Say that one is there."""
    return edge.call("POST", f"/api/v1/occasions/{occasion_id}/attendance", token, json={"code": code})


def test_attending_a_workshop_earns_by_its_code(edge: Edge, clock: FixedClock) -> None:
    """The code that is shown gives confirmed points once; an old one and a guess give none; a crowd is looked at."""
    _, anna = edge.person()
    _, ben = edge.person("ben@example.org")
    _, carl = edge.person("carl@example.org")
    _, host = edge.person("clara@example.org", Role.CASE_WORKER)
    number = announce(edge, host).json()["occasion_id"]
    code = shown(edge, number)

    made = attend(edge, anna, number, f" {code[:3].lower()}-{code[3:].lower()} ")
    assert ("done", (60, 0)) == (made.json()["status"], wallet(edge, anna))
    assert made.json()["submission_id"] == attend(edge, anna, number, code).json()["submission_id"]
    assert (60, 0) == wallet(edge, anna)
    clock.advance(attendance_codes.STEP * attendance_codes.STEPS_TAKEN)
    assert (422, "attendance-code-wrong") == edge.refused(attend(edge, ben, number, code))
    assert (422, "attendance-code-wrong") == edge.refused(attend(edge, ben, number, "ÄÖÜ"))
    assert "done" == attend(edge, ben, number, shown(edge, number)).json()["status"]
    assert "review" == attend(edge, carl, number, shown(edge, number)).json()["status"]
    assert (0, 0) == wallet(edge, carl)
    assert [number] == [one["occasion_id"] for one in edge.call("GET", "/api/v1/occasions").json()]


def test_occasions_have_their_time(edge: Edge, clock: FixedClock) -> None:
    """Codes are taken a while before and after, not for one that was called off; a printed code stays."""
    _, anna = edge.person()
    _, host = edge.person("clara@example.org", Role.CASE_WORKER)
    now = clock.now()
    ahead = {"opens_at": (now + dt.timedelta(minutes=16)).isoformat(), "printed_code": True}
    number = announce(edge, host, **ahead).json()["occasion_id"]
    code = shown(edge, number, step=attendance_codes.ALWAYS)

    assert (409, "occasion-ahead") == edge.refused(attend(edge, anna, number, code))
    clock.advance(dt.timedelta(hours=2))
    assert "done" == attend(edge, anna, number, code).json()["status"]
    clock.advance(dt.timedelta(minutes=1))
    assert (409, "occasion-over") == edge.refused(attend(edge, anna, number, code))
    assert (404, "occasion-not-found") == edge.refused(attend(edge, anna, "1", code))
    gone = announce(edge, host).json()["occasion_id"]
    for _ in range(2):
        assert (
            "cancelled"
            == edge.call("POST", f"/api/v1/occasions/{gone}/cancellation", host, json={}).json()["stage"]
        )
    assert (409, "occasion-cancelled") == edge.refused(attend(edge, anna, gone, shown(edge, gone)))
    assert (409, "occasion-over") == edge.refused(
        edge.call("POST", f"/api/v1/occasions/{number}/cancellation", host, json={})
    )


def test_a_poll_keeps_that_one_answered_and_not_what(edge: Edge) -> None:
    """Answers are counted; nothing that is kept leads from a person to an answer, and a second one is not counted."""
    _, anna = edge.person()
    _, ben = edge.person("ben@example.org")
    _, host = edge.person("clara@example.org", Role.CASE_WORKER)
    number = announce(edge, host, kind="poll", options=OPTIONS).json()["occasion_id"]
    path = f"/api/v1/occasions/{number}/answer"
    headers = {"Idempotency-Key": "the-same"}

    assert (422, "option-missing") == edge.refused(edge.call("POST", path, anna, json={"option": "a9"}))
    assert (422, "occasion-is-poll") == edge.refused(attend(edge, anna, number, "K7QM3Z"))
    first = edge.call("POST", path, anna, json={"option": "a1"}, headers=headers)
    again = edge.call("POST", path, anna, json={"option": "a2"}, headers=headers)
    edge.call("POST", path, anna, json={"option": "a2"})
    edge.call("POST", path, ben, json={"option": "a2"})
    assert ("done", first.json()) == (first.json()["status"], again.json())
    assert (10, 0) == wallet(edge, anna)
    with edge.database.reading(edge.city.city_id) as reading:
        assert {"a1": 1, "a2": 1} == occasions.tally(reading, int(number))


SLIPS: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"action": "suggestion"}, (422, "action-without-occasions")),
    ({"action": "nothing"}, (404, "action-unknown")),
    ({"kind": "party"}, (422, "kind-unknown")),
    ({"titles": {"de": "Nur Deutsch"}}, (422, "texts-missing")),
    ({"titles": {"de": "x" * 201, "en": "x"}}, (422, "text-too-long")),
    ({"closes_at": "2001-01-01T00:00:00Z"}, (422, "times-wrong")),
    ({"options": OPTIONS[:1]}, (422, "options-wrong")),
    ({"options": [{"de": "Ja"}, {"de": "Nein"}]}, (422, "texts-missing")),
    ({"expected": 0}, (422, "expected-wrong")),
    ({"opens_at": "2026-05-04T10:00:00"}, (422, "request-invalid")),
]


def test_occasions_that_can_not_be_announced(edge: Edge) -> None:
    """Each slip by its code."""
    _, host = edge.person("clara@example.org", Role.CASE_WORKER)

    for change, code in SLIPS:
        assert code == edge.refused(announce(edge, host, **change)), change


# --- At the desk and on the telephone -----------------------------------------------------------------------


def enter(edge: Edge, token: str, **body: Any) -> Any:
    """Enter something for a citizen."""
    return edge.call("POST", "/api/v1/desk/submissions", token, json={"channel": "telephone"} | body)


def test_staff_enter_cases_and_attendance(edge: Edge, portal: Portal) -> None:
    """A case at the terminal pays once, also if the portal tells it too; a list on paper counts like the code."""
    person, anna = edge.person()
    _, clerk = edge.person("clara@example.org", Role.CASE_WORKER)
    number = announce(edge, clerk).json()["occasion_id"]
    mine = {"who": "anna@example.org"}

    case = enter(edge, clerk, **mine, action="application-completed", case_id=CASE).json()
    assert ("accepted", (0, 30)) == (case["status"], wallet(edge, anna))
    assert "repeated" == portal.report(person).json()["effect"]
    assert "done" == enter(edge, clerk, **mine, occasion_id=int(number)).json()["status"]
    enter(edge, clerk, **mine, occasion_id=int(number))
    attend(edge, anna, number, shown(edge, number))
    assert (60, 30) == wallet(edge, anna)


def test_a_litter_report_still_earns_in_the_app(edge: Edge) -> None:
    """Photo, place and category: a fifth at once, the rest when the spot is cleared."""
    _, anna = edge.person()
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)
    made = hand_in(edge, anna).json()

    assert (10, 40) == wallet(edge, anna)
    decide(edge, worker, made["submission_id"], "confirm")
    assert (50, 0) == wallet(edge, anna)
