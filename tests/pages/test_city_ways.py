"""The pages of money that comes to the city itself: bank files, the cash desk, the nightly comparison."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from api import city_ways, mailing, paying, reconciling
from identity.roles import Role
from kernel import outbox
from kernel.db import Work
from merchants import billing
from redemption import (
    codes,
    creditor_references,
    hand_refunds,
    offers,
    orders,
    payments,
    reconciliations,
    taking,
    volumes,
)
from redemption.offers import Offer
from redemption.payments import Payment
from redemption.providers import NewRefund, PaymentStatus
from redemption.receipt_matching import Cause
from redemption.sandbox_provider import How
from redemption.taking import Place
from redemption.takings import DeskMethod
from redemption.volumes import ALARM_CENTS, Network, Volume
from tests.api.edge import Edge
from tests.api.test_monitoring import scrape
from tests.redemption.bank import IBAN, Bank, Credit, camt, mistyped
from tests.redemption.office import SWIM

GERMAN = {"Accept-Language": "de"}


@pytest.fixture
def bank(edge: Edge) -> Bank:
    """Give the city an account, and what it collects."""
    profile = billing.Profile(
        "Stadt Duisburg",
        "Burgplatz 19",
        "47051",
        "Duisburg",
        "kasse@duisburg.example",
        "05112000-KAEMM-38",
        IBAN,
    )
    edge.database.run(edge.city.city_id, lambda work: billing.save(work, profile))
    return Bank(edge.database, edge.city.city_id)


def treasurer(edge: Edge) -> dict[str, str]:
    """Sign a treasurer in; return the hidden fields of forms."""
    _, token = edge.person("tom@example.org", Role.TREASURER)
    return edge.browse(token)


def upload(edge: Edge, fields: dict[str, str], content: bytes, key: str) -> Any:
    """Hand a file in."""
    data = {**fields, "idempotency_key": key}
    return edge.client.post(
        "/treasury/bank-statements", data=data, files={"file": ("camt.xml", content)}, headers=GERMAN
    )


def test_a_statement_is_taken_in_and_the_rest_is_seen_to(edge: Edge, bank: Bank) -> None:
    """What pays an order is booked; a mistyped reference is assigned; what is for nobody goes back; the log has it."""
    asked, other = bank.ask(500), bank.ask(700)
    fields = treasurer(edge)
    content = camt(Credit(500, asked.reference), Credit(700, mistyped(other.reference)), Credit(120, "Miete"))
    first = upload(edge, fields, content, "k1")
    again = upload(edge, fields, content, "k2")
    taken = edge.client.get(first.headers["location"], headers=GERMAN).text
    page = edge.client.get("/treasury/bank", headers=GERMAN).text

    assert "notice=bank-file-taken" in first.headers["location"]
    assert "notice=bank-file-known" in again.headers["location"]
    assert "2 Eingänge warten auf Sie" in taken
    assert 2 == page.count('data-receipt="unknown"')
    assert "Ist die Referenz nur vertippt" in page
    rent, order = [one for one in bank.receipts() if one.is_open]
    for path, data in (
        (f"{order.entry_key}/assign", {"reference": other.reference, "idempotency_key": "k3"}),
        (f"{rent.entry_key}/back", {"done_on": "2026-05-04", "idempotency_key": "k4"}),
    ):
        assert 303 == edge.client.post(f"/treasury/bank/receipts/{path}", data={**fields, **data}).status_code
    assert "Nichts ist offen" in edge.client.get("/treasury/bank", headers=GERMAN).text
    assert {"bank-file-taken-in", "receipt-assigned", "money-sent-back"} <= set(edge.audited())


def test_a_wrong_file_is_refused_with_the_reason(edge: Edge, bank: Bank) -> None:
    """No file, no XML, another account: the page says why, and nothing is taken in."""
    fields = treasurer(edge)
    for number, content in enumerate((b"", b"nonsense", camt(Credit(1), iban="DE75512108001245126199"))):
        answer = upload(edge, fields, content, f"k{number}")
        assert 422 == answer.status_code
        assert "kern-alert--danger" in answer.text or "error" in answer.text
    assert [] == bank.receipts()


def test_a_refund_by_hand_is_noted(edge: Edge, bank: Bank) -> None:
    """Name and account stand on the page; afterwards nobody waits."""
    asked = bank.ask(500)
    bank.take_in(camt(Credit(500, asked.reference)))
    bank.transfers.refund(NewRefund("refund-1", 81, asked.reference, 200))
    fields = treasurer(edge)
    page = edge.client.get("/treasury/bank", headers=GERMAN).text
    done = edge.client.post("/treasury/bank/refunds/81", data={**fields, "done_on": "2026-05-04"})

    assert "DE75512108001245126199" in page
    assert 303 == done.status_code
    assert "Niemand wartet auf Geld" in edge.client.get("/treasury/bank", headers=GERMAN).text


def test_an_auditor_only_looks(edge: Edge, bank: Bank) -> None:
    """No forms, and no right to post."""
    bank.take_in(camt(Credit(120, "Miete")))
    _, token = edge.person("ada@example.org", Role.AUDITOR)
    fields = edge.browse(token)
    page = edge.client.get("/treasury/bank", headers=GERMAN).text

    assert "Keine bekannte Referenz" in page
    assert "Zuordnen" not in page
    assert 403 == upload(edge, fields, camt(Credit(1)), "k").status_code


def test_the_cash_desk_from_code_to_count(edge: Edge, bank: Bank) -> None:
    """Staff find the order, take the money, give some back and count; what is wrong is told at the field."""
    asked = bank.desks.create(bank.new(1250))
    _, token = edge.person("kim@example.org", Role.CASE_WORKER)
    fields = edge.browse(token)
    wrong = edge.client.get("/office/cash?code=0000000000", headers=GERMAN)
    found = edge.client.get(f"/office/cash?code={asked.reference.lower()}", headers=GERMAN).text
    assert 422 == wrong.status_code
    assert "Unter diesem Code ist nichts zu bezahlen" in wrong.text
    assert f'data-order="{asked.reference}"' in found
    assert "12,50" in found

    form = {**fields, "code": asked.reference, "desk": "rathaus", "method": "cash"}
    refused = edge.client.post("/office/cash", data={**form, "receipt_number": "?"}, headers=GERMAN)
    paid = edge.client.post("/office/cash", data={**form, "receipt_number": "R-1", "idempotency_key": "k1"})
    assert 422 == refused.status_code
    assert "Eine Quittungsnummer besteht aus" in refused.text
    assert 303 == paid.status_code
    bank.desks.refund(NewRefund("refund-1", 91, asked.reference, 250))
    back = {**fields, "desk": "rathaus", "receipt_number": "R-2", "idempotency_key": "k2"}
    assert 303 == edge.client.post("/office/cash/refunds/91", data=back).status_code
    count = {**fields, "desk": "rathaus", "change": "50,00", "counted": "59", "idempotency_key": "k3"}
    unexplained = edge.client.post("/office/cash/count", data=count, headers=GERMAN)
    nonsense = edge.client.post(
        "/office/cash/count", data={**count, "counted": "viel", "idempotency_key": "k4"}
    )
    right = {**count, "counted": "60,00", "idempotency_key": "k5"}
    counted = edge.client.post("/office/cash/count", data=right, headers=GERMAN)
    assert "Bitte sagen Sie in wenigen Worten" in unexplained.text
    assert 422 == nonsense.status_code
    assert 303 == counted.status_code
    assert "Ihre Kasse ist für heute gezählt" in edge.client.get("/office/cash", headers=GERMAN).text
    assert {"desk-money-taken", "desk-money-given-back", "drawer-counted"} <= set(edge.audited())


def test_differences_are_listed_with_cause_and_next_step(edge: Edge, bank: Bank) -> None:
    """Money in suspense shows up, on the page and on the overview; once it is seen to, everything agrees."""
    bank.take_in(camt(Credit(120, "Miete")))
    fields = treasurer(edge)
    assert "Noch kein Abgleich" in edge.client.get("/treasury/reconciliation", headers=GERMAN).text
    assert 303 == edge.client.post("/treasury/reconciliation", data=fields).status_code
    page = edge.client.get("/treasury/reconciliation", headers=GERMAN).text
    overview = edge.client.get("/treasury", headers=GERMAN).text

    assert 'data-trouble="money-unclaimed"' in page
    assert "Ordnen Sie es auf der Seite „Geldeingang“ zu" in page
    assert "1 Stelle stimmt nicht überein" in overview
    assert "data-volumes" in overview
    assert "Noch niemand: nicht zugeordnetes Geld" in overview
    (rent,) = bank.receipts()
    back = {**fields, "done_on": "2026-05-04", "idempotency_key": "k2"}
    edge.client.post(f"/treasury/bank/receipts/{rent.entry_key}/back", data=back)
    edge.client.post("/treasury/reconciliation", data={**fields, "idempotency_key": "k3"})
    assert "Alles stimmt überein." in edge.client.get("/treasury/reconciliation", headers=GERMAN).text


def test_waiting_and_uncounted_are_found(edge: Edge, bank: Bank) -> None:
    """A refund that waits for a week and money that the till has not seen yet are differences, each with its sort."""
    asked = bank.ask(500)
    bank.take_in(camt(Credit(500, asked.reference)))
    bank.transfers.refund(NewRefund("refund-1", 81, asked.reference, 200))
    bank.database.clock.advance(dt.timedelta(days=8))  # type: ignore[attr-defined]  # the tests' clock
    given = edge.app.state.services
    made = reconciling.run(given, edge.city, city_ways.providers(given, edge.city))

    assert {"refund-waits", "books-differ"} == {one.trouble.value for one in made.differences}
    with edge.database.reading(edge.city.city_id) as reading:
        assert made == reconciliations.newest(reading)
        assert 1 == len(hand_refunds.pending(reading))


def test_treasurers_are_told_once_of_a_large_volume(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """One e-mail each, in their language; the next night none."""
    edge.person("tom@example.org", Role.TREASURER)
    loud = (Volume(Network.VENUES, 1, ALARM_CENTS),)
    monkeypatch.setattr(volumes, "measure", lambda _reading, _city: loud)
    given = edge.app.state.services
    for _ in range(2):
        reconciling.run(given, edge.city, {})
    sent: list[str] = []
    monkeypatch.setattr(mailing, "send", lambda _, to, subject, body: sent.append(f"{to} {subject} {body}"))
    with edge.database.reading(edge.city.city_id) as reading:
        due = [one for one in outbox.due(reading) if one.topic == reconciling.TOPIC_ALARM]
    for one in due:
        reconciling.send_alarm(given, edge.city, one.payload)

    assert 1 == len(sent)
    assert "800.000 " in sent[0]
    assert sent[0].startswith("tom@example.org")


def test_an_order_shows_how_it_is_paid(edge: Edge, bank: Bank) -> None:
    """A transfer has its GiroCode, account and reference on the page; a desk its code."""
    asked, desk = bank.ask(500), bank.desks.create(bank.new(500))
    with edge.database.reading(edge.city.city_id) as reading:
        shown = {
            one.provider: city_ways.shown(reading, one, str)
            for one in (_payment("transfer", asked.reference), _payment("desk", desk.reference))
        }

    assert IBAN == shown["transfer"]["account"].iban
    assert creditor_references.shown(asked.reference) == shown["transfer"]["reference"]
    assert "<title>GiroCode of the transfer</title>" in shown["transfer"]["girocode"]
    assert codes.grouped(desk.reference) == shown["desk"]["reference"]
    assert {"transfer", "desk"} <= set(paying.ways(edge.app.state.services, edge.city))


def _payment(provider: str, reference: str) -> Payment:
    blank: dict[str, Any] = dict.fromkeys(Payment.__dataclass_fields__)
    return Payment(**{**blank, "provider": provider, "provider_reference": reference, "cents": 500})


def test_money_that_came_back_too_often_is_sent_once_more(edge: Edge) -> None:
    """It is listed with a button and in the comparison; afterwards it is on its way, and the log has it."""
    person, token = edge.person()
    edge.give(person, 1000)
    offer = edge.database.run(edge.city.city_id, lambda work: _sauna(work, edge))
    body = {"offer_id": offer.offer_id, "way": "test"}
    made = edge.call("POST", "/api/v1/orders", token, json=body).json()
    given = edge.app.state.services
    service, till = paying.sandbox(given, edge.city), paying.till(given, edge.city)
    service.pay("pay_1", How.CARD)
    edge.database.clock.advance(dt.timedelta(minutes=5))  # type: ignore[attr-defined]  # a clock of tests
    till.advance_due()
    done = edge.call("GET", f"/api/v1/orders/{made['order_id']}", token).json()
    edge.call("POST", f"/api/v1/vouchers/{done['voucher_id']}/cancellation", token)
    for number in range(1, 6):
        edge.database.clock.advance(dt.timedelta(days=1, hours=1))  # type: ignore[attr-defined]  # the same
        till.advance_due()
        service.settle_refund(f"ref_{number}", good=False)
        edge.database.clock.advance(dt.timedelta(days=1, hours=1))  # type: ignore[attr-defined]  # the same
        till.advance_due()
    found = reconciling.run(given, edge.city, paying.providers(given, edge.city))
    assert reconciliations.Trouble.REFUND_FAILED in {one.trouble for one in found.differences}
    fields = treasurer(edge)
    page = edge.client.get("/treasury/bank", headers=GERMAN).text
    assert f'data-stuck="{made["order_id"]}"' in page
    sent = edge.client.post(f"/treasury/bank/orders/{made['order_id']}/refund", data=fields)
    assert 303 == sent.status_code
    assert "data-stuck" not in edge.client.get("/treasury/bank", headers=GERMAN).text
    assert "refund-begun" in edge.audited()
    till.advance_due()
    service.settle_refund("ref_6", good=True)
    edge.database.clock.advance(dt.timedelta(days=1))  # type: ignore[attr-defined]  # the same
    till.advance_due()
    assert 250 == edge.call("GET", f"/api/v1/orders/{made['order_id']}", token).json()["refunded_cents"]


def test_the_meter_stands_on_the_status_page_and_among_the_metrics(edge: Edge) -> None:
    """As the last comparison measured it; near the threshold the light is amber."""
    given = edge.app.state.services
    assert "volume-unmeasured" == edge.client.get("/status.json").json()["volumes"]["judged"]["code"]
    near = (Volume(Network.VENUES, 1, ALARM_CENTS), Volume(Network.CITY, 0, 0))
    edge.database.run(edge.city.city_id, lambda work: reconciliations.keep(work, (), (), near))
    told = edge.client.get("/status.json").json()
    assert ("amber", 80) == (told["volumes"]["judged"]["light"], told["volumes"]["items"][0]["percent"])
    assert "800.000,00" in edge.client.get("/status", headers=GERMAN).text
    assert ALARM_CENTS == scrape(edge)["duiscoin_redeemed_volume_cents{duisburg,venues}"]
    reconciling.run(given, edge.city, paying.providers(given, edge.city))
    assert "volume-small" == edge.client.get("/status.json").json()["volumes"]["judged"]["code"]


def _sauna(work: Work, edge: Edge) -> Offer:
    new = replace(SWIM, code="sauna", price_points=40, price_cents=250, venue_ids=(edge.pool.venue_id,))
    return offers.publish(work, edge.city, offers.create(work, new).offer_id)


def test_the_personal_export_has_the_euros_of_each_order(edge: Edge, bank: Bank) -> None:
    """A transfer with the payer's account, and money at the desk with its receipt; not who took it in."""
    person, token = edge.person()
    edge.give(person, 1000)
    offer = edge.database.run(edge.city.city_id, lambda work: _sauna(work, edge))
    till = paying.till(edge.app.state.services, edge.city)
    for way in ("transfer", "desk"):
        edge.call("POST", "/api/v1/orders", token, json={"offer_id": offer.offer_id, "way": way})
        till.advance_due()
    with edge.database.reading(edge.city.city_id) as reading:
        asked = [payments.of_order(reading, one.order_id) for one in orders.page(reading, person.owner)]
    names = {one.provider: one.provider_reference or "" for one in asked if one is not None}
    by_transfer, at_desk = names["transfer"], names["desk"]
    bank.take_in(camt(Credit(250, by_transfer)))
    place = Place("rathaus", "person/77")
    edge.database.run(
        edge.city.city_id,
        lambda work: taking.take(
            work, edge.city, at_desk, place, method=DeskMethod.CASH, receipt_number="R-9"
        ),
    )
    exported = edge.call("GET", "/api/v1/me/export", token).json()["orders"]
    found = {one["payment"]["provider"]: one for one in exported}
    assert ["Anna Beispiel"] == [one["payer_name"] for one in found["transfer"]["bank_receipts"]]
    assert [("R-9", 250)] == [(one["receipt_number"], one["cents"]) for one in found["desk"]["desk_payments"]]
    assert "person/77" not in str(exported)


