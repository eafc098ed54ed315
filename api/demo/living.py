"""Some weeks in the demo city, day by day, through the same use cases as in production."""

import datetime as dt
import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PIL import Image, ImageDraw

from api import services
from api.demo import catalogue
from api.demo.catalogue import Catalogue
from api.demo.dice import Dice
from api.demo.peopling import Cast
from identity.persons import Person
from identity.roles import Role
from kernel.cities import City
from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.errors import Conflict
from kernel.settings import Settings
from ledger import wallets
from merchants import devices
from merchants.directions import Direction
from redemption import (
    activating,
    buying,
    cancelling,
    codes,
    fee_files,
    fine_files,
    offers,
    paying_fines,
    redeeming,
    vouchers,
)
from redemption.fee_files import FeeRow
from redemption.file_register import from_fee, from_row
from redemption.fine_files import FineRow
from redemption.fines import DueKind, Fine
from redemption.vouchers import Voucher, VoucherStatus
from rewards import evidence, pictures, reviewing, submissions, submitting
from rewards.evidence import EvidenceStore
from rewards.submissions import Status
from rewards.submitting import NewSubmission, StoredPicture

SAVERS = slice(1, 3)
"""Citizens who spend nothing until they pay a fine or a fee with it."""
JITTER_E6 = 900
"""A hundred metres at most: so that reports of the same text lie apart."""
_PAUSE = dt.timedelta(minutes=7)


@dataclass(slots=True)
class Life:
    """What the days share."""

    database: Database
    clock: FixedClock
    settings: Settings
    city: City
    told: Catalogue
    cast: Cast
    dice: Dice

    @property
    def store(self) -> EvidenceStore:
        """Where the photos go."""
        return services.photos_of(self.settings, self.city, self.clock)


def live(life: Life, until: dt.datetime, evening: Callable[[Life], None]) -> None:
    """Let every day happen from the clock's present day to `until`, every third one with an evening out."""
    days = itertools.count(1)
    while life.clock.now() < until - dt.timedelta(days=1):
        _day(life)
        if next(days) % 3 == 0:
            evening(life)
        life.clock.advance(dt.timedelta(days=1) - _since_morning(life))
    _today(life)
    if life.clock.now() < until:
        life.clock.move_to(until)


def pay_some_fines(life: Life, fines: list[Fine]) -> None:
    """Let citizens with enough points pay a fine, or a fee."""
    cheap = sorted(fines, key=lambda fine: fine.amount_cents)
    for person, kind in zip(life.cast.citizens[SAVERS], DueKind, strict=True):
        offer = next(one for one in life.cast.offers if one.kind.value == kind.value)
        fine = next(one for one in cheap if one.kind is kind)
        _run(life, partial(_pay, life, person, fine, offer.offer_id))


def _pay(life: Life, person: Person, fine: Fine, offer_id: int, work: Work) -> None:
    paying_fines.pay(work, life.city, person.owner, fine, offer_id)


def _since_morning(life: Life) -> dt.timedelta:
    local = life.clock.now().astimezone(life.city.zone)
    morning = local.replace(hour=7, minute=30, second=0, microsecond=0)
    return local - morning


def _day(life: Life) -> None:
    for _ in range(life.dice.between(9, 14)):
        _earn(life)
    _decide(life, everything=True)
    for _ in range(life.dice.between(3, 6)):
        _spend(life)
    _visit(life)


def _today(life: Life) -> None:
    """Let the last day leave something to do: reports to review, outcomes to confirm, vouchers to scan."""
    for _ in range(14):
        _earn(life)
    for _ in range(4):
        _spend(life)
    _visit(life)


def _run(life: Life, command: Callable[[Work], object]) -> None:
    """Run one event; a refusal (sold out, not enough points, a limit reached) is part of life."""
    life.clock.advance(_PAUSE)
    try:
        life.database.run(life.city.city_id, command)
    except Conflict:
        return


def _earn(life: Life) -> None:
    person = life.dice.choose(life.cast.citizens[: life.dice.choose((4, 12, 40))])
    make = life.dice.choose((_report, _report, _report, _application, _idea))
    new = make(life, person)
    _run(life, lambda work: submitting.submit(work, life.city, new))


def _report(life: Life, person: Person) -> NewSubmission:
    told = life.dice.choose(life.told.reports)
    dice = life.dice
    accuracy = dice.choose((5, 8, 9, 12, 14, 18, 22, 60))
    return NewSubmission(
        action="litter-report",
        owner=person.owner,
        source="app",
        description=told.description,
        category=told.category,
        address=told.place,
        district=life.told.quarters[told.quarter].name,
        latitude_e6=told.latitude_e6 + dice.between(-JITTER_E6, JITTER_E6),
        longitude_e6=told.longitude_e6 + dice.between(-JITTER_E6, JITTER_E6),
        accuracy_m=accuracy,
        pictures=[photo(life)] if dice.chance(90) else [],
    )


def _application(life: Life, person: Person) -> NewSubmission:
    told = life.dice.choose(life.told.applications)
    case = f"{told.code}/{life.dice.below(10**9)}"
    return NewSubmission(
        action="application-completed",
        owner=person.owner,
        source="portal",
        description=told.name["de"],
        evidence_key=case,
        facts={"service": told.code, "complete": True},
    )


def _idea(life: Life, person: Person) -> NewSubmission:
    told = life.dice.choose(life.told.suggestions)
    return NewSubmission(
        action="suggestion",
        owner=person.owner,
        source="app",
        description=f"{told.title}: {told.text}",
        category=told.category,
        district=life.told.quarters[told.quarter].name,
    )


