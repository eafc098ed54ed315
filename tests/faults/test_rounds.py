"""kill -9 of a posting server and of PostgreSQL, again and again: nothing acknowledged is lost, nothing is twice."""

import contextlib
import random
from pathlib import Path

import sqlalchemy as sa

from kernel.db import Database
from tests.faults.cluster import Cluster
from tests.faults.rounds import Rounds
from tests.fixtures.databases import MakeDatabase

SERVER_ROUNDS = 15
CLUSTER_ROUNDS = 20


def test_killing_the_server(new_database: MakeDatabase, tmp_path: Path) -> None:
    """A server of either database is killed under load; its clients ask again; the book has each request once."""
    url = new_database().engine.url.render_as_string(hide_password=False)
    rounds, chance = Rounds(url, tmp_path), random.Random(11)
    for _ in range(SERVER_ROUNDS):
        rounds.play(chance.uniform(0.02, 0.25), lambda: None)
        count = rounds.check()

    assert count > SERVER_ROUNDS


def test_killing_postgresql(cluster: Cluster, tmp_path: Path) -> None:
    """All processes of PostgreSQL are killed under load; after its recovery the book has what was acknowledged."""
    rounds, chance = Rounds(cluster.url, tmp_path), random.Random(12)
    with contextlib.closing(Database(cluster.url)) as database, database.engine.connect() as connection:
        shown = {
            connection.execute(sa.text(f"SHOW {name}")).scalar() for name in ("fsync", "synchronous_commit")
        }
    for _ in range(CLUSTER_ROUNDS):
        rounds.play(chance.uniform(0.02, 0.25), cluster.kill)
        cluster.start()
        count = rounds.check()

    assert shown == {"on"}
    assert count > CLUSTER_ROUNDS
