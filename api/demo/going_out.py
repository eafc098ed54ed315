"""Evenings that citizens pay with points and euros, through the page of the sandbox: its venue gets both."""

from functools import partial

from api import paying, services
from api.demo.living import Life
from identity.persons import Person
from kernel.db import Work
from kernel.errors import DomainError
from redemption import offers, ordering, payments
from redemption.buying import Purchase
from redemption.ordering import Way
from redemption.orders import Order
from redemption.sandbox_provider import How
from redemption.till import Till

OFFER = "theater-parkett"
GUESTS = 2
"""How many go out in an evening."""


def go_out(life: Life) -> None:
    """Let some citizens buy an evening at the theatre by card; who has not enough points stays at home."""
    service = paying.sandbox_of(life.settings, life.city, life.clock)
    till = Till(life.database, life.city, {service.name: service}, services.sealer(life.settings))
    for _ in range(GUESTS):
        person = life.dice.choose(life.cast.citizens[:20])
        try:
            order = life.database.run(life.city.city_id, partial(_order, life, person, service.name))
        except DomainError:
            continue
        till.advance_due()
        with life.database.reading(life.city.city_id) as reading:
            payment = payments.of_order(reading, order.order_id)
        if payment and payment.provider_reference:
            service.pay(payment.provider_reference, How.CARD)
            life.clock.advance(ordering.VALID / 10)
            till.hasten(order.order_id)


def _order(life: Life, person: Person, provider: str, work: Work) -> Order:
    (offer,) = (one for one in offers.published(work) if one.code == OFFER)
    way = Way(provider, life.settings.public_url, offer.titles["de"], "de")
    return ordering.order_voucher(
        work, life.city, Purchase(person.owner, offer.offer_id), way, services.sealer(life.settings)
    )
