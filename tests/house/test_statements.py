"""The watch over statements lets good ones pass and notices each kind of bad one."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kernel import outbox
from kernel.db import Database
from tests.fixtures import statement_rules, statements

_METADATA = sa.MetaData()
A = sa.Table("a", _METADATA, *(sa.Column(name, sa.Integer) for name in ("city_id", "id", "b_id", "n")))
B = sa.Table("b", _METADATA, *(sa.Column(name, sa.Integer) for name in ("city_id", "id", "n")))
HELD = A.c.city_id == 5
JOINED = sa.and_(A.c.city_id == B.c.city_id, A.c.b_id == B.c.id)

DIALECTS: dict[str, sa.Dialect] = {
    name: sa.make_url(url).get_dialect()()
    for name, url in {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://"}.items()
}


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Name each dialect in turn."""
    return str(request.param)


def _faults(statement: sa.Executable | str, dialect: str) -> tuple[str, ...]:
    if not isinstance(statement, str):
        compiled = statement.compile(dialect=DIALECTS[dialect], compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]  # Executable hides it
        statement = str(compiled)
    return statement_rules.judge(statement, dialect).faults


_OF_B = sa.select(B.c.id).where(B.c.city_id == A.c.city_id, B.c.id == A.c.b_id)
_FILTERED = (
    sa.select(B.c.city_id, B.c.id, sa.func.sum(B.c.n).label("total")).where(B.c.city_id == 5).group_by(B.c.id)
)
_CTE = _FILTERED.cte("totals")
_SUBQUERY = _FILTERED.subquery("totals")
_OTHER_A = A.alias("other")
_VALUES = sa.values(sa.column("id", sa.Integer), sa.column("n", sa.Integer), name="v").data([(1, 2), (3, 4)])

