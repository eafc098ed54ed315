"""What keeps the demo's treasury busy: orders that wait for a transfer, and a payment that was taken back."""

import contextlib
import datetime as dt
import itertools
from functools import partial

from api import paying, services
from api.demo import going_out
from api.demo.living import Life
from identity.persons import Person
from kernel.db import Work
from kernel.errors import DomainError
from redemption import offers, ordering, orders, payments
from redemption.buying import Purchase
from redemption.city_providers import TransferProvider
from redemption.ordering import Way
from redemption.orders import Order, OrderKind, OrderStatus
from redemption.providers import PaymentProvider
from redemption.till import Till

OFFERS = ("philharmonie", going_out.OFFER)
WAITING = 3
"""Orders that still have to be paid."""


def owe(life: Life) -> None:
    """Let the first citizen and some others order by transfer, and a bank take a payment by card back."""
    service = paying.sandbox_of(life.settings, life.city, life.clock)
    transfer = TransferProvider(life.database, life.city.city_id)
    ways: dict[str, PaymentProvider] = {service.name: service, transfer.name: transfer}
    till = Till(life.database, life.city, ways, services.sealer(life.settings))
    waiting = 0
    for person, code in itertools.product(life.cast.citizens, OFFERS):
        if waiting < WAITING:
            with contextlib.suppress(DomainError):
                # Who has too few points, or has been there too often, orders nothing.
                life.database.run(life.city.city_id, partial(_order, life, person, code))
                waiting += 1
    till.advance_due()
    paid = _paid_by_card(life)
    if paid:
        service.dispute(paid)
        till.catch_up(life.clock.now() - dt.timedelta(days=1))


def _order(life: Life, person: Person, code: str, work: Work) -> Order:
    (offer,) = (one for one in offers.published(work) if one.code == code)
    way = Way(
        TransferProvider.name,
        life.settings.public_url,
        offer.titles["de"],
        "de",
        paying.VALID[TransferProvider.name],
    )
    return ordering.order_voucher(
        work, life.city, Purchase(person.owner, offer.offer_id), way, services.sealer(life.settings)
    )


def _paid_by_card(life: Life) -> str | None:
    """Return the service's name for a payment of which the voucher was not used yet, else of any."""
    with life.database.reading(life.city.city_id) as reading:
        for person in life.cast.citizens:
            for order in orders.page(reading, person.owner):
                payment = payments.of_order(reading, order.order_id)
                done = order.kind is OrderKind.VOUCHER and order.status is OrderStatus.DONE
                if done and order.cents and payment is not None:
                    return payment.provider_reference
    return None
