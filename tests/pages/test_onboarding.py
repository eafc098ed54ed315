"""A place becomes a venue on the pages: applies, is asked back, signs; the city signs; the owner gets ready."""

import re
from typing import Any

import pytest

from api import working
from identity import postbox
from identity.roles import Role
from kernel import outbox
from merchants import applications, venues
from rewards import evidence
from tests.api.edge import Edge
from tests.merchants.test_onboarding import PDF, TYPED

GERMAN = {"Accept-Language": "de"}


class Owner:
    """The owner of a café at their computer, and the city's administrator at hers."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.ayse, self.token = edge.person("ayse@cafe.test")
        self.clerk, self.office = edge.person("amt@duisburg.test", Role.ADMINISTRATOR)

    def get(self, path: str, token: str | None = None) -> Any:
        """Open a page, as the owner unless another token is given."""
        self.edge.browse(token or self.token)
        return self.edge.client.get(path, headers=GERMAN)

    def send(self, path: str, data: dict[str, str], token: str | None = None, **rest: Any) -> Any:
        """Send a form."""
        fields = self.edge.browse(token or self.token)
        return self.edge.client.post(path, data=data | fields, headers=GERMAN, **rest)

    def apply(self, **changes: str) -> Any:
        """Send the form with a proof."""
        files = {"proof": ("Gewerbeschein.pdf", PDF, "text/plain")}
        return self.send("/become-a-venue/application", TYPED | changes, files=files)

    def sign(self, name: str = "Ayşe Yilmaz", agreed: str = "yes") -> Any:
        """Sign the contract."""
        return self.send("/become-a-venue/contract", {"signed_name": name, "agreed": agreed})

    def decide(self, decision: str, **data: str) -> Any:
        """Answer for the city."""
        return self.send(f"{self.address}/{decision}", data, self.office)

    @property
    def address(self) -> str:
        """The application in the office."""
        with self.edge.database.reading(self.edge.city.city_id) as reading:
            found = applications.newest_of(reading, self.ayse.person_id)
        assert found is not None
        return f"/office/applications/{found.application_id}"


@pytest.fixture
def owner(edge: Edge) -> Owner:
    """Give an owner before the city hall."""
    return Owner(edge)


def test_from_nothing_to_an_offer(owner: Owner) -> None:
    """Form, contract, the city's signature, a proposed offer, its publication: each page leads to the next."""
    edge = owner.edge
    assert "Mitmachen als Einrichtung" in edge.client.get("/become-a-venue", headers=GERMAN).text
    assert owner.apply().headers["location"] == "/become-a-venue/contract"
    contract = owner.get("/become-a-venue/contract").text
    assert "2 Cent für jeden eingelösten Punkt" in contract
    assert "14 Tage" in contract
    assert "Bitte schreiben Sie Ihren vollen Namen" in owner.sign(agreed="").text
    assert owner.sign().headers["location"].startswith("/become-a-venue/application?notice=application-sent")
    assert "Café Innenhafen" in owner.get("/office/applications", owner.office).text

    page = owner.get(owner.address, owner.office).text
    proof = re.search(rf"{owner.address}/proofs/\d+", page)
    assert proof is not None
    file = owner.get(proof.group(), owner.office)
    assert (PDF, "application/pdf") == (file.content, file.headers["content-type"])
    assert file.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in file.headers["content-security-policy"]

    done = owner.decide("approved", signed_name="A. Mertens", payee_check="match")
    assert done.headers["location"].endswith("notice=application-approved")
    with edge.database.reading(edge.city.city_id) as reading:
        venue = venues.every(reading)[-1]
        letters = [one.code for one in postbox.every(reading, owner.ayse.owner)]
        topics = [one.topic for one in outbox.due(reading)]
    assert (["application-approved"], "Café Innenhafen") == (letters, venue.name)
    assert "venue.application-decided" in topics
    start = owner.get(f"/venue/start?venue_id={venue.venue_id}").text
    assert "In fünf Schritten startklar" in start
    assert 'data-step="1" data-done="yes"' in start
    paper = re.search(r"/venue/contracts/\d+\.pdf\?venue_id=\d+", start)
    assert paper is not None
    for pdf in (
        paper.group(),
        f"{owner.address}/contract.pdf",
        f"/venue/poster.pdf?venue_id={venue.venue_id}",
    ):
        token = owner.office if pdf.startswith("/office") else None
        assert owner.get(pdf, token).content.startswith(b"%PDF-"), pdf

    offer = {"venue_id": str(venue.venue_id), "begin": "museum", "title_de": "1 Kaffee"}
    wrong = owner.send("/venue/offers", offer)
    assert (422, True) == (wrong.status_code, "Bitte" in wrong.text)
    offer |= {"description_de": "Ein Kaffee", "value_euros": "2,80", "price_points": "140"}
    assert owner.send("/venue/offers", offer).headers["location"].endswith("offer-proposed")
    assert "Wartet auf die Stadt" in owner.get(f"/venue/offers?venue_id={venue.venue_id}").text
    office = owner.get("/office/offers", owner.office).text
    assert "Von der Einrichtung vorgeschlagen" in office
    published = re.search(r"/office/offers/\d+/publish", office)
    assert published is not None
    owner.send(published.group(), {}, owner.office)
    assert "1 Kaffee" in edge.client.get("/offers", headers=GERMAN).text
    assert ["application-submitted", "application-approved"] == [
        one for one in edge.audited() if one.startswith("application-")
    ]


