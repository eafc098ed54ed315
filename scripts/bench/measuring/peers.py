"""Ledgers that one could pick instead, beside ours in turns, on the same server."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from scripts.bench.measuring import calling, pgledger, results, stages
from scripts.bench.measuring.pgledger import Pgledger
from scripts.bench.measuring.results import Result
from scripts.bench.measuring.scale import Scale
from scripts.bench.measuring.stages import Stage, Stages
from scripts.bench.measuring.textbook import Textbook

UNIT = "transfers/s"
CALLERS = 64
_BATCHES = (100, 1000)


def textbook(all_stages: Stages, stage: Stage, scale: Scale) -> Iterator[Result]:
    """Measure 64 single callers of ours beside the textbook ledger, hot and spread."""
    kinds = ("hot", "spread")
    ours: dict[str, list[float]] = {kind: [] for kind in kinds}
    theirs: dict[str, list[float]] = {kind: [] for kind in kinds}
    with (
        all_stages.scratch() as url,
        contextlib.closing(Textbook(url, scale.wallets)) as peer,
        calling.processes(stage, 1) as [process],
    ):
        for _ in range(scale.rounds):
            for kind in kinds:
                ours[kind].append(calling.served(process, CALLERS, scale.seconds_a_turn, kind).rate)
                theirs[kind].append(peer.rate(kind, scale.seconds_a_turn))
        peer.verify()
        for kind in kinds:
            name = f"callers-{CALLERS}-to-textbook-{kind}"
            yield results.compared(name, stage.backend, UNIT, ours[kind], peer.name, theirs[kind])


def beside_pgledger(stage: Stage, scale: Scale, url: str) -> Iterator[Result]:
    """Measure pgledger on the hot account: 64 single callers of ours beside its eight, and batches."""
    peer = Pgledger(url, scale.wallets)
    single: list[tuple[float, float]] = []
    batches: dict[int, list[tuple[float, float]]] = {size: [] for size in _BATCHES}
    with calling.processes(stage, 1) as [process]:
        for _ in range(scale.rounds):
            mine = calling.served(process, CALLERS, scale.seconds_a_turn).rate
            single.append((mine, peer.single_rate(scale.seconds_a_turn)))
            for size in _BATCHES:
                prepared = [stage.hot(size) for _ in range(scale.batches(size))]
                mine = stages.rate(stage, prepared)
                batches[size].append((mine, peer.batch_rate(size, scale.seconds_a_turn)))
    peer.verify()
    yield _of_pairs(f"callers-{CALLERS}-to-pgledger-hot", stage, peer.name, single)
    for size in _BATCHES:
        yield _of_pairs(f"post-{size}-to-pgledger-hot", stage, f"pgledger, {size} a call", batches[size])


@contextlib.contextmanager
def pgledger_database(all_stages: Stages, url: str | None, files: list[Path]) -> Iterator[str | None]:
    """Give the database in which pgledger is installed, None if there is none."""
    if url is not None or not files:
        yield url
        return
    with all_stages.scratch() as scratch:
        pgledger.install(scratch, files)
        yield scratch


def _of_pairs(name: str, stage: Stage, baseline_name: str, pairs: list[tuple[float, float]]) -> Result:
    ours, theirs = [mine for mine, _ in pairs], [other for _, other in pairs]
    return results.compared(name, stage.backend, UNIT, ours, baseline_name, theirs)
