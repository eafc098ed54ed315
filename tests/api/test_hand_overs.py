"""Handing vouchers on over the API and the pages; export and erasure of both sides."""

from dataclasses import replace
from typing import Any

import pytest

from identity.persons import Person
from redemption import offers
from redemption.offer_terms import PLAIN
from redemption.offers import Offer
from redemption.vouchers import VoucherStatus
from tests.api.edge import Edge
from tests.redemption.office import SWIM

German = {"Accept-Language": "de"}


@pytest.fixture
def shared(edge: Edge) -> Offer:
    """Give an offer whose vouchers may be handed on."""
    new = replace(
        SWIM, code="strip", terms=replace(PLAIN, transferable=True, uses=10), venue_ids=(edge.pool.venue_id,)
    )
    run = edge.database.run
    offer_id = run(edge.city.city_id, lambda work: offers.create(work, new)).offer_id
    return run(edge.city.city_id, lambda work: offers.publish(work, edge.city, offer_id))


@pytest.fixture
def anna(edge: Edge) -> tuple[Person, str]:
    """Give somebody with 1,000 points."""
    person, token = edge.person()
    edge.give(person, 1000)
    return person, token


def buy(edge: Edge, token: str, offer: Offer) -> Any:
    """Buy a voucher."""
    return edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": offer.offer_id}).json()


def accept(edge: Edge, token: str, code: str) -> Any:
    """Type a code."""
    return edge.call("POST", "/api/v1/hand-overs/acceptance", token, json={"code": code})


def test_a_strip_goes_to_somebody_else_with_what_is_left(
    edge: Edge, shared: Offer, anna: tuple[Person, str]
) -> None:
    """A code, a look, an acceptance; then the old text is refused and the new one lets in."""
    _, ben = edge.person("ben@example.org")
    device, voucher = edge.device(), buy(edge, anna[1], shared)
    path = f"/api/v1/vouchers/{voucher['voucher_id']}"
    edge.call("POST", "/api/v1/scans", device, json={"text": voucher["text"]})
    made = edge.call("POST", f"{path}/hand-over", anna[1])
    code = made.json()["code"]
    assert (201, True) == (made.status_code, made.json()["link"].endswith(f"/hand-over?code={code}"))
    assert 9 == edge.call("GET", f"/api/v1/hand-overs/{code}", ben).json()["left"]
    taken = accept(edge, ben, code).json()
    assert (9, "usable") == (taken["left"], taken["status"])
    assert (404, "voucher-not-found") == edge.refused(edge.call("GET", path, anna[1]))
    codes = [
        edge.call("POST", "/api/v1/scans", device, json={"text": one["text"]}).json()["code"]
        for one in (voucher, taken)
    ]
    assert ["replaced", "accepted"] == codes
    exported = [edge.call("GET", "/api/v1/me/export", token).json()["handed_on"] for token in (anna[1], ben)]
    assert [True, False] == [one["given"] for (one,) in exported]


def test_what_is_refused_names_itself(edge: Edge, shared: Offer, anna: tuple[Person, str]) -> None:
    """Withdrawn, mistyped, one's own, of another offer, and too many tries."""
    _, ben = edge.person("ben@example.org")
    voucher, plain = buy(edge, anna[1], shared), buy(edge, anna[1], edge.swim)
    path = f"/api/v1/vouchers/{voucher['voucher_id']}/hand-over"
    refused = edge.refused(edge.call("POST", f"/api/v1/vouchers/{plain['voucher_id']}/hand-over", anna[1]))
    assert (409, "voucher-not-transferable") == refused
    assert (404, "voucher-not-found") == edge.refused(edge.call("POST", path, ben))
    code = edge.call("POST", path, anna[1]).json()["code"]
    assert (409, "hand-over-to-yourself") == edge.refused(accept(edge, anna[1], code))
    assert (422, "hand-over-code-invalid") == edge.refused(accept(edge, ben, "HELLO"))
    assert 200 == edge.call("POST", f"{path}/withdrawal", anna[1]).status_code
    assert (409, "hand-over-over") == edge.refused(accept(edge, ben, code))
    for _ in range(18):
        accept(edge, ben, code)
    assert (429, "too-many-requests") == edge.refused(accept(edge, ben, code))


def test_the_pages_lead_from_one_phone_to_the_other(
    edge: Edge, shared: Offer, anna: tuple[Person, str]
) -> None:
    """The giver sees the code once and then that it is gone; the receiver looks, accepts and shows."""
    _, ben = edge.person("ben@example.org")
    voucher = buy(edge, anna[1], shared)
    path = f"/vouchers/{voucher['voucher_id']}"
    fields = edge.browse(anna[1])
    assert "Code erzeugen" in edge.client.get(path, headers=German).text
    shown = edge.client.post(f"{path}/hand-over", data=fields, headers=German).text
    code = shown.partition("/hand-over?code=")[2][:11]
    assert "Neuen Code erzeugen" in edge.client.get(path, headers=German).text
    own = edge.client.get(f"/hand-over?code={code}", headers=German)
    assert (409, True) == (own.status_code, "Ihr eigener Gutschein" in own.text)
    fields = edge.browse(ben)
    assert "Annehmen" in edge.client.get(f"/hand-over?code={code}", headers=German).text
    sent = edge.client.post("/hand-over", data={**fields, "code": code})
    assert (303, True) == (sent.status_code, sent.headers["location"].startswith(path))
    assert 303 == edge.client.get(f"/hand-over?code={code}").status_code
    assert "die ihn bezahlt hat" in edge.client.get(path, headers=German).text
    edge.browse(anna[1])
    gone = edge.client.get(path, headers=German).text
    assert "Weitergegeben" in gone
    assert voucher["manual_code"] not in gone
    fields = edge.browse(ben)
    again = edge.client.post(f"{path}/hand-over", data=fields, headers=German).text
    code = again.partition("/hand-over?code=")[2][:11]
    kept = edge.client.post(f"{path}/hand-over/withdraw", data=edge.browse(ben))
    assert 303 == kept.status_code
    over = edge.client.post("/hand-over", data={**edge.browse(anna[1]), "code": code}, headers=German)
    assert (409, True) == (over.status_code, "nicht mehr gültig" in over.text)


@pytest.mark.parametrize("erased", ["giver", "receiver"])
def test_erasing_one_side_takes_nothing_from_the_other(
    edge: Edge, shared: Offer, anna: tuple[Person, str], erased: str
) -> None:
    """The receiver keeps a voucher whose giver is gone; what a gone receiver had returns to the giver."""
    _, ben = edge.person("ben@example.org")
    voucher = buy(edge, anna[1], shared)
    path = f"/api/v1/vouchers/{voucher['voucher_id']}"
    code = edge.call("POST", f"{path}/hand-over", anna[1]).json()["code"]
    taken = accept(edge, ben, code).json()
    gone, left = (anna[1], ben) if erased == "giver" else (ben, anna[1])
    edge.call("DELETE", "/api/v1/me", gone)
    exported = edge.call("GET", "/api/v1/me/export", left).json()["handed_on"]
    if erased == "giver":
        assert [False] == [one["given"] for one in exported]
        scanned = edge.call("POST", "/api/v1/scans", edge.device(), json={"text": taken["text"]}).json()
        assert "accepted" == scanned["code"]
        back = edge.call("POST", f"{path}/cancellation", ben).json()
        assert (VoucherStatus.CANCELLED.value, 9) == (back["status"], back["left"])
    else:
        assert 1000 == edge.call("GET", "/api/v1/wallet", left).json()["available"]
