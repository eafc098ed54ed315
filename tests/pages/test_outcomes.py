"""The case worker's list of outcomes: a filter holds on every page of it, in every language, and after a decision."""

from typing import Any

import pytest

from api.pages import office
from identity.roles import Role
from tests.api.edge import Edge
from tests.api.test_earning import SUGGESTION, hand_in

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def crowded(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> Edge:
    """Give a city where a page has one entry, and a report is newer than two suggestions."""
    monkeypatch.setattr(office, "PAGE", 1)
    for number, idea in enumerate(
        (SUGGESTION["description"], "Ein Brunnen fehlt auf dem Platz vor der Schule.")
    ):
        _, token = edge.person(f"anna{number}@example.org")
        edge.call("POST", "/api/v1/submissions", token, json=SUGGESTION | {"description": idea})
    _, ben = edge.person("ben@example.org")
    hand_in(edge, ben)
    return edge


def get(edge: Edge, path: str) -> Any:
    """Look at a page in German."""
    return edge.client.get(path, headers={"Accept-Language": "de"}).text


def test_the_filter_holds(crowded: Edge) -> None:
    """Two suggestions are found behind a newer report; older page, language and decision keep it."""
    _, clara = crowded.person("clara@example.org", Role.CASE_WORKER)
    fields = crowded.browse(clara)
    first = get(crowded, "/office/outcomes?action=suggestion")
    assert 1 == first.count("/confirm")
    assert "action=suggestion&amp;lang=en" in first
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert older.endswith("action=suggestion")

    second = get(crowded, older)
    assert (1, False) == (second.count("/confirm"), 'rel="next"' in second)
    number = second.partition('action="/office/outcomes/')[2].partition("/")[0]
    before = older.partition("before=")[2].partition("&")[0]
    typed = {**fields, "action": "suggestion", "before": before, "reason": "x" * 501}
    headers = {"Accept-Language": "de"}
    refused = crowded.client.post(f"/office/outcomes/{number}/reject", data=typed, headers=headers)
    assert (409, True) == (refused.status_code, f'value="{typed["reason"]}"' in refused.text)
    done = crowded.client.post(
        f"/office/outcomes/{number}/confirm", data=typed | {"reason": ""}, headers=headers
    )
    assert f"{older}&notice=confirmed" == done.headers["location"]
