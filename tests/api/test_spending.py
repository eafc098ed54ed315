"""Offers, vouchers, scanning and fines over the API."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from identity.roles import Role
from kernel.clock import FixedClock
from redemption import fine_references
from redemption.fines import DueKind, FinePayment
from tests.api import dues
from tests.api.edge import Edge

PAST = dt.datetime(2026, 4, 1, 9, 0, tzinfo=dt.UTC)


def rich(edge: Edge, points: int = 1000) -> str:
    """Return the token of a citizen who has points."""
    person, token = edge.person()
    edge.give(person, points)
    return token


def buy(edge: Edge, token: str, key: str = "") -> Any:
    """Buy a ticket for the pool."""
    headers = {"Idempotency-Key": key} if key else {}
    body = {"offer_id": edge.swim.offer_id}
    return edge.call("POST", "/api/v1/vouchers", token, json=body, headers=headers)


def scan(edge: Edge, device: str, text: str, nonce: str | None = None) -> Any:
    """Scan a code at the pool."""
    body = {"text": text} if nonce is None else {"text": text, "nonce": nonce}
    return edge.call("POST", "/api/v1/scans", device, json=body)


def new_offer(edge: Edge, **changes: object) -> dict[str, object]:
    """Return a body that makes an offer."""
    return {
        "code": "sauna",
        "kind": "ticket",
        "titles": {"de": "Sauna", "en": "Sauna"},
        "descriptions": {"de": "Ein Besuch.", "en": "One visit."},
        "pictogram": "pool",
        "price_points": 80,
        "value_cents": 900,
        "venue_ids": [edge.pool.venue_id],
        "places": 2,
        "valid_days": 10,
        **changes,
    }


def test_an_offer_is_drafted_published_enlarged_and_withdrawn(edge: Edge) -> None:
    """Each step is the administrator's, is in the log, and shows on sale what can be bought only."""
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)
    made = edge.call("POST", "/api/v1/offers", admin, json=new_offer(edge)).json()
    path = f"/api/v1/offers/{made['offer_id']}"

    assert (404, "offer-not-found") == edge.refused(edge.call("GET", path))
    assert "draft" == edge.call("GET", path, admin).json()["status"]
    assert {"left": 2, "reserved": 0, "used": 0} == edge.call("POST", f"{path}/publication", admin).json()[
        "places"
    ]
    assert 200 == edge.call("GET", path).status_code
    more = edge.call("POST", f"{path}/places", admin, json={"count": 3}).json()
    assert 5 == more["places"]["left"]
    assert made["offer_id"] in [one["offer_id"] for one in edge.call("GET", "/api/v1/offers").json()]
    assert "withdrawn" == edge.call("POST", f"{path}/withdrawal", admin).json()["status"]
    assert made["offer_id"] not in [one["offer_id"] for one in edge.call("GET", "/api/v1/offers").json()]
    assert made["offer_id"] in [
        one["offer_id"] for one in edge.call("GET", "/api/v1/offers/all", admin).json()
    ]
    done = [one for one in edge.audited() if one.startswith(("offer-", "places-"))]
    assert ["offer-created", "offer-published", "places-added", "offer-withdrawn"] == done


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"titles": {"en": "Sauna"}}, "offer-title-missing"),
        ({"price_points": 0}, "offer-price-invalid"),
        ({"price_points": 2**63}, "request-invalid"),
        ({"venue_ids": [77]}, "venue-not-found"),
        ({"kind": "yacht"}, "request-invalid"),
    ],
)
def test_a_wrong_offer_is_refused(edge: Edge, change: dict[str, object], code: str) -> None:
    """Nothing is saved."""
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)

    answer = edge.call("POST", "/api/v1/offers", admin, json=new_offer(edge, **change))

    assert code == edge.refused(answer)[1]
    assert "offer-created" not in edge.audited()


def test_points_buy_a_voucher_that_lets_in_once(edge: Edge) -> None:
    """Bought, shown, scanned green, scanned again red with the time of the first use."""
    anna, device = rich(edge), edge.device()
    bought = buy(edge, anna)
    voucher = bought.json()
    reserved = edge.call("GET", "/api/v1/wallet", anna).json()

    first, second = scan(edge, device, voucher["text"]), scan(edge, device, voucher["text"])

    assert (201, "usable", 40) == (bought.status_code, voucher["status"], voucher["points"])
    assert (960, 40) == (reserved["available"], reserved["reserved"])
    assert ("accepted", "green") == (first.json()["code"], first.json()["colour"])
    assert ("already-used", "red") == (second.json()["code"], second.json()["colour"])
    assert first.json()["scanned_at"] == second.json()["first_used_at"]
    assert all(one.json()["title"] and one.json()["sentence"] for one in (first, second))
    path = f"/api/v1/vouchers/{voucher['voucher_id']}"
    assert "redeemed" == edge.call("GET", path, anna).json()["status"]
    assert [voucher["voucher_id"]] == [
        one["voucher_id"] for one in edge.call("GET", "/api/v1/vouchers", anna).json()["items"]
    ]


