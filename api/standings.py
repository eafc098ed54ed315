"""How a city's ledger stands: figures of book, writer, log, verification and outbox, with traffic lights.

Public, so without anything about persons: numbers, times and names of checks.
"""

import datetime as dt
import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from api.metering import WriterFigures


class Light(enum.StrEnum):
    """The light of a traffic light, or none where there is nothing to judge."""

    OFF = "off"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Finding(enum.StrEnum):
    """What a light means; pages have a sentence for each."""

    NOTHING_TO_SEAL = "nothing-to-seal"
    NEVER_SEALED = "never-sealed"
    SEALED = "sealed"
    SEAL_LATE = "seal-late"
    SEAL_STALE = "seal-stale"
    NEVER_VERIFIED = "never-verified"
    VERIFIED = "verified"
    VERIFICATION_LATE = "verification-late"
    CONTRADICTED = "verification-found-faults"
    NO_WITNESS = "no-witness"
    NEVER_CONFIRMED = "never-confirmed"
    CONFIRMED = "confirmed"
    WITNESS_LATE = "witness-late"
    WITNESS_CONTRADICTS = "witness-contradicts"
    DELIVERED = "delivered"
    DELIVERY_LATE = "delivery-late"
    DELIVERY_STUCK = "delivery-stuck"
    GIVEN_UP = "given-up"
    NO_WRITER = "no-writer"
    WRITER_IDLE = "writer-idle"
    WRITER_FLUENT = "writer-fluent"
    WRITER_SLOW = "writer-slow"
    NO_STATUS_LIST = "no-status-list"
    KEYS_TRUSTED = "keys-trusted"
    KEY_SUSPICIOUS = "key-suspicious"
    KEY_REISSUING = "key-reissuing"
    STATUS_LIST_LATE = "status-list-late"
    VOLUME_UNMEASURED = "volume-unmeasured"
    VOLUME_SMALL = "volume-small"
    VOLUME_NEAR = "volume-near"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A light and what it means."""

    light: Light
    code: Finding


@dataclass(frozen=True, slots=True)
class Build:
    """What runs."""

    version: str
    database: str
    """`sqlite` or `postgresql`."""


@dataclass(frozen=True, slots=True)
class Book:
    """The book and its growth."""

    sequence: int
    """Number of the newest transfer."""
    booked_last_minute: int
    booked_last_hour: int
    per_second_last_minute: float
    per_second_last_hour: float


@dataclass(frozen=True, slots=True)
class Writer:
    """The writer of the process that answers; other processes have their own."""

    judged: Judgement
    window_seconds: int
    figures: WriterFigures | None


@dataclass(frozen=True, slots=True)
class Seal:
    """The newest checkpoint of the transparency log."""

    judged: Judgement
    size: int
    """Transfers 1 to `size` are sealed."""
    unsealed: int
    sealed_at: dt.datetime | None
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class Verification:
    """The newest verification of the whole book."""

    judged: Judgement
    finished_at: dt.datetime | None
    age_seconds: float | None
    from_sequence: int | None
    to_sequence: int | None
    findings: dict[str, int]
    """How many findings each check had that did not hold."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who confirms that the log only ever grew."""

    judged: Judgement
    name: str
    size: int
    confirmed_at: dt.datetime | None
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class Witnesses:
    """All witnesses; the light is the worst of theirs."""

    judged: Judgement
    items: tuple[Witness, ...]


@dataclass(frozen=True, slots=True)
class Outbox:
    """Messages that wait for delivery."""

    judged: Judgement
    waiting: int
    oldest_age_seconds: float | None
    given_up: int


@dataclass(frozen=True, slots=True)
class VoucherKey:
    """A key that signs or signed vouchers."""

    kid: str
    status: str
    issued: int
    accepted: int
    foreign_seen: int
    """Genuine signatures under what the city never issued."""
    suspicious: bool


@dataclass(frozen=True, slots=True)
class VoucherKeys:
    """The keys of vouchers, and the list of those that are no longer good."""

    judged: Judgement
    keys: tuple[VoucherKey, ...]
    list_version: int | None
    list_issued_at: dt.datetime | None
    list_age_seconds: float | None


@dataclass(frozen=True, slots=True)
class RedeemedVolume:
    """What points were redeemed for in twelve months, as the last comparison measured it."""

    network: str
    """venues, or city for fines and fees."""
    cents: int
    percent: int
    """Of the notification threshold."""


@dataclass(frozen=True, slots=True)
class Volumes:
    """The regulatory meter."""

    judged: Judgement
    measured_at: dt.datetime | None
    items: tuple[RedeemedVolume, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that the status page shows of a city."""

    city: str
    at: dt.datetime
    light: Light
    """The worst of all lights."""
    build: Build
    book: Book
    writer: Writer
    seal: Seal
    verification: Verification
    witnesses: Witnesses
    outbox: Outbox
    voucher_keys: VoucherKeys
    volumes: Volumes


def worst(lights: Iterable[Light]) -> Light:
    """Return red before amber before green; what is off does not count."""
    order = list(Light)
    return max((light for light in lights if light is not Light.OFF), key=order.index, default=Light.GREEN)


_SHAPE = TypeAdapter(Standing)


def plain(found: Standing) -> dict[str, Any]:
    """Return it as plain JSON values, instants in RFC 3339."""
    values: dict[str, Any] = _SHAPE.dump_python(found, mode="json")
    return values
