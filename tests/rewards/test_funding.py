"""Budgets: funded by two people, and what happens when nothing is left: nobody overtakes, nobody loses."""

import datetime as dt
from collections.abc import Callable
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import cities, outbox
from kernel.cities import NewCity
from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.errors import DomainError
from ledger import chart, invariants, queries
from rewards import (
    awarding,
    budgets,
    erasing,
    funding,
    programme,
    reviewing,
    submissions,
    submitting,
    waiting,
)
from rewards.funding import State
from rewards.outlook import Level, Outlook
from rewards.submissions import Status
from rewards.submitting import NewSubmission
from tests.rewards import made

ANNE, TOM = 11, 12
DAY = dt.timedelta(days=1)


@pytest.fixture
def city_id(database: Database) -> int:
    """Give a city that gives 10 points for a suggestion, 4 of them at once, from a budget of 25."""
    city = cities.found(database, NewCity("duisburg", "Duisburg"))

    def found(work: Work) -> None:
        chart.open_chart(work)
        _fund(work, 25)
        version = made.rule(
            action="suggestion",
            when=made.ALWAYS,
            effect={"kind": "fixed", "points": 10},
            now_percent=40,
            caps={"awards_per_day": 2, "awards_per_month": 30, "points_per_month": 1000},
        )
        stored = programme.draft(work, city, version, 1)
        programme.approve(work, stored.version_hash, 2)
        programme.activate(work, stored.version_hash)

    database.run(city.city_id, found)
    return city.city_id


def _fund(work: Work, points: int) -> None:
    asked = funding.request(work, "litter", points, reference="DS 26-0412", requester_id=ANNE)
    funding.release(work, cities.get(work), asked.request_id, TOM)


def _suggest(work: Work, owner: str, *doubts: str) -> int:
    new = NewSubmission(
        "suggestion", owner, "app", "A bench in the shade of the trees.", "green", doubts=doubts
    )
    return submitting.submit(work, cities.get(work), new)[0].submission_id


def _all_suggest(database: Database, city_id: int, owners: str) -> list[int]:
    return [database.run(city_id, partial(_suggest, owner=owner)) for owner in owners]


def _confirm(work: Work, submission_id: int) -> None:
    reviewing.confirm(work, cities.get(work), submission_id, reviewer_id=None)


def _points(database: Database, city_id: int, numbers: list[int]) -> list[int]:
    with database.reading(city_id) as reading:
        found = awarding.of_submissions(reading, numbers)
    return [sum(one.points for one in found[number]) for number in numbers]


def _reason(database: Database, city_id: int, number: int) -> object:
    with database.reading(city_id) as reading:
        return submissions.history(reading, [number])[number][-1].receipt.get("reason")


def _refused(database: Database, city_id: int, command: Callable[[Work], object]) -> str:
    with pytest.raises(DomainError) as refused:
        database.run(city_id, command)
    return refused.value.code


def _left(database: Database, city_id: int) -> budgets.Budget:
    with database.reading(city_id) as reading:
        (found,) = budgets.every(reading, cities.get(reading))
        return found


def test_points_are_asked_for_by_one_and_released_by_another(database: Database, city_id: int) -> None:
    """Alone it is refused, by the database as well; decided once; declined with a reason."""
    run = database.run

    def ask(work: Work) -> funding.FundingRequest:
        return funding.request(work, "trees", 500, reference=" DS 26-0500 ", requester_id=ANNE, note="Spring")

    asked = run(city_id, ask)
    assert (State.OPEN, "DS 26-0500") == (asked.state, asked.reference)
    with database.reading(city_id) as reading:
        assert [asked] == list(funding.undecided(reading))
        assert 0 == queries.balance(reading, "budget/trees").available

    def alone(work: Work) -> funding.FundingRequest:
        return funding.release(work, cities.get(work), asked.request_id, ANNE)

    assert "own-funding-request" == _refused(database, city_id, alone)
    with pytest.raises(sa.exc.IntegrityError):
        run(city_id, lambda work: funding._decide(work, asked.request_id, State.RELEASED, ANNE))
    released = run(city_id, lambda work: funding.release(work, cities.get(work), asked.request_id, TOM))
    assert (State.RELEASED, 500) == (released.state, released.available_after)
    assert "funding-request-decided" == _refused(
        database, city_id, lambda work: funding.release(work, cities.get(work), asked.request_id, TOM)
    )
    with database.reading(city_id) as reading:
        assert released.transfer_id is not None
        booked = queries.transfer(reading, released.transfer_id)
        assert (500, "DS 26-0500") == (booked.amount, booked.subject)

    other = run(city_id, ask).request_id
    assert "funding-reason-missing" == _refused(
        database, city_id, lambda work: funding.decline(work, other, TOM, " ")
    )
    declined = run(city_id, lambda work: funding.decline(work, other, ANNE, "Twice by mistake"))
    assert (State.DECLINED, "Twice by mistake") == (declined.state, declined.reason)
    with database.reading(city_id) as reading:
        assert 500 == queries.balance(reading, "budget/trees").available


