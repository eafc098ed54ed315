"""Orders for points and euros at the edge: API, pages, the service's messages."""

import datetime as dt
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from api import paying, working
from identity.persons import Person
from kernel.clock import FixedClock
from redemption import offers
from redemption.fines import DueKind, FinePayment
from redemption.offers import Offer
from redemption.sandbox_provider import How, SandboxProvider
from tests.api import dues
from tests.api.edge import Edge
from tests.redemption.office import SWIM


@pytest.fixture
def sauna(edge: Edge) -> Offer:
    """Give an offer for 40 points and 2.50 euros, of which points may replace all."""
    new = replace(
        SWIM, code="sauna", price_points=40, price_cents=250, extra_points_most=250,
        venue_ids=(edge.pool.venue_id,),
    )  # fmt: skip
    run = edge.database.run
    offer_id = run(edge.city.city_id, lambda work: offers.create(work, new)).offer_id
    return run(edge.city.city_id, lambda work: offers.publish(work, edge.city, offer_id))


@pytest.fixture
def anna(edge: Edge) -> tuple[Person, str]:
    """Give somebody with 1,000 points."""
    person, token = edge.person()
    edge.give(person, 1000)
    return person, token


def service(edge: Edge) -> SandboxProvider:
    """Return the payment service of the demonstration."""
    return paying.sandbox(edge.app.state.services, edge.city)


def order(edge: Edge, token: str, offer: Offer, **more: object) -> Any:
    """Order a voucher."""
    body = {"offer_id": offer.offer_id, "way": "test", **more}
    return edge.call("POST", "/api/v1/orders", token, json=body)


def deliver(edge: Edge) -> list[int]:
    """Carry the service's messages to the application."""
    messages = service(edge).take_messages()
    return [
        edge.client.post("/webhooks/payments/test", content=one.body, headers=dict(one.headers)).status_code
        for one in messages
    ]


def test_an_order_is_paid_and_becomes_a_voucher(edge: Edge, sauna: Offer, anna: tuple[Person, str]) -> None:
    """Ordered, paid on the service's page, told by its message: the voucher is there, and can be given back."""
    _, token = anna
    made = order(edge, token, sauna)
    assert (201, "open", 40, 250) == (
        made.status_code,
        *(made.json()[name] for name in ("status", "points", "cents")),
    )
    path = f"/api/v1/orders/{made.json()['order_id']}"
    page_url = edge.call("GET", path, token).json()["page_url"]
    service(edge).pay(page_url.rpartition("/")[2], How.CARD)
    assert [204] == deliver(edge)
    done = edge.call("GET", path, token).json()
    assert ("done", None) == (done["status"], done["page_url"])
    voucher = f"/api/v1/vouchers/{done['voucher_id']}"
    assert "usable" == edge.call("GET", voucher, token).json()["status"]
    edge.browse(token)
    page = edge.client.get(f"/vouchers/{done['voucher_id']}", headers={"Accept-Language": "de"}).text
    assert "40 Punkte + 2,50" in page
    assert "Was Sie in Euro bezahlt haben, geht auf demselben Weg zurück." in page
    assert "cancelled" == edge.call("POST", f"{voucher}/cancellation", token).json()["status"]
    working.deliver_due(edge.app.state.services, edge.city)
    paying.till(edge.app.state.services, edge.city).advance_due()
    service(edge).settle_refund("ref_1", good=True)
    deliver(edge)
    assert 250 == edge.call("GET", path, token).json()["refunded_cents"]
    assert [made.json()["order_id"]] == [
        one["order_id"] for one in edge.call("GET", "/api/v1/orders", token).json()["items"]
    ]


def test_a_repeated_order_is_one_order(edge: Edge, sauna: Offer, anna: tuple[Person, str]) -> None:
    """The same key, the same answer."""
    first = order(edge, anna[1], sauna)
    key = {"Idempotency-Key": first.request.headers["Idempotency-Key"]}
    body = json.loads(first.request.content)
    again = edge.call("POST", "/api/v1/orders", anna[1], json=body, headers=key)
    assert first.json() == again.json()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"points": 39}, "points-choice-invalid"),
        ({"points": 250}, "rest-below-minimum"),
        ({"way": "cheque"}, "payment-provider-unknown"),
        ({"way": None}, "payment-way-missing"),
    ],
)
def test_a_wrong_order_is_refused(
    edge: Edge, sauna: Offer, anna: tuple[Person, str], more: dict[str, object], code: str
) -> None:
    """Nothing is held."""
    assert code == edge.refused(order(edge, anna[1], sauna, **more))[1]
    assert 1000 == edge.call("GET", "/api/v1/wallet", anna[1]).json()["available"]


