"""Buying and scanning over HTTP, beside handlers that take the same body and do nothing.

Every request is of another citizen, device or source, as in a city, so no rate limit is in the way.
"""

import contextlib
import datetime as dt
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from api import services
from identity import persons, sessions
from kernel import cities
from kernel.db import Work
from kernel.settings import Settings
from ledger import posting, transfers, wallets
from merchants import devices, venues
from merchants.venues import NewVenue, VenueKind
from redemption import keys, offers
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind
from scripts.bench.measuring import load, results, stages
from scripts.bench.measuring.load import Answers
from scripts.bench.measuring.results import Result
from scripts.bench.measuring.scale import Scale
from scripts.bench.measuring.stages import BUDGET, Stage, UnsoundError

CLIENTS = 64
UNIT = "requests/s"
SECRET = "only for measuring, never for a city 0123456789"  # noqa: S105 -- seals what is thrown away
_START_SECONDS_MAX = 90
_CHUNK = 100
_PRICE = 40


@dataclass(frozen=True, slots=True)
class Town:
    """What callers need: the tokens of citizens and devices, and what there is to buy."""

    citizens: list[str]
    devices: list[str]
    offer_id: int


def requests(stage: Stage, scale: Scale, counts: Sequence[int] = (CLIENTS,)) -> Iterator[Result]:
    """Measure buying and scanning by so many clients at a time, in turns with the empty handlers."""
    ours: dict[str, list[Answers]] = defaultdict(list)
    empty: dict[str, list[Answers]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="duiscoin-bench-files-") as folder:
        settings = Settings(database_url=stage.url, secret_key=SECRET, data_directory=folder)  # type: ignore[arg-type]  # pydantic takes text
        town = _prepared(stage, settings, scale)
        with serving("product", settings) as port, serving("empty", settings) as empty_port:
            for turn, clients in enumerate([*counts] * scale.rounds):
                ask = partial(load.run, clients=clients, seconds=2 * scale.seconds_a_turn)
                buy, scan = (f"http-{verb}" + _suffix(clients) for verb in ("buy", "scan"))
                first = turn * scale.requests_a_turn
                asked = [_buying(town, first + n) for n in range(scale.requests_a_turn)]
                empty[buy].append(ask(empty_port, asked))
                ours[buy].append(ask(port, asked))
                bought = [json.loads(body) for body in ours[buy][-1].bodies.values()]
                asked = [_scanning(town, n, voucher) for n, voucher in enumerate(bought)]
                empty[scan].append(ask(empty_port, asked))
                ours[scan].append(ask(port, asked))
                _check_accepted(ours[scan][-1])
    for name, answers in ours.items():
        yield from _figures(name, stage.backend, answers, empty[name])


def _suffix(clients: int) -> str:
    return "" if clients == CLIENTS else f"-{clients}"


def _figures(name: str, backend: str, ours: list[Answers], empty: list[Answers]) -> Iterator[Result]:
    rates, baseline = [one.rate for one in ours], [one.rate for one in empty]
    yield results.compared(name, backend, UNIT, rates, "empty handler, same body", baseline)
    for percent in (50, 99):
        mine = [results.percentile(one.waits, percent) * 1000 for one in ours]
        theirs = [results.percentile(one.waits, percent) * 1000 for one in empty]
        yield results.compared(f"{name}-p{percent}", backend, "ms", mine, "empty handler, same body", theirs)


def _check_accepted(scanned: Answers) -> None:
    codes = {json.loads(body)["code"] for body in scanned.bodies.values()}
    if codes != {"accepted"}:
        msg = f"scans were answered with {codes}"
        raise UnsoundError(msg)


