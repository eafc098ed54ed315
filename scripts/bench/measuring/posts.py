"""Posting in batches: hot account and spread, with refusals, with holds, each beside its limit."""

from collections.abc import Iterator

from ledger import transfers
from ledger.transfers import Transfer
from scripts.bench.measuring import limits, results, stages
from scripts.bench.measuring.limits import Limit
from scripts.bench.measuring.results import Result
from scripts.bench.measuring.scale import Scale
from scripts.bench.measuring.stages import EMPTY, Stage

UNIT = "transfers/s"
BATCHES = (1, 100, 1000, 8190)
KINDS = ("hot", "spread")


def batches(stage: Stage, scale: Scale) -> Iterator[Result]:
    """Measure batches of each size on the hot account and spread, each beside the limit."""
    sizes = [size for size in BATCHES if size <= scale.batch_max]
    pairs = [(size, kind) for size in sizes for kind in KINDS]
    ours: dict[tuple[int, str], list[float]] = {pair: [] for pair in pairs}
    theirs: dict[tuple[int, str], list[float]] = {pair: [] for pair in pairs}
    with limits.limit(stage) as limit:
        for number in range(scale.rounds + 1):
            for size, kind in pairs:
                mine, other = _turn(stage, limit, kind, size, scale.batches(size))
                # The first round warms up.
                if number or scale.rounds == 1:
                    ours[size, kind].append(mine)
                    theirs[size, kind].append(other)
            if scale.rounds == 1:
                break
        name = limit.name
    for size, kind in pairs:
        yield results.compared(
            f"post-{size}-{kind}", stage.backend, UNIT, ours[size, kind], name, theirs[size, kind]
        )
    for size in sizes[1:]:
        yield results.compared(
            f"post-{size}-spread-to-hot",
            stage.backend,
            UNIT,
            ours[size, "spread"],
            "hot account",
            ours[size, "hot"],
        )


def _turn(stage: Stage, limit: Limit, kind: str, size: int, count: int) -> tuple[float, float]:
    make = stage.hot if kind == "hot" else stage.spread
    prepared = [make(size) for _ in range(count)]
    before = stage.head()
    ours = stages.rate(stage, prepared)
    return ours, limit.rate(before + 1, stage.head(), size)


def mixed(stage: Stage, scale: Scale) -> Iterator[Result]:
    """Measure batches of 1,000 in which every tenth transfer is refused, beside batches without refusals."""
    ours, plain = [], []
    for _ in range(scale.rounds):
        plain.append(stages.rate(stage, [stage.hot(1000) for _ in range(scale.batches(1000))]))
        prepared = [_with_refusals(stage, 1000) for _ in range(scale.batches(1000))]
        ours.append(stages.rate(stage, prepared, expected_refusals=100 * len(prepared)))
    yield results.compared("post-1000-tenth-refused", stage.backend, UNIT, ours, "without refusals", plain)


def _with_refusals(stage: Stage, size: int) -> list[Transfer]:
    batch = stage.hot(size)
    batch[::10] = [stage.transfer(EMPTY, stage.wallets[0]) for _ in batch[::10]]
    return batch


def holds(stage: Stage, scale: Scale) -> Iterator[Result]:
    """Measure batches of 500 holds and the captures of 500 held before, beside batches of 1,000 posts."""
    ours, plain = [], []
    for _ in range(scale.rounds):
        plain.append(stages.rate(stage, [stage.hot(1000) for _ in range(scale.batches(1000))]))
        ours.append(stages.rate(stage, list(_held_and_captured(stage, scale.batches(1000)))))
    yield results.compared("post-1000-holds-captures", stage.backend, UNIT, ours, "posts only", plain)


def _held_and_captured(stage: Stage, count: int) -> Iterator[list[Transfer]]:
    open_before: list[Transfer] = []
    for _ in range(count):
        held = [_hold(stage) for _ in range(500 if open_before else 1000)]
        captured = [
            transfers.capture(stage.database.ids.uuid(), hold.transfer_id, effective=stage.today)
            for hold in open_before
        ]
        yield [*held, *captured]
        open_before = held[:500]


def _hold(stage: Stage) -> Transfer:
    return transfers.hold(
        stage.database.ids.uuid(),
        stage.chance.choice(stage.wallets),
        "redeemed",
        5,
        effective=stage.today,
        purpose="voucher",
        subject=f"voucher/{stage.chance.randrange(10**17, 10**18)}",
    )
