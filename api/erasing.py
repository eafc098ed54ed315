"""Erasing a person: every room in one unit of work; files and kept answers right after, by the worker.

docs/privacy.md says table by table what goes and what stays, docs/adr/0007 why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from api import idempotency, venue_mail
from api.services import Services
from identity import persons, postbox, signing_in
from kernel import outbox
from kernel.cities import City
from kernel.db import Reading, Work
from ledger import accounts, wallets
from merchants import applying, inviting
from redemption import erasing as redemption_erasing
from rewards import erasing as rewards_erasing

TOPIC = "person.erased"
"""Outbox topic: what has to go outside the transaction. Its payload is emptied when that is done."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What somebody would lose by being erased now."""

    points: int
    pending: int
    voucher_titles: tuple[Mapping[str, str], ...]
    open_submissions: int

    @property
    def anything(self) -> bool:
        """Whether there is something to lose."""
        return bool(self.points or self.pending or self.voucher_titles or self.open_submissions)


def loss(reading: Reading, owner: str) -> Loss:
    """Return what an owner would lose; points reserved for unused vouchers are counted as points."""
    wallet = wallets.wallet(reading, owner)
    unused = redemption_erasing.open_vouchers(reading, owner)
    return Loss(
        points=wallet.available + wallet.reserved,
        pending=wallet.pending,
        voucher_titles=tuple(voucher.titles for voucher in unused),
        open_submissions=rewards_erasing.open_submissions(reading, owner),
    )


def erase(work: Work, city: City, person_id: int) -> None:
    """Forget a person who asked for it, in every room. Raises NotFound `person-not-found`.

    Unused vouchers are given back, promised points return to their budgets, points left expire; then the
    wallet's secrets are replaced and the person is deleted.
    """
    person = persons.get(work, person_id)
    voucher_ids = redemption_erasing.erase(work, city, person.owner)
    handed_in = rewards_erasing.erase(work, city, person.owner)
    wallets.forfeit(work, person.owner, city.day_of(work.now))
    accounts.erase_owner(work, person.owner)
    proofs = applying.erase(work, person_id)
    inviting.erase(work, person)
    outbox.forget(work, venue_mail.TOPIC_DECIDED, "email", person.email)
    codes = signing_in.requests_of(work, person.email)
    postbox.erase(work, person.owner)
    persons.erase(work, person_id, eraser_id=person_id)
    idempotency.forget(work, f"person/{person_id}")
    numbers = map(str, (*handed_in.submission_ids, *codes))
    traces = [person.owner, person.email, str(person_id), *voucher_ids, *numbers]
    files = [*handed_in.photos, *proofs]
    outbox.append(work, TOPIC, {"photos": files, "traces": [one for one in traces if one]})


def finish(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    """Delete the photos, and the answers kept for others that speak of the person. Again changes nothing."""
    store = services.evidence(city)
    for key in payload.get("photos", ()):
        store.delete(key)
    _forget_answers(services, city, payload.get("traces", ()))


def _forget_answers(services: Services, city: City, traces: Iterable[str]) -> None:
    wanted = [trace.encode() for trace in traces]
    after: tuple[str, str] | None = None
    while wanted:
        # Read outside the writer's section: there may be many answers, and it is not in a hurry.
        with services.database.reading(city.city_id) as reading:
            page = idempotency.page(reading, after=after)
        if not page:
            return
        found = [one.place for one in page if any(trace in one.answer for trace in wanted)]
        if found:
            services.database.run(city.city_id, partial(idempotency.drop, places=found))
        after = page[-1].place
