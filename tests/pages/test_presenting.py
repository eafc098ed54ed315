"""Redeeming on the guest's own phone, page by page without any script, and by the API."""

import io
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pypdf
import pytest

from identity.roles import Role
from redemption import offers, presented_venues
from redemption.offer_terms import Terms
from tests.api.edge import Edge
from tests.redemption.office import SWIM

GERMAN = {"Accept-Language": "de"}


def post(edge: Edge, token: str, path: str, **typed: Any) -> Any:
    """Send a form."""
    return edge.client.post(path, data={**typed, **edge.browse(token)}, headers=GERMAN)


def get(edge: Edge, token: str, path: str) -> str:
    """Open a page."""
    edge.browse(token)
    answer = edge.client.get(path, headers=GERMAN)
    assert 200 == answer.status_code, (path, answer.status_code)
    return str(answer.text)


@pytest.fixture
def on(edge: Edge) -> tuple[str, int]:
    """Give an owner whose pool has it turned on by the pages, for an offer of 4.50 euros that can be undone."""

    def make(work: Any) -> int:
        new = replace(
            SWIM,
            code="counter",
            venue_ids=(edge.pool.venue_id,),
            price_points=40,
            terms=Terms(undo_minutes=5),
        )
        return offers.publish(work, edge.city, offers.create(work, new).offer_id).offer_id

    offer_id = edge.database.run(edge.city.city_id, make)
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)
    _, owner = edge.person("owner@example.org", Role.VENUE_OWNER)
    pool = edge.pool.venue_id
    assert "nicht möglich" in get(edge, owner, f"/venue/presented?venue_id={pool}")
    limits = {
        "venue_id": "0",
        "allowed": "yes",
        "value_cents_max": "10",
        "person_day_cents": "9",
        "venue_day_cents": "300",
    }
    wrong = post(edge, admin, "/office/presented", **limits)
    assert (422, True) == (wrong.status_code, 'id="person_day_cents-error"' in wrong.text)
    assert (
        "presented-saved"
        in post(edge, admin, "/office/presented", **limits | {"person_day_cents": "20"}).headers["location"]
    )
    nothing = post(edge, owner, "/venue/presented", venue_id=pool)
    assert (422, True) == (nothing.status_code, "mindestens ein Angebot" in nothing.text)
    done = post(edge, owner, "/venue/presented", venue_id=pool, offer_ids=[offer_id])
    assert "presented-on" in done.headers["location"]
    return owner, offer_id


def text_of(edge: Edge, token: str, path: str) -> str:
    """Return what a PDF says."""
    edge.browse(token)
    answer = edge.client.get(path, headers=GERMAN)
    assert "application/pdf" == answer.headers["content-type"]
    read = pypdf.PdfReader(io.BytesIO(answer.content))
    return " ".join(" ".join(page.extract_text() for page in read.pages).split())


def poster_of(edge: Edge) -> str:
    """Return the path on the pool's newest poster."""
    sealer = edge.app.state.services.sealer
    with edge.database.reading(edge.city.city_id) as reading:
        return f"/at/{presented_venues.secrets_of(reading, sealer, edge.pool.venue_id)[-1].poster}"


def test_from_the_poster_to_taken_back(edge: Edge, on: tuple[str, int]) -> None:
    """Poster, sign-in, voucher, question, burn, digits; reload and back redeem nothing; the owner undoes."""
    owner, offer_id = on
    pool = edge.pool.venue_id
    assert "geheim" in text_of(edge, owner, f"/venue/presented/card.pdf?venue_id={pool}")
    assert "Auf dem Handy einlösen" in text_of(edge, owner, f"/venue/presented/poster.pdf?venue_id={pool}")
    poster = poster_of(edge)
    edge.client.cookies.clear()
    assert f"/sign-in?next={poster}" in edge.client.get(poster, headers=GERMAN).text
    anna, token = edge.person()
    assert "keinen Gutschein" in get(edge, token, poster)
    edge.give(anna, 1000)
    voucher = edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": offer_id}).json()
    ask = f"/vouchers/{voucher['voucher_id']}/present"
    assert f"{ask}?venue_id={pool}" in get(edge, token, poster)
    assert "Kein Scanner da?" in get(edge, token, f"/vouchers/{voucher['voucher_id']}")
    assert "Nur vor dem Personal" in get(edge, token, f"{ask}?venue_id={pool}")
    form = {"venue_id": pool, "left": 1, "uses": 1, **edge.browse(token)}
    sent = [edge.client.post(ask, data=form, headers=GERMAN) for _ in range(2)]
    (shown,) = {one.headers["location"] for one in sent}
    page = get(edge, token, shown)
    (digits,) = re.findall(r"(\d{3} \d{3})\s*</p>", page)
    assert digits.replace(" ", "") in page
    assert ("4,50" in page, "Nummer" in page, edge.pool.name in page) == (True, True, True)
    # Another phone with the page of before, and the voucher's page, lead to the same digits.
    assert shown == post(edge, token, ask, venue_id=pool, left=1, uses=1).headers["location"]
    assert shown in get(edge, token, f"/vouchers/{voucher['voucher_id']}")
    _, ben = edge.person("ben@example.org")
    edge.browse(ben)
    assert 404 == edge.client.get(shown, headers=GERMAN).status_code
    _, staff = edge.person("staff@example.org", Role.VENUE_STAFF)
    (number,) = re.findall(r"data-number>(\d{3})<", page)
    assert f'data-number="{number}"' in get(edge, staff, f"/venue/today?venue_id={pool}")
    listed = get(edge, owner, f"/venue/presented?venue_id={pool}")
    assert "Zurücknehmen" in listed
    number = shown.rpartition("/")[2]
    undone = post(edge, owner, f"/venue/presented/uses/{number}/undo", venue_id=pool)
    assert "presented-undone" in undone.headers["location"]
    assert "zurückgenommen" in get(edge, token, shown)
    assert "usable" == edge.call("GET", f"/api/v1/vouchers/{voucher['voucher_id']}", token).json()["status"]
    late = post(edge, token, ask, venue_id=pool, left=9, uses=1)
    assert (409, True) == (late.status_code, "gerade eben eingelöst" in late.text)
    assert ["presented-policy-set", "presented-on", "presented-undone"] == [
        one for one in edge.audited() if one.startswith("presented-")
    ]


