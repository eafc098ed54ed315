"""Budgets are asked for and released on a page, and everybody reads in time that one comes to an end."""

import re

import pytest

from identity.roles import Role
from kernel.db import Work
from ledger import posting, queries, transfers, wallets
from rewards import budgets, funding
from tests.api.edge import Edge

PAGE = "/treasury/budgets"


def _spend(edge: Edge, percent: int) -> None:
    """Give a part of the budget for suggestions to somebody."""

    def command(work: Work) -> None:
        day = edge.city.day_of(work.now)
        lot = wallets.open_lot(work, "somebody", edge.city.points_expire_on(day))
        points = queries.balance(work, "budget/participation").available * percent // 100
        post = transfers.post(
            work.ids.uuid(), "budget/participation", lot, points, effective=day, purpose="award"
        )
        posting.post_or_raise(work, [post])

    edge.database.run(edge.city.city_id, command)


def _told(edge: Edge, path: str) -> str:
    edge.client.cookies.clear()
    text = edge.client.get(f"{path}?lang=de").text
    found = re.search(r"Die Punkte des Budgets „participation“ (gehen zu Ende|sind aufgebraucht)", text)
    return found.group(1) if found else ""


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_people_are_told_before_they_hand_something_in(edge: Edge) -> None:
    """From 80 percent on where that was chosen, at the actions concerned; a stop is told everywhere."""
    run, city_id = edge.database.run, edge.city.city_id
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)
    _spend(edge, 85)
    assert {""} == {_told(edge, path) for path in ("/", "/actions", "/actions/suggestion")}
    edge.browse(admin)
    assert "Mehr als 80 % sind verbraucht" in edge.client.get("/office?lang=de").text

    run(city_id, lambda work: budgets.choose(work, "participation", "announce", 1))
    assert {"gehen zu Ende"} == {_told(edge, path) for path in ("/", "/actions", "/actions/suggestion")}
    assert "" == _told(edge, "/actions/litter-report")

    run(city_id, lambda work: budgets.ran_dry(work, "participation"))
    assert "sind aufgebraucht" == _told(edge, "/actions/suggestion")
    run(city_id, lambda work: budgets.choose(work, "participation", "queue", 1))
    assert "" == _told(edge, "/actions/suggestion")


def test_a_form_that_is_refused_loses_nothing(edge: Edge) -> None:
    """What was typed stands there again with what is wrong; one's own request is released by nobody."""
    _, treasurer = edge.person("tom@example.org", Role.TREASURER)
    _, editor = edge.person("eddi@example.org", Role.RULE_EDITOR)
    typed = {"campaign": "trees", "points": "viel", "reference": "DS 7", "note": "Frühling"}
    refused = edge.client.post(PAGE, data=edge.browse(treasurer) | typed)
    assert (422, True, True) == (refused.status_code, "Frühling" in refused.text, "DS 7" in refused.text)
    for points, reference in (("0", "DS 7"), ("5", " ")):
        again = edge.client.post(
            PAGE, data=edge.browse(treasurer) | typed | {"points": points, "reference": reference}
        )
        assert 422 == again.status_code

    asked = edge.client.post(PAGE, data=edge.browse(treasurer) | typed | {"points": "5.000"})
    assert 303 == asked.status_code
    with edge.database.reading(edge.city.city_id) as reading:
        (request,) = funding.undecided(reading)
    path = f"{PAGE}/requests/{request.request_id}"
    own = edge.client.post(f"{path}/release", data=edge.browse(treasurer))
    assert (5000, 422) == (request.points, own.status_code)
    assert 422 == edge.client.post(f"{path}/decline", data=edge.browse(treasurer)).status_code
    assert 403 == edge.client.post(f"{path}/release", data=edge.browse(editor)).status_code
    wrong = edge.client.post(f"{PAGE}/litter/when-dry", data=edge.browse(treasurer) | {"when_dry": "x"})
    assert 422 == wrong.status_code
    taken_back = edge.browse(treasurer) | {"reason": "Zu früh"}
    assert 303 == edge.client.post(f"{path}/decline", data=taken_back).status_code
    assert ["budget-requested", "budget-declined"] == edge.audited()[-2:]