@pytest.mark.parametrize(
    ("campaign", "points", "reference", "note", "code"),
    [
        ("Trees!", 5, "DS 1", "", "campaign-invalid"),
        ("trees", 0, "DS 1", "", "amount-not-positive"),
        ("trees", funding.POINTS_MAX + 1, "DS 1", "", "amount-too-large"),
        ("trees", 5, " ", "", "reference-missing"),
        ("trees", 5, "x" * 101, "", "reference-too-long"),
        ("trees", 5, "DS 1", "x" * 501, "note-too-long"),
    ],
)
def test_a_request_says_what_how_much_and_why(
    database: Database, city_id: int, campaign: str, points: int, reference: str, note: str, code: str
) -> None:
    """A name, an amount within reason and the council's decision."""

    def ask(work: Work) -> object:
        return funding.request(work, campaign, points, reference=reference, requester_id=ANNE, note=note)

    assert code == _refused(database, city_id, ask)


def test_what_a_dry_budget_owes_is_paid_in_order_once_funded(
    database: Database, city_id: int, clock: FixedClock
) -> None:
    """The third waits although 5 points are left; confirmed meanwhile it is paid whole, rejected not at all."""
    run = database.run
    numbers = _all_suggest(database, city_id, "abcdef")
    assert [10, 10, 0, 0, 0, 0] == _points(database, city_id, numbers)
    assert "budget-waiting" == _reason(database, city_id, numbers[2])
    assert (4, Level.DRY) == ((left := _left(database, city_id)).waiting, left.outlook.level)
    run(city_id, lambda work: _confirm(work, numbers[2]))
    run(
        city_id,
        lambda work: reviewing.reject(work, cities.get(work), numbers[3], reviewer_id=None, reason="Not so"),
    )

    run(city_id, lambda work: _fund(work, 6))

    assert [10, 10, 10, 0, 0, 0] == _points(database, city_id, numbers)
    late = run(city_id, lambda work: _suggest(work, "g"))
    assert [0] == _points(database, city_id, [late]), "nobody overtakes"
    run(city_id, lambda work: _fund(work, 40))

    assert [10, 10, 10, 0, 10, 10, 10] == _points(database, city_id, [*numbers, late])
    left = _left(database, city_id)
    assert (0, None, 11) == (left.waiting, left.policy.dry_since, left.left.available)
    with database.reading(city_id) as reading:
        (award,) = awarding.of_submission(reading, numbers[2])
        assert ("confirmed", Status.DONE) == (award.state, submissions.get(reading, numbers[2]).status)
        assert invariants.verify(reading).ok
    assert 0 == run(city_id, lambda work: waiting.pay_all(work, cities.get(work)))


def test_a_small_award_does_not_pass_a_large_one(database: Database, city_id: int) -> None:
    """Who waits for more than is left is not overtaken by somebody for whom it would be enough."""
    rows = [{"value": "green", "points": 20}, {"value": "culture", "points": 5}]
    version = made.rule(
        action="suggestion",
        when=made.ALWAYS,
        effect={"kind": "table", "fact": "category", "rows": rows},
        now_percent=0,
        caps={"awards_per_day": 2, "awards_per_month": 30, "points_per_month": 1000},
    )

    def replace(work: Work) -> None:
        stored = programme.draft(work, cities.get(work), version, 1)
        programme.approve(work, stored.version_hash, 2)
        programme.activate(work, stored.version_hash)

    def suggest(owner: str, category: str) -> int:
        new = NewSubmission("suggestion", owner, "app", "A bench in the shade.", category)
        return database.run(
            city_id, lambda work: submitting.submit(work, cities.get(work), new)[0].submission_id
        )

    database.run(city_id, replace)
    numbers = [suggest("a", "green"), suggest("b", "green"), suggest("c", "culture")]
    assert [20, 0, 0] == _points(database, city_id, numbers), "5 are left, and c would take 5"
    database.run(city_id, lambda work: _fund(work, 15))
    assert [20, 20, 0] == _points(database, city_id, numbers)
    database.run(city_id, lambda work: _fund(work, 5))
    assert [20, 20, 5] == _points(database, city_id, numbers)


