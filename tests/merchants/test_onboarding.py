"""Becoming a venue: what is asked for, who signs, and what a yes opens."""

import datetime as dt
import io
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from PIL import Image

from identity import persons, roles
from identity.persons import Person
from identity.roles import Held, Role
from kernel import outbox
from kernel.clock import FixedClock
from kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from merchants import (
    applications,
    applying,
    approving,
    bounds,
    contracts,
    documents,
    inviting,
    proof_files,
    proof_list,
    venues,
)
from merchants.applications import Application, State
from merchants.approving import Official
from merchants.bounds import Bounds
from merchants.payout_orders import PayeeCheck
from merchants.periods import PeriodKind
from tests.merchants.town import Town

TYPED = {
    "name": "Café Innenhafen",
    "kind": "food",
    "street": "Philosophenweg 1",
    "postcode": "47051",
    "district": "Altstadt",
    "phone": "0203 1234567",
    "payee_name": "Ayşe Yilmaz",
    "iban": "DE89 3704 0044 0532 0130 00",
    "rate_cents_per_point": "2",
    "period": "month",
}
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
TEXT = "Vertrag: zwei Cent je Punkt."


class Hall:
    """A city hall with an owner before it and an administrator behind the desk."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.owner = self.do(lambda work: persons.register(work, "ayse@cafe.test", name="Ayşe"))
        self.clerk = self.do(lambda work: persons.register(work, "amt@duisburg.test", name="A. Mertens"))
        self.official = Official(self.clerk.person_id, self.clerk.name)

    def do(self, command: Callable[[Any], Any]) -> Any:
        """Run a command of the city."""
        return self.town.database.run(self.town.city_id, command)

    def see(self, question: Callable[[Any], Any]) -> Any:
        """Ask the city's database."""
        with self.town.database.reading(self.town.city_id) as reading:
            return question(reading)

    def draft(self, **changes: str) -> Application:
        """Type the form, a proof included."""
        found = self.do(lambda work: applying.draft(work, self.owner.person_id, TYPED | changes))
        file = proof_files.read(PDF, "Gewerbeschein.pdf")
        self.do(lambda work: applying.prove(work, self.owner.person_id, "ab/" + "0" * 46 + ".pdf", file))
        return found  # type: ignore[no-any-return]  # a command may return anything

    def submit(self, **changes: str) -> Application:
        """Type, sign and hand in."""
        self.draft(**changes)
        return self.do(  # type: ignore[no-any-return]  # a command may return anything
            lambda work: applying.submit(
                work, self.owner.person_id, signed_name=" Ayşe  Yilmaz ", contract_text=TEXT
            )
        )


@pytest.fixture
def hall(town: Town) -> Hall:
    """Give a city hall."""
    return Hall(town)


def test_a_yes_opens_the_venue(hall: Hall) -> None:
    """Venue, accounts, contract on the city's terms, signatures of both and the owner's role come together."""
    hall.do(lambda work: bounds.save(work, Bounds(1, 3, 21, receipt_numbers=True)))
    number = hall.submit().application_id

    decided, venue = hall.do(
        lambda work: approving.approve(work, hall.town.city, number, hall.official, PayeeCheck.MATCH)
    )

    assert (State.APPROVED, venue.venue_id) == (decided.state, decided.venue_id)
    assert ("Café Innenhafen", "DE89370400440532013000") == (venue.name, venue.iban)
    contract = hall.see(lambda reading: contracts.of_venue(reading, venue.venue_id))[0]
    assert (2, PeriodKind.MONTH, 21, True) == (
        contract.rate_cents_per_point, contract.period, contract.payout_delay_days, contract.receipt_numbers,
    )  # fmt: skip
    assert contract.valid_from.day == 1
    document = hall.see(lambda reading: documents.get(reading, contract.contract_id))
    assert (TEXT, "Ayşe Yilmaz", "A. Mertens") == (document.text, document.venue.name, document.city.name)
    held = hall.see(lambda reading: roles.of(reading, hall.owner.person_id))
    assert held == {Held(Role.VENUE_OWNER, venue.venue_id)}


