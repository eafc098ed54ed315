"""E-mails to people who become, or work at, a venue."""

from collections.abc import Mapping
from typing import Any

from api import mailing
from api.services import Services
from api.wording.letters import LETTERS
from identity import postbox
from identity.persons import Person
from identity.postbox import EntryKind
from kernel import outbox
from kernel.cities import City
from kernel.db import Work
from merchants import venues
from web.marking import N_

TOPIC_DECIDED = "venue.application-decided"
"""Outbox topic; the payload has `email`, `language`, `code` of the letter and its `facts`."""
_INVITED = N_("Work with Duiscoin at %(venue)s")
_INVITATION = N_(
    "%(venue)s invites you to scan vouchers.\n\nOpen this link and sign in with this e-mail address:\n"
    "%(link)s\n\nIt works once, for two weeks. If you do not know what this is about, you need do nothing.\n"
)


def tell(work: Work, person: Person, code: str, facts: Mapping[str, Any]) -> None:
    """Tell an applicant what the city decided: into the postbox, and by e-mail in any case."""
    postbox.put(work, person.owner, EntryKind.MESSAGE, code, facts)
    if person.email and not postbox.wanting_mail(work, [person.owner]):
        message = {"email": person.email, "language": person.language, "code": code, "facts": dict(facts)}
        outbox.append(work, TOPIC_DECIDED, message)


def send_decision(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    """Send what `tell` wrote. Raises as `mailing.send`."""
    del city
    say = services.translations[payload["language"]].gettext
    letter = LETTERS[payload["code"]]
    body = say(letter.text).format_map(payload["facts"])
    link = f"{services.settings.public_url}{letter.path}"
    mailing.send(
        services, payload["email"], say(letter.title).format_map(payload["facts"]), f"{body}\n\n{link}\n"
    )


def send_invitation(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    """Send the link of an invitation. Raises as `mailing.send`."""
    with services.database.reading(city.city_id) as reading:
        venue = venues.get(reading, payload["venue_id"])
    say = services.translations[payload["language"]].gettext
    values = {"venue": venue.name, "link": link_of(services, payload["token"])}
    mailing.send(services, payload["email"], say(_INVITED) % values, say(_INVITATION) % values)


def link_of(services: Services, token: str) -> str:
    """Return the address at which an invitation is accepted."""
    return f"{services.settings.public_url}/venue-invitations/{token}"
