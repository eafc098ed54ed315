"""Telling every administrator that somebody else signs vouchers with a key of the city."""

from collections.abc import Callable, Mapping
from typing import Any

from api import mailing
from api.services import Services
from identity import persons, roles
from identity.roles import Role
from kernel import outbox
from kernel.cities import City
from kernel.db import Work
from web.marking import N_

TOPIC_MAIL = "key.alarm-mail"
"""Outbox topic: one e-mail to one administrator, so that a full mailbox does not keep the others waiting."""
_SUBJECT = N_("Alarm: somebody else signs vouchers of %(city)s")
_BODY = N_(
    "Vouchers were shown that the city never issued, although they bear a genuine signature of key %(kid)s."
    " So somebody else has this key.\n\n"
    "What to do now:\n"
    "1. Open %(address)s\n"
    "2. Ask for the key to be blocked. A second person confirms it.\n"
    "3. Open vouchers get a new code by themselves; nobody loses one.\n"
)


def spread(services: Services, city: City, payload: Mapping[str, Any]) -> Callable[[Work], None]:
    """Return what puts an e-mail for each administrator into the outbox."""
    with services.database.reading(city.city_id) as reading:
        held = roles.every(reading)
        numbers = {number for number, one in held if one.role is Role.ADMINISTRATOR}
    kid = str(payload["kid"])

    def note(work: Work) -> None:
        for number in sorted(numbers):
            outbox.append(work, TOPIC_MAIL, {"kid": kid, "person_id": number})

    return note


def send(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    """Send one of these e-mails. The person may be gone by now, then there is nobody to tell."""
    with services.database.reading(city.city_id) as reading:
        found = persons.by_ids(reading, [int(payload["person_id"])])
    for person in found.values():
        translation = services.translations[person.language]
        base = f"https://{city.host}" if city.host else services.settings.public_url.rstrip("/")
        values = {"city": city.name, "kid": payload["kid"], "address": f"{base}/office/voucher-keys"}
        if person.email:
            subject, body = translation.gettext(_SUBJECT) % values, translation.gettext(_BODY) % values
            mailing.send(services, person.email, subject, body)
