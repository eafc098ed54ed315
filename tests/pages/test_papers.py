"""Vouchers on paper: what stands on them, that the printed code opens the door, and who may print."""

import email.message
import io
import random
from dataclasses import replace
from typing import Any

import pypdf
import pytest

from api import mailing, receipts_due, working
from identity.roles import Role
from kernel.clock import FixedClock
from kernel.db import Work
from redemption import offers
from tests.api.edge import Edge
from tests.erasure.lives import Town
from tests.fixtures import printing
from tests.redemption.office import SWIM

LIVE = replace(SWIM, code="live-swim", live_code=True)


def _bought(edge: Edge, points: int = 500) -> tuple[str, dict[str, Any]]:
    person, token = edge.person()
    edge.give(person, points)
    return token, edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": edge.swim.offer_id}).json()


def _text(content: bytes) -> str:
    read = pypdf.PdfReader(io.BytesIO(content))
    return " ".join(" ".join(page.extract_text() for page in read.pages).split())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Gutschein auf Papier", "So geht es ohne Handy", "Gültig bis", "40 Punkte", "Seite 1 von 1")),
        (
            "en",
            ("Voucher on paper", "How it works without a phone", "Valid until", "40 points", "Page 1 of 1"),
        ),
    ],
)
def test_a_sheet_says_in_plain_words_what_it_is(edge: Edge, language: str, words: tuple[str, ...]) -> None:
    """Title, place, end, price and steps in the reader's language on one page; the same bytes each time."""
    token, voucher = _bought(edge)
    edge.call("PATCH", "/api/v1/me", token, json={"language": language})
    path = f"/api/v1/vouchers/{voucher['voucher_id']}/paper.pdf"

    first, second = (edge.call("GET", path, token) for _ in range(2))
    text = _text(first.content)

    assert first.content == second.content
    assert "application/pdf" == first.headers["content-type"]
    for said in (
        *words,
        voucher["titles"][language],
        edge.pool.name,
        edge.pool.street,
        voucher["manual_code"],
    ):
        assert said in text


def test_the_printed_code_opens_the_door_once(edge: Edge) -> None:
    """Printed coarsely and scanned by an independent decoder, the sheet is accepted; then nothing is printed any more."""
    token, voucher = _bought(edge)
    edge.browse(token)
    sheet = edge.client.get(f"/vouchers/{voucher['voucher_id']}/paper.pdf")
    code = printing.scanned(sheet.content)
    scan = {"text": code.text, "nonce": "n-1"}

    verdict = edge.call("POST", "/api/v1/scans", edge.device(), json=scan).json()

    assert ("Q", True) == (code.ec_level, code.text.startswith("HTTPS://"))
    assert "accepted" == verdict["code"]
    assert 409 == edge.client.get(f"/vouchers/{voucher['voucher_id']}/paper.pdf").status_code
    assert (409, "voucher-not-usable") == edge.refused(
        edge.call("GET", f"/api/v1/vouchers/{voucher['voucher_id']}/paper.pdf", token)
    )


def test_a_sheet_is_its_owners_alone(edge: Edge) -> None:
    """Somebody else gets nothing, and no shared cache keeps it."""
    token, voucher = _bought(edge)
    _, other = edge.person("eve@example.org")
    path = f"/api/v1/vouchers/{voucher['voucher_id']}/paper.pdf"

    assert 404 == edge.call("GET", path, other).status_code
    assert "private, no-store" == edge.call("GET", path, token).headers["cache-control"]


def test_the_desk_prints_for_who_has_no_phone(edge: Edge) -> None:
    """Staff see what can be used and print it in the citizen's language; the audit log says that it was done."""
    person, _ = edge.person()
    _, voucher = _bought(edge)
    _, clerk = edge.person("desk@example.org", Role.CASE_WORKER)
    fields = edge.browse(clerk)
    address = f"/office/desk/{person.person_id}/vouchers"

    listed = edge.client.get(address).text
    printed = edge.client.post(f"{address}/{voucher['voucher_id']}/paper.pdf", data=fields)
    another = edge.client.post(
        f"/office/desk/{person.person_id + 1}/vouchers/{voucher['voucher_id']}/paper.pdf", data=fields
    )

    assert f"{address}/{voucher['voucher_id']}/paper.pdf" in listed
    assert "Gutschein auf Papier" in _text(printed.content)
    assert 404 == another.status_code
    assert "voucher-printed" in edge.audited()
    edge.browse(edge.person("anna@example.org")[1])
    assert 403 == edge.client.get(address).status_code