def test_typing_is_never_lost(owner: Owner) -> None:
    """A form with mistakes keeps what was typed and the proof, and names each mistake at its field."""
    page = owner.apply(iban="DE11 2222", postcode="470").text

    assert "Diese IBAN stimmt nicht" in page or "IBAN" in page
    assert "Eine Postleitzahl hat fünf Ziffern." in page
    assert 'value="Café Innenhafen"' in page
    assert "Gewerbeschein.pdf" in page
    again = owner.send("/become-a-venue/application", TYPED)
    assert again.headers["location"] == "/become-a-venue/contract"


def test_asked_back_and_declined(owner: Owner) -> None:
    """The applicant reads question and reason, can answer, and begin again; a strange file is refused."""
    strange = {"proof": ("Gewerbeschein.pdf", b"<script>", "application/pdf")}
    refused = owner.send("/become-a-venue/application", TYPED, files=strange)
    assert "Bitte wählen Sie ein PDF oder ein Foto" in refused.text
    owner.apply()
    owner.sign()
    assert owner.decide("asked").status_code == 422
    owner.decide("asked", answer="Wie heißt die GmbH?")
    assert "Wie heißt die GmbH?" in owner.get("/become-a-venue/application").text
    owner.apply(payee_name="Café GmbH")
    owner.sign()
    owner.decide("rejected", answer="Kein Gewerbe in Duisburg.")
    page = owner.get("/become-a-venue/application").text
    assert "Kein Gewerbe in Duisburg." in page
    assert 'name="iban"' in owner.get("/become-a-venue/application?again=1").text


def test_others_see_nothing(owner: Owner) -> None:
    """Another person has another application, no proof of this one and no place in its office."""
    owner.apply()
    owner.sign()
    page = owner.get(owner.address, owner.office).text
    number = re.findall(r"/proofs/(\d+)", page)[0]
    _, stranger = owner.edge.person("eve@example.org")

    assert owner.get(f"/become-a-venue/proofs/{number}").status_code == 200
    assert owner.get(f"/become-a-venue/proofs/{number}", stranger).status_code == 404
    assert owner.get(owner.address, stranger).status_code == 403


def test_taking_back_deletes_the_files(owner: Owner) -> None:
    """With the application its files go, and so does a single one that is removed."""
    store: Any = owner.edge.app.state.services.evidence(owner.edge.city)
    owner.apply()
    page = owner.get("/become-a-venue/application").text
    removal = re.findall(r"/become-a-venue/proofs/\d+/removal", page)[0]
    assert len(list(store.every())) == 1
    owner.send(removal, {})
    assert list(store.every()) == []
    owner.apply()
    owner.send("/become-a-venue/withdrawal", {})
    assert list(store.every()) == []
    assert evidence.KEY.fullmatch("ab/" + "0" * 46 + ".exe") is None


def test_the_team(owner: Owner) -> None:
    """An invited person gets a link, accepts it and may scan; the owner can take that back."""
    edge = owner.edge
    _, boss = edge.person("boss@pool.test", Role.VENUE_OWNER)
    paul, token = edge.person("paul@pool.test")
    at_pool = {"venue_id": str(edge.pool.venue_id)}
    assert "Das ist keine E-Mail-Adresse" in owner.send("/venue/team", at_pool | {"email": "x"}, boss).text

    owner.send("/venue/team", at_pool | {"email": "paul@pool.test"}, boss)
    with edge.database.reading(edge.city.city_id) as reading:
        link = next(one.payload["token"] for one in outbox.due(reading) if one.topic == "venue.invitation")
    working.deliver_due(edge.app.state.services, edge.city)
    assert "andere E-Mail-Adresse" in owner.get(f"/venue-invitations/{link}").text
    assert "Annehmen" in owner.get(f"/venue-invitations/{link}", token).text
    done = owner.send(f"/venue-invitations/{link}", {}, token)

    assert done.headers["location"].startswith("/venue?")
    assert owner.get("/venue/today", token).status_code == 200
    assert owner.get("/venue/team", token).status_code == 403
    team = owner.get("/venue/team", boss).text
    revocation = re.findall(rf"/venue/team/{paul.person_id}/revocation", team)[0]
    owner.send(revocation, at_pool, boss)
    assert owner.get("/venue/today", token).status_code == 403


def test_the_citys_terms(owner: Owner) -> None:
    """The administrator sets bounds; the next contract says them, and offers go on sale at once if it says so."""
    terms = {"rate_least": "2", "rate_most": "1", "payout_delay_days": "30"}
    assert "Der höchste Satz" in owner.send("/office/applications/terms", terms, owner.office).text
    good = terms | {"rate_most": "5", "receipt_numbers": "yes", "owner_publishes": "yes"}
    owner.send("/office/applications/terms", good, owner.office)

    owner.apply()
    contract = owner.get("/become-a-venue/contract").text

    assert "30 Tage" in contract
    assert "Nummer des Kassenbons" in contract
    owner.sign()
    owner.decide("approved", signed_name="A. Mertens")
    with owner.edge.database.reading(owner.edge.city.city_id) as reading:
        number = str(venues.every(reading)[-1].venue_id)
    offer = {
        "venue_id": number, "begin": "museum", "title_de": "Kaffee", "description_de": "Ein Kaffee",
        "value_euros": "2,80", "price_points": "140",
    }  # fmt: skip
    assert owner.send("/venue/offers", offer).headers["location"].endswith("offer-on-sale")
    page = owner.get(f"/venue/offers?venue_id={number}").text
    withdrawal = re.findall(r"/venue/offers/\d+/withdrawal", page)[0]
    assert owner.send(withdrawal, {"venue_id": number}).headers["location"].endswith("offer-withdrawn")
