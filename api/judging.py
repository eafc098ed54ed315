"""Judging how a city's ledger stands: reads the figures and says what each of them means."""

import datetime as dt
from collections import Counter
from importlib import metadata

from api.metering import WINDOW_SECONDS, Meter
from api.standings import (
    Book,
    Build,
    Finding,
    Judgement,
    Light,
    Outbox,
    RedeemedVolume,
    Seal,
    Standing,
    Verification,
    Volumes,
    VoucherKey,
    VoucherKeys,
    Witness,
    Witnesses,
    Writer,
    worst,
)
from kernel import outbox
from kernel.cities import City
from kernel.db import Reading
from ledger import log_seals, pace, queries, verifying, witnesses
from redemption import keys, publishing_status, reconciliations, reissuing

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)

SEAL_LATE, SEAL_STALE = 2 * HOUR, DAY
"""How long a transfer may wait for its checkpoint."""
VERIFICATION_LATE = 2 * verifying.EVERY
WITNESS_LATE = DAY
"""How long a checkpoint may wait for a witness."""
DELIVERY_LATE, DELIVERY_STUCK = 5 * MINUTE, HOUR
SLOW_SECONDS = 1.0
"""Wait or commit of 99 in 100 batches."""


def standing(reading: Reading, city: City, meter: Meter | None = None) -> Standing:
    """Return how the city's ledger stands; without a meter nothing is known of a writer."""
    sequence = queries.head_sequence(reading)
    writer, seal, verification = _writer(meter), _seal(reading, sequence), _verification(reading)
    seen, waiting, trust = _witnesses(reading), _outbox(reading), _voucher_keys(reading)
    volumes = _volumes(reading)
    parts = (writer, seal, verification, seen, waiting, trust, volumes)
    return Standing(
        city=city.slug,
        at=reading.now,
        light=worst(part.judged.light for part in parts),
        build=Build(version(), reading.connection.dialect.name),
        book=_book(reading, sequence),
        writer=writer,
        seal=seal,
        verification=verification,
        witnesses=seen,
        outbox=waiting,
        voucher_keys=trust,
        volumes=volumes,
    )


def _volumes(reading: Reading) -> Volumes:
    """Return the meter's figures of the last comparison: measuring anew reads the whole year."""
    newest = next(iter(reconciliations.page(reading, limit=1)), None)
    if newest is None or not newest.volumes:
        return Volumes(Judgement(Light.OFF, Finding.VOLUME_UNMEASURED), None, ())
    near = any(one.is_alarming for one in newest.volumes)
    judged = (
        Judgement(Light.AMBER, Finding.VOLUME_NEAR) if near else Judgement(Light.GREEN, Finding.VOLUME_SMALL)
    )
    items = tuple(RedeemedVolume(one.network.value, one.cents, one.percent) for one in newest.volumes)
    return Volumes(judged, newest.finished_at, items)


def version() -> str:
    """Return the version of this build."""
    return metadata.version("duiscoin")


def _book(reading: Reading, sequence: int) -> Book:
    minute = pace.booked_since(reading, reading.now - MINUTE)
    hour = pace.booked_since(reading, reading.now - HOUR)
    per_minute, per_hour = minute / MINUTE.total_seconds(), hour / HOUR.total_seconds()
    return Book(sequence, minute, hour, round(per_minute, 3), round(per_hour, 3))


def _writer(meter: Meter | None) -> Writer:
    if meter is None:
        return Writer(Judgement(Light.OFF, Finding.NO_WRITER), WINDOW_SECONDS, None)
    figures = meter.figures()
    times = [one.p99 for one in (figures.wait_seconds, figures.commit_seconds) if one is not None]
    if not times:
        judged = Judgement(Light.GREEN, Finding.WRITER_IDLE)
    elif max(times) > SLOW_SECONDS:
        judged = Judgement(Light.AMBER, Finding.WRITER_SLOW)
    else:
        judged = Judgement(Light.GREEN, Finding.WRITER_FLUENT)
    return Writer(judged, WINDOW_SECONDS, figures)


