"""The postbox by e-mail, for who asked for it: what the worker sends for an entry."""

from collections.abc import Mapping
from typing import Any

from api import letters, mailing, receipt_papers
from api.letters import Reader
from api.mailing import Attachment
from api.services import Services
from identity import persons, postbox
from kernel.cities import City
from kernel.errors import NotFound
from redemption import receipts
from web.marking import N_

_BODY = N_(
    "{text}\n\n{link}\n\nYou get this e-mail because you asked for it in your account at Duiscoin {city};"
    " there you can change it."
)


def send(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    """Send an entry to its owner's address; one that is gone, or whose owner changed their mind, is not sent.

    Raises as `mailing.send`; then it is tried again.
    """
    try:
        with services.database.reading(city.city_id) as reading:
            entry = postbox.get(reading, int(payload["entry_id"]))
            person = persons.by_owner(reading, entry.owner)
            wanted = postbox.wanting_mail(reading, [entry.owner])
            number = entry.facts.get("receipt_id")
            found = [receipts.get(reading, int(number), entry.owner)] if number else []
    except NotFound:
        return
    if person.email is None or not wanted:
        return
    translation = services.translations[person.language]
    told = letters.told(entry, Reader(person.language, translation, city))
    body = translation.gettext(_BODY).format(
        text=told.text, link=f"{services.settings.public_url}/postbox/{entry.entry_id}", city=city.name
    )
    attached = [
        Attachment(receipt_papers.name_of(one), receipt_papers.make(one, person.language, translation))
        for one in found
    ]
    mailing.send(services, person.email, told.title, body, attached)