def test_the_owner_makes_new_ones_and_turns_it_off(edge: Edge, on: tuple[str, int]) -> None:
    """An old poster says that it is old; off means that codes are scanned; another's venue stays closed."""
    owner, _ = on
    pool, old = edge.pool.venue_id, poster_of(edge)
    assert (
        "presented-reissued"
        in post(edge, owner, "/venue/presented/reissue", venue_id=pool, when="now").headers["location"]
    )
    gone = edge.client.get(old, headers=GERMAN)
    assert (410, True) == (gone.status_code, "Aushang ist alt" in gone.text)
    assert 404 == edge.client.get("/at/1-1-AAAAAAAAAAAAAAAA", headers=GERMAN).status_code
    tonight = post(edge, owner, "/venue/presented/reissue", venue_id=pool, when="tonight")
    assert "gilt ab" in get(edge, owner, tonight.headers["location"])
    assert "presented-off" in post(edge, owner, "/venue/presented/off", venue_id=pool).headers["location"]
    assert "zurzeit gescannt" in edge.client.get(poster_of(edge), headers=GERMAN).text
    assert 403 == post(edge, owner, "/venue/presented/off", venue_id=99).status_code
    assert edge.pool.name in edge.client.get(f"/check/{pool}", headers=GERMAN).text


def test_by_the_api(edge: Edge, on: tuple[str, int]) -> None:
    """The same by other systems: where, burn once for a key, digits again, refusals as problem documents."""
    _, offer_id = on
    anna, token = edge.person()
    edge.give(anna, 1000)
    path = "/api/v1/vouchers/{}/presented"
    voucher, other = (
        edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": number}).json()["voucher_id"]
        for number in (offer_id, edge.swim.offer_id)
    )
    poster = edge.call("GET", f"/api/v1/posters/{urlsplit(poster_of(edge)).path.rpartition('/')[2]}").json()
    assert (edge.pool.venue_id, True, [offer_id]) == (poster["venue_id"], poster["open"], poster["offer_ids"])
    assert [None] == [one["refusal"] for one in edge.call("GET", path.format(voucher), token).json()]
    (refused,) = edge.call("GET", path.format(other), token).json()
    assert ("presented-off", True) == (refused["refusal"], bool(refused["sentence"]))
    body = {"venue_id": edge.pool.venue_id, "left": 1}
    key = {"Idempotency-Key": "once"}
    made = [edge.call("POST", path.format(voucher), token, json=body, headers=key) for _ in range(2)]
    assert [201, 201] == [one.status_code for one in made]
    first, again = (one.json() for one in made)
    assert first["presented_id"] == again["presented_id"]
    assert (450, 1) == (first["value_cents"], first["card"])
    assert all(re.fullmatch(r"\d{6}", one["code"]) for one in first["codes"])
    same = edge.call("GET", f"{path.format(voucher)}/{first['presented_id']}", token).json()
    assert first["codes"] == same["codes"]
    assert 404 == edge.call("GET", f"{path.format(other)}/{first['presented_id']}", token).status_code
    second = edge.call("POST", path.format(voucher), token, json=body)
    assert (409, "presented-used") == edge.refused(second)
    assert (409, "presented-off") == edge.refused(edge.call("POST", path.format(other), token, json=body))
