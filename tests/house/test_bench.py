"""The bench of the ledger: a smoke test of all its parts, and that it does not count what is unsound."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel.db import Database, Work
from ledger import chart
from scripts.bench.measuring import results, stages
from scripts.bench.measuring.results import TARGETS, Result, Target
from scripts.bench.measuring.stages import Stage, UnsoundError

ROOT = Path(__file__).parents[2]
FIELDS = ["name", "backend", "value", "unit", "baseline_name", "baseline_value", "ratio"]


def test_the_quick_run_measures_every_part_on_both_databases(postgresql_server: str) -> None:
    """A quick run prints one JSON object per line with the agreed fields, and all figures that there is a bound
    for, except those that need a large book or a peer that is not installed.
    """
    command = [sys.executable, "scripts/bench/ledger.py", "--quick", "--json"]
    done = subprocess.run(
        [*command, "--postgresql-url", postgresql_server],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one for one in found if list(one) != FIELDS or one["value"] <= 0] == []
    measured = {(one["name"], one["backend"]) for one in found}
    absent = {name for name, backend in TARGETS.keys() - measured}
    assert {name for name in absent if "pgledger" not in name and "20000000" not in name} == set()
    for backend in ("postgresql", "sqlite"):
        for name in ("post-1-hot", "callers-512-p99", "http-scan", "growth-4000-post-1000-hot", "verify"):
            assert (name, backend) in measured


def test_a_book_that_does_not_verify_fails_the_bench(database: Database, city_id: int) -> None:
    """A figure of a ledger that is wrong is no figure."""
    day = database.clock.now().date()

    def command(work: Work) -> None:
        chart.open_chart(work)
        given = work.ids.uuid()
        chart.fund_budget(work, "litter", 100, effective=day, reference="DS 1", transfer_id=given)
        cut = sa.text("UPDATE ledger_heads SET sequence = 7 WHERE city_id = :city_id")
        work.connection.execute(cut, {"city_id": city_id})

    database.run(city_id, command)

    with pytest.raises(UnsoundError, match="head-matches"):
        Stage(database, city_id, []).verify()


def test_a_server_that_forgets_is_refused(postgresql_server: str) -> None:
    """Without fsync everybody is fast: such a server is measured in a quick run only."""
    with (
        pytest.raises(UnsoundError, match="fsync"),
        stages.opened(None, postgresql_server, backends=["postgresql"], wallet_count=1, lax=False),
    ):
        pass


def test_a_bound_is_of_the_value_or_of_the_ratio() -> None:
    """A result is compared with its baseline round by round, and its bound says which way is good."""
    result = results.compared("post", "sqlite", "transfers/s", [10, 30, 20], "limit", [20, 60, 80])

    assert result == Result("post", "sqlite", 20, "transfers/s", "limit", 60, 0.5)
    assert Target(20).met(result)
    assert not Target(0.6, of_ratio=True).met(result)
    assert Target(20, at_most=True).met(result)
