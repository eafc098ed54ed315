"""Venues where guests redeem on their own phones: turned on by the owner, with a secret in versions.

From a venue's secret follow the address on its poster, the key on the staff's card and the codes on guests'
phones. A new version takes the place of the one before at an instant: at once if a card is lost, else in the
coming night, so that there is time to put out the new card.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from kernel import db
from kernel.cities import City
from kernel.errors import Conflict, Invalid, NotFound
from merchants import contracts, venues
from redemption import offers, presented_codes, presented_policies
from redemption.keys import Sealer
from redemption.offer_terms import OfferKind, Reentry, Terms
from redemption.offers import Offer, OfferStatus
from redemption.presented_codes import Poster
from redemption.presented_tables import presented_modes, venue_secrets

CHANGES_AT: Final = dt.time(4)
"""In the city, when hardly anybody redeems: then a new card takes over."""
POSTER_KEPT: Final = dt.timedelta(days=14)
"""How long an old poster still leads to its venue after that."""


@dataclass(frozen=True, slots=True)
class Mode:
    """Whether a venue's guests redeem on their own phones, and for which offers."""

    is_on: bool = False
    offer_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class VenueSecret:
    """A version of a venue's secret."""

    venue_id: int
    version: int
    secret: bytes = field(repr=False)
    made_at: dt.datetime
    begins_at: dt.datetime
    poster_until: dt.datetime | None

    @property
    def poster(self) -> str:
        """What stands at the end of the poster's address."""
        return presented_codes.poster_text(self.secret, self.venue_id, self.version)

    @property
    def card(self) -> str:
        """What stands behind `#` in the card's address."""
        return presented_codes.card_text(self.secret, self.version, int(self.begins_at.timestamp()))

    @property
    def key(self) -> bytes:
        """With which the codes of guests are made."""
        return presented_codes.card_key(self.secret)


OFF: Final = Mode()


def barrier(kind: OfferKind, terms: Terms, value_cents: int) -> str | None:
    """Return why an offer can't be redeemed on the guest's phone, as the code of a refusal; None: it can."""
    if kind.by_reference:
        return "presented-not-this-kind"
    if terms.activation_minutes is not None:
        return "presented-activation"
    if terms.identity_checked:
        return "presented-identity"
    if terms.reentry is not Reentry.NONE:
        return "presented-reentry"
    # The staff compare a price: without one there is nothing that an invented page would get wrong.
    return None if value_cents else "presented-no-value"


def hindrance(reading: db.Reading, city: City, venue_id: int) -> str | None:
    """Return why the city does not let a venue have it, as the code of a refusal; None: it does."""
    if not presented_policies.of_venue(reading, venue_id).allowed:
        return "presented-not-allowed"
    in_force = contracts.period_on(contracts.of_venue(reading, venue_id), city.day_of(reading.now))
    if in_force is None:
        return None
    contract, _ = in_force
    if contract.scanned_only:
        return "presented-not-in-contract"
    return "presented-receipts" if contract.receipt_numbers else None


def mode_of(reading: db.Reading, venue_id: int) -> Mode:
    """Return what the owner chose; OFF if nothing."""
    return modes_of(reading, [venue_id]).get(venue_id, OFF)


def modes_of(reading: db.Reading, venue_ids: Collection[int]) -> dict[int, Mode]:
    """Return what the owners of venues chose, by venue."""
    rows = reading.connection.execute(
        sa.select(presented_modes).where(
            presented_modes.c.city_id == reading.city_id,
            presented_modes.c.venue_id.in_(sorted(set(venue_ids))),
        )
    )
    return {row.venue_id: Mode(row.is_on, tuple(row.offer_ids)) for row in rows}


def candidates(reading: db.Reading, venue_id: int) -> list[Offer]:
    """Return the offers of a venue that are sold, or were, and that can be redeemed so."""
    return [
        one
        for one in offers.every(reading)
        if venue_id in one.venue_ids
        and one.status in {OfferStatus.PUBLISHED, OfferStatus.WITHDRAWN}
        and barrier(one.kind, one.terms, one.value_cents) is None
    ]


def turn_on(work: db.Work, city: City, sealer: Sealer, venue_id: int, offer_ids: Collection[int]) -> Mode:
    """Let guests of a venue redeem these offers on their own phones; it gets a secret if it has none.

    Raises NotFound `venue-not-found`; Conflict `presented-not-allowed`, `presented-not-in-contract` or
    `presented-receipts`; Invalid `presented-offers-missing` or `presented-offer-unfit`.
    """
    venues.get(work, venue_id)
    if (hindered := hindrance(work, city, venue_id)) is not None:
        raise Conflict(hindered)
    chosen = tuple(sorted(set(offer_ids)))
    if not chosen:
        raise Invalid("presented-offers-missing", field="offer_ids")
    if not set(chosen) <= {one.offer_id for one in candidates(work, venue_id)}:
        raise Invalid("presented-offer-unfit", field="offer_ids")
    _keep(work, venue_id, is_on=True, offer_ids=list(chosen))
    if not _rows(work, venue_id):
        _add(work, sealer, venue_id, 1, work.now)
    return Mode(is_on=True, offer_ids=chosen)


