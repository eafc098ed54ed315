"""An award is decided again from what its receipt kept, or it is said precisely what changed."""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from kernel import cities
from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.errors import NotFound
from ledger import chart
from rewards import awarding, evaluating, programme, replaying, rules, submissions, submitting
from rewards.replaying import Verdict
from rewards.submissions import Status, Submission
from rewards.tables import awards, rule_versions
from tests.rewards import made

RULE = made.document(action="suggestion", when={"op": "trust", "at_least": "basic"}, budget="ideas")


def silent(*_: int) -> None:
    """Take no notice of progress."""


@pytest.fixture
def award(database: Database, city_id: int, clock: FixedClock) -> int:
    """Give the number of an award of 50 points, 10 of them at once."""

    def command(work: Work) -> int:
        chart.open_chart(work)
        chart.fund_budget(
            work, "ideas", 100, effective=dt.date(2026, 1, 1), reference="x", transfer_id=work.ids.uuid()
        )
        city = cities.get(work)
        stored = programme.draft(work, city, rules.read(RULE), 1)
        programme.approve(work, stored.version_hash, 2)
        programme.activate(work, stored.version_hash)
        number = work.ids.next()
        facts = {"trust_level": "basic", "category": "green"}
        submission = Submission(
            number, "suggestion", "p-anna", "own/1", "app", None, "x", None, None, None, None, None,
            facts, clock.now(), clock.now(), Status.REVIEW, None, None,
        )  # fmt: skip
        submissions.add(work, submission)
        submitting.decide(work, city, submission)
        return awarding.of_submission(work, number)[0].award_id

    return database.run(city_id, command)


def _alter(database: Database, city_id: int, table: sa.Table, **values: Any) -> None:
    database.run(
        city_id,
        lambda work: work.connection.execute(
            sa.update(table).where(table.c.city_id == work.city_id).values(**values)
        ),
    )


def _receipt(database: Database, city_id: int, award: int, **changes: Any) -> None:
    with database.reading(city_id) as reading:
        [found] = awarding.by_ids(reading, [award])
    kept = {name: value for name, value in found.receipt.items() if name not in changes}
    present = {name: value for name, value in changes.items() if value is not None}
    _alter(database, city_id, awards, receipt=kept | present)


def _replayed(database: Database, city_id: int, award: int) -> replaying.Replayed:
    with database.reading(city_id) as reading:
        return replaying.replay(reading, award)


def test_the_same_comes_out(database: Database, city_id: int, award: int, clock: FixedClock) -> None:
    """Years later, with other rules in force, the stored facts give the same receipt."""
    clock.advance(dt.timedelta(days=900))
    with database.reading(city_id) as reading:
        [stored] = awarding.by_ids(reading, [award])

    found = _replayed(database, city_id, award)

    assert (Verdict.SAME, (), stored.receipt) == (found.verdict, found.changes, found.receipt)
    assert (1, []) == replaying.every(database, city_id, silent)
    assert {"facts_hash", "engine", "version_hash", "trace"} <= stored.receipt.keys()


def test_a_receipt_from_before_hashes(database: Database, city_id: int, award: int) -> None:
    """Receipts that were made before they named engine and hash are decided again all the same."""
    _receipt(database, city_id, award, engine=None, facts_hash=None)

    assert Verdict.SAME is _replayed(database, city_id, award).verdict


@pytest.mark.parametrize(
    ("changes", "verdict", "names"),
    [
        ({"facts": {"trust_level": "verified"}}, Verdict.FACTS_ALTERED, ["facts_hash"]),
        ({"points_now": 50, "points_later": 0}, Verdict.RESULT_DIFFERS, ["points_now", "points_later"]),
        (
            {"points_later": 0, "engine": evaluating.ENGINE - 1},
            Verdict.ENGINE_DIFFERS,
            ["points_later"],
        ),
        ({"zone": "Europe/Atlantis"}, Verdict.RECEIPT_INCOMPLETE, None),
        ({"given": None}, Verdict.RECEIPT_INCOMPLETE, ["'given'"]),
    ],
)
def test_what_changed_in_a_receipt(
    database: Database, city_id: int, award: int, changes: Any, verdict: Verdict, names: list[str] | None
) -> None:
    """Other facts, another result, another engine, something missing: each is named with its fields."""
    _receipt(database, city_id, award, **changes)

    found = _replayed(database, city_id, award)

    assert verdict is found.verdict
    assert names is None or names == [one.name for one in found.changes]
    assert [award] == [one.award_id for one in replaying.every(database, city_id, silent)[1]]


def test_what_changed_around_a_receipt(database: Database, city_id: int, award: int) -> None:
    """A rule that is gone or was altered, and points that were booked otherwise."""
    _alter(database, city_id, awards, points_now=11)
    found = _replayed(database, city_id, award)
    assert (Verdict.BOOKING_DIFFERS, "points_now", 10, 11) == (
        found.verdict, found.changes[0].name, found.changes[0].stored, found.changes[0].now,
    )  # fmt: skip
    _alter(database, city_id, awards, points_now=10, hold_id=None)
    found = _replayed(database, city_id, award)
    assert (Verdict.BOOKING_DIFFERS, "ledger points_later") == (found.verdict, found.changes[0].name)
    for document in (RULE | {"now_percent": 21}, {"code": "x"}):
        _alter(database, city_id, rule_versions, document=document)
        assert Verdict.RULE_ALTERED is _replayed(database, city_id, award).verdict
    _alter(database, city_id, awards, version_hash="0" * 64)
    assert Verdict.RULE_MISSING is _replayed(database, city_id, award).verdict
    with database.reading(city_id) as reading, pytest.raises(NotFound, match="award-not-found"):
        replaying.replay(reading, award + 1)
