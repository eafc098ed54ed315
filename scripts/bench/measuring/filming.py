"""The scanner in Chromium, from a code in view to its verdict; and whether its memory grows by scanning.

The app is served by the product itself (SQLite) and sees a canvas instead of a camera: codes of 300 pixels,
turned and blurred, in frames of 1280 x 720, 30 a second. So it is known to the millisecond when a code came
into view; video element, cropping, worker and decoder are those of production. The clock ends when the
verdict's screen is painted.
"""

import base64
import contextlib
import datetime as dt
import io
import logging
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from PIL import Image, ImageFilter
from playwright.sync_api import CDPSession, Page, sync_playwright
from pydantic import SecretStr

from api import founding, migrating, services
from api.app import create_app
from identity import persons
from kernel.cities import NewCity
from kernel.clock import SystemClock
from kernel.db import Database, Work
from kernel.settings import Settings
from ledger import chart, posting, transfers, wallets
from merchants import enrolling, venues
from merchants.venues import NewVenue, VenueKind
from redemption import buying, codes, offers, publishing_status, qr
from redemption.new_offers import NewOffer
from redemption.offer_terms import OfferKind
from tests.fixtures import chromium

CODE_SIDE, TURN_DEGREES, BLUR_PIXELS = 300, 7, 0.8
PAUSE_MS = 250
"""Nothing in view between two guests."""
SAMPLE_SECONDS = 10
WITHIN_MS, IN_MS = 1000, 10
MEGABYTE = 1 << 20

_CAMERA = """() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
  const paint = canvas.getContext('2d');
  let shown = null;
  const frame = () => {
    paint.fillStyle = '#8a8f94';
    paint.fillRect(0, 0, 1280, 720);
    if (shown) paint.drawImage(shown, (1280 - shown.width) / 2, (720 - shown.height) / 2);
  };
  setInterval(frame, 33);
  navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(30);
  const judged = document.querySelector('#judged');
  const verdict = () => new Promise((done) => {
    const painted = () => requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0));
    const watch = new MutationObserver(() => {
      if (judged.hidden) return;
      watch.disconnect();
      painted();
    });
    watch.observe(judged, { attributes: true });
    setTimeout(() => { watch.disconnect(); done(null); }, 8000);
  });
  window.film = async (data, pause) => {
    const picture = Object.assign(new Image(), { src: data });
    await picture.decode();
    if (!judged.hidden) document.querySelector('#next').click();
    await new Promise((done) => setTimeout(done, pause));
    const begin = performance.now();
    shown = picture;
    frame();
    const seen = await verdict();
    shown = null;
    frame();
    return { ms: seen === null ? null : seen - begin, verdict: judged.dataset.verdict };
  };
}"""
_JUDGE = """async (texts) => {
  const at = (name) => import(`/static/js/scan/${name}.js`);
  const names = ['store', 'log', 'server', 'scanning', 'trust'];
  const [store, log, server, scanning, trust] = await Promise.all(names.map(at));
  const kept = ['device', 'clock', 'keys', 'public-key'];
  const [device, clock, keys, publicKey] = await Promise.all(kept.map(store.get));
  const book = new log.Log({ deviceId: BigInt(device.id), publicKey, privateKey: keys.privateKey });
  const asked = new server.Server('', () => 'de');
  asked.clock.restore(clock);
  const made = new scanning.Scanning(device, asked, book);
  made.trust = await trust.kept();
  const found = [];
  for (const text of texts) {
    const begin = performance.now();
    const { code } = await made.judge(scanning.read(text), asked.clock.now(), { uses: 1 });
    found.push({ ms: performance.now() - begin, code });
  }
  return found;
}"""


def measured(count: int, soak_minutes: float) -> Iterator[dict[str, Any]]:
    """Yield the figures: code to verdict, rules without a network, growth of the heap."""
    with _scanner(count) as (page, pictures, texts):
        yield from _in_view(page, pictures)
        judged = page.evaluate(_JUDGE, texts)
        spent = [one["ms"] for one in judged]
        yield _figure("verify-and-rules-p95", _percentile(spent, 95), "ms", IN_MS)
        if soak_minutes:
            yield _soaked(page, pictures, soak_minutes)


def _in_view(page: Page, pictures: Sequence[str]) -> Iterator[dict[str, Any]]:
    found = [page.evaluate("([data, pause]) => film(data, pause)", [data, PAUSE_MS]) for data in pictures]
    spent = [one["ms"] for one in found if one["ms"] is not None and one["verdict"] == "green"]
    within = 100 * sum(ms < WITHIN_MS for ms in spent) / len(pictures)
    yield _figure("code-in-view-to-verdict-median", statistics.median(spent), "ms", WITHIN_MS)
    yield _figure("code-in-view-to-verdict-p95", _percentile(spent, 95), "ms", WITHIN_MS)
    yield _figure("verdict-within-1-s", within, "%", 95)


