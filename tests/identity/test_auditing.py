"""The audit log and what it notices."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity import auditing
from identity.auditing import GENESIS, Entry
from identity.tables import audit_log
from kernel.db import Work
from tests.fixtures.databases import START
from tests.identity.registry import Registry

# What PostgreSQL's jsonb can hold: no NUL, no halves of characters.
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
DETAILS = st.dictionaries(
    TEXT,
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXT, part, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


def record(registry: Registry, action: str, details: Mapping[str, Any]) -> None:
    """Note an act of the command line."""
    registry.run(lambda work: auditing.record(work, "command-line", action, "person/1", details))


def tamper(registry: Registry, at: int, /, **values: object) -> None:
    """Change the entry of number `at` behind the application's back."""

    def change(work: Work) -> None:
        mine = (audit_log.c.city_id == work.city_id, audit_log.c.sequence == at)
        work.connection.execute(sa.update(audit_log).where(*mine).values(**values))

    registry.run(change)


def remove(registry: Registry, at: int) -> None:
    """Take an entry out behind the application's back."""

    def delete(work: Work) -> None:
        mine = (audit_log.c.city_id == work.city_id, audit_log.c.sequence == at)
        work.connection.execute(sa.delete(audit_log).where(*mine))

    registry.run(delete)


@pytest.fixture
def unguarded(registry: Registry) -> None:
    """Take the append-only guard away, as somebody could who owns the database."""

    def drop(work: Work) -> None:
        of_table = " ON audit_log" if registry.database.backend == "postgresql" else ""
        for event in ("update", "delete"):
            work.connection.exec_driver_sql(f"DROP TRIGGER audit_log_refuses_{event}{of_table}")

    registry.run(drop)


@pytest.fixture
def written(registry: Registry) -> list[Entry]:
    """Write five entries and return them, oldest first."""
    for number in range(1, 6):
        record(registry, "rate-set", {"cents": number, "reason": {"de": "Größe", "en": None}})
        registry.clock.advance(dt.timedelta(minutes=1))
    return registry.read(auditing.page)[::-1]


def test_entries_are_chained(registry: Registry, written: list[Entry]) -> None:
    """Entries are numbered without gap, each holds the hash of the one before, the first that of nothing."""
    assert [1, 2, 3, 4, 5] == [entry.sequence for entry in written]
    assert [GENESIS, *(entry.entry_hash for entry in written[:-1])] == [
        entry.previous_hash for entry in written
    ]
    assert ("command-line", "rate-set", "person/1", START) == (
        written[0].actor,
        written[0].action,
        written[0].subject,
        written[0].at,
    )
    assert {"cents": 1, "reason": {"de": "Größe", "en": None}} == written[0].details
    assert registry.read(auditing.verify) is None


def test_the_log_is_read_in_pages(registry: Registry, written: list[Entry]) -> None:
    """Pages go from the newest to the oldest without leaving out or repeating any."""
    newest = registry.read(lambda reading: auditing.page(reading, limit=2))
    middle = registry.read(lambda reading: auditing.page(reading, before=newest[-1].sequence, limit=2))
    oldest = registry.read(lambda reading: auditing.page(reading, before=middle[-1].sequence, limit=1000))

    assert written[::-1] == [*newest, *middle, *oldest]
    assert [] == registry.read(lambda reading: auditing.page(reading, before=1))


def test_an_empty_log_is_whole(registry: Registry) -> None:
    """A city that did nothing yet has nothing wrong."""
    assert registry.read(auditing.verify) is None
    assert [] == registry.read(auditing.page)


