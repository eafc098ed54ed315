"""The citizen's pages: forms that are refused keep what was typed and say what to do."""

from api import csrf
from tests.api.edge import Edge
from tests.browser import town as towns


def _page(edge: Edge, path: str, **data: str) -> str:
    return edge.client.post(
        path, data=data, headers={"Accept-Language": "de", "Referer": f"http://testserver{path}"}
    ).text


def test_a_mistyped_address_is_named(edge: Edge) -> None:
    """A wrong e-mail address is named at its field and stays in it; the language links can be followed."""
    edge.client.get("/sign-in")
    visitor = edge.client.cookies["duiscoin_visitor"]

    page = _page(edge, "/sign-in", email="nonsense", csrf_token=csrf.token(towns.SECRET, visitor))

    assert "Das ist keine E-Mail-Adresse." in page
    assert 'value="nonsense"' in page
    assert 'href="/sign-in?lang=en"' in page


def test_an_empty_report_is_named(edge: Edge) -> None:
    """A report without category and description says what is missing; nothing is taken in."""
    _, token = edge.person()
    fields = edge.browse(token)

    page = _page(edge, "/actions/litter-report", description="", category="", **fields)

    assert "Bitte prüfen Sie Ihre Eingaben" in page
    assert "Bitte beschreiben Sie es" in page
    assert "Noch nichts eingereicht" in edge.client.get("/actions").text


def test_too_few_points(edge: Edge) -> None:
    """Who can't afford an offer is told how many points are missing, and keeps what they have."""
    person, token = edge.person()
    edge.give(person, 15)
    fields = edge.browse(token)

    page = _page(edge, f"/offers/{edge.swim.offer_id}/buy", **fields)

    assert "Ihnen fehlen 25 Punkte: Sie haben 15 und brauchen 40." in page
    assert 'data-balance="15"' in edge.client.get("/").text


def test_a_second_click_buys_once(edge: Edge) -> None:
    """The same form sent twice buys one voucher."""
    person, token = edge.person()
    edge.give(person, 500)
    fields = edge.browse(token)

    first, second = (
        edge.client.post(f"/offers/{edge.swim.offer_id}/buy", data=fields).headers["location"]
        for _ in range(2)
    )

    assert first == second
    assert 'data-balance="460"' in edge.client.get("/").text


def test_everybodys_own_vouchers_only(edge: Edge) -> None:
    """Somebody else's voucher is not found."""
    person, token = edge.person()
    edge.give(person, 500)
    fields = edge.browse(token)
    address = edge.client.post(f"/offers/{edge.swim.offer_id}/buy", data=fields).headers["location"]
    _, other = edge.person("eve@example.org")
    edge.browse(other)

    assert edge.client.get(address).status_code == 404


def test_unknown_page(edge: Edge) -> None:
    """An address that does not exist gets a page that leads back."""
    answer = edge.client.get("/nowhere", headers={"Accept-Language": "de"})

    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht." in answer.text