def _soaked(page: Page, pictures: Sequence[str], minutes: float) -> dict[str, Any]:
    """Scan on and on; return by how much the heap grew from the second quarter of the time to the last."""
    session = page.context.new_cdp_session(page)
    end, due, scans = time.monotonic() + minutes * 60, 0.0, 0
    heap: list[float] = []
    while time.monotonic() < end:
        page.evaluate("([data, pause]) => film(data, pause)", [pictures[scans % len(pictures)], PAUSE_MS])
        scans += 1
        if time.monotonic() >= due:
            heap.append(_heap(session))
            due = time.monotonic() + SAMPLE_SECONDS
    quarter = max(1, len(heap) // 4)
    grown = statistics.median(heap[-quarter:]) - statistics.median(heap[quarter : 2 * quarter])
    figure = _figure(f"heap-growth-{minutes:g}-minutes", grown, "MB", 1)
    return figure | {"scans": scans, "heap_first": round(heap[0], 2), "heap_last": round(heap[-1], 2)}


def _heap(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    return used / MEGABYTE


def _figure(name: str, value: float, unit: str, bound: float) -> dict[str, Any]:
    return {
        "name": name, "backend": "chromium", "value": round(value, 2), "unit": unit,
        "baseline_name": "to reach", "baseline_value": bound, "ratio": round(value / bound, 2),
    }  # fmt: skip


def _percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


@contextlib.contextmanager
def _scanner(count: int) -> Iterator[tuple[Page, list[str], list[str]]]:
    """Give a scanner that has joined, pictures of vouchers for it, and texts of others."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/gate.db", clock=SystemClock())
        migrating.upgrade(database.engine)
        chosen = Settings(
            database_url=f"sqlite:///{folder}/gate.db",
            secret_key=SecretStr("bench-only-0123456789abcdef-0123456789"),
            data_directory=Path(folder),
        )
        secret, texts = _provide(database, chosen, 2 * count)
        with _serving(chosen, database) as url, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium.executable(), args=["--disable-gpu"])
            page = browser.new_page(locale="de-DE")
            page.goto(f"{url}/scan/enrol#{secret}")
            page.wait_for_selector("#open-state[data-tier=online]", timeout=20_000)
            page.evaluate(_CAMERA)
            page.click("#start")
            page.wait_for_selector("#camera:not([hidden])")
            yield page, [_picture(text, turn) for turn, text in enumerate(texts[:count])], texts[count:]
            browser.close()
        database.close()


def _provide(database: Database, chosen: Settings, count: int) -> tuple[str, list[str]]:
    """Found a city with a pool and sell vouchers; return the secret of an invitation and the codes."""
    sealer = services.sealer(chosen)
    city = founding.found(database, sealer, NewCity(slug="gate", name="Gate"))

    def command(work: Work) -> tuple[str, list[str]]:
        today = city.day_of(work.now)
        pool = venues.create(work, NewVenue("Pool", VenueKind.POOL, "Weg 1", "47051", "Mitte", "Pool GmbH"))
        offer = offers.create(
            work,
            NewOffer(
                code="swim", kind=OfferKind.POOL, titles={"de": "Schwimmen", "en": "Swim"},
                descriptions={"de": "Ein Besuch.", "en": "One visit."}, pictogram="pool", price_points=1,
                value_cents=450, venue_ids=(pool.venue_id,), places=count, valid_days=30,
            ),
        )  # fmt: skip
        offers.publish(work, city, offer.offer_id)
        chart.fund_budget(
            work, "bench", count, effective=today, reference="bench", transfer_id=work.ids.uuid()
        )
        texts: list[str] = []
        guest = persons.register(work, "guest@example.org")
        lot = wallets.open_lot(work, guest.owner, today + dt.timedelta(days=700))
        gift = transfers.post(work.ids.uuid(), "budget/bench", lot, count, effective=today, purpose="award")
        posting.post_or_raise(work, [gift])
        for _ in range(count):
            voucher = buying.buy(work, city, guest.owner, offer.offer_id, sealer)
            texts.append(codes.app_text(voucher.token))
        publishing_status.publish(work, sealer, "https://example.org/status")
        _, secret = enrolling.invite(work, pool.venue_id, "Bench", invited_by="bench")
        return secret, texts

    return database.run(city.city_id, command)


def _picture(text: str, turn: int) -> str:
    """Return a code as a camera sees it, as an address of data."""
    with Image.open(io.BytesIO(qr.png(text))) as opened:
        code = opened.convert("RGB").resize((CODE_SIDE, CODE_SIDE), Image.Resampling.BILINEAR)
    turned = code.rotate(turn % (2 * TURN_DEGREES) - TURN_DEGREES, expand=True, fillcolor="white")
    made = io.BytesIO()
    turned.filter(ImageFilter.GaussianBlur(BLUR_PIXELS)).save(made, "PNG")
    return f"data:image/png;base64,{base64.b64encode(made.getvalue()).decode()}"


@contextlib.contextmanager
def _serving(chosen: Settings, database: Database) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(create_app(chosen, database), host="127.0.0.1", port=port, log_config=None)
    config.lifespan = "off"
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://localhost:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
