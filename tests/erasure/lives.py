"""Random lives of a few citizens: everything that leaves a trace, done through the API as they would do it."""

import contextlib
import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from api import receipts_due, working
from identity import cards, postbox, sessions
from identity.clients import Scope
from identity.persons import Person
from identity.postbox import EntryKind
from identity.roles import Role
from kernel.clock import FixedClock
from kernel.db import Work
from kernel.errors import Conflict
from merchants import applying, proof_files
from redemption import fine_references, new_offers, offers, presented_policies, presented_venues
from redemption.fines import Fine
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind
from rewards import case_files, city_events, evidence, publishing, submissions
from rewards.city_events import CityEvent
from tests.api.edge import Edge
from tests.api.test_earning import hand_in
from tests.erasure.doors import Doors
from tests.merchants.test_onboarding import PDF, TYPED

EARLIER = dt.datetime(2026, 4, 1, 9, 0, tzinfo=dt.UTC)
_TOWN = ("Rheinpark", "Innenhafen", "Stadtwald", "Dellplatz", "Ruhrort")


@dataclass
class Citizen:
    """Somebody, and every trace that they left."""

    person: Person
    token: str
    traces: list[object] = field(default_factory=list)
    """Texts, bytes and numbers that lead to them."""
    vouchers: list[Any] = field(default_factory=list)
    submissions: list[str] = field(default_factory=list)