@pytest.mark.parametrize("change", [remove, lambda registry, at: tamper(registry, at, action="rate-left")])
def test_the_database_refuses_changes(
    registry: Registry, written: list[Entry], change: Callable[[Registry, int], None]
) -> None:
    """As the application is set up, nothing that was noted can be changed or deleted."""
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        change(registry, 3)

    assert written[::-1] == registry.read(auditing.page)


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "person/2"),
        ("action", "rate-left"),
        ("subject", "person/2"),
        ("details", {"cents": 4}),
        ("at", START),
        ("previous_hash", GENESIS),
        ("entry_hash", GENESIS),
        ("sequence", 9),
    ],
)
def test_a_changed_entry_is_found(
    registry: Registry, written: list[Entry], column: str, value: object
) -> None:
    """Whatever is changed of an entry, verifying names that entry."""
    tamper(registry, 3, **{column: value})

    assert 3 == registry.read(auditing.verify)


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize("sequence", [1, 2, 4])
def test_a_missing_entry_is_found(registry: Registry, written: list[Entry], sequence: int) -> None:
    """An entry that was taken out is found, also when those after it move up."""
    remove(registry, sequence)
    assert sequence == registry.read(auditing.verify)

    for later in range(sequence + 1, 6):
        tamper(registry, later, sequence=later - 1)
    assert sequence == registry.read(auditing.verify)


@pytest.mark.usefixtures("unguarded")
def test_exchanged_entries_are_found(registry: Registry, written: list[Entry]) -> None:
    """Two entries that change places don't fit into the chain."""
    tamper(registry, 2, sequence=99)
    tamper(registry, 3, sequence=2)
    tamper(registry, 99, sequence=3)

    assert 2 == registry.read(auditing.verify)


@pytest.mark.usefixtures("unguarded")
def test_a_new_hash_does_not_hide_a_change(registry: Registry, written: list[Entry]) -> None:
    """Who changes an entry, its hash and the next entry's link to it is still found by the entry after it."""
    third = written[2]
    forged = auditing._hash(
        registry.city_id,
        third.previous_hash,
        third.sequence,
        third.actor,
        third.action,
        third.subject,
        {"cents": 99},
        third.at,
    )
    tamper(registry, 3, details={"cents": 99}, entry_hash=forged)
    tamper(registry, 4, previous_hash=forged)

    assert 4 == registry.read(auditing.verify)


@pytest.mark.usefixtures("unguarded")
def test_a_gap_in_the_numbers_is_found(registry: Registry, written: list[Entry]) -> None:
    """The newest entry under another number is found, though its hash was made for that number."""
    last = written[4]
    forged = auditing._hash(
        registry.city_id,
        last.previous_hash,
        9,
        last.actor,
        last.action,
        last.subject,
        last.details,
        last.at,
    )
    tamper(registry, 5, sequence=9, entry_hash=forged)

    assert 5 == registry.read(auditing.verify)


@pytest.mark.usefixtures("unguarded")
def test_another_citys_log_is_its_own(registry: Registry, other_registry: Registry) -> None:
    """Each city has its own chain: the same act at the same time has another hash there, and breaks alone."""
    record(registry, "rate-set", {})
    record(other_registry, "rate-set", {})
    (mine,), (theirs,) = registry.read(auditing.page), other_registry.read(auditing.page)
    tamper(registry, 1, action="rate-left")

    assert (1, GENESIS) == (theirs.sequence, theirs.previous_hash)
    assert mine.entry_hash != theirs.entry_hash
    assert 1 == registry.read(auditing.verify)
    assert other_registry.read(auditing.verify) is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(details=DETAILS)
def test_any_details_come_back_unchanged(registry: Registry, details: dict[str, Any]) -> None:
    """Whatever may be noted, reading it back is no tampering."""
    record(registry, "noted", details)

    assert details == registry.read(auditing.page)[0].details
    assert registry.read(auditing.verify) is None


@pytest.mark.parametrize(
    "details",
    [
        {"share": 0.1},
        {"on": START},
        {"parts": [1, (2.0,)]},
        {"inner": {1: "one"}},
        {"ids": {1}},
        {"raw": b""},
    ],
)
def test_details_that_json_would_change_are_refused(registry: Registry, details: Mapping[str, Any]) -> None:
    """Fractions, instants and the like are a programming error at the moment of writing, not years later."""
    with pytest.raises(TypeError, match="details of noted"):
        record(registry, "noted", details)

    assert [] == registry.read(auditing.page)
