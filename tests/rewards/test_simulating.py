"""A simulation of the rules in force gives what was booked, whatever happened and whatever the rules ask for."""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kernel import cities
from kernel.clock import FixedClock
from kernel.db import Database, Work
from kernel.errors import Invalid
from ledger import chart
from rewards import (
    combinations,
    programme,
    recollecting,
    rehearsing,
    reviewing,
    rules,
    submissions,
    submitting,
)
from rewards.combining import Combination
from rewards.deeds import Deed, Told, Turn
from rewards.events import Person
from rewards.rehearsing import Window
from rewards.simulating import Replay, Rules, Surroundings, at_all_times, touched
from rewards.submissions import Status, Submission
from rewards.tables import awards
from tests.fixtures import counting
from tests.rewards import made

AUTHOR, APPROVER = 1, 2
STARTS = dt.date(2026, 1, 1)
HERE = (51_434_400, 6_762_300)

FIRST_HERE = {"op": "count", "of": "action", "days": 7, "here_m": 50, "comparison": "==", "value": 0}
NOBODY_HERE = FIRST_HERE | {"who": "anyone", "days": 2, "here_m": 30}
RULES = (
    made.document(code="plain", action="suggestion", when=made.ALWAYS, budget="ideas"),
    made.document(code="first-here", action="suggestion", when=FIRST_HERE, budget="ideas", now_percent=50),
    made.document(
        code="alone",
        action="suggestion",
        more_actions=["litter-report"],
        when=NOBODY_HERE,
        budget="ideas",
        caps={"awards_per_day": 2, "awards_per_month": 5, "points_per_month": 180},
    ),
    made.document(
        code="streak",
        action="litter-report",
        when={"op": "streak", "of": "any", "unit": "day", "comparison": ">=", "value": 2},
        streak={"of": "rule", "unit": "day", "length": 2, "points": 7},
        budget="ideas",
    ),
    made.document(
        code="seldom",
        action="litter-report",
        when={"op": "history", "period": "month", "comparison": "<", "value": 2},
        effect={"kind": "fixed", "points": 30},
        now_percent=100,
        budget="ideas",
    ),
)


def silent(*_: int) -> None:
    """Take no notice of progress."""


def _found(database: Database, city_id: int, way: Combination) -> None:
    def found(work: Work) -> None:
        chart.open_chart(work)
        chart.fund_budget(
            work, "ideas", 1_000_000, effective=STARTS, reference="x", transfer_id=work.ids.uuid()
        )
        choice = combinations.propose(work, combinations.PROGRAMME, way.value, AUTHOR)
        combinations.approve(work, choice.combination_id, APPROVER)

    database.run(city_id, found)


def _enact(database: Database, city_id: int, document: dict[str, Any]) -> None:
    def enact(work: Work) -> None:
        stored = programme.draft(work, cities.get(work), rules.read(document), AUTHOR)
        programme.approve(work, stored.version_hash, APPROVER)
        programme.activate(work, stored.version_hash)

    database.run(city_id, enact)


def _hand_in(database: Database, city_id: int, owner: str, action: str, step: int, late: int) -> int:
    """Let something come in `late` hours before it is decided; return its number."""

    def command(work: Work) -> int:
        number = work.ids.next()
        at = work.now - dt.timedelta(hours=late)
        submissions.add(
            work,
            Submission(
                number, action, owner, f"own/{number}", "app", "litter", "x", None, None,
                HERE[0] + 200 * step, HERE[1], None, {"category": "litter", "trust_level": "basic"},
                at, at, Status.REVIEW, None, None,
            ),
        )  # fmt: skip
        submitting.decide(work, cities.get(work), submissions.get(work, number))
        return number

    return database.run(city_id, command)


