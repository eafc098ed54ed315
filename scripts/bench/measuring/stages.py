"""Databases to measure on: durable as in production, one city, many wallets, a fresh copy for each part."""

import contextlib
import datetime as dt
import gc
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from api import migrating
from kernel import cities
from kernel.cities import NewCity
from kernel.db import Database, Work
from ledger import accounts, chart, posting, queries, surveying, transfers
from ledger.accounts import NewAccount
from ledger.outcomes import Outcome
from ledger.transfers import Transfer
from tests.fixtures import postgresql

BUDGET = "budget/litter"
EMPTY = "wallet/nobody/2030-12-31"
"""A wallet without points: what is asked of it is refused."""
PLENTY = 10**12
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_SERVER = (
    *(f"{name}={value}" for name, value in DURABLE.items()),
    "shared_buffers=1GB",
    "max_wal_size=8GB",
    "max_connections=100",
)
_CHUNK = 1000


class UnsoundError(Exception):
    """What was measured must not count: the book is wrong, or the server forgets."""


@dataclass(slots=True)
class Stage:
    """A city with a funded budget and funded wallets; makes transfers and runs them."""

    database: Database
    city_id: int
    wallets: list[str]
    chance: random.Random = field(default_factory=lambda: random.Random(2026))  # noqa: S311 -- the same in every run

    @property
    def backend(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.database.backend

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database.engine.url.render_as_string(hide_password=False)

    def hot(self, count: int) -> list[Transfer]:
        """Return transfers that all debit the city's budget, as awards do."""
        return [self.transfer(BUDGET, self.chance.choice(self.wallets)) for _ in range(count)]

    def spread(self, count: int) -> list[Transfer]:
        """Return transfers between random pairs of wallets."""
        return [self.transfer(*self.chance.sample(self.wallets, 2)) for _ in range(count)]

    def transfer(self, debit: str, credit: str) -> Transfer:
        """Return a transfer of a small amount."""
        return transfers.post(
            self.database.ids.uuid(),
            debit,
            credit,
            self.chance.randrange(1, 500),
            effective=self.today,
            purpose="award",
            subject=f"submission/{self.chance.randrange(10**17, 10**18)}",
        )

    @property
    def today(self) -> dt.date:
        """The day of all transfers."""
        return self.database.clock.now().date()

    def post(self, batch: Sequence[Transfer]) -> list[Outcome]:
        """Book a batch in a unit of work of its own."""
        return self.database.run(self.city_id, lambda work: posting.post(work, batch))

    def head(self) -> int:
        """Return the number of the newest transfer."""
        with self.database.reading(self.city_id) as reading:
            return queries.head_sequence(reading)

    def settle(self) -> None:
        """Do at once what PostgreSQL does by itself within minutes: know its tables, write what it keeps."""
        if self.backend == "postgresql":
            engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
            with engine.connect() as connection:
                for statement in ("ANALYZE", "CHECKPOINT"):
                    connection.exec_driver_sql(statement)

    def verify(self) -> float:
        """Check the whole book as `duiscoin ledger verify` does; return the transfers checked per second.

        Raises UnsoundError.
        """
        began = time.perf_counter()
        report = surveying.verify(self.database, self.city_id)
        if not report.ok:
            msg = "\n".join(f"{one.check} {one.sequence}: {one.message}" for one in report.findings[:20])
            raise UnsoundError(msg)
        return report.transfers / (time.perf_counter() - began)


def wallet_paths(count: int) -> list[str]:
    """Return the paths of the wallets of a stage."""
    return [f"wallet/bench-{number:05}/2030-12-31" for number in range(count)]


def rate(stage: Stage, batches: Sequence[Sequence[Transfer]], expected_refusals: int = 0) -> float:
    """Post batches one after the other; return transfers per second, refused ones included.

    Raises UnsoundError unless so many were refused.
    """
    refused = 0
    # What was made beforehand is not the ledger's garbage to look through.
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    for batch in batches:
        refused += sum(not outcome.ok for outcome in stage.post(batch))
    seconds = time.perf_counter() - began
    gc.unfreeze()
    if refused != expected_refusals:
        msg = f"{refused} transfers were refused instead of {expected_refusals}"
        raise UnsoundError(msg)
    return sum(map(len, batches)) / seconds


def note(text: str) -> None:
    """Say on the error stream what is going on."""
    print(text, file=sys.stderr, flush=True)


class Stages:
    """Makes one prepared database for each backend and hands out copies."""

    def __init__(self, folder: Path, postgresql_url: str | None, wallet_count: int) -> None:
        self._folder = folder
        self._server_url = postgresql_url
        self._wallet_count = wallet_count
        self._wallets: list[str] = []
        self._prepared: set[str] = set()
        self._copies = 0

    @contextlib.contextmanager
    def fresh(self, backend: str) -> Iterator[Stage]:
        """Give a stage of its own to a part."""
        if backend not in self._prepared:
            note(f"preparing {backend}")
            with contextlib.closing(Database(self._make(backend, "prepared"))) as database:
                self._wallets = _prepare(database, self._wallet_count)
            self._prepared.add(backend)
        self._copies += 1
        name = f"copy{self._copies}"
        database = Database(self._make(backend, name, "prepared"))
        try:
            yield Stage(database, 1, self._wallets)
        finally:
            database.close()
            self._drop(backend, name)

    @contextlib.contextmanager
    def scratch(self, backend: str = "postgresql") -> Iterator[str]:
        """Give the URL of an empty database."""
        self._copies += 1
        name = f"scratch{self._copies}"
        url = self._make(backend, name)
        try:
            yield url
        finally:
            self._drop(backend, name)

    def close(self) -> None:
        """Remove what was prepared."""
        for backend in self._prepared:
            self._drop(backend, "prepared")

    def _make(self, backend: str, name: str, template: str | None = None) -> str:
        if backend == "sqlite":
            if template:
                shutil.copyfile(self._folder / f"{template}.db", self._folder / f"{name}.db")
            return f"sqlite:///{self._folder / name}.db"
        suffix = f"TEMPLATE {_name(template)}" if template else "TEMPLATE template0 ENCODING 'UTF8'"
        url = self._on_server(f"CREATE DATABASE {_name(name)} {suffix}")
        return url.set(database=_name(name)).render_as_string(hide_password=False)

    def _drop(self, backend: str, name: str) -> None:
        if backend == "sqlite":
            for path in self._folder.glob(f"{name}.db*"):
                path.unlink()
        else:
            self._on_server(f"DROP DATABASE IF EXISTS {_name(name)} WITH (FORCE)")

    def _on_server(self, statement: str) -> sa.URL:
        if self._server_url is None:
            msg = "no PostgreSQL server"
            raise UnsoundError(msg)
        engine = sa.create_engine(self._server_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        return engine.url


def _name(name: str | None) -> str:
    return f"duiscoin_bench_{name}"


@contextlib.contextmanager
def opened(
    folder: Path | None, postgresql_url: str | None, *, backends: Sequence[str], wallet_count: int, lax: bool
) -> Iterator[Stages]:
    """Give stages in `folder` and on the server of that URL, or on a server that is started for them.

    Raises UnsoundError if the server may lose what it acknowledged, unless `lax`.
    """
    with contextlib.ExitStack() as stack:
        base = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="duiscoin-bench-", dir=folder, ignore_cleanup_errors=True)
            )
        )
        if _file_system(base) == "tmpfs" and not lax:
            msg = f"{base} is in memory: name a folder on disk with --folder"
            raise UnsoundError(msg)
        url = postgresql_url
        if url is None and "postgresql" in backends:
            stack.enter_context(postgresql.serving(base, _SERVER))
            url = f"postgresql+psycopg://postgres@/postgres?host={base}/run"
        elif url is not None:
            url = sa.make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
            if not lax:
                _check_durable(url)
        stages = Stages(base, url, wallet_count)
        stack.callback(stages.close)
        yield stages


