"""Handing in what was scanned without a network, over HTTP; and the merge by itself.

The baseline of handing in is one event in each request, as scanners do that upload one by one.
"""

import dataclasses
import datetime as dt
import http.client
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence

from api import services
from api.v1.shapes import base64url
from kernel import cities
from kernel.cities import City, NewCity
from kernel.db import Database, Work
from kernel.settings import Settings
from kernel.signing import SigningKey
from ledger import chart, posting, transfers, wallets
from merchants import devices, venues
from merchants.venues import NewVenue, VenueKind
from redemption import buying, keys, live_keys, merging, offers, offline_policies, scan_events
from redemption.buying import Purchase
from redemption.merging import Entry
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind
from redemption.offline_policy import DAY_CENTS_MOST, SUGGESTED
from redemption.scan_events import EventFlags, EventKind, ScanEvent, Tier
from redemption.vouchers import Voucher
from scripts.bench.measuring import edge
from scripts.bench.measuring.stages import UnsoundError

QUEUED = 500
SINGLE = 100
"""Events that are handed in one by one, by as many devices as the rate limits want."""
EVENTS = 100_000
_SINGLE_DEVICES = 10
_PRICE = 40
_OWNERS = 20
_POLICY = dataclasses.replace(SUGGESTED, device_day_cents=DAY_CENTS_MOST)
_SECRET = "only for measuring, never for a city 0123456789"  # noqa: S105 -- seals what is thrown away


@dataclasses.dataclass(frozen=True, slots=True)
class Phone:
    """A device with its log."""

    token: str
    events: list[bytes]


def figures(database: Database, url: str) -> Iterator[dict[str, object]]:
    """Measure both, in an empty database that was migrated."""
    with tempfile.TemporaryDirectory(prefix="duiscoin-bench-files-") as folder:
        settings = Settings(database_url=url, secret_key=_SECRET, data_directory=folder)  # type: ignore[arg-type]  # pydantic takes text
        city = cities.found(database, NewCity(slug="offline", name="Offline"))
        phone, *singles = _phones(database, city, settings)
        with edge.serving("product", settings) as port:
            whole = _hand_in(port, phone.token, phone.events, "accepted")
            parts = [_hand_in(port, one.token, [data], "accepted") for one in singles for data in one.events]
            again = _hand_in(port, phone.token, phone.events, "accepted")
    serial = sum(parts) * QUEUED / len(parts)
    yield _figure(f"hand-in-{QUEUED}-scans", database.backend, whole, "one event in each request", serial)
    yield _figure(f"hand-in-{QUEUED}-scans-again", database.backend, again, "the first time", whole)
    yield _merged()


def _merged() -> dict[str, object]:
    """Measure the merge of many events in pieces, beside sorting them."""
    dice = random.Random(1)  # noqa: S311 -- reproducibility is the purpose
    entries = [
        Entry(
            dice.randrange(200),
            number,
            f"{dice.randrange(60_000):016x}",
            dice.randrange(10**7),
            undo_ms=60_000,
        )
        for number in range(EVENTS)
    ]
    begin = time.perf_counter()
    merged = merging.merge(entries)
    wins = sum(share.won for voucher in merged.by_voucher for share in merged.shares(voucher, 1))
    seconds = time.perf_counter() - begin
    if wins != len({entry.voucher_id for entry in entries}):
        msg = f"{wins} uses were won"
        raise UnsoundError(msg)
    begin = time.perf_counter()
    sorted(entries, key=lambda one: one.order)
    return _figure(f"merge-{EVENTS}-events", "pure", seconds, "sorting them", time.perf_counter() - begin)


def _figure(name: str, backend: str, value: float, baseline: str, baseline_value: float) -> dict[str, object]:
    return {
        "name": name,
        "backend": backend,
        "value": round(value, 3),
        "unit": "s",
        "baseline_name": baseline,
        "baseline_value": round(baseline_value, 3),
        "ratio": round(value / baseline_value, 3),
    }


def _hand_in(port: int, token: str, events: Sequence[bytes], expected: str) -> float:
    """Hand events in as a device does; return the seconds until the answer was read."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(time.perf_counter_ns()),
    }
    body = json.dumps({"events": [base64url(data) for data in events]})
    begin = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/api/v1/venue/scan-log", body, headers)
    answer = json.loads(connection.getresponse().read())
    seconds = time.perf_counter() - begin
    connection.close()
    outcomes = {one["outcome"] for one in answer.get("results", [])}
    if outcomes != {expected}:
        msg = f"events were answered with {outcomes or answer}"
        raise UnsoundError(msg)
    return seconds


def _phones(database: Database, city: City, settings: Settings) -> list[Phone]:
    sealer = services.sealer(settings)

    def market(work: Work) -> tuple[int, int]:
        chart.open_chart(work)
        keys.rotate(work, sealer)
        live_keys.ensure(work, sealer)
        pool = venues.create(
            work, NewVenue("Bad", VenueKind.POOL, "Kopernikusstr. 11", "47167", "Hamborn", "DuisburgSport")
        )
        offer = offers.create(
            work,
            NewOffer(
                code="bad-einzel", kind=OfferKind.POOL, titles={"de": "Einzelkarte"},
                descriptions={"de": "Ein Besuch."}, pictogram="pool", price_points=_PRICE, value_cents=450,
                venue_ids=(pool.venue_id,), places=None, valid_days=30,
            ),
        )  # fmt: skip
        offers.publish(work, city, offer.offer_id)
        gifts = [
            transfers.post(
                work.ids.uuid(), chart.ISSUED, wallets.open_lot(work, f"guest-{n}", dt.date(2030, 12, 31)),
                10**6, effective=work.now.date(), purpose="bench",
            )
            for n in range(_OWNERS)
        ]  # fmt: skip
        posting.post_or_raise(work, gifts)
        offline_policies.save(work, offline_policies.EVERYWHERE, _POLICY)
        return pool.venue_id, offer.offer_id

    venue_id, offer_id = database.run(city.city_id, market)
    wanted = [Purchase(f"guest-{n % _OWNERS}", offer_id) for n in range(QUEUED + SINGLE)]
    sold = database.run(city.city_id, lambda work: buying.buy_many(work, city, wanted, sealer))
    bought = [one for one in sold if isinstance(one, Voucher)]
    phones = [_phone(database, city, venue_id, "queue", bought[:QUEUED])]
    size = SINGLE // _SINGLE_DEVICES
    for number in range(_SINGLE_DEVICES):
        start = QUEUED + number * size
        phones.append(_phone(database, city, venue_id, f"single {number}", bought[start : start + size]))
    return phones


def _phone(database: Database, city: City, venue_id: int, name: str, scanned: Sequence[Voucher]) -> Phone:
    key = SigningKey(database.ids.random_bytes(32))
    public = key.verify_key.public_key
    device, token = database.run(
        city.city_id, lambda work: devices.enrol(work, venue_id, name, public_key=public)
    )
    link, events, now = scan_events.beginning(public), list[bytes](), int(time.time() * 1000)
    for voucher in scanned:
        signed = scan_events.sign(
            ScanEvent(
                device_id=device.device_id, seq=link.seq + 1, prev=link.head, kind=EventKind.SCAN,
                device_ms=now, offset_ms=0, anchor_ms=now - 1000, list_version=1, tier=Tier.CAPPED,
                decision="accepted", nonce=database.ids.random_bytes(16), code=voucher.token,
                flags=EventFlags.ID_SEEN,
            ),
            key,
        )  # fmt: skip
        events.append(signed.data)
        link = scan_events.following(signed)
    return Phone(token, events)
