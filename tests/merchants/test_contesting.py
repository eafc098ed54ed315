"""Contesting lines of a statement: told in time, decided by another, corrected on the next statement."""

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from kernel.errors import Conflict, DomainError, Forbidden, NotFound
from merchants import billing, contesting, settlements, statements, takings
from merchants.contesting import Contest, Party, State
from merchants.settlements import Settlement
from merchants.statements import ProductLine
from merchants.takings import Use
from tests.merchants.town import JULY, JUNE, Town
from tests.merchants.treasury import PROFILE, prepare

VENUE, CITY, TREASURER = "person/7", "person/8", "person/9"


def uses(town: Town, settlement: Settlement) -> list[Use]:
    """Return the single lines behind a statement."""
    with town.database.reading(town.city_id) as reading:
        wanted = settlements.wanted_of(reading, settlement)
        return list(takings.uses(reading, settlement.venue_id, wanted))


def contest(
    town: Town,
    settlement: Settlement,
    use_id: UUID,
    expected: int,
    party: Party = Party.VENUE,
    reason: str = "Was a party of two",
) -> Contest:
    """Contest a line."""
    by = VENUE if party is Party.VENUE else CITY
    return town.database.run(
        town.city_id,
        lambda work: contesting.contest(
            work,
            town.city,
            settlement.settlement_id,
            use_id,
            expected_points=expected,
            party=party,
            by=by,
            reason=reason,
        ),
    )


def accept(town: Town, found: Contest, by: str = TREASURER) -> Contest:
    """Grant it."""
    return town.database.run(
        town.city_id,
        lambda work: contesting.accept(work, town.city, found.contest_id, by=by, answer="Right."),
    )


def test_lines_behind_a_statement_add_up(town: Town) -> None:
    """The single lines are exactly what the statement adds up: later ones are not among them."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50, 5)
    town.undo(town.redeem(venue_id, 30))
    town.go_to(JUNE)
    town.redeem(venue_id, 9)
    settlement = town.settle(venue_id)
    town.redeem(venue_id, 4, on=dt.date(2026, 5, 3))

    found = uses(town, settlement)

    assert [(one.sort, one.points, one.tier) for one in found] == [
        ("reversals", -30, "online"),
        ("redemptions", 30, "online"),
        ("redemptions", 55, "online"),
    ]
    assert sum(one.points for one in found) == settlement.settled_points


@pytest.mark.parametrize(
    ("party", "expected", "corrected"), [(Party.VENUE, 100, 50), (Party.CITY, 20, -30), (Party.CITY, 0, -50)]
)
def test_what_is_granted_is_on_the_next_statement(
    town: Town, party: Party, expected: int, corrected: int
) -> None:
    """A granted contest changes no statement that was made: the difference stands on the next as a correction."""
    venue_id = town.open_venue(rate=2).venue_id
    town.redeem(venue_id, 50)
    town.go_to(JUNE)
    may = town.settle(venue_id)
    (line,) = uses(town, may)
    told = contest(town, may, line.use_id, expected, party)
    assert (told.state, told.booked_points, told.expected_points) == (State.OPEN, 50, expected)

    granted = accept(town, told)
    town.redeem(venue_id, 60)
    town.go_to(JULY)
    june = town.settle(venue_id, JUNE)

    statement = statements.from_json(june.document)
    assert (granted.state, granted.decided_by, granted.answer) == (State.ACCEPTED, TREASURER, "Right.")
    assert statement.corrections == (ProductLine("pool-day", 1, corrected),)
    assert june.settled_points == 60 + corrected
    assert town.left("offline-loss").posted == -corrected
    assert (town.made_anew(may), town.made_anew(june)) == (may.document, june.document)
    assert june.settled_cents == 2 * (60 + corrected)


def test_what_is_declined_changes_nothing(town: Town) -> None:
    """A declined contest has an answer and moves no point; it is decided once."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50)
    town.go_to(JUNE)
    may = town.settle(venue_id)
    told = contest(town, may, uses(town, may)[0].use_id, 60)
    booked = town.head()

    def decline(answer: str) -> Contest:
        return town.database.run(
            town.city_id,
            lambda work: contesting.decline(work, told.contest_id, by=TREASURER, answer=answer),
        )

    with pytest.raises(DomainError, match="contest-reason-missing"):
        decline("")
    assert decline("The till says one.").state is State.DECLINED
    assert town.head() == booked
    with pytest.raises(Conflict, match="contest-decided"):
        accept(town, told)
    with town.database.reading(town.city_id) as reading:
        assert contesting.waiting(reading) == []
        assert [one.answer for one in contesting.of_settlements(reading, [may.settlement_id])] == [
            "The till says one."
        ]


def test_refused_contests_say_why(town: Town) -> None:
    """Too late, no reason, another sign, nothing else, twice, an unknown line, one's own: each is refused."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50)
    town.go_to(JUNE)
    may = town.settle(venue_id)
    use_id = uses(town, may)[0].use_id
    for expected, reason, code in (
        (60, " ", "contest-reason-missing"),
        (60, "x" * 501, "contest-reason-too-long"),
        (-1, "x", "expected-points-invalid"),
        (50, "x", "expected-points-invalid"),
    ):
        with pytest.raises(DomainError, match=code):
            contest(town, may, use_id, expected, reason=reason)
    with pytest.raises(NotFound, match="line-not-found"):
        contest(town, may, UUID(int=1), 60)
    told = contest(town, may, use_id, 60)
    with pytest.raises(Conflict, match="line-contested-already"):
        contest(town, may, use_id, 70)
    with pytest.raises(Forbidden, match="own-contest"):
        accept(town, told, by=VENUE)


def test_the_city_says_how_long_lines_can_be_contested(town: Town) -> None:
    """The last day is the setting's, fourteen days after the statement unless the city says otherwise."""
    venue_id = town.open_venue().venue_id
    town.redeem(venue_id, 50)
    town.go_to(JUNE)
    may = town.settle(venue_id)
    use_id = uses(town, may)[0].use_id
    with town.database.reading(town.city_id) as reading:
        assert contesting.last_day(reading, town.city, may) == dt.date(2026, 6, 15)
    town.database.run(town.city_id, lambda work: billing.save(work, replace(PROFILE, contest_days=3)))
    town.go_to(dt.date(2026, 6, 5))

    with pytest.raises(Conflict, match="contest-too-late") as refusal:
        contest(town, may, use_id, 60)
    assert refusal.value.details == {"last_day": "2026-06-04"}
    prepare(town)
    assert contest(town, may, use_id, 60).state is State.OPEN