EVENTS = st.tuples(
    st.sampled_from(["p-anna", "p-ben"]),
    st.sampled_from(["suggestion", "litter-report"]),
    st.integers(0, 2),
    st.sampled_from([0, 0, 1, 30]),
    st.sampled_from([1, 5, 24, 200]),
    st.sampled_from(["", "", "confirm", "reject"]),
)


@settings(
    max_examples=5,
    deadline=None,
    database=None,
    # Each example founds a city: making it smaller would take minutes.
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    chosen=st.lists(st.sampled_from(RULES), min_size=1, max_size=4, unique_by=lambda one: one["code"]),
    way=st.sampled_from(list(Combination)),
    events=st.lists(EVENTS, min_size=4, max_size=14),
)
def test_what_was_booked_comes_out_again(
    new_database: Any,
    clock: FixedClock,
    chosen: list[dict[str, Any]],
    way: Combination,
    events: list[tuple[str, str, int, int, int, str]],
) -> None:
    """Rules that ask for the past, caps, late decisions, outcomes and a rule that begins on the way."""
    database = new_database()
    city = cities.found(database, cities.NewCity(slug="duisburg", name="Duisburg", host="duisburg.test"))
    _found(database, city.city_id, way)
    for document in chosen[1:]:
        _enact(database, city.city_id, document)
    for position, (owner, action, step, late, pause, outcome) in enumerate(events):
        clock.advance(dt.timedelta(hours=pause))
        if position == len(events) // 2:
            _enact(database, city.city_id, chosen[0])
            clock.advance(dt.timedelta(hours=1))
        number = _hand_in(database, city.city_id, owner, action, step, late)
        if outcome:
            conclude = {"confirm": reviewing.confirm, "reject": reviewing.reject}[outcome]

            def end(work: Work, number: int = number, conclude: Any = conclude) -> None:
                if submissions.get(work, number).status is Status.ACCEPTED:
                    conclude(work, city, number, reviewer_id=APPROVER, reviewer_owner="p-boss", reason="x")

            clock.advance(dt.timedelta(minutes=5))
            database.run(city.city_id, end)

    assert [] == rehearsing.differences(database, city, silent)


def test_a_difference_is_named(database: Database, city_id: int, clock: FixedClock) -> None:
    """What was booked otherwise than the rules say is found, with both amounts."""
    _found(database, city_id, Combination.BEST)
    _enact(database, city_id, RULES[0])
    clock.advance(dt.timedelta(hours=1))
    number = _hand_in(database, city_id, "p-anna", "suggestion", 0, 0)

    def falsify(work: Work) -> None:
        values = {"points_now": 60}
        mine = awards.c
        work.connection.execute(
            sa.update(awards).where(mine.city_id == work.city_id, mine.submission_id == number).values(values)
        )

    database.run(city_id, falsify)
    with database.reading(city_id) as reading:
        city = cities.get(reading)

    (found,) = rehearsing.differences(database, city, silent)

    assert (number, {"plain": 50}, {"plain": 100}) == (found.submission_id, found.expected, found.booked)


