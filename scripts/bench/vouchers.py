"""Measures vouchers: signed and verified per second, beside raw Ed25519 and another library in the same run.

    .venv/bin/python scripts/bench/vouchers.py [--json] [--seconds 6]

Each pair takes turns of a tenth of a second, so that both see the same moods of the machine; the median turn
counts. One thread. A ratio is ours to the baseline: 1 would mean that the format costs nothing on top of it.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import cwt
import nacl.signing

from kernel.signing import KeyRing, RingKey, SigningKey
from redemption import tokens
from redemption.tokens import Claims, VoucherKind

TURN_SECONDS = 0.1
NOW = 1_900_000_000
KEY = SigningKey(bytes(range(32)))
RING = KeyRing([RingKey(KEY.verify_key)])
CLAIMS = Claims(
    bytes(range(8)), NOW, NOW + 86_400, VoucherKind.POOL, 1201, (4711,), 1, 500, status_index=12345
)
TOKEN = tokens.issue(CLAIMS, KEY)

Act = Callable[[], object]


def main() -> None:
    """Measure every pair and print the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array instead of a table")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long to measure altogether")
    options = parser.parse_args()

    pairs = _pairs()
    turns = max(3, round(options.seconds / len(pairs) / 2 / TURN_SECONDS))
    results = [_measured(*pair, turns=turns) for pair in pairs]
    if options.json:
        print(json.dumps(results, indent=2))
        return
    print(f"{'':20}{'ours':>10}  {'baseline':>10}  {'ratio':>5}")
    for result in results:
        print(
            f"{result['name']:20}{result['value']:>8,}/s{result['baseline_value']:>10,}/s"
            f"  {result['ratio']:>5}  {result['baseline_name']}"
        )
    print(f"A token for one venue has {len(TOKEN)} bytes.")


def _pairs() -> list[tuple[str, Act, str, Act]]:
    """Return name and act of ours, name and act of the baseline."""
    signed = tokens._to_be_signed(*tokens._envelope(TOKEN)[:2])  # noqa: SLF001 -- the very bytes that are signed
    raw_key = nacl.signing.SigningKey(KEY.seed)
    raw_verify_key = raw_key.verify_key
    signature = raw_key.sign(signed).signature
    peer_key = cwt.COSEKey.new({1: 1, 2: KEY.kid, 3: -19, -1: 6, -2: KEY.verify_key.public_key})

    def sign() -> object:
        return tokens.issue(CLAIMS, KEY)

    def verify() -> object:
        return tokens.verify(TOKEN, RING, NOW, venue=4711)

    def raw_sign() -> object:
        return raw_key.sign(signed)

    def raw_verify() -> object:
        return raw_verify_key.verify(signed, signature)

    def peer_verify() -> object:
        return cwt.decode(TOKEN, peer_key, no_verify=True)

    return [
        ("voucher-sign", sign, "PyNaCl sign, same bytes", raw_sign),
        ("voucher-verify", verify, "PyNaCl verify, same bytes", raw_verify),
        ("voucher-verify-peer", verify, "cwt.decode, same token, lenient", peer_verify),
    ]


def _measured(name: str, act: Act, baseline_name: str, baseline: Act, *, turns: int) -> dict[str, Any]:
    """Return both rates and their ratio, which is the median of the turns' ratios."""
    rates = [(_rate(act), _rate(baseline)) for _ in range(turns)]
    return {
        "name": name,
        "backend": "PyNaCl",
        "value": round(statistics.median(ours for ours, _ in rates)),
        "unit": "1/s",
        "baseline_name": baseline_name,
        "baseline_value": round(statistics.median(theirs for _, theirs in rates)),
        "ratio": round(statistics.median(ours / theirs for ours, theirs in rates), 2),
    }


def _rate(act: Act) -> float:
    """Return how often a second `act` was done during one turn."""
    count = 0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < TURN_SECONDS:
        for _ in range(50):
            act()
        count += 50
    return count / elapsed


if __name__ == "__main__":
    main()