def test_an_order_is_called_off(edge: Edge, sauna: Offer, anna: tuple[Person, str]) -> None:
    """By its buyer alone."""
    made = order(edge, anna[1], sauna).json()
    path = f"/api/v1/orders/{made['order_id']}"
    _, ben = edge.person("ben@example.org")
    assert (404, "order-not-found") == edge.refused(edge.call("POST", f"{path}/cancellation", ben))
    assert (404, "order-not-found") == edge.refused(edge.call("GET", path, ben))
    assert 200 == edge.call("POST", f"{path}/cancellation", anna[1]).status_code
    paying.till(edge.app.state.services, edge.city).advance_due()
    assert "cancelled" == edge.call("GET", path, anna[1]).json()["status"]


def test_a_message_is_believed_only_if_it_is_signed(
    edge: Edge, sauna: Offer, anna: tuple[Person, str]
) -> None:
    """A changed byte, no signature, an unknown service, a huge body: refused, and nothing happens."""
    order(edge, anna[1], sauna)
    service(edge).pay("pay_1", How.CARD)
    (message,) = service(edge).take_messages()
    post = edge.client.post
    assert 403 == post("/webhooks/payments/test", content=message.body).status_code
    changed = message.body.replace(b"pay_1", b"pay_2")
    assert 403 == post("/webhooks/payments/test", content=changed, headers=dict(message.headers)).status_code
    assert 404 == post("/webhooks/payments/stripe", content=b"{}").status_code
    assert 422 == post("/webhooks/payments/test", content=b" " * 300_000).status_code
    assert (
        204
        == post("/webhooks/payments/test", content=message.body, headers=dict(message.headers)).status_code
    )
    assert (
        204
        == post("/webhooks/payments/test", content=message.body, headers=dict(message.headers)).status_code
    )


def test_the_pages_lead_from_the_offer_to_the_voucher(
    edge: Edge, sauna: Offer, anna: tuple[Person, str]
) -> None:
    """Choose, order, pay on the service's page, come back to the voucher; without scripts."""
    _, token = anna
    fields = edge.browse(token)
    german = {"Accept-Language": "de"}
    offer_page = edge.client.get(f"/offers/{sauna.offer_id}", headers=german).text
    assert "Wie viele Punkte möchten Sie einsetzen?" in offer_page
    sent = edge.client.post(
        f"/offers/{sauna.offer_id}/order", data={**fields, "points": "140", "way": "test"}
    )
    order_path = sent.headers["location"]
    order_page = edge.client.get(order_path, headers=german).text
    assert "Wartet auf Ihre Zahlung" in order_page
    (pay_path,) = re.findall(r'href="(/test-payments/pay_\d+)"', order_page)
    assert "Hier fließt kein Geld." in edge.client.get(pay_path, headers=german).text
    back = edge.client.post(pay_path, data={**edge.browse(token), "how": "card"}).headers["location"]
    assert back == order_path
    done = edge.client.get(order_path, headers=german).text
    assert "Gutschein zeigen" in done
    assert "Bezahlt" in edge.client.get("/orders", headers=german).text


def test_more_points_on_the_page_buy_at_once(edge: Edge, sauna: Offer, anna: tuple[Person, str]) -> None:
    """Nothing is left to pay, so the voucher is there."""
    fields = edge.browse(anna[1])
    sent = edge.client.post(
        f"/offers/{sauna.offer_id}/order", data={**fields, "points": "290", "way": "test"}
    )
    assert sent.headers["location"].startswith("/vouchers/")


def test_a_called_off_order_says_so(edge: Edge, sauna: Offer, anna: tuple[Person, str]) -> None:
    """With what to do next."""
    made = order(edge, anna[1], sauna).json()
    edge.client.post(f"/orders/{made['order_id']}/cancel", data=edge.browse(anna[1]))
    paying.till(edge.app.state.services, edge.city).advance_due()
    page = edge.client.get(f"/orders/{made['order_id']}", headers={"Accept-Language": "de"}).text
    assert "Abgebrochen" in page
    assert "Es wurde nichts gekauft." in page