def test_all_that_is_wrong_is_said_at_once(hall: Hall) -> None:
    """Each field that is missing or wrong has its own code; the limits are named."""
    wrong = {
        "name": " ", "kind": "casino", "postcode": "4705", "phone": "-", "iban": "DE00 1", "period": "day",
        "rate_cents_per_point": "3",
    }  # fmt: skip

    with pytest.raises(Invalid, match="application-incomplete") as refusal:
        applications.checked(TYPED | wrong, Bounds())

    faults: Any = refusal.value.details["faults"]
    assert {one["field"]: one["code"] for one in faults} == {
        "name": "venue-field-missing", "kind": "venue-kind-unknown", "postcode": "postcode-invalid",
        "phone": "phone-invalid", "iban": "iban-invalid", "rate_cents_per_point": "contract-rate-outside",
        "period": "contract-period-unknown",
    }  # fmt: skip
    assert (1, 2) == next((f["least"], f["most"]) for f in faults if f["field"] == "rate_cents_per_point")


def test_the_city_asks_back(hall: Hall) -> None:
    """A question gives the applicant the turn; the corrected form is signed and handed in again."""
    number = hall.submit().application_id
    hall.do(lambda work: approving.ask(work, number, "Bitte die Rückseite.", hall.official))
    asked = hall.see(lambda reading: applications.get(reading, number))

    again = hall.submit(name="Café am Innenhafen")

    assert (State.ASKED, "Bitte die Rückseite.") == (asked.state, asked.answer)
    assert (number, State.SUBMITTED) == (again.application_id, again.state)
    assert again.typed["name"] == "Café am Innenhafen"


def test_nothing_is_handed_in_half(hall: Hall) -> None:
    """Without form, proof or name there is no application; while the city looks at it, nothing changes."""
    mine, do = hall.owner.person_id, hall.do

    def submit(name: str = "Ayşe") -> None:
        do(lambda work: applying.submit(work, mine, signed_name=name, contract_text=TEXT))

    with pytest.raises(NotFound, match="application-not-found"):
        submit()
    do(lambda work: applying.draft(work, mine, TYPED))
    with pytest.raises(Invalid, match="proof-missing"):
        submit()
    hall.draft()
    with pytest.raises(Invalid, match="contract-signature-missing"):
        submit(" ")
    hall.draft(iban="")
    with pytest.raises(Invalid, match="application-incomplete"):
        submit()
    hall.submit()
    for late in (hall.draft, submit):
        with pytest.raises(Conflict, match="application-submitted"):
            late()


def test_who_may_not_decide(hall: Hall) -> None:
    """Nobody decides their own application; a failed check of the payee, and a second yes, are refused."""
    number, city = hall.submit().application_id, hall.town.city
    own = Official(hall.owner.person_id, "Ayşe")

    def approve(by: Official, check: PayeeCheck | None = None) -> None:
        hall.do(lambda work: approving.approve(work, city, number, by, check))

    with pytest.raises(Forbidden, match="own-application"):
        approve(own)
    with pytest.raises(Conflict, match="payee-check-failed"):
        approve(hall.official, PayeeCheck.NO_MATCH)
    with pytest.raises(Invalid, match="answer-missing"):
        hall.do(lambda work: approving.reject(work, number, "  ", hall.official))
    assert hall.see(venues.every) == []
    approve(hall.official)
    with pytest.raises(Conflict, match="application-not-submitted"):
        approve(hall.official)


