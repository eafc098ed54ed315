"""pgledger (github.com/pgr0ss/pgledger), called as it documents, in a database where it is installed."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import LiteralString

import psycopg
import sqlalchemy as sa

from scripts.bench.measuring.stages import UnsoundError

CLIENTS = 8
_ONE: LiteralString = "SELECT id FROM pgledger_create_transfer(%s, %s, %s)"
_MANY: LiteralString = """
SELECT count(*) FROM pgledger_create_transfers(
    transfer_requests => ARRAY(
        SELECT ROW(source, target, amount)::transfer_request
        FROM unnest(%s::text[], %s::text[], %s::int[]) AS asked (source, target, amount)
    ),
    event_at => NULL
)
"""


class Pgledger:
    """Accounts in pgledger: a hot one that all transfers debit, and many others."""

    name = "pgledger, 8 clients"

    def __init__(self, url: str, accounts: int) -> None:
        parsed = sa.make_url(url).set(drivername="postgresql")
        self._conninfo = parsed.render_as_string(hide_password=False)
        with psycopg.connect(self._conninfo) as connection:
            self._hot = _account(connection, "hot")
            self._others = [_account(connection, f"account {n}") for n in range(accounts)]

    def single_rate(self, seconds: float) -> float:
        """Let eight clients make one transfer a call; return transfers per second."""
        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            counts = list(pool.map(lambda seed: self._run(began + seconds, seed), range(CLIENTS)))
        return sum(counts) / (time.perf_counter() - began)

    def batch_rate(self, size: int, seconds: float) -> float:
        """Make `size` transfers a call, one call after the other; return transfers per second."""
        chance = random.Random(size)  # noqa: S311 -- the same in every run
        count, began = 0, time.perf_counter()
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            while time.perf_counter() < began + seconds:
                targets = chance.choices(self._others, k=size)
                amounts = [chance.randrange(1, 500) for _ in targets]
                connection.execute(_MANY, ([self._hot] * size, targets, amounts)).fetchone()
                count += size
        return count / (time.perf_counter() - began)

    def verify(self) -> None:
        """Expect the hot account's balance to be what its entries say. Raises UnsoundError."""
        with psycopg.connect(self._conninfo) as connection:
            sums = connection.execute(
                "SELECT a.balance = (SELECT sum(e.amount) FROM pgledger_entries_view e "
                "WHERE e.account_id = a.id) FROM pgledger_accounts_view a WHERE a.id = %s",
                (self._hot,),
            ).fetchone()
        if sums is None or sums[0] is False:
            msg = "pgledger's balance is not the sum of its entries"
            raise UnsoundError(msg)

    def _run(self, until: float, seed: int) -> int:
        chance = random.Random(seed)  # noqa: S311 -- the same in every run
        count = 0
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            while time.perf_counter() < until:
                asked = (self._hot, chance.choice(self._others), chance.randrange(1, 500))
                connection.execute(_ONE, asked).fetchone()
                count += 1
        return count


def install(url: str, files: list[Path]) -> None:
    """Load pgledger's SQL files into an empty database, in order."""
    parsed = sa.make_url(url).set(drivername="postgresql")
    with psycopg.connect(parsed.render_as_string(hide_password=False)) as connection:
        for path in files:
            connection.execute(path.read_bytes())


def _account(connection: psycopg.Connection, name: str) -> str:
    made = connection.execute("SELECT id FROM pgledger_create_account(%s, 'DUC')", (name,)).fetchone()
    if made is None:
        msg = "pgledger made no account"
        raise UnsoundError(msg)
    return str(made[0])