def test_a_code_typed_by_hand_lets_in(edge: Edge) -> None:
    """The ten characters do as well as the picture."""
    anna, device = rich(edge), edge.device()

    assert "accepted" == scan(edge, device, buy(edge, anna).json()["manual_code"]).json()["code"]


def test_a_repeated_scan_gets_its_verdict_again(edge: Edge) -> None:
    """The same nonce is the same scan, after a lost answer; for another code it is refused."""
    anna, device = rich(edge), edge.device()
    text, other = buy(edge, anna).json()["text"], buy(edge, anna).json()["text"]

    first, again = scan(edge, device, text, "n-1"), scan(edge, device, text, "n-1")

    assert first.json() == again.json()
    assert (409, "scan-nonce-reused") == edge.refused(scan(edge, device, other, "n-1"))
    keyed = {"headers": {"Idempotency-Key": "scan-1"}, "json": {"text": other}}
    assert "accepted" == edge.call("POST", "/api/v1/scans", device, **keyed).json()["code"]
    assert "accepted" == edge.call("POST", "/api/v1/scans", device, **keyed).json()["code"]


def test_the_device_sees_its_day(edge: Edge, clock: FixedClock) -> None:
    """Scans of today in pages and in figures; yesterday's are not among them."""
    anna, device = rich(edge), edge.device()
    scan(edge, device, buy(edge, anna).json()["text"])
    clock.advance(dt.timedelta(days=1))
    text = buy(edge, anna).json()["text"]
    codes = [scan(edge, device, one).json()["code"] for one in (text, text, "DC1:NONSENSE")]

    page = edge.call("GET", "/api/v1/scans?limit=2", device).json()
    rest = edge.call("GET", f"/api/v1/scans?limit=2&before={page['next']}", device).json()
    figures = edge.call("GET", "/api/v1/scans/summary", device).json()

    assert list(reversed(codes)) == [one["code"] for one in page["items"] + rest["items"]]
    assert rest["next"] is None
    assert (3, 1, 1) == (
        figures["scans"],
        figures["verdicts"]["accepted"],
        figures["verdicts"]["already-used"],
    )


def test_a_blocked_device_scans_no_more(edge: Edge) -> None:
    """The owner of the venue enrols and blocks; another venue's is none of their business."""
    _, owner = edge.person("olga@example.org", Role.VENUE_OWNER)
    path = f"/api/v1/venues/{edge.pool.venue_id}/devices"
    made = edge.call("POST", path, owner, json={"name": "Kasse 2"}).json()

    assert 200 == edge.call("GET", "/api/v1/scans", made["token"]).status_code
    assert [made["device_id"]] == [one["device_id"] for one in edge.call("GET", path, owner).json()]
    assert (403, "other-venue") == edge.refused(
        edge.call("POST", "/api/v1/venues/2/devices", owner, json={"name": "x"})
    )
    assert 204 == edge.call("DELETE", f"/api/v1/devices/{made['device_id']}", owner).status_code
    assert (401, "device-revoked") == edge.refused(edge.call("GET", "/api/v1/scans", made["token"]))
    assert (404, "device-not-found") == edge.refused(edge.call("DELETE", "/api/v1/devices/9", owner))
    assert ["device-enrolled", "device-revoked"] == edge.audited()[-2:]


def test_typing_is_slowed_down(edge: Edge) -> None:
    """Who guesses codes by hand gets ten tries a minute."""
    device = edge.device()
    answers = [scan(edge, device, f"AAAAA{n:05}") for n in range(11)]

    assert [200] * 10 == [one.status_code for one in answers[:10]]
    assert (429, "too-many-requests") == edge.refused(answers[10])


