"""Measures vouchers: signing, verifying, signing anew, status lists, and how well scanners read their codes.

    .venv/bin/python scripts/bench/vouchers.py [--json] [--seconds 6] [--pictures 30]
                                               [--reissue 100000 [--only-reissue]]

Each pair of rates takes turns of a tenth of a second, so that both see the same moods of the machine; the
median turn counts. One thread; the seconds are those of the processor, so that it does not matter who else is
working. A ratio is ours to the baseline: 1 would mean that the format costs nothing.
Pictures are what a camera might see of a code: blurred, noisy, turned, small, or with a blob in the middle.
With `--json` each line is an object: name, backend, value, unit, baseline_name, baseline_value, ratio.
"""

import argparse
import base64
import io
import json
import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # The names in this folder would hide the rooms of the same name.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import base45
import cwt
import nacl.signing
import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from kernel.signing import KeyRing, RingKey, SigningKey
from redemption import codes, live_codes, qr, status_lists, tokens
from redemption.qr import Medium
from redemption.tokens import Claims, VoucherKind
from scripts.bench.measuring import reissuing, stages

TURN_SECONDS = 0.1
NOW = 1_900_000_000
KEY = SigningKey(bytes(range(32)))
RING = KeyRing([RingKey(KEY.verify_key)])
CLAIMS = Claims(
    bytes(range(8)), NOW, NOW + 86_400, VoucherKind.POOL, 1201, (4711,), 1, 500, status_index=12345
)
TOKEN = tokens.issue(CLAIMS, KEY)
HOST = "duiscoin.duisburg.example"
WIDTHS = (100, 120, 140, 170, 220)
"""Pixels of a code's side without its quiet zone."""
BLOBS = (4, 7, 10, 14)
"""Percent of a code's area that a blob in its middle hides."""
FRAME = (1280, 720)
BLUR_PIXELS, NOISE, TURN_DEGREES = 0.9, 10, 12

Act = Callable[[], object]
Result = dict[str, Any]


