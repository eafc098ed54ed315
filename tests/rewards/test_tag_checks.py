"""Checks of tags and walks: each says pass, review or hold for what it sees, and never passes what is missing."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import tag_checks
from rewards.checking import Place, Result
from rewards.tag_checks import Leg
from rewards.tag_codes import Mode, Shown
from rewards.thresholds import Thresholds

NOW = dt.datetime(2026, 5, 4, 8, 0, tzinfo=dt.UTC)
TAG = Place(51_434_000, 6_762_000)
METRE = 9
BOUNDS = Thresholds()


def _north(metres: int, accuracy: int | None = 10) -> Place:
    return Place(TAG.latitude_e6 + metres * METRE, TAG.longitude_e6, accuracy)


@pytest.mark.parametrize(
    ("phone", "tag", "reason"),
    [
        (_north(0), TAG, "tag-near"),
        (_north(55), TAG, "tag-near"),
        (_north(70), TAG, "tag-too-far"),
        (_north(0, 101), TAG, "tag-inaccurate"),
        (_north(0, None), TAG, "tag-inaccurate"),
        (None, TAG, "tag-no-place"),
        (_north(0), None, "tag-without-place"),
    ],
)
def test_the_phone_is_expected_near_the_tag(phone: Place | None, tag: Place | None, reason: str) -> None:
    """Fifty metres and what the device is off; without a place a person looks at it."""
    for mode in (Mode.PRINTED, Mode.NFC):
        found = tag_checks.distance(mode, phone, tag, BOUNDS)
        assert reason == found.reason
        assert (found.result is Result.PASS) == (reason == "tag-near")


def test_a_display_needs_no_place() -> None:
    """Its code is fresh; but a phone that says it is elsewhere is not believed."""
    assert Result.PASS is tag_checks.distance(Mode.DISPLAY, None, None, BOUNDS).result
    assert Result.HOLD is tag_checks.distance(Mode.DISPLAY, _north(9000), TAG, BOUNDS).result


@settings(max_examples=50)
@given(st.integers(0, 2**24), st.one_of(st.none(), st.integers(0, 2**24)), st.booleans())
def test_a_counter_only_grows(count: int, last: int | None, used: bool) -> None:
    """A tap is taken once, and never after a later one."""
    found = tag_checks.replay(Shown(Mode.NFC, count), last, used_before=used)

    assert (found.result is Result.PASS) == (not used and (last is None or count > last))


@settings(max_examples=50)
@given(st.sampled_from(Mode), st.integers(0, 10**5))
def test_one_bin_rests_for_a_while(mode: Mode, seconds: int) -> None:
    """Eight hours on paper, one hour with a code that changes; how long is left is said in whole minutes."""
    rest = dt.timedelta(hours=8 if mode is Mode.PRINTED else 1)
    since = dt.timedelta(seconds=seconds)
    found = tag_checks.pause(mode, NOW, NOW - since, BOUNDS)

    assert (found.result is Result.PASS) == (since >= rest)
    if found.details:
        left = dt.timedelta(minutes=int(found.details["minutes"]))
        assert rest - since <= left < rest - since + dt.timedelta(minutes=1)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 10_000)), max_size=6))
def test_the_fastest_way_counts(ways: list[tuple[int, float]]) -> None:
    """One way that nobody walks is enough, whatever the others were."""
    legs = [Leg(*way) for way in ways]
    found = tag_checks.speed(legs, BOUNDS)
    fastest = max((tag_checks.pace_kmh(leg, BOUNDS) for leg in legs), default=0)

    walked, possible = fastest <= 9, fastest <= 150
    assert (Result.PASS if walked else Result.REVIEW if possible else Result.HOLD) is found.result


def test_pace_by_example() -> None:
    """600 m in eight minutes is walked, in two minutes driven, in ten seconds made up."""
    reasons = [tag_checks.speed([Leg(600, s)], BOUNDS).reason for s in (480, 120, 10)]

    assert ["quest-walked", "quest-not-walked", "quest-too-fast"] == reasons
    assert "tag-without-place" == tag_checks.speed([Leg(600, 480), Leg(None, 480)], BOUNDS).reason


@pytest.mark.parametrize(
    ("reasons", "result"),
    [
        (["tag-near", "tag-near"], Result.PASS),
        (["tag-near", "tag-place-not-needed"], Result.PASS),
        (["tag-near", "tag-no-place"], Result.REVIEW),
        (["tag-no-place", "tag-too-far"], Result.HOLD),
    ],
)
def test_all_stations_count(reasons: list[str], result: Result) -> None:
    """One station without a place is looked at; one far away is held."""
    assert result is tag_checks.stations(reasons).result


def test_a_city_sets_its_own_bounds() -> None:
    """Farther from the sign, sooner again, a programme for cyclists: each by its threshold."""
    wide = Thresholds(
        tag_reach_m=100,
        tag_pause_printed_hours=2,
        tag_pause_changing_minutes=5,
        quest_walk_kmh=25,
        quest_slack_m=0,
    )
    two_hours = NOW - dt.timedelta(hours=2)

    assert "tag-near" == tag_checks.distance(Mode.PRINTED, _north(105), TAG, wide).reason
    assert Result.PASS is tag_checks.pause(Mode.PRINTED, NOW, two_hours, wide).result
    assert Result.PASS is tag_checks.pause(Mode.NFC, NOW, NOW - dt.timedelta(minutes=5), wide).result
    assert "quest-walked" == tag_checks.speed([Leg(600, 100)], wide).reason
    assert "quest-not-walked" == tag_checks.speed([Leg(600, 85)], wide).reason