def test_a_voucher_is_given_back_before_use_only(edge: Edge) -> None:
    """Its points and its place return; a used one stays used."""
    anna, device = rich(edge), edge.device()
    voucher, used = buy(edge, anna).json(), buy(edge, anna).json()
    scan(edge, device, used["text"])

    back = edge.call("POST", f"/api/v1/vouchers/{voucher['voucher_id']}/cancellation", anna)
    refused = edge.call("POST", f"/api/v1/vouchers/{used['voucher_id']}/cancellation", anna)

    assert "cancelled" == back.json()["status"]
    assert (409, "voucher-already-used") == edge.refused(refused)
    assert 960 == edge.call("GET", "/api/v1/wallet", anna).json()["available"]
    assert 4 == edge.call("GET", f"/api/v1/offers/{edge.swim.offer_id}").json()["places"]["left"]


def test_the_code_comes_as_a_picture(edge: Edge) -> None:
    """SVG and PNG, for its owner; another form is not there."""
    anna = rich(edge)
    _, eve = edge.person("eve@example.org")
    path = f"/api/v1/vouchers/{buy(edge, anna).json()['voucher_id']}"

    svg, png = edge.call("GET", f"{path}/qr.svg", anna), edge.call("GET", f"{path}/qr.png", anna)

    assert ("image/svg+xml", b"<svg") == (
        svg.headers["content-type"],
        svg.content[svg.content.index(b"<svg") :][:4],
    )
    assert ("image/png", b"\x89PNG") == (png.headers["content-type"], png.content[:4])
    assert (422, "request-invalid") == edge.refused(edge.call("GET", f"{path}/qr.bmp", anna))
    assert (404, "voucher-not-found") == edge.refused(edge.call("GET", f"{path}/qr.svg", eve))
    assert (404, "voucher-not-found") == edge.refused(edge.call("GET", path, eve))


def test_what_can_not_be_paid_is_not_sold(edge: Edge) -> None:
    """Too few points, an unknown offer, no place left: each has its code and changes nothing."""
    poor, anna = edge.person("poor@example.org")[1], rich(edge)

    assert (409, "insufficient-points") == edge.refused(buy(edge, poor))
    assert (404, "offer-not-found") == edge.refused(
        edge.call("POST", "/api/v1/vouchers", anna, json={"offer_id": 99})
    )
    assert [201] * 5 == [buy(edge, anna).status_code for _ in range(5)]
    assert (409, "sold-out") == edge.refused(buy(edge, anna))


def test_a_fine_is_paid_in_full_with_points(edge: Edge) -> None:
    """Looked up by its reference, paid once; the repeated request gets its receipt, another one a refusal."""
    dues.sell(edge)
    anna, reference = rich(edge), dues.owed(edge)
    found = edge.call("GET", f"/api/v1/fines/{reference.lower()}", anna).json()
    path, keyed = f"/api/v1/fines/{reference}/payment", {"Idempotency-Key": "pay"}

    paid, again = (edge.call("POST", path, anna, headers=keyed) for _ in range(2))

    assert (300, 300) == (found["amount_cents"], found["points"])
    assert (201, 201) == (paid.status_code, again.status_code)
    assert paid.json() == again.json()
    assert (409, "fine-already-paid") == edge.refused(edge.call("POST", path, anna))
    assert 700 == edge.call("GET", "/api/v1/wallet", anna).json()["available"]
    receipts = edge.call("GET", "/api/v1/fines/payments", anna).json()
    assert [reference] == [one["reference"] for one in receipts["items"]]


def test_a_paid_fine_answers_a_repeat_also_when_the_register_knows(edge: Edge) -> None:
    """Between request and repeat the register may have learned of the payment."""
    dues.sell(edge)
    anna, reference = rich(edge), dues.owed(edge)
    path, keyed = f"/api/v1/fines/{reference}/payment", {"Idempotency-Key": "pay"}
    paid = edge.call("POST", path, anna, headers=keyed)
    register = edge.app.state.services.fine_register(edge.city)
    receipt = paid.json()
    payment = FinePayment(
        int(receipt["payment_id"]),
        reference,
        receipt["amount_cents"],
        dt.datetime.fromisoformat(receipt["paid_at"]),
    )
    register.report_payment(payment)

    assert receipt == edge.call("POST", path, anna, headers=keyed).json()
    assert (409, "fine-already-paid") == edge.refused(edge.call("GET", f"/api/v1/fines/{reference}", anna))


