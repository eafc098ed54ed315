"""The nightly comparison: payment services and registers are asked, then all is compared; and the meter.

Run by the worker, by `duiscoin reconcile` and by a button of the treasury. It changes nothing but this: a
register that has lost a payment, or could not be reached for hours, is told of it again; treasurers are told
once when the volume nears the notification threshold; disputes and payouts of which a message was lost are
taken note of.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from api import mailing
from api.services import Services
from identity import persons, roles
from identity.roles import Role
from kernel import logs, outbox
from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import DomainError
from redemption import fines, orders, paying_fines, payments, reconciliations, reconciling, volumes
from redemption.fines import FinePayment, ListsPayments
from redemption.payments import Payment
from redemption.providers import PaymentProvider, PaymentUnknown
from redemption.reconciliations import Compared, Difference, Reconciliation, Trouble
from redemption.till import Till
from redemption.volumes import Volume
from web.marking import N_

TOPIC_ALARM = "volume.alarm"
LOOKED_INTO = dt.timedelta(days=35)
"""Payments as young as this are asked about again, whatever we think of them."""
ASKED_MOST = 1000
_SUBJECT = N_("%(city)s: points redeemed for %(percent)s %% of the notification threshold")
_BODY = N_(
    "In the last twelve months points were redeemed for %(euros)s euros. From one million euros on, a"
    " limited network may have to be notified to the supervisory authority (ZAG section 2). Please speak"
    " with your legal department now; what to ask stands in docs/legal.md.\n"
)
_log = logs.get(__name__)


def run(services: Services, city: City, providers: Mapping[str, PaymentProvider]) -> Reconciliation:
    """Compare everything, measure the volume, and keep the result."""
    measured = _watch_volume(services, city)
    _catch_up(services, city, providers)
    with services.database.reading(city.city_id) as reading:
        asked = _young(reading, tuple(providers))
    differences = [found for one in asked if (found := _ask(providers[one.provider], one)) is not None]
    register = _register(services, city)
    with services.database.reading(city.city_id) as reading:
        compared, more = reconciling.books(reading, city)
        of_fines, and_fines = reconciling.fines(reading, city, register)
        of_clearing, and_clearing = _clearing(reading)
        lost = reconciling.untold(reading)
        lost += reconciling.forgotten(reading, register) if register is not None else []

    def keep(work: Work) -> Reconciliation:
        for payment in lost:
            outbox.append(work, paying_fines.TOPIC_PAID, fines.to_payload(payment))
        return reconciliations.keep(
            work,
            (*compared, *of_clearing, *of_fines),
            (*differences, *more, *and_clearing, *and_fines),
            measured,
        )

    made = services.database.run(city.city_id, keep)
    if not made.is_clean:
        _log.warning("reconciled", city=city.slug, differences=len(made.differences))
    return made


def _catch_up(services: Services, city: City, providers: Mapping[str, PaymentProvider]) -> None:
    """Look at disputes and payouts of which a message may have been lost; in vain: tomorrow again."""
    try:
        till = Till(services.database, city, providers, services.sealer)
        till.catch_up(services.database.clock.now() - LOOKED_INTO)
    except DomainError as trouble:
        _log.warning("not-caught-up", city=city.slug, trouble=trouble.code)


def _watch_volume(services: Services, city: City) -> tuple[Volume, ...]:
    """Measure the volume of twelve months and tell treasurers once if it nears the threshold."""
    with services.database.reading(city.city_id) as reading:
        measured = volumes.measure(reading, city)

    def command(work: Work) -> None:
        for volume in volumes.raise_alarms(work, measured):
            for address, language in _treasurers(work):
                content = {
                    "to": address,
                    "language": language,
                    "cents": volume.cents,
                    "percent": volume.percent,
                }
                outbox.append(work, TOPIC_ALARM, content)

    services.database.run(city.city_id, command)
    return measured


def send_alarm(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    """Send the e-mail of an alarm. Raises as `mailing.send`; then it is tried again."""
    translation = services.translations[str(payload["language"])]
    facts = {
        "city": city.name,
        "percent": payload["percent"],
        "euros": f"{int(payload['cents']) // 100:,}".replace(",", "."),
    }
    subject, body = (translation.gettext(text) % facts for text in (_SUBJECT, _BODY))
    mailing.send(services, str(payload["to"]), subject, body)


def _young(reading: Reading, names: Sequence[str]) -> list[Payment]:
    found: list[Payment] = []
    for name in names:
        after = 0
        while some := payments.of_provider(reading, name, after=after):
            after = some[-1].payment_id
            found += [
                one for one in some if one.provider_reference and reading.now - one.created_at < LOOKED_INTO
            ]
    return found[-ASKED_MOST:]


def _ask(provider: PaymentProvider, payment: Payment) -> Difference | None:
    """Return what a provider says otherwise about a payment."""
    subject = f"{payment.provider} {payment.order_id}"
    try:
        seen = provider.fetch(payment.provider_reference or "")
    except PaymentUnknown:
        return Difference(Trouble.PAYMENT_MISSING, subject, payment.received_cents)
    except DomainError:
        return Difference(Trouble.PAYMENT_UNSURE, subject, 0)
    if seen.received_cents > payment.received_cents:
        gap = seen.received_cents - payment.received_cents
        return Difference(Trouble.PAYMENT_BEHIND, subject, gap)
    return None


def _register(services: Services, city: City) -> list[FinePayment] | None:
    register = services.fine_register(city)
    if not isinstance(register, ListsPayments):
        return None
    try:
        return register.payments()
    except DomainError:
        return None


def _clearing(reading: Reading) -> tuple[list[Compared], list[Difference]]:
    """Compare the clearing accounts of the city's own ways: they are at zero once the till has looked."""
    compared = []
    for name in ("transfer", "desk"):
        path = orders.clearing_path(name)
        compared.append(Compared(path, reconciling.balance(reading, path), 0))
    return compared, [
        Difference(Trouble.BOOKS_DIFFER, one.subject, one.ours_cents) for one in compared if not one.agrees
    ]


def _treasurers(reading: Reading) -> list[tuple[str, str]]:
    numbers = [person_id for person_id, held in roles.every(reading) if held.role is Role.TREASURER]
    found = persons.by_ids(reading, numbers)
    return [(one.email, one.language) for one in found.values() if one.email]
