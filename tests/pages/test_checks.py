"""The pages of the checks: thresholds proposed and approved, findings at the review."""

from identity.roles import Role
from rewards import tuning
from rewards.thresholds import Thresholds
from tests.api.edge import Edge
from tests.api.test_earning import hand_in
from tests.browser.town import PLACE

GERMAN = {"Accept-Language": "de"}


def test_thresholds_are_proposed_and_approved(edge: Edge) -> None:
    """What makes no sense is told beside its field; then one proposes, another one approves, and both are audited."""
    _, editor = edge.person("rita@example.org", Role.RULE_EDITOR, Role.APPROVER)
    fields = edge.browse(editor)
    typed = {
        **Thresholds().document(),
        "accuracy_good_m": 200,
        "speed_max_kmh": "fast",
        "note": "GPS ist besser",
    }
    wrong = edge.client.post("/office/rules/checks/propose", data={**typed, **fields}, headers=GERMAN)
    typed |= {"speed_max_kmh": 120}
    also = {**fields, "idempotency_key": "second"}
    contradicting = edge.client.post("/office/rules/checks/propose", data={**typed, **also}, headers=GERMAN)
    typed |= {"accuracy_good_m": 20}
    also = {**fields, "idempotency_key": "third"}
    done = edge.client.post("/office/rules/checks/propose", data={**typed, **also}, headers=GERMAN)
    page = edge.client.get(done.headers["location"], headers=GERMAN).text
    with edge.database.reading(edge.city.city_id) as reading:
        proposal = tuning.open_proposal(reading)
    assert proposal is not None
    path = f"/office/rules/checks/{proposal.proposal_id}/approve"
    own = edge.client.post(path, data={**fields, "idempotency_key": "fourth"}, headers=GERMAN)
    _, approver = edge.person("paul@example.org", Role.APPROVER)
    approved = edge.client.post(path, data=edge.browse(approver), headers=GERMAN)
    after = edge.client.get(approved.headers["location"], headers=GERMAN).text

    assert (422, 422, 303, 409, 303) == (
        wrong.status_code, contradicting.status_code, done.status_code, own.status_code, approved.status_code,
    )  # fmt: skip
    assert "Bitte eine ganze Zahl angeben." in wrong.text
    assert 'value="fast"' in wrong.text
    assert "Dies muss kleiner sein als" in contradicting.text
    assert "Was sich ändern würde" in page
    assert "jemand anderes frei" in own.text
    assert "Die neuen Schwellen gelten jetzt." in after
    assert "GPS ist besser" in after
    assert {"thresholds-proposed", "thresholds-approved"} <= set(edge.audited())


def test_a_case_worker_sees_what_was_found(edge: Edge) -> None:
    """Figures of each doubt, what passed, and no acceptance of something red without a reason."""
    _, anna = edge.person()
    _, worker = edge.person("clara@example.org", Role.CASE_WORKER)
    hand_in(edge, anna)
    doubtful = hand_in(edge, anna, {"latitude": str(PLACE[0] + 0.1)}, shade=91).json()
    fields = edge.browse(worker)
    path = f"/office/review/{doubtful['submission_id']}"
    page = edge.client.get(path, headers=GERMAN).text
    silent = edge.client.post(f"{path}/accept", data=fields, headers=GERMAN)
    spoken = edge.client.post(
        f"{path}/accept", data={**fields, "reason": "Am Telefon geklärt", "idempotency_key": "again"}
    )

    assert "review" == doubtful["status"]
    assert "Kilometer pro Stunde" in page
    assert "Unauffällig:" in page
    assert (409, 303) == (silent.status_code, spoken.status_code)
    assert "Eine Prüfung steht auf Rot" in silent.text
