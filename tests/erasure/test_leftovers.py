"""What erasing leaves to the worker, to the register of fines and to the person's own decision."""

import datetime as dt
import random

import pytest

from kernel import outbox
from kernel.clock import FixedClock
from redemption import fine_references, paying_fines
from redemption.fines import Fine
from tests.api.edge import Edge
from tests.erasure.lives import EARLIER, Town
from web import formats

WORDS = {
    "de": ("Was Sie jetzt verlieren würden", "Bitte bestätigen Sie", "Unbenutzter Gutschein"),
    "en": ("What you would lose now", "Please confirm", "Unused voucher"),
}


@pytest.fixture
def town(edge: Edge, clock: FixedClock) -> Town:
    """Give a town with one citizen."""
    town = Town(edge, clock, random.Random(7))
    town.move_in("Anna")
    return town


@pytest.mark.parametrize("language", WORDS)
def test_the_page_says_what_is_lost_and_asks(town: Town, language: str) -> None:
    """Points, promises, vouchers and open reports are named; without the tick nothing is erased."""
    edge, anna = town.edge, town.citizens[0]
    loss, asked, voucher = WORDS[language]
    edge.call("PATCH", "/api/v1/me", anna.token, json={"language": language})
    town.buy(anna)
    town.suggest(anna)
    fields = edge.browse(anna.token)

    page = edge.client.get("/account/delete").text
    refused = edge.client.post("/account/delete", data=fields)

    for said in (loss, voucher, formats.number(400, language)):
        assert said in page
    assert (422, True) == (refused.status_code, asked in refused.text)
    assert 200 == edge.call("GET", "/api/v1/me", anna.token).status_code
    assert 303 == edge.client.post("/account/delete", data={**fields, "confirmed": "yes"}).status_code
    assert 401 == edge.call("GET", "/api/v1/me", anna.token).status_code


def test_photos_go_even_after_a_crash(town: Town) -> None:
    """They are deleted after the commit: if the worker dies before or in between, the next one does it."""
    edge, anna = town.edge, town.citizens[0]
    town.report(anna)
    (key,) = town.stored_files(anna)
    photo = edge.app.state.services.settings.data_directory / edge.city.slug / "photos" / key
    edge.call("DELETE", "/api/v1/me", anna.token)
    assert photo.exists()
    # Something that can't be deleted as a file stands in the way of the first attempt.
    photo.unlink()
    photo.mkdir()
    town.deliver()
    photo.rmdir()
    photo.write_bytes(b"again")
    town.clock.advance(dt.timedelta(minutes=1))

    town.deliver()

    assert not photo.exists()
    with edge.database.reading(edge.city.city_id) as reading:
        assert 0 == outbox.undelivered_count(reading)


def test_a_fine_that_the_register_awaits_is_still_reported(town: Town) -> None:
    """Until the register knows, it can't be paid again, but nobody is named; then the row goes, too."""
    edge, anna = town.edge, town.citizens[0]
    town.pay(anna)
    reference = fine_references.derive("DU", "fine 1")
    edge.call("DELETE", "/api/v1/me", anna.token)

    with edge.database.reading(edge.city.city_id) as reading:
        waiting = paying_fines.get(reading, reference)
    assert ("erased", None) == (waiting.owner, waiting.group_id)
    bela = town.move_in("Bela")
    again = edge.call("POST", f"/api/v1/fines/{reference}/payment", bela.token)
    assert (409, "fine-already-paid") == edge.refused(again)

    town.deliver()
    with edge.database.reading(edge.city.city_id) as reading:
        assert paying_fines.find(reading, reference) is None
    known = edge.app.state.services.fine_register(edge.city).find(reference)
    assert known == Fine(reference, 60, EARLIER, "Königstraße 10", ("112454",), is_paid=True)
    again = edge.call("POST", f"/api/v1/fines/{reference}/payment", bela.token)
    assert (409, "fine-already-paid") == edge.refused(again)


def test_a_used_voucher_of_somebody_erased_opens_nothing(town: Town) -> None:
    """Used or not, its code is unknown from then on; the venue's day keeps its scans and figures."""
    edge, anna = town.edge, town.citizens[0]
    town.buy(anna)
    town.buy(anna)
    used, unused = anna.vouchers
    edge.call("POST", "/api/v1/scans", town.device, json={"text": used["text"], "nonce": "first"})
    before = edge.call("GET", "/api/v1/scans/summary", town.device).json()

    edge.call("DELETE", "/api/v1/me", anna.token)
    town.deliver()

    assert before == edge.call("GET", "/api/v1/scans/summary", town.device).json()
    for one in (used, unused):
        answer = edge.call("POST", "/api/v1/scans", town.device, json={"text": one["text"]}).json()
        assert "unknown-voucher" == answer["code"]
    asked_again = edge.call(
        "POST", "/api/v1/scans", town.device, json={"text": used["text"], "nonce": "first"}
    ).json()
    assert ("accepted", None) == (asked_again["code"], asked_again["voucher_id"])