def test_a_no_can_be_followed_by_another_try(hall: Hall) -> None:
    """A rejected application keeps its reason; the next form begins a new one."""
    number = hall.submit().application_id
    hall.do(lambda work: approving.reject(work, number, "Kein Gewerbe in Duisburg.", hall.official))

    again = hall.draft()

    assert again.application_id != number
    assert [State.DRAFT, State.REJECTED] == [
        one.state for one in hall.see(lambda reading: applications.of_person(reading, hall.owner.person_id))
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "proof-empty"),
        (b"%PDF-1.7\n" + b"x" * proof_files.BYTES_MAX, "proof-too-large"),
        (b"%PDF-1.7 cut off", "application-proof-unreadable"),
        (b"%PDF-1.7\n<</Encrypt 3 0 R>>\n%%EOF", "proof-locked"),
        (b"<html>Gewerbeschein</html>", "proof-type-unknown"),
        (b"MZ\x90\x00", "proof-type-unknown"),
    ],
)
def test_what_is_no_proof(content: bytes, code: str) -> None:
    """The content decides, whatever the name says."""
    with pytest.raises(Invalid, match=code):
        proof_files.read(content, "Gewerbeschein.pdf")


def test_a_photo_loses_what_the_camera_added() -> None:
    """A photo is kept as a JPEG without metadata, under a name that is safe."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "zu Hause"
    Image.new("RGB", (3000, 20), "white").save(out, "PNG", exif=exif)

    kept = proof_files.read(out.getvalue(), '../../"Schein<1>.png')

    assert (proof_files.JPEG, "Schein 1.jpg") == (kept.media_type, kept.name)
    image = Image.open(io.BytesIO(kept.content))
    assert (2400, {}) == (image.width, dict(image.getexif()))


def test_erasing_the_applicant(hall: Hall) -> None:
    """A rejected application goes with its person; the files are named so that they go, too."""
    number = hall.submit().application_id
    hall.do(lambda work: approving.reject(work, number, "Nein.", hall.official))

    keys = hall.do(lambda work: applying.erase(work, hall.owner.person_id))

    assert keys == ["ab/" + "0" * 46 + ".pdf"]
    assert hall.see(lambda reading: applications.of_person(reading, hall.owner.person_id)) == []
    assert hall.see(proof_list.named) == frozenset()


def test_old_proofs_are_over(hall: Hall, clock: FixedClock) -> None:
    """Proofs of decided applications go after a while; those that wait stay."""
    number = hall.submit().application_id
    clock.advance(dt.timedelta(days=100))
    month = dt.timedelta(days=30)
    assert hall.see(lambda reading: proof_list.over(reading, month)) == []
    hall.do(lambda work: approving.reject(work, number, "Nein.", hall.official))
    clock.advance(dt.timedelta(days=31))

    assert len(hall.see(lambda reading: proof_list.over(reading, month))) == 1


def test_invitations(hall: Hall, clock: FixedClock) -> None:
    """A link is for one address, works once and for two weeks; a newer one replaces it."""
    venue = hall.town.open_venue().venue_id
    paul = hall.do(lambda work: persons.register(work, "paul@cafe.test"))

    def invite() -> str:
        hall.do(lambda work: inviting.invite(work, venue, "Paul@cafe.test", Role.VENUE_STAFF, hall.owner))
        return str(hall.see(outbox.due)[-1].payload["token"])

    def accept(token: str, person: Person) -> str:
        try:
            hall.do(lambda work: inviting.accept(work, token, person))
        except DomainError as error:
            return error.code
        return "accepted"

    first, second = invite(), invite()
    gone, other, good = accept(first, paul), accept(second, hall.clerk), accept(second, paul)
    assert ["invitation-not-found", "invitation-other-address", "accepted"] == [gone, other, good]
    assert accept(second, paul) == "invitation-not-found"
    assert Held(Role.VENUE_STAFF, venue) in hall.see(lambda reading: roles.of(reading, paul.person_id))
    late = invite()
    clock.advance(inviting.VALID)
    assert accept(late, paul) == "invitation-not-found"
    with pytest.raises(Conflict, match="invitation-own-address"):
        hall.do(lambda work: inviting.invite(work, venue, "ayse@cafe.test", Role.VENUE_STAFF, hall.owner))


def test_bounds(hall: Hall) -> None:
    """A city chooses within reason."""
    for wrong in (Bounds(0, 2), Bounds(3, 2), Bounds(payout_delay_days=91)):
        save = partial(bounds.save, chosen=wrong)
        with pytest.raises(Invalid):
            hall.do(save)
    assert hall.see(bounds.find) == bounds.DEFAULT