def turn_off(work: db.Work, venue_id: int) -> None:
    """Let guests of a venue redeem on their own phones no more; which offers it was for is kept."""
    _keep(work, venue_id, is_on=False, offer_ids=list(mode_of(work, venue_id).offer_ids))


def reissue(work: db.Work, city: City, sealer: Sealer, venue_id: int, *, at_once: bool) -> VenueSecret:
    """Make a new poster and card. At once: the old ones are worth nothing from now on.

    Otherwise the new card holds from the coming night on, the new poster at once, and old posters some days
    longer. Raises Conflict `presented-off` if the venue never had any.
    """
    before = secrets_of(work, sealer, venue_id)
    if not before:
        raise Conflict("presented-off")
    begins = work.now if at_once else _coming_night(city, work.now)
    ends = work.now if at_once else begins + POSTER_KEPT
    table = venue_secrets
    work.connection.execute(
        sa.update(table)
        .where(
            table.c.city_id == work.city_id,
            table.c.venue_id == venue_id,
            sa.or_(table.c.poster_until.is_(None), table.c.poster_until > ends),
        )
        .values(poster_until=ends)
    )
    _add(work, sealer, venue_id, before[-1].version + 1, begins)
    return secrets_of(work, sealer, venue_id)[-1]


def secrets_of(reading: db.Reading, sealer: Sealer, venue_id: int) -> list[VenueSecret]:
    """Return all versions of a venue's secret, the newest last."""
    return [
        VenueSecret(
            venue_id, row.version, sealer.unseal(bytes(row.sealed)), row.made_at, row.begins_at,
            row.poster_until,
        )
        for row in _rows(reading, venue_id)
    ]  # fmt: skip


def secret(reading: db.Reading, sealer: Sealer, venue_id: int, version: int) -> VenueSecret:
    """Return a version of a venue's secret. Raises NotFound `poster-not-found`."""
    for one in secrets_of(reading, sealer, venue_id):
        if one.version == version:
            return one
    raise NotFound("poster-not-found")


def version_in_use(reading: db.Reading, venue_id: int) -> int:
    """Return the version from which a venue's codes follow now. Raises Conflict `presented-off` for none."""
    begun = [row.version for row in _rows(reading, venue_id) if row.begins_at <= reading.now]
    if not begun:
        raise Conflict("presented-off")
    return int(max(begun))


def by_poster(reading: db.Reading, sealer: Sealer, text: str) -> Poster:
    """Return what a genuine poster says that still holds.

    Raises NotFound `poster-not-found` for an invented one, Conflict `poster-replaced` for an old one.
    """
    poster = presented_codes.read_poster(text)
    if poster is None:
        raise NotFound("poster-not-found")
    for one in secrets_of(reading, sealer, poster.venue_id):
        if one.version == poster.version and poster.genuine(one.secret):
            if one.poster_until is not None and one.poster_until <= reading.now:
                raise Conflict("poster-replaced", venue_id=poster.venue_id)
            return poster
    raise NotFound("poster-not-found")


def _coming_night(city: City, now: dt.datetime) -> dt.datetime:
    """Return when cards change next."""
    today = city.day_of(now)
    tonight = dt.datetime.combine(today, CHANGES_AT, city.zone)
    tomorrow = dt.datetime.combine(today + dt.timedelta(days=1), CHANGES_AT, city.zone)
    return (tonight if now < tonight else tomorrow).astimezone(dt.UTC)


def _keep(work: db.Work, venue_id: int, *, is_on: bool, offer_ids: list[int]) -> None:
    values = {"is_on": is_on, "offer_ids": offer_ids, "changed_at": work.now}
    statement = db.insert(work, presented_modes).values(city_id=work.city_id, venue_id=venue_id, **values)
    keys = [presented_modes.c.city_id, presented_modes.c.venue_id]
    work.connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def _add(work: db.Work, sealer: Sealer, venue_id: int, version: int, begins_at: dt.datetime) -> None:
    secret = work.ids.random_bytes(presented_codes.SECRET_BYTES)
    work.connection.execute(
        sa.insert(venue_secrets).values(
            city_id=work.city_id, venue_id=venue_id, version=version, sealed=sealer.seal(work, secret),
            made_at=work.now, begins_at=begins_at,
        )
    )  # fmt: skip


def _rows(reading: db.Reading, venue_id: int) -> Sequence[sa.Row[tuple[object, ...]]]:
    return reading.connection.execute(
        sa.select(venue_secrets)
        .where(venue_secrets.c.city_id == reading.city_id, venue_secrets.c.venue_id == venue_id)
        .order_by(venue_secrets.c.version)
    ).all()