def test_a_receipt_can_be_had_as_paper_and_by_email(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the worker was there: in the postbox, on the voucher's page, as the same bytes each time, and attached."""
    sent: list[email.message.EmailMessage] = []
    monkeypatch.setattr(mailing, "_send", lambda _, message: sent.append(message))
    services = edge.app.state.services
    given = replace(services, settings=services.settings.model_copy(update={"smtp_url": "smtp://localhost"}))
    token, voucher = _bought(edge)
    fields = edge.browse(token)
    edge.client.post("/account/mail", data={**fields, "wanted": "yes"})

    receipts_due.issue(edge.database, edge.city)
    working.deliver_due(given, edge.city)
    (receipt,) = edge.call("GET", "/api/v1/receipts", token).json()["items"]
    sheets = [edge.client.get(f"/receipts/{receipt['receipt_id']}/receipt.pdf").content for _ in range(2)]
    text = _text(sheets[0])
    (attached,) = (one for mail in sent for one in mail.iter_attachments())

    assert (sheets[0], sheets[0]) == (sheets[1], attached.get_content())
    for said in ("Beleg über einen Gutschein", "2026-000001", "Stadt Duisburg", "40 Punkte", edge.pool.name):
        assert said in text
    assert (
        f"/receipts/{receipt['receipt_id']}/receipt.pdf"
        in edge.client.get(f"/vouchers/{voucher['voucher_id']}").text
    )
    assert "Beleg 2026-000001" in edge.client.get("/postbox?kind=receipt").text
    assert (
        "2026-000001"
        == edge.call("GET", f"/api/v1/receipts/{receipt['receipt_id']}", token).json()["document"]["number"]
    )
    _, other = edge.person("eve@example.org")
    assert 404 == edge.call("GET", f"/api/v1/receipts/{receipt['receipt_id']}/paper.pdf", other).status_code


def test_the_receipt_of_a_fine_names_its_reference(edge: Edge, clock: FixedClock) -> None:
    """With what the register gets, the points, what one is worth, and that nothing is left to pay."""
    town = Town(edge, clock, random.Random(3))
    anna = town.move_in("Anna")
    town.pay(anna)
    receipts_due.issue(edge.database, edge.city)

    (receipt,) = edge.call("GET", "/api/v1/receipts", anna.token).json()["items"]
    text = _text(edge.call("GET", f"/api/v1/receipts/{receipt['receipt_id']}/paper.pdf", anna.token).content)

    assert "fine" == receipt["kind"]
    for said in (receipt["document"]["reference"], "Verwarnungsgeld", "Noch zu zahlen 0,00 €"):
        assert said in text


def test_a_live_code_is_not_printed(edge: Edge) -> None:
    """On paper it would be refused at the door: there is no button, the desk does not list it, the API says why."""
    live = replace(LIVE, venue_ids=(edge.pool.venue_id,))

    def sell(work: Work) -> int:
        return offers.publish(work, edge.city, offers.create(work, live).offer_id).offer_id

    offer_id = edge.database.run(edge.city.city_id, sell)
    person, token = edge.person()
    edge.give(person, 500)
    voucher = edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": offer_id}).json()
    edge.browse(token)

    assert "paper.pdf" not in edge.client.get(f"/vouchers/{voucher['voucher_id']}").text
    assert (409, "voucher-live-only") == edge.refused(
        edge.call("GET", f"/api/v1/vouchers/{voucher['voucher_id']}/paper.pdf", token)
    )
    edge.browse(edge.person("desk@example.org", Role.CASE_WORKER)[1])
    assert "Kein Gutschein zum Drucken" in edge.client.get(f"/office/desk/{person.person_id}/vouchers").text
