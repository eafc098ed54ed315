"""What staff enter for citizens: who it is for, who decides, what is refused."""

from identity import cards
from identity.roles import Role
from tests.api.edge import Edge
from tests.api.test_acting import enter, wallet
from tests.api.test_earning import decide


def test_staff_enter_for_a_citizen_and_somebody_else_decides(edge: Edge) -> None:
    """Known by a card or an address; the same checks and rules; who entered it does not decide it; it is noted."""
    person, anna = edge.person()
    _, clerk = edge.person("clara@example.org", Role.CASE_WORKER)
    _, other = edge.person("dora@example.org", Role.CASE_WORKER)
    card = edge.database.run(edge.city.city_id, lambda work: cards.card_of(work, person.person_id))
    idea = {
        "action": "suggestion",
        "category": "green",
        "description": "Eine Bank im Schatten, auf der man ruhen kann.",
    }

    made = enter(edge, clerk, who=cards.shown(card), **idea).json()
    assert ("accepted", (0, 40)) == (made["status"], wallet(edge, anna))
    assert (403, "own-entry") == edge.refused(decide(edge, clerk, made["submission_id"], "confirm"))
    assert "done" == decide(edge, other, made["submission_id"], "confirm").json()["status"]
    assert (40, 0) == wallet(edge, anna)
    report = {
        "action": "litter-report",
        "category": "litter",
        "description": "Müll",
        "address": "Königstraße 10",
    }
    by_address = enter(edge, clerk, who="anna@example.org", **report).json()
    assert "review" == by_address["status"]
    assert 2 == edge.audited().count("submission-entered")


def test_entries_that_are_refused(edge: Edge) -> None:
    """For nobody, for oneself, without what the form wants, or by somebody who is no case worker."""
    _, clerk = edge.person("clara@example.org", Role.CASE_WORKER)
    _, anna = edge.person()
    idea = {"action": "suggestion", "category": "green", "description": "Eine Bank im Schatten."}

    for unknown in ("nobody@example.org", "K7QM-3ZPX", ""):
        assert (404, "citizen-unknown") == edge.refused(enter(edge, clerk, who=unknown, **idea))
    assert (422, "email-invalid") == edge.refused(enter(edge, clerk, who="@", **idea))
    assert (403, "own-submission") == edge.refused(enter(edge, clerk, who="clara@example.org", **idea))
    no_category = {"action": "suggestion", "description": "Eine Bank."}
    assert (422, "category-missing") == edge.refused(
        enter(edge, clerk, who="anna@example.org", **no_category)
    )
    no_case = {"action": "application-completed"}
    assert (422, "action-needs-evidence") == edge.refused(
        enter(edge, clerk, who="anna@example.org", **no_case)
    )
    assert (403, "role-missing") == edge.refused(enter(edge, anna, who="clara@example.org", **idea))