def test_a_campaign_that_stops_tells_first(database: Database, city_id: int, clock: FixedClock) -> None:
    """What came in before it was known is paid later; what comes in after earns nothing, and opens again."""
    run = database.run
    run(city_id, lambda work: budgets.choose(work, "litter", "stop", TOM))
    early = run(city_id, lambda work: _suggest(work, "early", "look-at-it"))
    numbers = _all_suggest(database, city_id, "abc")
    clock.advance(DAY)
    late = run(city_id, lambda work: _suggest(work, "late"))

    def accept(work: Work) -> None:
        submitting.decide(work, cities.get(work), submissions.get(work, early), reviewer_id=9)

    run(city_id, accept)
    assert ["budget-waiting", "budget-used-up", "budget-waiting"] == [
        _reason(database, city_id, number) for number in (numbers[2], late, early)
    ]
    assert _left(database, city_id).is_closed
    run(city_id, lambda work: _fund(work, 100))
    again = run(city_id, lambda work: _suggest(work, "again"))

    assert [10, 0, 10, 10] == _points(database, city_id, [numbers[2], late, early, again])
    assert not _left(database, city_id).is_closed
    assert "when-dry-unknown" == _refused(
        database, city_id, lambda work: budgets.choose(work, "litter", "x", 1)
    )
    assert "budget-not-found" == _refused(
        database, city_id, lambda work: budgets.choose(work, "nothing", "stop", 1)
    )


def test_who_leaves_waits_no_more(database: Database, city_id: int) -> None:
    """An erased person's place is given up, and the next in line is paid."""
    numbers = _all_suggest(database, city_id, "abcd")
    with database.reading(city_id) as reading:
        assert set(numbers[2:]) == waiting.since(reading, numbers).keys()

    database.run(city_id, lambda work: erasing.erase(work, cities.get(work), "c"))
    database.run(city_id, lambda work: _fund(work, 5))

    assert [10] == _points(database, city_id, numbers[3:])
    assert 0 == _left(database, city_id).waiting


def test_what_is_too_much_for_one_unit_of_work_is_left_to_the_worker(
    database: Database, city_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message says so; each time the next ones are paid."""
    run = database.run
    monkeypatch.setattr(waiting, "AT_ONCE", 2)
    monkeypatch.setattr(waiting.pay, "__defaults__", (2,))
    numbers = _all_suggest(database, city_id, "abcdefg")

    run(city_id, lambda work: _fund(work, 500))
    paid = [sum(_points(database, city_id, numbers))]
    for _ in range(3):
        run(city_id, lambda work: funding.pay_waiting(work, cities.get(work), "litter"))
        paid.append(sum(_points(database, city_id, numbers)))

    assert [40, 60, 70, 70] == paid
    with database.reading(city_id) as reading:
        assert [funding.TOPIC] * 2 == [one.topic for one in outbox.due(reading)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from("abcF!c"), min_size=1, max_size=14))
def test_any_order_of_events_pays_each_once_within_the_caps(
    database: Database, city_id: int, clock: FixedClock, story: list[str]
) -> None:
    """People hand in, outcomes come, money comes: in the end each has two a day at most, and order is kept."""
    clock.advance(DAY)
    numbers: list[int] = []
    for event in story:
        if event == "F":
            database.run(city_id, lambda work: _fund(work, 7))
        elif event == "!":
            if numbers:
                database.run(city_id, partial(_confirm, submission_id=numbers[-1]))
        else:
            numbers += _all_suggest(database, city_id, event)
    database.run(city_id, lambda work: _fund(work, 200))

    given_now = _points(database, city_id, numbers)
    with database.reading(city_id) as reading:
        owners = [submissions.get(reading, number).owner for number in numbers]
        assert 0 == waiting.count(reading, "litter")
        assert invariants.verify(reading).ok
    for place, owner in enumerate(owners):
        assert given_now[place] == (10 if owners[:place].count(owner) < 2 else 0)


def test_the_outlook_says_early_how_long_it_lasts() -> None:
    """Thresholds at 80 and 95 percent, rate a week, day of exhaustion; nothing spent lasts for ever."""
    today = dt.date(2026, 5, 4)

    def after(available: int, spent: int = 280, *, dry: bool = False) -> tuple[Level, int, dt.date | None]:
        out = Outlook(available, 1000, spent, 28, today, is_dry=dry)
        return out.level, out.a_week, out.lasts_until

    assert (Level.FINE, 70, dt.date(2026, 5, 25)) == after(210)
    assert (Level.WATCH, 70, dt.date(2026, 5, 24)) == after(200)
    assert (Level.NEARLY, 70, dt.date(2026, 5, 9)) == after(50)
    assert (Level.DRY, 70, today) == after(0)
    assert (Level.DRY, 70, today) == after(40, dry=True)
    assert (Level.FINE, 0, None) == after(1000, 0)
    assert 100 == Outlook(0, 0, 0, 0, today).used_percent
