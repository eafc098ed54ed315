"""Receipts in a citizen's history, and the page on which everybody sees the newest seal."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ViewportSize

from api.services import log_of
from identity import persons
from kernel.db import Work
from ledger import (
    accounts,
    leaves,
    log_keys,
    posting,
    proofs,
    queries,
    sealing,
    transfers,
    wallets,
    witnesses,
)
from tests.api.edge import Edge
from tests.browser import town as towns
from tests.browser.town import Town
from tests.fixtures import chromium

AXE = Path(__file__).parents[1] / "web" / "vendor" / "axe.min.js"
LANGUAGES = {
    "de": ("Transparenz", "Noch ist nichts versiegelt", "Noch nicht versiegelt", "Nachweis herunterladen"),
    "en": ("Transparency", "Nothing is sealed yet", "Not sealed yet", "Download receipt"),
}


def _seal(edge: Edge) -> None:
    sealing.seal(edge.app.state.services.log(edge.city))


def _newest(edge: Edge, token: str) -> str:
    """Return the path of the newest movement in the history."""
    line = edge.call("GET", "/api/v1/wallet/transactions", token).json()["items"][0]
    return f"/history/{line['transfer_id']}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_movement_has_a_receipt_once_it_is_sealed(edge: Edge, language: str) -> None:
    """The history leads to each movement; before the seal it says when, afterwards it gives a file that checks."""
    anna, token = edge.person()
    edge.give(anna, 100)
    edge.call("PATCH", "/api/v1/me", token, json={"language": language})
    path = _newest(edge, token)
    edge.browse(token)
    _, _, waiting, ready = LANGUAGES[language]

    assert f'href="{path}"' in edge.client.get("/history").text
    before = edge.client.get(path).text
    assert (waiting in before, ready in before) == (True, False)
    assert (409, "transfer-not-sealed") == edge.refused(_proof(edge, token, path))

    _seal(edge)
    after = edge.client.get(path).text
    assert (waiting in after, ready in after) == (False, True)
    for href in (f"{path}/receipt", "/log/verify", "/transparency"):
        assert f'href="{href}"' in after
    file = edge.client.get(f"{path}/receipt")
    assert file.text == _proof(edge, token, path).text
    assert file.headers["content-disposition"].endswith('.tlog-proof"')
    with edge.database.reading(edge.city.city_id) as reading:
        checked = proofs.check(file.text, log_keys.verifier(reading))
    said = leaves.read_opening(checked.opening)
    assert (100, f"wallet/{anna.owner}/2028-12-31") == (said.amount, said.credit)


def _proof(edge: Edge, token: str, path: str) -> Any:
    number = path.removeprefix("/history/")
    return edge.call("GET", f"/api/v1/wallet/movements/{number}/proof", token)


def test_a_receipt_is_its_owners_alone(edge: Edge) -> None:
    """For somebody else, and for a venue's or a budget's bookings, there is no such movement."""
    anna, token = edge.person()
    edge.give(anna, 100)
    _, other = edge.person("bela@example.org")
    _seal(edge)
    path = _newest(edge, token)
    with edge.database.reading(edge.city.city_id) as reading:
        (funding, *_) = queries.statement_of(reading, [accounts.get(reading, "issued")], before=2)
    foreign = f"/history/{funding.booked.transfer_id}"

    for caller, place in ((other, path), (token, foreign), (token, "/history/" + "0" * 32)):
        assert (404, "transfer-not-found") == edge.refused(_proof(edge, caller, place))
        edge.browse(caller)
        assert [404, 404] == [edge.client.get(one).status_code for one in (place, f"{place}/receipt")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_everybody_sees_the_newest_seal(edge: Edge, language: str) -> None:
    """Size, fingerprint, key and who confirmed it; before the first seal, that there is none yet."""
    title, nothing, *_ = LANGUAGES[language]
    spoken = {"Accept-Language": language}
    empty = edge.client.get("/transparency", headers=spoken).text
    assert (title in empty, nothing in empty) == (True, True)

    _seal(edge)
    edge.database.run(
        edge.city.city_id,
        lambda work: witnesses.add(work, "archiv.test/w", "http://127.0.0.1:9/", "00" * 32),
    )
    page = edge.client.get("/transparency", headers=spoken).text
    key, checkpoint = edge.client.get("/log/key").text, edge.client.get("/log/checkpoint").text
    assert nothing not in page
    assert checkpoint.splitlines()[2] in page.replace("&#43;", "+")
    assert key.strip() in page.replace("&#43;", "+")
    assert "archiv.test/w" in page
    for href in ("/log/checkpoint", "/log/verify", "/supply"):
        assert f'href="{href}"' in page


@pytest.mark.browser
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_are_accessible_and_fit(town: Town, browser: Browser, tmp_path: Path, width: int) -> None:
    """Empty, waiting and sealed, on a phone and on a desktop, axe finds nothing and nothing sticks out."""
    log = log_of(towns.settings(town.database, tmp_path), town.database, town.city)
    link = town.link("anna@example.org")
    town.database.run(town.city.city_id, _give_anna)
    with browser.new_context(locale="de-DE", viewport=ViewportSize(width=width, height=800)) as context:
        opened = context.new_page()
        complaints = chromium.watch(opened)
        opened.goto(link)
        opened.get_by_role("button").last.click()
        opened.goto(f"{town.url}/history")
        movement = opened.get_by_role("link", name="Nachweis").first.get_attribute("href")
        found: list[Any] = []
        for _ in range(2):
            for path in ("/transparency", "/history", movement, "/account/delete"):
                opened.goto(f"{town.url}{path}")
                found += _faults(opened, str(path))
            sealing.seal(log)
    assert [] == found
    assert [] == complaints


def _faults(opened: Any, path: str) -> list[Any]:
    opened.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    findings: list[dict[str, Any]] = opened.evaluate("axe.run().then(result => result.violations)")
    wide = opened.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [(path, one["id"], one["nodes"][0]["html"]) for one in findings] + (
        [(path, "wide")] if wide else []
    )


def _give_anna(work: Work) -> None:
    anna = persons.by_email(work, "anna@example.org")
    assert anna is not None
    lot = wallets.open_lot(work, anna.owner, dt.date(2028, 12, 31))
    gift = transfers.post(work.ids.uuid(), "issued", lot, 90, effective=work.now.date(), purpose="test")
    posting.post_or_raise(work, [gift])