def _file_system(path: Path) -> str:
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    inside = [(len(place), kind) for place, kind in mounts if path.is_relative_to(place)]
    return max(inside)[1]


def _check_durable(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in DURABLE}
    if found != DURABLE:
        msg = f"the server may lose what it acknowledged: {found}"
        raise UnsoundError(msg)


def _prepare(database: Database, wallet_count: int) -> list[str]:
    """Make city number 1 with a budget and wallets that have plenty; return the wallets' paths."""
    migrating.upgrade(database.engine)
    cities.found(database, NewCity(slug="duisburg", name="Duisburg"))
    paths = wallet_paths(wallet_count)
    lots = [_lot(path) for path in paths]

    def first(work: Work) -> None:
        chart.open_chart(work)
        accounts.open_accounts(work, [_lot(EMPTY)])
        chart.fund_budget(
            work,
            "litter",
            PLENTY,
            effective=work.now.date(),
            reference="DS 1",
            transfer_id=work.ids.uuid(),
        )

    def some(work: Work, chosen: list[NewAccount]) -> None:
        accounts.open_accounts(work, chosen)
        gifts = [
            transfers.post(
                work.ids.uuid(), "issued", lot.path, 10**7, effective=work.now.date(), purpose="award"
            )
            for lot in chosen
        ]
        posting.post_or_raise(work, gifts)

    database.run(1, first)
    for start in range(0, wallet_count, _CHUNK):
        chosen = lots[start : start + _CHUNK]
        database.run(1, lambda work, chosen=chosen: some(work, chosen))  # type: ignore[misc]  # bound at once
    if database.backend == "sqlite":
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    return paths


def _lot(path: str) -> NewAccount:
    _, owner, last_day = path.split("/")
    return NewAccount(path, transfers.DUC, owner=owner, expires_on=dt.date.fromisoformat(last_day))
