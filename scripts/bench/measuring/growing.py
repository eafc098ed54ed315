"""Growth: whether reading and posting cost the same in a large book as in a small one."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kernel.db import Reading
from ledger import queries
from scripts.bench.measuring import picture, results, stages
from scripts.bench.measuring.results import Result
from scripts.bench.measuring.scale import Scale
from scripts.bench.measuring.stages import BUDGET, Stage

_SHARES = (200, 20, 10, 4, 2, 1)
_FILLING = 8190
_READS = 500
_PAGE = 50

Read = Callable[[Reading, int], object]
"""Reads something as of, or before, a transfer's number."""


def growth(stage: Stage, scale: Scale, drawn: Path | None) -> Iterator[Result]:
    """Fill the book step by step; at each step measure reading and posting, beside the first step."""
    first: dict[str, float] = {}
    curves: dict[str, list[tuple[int, float]]] = {}
    for target in sorted({scale.growth // share for share in _SHARES}):
        if target <= stage.head():
            continue
        _fill(stage, target)
        stage.settle()
        stages.note(f"measuring at {target:,} transfers")
        for name, unit, value in _step(stage, scale):
            base = first.setdefault(name, value)
            start = next(iter(curves.values()))[0][0] if curves else target
            curves.setdefault(name, []).append((target, value))
            yield results.compared(
                f"growth-{target}-{name}", stage.backend, unit, [value], f"at {start:,}", [base]
            )
    yield results.alone(f"growth-{stage.head()}-verify", stage.backend, "transfers/s", [stage.verify()])
    if drawn is not None:
        drawn.write_text(picture.drawn(curves), encoding="utf-8")


def _fill(stage: Stage, target: int) -> None:
    number = 0
    while missing := target - stage.head():
        make = stage.hot if number % 2 else stage.spread
        stages.rate(stage, [make(min(missing, _FILLING))])
        number += 1
        if number % 50 == 0:
            stages.note(f"filling: {stage.head():,} of {target:,}")


def _step(stage: Stage, scale: Scale) -> Iterator[tuple[str, str, float]]:
    reads = _READS if scale.growth > _READS * 10 else 10
    for name, read in _reads(stage).items():
        waits = [_waited(stage, read) for _ in range(reads)]
        yield f"{name}-p50", "ms", results.percentile(waits, 50)
        yield f"{name}-p99", "ms", results.percentile(waits, 99)
    rates = [
        stages.rate(stage, [stage.hot(1000) for _ in range(scale.batches(1000) // 3 + 1)])
        for _ in range(scale.rounds)
    ]
    yield "post-1000-hot", "transfers/s", results.alone("", "", "", rates).value


def _reads(stage: Stage) -> dict[str, Read]:
    def wallet() -> str:
        return stage.chance.choice(stage.wallets)

    return {
        "balance-hot": lambda reading, _: queries.balance(reading, BUDGET),
        "balance-wallet": lambda reading, _: queries.balance(reading, wallet()),
        "as-of-hot": lambda reading, number: queries.as_of(reading, BUDGET, number),
        "as-of-wallet": lambda reading, number: queries.as_of(reading, wallet(), number),
        "statement-hot": lambda reading, number: queries.statement(
            reading, BUDGET, before=number, limit=_PAGE
        ),
        "statement-wallet": lambda reading, number: queries.statement(
            reading, wallet(), before=number, limit=_PAGE
        ),
    }


def _waited(stage: Stage, read: Read) -> float:
    """Return milliseconds of a read at a random place of the book, its transaction included."""
    number = stage.chance.randrange(stage.head() // 100, stage.head())
    began = time.perf_counter()
    with stage.database.reading(stage.city_id) as reading:
        read(reading, number)
    return (time.perf_counter() - began) * 1000