GOOD: dict[str, sa.Executable | str] = {
    "one table": sa.select(A).where(HELD, A.c.n.in_([1, 2, 3])),
    "city on the right": sa.select(A).where(sa.literal(5) == A.c.city_id),
    "join": sa.select(A, B).join(B, JOINED).where(HELD),
    "join held by the joined table": sa.select(A).join(B, JOINED).where(B.c.city_id == 5),
    "outer join": sa.select(A, B).outerjoin(B, JOINED).where(HELD),
    "comma join": sa.select(A, B).where(HELD, JOINED),
    "two aliases": sa.select(A).join(_OTHER_A, _OTHER_A.c.city_id == A.c.city_id).where(HELD),
    "exists": sa.select(A).where(HELD, _OF_B.exists()),
    "scalar subselect": sa.select(A.c.id, _OF_B.scalar_subquery()).where(HELD),
    "subquery with its own city": sa.select(A).where(
        HELD, A.c.b_id.in_(sa.select(B.c.id).where(B.c.city_id == 5))
    ),
    "CTE": sa.select(A, _CTE.c.total).join(_CTE, _CTE.c.id == A.c.b_id).where(HELD),
    "held by a CTE": sa.select(A).join(_CTE, sa.and_(_CTE.c.id == A.c.b_id, _CTE.c.city_id == A.c.city_id)),
    "held by a subquery": sa.select(A).join(_SUBQUERY, _SUBQUERY.c.city_id == A.c.city_id),
    "union": sa.select(A.c.id).where(HELD).union_all(sa.select(B.c.id).where(B.c.city_id == 5)),
    "lock": sa.select(A.c.id).where(HELD).order_by(A.c.id).with_for_update(),
    "values": sa.select(A).join(_VALUES, _VALUES.c.id == A.c.id).where(HELD),
    "insert": sa.insert(A).values(city_id=5, id=1),
    "insert rows": sa.insert(A).values([{"city_id": 5, "id": n} for n in range(3)]),
    "insert from select": sa.insert(A).from_select(
        ["city_id", "id"], sa.select(B.c.city_id, B.c.id).where(B.c.city_id == 5)
    ),
    "update": sa.update(A).where(HELD).values(n=A.c.n + 1).returning(A.c.id),
    "update from": sa.update(A).where(HELD, JOINED).values(n=B.c.n),
    "delete": sa.delete(A).where(HELD, A.c.id == 3),
    "directory": "SELECT slug FROM cities",
    "schema question": "SELECT name FROM sqlite_master",
    "time as a parameter": sa.select(A).where(HELD, sa.func.date(A.c.n) == "2026-05-04"),
}
LOOSE = "a: not held to one city (city_id = parameter, or of a joined table)"
LOOSE_B = "b: not held to one city (city_id = parameter, or of a joined table)"
BAD: dict[str, tuple[sa.Executable | str, str]] = {
    "no city": (sa.select(A).where(A.c.id == 3), LOOSE),
    "several cities": (sa.select(A).where(A.c.city_id.in_([1, 2])), LOOSE),
    "city or something else": (sa.select(A).where(sa.or_(HELD, A.c.n == 1)), LOOSE),
    "not this city": (sa.select(A).where(A.c.city_id != 5), LOOSE),
    "city compared with itself": (sa.select(A).where(A.c.city_id == A.c.city_id), LOOSE),
    "city equal to another column": (sa.select(A).where(A.c.city_id == A.c.n), LOOSE),
    "join without city": (sa.select(A).join(B, A.c.b_id == B.c.id).where(HELD), LOOSE_B),
    "outer join that holds the wrong side": (
        sa.select(A).outerjoin(B, sa.and_(JOINED, HELD, B.c.city_id == 5)),
        LOOSE,
    ),
    "subselect without city": (sa.select(A).where(HELD, A.c.b_id.in_(sa.select(B.c.id))), LOOSE_B),
    "scalar subselect without city": (
        sa.select(A.c.id, sa.select(B.c.n).where(B.c.id == A.c.b_id).scalar_subquery()).where(HELD),
        LOOSE_B,
    ),
    "CTE without city": (
        sa.select(A).join(c := sa.select(B.c.id).cte("c"), c.c.id == A.c.b_id).where(HELD),
        LOOSE_B,
    ),
    "union with a loose half": (sa.select(A.c.id).where(HELD).union(sa.select(B.c.id)), LOOSE_B),
    "insert without city": (sa.insert(A).values(id=1), "a: INSERT does not name city_id"),
    "insert with a fixed city": (
        "INSERT INTO a (city_id, id) VALUES (1, 2)",
        "a: the city of an inserted row is no parameter",
    ),
    "insert from a loose select": (
        sa.insert(A).from_select(["city_id", "id"], sa.select(B.c.city_id, B.c.id)),
        LOOSE_B,
    ),
    "insert of another column as city": (
        sa.insert(A).from_select(["city_id", "id"], sa.select(B.c.n, B.c.id).where(B.c.city_id == 5)),
        "a: the city of the inserted rows is not that of the statement",
    ),
    "update without city": (sa.update(A).where(A.c.id == 3).values(n=1), LOOSE),
    "update from without city": (sa.update(A).where(HELD, A.c.b_id == B.c.id).values(n=B.c.n), LOOSE_B),
    "move to another city": (
        sa.update(A).where(HELD).values(city_id=6),
        "a: a row never moves to another city",
    ),
    "delete everything": (sa.delete(A), LOOSE),
    "lock everything": (sa.text("SELECT id FROM a FOR UPDATE SKIP LOCKED"), LOOSE),
    "lock the directory": ("SELECT slug FROM cities FOR UPDATE", "cities: FOR UPDATE without city_id"),
    "now": ("DELETE FROM a WHERE n < now()", "now gives another value each time: make it a parameter"),
    "the current instant": (
        "DELETE FROM a WHERE n < CURRENT_TIMESTAMP",
        "current_timestamp gives another value each time: make it a parameter",
    ),
    "random": (
        sa.select(A).where(HELD).order_by(sa.func.random()),
        "random gives another value each time: make it a parameter",
    ),
    "SQLite's now": (
        "SELECT id FROM a WHERE city_id = ? AND n < date('now')",
        "date gives another value each time: make it a parameter",
    ),
    "MERGE": (
        "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE",
        "MERGE differs between engines",
    ),
    "advisory lock": ("SELECT pg_advisory_xact_lock(1)", "advisory locks hold on one node only"),
    "LISTEN": ("LISTEN news", "LISTEN and NOTIFY reach one node only"),
    "pg_notify": ("SELECT pg_notify('news', 'x')", "LISTEN and NOTIFY reach one node only"),
    "LOCK TABLE": ("LOCK TABLE a IN EXCLUSIVE MODE", "LOCK TABLE holds on one node only"),
    "sequence": ("CREATE SEQUENCE numbers", "the application makes ids, not the database"),
    "serial": ("CREATE TABLE x (id BIGSERIAL)", "the application makes ids, not the database"),
    "deferred": ("ALTER TABLE a ADD CONSTRAINT u UNIQUE (city_id) DEFERRABLE", "constraints are immediate"),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_statements_pass(name: str, dialect: str) -> None:
    """A statement that keeps to one city passes in both dialects."""
    assert _faults(GOOD[name], dialect) == ()


@pytest.mark.parametrize("name", BAD)
def test_bad_statements_are_noticed(name: str, dialect: str) -> None:
    """A statement against a rule is named with that rule's sentence in both dialects."""
    statement, fault = BAD[name]

    assert fault in _faults(statement, dialect)


def test_conflict_without_city_is_noticed(dialect: str) -> None:
    """What is unique is so within a city; a conflict target without it fits no index."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    good = make(A).values(city_id=5, id=1).on_conflict_do_nothing(index_elements=["city_id", "id"])
    bad = make(A).values(city_id=5, id=1).on_conflict_do_nothing(index_elements=["id"])

    assert _faults(good, dialect) == ()
    assert _faults(bad, dialect) == ("a: ON CONFLICT does not name city_id",)


def test_unreadable_statements_are_noticed(dialect: str) -> None:
    """What can't be parsed isn't taken for good."""
    assert "can't be parsed" in _faults("SELECT FROM WHERE (", dialect)[0]


def test_many_rows_are_one_statement(dialect: str) -> None:
    """Batches of different sizes have one verdict, so that watching stays cheap."""
    forms = {
        statement_rules.normal_form(
            str(
                sa.insert(B)
                .values([{"city_id": 5, "id": n, "n": 1} for n in range(size)])
                .compile(dialect=DIALECTS[dialect])
            ),
            dialect,
        )
        for size in (2, 3, 500)
    }

    assert len(forms) == 1


def _caught(database: Database, city_id: int, statement: sa.Executable) -> list[str]:
    database.run(city_id, lambda work: work.connection.execute(statement))
    caught, statements.recorder.faults = statements.recorder.faults, []
    return caught


def test_the_watch_sees_what_a_use_case_does(database: Database, city_id: int) -> None:
    """A loose statement in a unit of work is caught with the place that issued it, on every backend."""
    caught = _caught(database, city_id, sa.select(outbox.events.c.event_id))

    assert len(caught) == 1
    assert "outbox_events: not held to one city" in caught[0]
    assert "tests/house/test_statements.py" in caught[0]


def test_the_watch_sees_two_cities_in_one_transaction(database: Database, city_id: int) -> None:
    """Each statement may be good and the transaction bad all the same."""
    caught = _caught(
        database, city_id, sa.select(outbox.events).where(outbox.events.c.city_id == city_id + 1)
    )

    assert len(caught) == 1
    assert "one transaction speaks of several cities" in caught[0]


def test_a_test_may_plant_a_statement(database: Database, city_id: int) -> None:
    """Inside `unchecked` nothing is caught."""
    with statements.unchecked():
        assert _caught(database, city_id, sa.select(outbox.events.c.event_id)) == []


def test_the_watch_fails_the_test(tmp_path: Path) -> None:
    """A test that issues a loose statement fails and is named, even if it asserts nothing."""
    planted = tmp_path / "test_planted.py"
    planted.write_text(
        "import sqlalchemy as sa\n"
        "from kernel import outbox\n"
        "def test_loose(database, city_id):\n"
        "    database.run(city_id, lambda work: work.connection.execute(sa.select(outbox.events)))\n"
    )
    plugins = [part for name in ("databases", "statements") for part in ("-p", f"tests.fixtures.{name}")]

    run = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "-k", "sqlite", "--rootdir", tmp_path, planted],
        check=False,
        capture_output=True,
        text=True,
    )

    assert run.returncode == 1, run.stderr
    assert "test_planted.py::test_loose[sqlite]" in run.stdout
    assert "outbox_events: not held to one city" in run.stdout
