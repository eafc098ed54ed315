"""Who may buy an offer: how well a person is known, how old they are, and how many they have already."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from identity import persons
from identity.persons import Standing, TrustLevel
from kernel import db
from kernel.cities import City
from kernel.errors import Conflict
from redemption import orders, vouchers
from redemption.offers import Offer

_RANKS: Final = {level: rank for rank, level in enumerate(TrustLevel)}
OLDEST: Final = {"under-14": 13, "14-17": 17, "18-26": 26, "27-64": 64, "65-plus": 200}
"""The highest age in each of `persons.AGE_GROUPS`."""


@dataclass(frozen=True, slots=True)
class Buyers:
    """What is known of those who want to buy, as far as their offers ask for it."""

    standings: Mapping[str, Standing]
    bought: Counter[tuple[str, int]]
    bought_this_month: Counter[tuple[str, int]]

    def check(self, owner: str, offer: Offer) -> None:
        """Raise Conflict unless the owner may buy one more.

        The codes: `trust-too-low`, `age-unknown`, `age-too-low`, `per-person-limit-reached`,
        `per-month-limit-reached`. Age is what the person says; the venue looks at an identity card.
        """
        terms, standing = offer.terms, self.standings.get(owner)
        trust = standing.trust_level if standing else TrustLevel.ANONYMOUS
        if _RANKS[trust] < _RANKS[terms.trust_least]:
            raise Conflict("trust-too-low", offer=offer.code, wanted=terms.trust_least.value)
        if terms.age_least is not None:
            group = standing.age_group if standing else None
            if group is None:
                raise Conflict("age-unknown", offer=offer.code, age=terms.age_least)
            if OLDEST[group] < terms.age_least:
                raise Conflict("age-too-low", offer=offer.code, age=terms.age_least)
        limit = offer.per_person_limit
        if limit is not None and self.bought[owner, offer.offer_id] >= limit:
            raise Conflict("per-person-limit-reached", offer=offer.code, limit=limit)
        limit = terms.per_month_limit
        if limit is not None and self.bought_this_month[owner, offer.offer_id] >= limit:
            raise Conflict("per-month-limit-reached", offer=offer.code, limit=limit)


def read(reading: db.Reading, city: City, wanted: Sequence[tuple[str, Offer]]) -> Buyers:
    """Return what the offers ask of their buyers: nothing is read that none asks for."""
    limited = {
        (owner, offer.offer_id)
        for owner, offer in wanted
        if offer.per_person_limit is not None or offer.terms.per_month_limit is not None
    }
    month = dt.datetime.combine(city.day_of(reading.now).replace(day=1), dt.time(), city.zone)
    bought, this_month = vouchers.counted_against_limit(reading, limited, month)
    waiting = orders.counted_against_limit(reading, limited)
    asked = {owner for owner, offer in wanted if _asks(offer)}
    standings = persons.standings(reading, asked) if asked else {}
    return Buyers(standings, bought + waiting, this_month + waiting)


def _asks(offer: Offer) -> bool:
    return offer.terms.age_least is not None or offer.terms.trust_least is not TrustLevel.ANONYMOUS
