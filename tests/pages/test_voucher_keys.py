"""Pages about the trust in vouchers: the keys for those who keep them, the moving code, the amber scan."""

import datetime as dt
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from api import key_alarms, mailing, services, voucher_keeping
from identity import persons
from identity.roles import Role
from kernel import outbox
from kernel.db import Work
from ledger import posting, transfers, wallets
from redemption import buying, codes, keys, live_codes, live_keys, offers
from redemption.live_codes import Liveness, LiveToken
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind
from redemption.offers import Offer
from redemption.vouchers import Voucher
from tests.api.edge import Edge
from tests.api.test_monitoring import scrape
from tests.browser import town as towns
from tests.browser.town import Town


def _live_offer(work: Work, venue_id: int) -> Offer:
    return offers.create(
        work,
        NewOffer(
            code="live",
            kind=OfferKind.POOL,
            titles={"de": "Schwimmen", "en": "Swim"},
            descriptions={"de": "Ein Bad.", "en": "A swim."},
            pictogram="pool",
            price_points=10,
            venue_ids=(venue_id,),
            valid_days=30,
            live_code=True,
        ),
    )


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_two_people_block_a_key_on_the_page(edge: Edge) -> None:
    """Alarm, request with its reason, not confirmed by who asked, confirmed by another, progress, audit log."""
    given = edge.app.state.services
    with edge.database.reading(edge.city.city_id) as reading:
        kid = keys.every(reading)[0].kid
    edge.database.run(edge.city.city_id, lambda work: keys.count_accepted(work, [kid]))
    voucher_keeping.keep(given, edge.city)
    _, asker = edge.person("asker@example.org", Role.ADMINISTRATOR)
    _, second = edge.person("second@example.org", Role.APPROVER)
    german = {"Accept-Language": "de"}

    fields = edge.browse(asker)
    page = edge.client.get("/office/voucher-keys", headers=german).text
    assert "Alarm: Jemand anderes unterschreibt mit diesem Schlüssel" in page
    edge.client.post(f"/office/voucher-keys/{kid}/blocks", data={"reason": "Fälschungen", **fields})
    own = edge.client.get("/office/voucher-keys", headers=german).text
    assert "Fälschungen" in own
    assert "/confirm" not in own
    fields = edge.browse(second)
    page = edge.client.get("/office/voucher-keys", headers=german).text
    (number,) = {part.split("/")[0] for part in page.split("/office/voucher-keys/blocks/")[1:]}
    answer = edge.client.post(f"/office/voucher-keys/blocks/{number}/confirm", data=fields)
    assert 303 == answer.status_code
    voucher_keeping.keep(given, edge.city)
    page = edge.client.get("/office/voucher-keys", headers=german).text
    assert "Gesperrt" in page
    assert "offene Gutscheine haben einen neuen Code" in page
    assert {"key-block-asked", "key-blocked"} <= set(edge.audited())
    status = edge.client.get("/status.json").json()["voucher_keys"]
    assert {"blocked", "active"} == {one["status"] for one in status["keys"]}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_administrators_are_told_what_to_do(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """One e-mail each, with the key and where to block it; the figures of the key are among the metrics."""
    given, sent = edge.app.state.services, list[str]()
    monkeypatch.setattr(mailing, "send", lambda _, to, subject, body: sent.append(f"{to}|{subject}|{body}"))
    edge.person("anna@example.org", Role.ADMINISTRATOR)
    edge.person("tom@example.org", Role.TREASURER)
    with edge.database.reading(edge.city.city_id) as reading:
        kid = keys.every(reading)[0].kid
    edge.database.run(edge.city.city_id, lambda work: keys.count_accepted(work, [kid]))
    for _ in range(2):
        voucher_keeping.keep(given, edge.city)
    for topic, act in ((keys.TOPIC_ALARM, key_alarms.spread), (key_alarms.TOPIC_MAIL, key_alarms.send)):
        with edge.database.reading(edge.city.city_id) as reading:
            due = [one for one in outbox.due(reading) if one.topic == topic]
        for one in due:
            follows = act(given, edge.city, one.payload)
            if follows is not None:
                edge.database.run(edge.city.city_id, follows)

    (mail,) = sent
    assert mail.startswith("anna@example.org|Alarm")
    assert kid in mail
    assert "/office/voucher-keys" in mail
    figures = scrape(edge)
    labels = f"{{duisburg,{kid},active}}"
    assert (0, 1) == tuple(figures[f"duiscoin_voucher_key_{name}{labels}"] for name in ("issued", "accepted"))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_venue_confirms_that_the_code_moves(edge: Edge) -> None:
    """Amber names how far the clock is off and offers one button; with it the guest is let in. Still codes are not."""
    given, city_id = edge.app.state.services, edge.city.city_id
    guest, _ = edge.person("guest@example.org")
    edge.give(guest, 100)
    _, staff = edge.person("paul@example.org", Role.VENUE_STAFF)

    def buy(work: Work) -> Voucher:
        offer = _live_offer(work, edge.pool.venue_id)
        offers.publish(work, edge.city, offer.offer_id)
        return buying.buy(work, edge.city, guest.owner, offer.offer_id, given.sealer)

    voucher = edge.database.run(city_id, buy)
    with edge.database.reading(city_id) as reading:
        made = {one.day: one.key for one in live_keys.of_voucher(reading, given.sealer, voucher)}
        step = live_codes.step_at(int(reading.now.timestamp())) - 6
    slow = codes.live_text(live_codes.write(voucher.token, step, made[live_codes.day_of(step)]))
    fields = edge.browse(staff)
    edge.client.post("/venue/devices/here", data={"venue_id": str(edge.pool.venue_id), **fields})

    def scan(text: str, key: str, **more: str) -> str:
        form = {**fields, "idempotency_key": key, "code": text, **more}
        return str(edge.client.post("/venue", data=form, headers={"Accept-Language": "de"}).text)

    assert 'data-code="live-code-needed"' in scan(codes.app_text(voucher.token), "still")
    amber = scan(slow, "first")
    assert 'data-code="phone-clock-off"' in amber
    assert "90 Sekunden nach" in amber
    assert "Er bewegt sich: Gast einlassen" in amber
    assert 'data-code="accepted"' in scan(slow, "second", seen_moving="yes")
    voucher_keeping.keep(given, edge.city)
    assert (
        "Liste ungültiger Gutscheine: Nummer 1"
        in edge.client.get("/venue/today", headers={"Accept-Language": "de"}).text
    )


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_code_on_the_phone_moves(town: Town, page: Page, tmp_path: Path) -> None:
    """What the browser draws, another engine reads: it is live by the city's clock, whatever the phone's says."""
    sealer = services.sealer(towns.settings(town.database, tmp_path))
    link = town.link("anna@example.org")

    def buy(work: Work) -> Voucher:
        person = persons.by_email(work, "anna@example.org")
        assert person is not None
        lot = wallets.open_lot(work, person.owner, dt.date(2028, 12, 31))
        gift = transfers.post(work.ids.uuid(), "issued", lot, 50, effective=work.now.date(), purpose="test")
        posting.post_or_raise(work, [gift])
        return buying.buy(work, town.city, person.owner, town.swim.offer_id, sealer)

    voucher = town.database.run(town.city.city_id, buy)
    page.goto(link)
    page.get_by_role("button", name="Anmelden").click()
    page.goto(f"{town.url}/vouchers/{voucher.voucher_id}")
    expect(page.locator("[data-live-sign]")).to_be_visible()

    picture = Image.open(BytesIO(page.locator("[data-live-code]").screenshot()))
    read = codes.parse(zxingcpp.read_barcodes(picture)[0].text)
    assert isinstance(read, LiveToken)
    assert voucher.token == read.token
    with town.database.reading(town.city.city_id) as reading:
        day_keys = live_keys.for_checking(reading, sealer, voucher.venue_ids)
        now = int(reading.now.timestamp())
    judged = live_codes.judge(read, bytes.fromhex(voucher.voucher_id), now, day_keys)
    assert Liveness.LIVE is judged.liveness
