"""Handing in, events of other systems, review and the wallet over the API."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image

from identity.clients import Scope
from identity.roles import Role
from rewards import evidence
from tests.api.edge import Edge
from tests.browser.town import PLACE
from tests.rewards import photos

SUGGESTION = {
    "action": "suggestion",
    "category": "green",
    "description": "Am Rheinpark fehlt eine Bank im Schatten, auf der man sich ausruhen kann.",
}
REPORT = {
    "action": "litter-report",
    "category": "litter",
    "description": "Drei Säcke Müll am Zaun",
    "latitude": str(PLACE[0]),
    "longitude": str(PLACE[1]),
    "accuracy_m": "8",
}

BERLIN: dict[str, Any] = {"latitude": "52.520", "longitude": "13.405"}


def photo(shade: int = 90) -> bytes:
    """Return a small picture; each shade shows something else."""
    return photos.jpeg(shade)


def hand_in(
    edge: Edge, token: str, changes: Mapping[str, str] | None = None, *, key: str = "", shade: int = 90
) -> Any:
    """Hand a litter report in with a photo."""
    files = [("photos", ("a.jpg", photo(shade), "image/jpeg"))]
    headers = {"Idempotency-Key": key} if key else {}
    path = "/api/v1/submissions/with-photos"
    return edge.call("POST", path, token, data={**REPORT, **(changes or {})}, files=files, headers=headers)


def decide(edge: Edge, token: str, submission_id: str, decision: str, reason: str = "") -> Any:
    """Decide as a case worker."""
    path = f"/api/v1/review/submissions/{submission_id}/{decision}"
    return edge.call("POST", path, token, json={"reason": reason})


def test_action_types_are_public(edge: Edge) -> None:
    """Anybody reads what can be done, each with a way that needs no smartphone."""
    known = edge.call("GET", "/api/v1/action-types").json()

    assert {"litter-report", "application-completed", "suggestion"} <= {one["code"] for one in known}
    assert all(one["other_route"]["de"] for one in known)


def test_a_report_with_photo_earns_at_once_and_more_when_confirmed(edge: Edge) -> None:
    """A fifth at once, the rest pending; a case worker confirms, and the wallet and its history say why."""
    _, anna = edge.person()
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)

    made = hand_in(edge, anna)
    before = edge.call("GET", "/api/v1/wallet", anna).json()
    confirmed = decide(edge, worker, made.json()["submission_id"], "confirm")
    after = edge.call("GET", "/api/v1/wallet", anna).json()
    lines = edge.call("GET", "/api/v1/wallet/transactions", anna).json()["items"]

    assert (201, "accepted") == (made.status_code, made.json()["status"])
    assert [(10, 40)] == [(one["points_now"], one["points_later"]) for one in made.json()["awards"]]
    assert (10, 40) == (before["available"], before["pending"])
    assert "done" == confirmed.json()["status"]
    assert (50, 0) == (after["available"], after["pending"])
    assert 50 == sum(one["change"] for one in lines)
    assert all(one["reason"] and one["title"] for one in lines)
    assert "submission-confirm" in edge.audited()


def test_a_repeated_upload_is_one_submission(edge: Edge) -> None:
    """The same form under the same key is answered as before, though its boundary differs; another one is not."""
    _, anna = edge.person()
    first, again = hand_in(edge, anna, key="up"), hand_in(edge, anna, key="up")

    assert first.json() == again.json()
    assert 1 == len(edge.call("GET", "/api/v1/submissions", anna).json()["items"])
    assert (422, "idempotency-key-reused") == edge.refused(hand_in(edge, anna, key="up", shade=10))


def test_photos_are_kept_without_what_the_camera_noted(edge: Edge) -> None:
    """What is stored is a picture of our own making."""
    _, anna = edge.person()
    made = hand_in(edge, anna)

    with edge.database.reading(edge.city.city_id) as reading:
        ((_, key),) = evidence.keys_of(reading, int(made.json()["submission_id"]))
    stored = edge.app.state.services.evidence(edge.city).read(key)
    assert "JPEG" == Image.open(io.BytesIO(stored)).format
    assert stored != photo()


def test_uploads_that_are_no_photos_are_refused(edge: Edge) -> None:
    """Not a picture, too many, or nothing: each has its own code, and no file is left behind."""
    _, anna = edge.person()

    def upload(*contents: bytes) -> tuple[int, str]:
        files = [("photos", (f"{place}.jpg", one, "image/jpeg")) for place, one in enumerate(contents)]
        path = "/api/v1/submissions/with-photos"
        return edge.refused(edge.call("POST", path, anna, data=REPORT, files=files))

    assert (422, "picture-type-unknown") == upload(b"GIF89a, or so it says")
    assert (422, "picture-empty") == upload(photo(), b"")
    assert (422, "too-many-photos") == upload(*[photo()] * 4)
    assert not list(edge.app.state.services.settings.data_directory.rglob("*.jpg"))


def test_what_can_not_be_decided_waits_for_a_person(edge: Edge) -> None:
    """A report from another city is not rewarded: it waits in the queue, and once declined it stays declined."""
    _, anna = edge.person()
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)
    made = hand_in(edge, anna, BERLIN).json()

    queue = edge.call("GET", "/api/v1/review/queue", worker).json()["items"]
    assert ("review", []) == (made["status"], made["awards"])
    assert [made["submission_id"]] == [one["submission_id"] for one in queue]
    assert (422, "reason-missing") == edge.refused(decide(edge, worker, made["submission_id"], "decline"))

    declined = decide(edge, worker, made["submission_id"], "decline", "Vor Ort war nichts.")
    assert "declined" == declined.json()["status"]
    assert (409, "submission-already-decided") == edge.refused(
        decide(edge, worker, made["submission_id"], "accept")
    )
    assert [] == edge.call("GET", "/api/v1/review/queue", worker).json()["items"]
    assert "submission-decline" in edge.audited()


def test_nobody_reviews_their_own(edge: Edge) -> None:
    """A case worker's own submission is for somebody else to decide."""
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)
    made = hand_in(edge, worker, BERLIN).json()

    assert (403, "own-submission") == edge.refused(decide(edge, worker, made["submission_id"], "accept"))
    assert (404, "submission-not-found") == edge.refused(decide(edge, worker, "1", "accept"))


