"""Pages of public reports: without scripts one is asked whether it is one of those nearby; staff edit and move."""

import io
import re
from typing import Any

import pytest

from identity.roles import Role
from rewards import blurring, departments
from rewards.departments import Department
from tests.api.edge import Edge
from tests.api.test_earning import hand_in
from tests.rewards import photos
from tests.rewards.test_blurring import street

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""What the pages call is tested on both databases in tests/api."""

WORDS = "Zwei Matratzen neben dem Glascontainer, Anruf bei Frau Meier"
FORM = {"description": WORDS, "category": "dumping", "address": "Königstraße 10, 2. Hof"}


def _post(edge: Edge, path: str, token: str, files: Any = None, **data: Any) -> Any:
    headers = {"Accept-Language": "de"}
    return edge.client.post(path, data={**data, **edge.browse(token)}, files=files, headers=headers)


def _reference(edge: Edge) -> str:
    return str(edge.call("GET", "/api/v1/reports").json()["items"][0]["reference"])


@pytest.fixture
def reported(edge: Edge) -> Edge:
    """Give a city in which Anna has reported a dump, at the waste company's desk now."""

    def found(work: Any) -> None:
        departments.keep(work, Department("waste", {"de": "Entsorgung", "en": "Waste"}, "115"))
        departments.keep(work, Department("parks", {"de": "Grünes", "en": "Parks"}))
        departments.route(work, "litter-report", [("", "waste")])

    edge.database.run(edge.city.city_id, found)
    _, anna = edge.person()
    assert 303 == _post(edge, "/actions/litter-report", anna, **FORM).status_code
    return edge


def test_the_form_asks_once_whether_it_is_one_of_these(reported: Edge) -> None:
    """The same street in another spelling: what was typed stays, nothing is handed in before the answer."""
    _, ben = reported.person("ben@example.org")
    typed = {**FORM, "address": "Königstr. 12", "description": "Sperrmüll im Hof"}

    asked = _post(reported, "/actions/litter-report", ben, **typed)
    assert (200, True, True) == (
        asked.status_code,
        "Ist es eine von diesen?" in asked.text,
        "Sperrmüll im Hof" in asked.text,
    )
    assert "Meier" not in asked.text
    assert 1 == len(reported.call("GET", "/api/v1/reports").json()["items"])
    reference = re.findall(r"/reports/(\w{8})/confirm", asked.text)[0]
    sent = _post(reported, f"/reports/{reference}/confirm", ben)
    assert (303, f"/reports/{reference}?notice=report-confirmed") == (
        sent.status_code,
        sent.headers["location"],
    )
    assert "Das haben Sie bestätigt" in reported.client.get(f"/reports/{reference}").text
    another = _post(reported, "/actions/litter-report", ben, **typed, similar_seen="yes")
    assert another.headers["location"].startswith("/actions/mine/")


def test_a_script_may_ask_before(reported: Edge) -> None:
    """The part of the form that shows what is near a place; one's own is no question."""
    _, anna = reported.person()
    hand_in(reported, anna, {"category": "dumping"})
    near = {"action": "litter-report", "category": "dumping", "latitude": "51.434", "longitude": "6.762"}
    _, ben = reported.person("ben@example.org")
    assert "Ja, diese ist es" in _post(reported, "/reports/near", ben, **near).text
    assert "Das haben Sie selbst gemeldet" in _post(reported, "/reports/near", anna, **near).text
    near["category"] = "full-bin"
    assert "nichts Ähnliches" in _post(reported, "/reports/near", anna, **near).text


def test_staff_release_words_without_names(reported: Edge) -> None:
    """Nothing is shown until somebody has looked; a photo of another report is refused; empty hides again."""
    reference = _reference(reported)
    page = f"/reports/{reference}"
    assert "Matratzen" not in reported.client.get(page).text
    _, clara = reported.person("clara@example.org", Role.CASE_WORKER)
    reported.browse(clara)
    case = re.findall(r"/office/cases/(\d+)", reported.client.get("/office/cases").text)[0]
    clean = "Zwei Matratzen neben dem Glascontainer"

    refused = _post(reported, f"/office/cases/{case}/release", clara, words=clean, photos="4711")
    assert (409, True) == (refused.status_code, "gehört nicht zu der Meldung" in refused.text)
    _post(reported, f"/office/cases/{case}/release", clara, words=clean, address="Königstraße")
    shown = reported.client.get(page).text
    assert (True, False) == (clean in shown, "Meier" in shown)
    _post(reported, f"/office/cases/{case}/release", clara, words=" ")
    assert "Matratzen" not in reported.client.get(page).text


