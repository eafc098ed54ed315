"""Proposing an offer: a venue's owner says what it is and costs; the rest comes from a template."""

import re
import unicodedata
from collections.abc import Iterable

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict, Forbidden
from merchants import contracts
from redemption import offers
from redemption.new_offers import NewOffer
from redemption.offers import Offer, OfferStatus
from redemption.proposal_tables import proposals as table

_STEM_MAX = 28
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def propose(work: db.Work, city: City, venue_id: int, new: NewOffer) -> Offer:
    """Make a draft for a venue; where its contract lets the owner publish, put it on sale at once.

    Raises as `offers.create` and `offers.publish`; NotFound `contract-missing`.
    """
    contract = contracts.active_on(work, venue_id, city.day_of(work.now))
    offer = offers.create(work, new)
    if contract.owner_publishes:
        return offers.publish(work, city, offer.offer_id)
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id, offer_id=offer.offer_id, venue_id=venue_id, proposed_at=work.now
        )
    )
    return offer


def withdraw(work: db.Work, venue_id: int, offer_id: int) -> Offer:
    """Stop selling an offer of this venue alone. Raises NotFound, Forbidden `other-venue`, Conflict."""
    offer = offers.get(work, offer_id)
    if offer.venue_ids != (venue_id,):
        raise Forbidden("other-venue", venue_id=venue_id)
    if offer.status is not OfferStatus.PUBLISHED:
        raise Conflict("offer-not-published")
    return offers.withdraw(work, offer_id)


def waiting(reading: db.Reading, found: Iterable[Offer]) -> set[int]:
    """Return the numbers of those of the offers that are proposals nobody has published yet."""
    drafts = [one.offer_id for one in found if one.status is OfferStatus.DRAFT]
    rows = reading.connection.execute(
        sa.select(table.c.offer_id).where(
            table.c.city_id == reading.city_id, table.c.offer_id.in_(sorted(drafts))
        )
    )
    return set(rows.scalars())


def of_venue(reading: db.Reading, venue_id: int) -> list[Offer]:
    """Return the offers that can be used at a venue, drafts too, the newest first."""
    found = [one for one in offers.every(reading) if venue_id in one.venue_ids]
    return sorted(found, key=lambda one: one.offer_id, reverse=True)


def code_for(title: str, venue_id: int, taken: Iterable[str]) -> str:
    """Return a short name for an offer that no other has: from its title and the venue's number."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(_UMLAUTS))
    stem = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")[:_STEM_MAX]
    named = stem.strip("-") if stem[:1].isalpha() else f"offer-{stem}".strip("-")
    wanted = f"{named}-{venue_id}"
    used, number = set(taken), 1
    code = wanted
    while code in used:
        number += 1
        code = f"{wanted}-{number}"
    return code
