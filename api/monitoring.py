"""`GET /metrics`: Prometheus scrapes what the database says of every city and what this process counted."""

import hmac
import ipaddress
from collections.abc import Iterator
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from api import judging, services
from api.access import Access, Sort
from api.standings import Light, Standing
from kernel import cities
from kernel.db import Database
from kernel.errors import DomainError, Kind

_NO_CITY = 0
_FORWARDING = ("forwarded", "x-forwarded-for")

router = APIRouter(include_in_schema=False)


class MetricsClosed(DomainError):
    """Who scrapes has no token, or is not on this machine."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    code = "metrics-closed"


class MonitorAccess(Access):
    """Admits who has the installation's token; without one, whoever asks from this machine."""

    def __init__(self) -> None:
        super().__init__(Sort.MONITOR, cookies=False)

    async def __call__(self, request: Request) -> None:  # type: ignore[override] # of no city, so no caller
        """Raise MetricsClosed unless admitted."""
        given = services.of(request)
        given.limiter.hit("any-source", _NO_CITY, request.client.host if request.client else "unknown")
        token = given.settings.metrics_token
        if token is None:
            admitted = _is_local(request)
        else:
            sent = request.headers.get("authorization", "").encode()
            admitted = hmac.compare_digest(sent, f"Bearer {token.get_secret_value()}".encode())
        if not admitted:
            raise MetricsClosed


@router.get("/metrics")
def metrics(request: Request, _: Annotated[None, Depends(MonitorAccess())]) -> Response:
    """Return all metrics."""
    given = services.of(request)
    content = generate_latest(_book(given.database)) + given.meter.text()
    return Response(content, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _is_local(request: Request) -> bool:
    """Whether a program of this machine asks for itself, not a proxy for somebody else."""
    if request.client is None or any(name in request.headers for name in _FORWARDING):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _book(database: Database) -> CollectorRegistry:
    """Return what the database says at this moment: the same, whichever process answers."""
    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}

    def put(name: str, meaning: str, value: float, **labels: str) -> None:
        if name not in gauges:
            gauges[name] = Gauge(f"duiscoin_{name}", meaning, list(labels), registry=registry)
        gauges[name].labels(**labels).set(value)

    put("build_info", "Version and database", 1, version=judging.version(), database=database.backend)
    for city in cities.every(database):
        with database.reading(city.city_id) as reading:
            found = judging.standing(reading, city)
        for name, meaning, value in _figures(found):
            put(name, meaning, value, city=city.slug)
        for key in found.voucher_keys.keys:
            labels = {"city": city.slug, "kid": key.kid, "status": key.status}
            put("voucher_key_issued", "Vouchers signed with the key", key.issued, **labels)
            put("voucher_key_accepted", "Vouchers redeemed of the key", key.accepted, **labels)
            put(
                "voucher_key_foreign",
                "Genuine signatures under what was never issued",
                key.foreign_seen,
                **labels,
            )
        for volume in found.volumes.items:
            labels = {"city": city.slug, "network": volume.network}
            meaning = "Redeemed in twelve months, in cents (threshold: 100 million)"
            put("redeemed_volume_cents", meaning, volume.cents, **labels)
        for witness in found.witnesses.items:
            labels = {"city": city.slug, "witness": witness.name}
            put("witness_size", "Transfers that the witness confirmed", witness.size, **labels)
            if witness.age_seconds is not None:
                put("witness_age_seconds", "Since its last cosignature", witness.age_seconds, **labels)
    return registry


def _figures(found: Standing) -> Iterator[tuple[str, str, float]]:
    yield "ledger_sequence", "Number of the newest transfer", found.book.sequence
    yield "ledger_sealed_size", "Transfers under the newest checkpoint", found.seal.size
    if found.seal.sealed_at:
        yield "ledger_sealed_timestamp_seconds", "When it was signed", found.seal.sealed_at.timestamp()
    verified = found.verification
    if verified.finished_at and verified.to_sequence is not None:
        at = verified.finished_at.timestamp()
        yield "ledger_verified_timestamp_seconds", "When the book was last verified", at
        yield "ledger_verified_sequence", "Last transfer that was verified", verified.to_sequence
        yield "ledger_verified_ok", "Whether every invariant held", verified.judged.light is not Light.RED
    yield "outbox_waiting", "Messages that wait for delivery", found.outbox.waiting
    yield "outbox_oldest_age_seconds", "Age of the oldest", found.outbox.oldest_age_seconds or 0
    trust = found.voucher_keys
    yield "voucher_keys_suspicious", "Keys that others sign with", sum(one.suspicious for one in trust.keys)
    if trust.list_version is not None:
        yield "status_list_version", "Number of the newest status list", trust.list_version
        yield "status_list_age_seconds", "Since it was signed", trust.list_age_seconds or 0
    yield "outbox_given_up", "Messages that were never delivered", found.outbox.given_up
