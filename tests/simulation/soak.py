"""Simulation and kill rounds for hours: `scripts/soak --hours 8`. Stops at the first failure."""

import argparse
import contextlib
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from api import migrating
from kernel.db import Database
from tests.faults.cluster import Cluster
from tests.faults.rounds import Rounds
from tests.simulation import running

_ROUNDS = 20
"""Kill rounds on one database; then a new one, so that checking stays quick."""


class Soak:
    """Takes turns between seeds and kill rounds, and keeps the summary file up to date."""

    def __init__(self, summary: Path, first_seed: int, steps: int) -> None:
        self._summary, self._seed, self._steps = summary, first_seed, steps
        self._begun = time.monotonic()
        self._done: Counter[str] = Counter()
        self.failure = ""

    def turn(self, backend: str) -> None:
        """Run one seed and one series of kill rounds on a backend."""
        with running.stage(backend) as stage:
            done = running.run_or_explain(stage, self._seed, self._steps)
        self._seed += 1
        self._done.update({f"{backend} steps": done.steps, f"{backend} seeds": 1, "faults": done.faults})
        self._tell(f"{backend} seed {done.seed}: {done.told()}")
        with tempfile.TemporaryDirectory(prefix="duiscoin-soak-", ignore_cleanup_errors=True) as name:
            booked = _sqlite_rounds(Path(name)) if backend == "sqlite" else _cluster_rounds(Path(name))
        self._done.update({f"{backend} kill rounds": _ROUNDS, "transfers under fire": booked})
        self._tell(f"{backend}: {_ROUNDS} kill rounds, {booked} transfers, none lost, none twice")

    def note(self) -> None:
        """Write the summary file."""
        hours = (time.monotonic() - self._begun) / 3600
        said = {"hours": round(hours, 3), **dict(sorted(self._done.items())), "failure": self.failure}
        self._summary.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")

    def _tell(self, line: str) -> None:
        self.note()
        minutes = (time.monotonic() - self._begun) / 60
        print(f"{minutes:7.1f} min  {line}", flush=True)  # noqa: T201 -- this is a program


def _sqlite_rounds(folder: Path) -> int:
    url = f"sqlite:///{folder}/book.db"
    with contextlib.closing(Database(url)) as database:
        migrating.upgrade(database.engine)
    return _play(Rounds(url, folder), None)


def _cluster_rounds(folder: Path) -> int:
    with _cluster(folder) as cluster:
        with contextlib.closing(Database(cluster.url)) as database:
            migrating.upgrade(database.engine)
        return _play(Rounds(cluster.url, folder), cluster)


@contextlib.contextmanager
def _cluster(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.kill()


def _play(rounds: Rounds, cluster: Cluster | None) -> int:
    chance = random.Random()
    booked = 0
    for _ in range(_ROUNDS):
        struck = cluster if cluster is not None and chance.random() < 0.7 else None
        rounds.play(chance.uniform(0.02, 1.0), struck.kill if struck else lambda: None)
        if struck:
            struck.start()
        booked = rounds.check()
    return booked


def main() -> int:
    """Soak until the time is over or something fails."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--backend", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1000, help="first seed")
    parser.add_argument("--steps", type=int, default=10_000, help="steps of each seed")
    parser.add_argument("--summary", type=Path, default=Path("var/soak.json"))
    given = parser.parse_args()
    given.summary.parent.mkdir(parents=True, exist_ok=True)
    soak = Soak(given.summary, given.seed, given.steps)
    backends = ("sqlite", "postgresql") if given.backend == "both" else (given.backend,)
    end = time.monotonic() + given.hours * 3600
    while True:
        for backend in backends:
            try:
                soak.turn(backend)
            except Exception as failure:  # noqa: BLE001 -- whatever it is, it goes into the summary
                soak.failure = f"{backend}: {failure}"
                soak.note()
                print(soak.failure)  # noqa: T201 -- this is a program
                return 1
        if time.monotonic() >= end:
            soak.note()
            print(given.summary.read_text(encoding="utf-8"))  # noqa: T201 -- the same
            return 0


if __name__ == "__main__":
    sys.exit(main())
