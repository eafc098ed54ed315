"""Whatever happens at a venue, in whatever order: every point and every euro is on exactly one statement."""

import dataclasses
import datetime as dt
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from merchants import periods, statements, venues
from merchants.periods import Period, PeriodKind
from tests.merchants.town import Town

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("redeem"), st.lists(st.integers(1, 500), min_size=1, max_size=2)),
        st.tuples(st.just("pay"), st.tuples(st.integers(0, 300), st.integers(1, 5000))),
        st.tuples(st.just("redeem late"), st.integers(1, 40)),
        st.tuples(st.just("undo"), st.integers(0, 50)),
        st.tuples(st.just("wait"), st.integers(1, 25)),
        st.tuples(st.just("settle"), st.none()),
    ),
    max_size=25,
)


@dataclasses.dataclass
class History:
    """What happened, in plain numbers."""

    redeemed: int = 0
    undone: int = 0
    redemptions: int = 0
    reversals: int = 0
    paid: int = 0
    refunded: int = 0
    open: list[tuple[int, int, list[UUID]]] = dataclasses.field(default_factory=list)


@settings(
    max_examples=30,
    deadline=None,
    # Each example has a venue of its own, so the town may be shared.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=EVENTS, kind=st.sampled_from([PeriodKind.WEEK, PeriodKind.MONTH]))
def test_statements_and_rest_are_all_that_was_redeemed(
    town: Town, events: list[tuple[str, object]], kind: PeriodKind
) -> None:
    """Settled on statements plus what is left on the accounts is what was redeemed and paid less what was undone;
    never more is passed on than was paid; after the last settlement nothing is missing and nothing counted twice.
    """
    venue_id = town.open_venue(period=kind, valid_from=_period(town, kind).first_day).venue_id
    history = History()
    for event, detail in events:
        _play(town, venue_id, history, event, detail)
        balance = town.left(venues.points_path(venue_id)).posted
        assert _settled(town, venue_id) + balance == history.redeemed - history.undone
        cents = town.left(venues.takings_path(venue_id)).posted
        assert _passed_on(town, venue_id) + cents == history.paid - history.refunded
        assert _passed_on(town, venue_id) <= history.paid
    town.go_to(_period(town, kind).last_day + dt.timedelta(days=1))
    _settle_all(town, venue_id)

    made = _statements(town, venue_id)
    assert sum(one.redeemed_points for one in made) == history.redeemed
    assert sum(one.reversed_points for one in made) == history.undone
    assert sum(line.count for one in made for line in one.redemptions) == history.redemptions
    assert sum(line.count for one in made for line in one.reversals) == history.reversals
    assert [one.opening_points for one in made[1:]] == [one.closing_points for one in made[:-1]]
    assert _settled(town, venue_id) + made[-1].closing_points == history.redeemed - history.undone
    owed = 2 * _settled(town, venue_id) + _passed_on(town, venue_id)
    assert town.left(venues.payable_path(venue_id)).posted == owed
    euros = [one.collected for one in made]
    assert sum(line.cents for one in euros for line in one.redemptions) == history.paid
    assert sum(line.cents for one in euros for line in one.reversals) == history.refunded
    assert [one.opening_cents for one in euros[1:]] == [one.closing_cents for one in euros[:-1]]
    assert all(sum(part.gross_cents for part in one.taxes) == one.paid_cents for one in euros)


def _play(town: Town, venue_id: int, history: History, event: str, detail: object) -> None:
    if isinstance(detail, list):
        _redeemed(history, sum(detail), 0, town.redeem(venue_id, *detail))
    elif isinstance(detail, tuple):
        points, cents = detail
        _redeemed(history, points, cents, town.redeem(venue_id, *([points] if points else []), cents=cents))
    elif event == "redeem late" and isinstance(detail, int):
        day = town.city.day_of(town.clock.now()) - dt.timedelta(days=detail)
        _redeemed(history, detail, 7, town.redeem(venue_id, detail, cents=7, on=day))
    elif event == "undo" and isinstance(detail, int) and history.open:
        points, cents, captures = history.open.pop(detail % len(history.open))
        town.undo(captures)
        history.undone += points
        history.refunded += cents
        history.reversals += points > 0
    elif event == "wait" and isinstance(detail, int):
        town.clock.advance(dt.timedelta(days=detail))
    elif event == "settle":
        _settle_all(town, venue_id)


def _redeemed(history: History, points: int, cents: int, captures: list[UUID]) -> None:
    history.redeemed += points
    history.paid += cents
    history.redemptions += points > 0
    history.open.append((points, cents, captures))


def _period(town: Town, kind: PeriodKind) -> Period:
    return periods.containing(kind, town.city.day_of(town.clock.now()))


def _settle_all(town: Town, venue_id: int) -> None:
    for which in town.due():
        # Venues of earlier examples have more and more periods without redemptions behind them.
        if which[0] == venue_id:
            town.settle(*which)


def _statements(town: Town, venue_id: int) -> list[statements.Statement]:
    return [statements.from_json(one.document) for one in reversed(town.statements_of(venue_id))]


def _settled(town: Town, venue_id: int) -> int:
    return sum(one.settled_points for one in town.statements_of(venue_id))


def _passed_on(town: Town, venue_id: int) -> int:
    return sum(one.collected_cents for one in town.statements_of(venue_id))