def main() -> None:
    """Measure everything and print the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one object for each line")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long to measure rates altogether")
    parser.add_argument("--pictures", type=int, default=30, help="pictures for each cell of the table")
    parser.add_argument("--reissue", type=int, default=0, help="block a key, sign its open vouchers anew")
    parser.add_argument("--only-reissue", action="store_true", help="nothing else")
    options = parser.parse_args()

    if options.only_reissue:
        _show(list(_reissued(options.reissue)), {}, as_json=options.json)
        return
    pairs = _pairs()
    turns = max(3, round(options.seconds / len(pairs) / 2 / TURN_SECONDS))
    results = [_measured(*pair, turns=turns) for pair in pairs]
    results += _sizes()
    if options.reissue:
        results += _reissued(options.reissue)
    table = {name: _row(text, medium, options.pictures) for name, text, medium in _codes()}
    for name, cells in table.items():
        results += [
            _result(f"decode {name} {cell}", "zxing-cpp", share, "share", "all", 1, share)
            for cell, share in cells.items()
        ]
    _show(results, table, as_json=options.json)


def _show(results: Sequence[Result], table: dict[str, dict[str, float]], *, as_json: bool) -> None:
    if as_json:
        for result in results:
            print(json.dumps(result))
        return
    for result in results:
        if result["unit"] != "share":
            print(
                f"{result['name']:28}{result['backend']:12}{result['value']:>12,} {result['unit']:6}"
                f"{result['baseline_value']:>12,}  {result['ratio']:>6}  {result['baseline_name']}"
            )
    if not table:
        return
    columns = [*(f"{width} px" for width in WIDTHS), *(f"blob {blob} %" for blob in BLOBS)]
    print("\n| code | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for name, cells in table.items():
        print(f"| {name} | " + " | ".join(f"{cells[column]:.2f}" for column in columns) + " |")


def _pairs() -> list[tuple[str, Act, str, Act]]:
    """Return name and act of ours, name and act of the baseline."""
    signed = tokens._to_be_signed(*tokens._envelope(TOKEN)[:2])  # noqa: SLF001 -- the very bytes that are signed
    raw_key = nacl.signing.SigningKey(KEY.seed)
    raw_verify_key = raw_key.verify_key
    signature = raw_key.sign(signed).signature
    peer_key = cwt.COSEKey.new({1: 1, 2: KEY.kid, 3: -19, -1: 6, -2: KEY.verify_key.public_key})
    text = codes.app_text(TOKEN)

    def verify() -> object:
        return tokens.verify(TOKEN, RING, NOW, venue=4711)

    def verify_text() -> object:
        read = codes.parse(text)
        return tokens.verify(read, RING, NOW, venue=4711) if isinstance(read, bytes) else None

    def raw_verify() -> object:
        return raw_verify_key.verify(signed, signature)

    return [
        ("voucher-sign", lambda: tokens.issue(CLAIMS, KEY), "PyNaCl sign", lambda: raw_key.sign(signed)),
        ("voucher-verify", verify, "PyNaCl verify", raw_verify),
        ("voucher-verify-text", verify_text, "PyNaCl verify", raw_verify),
        (
            "voucher-verify-peer",
            verify,
            "cwt.decode, lenient",
            lambda: cwt.decode(TOKEN, peer_key, no_verify=True),
        ),
    ]


def _sizes() -> Iterator[Result]:
    yield _result("token-bytes", "ours", len(TOKEN), "bytes", "EU digital certificate, median", 361)
    app, paper = codes.app_text(TOKEN), codes.address_text(TOKEN, HOST)
    yield _result("qr-version-screen", "ours", qr.version(app), "", "EU digital certificate, M", 15)
    yield _result(
        "qr-version-paper", "ours", qr.version(paper, Medium.PAPER), "", "EU digital certificate, Q", 18
    )
    bits = bytearray()
    status_lists.reach(bits, 1_000_000)
    status_lists.set_bits(bits, random.Random(5).sample(range(1_000_000), 10_000))  # noqa: S311 -- reproducible
    size = len(status_lists.compressed(bits))
    yield _result("status-list-million-1-percent", "ours", size, "bytes", "allowed", 14_000)


def _reissued(count: int) -> Iterator[Result]:
    """Measure how long it takes until so many open vouchers have a new code, on both databases."""
    backends = ("postgresql", "sqlite")
    with stages.opened(None, None, backends=backends, wallet_count=0, lax=False) as opened:
        for backend in backends:
            with opened.scratch(backend) as url:
                seconds = reissuing.seconds(url, count)
            yield _result(f"reissue-{count}", backend, round(seconds, 1), "s", "allowed for 100,000", 60)


def _codes() -> list[tuple[str, str, Medium]]:
    key = live_codes.voucher_key(live_codes.day_key(bytes(32), bytes(8), 1), CLAIMS.voucher_id)
    live = codes.live_text(live_codes.write(TOKEN, live_codes.step_at(NOW), key))
    app, paper = codes.app_text(TOKEN), codes.address_text(TOKEN, HOST)
    full = f"HTTPS://{HOST.upper()}/V/" + base64.b32encode(TOKEN).decode().rstrip("=")
    certificate = "HC1:" + base45.b45encode(random.Random(1).randbytes(361)).decode()  # noqa: S311 -- its size only
    named = [
        ("app", app, Medium.SCREEN),
        ("live", live, Medium.SCREEN),
        ("paper", paper, Medium.PAPER),
        ("paper, not packed", full, Medium.PAPER),
        ("361 B certificate", certificate, Medium.PAPER),
    ]
    return [
        (f"{name} v{qr.version(text, medium)}-{medium.value.upper()}", text, medium)
        for name, text, medium in named
    ]


def _row(text: str, medium: Medium, pictures: int) -> dict[str, float]:
    """Return the share of pictures that are read, by width and by size of a blob."""
    code = Image.open(io.BytesIO(qr.png(text, medium=medium))).convert("L")
    modules = 17 + 4 * qr.version(text, medium)
    whole = (modules + 2 * qr.QUIET_ZONE_MODULES) / modules
    chance = random.Random(7)  # noqa: S311 -- the same pictures each time
    cells = {f"{width} px": _share(code, width * whole, 0, text, chance, pictures) for width in WIDTHS}
    for blob in BLOBS:
        cells[f"blob {blob} %"] = _share(code, 300 * whole, blob, text, chance, pictures)
    return cells


def _share(
    code: Image.Image, side: float, blob: int, text: str, chance: random.Random, pictures: int
) -> float:
    read = 0
    for _ in range(pictures):
        found = zxingcpp.read_barcodes(_frame(code, side, blob, chance))
        read += any(one.text == text for one in found)
    return round(read / pictures, 2)


def _frame(code: Image.Image, side: float, blob: int, chance: random.Random) -> Image.Image:
    """Return what a camera sees: the code on grey paper, blurred and noisy."""
    damaged = code.copy()
    if blob:
        quiet = qr.QUIET_ZONE_MODULES * 8
        radius = math.sqrt(blob / 100 * (code.width - 2 * quiet) ** 2 / math.pi)
        middle = code.width / 2
        ImageDraw.Draw(damaged).ellipse(
            (middle - radius, middle - radius, middle + radius, middle + radius), fill=128
        )
    small = damaged.resize((round(side), round(side)), Image.Resampling.LANCZOS)
    turned = small.rotate(
        chance.uniform(-TURN_DEGREES, TURN_DEGREES), Image.Resampling.BICUBIC, expand=True, fillcolor=255
    )
    frame = Image.new("L", FRAME, 200)
    at = (
        chance.randint(0, FRAME[0] - turned.width),
        chance.randint(0, FRAME[1] - turned.height),
    )
    frame.paste(turned, at)
    blurred = np.asarray(frame.filter(ImageFilter.GaussianBlur(BLUR_PIXELS)), dtype=np.float32)
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, NOISE, blurred.shape)
    return Image.fromarray(np.clip(blurred + noise, 0, 255).astype(np.uint8))


def _measured(name: str, act: Act, baseline_name: str, baseline: Act, *, turns: int) -> Result:
    """Return both rates and their ratio, which is the median of the turns' ratios."""
    rates = [(_rate(act), _rate(baseline)) for _ in range(turns)]
    return _result(
        name,
        "PyNaCl",
        round(statistics.median(ours for ours, _ in rates)),
        "1/s",
        baseline_name,
        round(statistics.median(theirs for _, theirs in rates)),
        round(statistics.median(ours / theirs for ours, theirs in rates), 2),
    )


def _result(
    name: str,
    backend: str,
    value: float,
    unit: str,
    baseline_name: str,
    baseline_value: float,
    ratio: float | None = None,
) -> Result:
    return {
        "name": name,
        "backend": backend,
        "value": value,
        "unit": unit,
        "baseline_name": baseline_name,
        "baseline_value": baseline_value,
        "ratio": round(value / baseline_value, 2) if ratio is None else ratio,
    }


def _rate(act: Act) -> float:
    """Return how often `act` was done in a second of one core, whoever else was working on it meanwhile."""
    count = 0
    start = time.process_time()
    while (elapsed := time.process_time() - start) < TURN_SECONDS:
        for _ in range(50):
            act()
        count += 50
    return count / elapsed


if __name__ == "__main__":
    main()
