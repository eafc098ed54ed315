"""The worker: delivers messages and does what is due, each step in its own unit of work.

Handlers may be called twice for one event, because a crash can come between delivery and its note.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from api import (
    calling_off_due,
    duties,
    erasing,
    idempotency,
    key_alarms,
    log_keeping,
    mailing,
    paying,
    photo_keeping,
    posting_letters,
    receipts_due,
    reconciling,
    self_auditing,
    settlements_due,
    simulating,
    supply_due,
    venue_mail,
    voucher_keeping,
)
from api.services import Services
from identity import postbox, sessions, signing_in
from kernel import cities, logs, outbox
from kernel.cities import City
from kernel.db import Work
from kernel.outbox import Event
from ledger import wallets
from merchants import inviting
from redemption import (
    fines,
    hub_sessions,
    keys,
    leasing,
    passages,
    paying_fines,
    payments,
    publishing_status,
    reminding,
    returning_dues,
)
from redemption.fines import FinePayment
from rewards import city_events, funding, reviewing, waiting

IDLE_SECONDS = 2.0
ROUNDS_MAX = 1000
"""Of one duty of a day; what is left then is done the next day."""
_log = logs.get(__name__)

Handler = Callable[[Services, City, Mapping[str, Any]], Callable[[Work], None] | None]
"""Delivers a payload, outside any transaction; may return what to note in the transaction afterwards."""


def _send_code(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    mailing.send_code(services, city, payload)


def _send_letter(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    posting_letters.send(services, city, payload)


def _report_fine(services: Services, city: City, payload: Mapping[str, Any]) -> Callable[[Work], None]:
    payment = fines.from_payload(dict(payload))
    try:
        paying_fines.report(services.fine_register(city), dict(payload))
    except returning_dues.REFUSALS:
        if services.database.clock.now() - payment.paid_at < returning_dues.REFUSED_FOR:
            raise
        return lambda work: _give_due_back(work, city, payment)
    return lambda work: paying_fines.reported(work, payment)


def _give_due_back(work: Work, city: City, payment: FinePayment) -> None:
    returning_dues.give_back(work, city, payment)


def _send_alarm(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    key_alarms.send(services, city, payload)


def _send_decision(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    venue_mail.send_decision(services, city, payload)


def _send_invitation(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    venue_mail.send_invitation(services, city, payload)


def _finish_erasing(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    erasing.finish(services, city, payload)


def _send_volume_alarm(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    reconciling.send_alarm(services, city, payload)


def _pay_waiting(services: Services, city: City, payload: Mapping[str, Any]) -> Callable[[Work], None]:
    del services
    return lambda work: funding.pay_waiting(work, city, str(payload["campaign"]))


HANDLERS: Mapping[str, Handler] = {
    reconciling.TOPIC_ALARM: _send_volume_alarm,
    signing_in.TOPIC: _send_code,
    paying_fines.TOPIC_PAID: _report_fine,
    erasing.TOPIC: _finish_erasing,
    funding.TOPIC: _pay_waiting,
    keys.TOPIC_ALARM: key_alarms.spread,
    key_alarms.TOPIC_MAIL: _send_alarm,
    postbox.TOPIC_MAIL: _send_letter,
    inviting.TOPIC: _send_invitation,
    venue_mail.TOPIC_DECIDED: _send_decision,
}


def deliver_due(services: Services, city: City) -> int:
    """Deliver the city's waiting messages; return how many were tried."""
    with services.database.reading(city.city_id) as reading:
        due = outbox.due(reading)
    for event in due:
        _deliver(services, city, event)
    if any(event.topic == erasing.TOPIC for event in due):
        services.database.scrub()
    return len(due)


def do_daily(services: Services, city: City) -> None:
    """Do what a day asks for; doing it more often changes nothing."""
    run = services.database.run
    today = city.day_of(services.database.clock.now())
    in_rounds(lambda: run(city.city_id, lambda work: reviewing.confirm_overdue(work, city)))
    in_rounds(lambda: run(city.city_id, lambda work: waiting.pay_all(work, city)))
    run(city.city_id, lambda work: wallets.expire_lots(work, today))
    run(city.city_id, city_events.forget_waiting)
    settlements_due.settle_daily(services.database, city)
    supply_due.state(services.log(city), city)
    photo_keeping.expire(services, city)
    for forget in (
        publishing_status.forget_old,
        leasing.sweep,
        hub_sessions.sweep,
        passages.forget_old,
        idempotency.forget_old,
        payments.forget_old,
        sessions.forget_old,
        signing_in.forget_old,
    ):
        run(city.city_id, forget)
    reconciling.run(services, city, paying.providers(services, city))
    services.database.scrub()


def in_rounds(step: Callable[[], int]) -> None:
    """Do something that is much work in many short units, so that nobody waits long for the writer."""
    for _ in range(ROUNDS_MAX):
        if not step():
            return


def run_forever(services: Services, stop: threading.Event | None = None) -> None:
    """Deliver, do what is due, keep the logs and verify the books until `stop` is set."""
    ending = stop or threading.Event()
    with (
        log_keeping.background(services),
        self_auditing.background(services),
        simulating.background(services),
        voucher_keeping.background(services),
    ):
        _work(services, ending)


def _work(services: Services, ending: threading.Event) -> None:
    done: dict[int, object] = {}
    while not ending.is_set():
        busy = 0
        for city in cities.every(services.database):
            try:
                receipts_due.issue(services.database, city)
                busy += deliver_due(services, city)
                busy += paying.till(services, city).advance_due()
                busy += calling_off_due.proceed(services, city)
                busy += services.database.run(city.city_id, reminding.remind)
                today = city.day_of(services.database.clock.now())
                if done.get(city.city_id) != today:
                    do_daily(services, city)
                    done[city.city_id] = today
            except Exception:  # noqa: BLE001 -- whatever it is, the other cities go on
                # One city's trouble must not stop the others; it is logged and tried again.
                _log.exception("worker-failed", city=city.slug)
        if not busy:
            ending.wait(IDLE_SECONDS)


@contextlib.contextmanager
def background(services: Services, *, enabled: bool) -> Iterator[None]:
    """Run the worker on a thread of its own while the block lasts."""
    if not enabled:
        yield
        return
    with duties.duty(run_forever, services, "worker"):
        yield


def _deliver(services: Services, city: City, event: Event) -> None:
    try:
        note = HANDLERS[event.topic](services, city, event.payload)
    except Exception as error:  # noqa: BLE001 -- whatever went wrong is noted and tried again later
        # The kind of error only: the text of a mail server's names the address.
        kind = type(error).__name__
        _log.warning("delivery-failed", topic=event.topic, event_id=event.event_id, error=kind)
        reason = f"{type(error).__name__}: {error}"
        services.database.run(city.city_id, lambda work: outbox.failed(work, event, reason))
        return

    def settle(work: Work) -> None:
        if note is not None:
            note(work)
        outbox.delivered(work, event.event_id)

    services.database.run(city.city_id, settle)