def test_staff_move_it_and_its_reporter_reads_it(reported: Edge) -> None:
    """Taken, declined with a reason from the list; the reporter's pages say so; a step that is none is not found."""
    _, clara = reported.person("clara@example.org", Role.CASE_WORKER)
    reported.browse(clara)
    case = re.findall(r"/office/cases/(\d+)", reported.client.get("/office/cases").text)[0]
    _post(reported, f"/office/cases/{case}/take", clara)
    bad = _post(reported, f"/office/cases/{case}/decline", clara, reason="because")
    assert (409, True) == (bad.status_code, "warum abgelehnt wird" in bad.text)
    _post(reported, f"/office/cases/{case}/decline", clara, reason="private-ground", note="Siehe Kataster.")
    assert 404 == _post(reported, f"/office/cases/{case}/burn", clara).status_code

    _, anna = reported.person()
    reported.browse(anna)
    page = reported.client.get(f"/reports/{_reference(reported)}").text
    assert all(text in page for text in ("Abgelehnt", "Das Grundstück ist privat", "Siehe Kataster."))
    assert "Abgelehnt" in reported.client.get("/actions").text
    nothing = reported.client.get("/reports?status=open", headers={"Accept-Language": "de"}).text
    assert "Keine solchen Meldungen" in nothing


def test_an_administrator_edits_who_looks_after_what(reported: Edge) -> None:
    """Added, routed, refused with a sentence; who only works on cases reads it and changes nothing."""
    _, root = reported.person("root@example.org", Role.ADMINISTRATOR)
    path = "/office/departments"
    new = {"new": "yes", "code": "tram", "name_de": "Verkehrsbetriebe", "name_en": "Transport"}
    assert 303 == _post(reported, path, root, **new).status_code
    twice = _post(reported, path, root, **new)
    assert (422, True) == (twice.status_code, "schon eine andere" in twice.text)
    assert 422 == _post(reported, path, root, **{**new, "code": "No!"}).status_code
    assert 422 == _post(reported, path, root, **{**new, "code": "bus", "name_en": ""}).status_code
    routes = f"{path}/routes/litter-report"
    assert 303 == _post(reported, routes, root, **{"category-dumping": "tram"}).status_code
    assert 422 == _post(reported, routes, root, **{"category-nonsense": "tram"}).status_code
    off = _post(reported, path, root, code="tram", name_de="V", name_en="T")
    assert (422, True) == (off.status_code, "gehen noch Meldungen" in off.text)
    assert "Verkehrsbetriebe" in reported.client.get(path).text
    _, clara = reported.person("clara@example.org", Role.CASE_WORKER)
    assert 403 == _post(reported, routes, clara, **{"category-dumping": "waste"}).status_code


def test_taking_it_back_is_asked(reported: Edge) -> None:
    """Only its reporter is asked; then the page says that it was taken back."""
    reference = _reference(reported)
    _, ben = reported.person("ben@example.org")
    reported.browse(ben)
    assert 404 == reported.client.get(f"/reports/{reference}/withdraw").status_code
    _, anna = reported.person()
    reported.browse(anna)
    assert 200 == reported.client.get(f"/reports/{reference}/withdraw").status_code
    assert 303 == _post(reported, f"/reports/{reference}/withdraw", anna).status_code
    assert (
        "Zurückgezogen"
        in reported.client.get(f"/reports/{reference}", headers={"Accept-Language": "de"}).text
    )


def test_the_department_thanks_its_reporter(reported: Edge) -> None:
    """Not before it is done; with its words and the picture of the place afterwards."""
    _, anna = reported.person()
    _, clara = reported.person("clara@example.org", Role.CASE_WORKER)
    reported.browse(clara)
    case = re.findall(r"/office/cases/(\d+)", reported.client.get("/office/cases").text)[0]
    reported.browse(anna)
    (mine,) = set(re.findall(r"/actions/mine/\d+", reported.client.get("/actions").text))
    german = {"Accept-Language": "de"}
    assert "Danke" not in reported.client.get(mine, headers=german).text.split("<main")[1].split("</main")[0]

    picture = {"photo": ("after.jpg", photos.jpeg(5), "image/jpeg")}
    _post(reported, f"/office/cases/{case}/done", clara, files=picture, note="Alles abgeholt.")

    reported.browse(anna)
    page = reported.client.get(mine, headers=german).text
    assert all(text in page for text in ("Entsorgung sagt Danke", "Alles abgeholt."))
    (shown,) = re.findall(r'src="(/reports/\w+/after/\d+)"', page)
    assert 200 == reported.client.get(shown).status_code


def test_a_picture_with_somebody_on_it_is_looked_at_before_it_is_public(
    reported: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found weakly goes on when its sender says to have looked; what they wrote stays meanwhile."""
    monkeypatch.setattr(blurring, "CERTAIN_HITS", 10_000)
    _, clara = reported.person("clara@example.org", Role.CASE_WORKER)
    reported.browse(clara)
    case = re.findall(r"/office/cases/(\d+)", reported.client.get("/office/cases").text)[0]
    content = io.BytesIO()
    street(300).save(content, "JPEG")
    picture = {"photo": ("after.jpg", content.getvalue(), "image/jpeg")}
    path = f"/office/cases/{case}/done"

    asked = _post(reported, path, clara, files=picture, note="Alles abgeholt.")
    words = ("Alles abgeholt.", 'name="looked"', "ein Kennzeichen zu erkennen")
    assert (409, True) == (asked.status_code, all(one in asked.text for one in words))
    page = f"/reports/{_reference(reported)}"
    assert "/after/" not in reported.client.get(page).text

    assert (
        303 == _post(reported, path, clara, files=picture, note="Alles abgeholt.", looked="yes").status_code
    )
    assert "/after/" in reported.client.get(page).text
