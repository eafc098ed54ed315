"""Runs the simulation with a seed; a failing seed is run again to find its shortest prefix."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from api import migrating
from kernel.db import Database
from tests.fixtures import memory
from tests.fixtures.databases import PostgresqlTemplates, Templates
from tests.fixtures.postgresql import FAST, serving
from tests.simulation.postgresql_storage import PostgresqlStorage
from tests.simulation.sqlite_storage import SqliteStorage
from tests.simulation.storage import Storage
from tests.simulation.town import Town

EVERY = 2000
"""Steps between two verifications of the whole book."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did."""

    seed: int
    steps: int
    transfers: int
    faults: int
    fingerprint: str
    """The same for the same seed: of all that was asked and answered, in order."""
    counts: dict[str, int]

    def told(self) -> str:
        """Return it in one line."""
        return (
            f"{self.steps} steps, {self.transfers} transfers, {self.faults} faults, {self.fingerprint[:12]}"
        )


class Failure(Exception):
    """A run that deviated, with the command that shows it again."""


class Stage(Protocol):
    """Gives empty storage for runs."""

    backend: str

    def storage(self) -> contextlib.AbstractContextManager[Storage]:
        """Give an empty, migrated database that fails as planned."""
        ...


class SqliteStage:
    """Files, in memory if possible."""

    backend = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        database = Database(f"sqlite:///{self._template}")
        migrating.upgrade(database.engine)
        database.close()
        self._count = 0

    @contextlib.contextmanager
    def storage(self) -> Iterator[Storage]:
        """Give an empty database that fails as planned."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        storage = SqliteStorage(folder, self._template)
        try:
            yield storage
        finally:
            storage.close()
            shutil.rmtree(folder)


class PostgresqlStage:
    """Databases of a server."""

    backend = "postgresql"

    def __init__(self, templates: Templates) -> None:
        self._templates = templates

    @contextlib.contextmanager
    def storage(self) -> Iterator[Storage]:
        """Give an empty database that fails as planned."""
        with self._templates.copy() as url:
            yield PostgresqlStorage(url)


@contextlib.contextmanager
def stage(backend: str) -> Iterator[Stage]:
    """Give a stage of its own for a backend: `sqlite` or `postgresql`."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(memory.folder("simulation"))
        if backend == "sqlite":
            yield SqliteStage(folder)
            return
        stack.enter_context(serving(folder, FAST))
        url = f"postgresql+psycopg://postgres@/postgres?host={folder}/run"
        templates = stack.enter_context(contextlib.closing(PostgresqlTemplates(url)))
        yield PostgresqlStage(templates)


def run(storage: Storage, seed: int, steps: int, *, every: int = EVERY) -> Run:
    """Run a town on a storage. Raises Deviation."""
    town = Town(storage, seed, every=every)
    try:
        town.run(steps)
    finally:
        town.close()
    counts = dict(sorted(town.counts.items()))
    return Run(seed, town.steps, town.model.sequence, storage.struck, town.trace.hexdigest(), counts)


def run_or_explain(place: Stage, seed: int, steps: int, every: int = EVERY) -> Run:
    """Run a seed. Raises Failure with the shortest prefix that shows it and the command to run it again."""
    try:
        return _attempt(place, seed, steps, every)
    except (AssertionError, sa.exc.SQLAlchemyError) as error:
        shortest, shown = _shortest(place, seed, steps, every, error)
    command = (
        f".venv/bin/python -m tests.simulation --seed {seed} --steps {shortest} --backend {place.backend}"
    )
    msg = f"seed {seed} fails; run it again with\n\n    {command}\n\n{type(shown).__name__}: {shown}"
    raise Failure(msg) from shown


def _attempt(place: Stage, seed: int, steps: int, every: int) -> Run:
    with place.storage() as storage:
        return run(storage, seed, steps, every=every)


def _shortest(place: Stage, seed: int, steps: int, every: int, error: Exception) -> tuple[int, Exception]:
    """Halve what lies between a prefix that holds and one that fails: each ends with a full verification."""
    holds, fails = 0, steps
    while fails - holds > max(1, steps // 1000):
        middle = (holds + fails) // 2
        try:
            _attempt(place, seed, middle, every)
        except (AssertionError, sa.exc.SQLAlchemyError) as earlier:
            fails, error = middle, earlier
        else:
            holds = middle
    return fails, error
