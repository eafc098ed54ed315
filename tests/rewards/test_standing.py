"""Levels, badges and weeks in a row follow from one's own contributions and are never lost."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from rewards import standing
from rewards.standing import LEVELS, STEPS, Contribution

MONDAY = dt.date(2026, 5, 4)
CONTRIBUTIONS = st.lists(
    st.builds(
        Contribution,
        st.sampled_from(["litter-report", "idea"]),
        st.integers(0, 200).map(lambda days: MONDAY - dt.timedelta(days=days)),
    ),
    max_size=30,
)


def _weeks(*back: int) -> list[Contribution]:
    return [Contribution("litter-report", MONDAY - dt.timedelta(weeks=one)) for one in back]


def test_nothing_yet() -> None:
    """Who has done nothing is at the first level, with a badge to begin for each action."""
    found = standing.of([], ["litter-report"], MONDAY)

    assert (0, 0, LEVELS[1], 0, 0) == (
        found.total,
        found.level,
        found.next_level_at,
        found.weeks_in_a_row,
        found.longest_weeks,
    )
    assert [("litter-report", 0, 0, STEPS[0])] == [
        (one.action, one.count, one.reached, one.next_at) for one in found.badges
    ]


def test_the_running_week_may_still_be_empty() -> None:
    """A streak ends when a whole week passed without a contribution, not on Monday morning."""
    assert 3 == standing.of(_weeks(1, 2, 3), [], MONDAY).weeks_in_a_row
    assert not standing.of(_weeks(1, 2, 3), [], MONDAY).active_this_week
    assert 4 == standing.of(_weeks(0, 1, 2, 3), [], MONDAY).weeks_in_a_row
    ended = standing.of(_weeks(2, 3, 6, 7, 8), [], MONDAY)
    assert (0, 3) == (ended.weeks_in_a_row, ended.longest_weeks)


def test_a_streak_goes_over_the_turn_of_the_year() -> None:
    """Weeks follow one another whatever their year is."""
    days = [dt.date(2026, 12, 28), dt.date(2027, 1, 3), dt.date(2027, 1, 4)]
    found = standing.of([Contribution("idea", day) for day in days], [], dt.date(2027, 1, 5))
    assert 2 == found.weeks_in_a_row


def test_the_last_star() -> None:
    """After the last step there is nothing more to reach."""
    found = standing.of(_weeks(*range(STEPS[-1])), ["litter-report"], MONDAY)
    assert (len(STEPS), None) == (found.badges[0].reached, found.badges[0].next_at)


@given(CONTRIBUTIONS, CONTRIBUTIONS)
def test_more_is_never_less(some: list[Contribution], more: list[Contribution]) -> None:
    """Another contribution takes away no level, no star and no longest streak."""
    before = standing.of(some, ["litter-report", "idea"], MONDAY)
    after = standing.of([*some, *more], ["litter-report", "idea"], MONDAY)
    assert after.level >= before.level
    assert after.longest_weeks >= before.longest_weeks >= before.weeks_in_a_row
    assert after.weeks_in_a_row >= before.weeks_in_a_row
    assert all(new.reached >= old.reached for new, old in zip(after.badges, before.badges, strict=True))
