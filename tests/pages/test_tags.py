"""Pages of bins and quests: what citizens see, and what administrators do without leaving the browser."""

import re
from typing import Any

import pytest

from api.pages import tag_forms
from identity.roles import Role
from kernel.errors import Invalid
from rewards.tag_codes import Mode
from tests.api.edge import Edge
from tests.api.test_tags import HERE, code_of, new_bin, new_quest, points

WHERE = {"latitude": str(HERE["latitude"]), "longitude": str(HERE["longitude"]), "accuracy": "8"}


def test_an_opened_tag_earns_when_the_button_is_pressed(edge: Edge) -> None:
    """Opening the link changes nothing; the form does, once; a wrong code is said in words."""
    _, anna = edge.person()
    tag = new_bin(edge)
    path = f"/T/{tag.number}/{code_of(edge, tag)}"
    assert "/sign-in?next=" in edge.client.get(path).text
    fields = edge.browse(anna)

    assert "Ich habe etwas eingeworfen" in edge.client.get(path).text
    assert 0 == points(edge, anna)
    done = edge.client.post(path, data={**fields, **WHERE})
    again = edge.client.post(path, data={**edge.browse(anna), **WHERE})
    wrong = edge.client.post(f"/T/{tag.number}/000000", data={**edge.browse(anna), **WHERE})

    assert (303, 422, 422) == (done.status_code, again.status_code, wrong.status_code)
    assert edge.client.get(done.headers["location"]).status_code == 200
    assert 1 == points(edge, anna)


def test_a_code_is_typed_without_a_camera(edge: Edge) -> None:
    """Number and code lead to the same page; a number that nobody knows is said at the field."""
    tag = new_bin(edge)
    code = code_of(edge, tag)

    found = edge.client.get("/T", params={"code": f"{tag.number.lower()} {code[:3]}-{code[3:]}"})
    unknown = edge.client.get("/T", params={"code": "ZZZZZ 000000"})

    assert (303, f"/T/{tag.number}/{code}") == (found.status_code, found.headers["location"])
    assert (422, True) == (unknown.status_code, 'id="code-error"' in unknown.text)
    assert tag.name in edge.client.get("/bins").text
    assert [200, 200] == [
        edge.client.get(f"/actions/{one}").status_code for one in ("bin-use", "wayfinding-quest")
    ]


def test_a_quest_is_walked_in_pages(edge: Edge) -> None:
    """Set out, type a code, scan another one; out of order is refused with the next station's number."""
    _, anna = edge.person()
    quest_id, stations = new_quest(edge)
    page = f"/quests/{quest_id}"
    assert "/sign-in?next=" in edge.client.get(page).text
    posted: list[int] = []

    def post(path: str, **data: str) -> Any:
        answer = edge.client.post(path, data={**edge.browse(anna), **data})
        posted.append(answer.status_code)
        return answer

    post(f"{page}/start")
    post(f"{page}/visits", code=code_of(edge, stations[2]))
    post(f"{page}/visits", code=code_of(edge, stations[0]))
    post(f"/T/{stations[1].number}/{code_of(edge, stations[1])}")
    assert 'value="2"' in edge.client.get(page).text
    post(f"{page}/visits", code=code_of(edge, stations[2]))
    assert [303, 422, 303, 303, 303] == posted
    assert "/actions/mine/" in edge.client.get(page).text
    assert [200, 404] == [edge.client.get(one).status_code for one in ("/quests", "/quests/1")]


def test_an_administrator_makes_bins_and_quests_in_the_browser(edge: Edge) -> None:
    """Registered, printed, replaced, retired; a quest from its title to its end, with what is wrong at its field."""
    _, token = edge.person("ada@example.org", Role.ADMINISTRATOR)

    def post(path: str, **data: str) -> Any:
        return edge.client.post(path, data={**edge.browse(token), **data})

    where = {"place": "51,434 6,762", "address": "Königstraße 10"}
    assert 422 == post("/office/tags", name="", mode="printed", **where).status_code
    assert 422 == post("/office/tags", name="Brunnen", mode="smell", **where).status_code
    for mode in Mode:
        made = post("/office/tags", name="Brunnen", mode=mode.value, **where)
        page = made.headers["location"].partition("?")[0]
        for path in (page, f"{page}/print", f"{page}/display"):
            assert 200 == edge.client.get(path).status_code
        assert 303 == post(f"{page}/rotate").status_code
    assert edge.client.get("/office/tags/print").text.count('class="sign"') == 2
    assert 303 == post(f"{page}/retire").status_code
    texts = {"title_de": "Weg", "title_en": "Way", "description_de": "Zu Fuß", "description_en": "On foot"}
    assert 422 == post("/office/quests", **texts, minutes="lang").status_code
    quest = post("/office/quests", **texts, minutes="40").headers["location"].partition("?")[0]
    station = {
        "name": "Rathaus",
        "mode": "printed",
        "directions_de": "Geradeaus",
        "pictogram": "city",
        **where,
    }
    assert 422 == post(f"{quest}/stations", **station).status_code
    assert 409 == post(f"{quest}/open").status_code
    for _ in range(3):
        assert 303 == post(f"{quest}/stations", **station, directions_en="Straight on").status_code
    assert 303 == post(f"{quest}/stations/removal").status_code
    assert 303 == post(f"{quest}/open").status_code
    assert edge.client.get(f"{quest}/print").text.count('class="sign"') == 2
    assert re.search("Rathaus", edge.client.get(quest).text)
    assert 303 == post(f"{quest}/retire").status_code
    assert 200 == edge.client.get("/office/quests").status_code


@pytest.mark.parametrize(
    "text", ["51.434, 6.762", "51.434,6.762", "51,434 6,762", "51,434; 6,762", " 51.434 / 6.762 "]
)
def test_coordinates_are_read_as_maps_give_them(text: str) -> None:
    """With points or German commas, whatever stands between."""
    assert (51_434_000, 6_762_000) == tag_forms.coordinates(text)


@pytest.mark.parametrize("text", ["Königstraße", "51.434", "1,2,3,4", "nan, nan", "9" * 100])
def test_other_texts_are_no_coordinates(text: str) -> None:
    """What can't be read is refused, not guessed."""
    with pytest.raises(Invalid, match="place-unreadable"):
        tag_forms.coordinates(text)