def test_a_draft_beside_the_rules_in_force(database: Database, city_id: int, clock: FixedClock) -> None:
    """A report says what both cost, what the limits did and when the budget ends; nothing is written."""
    _found(database, city_id, Combination.BEST)
    _enact(database, city_id, RULES[0])
    for person in range(12):
        for _ in range(2):
            clock.advance(dt.timedelta(hours=2))
            _hand_in(database, city_id, f"p-{person}", "suggestion", 0, 0)
    one = {"awards_per_day": 1, "awards_per_month": 1, "points_per_month": 100}
    # Valid from a day to come: the past is judged as if it had always been valid.
    draft = rules.read(
        RULES[0] | {"effect": {"kind": "fixed", "points": 80}, "caps": one, "valid_from": "2027-01-01"}
    )
    with database.reading(city_id) as reading:
        city = cities.get(reading)
    said: list[tuple[int, int]] = []

    report = rehearsing.rehearse(
        database, city, draft, Window(), lambda done, total: said.append((done, total))
    )

    assert (24, 12, 24 * 50, 12 * 80) == (
        report["deeds"], report["people"], report["active"]["points"], report["draft"]["points"],
    )  # fmt: skip
    assert {"winners": 0, "losers": 12, "unchanged": 0} == report["change"]
    capped = {one["reason"]: (one["active"], one["draft"]) for one in report["caps"]}
    assert sum(draft for _, draft in capped.values()) == 12
    assert [(24, 24)] == said
    (budget,) = report["budgets"]
    assert budget["active"]["dry_on"]
    assert budget["active"]["dry_on"] < budget["draft"]["dry_on"]
    with pytest.raises(Invalid, match="window-empty"):
        rehearsing.rehearse(database, city, draft, Window(dt.date(2026, 5, 2), dt.date(2026, 5, 1)), silent)
    before = rehearsing.rehearse(
        database, city, draft, Window(dt.date(2026, 5, 5), dt.date(2026, 5, 5)), silent
    )
    assert (before["deeds"], before["deeds_before"]) == (12, 7)


def test_constant_statements(database: Database, city_id: int, clock: FixedClock) -> None:
    """Twice as many deeds need no more statements, as long as they fit into one chunk."""
    _found(database, city_id, Combination.BEST)
    _enact(database, city_id, RULES[2])
    with database.reading(city_id) as reading:
        city = cities.get(reading)
    draft = rules.read(RULES[2] | {"effect": {"kind": "fixed", "points": 9}})
    needed = []
    for _ in range(2):
        for _ in range(3):
            clock.advance(dt.timedelta(hours=9))
            _hand_in(database, city_id, "p-anna", "suggestion", 0, 0)
        with counting.asked(database) as statements:
            rehearsing.rehearse(database, city, draft, Window(), silent)
        needed.append(len(statements))

    assert needed[0] == needed[1]


def test_only_what_may_differ_is_judged_twice() -> None:
    """A rule for two actions carries a difference over; other actions are left alone."""
    known = Rules(tuple(rules.read(document) for document in RULES))
    other = made.rule(code="bins", action="bin-use", budget="bins")
    everything = Rules((*known.versions, other))
    changed = everything.with_draft(rules.read(RULES[4] | {"priority": 3}))

    assert {"litter-report", "suggestion"} == touched([*at_all_times(everything), *at_all_times(changed)])
    assert frozenset() == touched([*at_all_times(everything), *at_all_times(everything)])
    summed = Rules(everything.versions, Combination.SUM)
    assert "bin-use" in touched([*at_all_times(everything), *at_all_times(summed)])


def test_the_same_evidence_counts_once() -> None:
    """A rule for two actions pays once for one case, in a simulation as in earnest."""
    rule = made.rule(code="both", action="suggestion", more_actions=["litter-report"], when=made.ALWAYS)
    seen: list[int] = []
    replay = Replay(
        Surroundings(made.BERLIN),
        at_all_times(Rules((rule,))),
        None,
        lambda *told: seen.append(told[2].points(kept=True)),
    )
    for number, action in enumerate(("suggestion", "litter-report")):
        deed = Deed(
            number, "p-anna", action, {}, made.NOON, made.NOON, None, "case/1", None, "app", True, Person()
        )
        replay.take([Told(Turn.ACCEPTED, deed), Told(Turn.ACCEPTED, deed)])

    assert [50, 0] == seen


def test_a_younger_city(database: Database, city_id: int) -> None:
    """A city without any past can be simulated, too: nothing happens, and nothing fails."""
    _found(database, city_id, Combination.BEST)
    with database.reading(city_id) as reading:
        city = cities.get(reading)
        assert recollecting.extent(reading).steps == 0

    report = rehearsing.rehearse(database, city, made.rule(), Window(), silent)

    assert (0, 0, {}, []) == (report["deeds"], report["people"], report["groups"], report["budgets"])
