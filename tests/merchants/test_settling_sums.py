"""Whatever happens at a venue, in whatever order: every point is on exactly one statement."""

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
    open: list[tuple[int, list[UUID]]] = dataclasses.field(default_factory=list)


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
    """Settled on statements plus what is left on the account is what was redeemed less what was undone; after the
    last settlement no redemption is missing and none is counted twice.
    """
    venue_id = town.open_venue(period=kind, valid_from=_period(town, kind).first_day).venue_id
    history = History()
    for event, detail in events:
        _play(town, venue_id, history, event, detail)
        balance = town.left(venues.points_path(venue_id)).posted
        assert _settled(town, venue_id) + balance == history.redeemed - history.undone
    town.go_to(_period(town, kind).last_day + dt.timedelta(days=1))
    _settle_all(town, venue_id)

    made = _statements(town, venue_id)
    assert sum(one.redeemed_points for one in made) == history.redeemed
    assert sum(one.reversed_points for one in made) == history.undone
    assert sum(line.count for one in made for line in one.redemptions) == history.redemptions
    assert sum(line.count for one in made for line in one.reversals) == history.reversals
    assert [one.opening_points for one in made[1:]] == [one.closing_points for one in made[:-1]]
    assert _settled(town, venue_id) + made[-1].closing_points == history.redeemed - history.undone
    assert town.left(venues.payable_path(venue_id)).posted == 2 * _settled(town, venue_id)


def _play(town: Town, venue_id: int, history: History, event: str, detail: object) -> None:
    if isinstance(detail, list):
        _redeemed(history, sum(detail), town.redeem(venue_id, *detail))
    elif event == "redeem late" and isinstance(detail, int):
        day = town.city.day_of(town.clock.now()) - dt.timedelta(days=detail)
        _redeemed(history, detail, town.redeem(venue_id, detail, on=day))
    elif event == "undo" and isinstance(detail, int) and history.open:
        points, captures = history.open.pop(detail % len(history.open))
        town.undo(captures)
        history.undone += points
        history.reversals += 1
    elif event == "wait" and isinstance(detail, int):
        town.clock.advance(dt.timedelta(days=detail))
    elif event == "settle":
        _settle_all(town, venue_id)


def _redeemed(history: History, points: int, captures: list[UUID]) -> None:
    history.redeemed += points
    history.redemptions += 1
    history.open.append((points, captures))


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