def test_a_rejected_outcome_gives_pending_points_back(edge: Edge) -> None:
    """They never were the citizen's."""
    _, anna = edge.person()
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)
    made = edge.call("POST", "/api/v1/submissions", anna, json=SUGGESTION).json()

    rejected = decide(edge, worker, made["submission_id"], "reject", "Gibt es schon.")

    assert ("accepted", "rejected") == (made["status"], rejected.json()["status"])
    wallet = edge.call("GET", "/api/v1/wallet", anna).json()
    assert (0, 0) == (wallet["available"], wallet["pending"])


def test_submissions_belong_to_their_owner(edge: Edge) -> None:
    """Somebody else's is not found; a number that no database holds is refused."""
    _, anna = edge.person()
    _, eve = edge.person("eve@example.org")
    made = edge.call("POST", "/api/v1/submissions", anna, json=SUGGESTION).json()
    path = f"/api/v1/submissions/{made['submission_id']}"

    assert made == edge.call("GET", path, anna).json()
    assert (404, "submission-not-found") == edge.refused(edge.call("GET", path, eve))
    assert (422, "request-invalid") == edge.refused(edge.call("GET", f"/api/v1/submissions/{2**70}", anna))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"action": "levitate"}, (404, "action-unknown")),
        ({"description": "x" * 5000}, (422, "description-too-long")),
        ({"latitude": 91}, (422, "request-invalid")),
        ({"photo": "a.jpg"}, (422, "request-invalid")),
        ({"description": "a\0b"}, (422, "request-invalid")),
    ],
)
def test_wrong_submissions_are_refused(edge: Edge, change: dict[str, Any], code: tuple[int, str]) -> None:
    """Each slip by its code."""
    _, anna = edge.person()

    assert code == edge.refused(edge.call("POST", "/api/v1/submissions", anna, json=SUGGESTION | change))


def test_lists_come_in_pages(edge: Edge) -> None:
    """Following `next` gives everything once, newest first, and ends; that holds for the history as well."""
    _, anna = edge.person()
    numbers = [
        edge.call("POST", "/api/v1/submissions", anna, json=SUGGESTION | {"address": f"Weg {n}"}).json()
        for n in range(5)
    ]

    def walk(path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        before = ""
        while True:
            page = edge.call("GET", f"{path}?limit=2{before}", anna).json()
            assert len(page["items"]) <= 2
            found += page["items"]
            if page["next"] is None:
                return found
            before = f"&before={page['next']}"

    assert [one["submission_id"] for one in reversed(numbers)] == [
        one["submission_id"] for one in walk("/api/v1/submissions")
    ]
    sequences = [one["sequence"] for one in walk("/api/v1/wallet/transactions")]
    assert sequences == sorted(set(sequences), reverse=True)
    for wrong in ("limit=0", "limit=201", "before=x", "before=-1", f"before={2**64}"):
        assert 422 == edge.call("GET", f"/api/v1/submissions?{wrong}", anna).status_code


def test_another_system_reports_an_action_and_its_outcome(edge: Edge) -> None:
    """A completed application earns once, however often it is told, and its outcome confirms the points."""
    person, anna = edge.person()
    portal = edge.system(Scope.REPORT_ACTIONS)
    case = {"action": "application-completed", "case_id": "wohnsitz/2026-118213"}
    event = {**case, "owner": person.owner, "facts": {"complete": True}}

    first = edge.call("POST", "/api/v1/events/actions", portal, json=event)
    again = edge.call("POST", "/api/v1/events/actions", portal, json=event)
    assert 201 == first.status_code
    assert first.json() == again.json()
    assert 30 == edge.call("GET", "/api/v1/wallet", anna).json()["pending"]

    done = edge.call("POST", "/api/v1/events/outcomes", portal, json={**case, "confirmed": True})
    assert "done" == done.json()["status"]
    assert 30 == edge.call("GET", "/api/v1/wallet", anna).json()["available"]
    assert "submission-confirm" in edge.audited()


def test_events_about_nobody_are_refused(edge: Edge) -> None:
    """An unknown person, an unknown case, a rejection without reason."""
    person, _ = edge.person()
    portal = edge.system(Scope.REPORT_ACTIONS)
    case = {"action": "application-completed", "case_id": "c-1"}

    def tell(path: str, **body: object) -> Any:
        return edge.call("POST", f"/api/v1/events/{path}", portal, json={**case, **body})

    assert (404, "person-not-found") == edge.refused(tell("actions", owner="nobody"))
    assert (404, "submission-not-found") == edge.refused(tell("outcomes", confirmed=True))
    tell("actions", owner=person.owner, facts={"complete": True})
    assert (422, "reason-missing") == edge.refused(tell("outcomes", confirmed=False))
    assert "rejected" == tell("outcomes", confirmed=False, reason="Unvollständig").json()["status"]