def test_what_a_bank_takes_back_is_listed_until_it_is_decided(edge: Edge) -> None:
    """With amount, fee, the service's name for it and what to do; in the comparison, too; decided, it stays to be read."""
    person, token = edge.person()
    edge.give(person, 1000)
    offer = edge.database.run(edge.city.city_id, lambda work: _sauna(work, edge))
    edge.call("POST", "/api/v1/orders", token, json={"offer_id": offer.offer_id, "way": "test"})
    given = edge.app.state.services
    service, till = paying.sandbox(given, edge.city), paying.till(given, edge.city)
    service.pay("pay_1", How.CARD)
    dispute = service.dispute("pay_1")
    assert dispute is not None
    found = reconciling.run(given, edge.city, paying.providers(given, edge.city))
    assert reconciliations.Trouble.DISPUTE_OPEN in {one.trouble for one in found.differences}
    treasurer(edge)
    page = edge.client.get("/treasury/bank", headers=GERMAN).text
    assert all(text in page for text in ('data-dispute="open"', dispute, "15,00", "vor Ablauf der Frist"))
    service.decide(dispute, won=False)
    for message in service.take_messages():
        till.take_event(service.name, message.body, message.headers)
    assert 'data-dispute="lost"' in edge.client.get("/treasury/bank", headers=GERMAN).text
    again = reconciling.run(given, edge.city, paying.providers(given, edge.city))
    assert reconciliations.Trouble.DISPUTE_OPEN not in {one.trouble for one in again.differences}


def test_the_demonstration_has_a_statement_to_take_in(edge: Edge, bank: Bank) -> None:
    """One order paid, one too little, one for nobody; taken in twice, nothing changes."""
    asked = [bank.ask(500), bank.ask(700)]
    fields = treasurer(edge)
    path = "/treasury/bank-statements/example.xml"
    content = edge.client.get(path).content
    assert "bank-file-taken" in upload(edge, fields, content, "k1").headers["location"]
    assert [(500, Cause.MATCHED), (600, Cause.UNDERPAID), (4200, Cause.UNKNOWN)] == [
        (one.cents, one.cause) for one in bank.receipts()
    ]
    assert [PaymentStatus.SUCCEEDED, PaymentStatus.CREATED] == [bank.request(one).status for one in asked]
    assert "bank-file-known" in upload(edge, fields, content, "k2").headers["location"]
