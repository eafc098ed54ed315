"""The postbox as its reader sees it."""

import email.message
from dataclasses import replace
from typing import Any

import pytest

from api import mailing, working
from api.wording.letters import LETTERS
from identity import postbox
from identity.persons import Person
from identity.postbox import EntryKind
from kernel import outbox
from tests.api.edge import Edge

FACTS = {
    "titles": {"de": "Sommerkonzert", "en": "Summer concert"},
    "points": 120,
    "valid_until": "2026-12-31T23:00:00+00:00",
    "starts_at": "2026-12-24T19:00:00+00:00",
    "subject": "Hallo",
    "body": "Guten Tag",
}


def _put(edge: Edge, person: Person, code: str, kind: EntryKind = EntryKind.MESSAGE, **facts: Any) -> None:
    edge.database.run(
        edge.city.city_id, lambda work: postbox.put(work, person.owner, kind, code, {**FACTS, **facts})
    )


def _german(edge: Edge, path: str) -> str:
    return edge.client.get(path, headers={"Accept-Language": "de"}).text


def test_an_empty_postbox_says_what_comes(edge: Edge) -> None:
    """Nothing there, and nothing found, are different things."""
    _, token = edge.person()
    edge.browse(token)

    assert "Ihr Postfach ist leer" in _german(edge, "/postbox")
    assert "Nichts gefunden" in _german(edge, "/postbox?words=Konzert")


def test_an_entry_is_new_until_it_is_opened(edge: Edge) -> None:
    """The list marks it, the start page counts it; opening it ends both; deleted it is gone."""
    person, token = edge.person()
    fields = edge.browse(token)
    _put(edge, person, "event-cancelled")

    page = _german(edge, "/postbox")
    entry = page.partition('href="/postbox/')[2].partition('"')[0]
    assert ("Abgesagt: Sommerkonzert" in page, "Neu" in page) == (True, True)
    assert "1 neuer Eintrag in Ihrem Postfach" in _german(edge, "/")
    assert "120 Punkte gehören wieder Ihnen" in _german(edge, f"/postbox/{entry}")
    assert "neuer Eintrag" not in _german(edge, "/")
    edge.client.post(f"/postbox/{entry}/delete", data=fields)
    assert "Ihr Postfach ist leer" in _german(edge, "/postbox")
    assert 404 == edge.client.get(f"/postbox/{entry}").status_code


def test_a_long_postbox_has_pages_and_kinds(edge: Edge) -> None:
    """Twenty on a page; the filter and the words stay while one turns pages."""
    person, token = edge.person()
    edge.browse(token)
    for number in range(25):
        _put(edge, person, "city-message", subject=f"Brief {number:02}")
    _put(edge, person, "voucher-bought", EntryKind.VOUCHER, voucher_id="8f0c")

    first = _german(edge, "/postbox?kind=message&words=brief")
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = _german(edge, older)

    assert ("Brief 24" in first, "Brief 04" in first, "Sommerkonzert" in first) == (True, False, False)
    assert ("Brief 04" in second, "Brief 24" in second) == (True, False)
    assert "Ihr Gutschein: Sommerkonzert" in _german(edge, "/postbox?kind=voucher")


@pytest.mark.parametrize("code", [*LETTERS, "never-heard"])
def test_every_letter_can_be_read(edge: Edge, code: str) -> None:
    """In both languages, with all its facts; one that nobody knows sends the reader to the town hall."""
    person, token = edge.person()
    _put(edge, person, code, voucher_id="8f0c", number="2026-000001")

    for language in ("de", "en"):
        (entry,) = edge.call("GET", "/api/v1/postbox", token, headers={"Accept-Language": language}).json()[
            "items"
        ]
        assert entry["title"]
        assert "{" not in entry["title"] + entry["text"]


def test_the_api_does_what_the_page_does(edge: Edge) -> None:
    """Reading, marking, deleting and choosing; somebody else's entry is not found."""
    person, token = edge.person()
    _, other = edge.person("eve@example.org")
    _put(edge, person, "event-reminder")
    (entry,) = edge.call("GET", "/api/v1/postbox?kind=message", token).json()["items"]
    path = f"/api/v1/postbox/{entry['entry_id']}"

    assert (404, "postbox-entry-not-found") == edge.refused(edge.call("DELETE", path, other))
    assert 404 == edge.call("POST", f"{path}/read", other).status_code
    assert {"done": True} == edge.call("POST", f"{path}/read", token).json()
    assert edge.call("GET", "/api/v1/postbox", token).json()["items"][0]["read_at"]
    assert 200 == edge.call("DELETE", path, token).status_code
    assert [] == edge.call("GET", "/api/v1/postbox", token).json()["items"]


def test_by_email_for_who_asked(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same words in the reader's language with a link; what was deleted meanwhile is not sent."""
    sent: list[email.message.EmailMessage] = []
    monkeypatch.setattr(mailing, "_send", lambda _, message: sent.append(message))
    services = edge.app.state.services
    given = replace(services, settings=services.settings.model_copy(update={"smtp_url": "smtp://localhost"}))
    person, token = edge.person()
    fields = edge.browse(token)
    edge.client.post("/account/mail", data={**fields, "wanted": "yes"})
    assert "checked" in _german(edge, "/account").partition('name="wanted"')[2][:80]
    _put(edge, person, "event-cancelled")
    _put(edge, person, "event-reminder")
    newest = edge.call("GET", "/api/v1/postbox", token).json()["items"][0]
    edge.call("DELETE", f"/api/v1/postbox/{newest['entry_id']}", token)

    working.deliver_due(given, edge.city)

    assert ["Abgesagt: Sommerkonzert"] == [one["Subject"] for one in sent]
    assert [person.email] == [one["To"] for one in sent]
    assert "/postbox/" in sent[0].get_content()
    with edge.database.reading(edge.city.city_id) as reading:
        assert 0 == outbox.undelivered_count(reading)