@pytest.mark.parametrize("kind", list(DueKind))
@pytest.mark.parametrize("points", [0, 200])
def test_a_fine_or_fee_is_paid_in_euros_and_told_once(
    edge: Edge, anna: tuple[Person, str], kind: DueKind, points: int
) -> None:
    """In full when the euros are there; the register hears of it once; the receipt names the way."""
    dues.sell(edge, kind)
    reference, (_, token) = dues.owed(edge, kind), anna
    path = f"/api/v1/fines/{reference}/orders"
    made = edge.call("POST", path, token, json={"points": points, "way": "test"})
    assert (201, kind.value, 300 - points) == (made.status_code, made.json()["kind"], made.json()["cents"])
    assert (409, "fine-being-paid") == edge.refused(
        edge.call("POST", f"/api/v1/fines/{reference}/payment", token)
    )
    order_path = f"/api/v1/orders/{made.json()['order_id']}"
    service(edge).pay(edge.call("GET", order_path, token).json()["page_url"].rpartition("/")[2], How.CARD)
    assert [204] == deliver(edge)
    assert "done" == edge.call("GET", order_path, token).json()["status"]
    register = edge.app.state.services.fine_register(edge.city)
    for _ in range(2):
        working.deliver_due(edge.app.state.services, edge.city)
    assert [(reference, 300)] == [(one.reference, one.amount_cents) for one in register.payments()]
    (paid,) = edge.call("GET", "/api/v1/fines/payments", token).json()["items"]
    assert (points, 300 - points) == (paid["points"], paid["paid_cents"])
    assert paid["reported_at"]
    edge.browse(token)
    page = edge.client.get(f"/fines/payments/{reference}", headers={"Accept-Language": "de"}).text
    assert "mit Karte" in page
    assert ("Gebühr" if kind is DueKind.FEE else "Bußgeld") in page


def test_a_fine_that_was_paid_elsewhere_meanwhile_is_given_back(
    edge: Edge, anna: tuple[Person, str], clock: FixedClock
) -> None:
    """The register refuses the payment, for an hour it is asked again; then all is back, and the postbox says so."""
    dues.sell(edge)
    reference, (_, token) = dues.owed(edge), anna
    given = edge.app.state.services
    assert 201 == edge.call("POST", f"/api/v1/fines/{reference}/payment", token).status_code
    elsewhere = FinePayment(7, reference, 300, given.database.clock.now())
    given.fine_register(edge.city).report_payment(elsewhere)
    working.deliver_due(given, edge.city)
    assert 700 == edge.call("GET", "/api/v1/wallet", token).json()["available"]
    clock.advance(dt.timedelta(hours=1))
    working.deliver_due(given, edge.city)

    assert 1000 == edge.call("GET", "/api/v1/wallet", token).json()["available"]
    edge.browse(token)
    german = {"Accept-Language": "de"}
    assert f"Doch nicht bezahlt: {reference}" in edge.client.get("/postbox", headers=german).text
    assert "schon bezahlt" in edge.client.get(f"/fines?reference={reference}", headers=german).text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"points": 300, "way": "test"}, "euros-not-needed"),
        ({"points": 260, "way": "test"}, "rest-below-minimum"),
        ({"points": 301, "way": "test"}, "points-choice-invalid"),
        ({"points": 100, "way": "cheque"}, "payment-provider-unknown"),
        ({"points": 100}, "request-invalid"),
    ],
)
def test_a_wrong_order_of_a_fee_is_refused(
    edge: Edge, anna: tuple[Person, str], body: dict[str, object], code: str
) -> None:
    """Nothing is held, and it can still be paid."""
    dues.sell(edge, DueKind.FEE)
    reference = dues.owed(edge, DueKind.FEE)
    answer = edge.call("POST", f"/api/v1/fines/{reference}/orders", anna[1], json=body)
    assert code == edge.refused(answer)[1]
    assert 1000 == edge.call("GET", "/api/v1/wallet", anna[1]).json()["available"]
    assert 201 == edge.call("POST", f"/api/v1/fines/{reference}/payment", anna[1]).status_code


def test_the_page_pays_a_fee_with_points_and_euros(edge: Edge, anna: tuple[Person, str]) -> None:
    """Looked up, ordered, paid; a fee that nobody takes here says so instead of offering a button."""
    reference, (_, token) = dues.owed(edge, DueKind.FEE), anna
    german = {"Accept-Language": "de"}
    fields = edge.browse(token)
    assert "Bitte zahlen Sie" in edge.client.get(f"/fines?reference={reference}", headers=german).text
    dues.sell(edge, DueKind.FEE)
    page = edge.client.get(f"/fines?reference={reference}", headers=german).text
    assert "Bewohnerparkausweis" in page
    sent = edge.client.post(
        "/fines/order", data={**fields, "reference": reference, "points": "100", "way": "test"}
    )
    (pay_path,) = re.findall(
        r'href="(/test-payments/pay_\d+)"', edge.client.get(sent.headers["location"], headers=german).text
    )
    edge.client.post(pay_path, data={**edge.browse(token), "how": "card"})
    assert f"/fines/payments/{reference}" in edge.client.get(sent.headers["location"], headers=german).text
    assert "2,00" in edge.client.get("/vouchers", headers=german).text
