"""The demo's café: guests redeem on their own phones, and one citizen has a voucher to try it with."""

from functools import partial
from typing import Final

from api import services
from api.demo.living import Life
from identity import auditing
from identity.persons import Person
from identity.roles import Role
from kernel.db import Work
from kernel.errors import DomainError
from redemption import buying, offers, presented_policies, presented_venues, presenting
from redemption.presented_policies import EVERYWHERE, SUGGESTED

VENUE: Final = "cafe-schleusenwaerter"
OFFER: Final = "kaffee"
CUPS: Final = 3
"""So many guests have redeemed there; one more cup waits for the first citizen."""


def pour(life: Life) -> None:
    """Allow it, turn it on, let some guests redeem, and leave a voucher to the first citizen."""
    life.database.run(life.city.city_id, partial(_turn_on, life))
    guests = (*life.cast.citizens[:1], *life.cast.citizens[5:])
    bought = 0
    for person in guests:
        try:
            life.database.run(life.city.city_id, partial(_take, life, person, burn=bought > 0))
        except DomainError:
            # Not enough points, or enough coffee this month.
            continue
        bought += 1
        if bought > CUPS:
            return


def _turn_on(life: Life, work: Work) -> None:
    actor = f"person/{life.cast.staff[Role.ADMINISTRATOR].person_id}"
    presented_policies.save(work, EVERYWHERE, SUGGESTED)
    auditing.record(work, actor, "presented-policy-set", f"venue/{EVERYWHERE}", {})
    sealer, venue_id = services.sealer(life.settings), life.cast.venue_ids[VENUE]
    (coffee,) = (one for one in offers.published(work) if one.code == OFFER)
    presented_venues.turn_on(work, life.city, sealer, venue_id, [coffee.offer_id])


def _take(life: Life, person: Person, work: Work, *, burn: bool) -> None:
    (coffee,) = (one for one in offers.published(work) if one.code == OFFER)
    voucher = buying.buy(work, life.city, person.owner, coffee.offer_id, services.sealer(life.settings))
    if burn:
        venue_id = life.cast.venue_ids[VENUE]
        presenting.present(
            work, life.city, person.owner, voucher.voucher_id, venue_id=venue_id, left=voucher.left
        )
