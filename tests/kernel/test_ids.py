"""Ids: sorted by time, never twice."""

import datetime as dt

from kernel import ids
from kernel.clock import FixedClock
from kernel.ids import IdSource, seeded

START = dt.datetime(2026, 5, 4, 7, 30, tzinfo=dt.UTC)


def test_uuids_of_one_millisecond_grow() -> None:
    """Ten thousand ids made while the clock stands still are different, sorted, and of version 7."""
    source = IdSource(FixedClock(START), seeded(1))
    made = [source.uuid() for _ in range(10_000)]

    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert {ids.time_of(one) for one in made} == {ids.unix_milliseconds(START)}


def test_uuids_say_when_they_were_made() -> None:
    """The time in an id is the clock's; a clock that is set back does not make them smaller."""
    clock = FixedClock(START)
    source = IdSource(clock, seeded(2))
    first = source.uuid()
    later = IdSource(FixedClock(START + dt.timedelta(seconds=5)), seeded(3)).uuid()
    clock.advance(dt.timedelta(seconds=5))

    assert ids.time_of(source.uuid()) - ids.time_of(first) == 5000
    assert ids.time_of(later) == ids.unix_milliseconds(START) + 5000
    assert ids.time_of(ids.derive(first, "derived")) == 0


def test_two_sources_do_not_meet() -> None:
    """Sources with randomness of their own make different ids in the same millisecond."""
    clock = FixedClock(START)
    one, other = IdSource(clock, seeded(4)), IdSource(clock, seeded(5))

    assert {one.uuid() for _ in range(1000)}.isdisjoint(other.uuid() for _ in range(1000))