def test_a_fee_is_looked_up_and_paid_like_a_fine(edge: Edge) -> None:
    """The answer says what it is for; without an offer for fees it can't be paid here."""
    anna, reference = rich(edge), dues.owed(edge, DueKind.FEE)
    path = f"/api/v1/fines/{reference}/payment"
    assert (409, "dues-not-taken") == edge.refused(edge.call("POST", path, anna))
    dues.sell(edge, DueKind.FEE)
    found = edge.call("GET", f"/api/v1/fines/{reference}", anna).json()
    paid = edge.call("POST", path, anna)
    assert ("fee", "Bewohnerparkausweis", 300) == (found["kind"], found["title"], found["amount_cents"])
    assert (201, "fee", 0) == (paid.status_code, paid.json()["kind"], paid.json()["paid_cents"])
    history = edge.call("GET", "/api/v1/wallet/transactions", anna).json()["items"]
    assert [("Gebühr bezahlt", reference, -300)] == [
        (one["title"], one["reason"], one["change"]) for one in history if one["change"] < 0
    ]


def test_fines_can_not_be_tried_out(edge: Edge) -> None:
    """Unknown and mistyped references are told apart, and after twenty an hour passes; paying counts too."""
    anna = rich(edge)
    unknown = fine_references.derive("DU", "unknown")

    assert (404, "fine-not-found") == edge.refused(edge.call("GET", f"/api/v1/fines/{unknown}", anna))
    assert (422, "reference-invalid") == edge.refused(edge.call("GET", "/api/v1/fines/DU-1", anna))
    for _ in range(18):
        edge.call("POST", f"/api/v1/fines/{unknown}/payment", anna)
    assert (429, "too-many-requests") == edge.refused(edge.call("GET", f"/api/v1/fines/{unknown}", anna))


def test_a_fine_that_is_too_dear_stays_unpaid(edge: Edge) -> None:
    """In full or not at all."""
    dues.sell(edge)
    anna, reference = rich(edge, 100), dues.owed(edge)

    assert (409, "insufficient-points") == edge.refused(
        edge.call("POST", f"/api/v1/fines/{reference}/payment", anna)
    )
    assert 100 == edge.call("GET", "/api/v1/wallet", anna).json()["available"]


def test_a_device_takes_a_scan_back(edge: Edge) -> None:
    """Once, with the same answer under another key; what took nothing or was never scanned is refused."""
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)
    body = new_offer(edge, terms={"uses": 3, "undo_minutes": 5})
    made = edge.call("POST", "/api/v1/offers", admin, json=body).json()
    edge.call("POST", f"/api/v1/offers/{made['offer_id']}/publication", admin)
    bought = edge.call("POST", "/api/v1/vouchers", rich(edge), json={"offer_id": made["offer_id"]}).json()
    device = edge.device()
    scanned = edge.call(
        "POST", "/api/v1/scans", device, json={"text": bought["manual_code"], "uses": 2}
    ).json()
    assert (True, ["For 2 persons", "1 of 3 left"]) == (bool(scanned["undo_until"]), scanned["notes"])

    path = f"/api/v1/scans/{scanned['scan_id']}/undo"
    first = edge.call("POST", path, device).json()
    assert (2, 3) == (first["count"], first["left"])
    assert first == edge.call("POST", path, device).json()
    assert (404, "scan-not-found") == edge.refused(edge.call("POST", "/api/v1/scans/1/undo", device))
    wrong = edge.call("POST", "/api/v1/scans", device, json={"text": "nonsense"}).json()
    refused = edge.call("POST", f"/api/v1/scans/{wrong['scan_id']}/undo", device)
    assert (409, "undo-nothing") == edge.refused(refused)


def test_64_clients_redeem_one_voucher_and_one_wins(edge: Edge) -> None:
    """All at once, over HTTP, each with a nonce of its own: 63 are told that it is used, at which till and when."""
    device = edge.device()
    text = buy(edge, rich(edge)).json()["text"]
    start = threading.Barrier(64)

    def redeem(number: int) -> Any:
        start.wait()
        headers = {"Authorization": f"Bearer {device}", "Idempotency-Key": f"scan-{number}"}
        body = {"text": text, "nonce": f"n-{number}"}
        return edge.client.post("/api/v1/scans", json=body, headers=headers).json()

    with ThreadPoolExecutor(64) as pool:
        told = list(pool.map(redeem, range(64)))
    won = [one for one in told if one["code"] == "accepted"]
    lost = [one for one in told if one["code"] == "already-used"]
    assert (1, 63) == (len(won), len(lost))
    assert {won[0]["scanned_at"]} == {one["first_used_at"] for one in lost}
    assert {"Kasse"} == {one["sentence"].rpartition("Kasse")[1] for one in lost}
