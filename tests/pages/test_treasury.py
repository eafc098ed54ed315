"""The treasury's pages: closing a period."""

from api import csrf
from identity.roles import Role
from tests.api.edge import Edge

GERMAN = {"Accept-Language": "de"}


def test_a_period_is_closed_after_asking(edge: Edge) -> None:
    """The treasurer names a day, is asked once more, and finds the closing with name and day; the audit log has it."""
    _, token = edge.person("tom@example.org", Role.TREASURER)
    fields = edge.browse(token)

    empty = edge.client.get("/treasury/periods", headers=GERMAN).text
    asked = edge.client.get("/treasury/periods/close?last_day=2026-05-01", headers=GERMAN).text
    done = edge.client.post("/treasury/periods", data={"last_day": "2026-05-01", **fields})
    page = edge.client.get(done.headers["location"], headers=GERMAN).text

    assert "Noch nichts abgeschlossen" in empty
    assert "Alles bis 1. Mai 2026 abschließen?" in asked
    assert 'name="last_day" value="2026-05-01"' in asked
    assert "Der Zeitraum ist abgeschlossen." in page
    assert 'data-closed-until="2026-05-01"' in page
    assert "tom@example.org" in page
    assert "period-closed" in edge.audited()


def test_refused_closings_say_why(edge: Edge) -> None:
    """No day, a day that is not over, and a day that is closed already are told at the field, which keeps its value."""
    _, token = edge.person("tom@example.org", Role.TREASURER)
    fields = edge.browse(token)
    edge.client.post("/treasury/periods", data={"last_day": "2026-05-01", **fields})

    nothing = edge.client.get("/treasury/periods/close?last_day=", headers=GERMAN)
    for number, (day, sentence) in enumerate(
        (
            ("2026-05-04", "Nur vergangene Tage"),
            ("2026-04-30", "Nur vergangene Tage"),
            ("2026-05-01", "schon abgeschlossen"),
        )
    ):
        again = {**fields, "idempotency_key": f"again-{number}"}
        answer = edge.client.post("/treasury/periods", data={"last_day": day, **again}, headers=GERMAN)
        assert answer.status_code == 422
        assert sentence in answer.text
        assert f'value="{day}"' in answer.text
    assert nothing.status_code == 422
    assert "Bitte geben Sie einen Tag an." in nothing.text
    assert ["period-closed"] == [one for one in edge.audited() if one == "period-closed"]


def test_auditors_look_and_do_not_close(edge: Edge) -> None:
    """An auditor sees what is closed but has no form, and is refused."""
    _, token = edge.person("ada@example.org", Role.AUDITOR)
    fields = edge.browse(token)

    page = edge.client.get("/treasury/periods", headers=GERMAN)

    assert page.status_code == 200
    assert "Zeitraum abschließen" not in page.text
    assert edge.client.get("/treasury/periods/close?last_day=2026-05-01").status_code == 403
    assert edge.client.post("/treasury/periods", data={"last_day": "2026-05-01", **fields}).status_code == 403
    assert fields.keys() == {csrf.FIELD, "idempotency_key"}