@dataclass
class Town:
    """The city in which they live."""

    edge: Edge
    clock: FixedClock
    dice: random.Random
    citizens: list[Citizen] = field(default_factory=list)
    fines: int = 0

    def __post_init__(self) -> None:
        self.worker = self.edge.person("case.worker@duisburg.test", Role.CASE_WORKER)[0]
        self.clerk = self.edge.person("front.desk@duisburg.test", Role.CASE_WORKER)[0]
        self.device = self.edge.device()
        self.portal = self.edge.system(Scope.REPORT_ACTIONS)
        self.doors = Doors(self.edge)
        self._sell_fines()

    def move_in(self, name: str) -> Citizen:
        """Let somebody sign up and say their name."""
        email = f"{name}.{self.dice.randrange(10**6)}@buerger.test"
        person, token = self.edge.person(email)
        one = Citizen(
            person, token, [email, f"{name} Unverwechselbar", person.owner, person.person_id, token]
        )
        self.edge.call("PATCH", "/api/v1/me", token, json={"name": f"{name} Unverwechselbar"})
        self.edge.give(person, 400)
        self.citizens.append(one)
        return one

    def live(self, steps: int, *, only: Citizen | None = None) -> None:
        """Let things happen in random order."""
        deeds: list[Callable[[Citizen], None]] = [
            self.report, self.suggest, self.apply, self.buy, self.buy, self.use, self.present,
            self.give_back, self.pay, self.decide, self.look, self.sign_in, self.phone, self.hear_of, self.see_too, self.be_shown,
            self.be_told, self.go_swimming, self.scan_offline, self.speak_up, self.become_a_venue,
        ]  # fmt: skip
        for _ in range(steps):
            self.clock.advance(dt.timedelta(minutes=self.dice.randrange(1, 200)))
            self.dice.choice(deeds)(only or self.dice.choice(self.citizens))
            if self.dice.random() < 0.2:
                self.deliver()

    def deliver(self) -> None:
        """Let the worker do what is due."""
        while working.deliver_due(self.edge.app.state.services, self.edge.city):
            pass

    def report(self, one: Citizen) -> None:
        """Report litter, with a photo."""
        shade = self.dice.randrange(256)
        answer = hand_in(self.edge, one.token, {"description": self._text(one)}, shade=shade)
        assert answer.status_code == 201, answer.text
        one.submissions.append(answer.json()["submission_id"])

    def suggest(self, one: Citizen) -> None:
        """Suggest something."""
        body = {"action": "suggestion", "category": "green", "description": self._text(one)}
        answer = self.edge.call("POST", "/api/v1/submissions", one.token, json=body)
        assert answer.status_code == 201, answer.text
        one.submissions.append(answer.json()["submission_id"])

    def apply(self, one: Citizen) -> None:
        """Complete an application, of which the city's portal tells."""
        case = f"wohnsitz/{self.dice.randrange(10**9)}"
        one.traces.append(case)
        body = {
            "owner": one.person.owner, "action": "application-completed", "case_id": case,
            "facts": {"service": "residence-registration", "complete": True},
        }  # fmt: skip
        answer = self.edge.call("POST", "/api/v1/events/actions", self.portal, json=body)
        assert answer.status_code == 201, answer.text
        if self.dice.random() < 0.5:
            told = {"action": "application-completed", "case_id": case, "confirmed": True}
            self._did("POST", "/api/v1/events/outcomes", self.portal, json=told)

    def buy(self, one: Citizen) -> None:
        """Buy a ticket."""
        body = {"offer_id": self.edge.swim.offer_id}
        answer = self._did("POST", "/api/v1/vouchers", one.token, json=body)
        if answer.status_code == 201:
            one.vouchers.append(answer.json())
            one.traces += [answer.json()["manual_code"], answer.json()["text"]]

    def use(self, one: Citizen) -> None:
        """Show a ticket at the pool, perhaps one that was used before."""
        if one.vouchers:
            text = self.dice.choice(one.vouchers)["text"]
            self._did("POST", "/api/v1/scans", self.device, json={"text": text})

    def present(self, one: Citizen) -> None:
        """Redeem a ticket on one's own phone in front of the pool's staff."""
        if one.vouchers:
            number = self.dice.choice(one.vouchers)["voucher_id"]
            body = {"venue_id": self.edge.pool.venue_id, "left": 1}
            done = self._did("POST", f"/api/v1/vouchers/{number}/presented", one.token, json=body)
            assert done.status_code == 409 or done.json()["codes"]

    def go_swimming(self, one: Citizen) -> None:
        """Buy a day ticket, say "going in", go in, out and in again."""
        answer = self._did("POST", "/api/v1/vouchers", one.token, json={"offer_id": self.doors.day_ticket})
        if answer.status_code == 201:
            bought = answer.json()
            one.vouchers.append(bought)
            one.traces += [bought["manual_code"], bought["text"]]
            self.doors.reserve(one.person.owner, bought["voucher_id"])
            self.doors.go_in_and_out(bought["text"])

    def scan_offline(self, one: Citizen) -> None:
        """Show a ticket at a door without a network, perhaps one that was used before."""
        if one.vouchers:
            self.doors.scan_offline(one.token, self.dice.choice(one.vouchers)["voucher_id"])

    def speak_up(self, one: Citizen) -> None:
        """Say what was not oneself."""
        receipts_due.issue(self.edge.database, self.edge.city)
        self.doors.speak_up(one.person.owner, one.token, self._text(one))

    def become_a_venue(self, one: Citizen) -> None:
        """Apply to become a venue, with a proof; sign the contract."""
        person_id, typed = one.person.person_id, TYPED | {"street": self._text(one)}
        key = evidence.new_key(self.dice.randbytes(24), "pdf")
        run, city_id = self.edge.database.run, self.edge.city.city_id
        file = proof_files.read(PDF + b"% " + key.encode(), f"{one.person.owner}.pdf")
        with contextlib.suppress(Conflict):
            run(city_id, lambda work: applying.draft(work, person_id, typed))
            run(city_id, lambda work: applying.prove(work, person_id, key, file))
            self.edge.app.state.services.evidence(self.edge.city).write(key, file.content)
        signed = {"signed_name": f"{one.person.person_id} Unverwechselbar", "agreed": "yes"}
        self.edge.client.post("/become-a-venue/contract", data=self.edge.browse(one.token) | signed)
        self.edge.client.cookies.clear()

    def give_back(self, one: Citizen) -> None:
        """Give a ticket back, if it is still possible."""
        if one.vouchers:
            number = self.dice.choice(one.vouchers)["voucher_id"]
            self._did("POST", f"/api/v1/vouchers/{number}/cancellation", one.token)

    def pay(self, one: Citizen) -> None:
        """Pay a fine."""
        self.fines += 1
        reference = fine_references.derive("DU", f"fine {self.fines}")
        fine = Fine(reference, 60, EARLIER, "Königstraße 10", ("112454",))
        self.edge.app.state.services.fine_register(self.edge.city).add([fine])
        paid = self._did("POST", f"/api/v1/fines/{reference}/payment", one.token)
        if paid.status_code == 201:
            one.traces += [reference, int(paid.json()["payment_id"])]

    def be_told(self, one: Citizen) -> None:
        """Get receipts of everything so far, and a message of the city; have both by e-mail, too."""
        run, city_id, text = self.edge.database.run, self.edge.city.city_id, self._text(one)
        run(city_id, lambda work: postbox.choose_mail(work, one.person.owner, wanted=True))
        receipts_due.issue(self.edge.database, self.edge.city)
        facts = {"subject": text, "body": text}
        run(
            city_id,
            lambda work: postbox.put(work, one.person.owner, EntryKind.MESSAGE, "city-message", facts),
        )

    def decide(self, one: Citizen) -> None:
        """Let the case worker decide about something, with a reason in words."""
        if one.submissions:
            number = self.dice.choice(one.submissions)
            decision = self.dice.choice(("accept", "confirm", "decline", "reject"))
            path = f"/api/v1/review/submissions/{number}/{decision}"
            run, person_id = self.edge.database.run, self.worker.person_id
            token = run(self.edge.city.city_id, lambda work: sessions.start(work, person_id))
            self._did("POST", path, token, json={"reason": f"Zu {self._text(one)}"})

    def phone(self, one: Citizen) -> None:
        """Have staff enter something, known by a card."""
        run, city_id = self.edge.database.run, self.edge.city.city_id
        card = run(city_id, lambda work: cards.card_of(work, one.person.person_id))
        token = run(city_id, lambda work: sessions.start(work, self.clerk.person_id))
        one.traces.append(card)
        body = {"who": card, "channel": "telephone", "action": "suggestion", "category": "green"}
        answer = self.edge.call(
            "POST", "/api/v1/desk/submissions", token, json=body | {"description": self._text(one)}
        )
        assert answer.status_code == 201, answer.text
        one.submissions.append(answer.json()["submission_id"])

    def hear_of(self, one: Citizen) -> None:
        """Let the portal send events about an application, perhaps the outcome first."""
        case = f"pass/{self.dice.randrange(10**9)}"
        one.traces.append(case)
        told = CityEvent(
            "https://portal.example", case, 1, "application-completed", case, reason="Nicht zuständig"
        )
        action = replace(told, event_id=f"{case}/1", owner=one.person.owner, facts={"complete": True})
        outcome = replace(told, event_id=f"{case}/2", confirmed=self.dice.random() < 0.5)
        for event in self.dice.sample([action, outcome], 2):
            self.edge.database.run(
                self.edge.city.city_id, partial(city_events.receive, city=self.edge.city, event=event)
            )

    def see_too(self, one: Citizen) -> None:
        """Confirm a report of somebody else, or take one's own back."""
        for report in self.edge.call("GET", "/api/v1/reports").json()["items"][:1]:
            path = f"/api/v1/reports/{report['reference']}"
            answer = self.edge.call("POST", f"{path}/confirmations", one.token)
            assert answer.status_code in {201, 403, 409}, answer.text
            if answer.status_code == 201 and answer.json()["submission_id"] not in one.submissions:
                one.submissions.append(answer.json()["submission_id"])
            elif self.dice.random() < 0.3:
                taken = self.edge.call("POST", f"{path}/withdrawal", one.token)
                assert taken.status_code in {200, 404, 409}, taken.text

    def be_shown(self, one: Citizen) -> None:
        """Let the case worker show somebody's words and photos to everybody."""

        def command(work: Work) -> None:
            for number in map(int, one.submissions[-1:]):
                case = case_files.of_submission(work, number)
                if case is not None and case.submission_id == number:
                    publishing.release(
                        work,
                        case.case_id,
                        words=submissions.get(work, number).description,
                        address="",
                        photos=[evidence_id for evidence_id, _ in evidence.keys_of(work, number)],
                        releaser_owner="",
                    )

        self.edge.database.run(self.edge.city.city_id, command)

    def look(self, one: Citizen) -> None:
        """Look at everything that is kept."""
        assert self.edge.call("GET", "/api/v1/me/export", one.token).status_code == 200

    def sign_in(self, one: Citizen) -> None:
        """Ask for a code; sign in with it, or leave it."""
        body = {"email": str(one.person.email)}
        sent = self.edge.call("POST", "/api/v1/sign-in/codes", json=body)
        if sent.status_code == 202 and self.dice.random() < 0.6:
            typed = {"request_id": sent.json()["request_id"], "code": sent.json()["code"]}
            session = self.edge.call("POST", "/api/v1/sign-in/sessions", json=typed)
            one.traces.append(session.json()["token"])

    def stored_files(self, one: Citizen) -> list[str]:
        """Return the keys of the photos and proofs that somebody handed in."""
        query = sa.text(
            "SELECT f.storage_key FROM evidence_files f JOIN submissions s"
            " ON s.city_id = f.city_id AND s.submission_id = f.submission_id"
            " WHERE f.city_id = :city AND s.owner = :owner UNION ALL "
            "SELECT p.storage_key FROM venue_application_proofs p JOIN venue_applications a"
            " ON a.city_id = p.city_id AND a.application_id = p.application_id"
            " WHERE p.city_id = :city AND a.person_id = :person"
        )
        of = {"owner": one.person.owner, "person": one.person.person_id}
        with self.edge.database.reading(self.edge.city.city_id) as reading:
            found = reading.connection.execute(query, {"city": reading.city_id, **of})
            return [row.storage_key for row in found]

    def _did(self, method: str, path: str, token: str, **rest: Any) -> Any:
        """Do something that works or is refused as life goes: sold out, decided already, no points left."""
        answer = self.edge.call(method, path, token, **rest)
        assert answer.status_code in {200, 201, 204, 409}, (path, answer.text)
        return answer

    def _text(self, one: Citizen) -> str:
        text = f"{self.dice.choice(_TOWN)}: Bank {self.dice.randrange(10**9)} kaputt, Gruß {one.person.person_id % 997}"
        one.traces.append(text)
        return text

    def _sell_fines(self) -> None:
        def command(work: Work) -> None:
            title = {"de": "Verwarnung bezahlen", "en": "Pay a fine"}
            new = NewOffer(
                code="fine", kind=OfferKind.FINE, titles=title, descriptions=title, pictogram="fine",
                price_points=0, value_cents=0, venue_ids=(), vat_kind=new_offers.VatKind.DISCOUNT,
            )  # fmt: skip
            offers.publish(work, self.edge.city, offers.create(work, new).offer_id)
            swim = offers.add_places(work, self.edge.city, self.edge.swim.offer_id, 50)
            presented_policies.save(work, presented_policies.EVERYWHERE, presented_policies.SUGGESTED)
            pool, sealer = self.edge.pool.venue_id, self.edge.app.state.services.sealer
            presented_venues.turn_on(work, self.edge.city, sealer, pool, [swim.offer_id])

        self.edge.database.run(self.edge.city.city_id, command)