def _prepared(stage: Stage, settings: Settings, scale: Scale) -> Town:
    """Make a venue with devices, an offer without limit, and citizens with points, by the use cases."""
    sealer = services.sealer(settings)

    def market(work: Work) -> tuple[int, list[str]]:
        keys.rotate(work, sealer)
        pool = venues.create(
            work, NewVenue("Bad", VenueKind.POOL, "Kopernikusstr. 11", "47167", "Hamborn", "DuisburgSport")
        )
        offer = offers.create(
            work,
            NewOffer(
                code="bad-einzel",
                kind=OfferKind.POOL,
                titles={"de": "Einzelkarte", "en": "Single ticket"},
                descriptions={"de": "Ein Besuch.", "en": "One visit."},
                pictogram="pool",
                price_points=_PRICE,
                value_cents=450,
                venue_ids=(pool.venue_id,),
                places=1_000_000,
                valid_days=30,
            ),
        )
        offers.publish(work, cities.get(work), offer.offer_id)
        enrolled = [devices.enrol(work, pool.venue_id, f"Kasse {n}")[1] for n in range(scale.citizens // 2)]
        return offer.offer_id, enrolled

    def citizens(work: Work, start: int) -> list[str]:
        return [_citizen(work, number) for number in range(start, min(start + _CHUNK, scale.citizens))]

    offer_id, enrolled = stage.database.run(stage.city_id, market)
    tokens: list[str] = []
    for start in range(0, scale.citizens, _CHUNK):
        tokens += stage.database.run(stage.city_id, lambda work, start=start: citizens(work, start))  # type: ignore[misc]  # bound at once
    return Town(tokens, enrolled, offer_id)


def _citizen(work: Work, number: int) -> str:
    person = persons.register(work, f"citizen{number}@example.org")
    lot = wallets.open_lot(work, person.owner, dt.date(work.now.year + 2, 12, 31))
    gift = transfers.post(
        work.ids.uuid(), BUDGET, lot, 1000 * _PRICE, effective=work.now.date(), purpose="award"
    )
    posting.post_or_raise(work, [gift])
    return sessions.start(work, person.person_id)


def _buying(town: Town, number: int) -> bytes:
    token = town.citizens[number % len(town.citizens)]
    return _request("/api/v1/vouchers", token, number, {"offer_id": town.offer_id})


def _scanning(town: Town, number: int, voucher: dict[str, str]) -> bytes:
    token = town.devices[number % len(town.devices)]
    body = {"text": voucher["text"], "nonce": voucher["voucher_id"]}
    return _request("/api/v1/scans", token, number, body)


def _request(path: str, token: str, number: int, content: Mapping[str, object]) -> bytes:
    body = json.dumps(content).encode()
    source = ipaddress.ip_address("10.0.0.0") + number
    head = (
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {token}",
        f"Idempotency-Key: {number}-{token[:8]}",
        f"X-Forwarded-For: {source}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "\r\n",
    )
    return "\r\n".join(head).encode() + body


@contextlib.contextmanager
def serving(name: str, settings: Settings) -> Iterator[int]:
    """Serve an application of `serving` with one uvicorn worker; give its port."""
    with socket.socket() as probe:
        probe.bind((load.HOST, 0))
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ,
        "DUISCOIN_DATABASE_URL": settings.database_url,
        "DUISCOIN_SECRET_KEY": SECRET,
        "DUISCOIN_DATA_DIRECTORY": str(settings.data_directory),
    }
    log = settings.data_directory / f"{name}.log"
    command = [sys.executable, "-m", "uvicorn", "--factory", f"scripts.bench.measuring.serving:{name}"]
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [*command, "--host", load.HOST, "--port", str(port), "--log-level", "warning", "--no-access-log"],
            env=environment,
            stdout=lines,
            stderr=lines,
        )
    try:
        _wait_until_up(port, process)
        yield port
    except UnsoundError:
        stages.note(log.read_text(encoding="utf-8", errors="replace")[-2000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=_START_SECONDS_MAX)


def _wait_until_up(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((load.HOST, port), timeout=1):
            return
        time.sleep(0.05)
    msg = "the server did not start"
    raise UnsoundError(msg)
