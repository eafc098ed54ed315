"""The tables of every room can be distributed by city."""

import re
from pathlib import Path

import sqlalchemy as sa

from api import migrating
from tests.fixtures import schema_rules


def _faults(*parts: sa.schema.SchemaItem) -> list[str]:
    metadata = sa.MetaData(naming_convention={"pk": "pk_%(table_name)s", "fk": "fk_%(table_name)s"})
    key = sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False)
    city = sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False)
    sa.Table("parents", metadata, city, key)
    sa.Table("planted", metadata, *parts)
    return schema_rules.faults(metadata)


def _city() -> sa.Column[int]:
    return sa.Column("city_id", sa.Integer, primary_key=True, autoincrement=False)


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False)


def test_every_table_keeps_the_rules() -> None:
    """City first in each key, unique constraint, index and reference; no ids or values made by the database."""
    assert schema_rules.faults(migrating.metadata()) == []


def test_a_good_table_passes() -> None:
    """The rules let a table that keeps them pass."""
    parent = sa.Column("parent_id", sa.BigInteger)
    reference = sa.ForeignKeyConstraint(["city_id", "parent_id"], ["parents.city_id", "parents.id"])

    assert _faults(_city(), _key(), parent, reference, sa.Index("ix", "city_id", "parent_id")) == []


def test_a_table_without_a_city_is_noticed() -> None:
    """A table whose first column is another fails, and so does its key."""
    assert _faults(_key(), sa.Column("city_id", sa.Integer, nullable=False)) == [
        "planted: the first column is not city_id INTEGER NOT NULL",
        "planted: pk_planted: city_id does not come first",
    ]


def test_ids_made_by_the_database_are_noticed() -> None:
    """AUTOINCREMENT, said or by default, and IDENTITY fail."""
    assert _faults(_city(), sa.Column("n", sa.Integer, autoincrement=True, primary_key=True)) == [
        "planted: n: say autoincrement=False, ids are made by the application"
    ]
    assert _faults(sa.Column("city_id", sa.Integer, primary_key=True)) == [
        "planted: city_id: say autoincrement=False, ids are made by the application"
    ]
    assert _faults(_city(), sa.Column("n", sa.BigInteger, sa.Identity())) == [
        "planted: n: the database makes ids (IDENTITY or sequence)"
    ]


def test_a_unique_constraint_over_all_cities_is_noticed() -> None:
    """What is unique must be so within a city."""
    code = sa.Column("code", sa.Text)

    assert _faults(_city(), _key(), code, sa.UniqueConstraint("code", name="uq")) == [
        "planted: uq: city_id does not come first"
    ]


def test_an_index_over_all_cities_is_noticed() -> None:
    """An index serves the questions of one city."""
    assert _faults(_city(), _key(), sa.Index("ix", "id")) == ["planted: ix: city_id does not come first"]


def test_a_reference_to_another_city_is_noticed() -> None:
    """A foreign key without the city, or with the city pointing elsewhere, fails."""
    parent = sa.Column("parent_id", sa.BigInteger)
    crossed = sa.ForeignKeyConstraint(["city_id", "parent_id"], ["parents.id", "parents.city_id"])

    assert _faults(_city(), _key(), parent, crossed) == [
        "planted: fk_planted: city_id does not refer to city_id"
    ]


def test_a_deferred_constraint_is_noticed() -> None:
    """A constraint that waits for the commit fails there in another way on each engine."""
    late = sa.UniqueConstraint("city_id", "id", name="uq", deferrable=True)

    assert _faults(_city(), _key(), late) == ["planted: uq: only immediate constraints run everywhere"]


def test_a_constraint_without_a_name_is_noticed() -> None:
    """A migration can change only what it can name."""
    assert _faults(_city(), _key(), sa.UniqueConstraint("city_id", "id")) == [
        "planted: UniqueConstraint without a name"
    ]


def test_a_time_made_by_the_database_is_noticed() -> None:
    """Instants are parameters, so that history can be replayed."""
    at = sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now())

    assert _faults(_city(), _key(), at) == ["planted: at: a default of the database must be a constant"]


def test_a_fractional_amount_is_noticed() -> None:
    """Money and points are whole numbers."""
    assert _faults(_city(), _key(), sa.Column("amount", sa.Numeric(10, 2))) == [
        "planted: amount: amounts are whole numbers of the smallest unit"
    ]


def test_every_table_says_what_becomes_of_it_when_somebody_is_erased() -> None:
    """docs/privacy.md names each table."""
    text = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")
    assert set() == set(migrating.metadata().tables) - set(re.findall(r"`(\w+)`", text))
