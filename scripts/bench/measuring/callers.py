"""A process with concurrent single callers, as a server is: each waits for its own outcome, then asks again.

Started by `calling`; reads one order a line from its standard input and answers with one line:

    {"callers": 64, "seconds": 2, "kind": "hot"} -> {"rate": 21034.1, "p50": 2.7, "p99": 5.1}
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import uvloop

from kernel.db import Database
from kernel.writing import Writer
from ledger import posting
from ledger.transfers import Transfer
from scripts.bench.measuring import results, stages
from scripts.bench.measuring.stages import Stage, UnsoundError


def main(url: str, wallet_count: int) -> None:
    """Serve orders until the input ends."""
    database = Database(url)
    stage = Stage(database, 1, stages.wallet_paths(wallet_count))
    writer = Writer(database)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            answer = runner.run(_serve(stage, writer, order))
        print(json.dumps(answer), flush=True)
    writer.close()
    database.close()


async def _serve(stage: Stage, writer: Writer, order: dict[str, Any]) -> dict[str, float]:
    waits: list[float] = []
    make = stage.hot if order["kind"] == "hot" else stage.spread
    began = time.perf_counter()
    callers = (_call(stage, writer, make, began + order["seconds"], waits) for _ in range(order["callers"]))
    await asyncio.gather(*callers)
    elapsed = time.perf_counter() - began
    return {
        "rate": len(waits) / elapsed,
        "p50": results.percentile(waits, 50) * 1000,
        "p99": results.percentile(waits, 99) * 1000,
    }


async def _call(
    stage: Stage, writer: Writer, make: Callable[[int], list[Transfer]], until: float, waits: list[float]
) -> None:
    answered = 0.0
    # At least once, however slow the machine is.
    while answered < until:
        began = time.perf_counter()
        asked = writer.submit_to(stage.city_id, posting.post_many, make(1))
        [outcome] = await asyncio.wrap_future(asked)
        if not outcome.ok:
            msg = f"refused: {outcome.code}"
            raise UnsoundError(msg)
        answered = time.perf_counter()
        waits.append(answered - began)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