def _seal(reading: Reading, sequence: int) -> Seal:
    last = log_seals.last(reading)
    size = last.size if last else 0
    first_unsealed = pace.booked_at(reading, size + 1)
    waits = reading.now - first_unsealed if first_unsealed else dt.timedelta()
    if last is None:
        none = Judgement(Light.AMBER, Finding.NEVER_SEALED)
        judged = none if sequence else Judgement(Light.OFF, Finding.NOTHING_TO_SEAL)
    elif waits > SEAL_STALE:
        judged = Judgement(Light.RED, Finding.SEAL_STALE)
    elif waits > SEAL_LATE:
        judged = Judgement(Light.AMBER, Finding.SEAL_LATE)
    else:
        judged = Judgement(Light.GREEN, Finding.SEALED)
    sealed_at = last.sealed_at if last else None
    return Seal(judged, size, sequence - size, sealed_at, _age(reading, sealed_at))


def _witnesses(reading: Reading) -> Witnesses:
    items = tuple(_witness(reading, one) for one in witnesses.every(reading))
    if not items:
        return Witnesses(Judgement(Light.OFF, Finding.NO_WITNESS), ())
    light = worst(item.judged.light for item in items)
    return Witnesses(next(item.judged for item in items if item.judged.light is light), items)


def _witness(reading: Reading, known: witnesses.Witness) -> Witness:
    unconfirmed = log_seals.following(reading, known.size, 1)
    waits = reading.now - unconfirmed[0].sealed_at if unconfirmed else dt.timedelta()
    if known.last_error == witnesses.CONTRADICTS:
        judged = Judgement(Light.RED, Finding.WITNESS_CONTRADICTS)
    elif known.cosigned_at is None:
        judged = Judgement(Light.AMBER, Finding.NEVER_CONFIRMED)
    elif waits > WITNESS_LATE:
        judged = Judgement(Light.AMBER, Finding.WITNESS_LATE)
    else:
        judged = Judgement(Light.GREEN, Finding.CONFIRMED)
    age = _age(reading, known.cosigned_at)
    return Witness(judged, known.name, known.size, known.cosigned_at, age)


def _verification(reading: Reading) -> Verification:
    last = verifying.last(reading)
    if last is None:
        return Verification(Judgement(Light.AMBER, Finding.NEVER_VERIFIED), None, None, None, None, {})
    age = reading.now - last.finished_at
    if not last.ok:
        judged = Judgement(Light.RED, Finding.CONTRADICTED)
    elif age > VERIFICATION_LATE:
        judged = Judgement(Light.AMBER, Finding.VERIFICATION_LATE)
    else:
        judged = Judgement(Light.GREEN, Finding.VERIFIED)
    checks = Counter(finding.check for finding in last.findings)
    return Verification(
        judged, last.finished_at, age.total_seconds(), last.from_sequence, last.to_sequence, dict(checks)
    )


def _outbox(reading: Reading) -> Outbox:
    left = outbox.backlog(reading)
    age = reading.now - left.oldest_at if left.oldest_at else dt.timedelta()
    if age > DELIVERY_STUCK:
        judged = Judgement(Light.RED, Finding.DELIVERY_STUCK)
    elif age > DELIVERY_LATE:
        judged = Judgement(Light.AMBER, Finding.DELIVERY_LATE)
    elif left.given_up:
        judged = Judgement(Light.AMBER, Finding.GIVEN_UP)
    else:
        judged = Judgement(Light.GREEN, Finding.DELIVERED)
    oldest = age.total_seconds() if left.oldest_at else None
    return Outbox(judged, left.waiting, oldest, left.given_up)


def _voucher_keys(reading: Reading) -> VoucherKeys:
    known, last = keys.every(reading), publishing_status.find(reading)
    age = reading.now - last.issued_at if last else dt.timedelta()
    if any(key.needs_blocking for key in known):
        judged = Judgement(Light.RED, Finding.KEY_SUSPICIOUS)
    elif reissuing.unfinished(reading):
        judged = Judgement(Light.AMBER, Finding.KEY_REISSUING)
    elif last is None:
        judged = Judgement(Light.OFF, Finding.NO_STATUS_LIST)
    elif age > publishing_status.LATE_AFTER:
        judged = Judgement(Light.AMBER, Finding.STATUS_LIST_LATE)
    else:
        judged = Judgement(Light.GREEN, Finding.KEYS_TRUSTED)
    told = tuple(
        VoucherKey(key.kid, key.status.value, key.issued, key.accepted, key.foreign_seen, key.is_suspicious)
        for key in known
    )
    issued_at = last.issued_at if last else None
    return VoucherKeys(judged, told, last.version if last else None, issued_at, _age(reading, issued_at))


def _age(reading: Reading, instant: dt.datetime | None) -> float | None:
    return (reading.now - instant).total_seconds() if instant else None
