"""The administration's offers: from each template to a draft, with every slip named, to the citizen's page."""

import re

import pytest

from api.pages import offer_forms
from identity.roles import Role
from kernel.errors import Invalid
from tests.api.edge import Edge

EVENT = {
    "shape": "event", "kind": "ticket", "title_de": "Konzert", "description_de": "Ein Abend.",
    "code": "konzert", "pictogram": "music", "event_begins_at": "2026-06-12T20:00",
    "event_ends_at": "2026-06-12T22:00", "price_points": "40", "venue_ids": "1", "seats": "A1-A3, Loge 1",
    "refund_rule": "until", "refund_hours": "24", "trust_least": "anonymous", "vat_kind": "multi-purpose",
    "per_person_limit": "2",
}  # fmt: skip


def test_every_template_has_a_form(edge: Edge) -> None:
    """And each form has the fields of its shape."""
    _, token = edge.person("ada@example.org", Role.ADMINISTRATOR)
    edge.browse(token)
    for start in offer_forms.STARTS:
        answer = edge.client.get(f"/office/offers/new?start={start.code}", headers={"Accept-Language": "de"})
        assert 200 == answer.status_code, start.code
        assert start.shape in re.findall(r'name="shape" value="(\w+)"', answer.text)
        assert ("seats" in re.findall(r'name="(\w+)"', answer.text)) == (start.shape == "event")


def test_an_event_from_form_to_citizen_and_called_off(edge: Edge) -> None:
    """All slips are named at once; the draft is shown as citizens see it, changed, published and called off."""
    _, token = edge.person("ada@example.org", Role.ADMINISTRATOR)
    wrong = EVENT | {"code": "?", "event_ends_at": "2026-06-12T19:00", "refund_hours": ""}
    german = {"Accept-Language": "de"}
    refused = edge.client.post("/office/offers", data={**wrong, **edge.browse(token)}, headers=german)
    assert 422 == refused.status_code
    for slip in ("Das Ende muss nach dem Beginn liegen", "bis wie viele Stunden vorher", "Kurzname"):
        assert slip in refused.text
    assert 'value="A1-A3, Loge 1"' in refused.text or "A1-A3, Loge 1</textarea>" in refused.text

    saved = edge.client.post(
        "/office/offers", data={**EVENT, **edge.browse(token)}, headers=german, follow_redirects=True
    )
    assert 200 == saved.status_code, saved.text
    assert "Sie können bis 24 Stunden vor Beginn zurückgeben" in saved.text
    number = re.findall(r"/office/offers/(\d+)/edit", saved.text)[0]
    form = edge.client.get(f"/office/offers/{number}/edit", headers=german)
    assert 'value="2026-06-12T20:00"' in form.text
    assert "A1, A2, A3, Loge 1" in form.text
    for step, expected in (("publish", "Im Verkauf"), ("call-off", "Abgesagt")):
        done = edge.client.post(
            f"/office/offers/{number}/{step}",
            data=edge.browse(token),
            headers=german,
            follow_redirects=True,
        )
        assert 200 == done.status_code
        assert expected in done.text or step == "publish"
    assert "Absagen?" in edge.client.get(f"/office/offers/{number}/call-off", headers=german).text
    assert "Abgesagt" in edge.client.get(f"/offers/{number}", headers=german).text


def test_a_row_of_seats_is_read_as_it_is_written() -> None:
    """Ranges, single names, lines; nonsense is refused with the words that were typed."""
    assert ("A1", "A2", "Loge 1", "B9", "B10") == offer_forms.read_seats("A1-2, Loge 1\nB9 - B10")
    with pytest.raises(Invalid, match="offer-seats-unreadable"):
        offer_forms.read_seats("A9-A1")