def photo(life: Life) -> StoredPicture:
    """Draw a small picture of sacks on a pavement: made, so nobody is in it."""
    dice = life.dice
    ground = 80 + dice.below(80)
    image = Image.new("RGB", (320, 240), (ground, ground + 8, ground))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 320, 90), fill=(150 + dice.below(60), 180, 200))
    for _ in range(dice.between(2, 6)):
        x, y, size = dice.below(260), 90 + dice.below(90), 30 + dice.below(50)
        shade = dice.below(90)
        draw.ellipse((x, y, x + size, y + size), fill=(shade, shade, shade + dice.below(60)))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=80)
    taken = life.clock.now().astimezone(life.city.zone).replace(tzinfo=None)
    picture = replace(pictures.read(data.getvalue()), taken_at_local=taken)
    key = evidence.new_key(life.database.ids.random_bytes(24))
    life.store.write(key, picture.jpeg)
    return StoredPicture(key, picture)


def _decide(life: Life, *, everything: bool) -> None:
    worker = life.cast.staff[Role.CASE_WORKER]
    share = 100 if everything else 50

    def review(work: Work) -> None:
        for one in submissions.waiting(work, limit=20):
            if life.dice.chance(70):
                reviewing.accept(
                    work,
                    life.city,
                    one.submission_id,
                    reviewer_id=worker.person_id,
                    reviewer_owner=worker.owner,
                    reason="Am Telefon geklärt.",
                )
            else:
                reviewing.decline(
                    work,
                    life.city,
                    one.submission_id,
                    reviewer_id=worker.person_id,
                    reviewer_owner=worker.owner,
                    reason="Vor Ort war nichts zu finden.",
                )

    def outcomes(work: Work) -> None:
        old = work.now - dt.timedelta(days=life.dice.between(1, 3))
        for one in submissions.by_status(work, Status.ACCEPTED, limit=40):
            if one.received_at < old and life.dice.chance(share * 80 // 100):
                _conclude(life, work, one.submission_id, worker)

    _run(life, review)
    _run(life, outcomes)


def _conclude(life: Life, work: Work, submission_id: int, worker: Person) -> None:
    if life.dice.chance(92):
        reviewing.confirm(
            work, life.city, submission_id, reviewer_id=worker.person_id, reviewer_owner=worker.owner
        )
    else:
        reviewing.reject(
            work,
            life.city,
            submission_id,
            reviewer_id=worker.person_id,
            reviewer_owner=worker.owner,
            reason="Die Stelle war schon gemeldet und gereinigt.",
        )


def _spend(life: Life) -> None:
    person = life.dice.choose(life.cast.citizens[: life.dice.choose((6, 20, 40))])
    if person in life.cast.citizens[SAVERS]:
        return
    sealer = services.sealer(life.settings)

    def command(work: Work) -> None:
        available = wallets.wallet(work, person.owner).available
        possible = [
            one for one in offers.published(work) if 0 < one.price_points <= available and not one.price_cents
        ]
        if not possible:
            return
        chosen = life.dice.choose(possible)
        voucher = buying.buy(work, life.city, person.owner, chosen.offer_id, sealer)
        if life.dice.chance(6):
            cancelling.cancel(work, life.city, person.owner, voucher.voucher_id)

    _run(life, command)


def _visit(life: Life) -> None:
    """Let citizens use vouchers, now and then show one a second time, and go out where they are counted."""
    sealer = services.sealer(life.settings)

    def command(work: Work) -> None:
        every = devices.of_venues(work, life.cast.device_ids)
        ways_out = {one.venue_id: one.device_id for one in every if one.direction is Direction.OUT}
        for person in life.cast.citizens[life.dice.below(3) :: 3]:
            for one in vouchers.page(work, person.owner, limit=10):
                if work.now < one.valid_from:
                    continue
                if one.terms.activation_minutes and one.status is VoucherStatus.USABLE:
                    activating.activate(work, life.city, person.owner, one.voucher_id, sealer)
                    continue
                used = one.status is VoucherStatus.REDEEMED and life.dice.chance(2)
                if (one.status is VoucherStatus.USABLE and life.dice.chance(60)) or used:
                    venue_id = life.dice.choose(one.venue_ids)
                    _scan(life, work, one, venue_id, life.dice.choose(life.cast.device_ids[venue_id]))
                    if not used and venue_id in ways_out and life.dice.chance(40):
                        _scan(life, work, one, venue_id, ways_out[venue_id])

    _run(life, command)


def _scan(life: Life, work: Work, voucher: Voucher, venue_id: int, device_id: int) -> None:
    redeeming.redeem(
        work,
        life.city,
        codes.app_text(voucher.token),
        services.sealer(life.settings),
        venue_id=venue_id,
        device_id=device_id,
        scan_nonce=str(work.ids.uuid()),
    )


def told_fines(city: City) -> list[Fine]:
    """Return the fines and fees with which the demo's register was filled."""
    rows = fine_files.parse(catalogue.fine_file(), prefix=city.reference_prefix, zone=city.zone)
    fees = fee_files.parse(catalogue.fee_file(), prefix=city.reference_prefix, zone=city.zone)
    found = [from_row(row) for row in rows if isinstance(row, FineRow)]
    return found + [from_fee(row) for row in fees if isinstance(row, FeeRow)]
