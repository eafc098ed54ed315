"""The parts of a simulation: nobody can be read off its tables, forecasts, maps and files are what they say."""

import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import action_types, deed_files, forecasting, measures, remembering, suppressing
from rewards.checking import Place
from rewards.deed_files import DeedFileRefused, LineFault, Terms
from rewards.deeds import Deed
from rewards.district_maps import CELL_E6, DistrictMap
from rewards.districts import District
from rewards.measures import Measure, Moment, Past, Sort
from rewards.questions import Of, Unit, Who
from rewards.suppressing import K
from tests.rewards import made

TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 40), min_size=width, max_size=width), min_size=1, max_size=5
    )
)


@given(TABLES)
def test_no_small_count_can_be_told(rows: list[list[int]]) -> None:
    """Small counts are hidden, and what is hidden in a line stands for K people, or the line says nothing."""
    masks = suppressing.hidden(rows)

    lines = [(row, mask) for row, mask in zip(rows, masks, strict=True)]
    lines += list(zip(map(list, zip(*rows, strict=True)), map(list, zip(*masks, strict=True)), strict=True))
    for counts, mask in lines:
        assert not any(0 < count < K and not secret for count, secret in zip(counts, mask, strict=True))
        unsaid = [count for count, secret in zip(counts, mask, strict=True) if secret]
        assert not unsaid or len(unsaid) == len(counts) or (len(unsaid) > 1 and sum(unsaid) >= K)


GROUPS = st.dictionaries(st.integers(), st.frozensets(st.text("abcdefghijklmnop", max_size=2), max_size=25))


@given(GROUPS)
def test_small_groups_are_put_together(groups: dict[int, frozenset[str]]) -> None:
    """What is shown by itself has K people; the others together have K, too, and are two at least."""
    together = suppressing.pooled(groups)

    assert all(len(people) >= K for name, people in groups.items() if name not in together)
    if together and together != set(groups):
        assert len(together) > 1
        assert len(frozenset[str]().union(*(groups[name] for name in together))) >= K


def test_a_lonely_small_group_takes_another_with_it() -> None:
    """Of 30, 20 and 3 people, the 3 go with the 20: otherwise a sum would tell them."""
    groups = {name: {f"{name}{n}" for n in range(size)} for name, size in (("a", 30), ("b", 20), ("c", 3))}

    assert {"b", "c"} == suppressing.pooled(groups)


@pytest.mark.parametrize(
    ("days", "points", "available", "expected"),
    [
        (10, 100, 95, dt.date(2026, 5, 14)),
        (10, 100, 0, dt.date(2026, 5, 5)),
        (10, 0, 10, None),
        (10, 1, 10_000_000, None),
    ],
)
def test_when_a_budget_runs_dry(days: int, points: int, available: int, expected: dt.date | None) -> None:
    """Ten points a day empty 95 points within ten days; what lasts for ages has no date."""
    today = dt.date(2026, 5, 4)
    first = today - dt.timedelta(days=days)
    spent = {first: points}

    assert expected == forecasting.runs_dry_on(available, spent, first, today - dt.timedelta(days=1), today)


def test_seasons_count() -> None:
    """After a whole year, the summer to come costs what the last one cost."""
    last = dt.date(2026, 3, 31)
    spent = {dt.date(2025, 7, 1): 100}

    dry = forecasting.runs_dry_on(99, spent, last - dt.timedelta(days=364), last, last)

    assert dt.date(2026, 7, 1) == dry


WANTED = [
    Measure(Sort.COUNT, Of.ACTION, days=3),
    Measure(Sort.COUNT, Of.ANY),
    Measure(Sort.COUNT, Of.ACTION, days=30, here_m=60),
    Measure(Sort.COUNT, Of.ACTION, who=Who.ANYONE, days=5, here_m=80),
    Measure(Sort.COUNT, Of.RULE, "litter", days=4),
    Measure(Sort.STREAK, Of.ACTION, unit=Unit.DAY),
    Measure(Sort.STREAK, Of.RULE, "litter", unit=Unit.WEEK),
    Measure(Sort.UNIT, Of.ANY, unit=Unit.MONTH),
]
ASKED = remembering.asked(WANTED)
DEEDS = st.lists(
    st.builds(
        lambda owner, action, hours, north, east: Deed(
            0,
            owner,
            action,
            {},
            made.NOON,
            made.NOON + dt.timedelta(hours=hours),
            None if north == 3 else Place(51_434_400 + 300 * north, 6_762_300 + 500 * east),
            "x",
            None,
            "app",
            True,
        ),
        st.sampled_from(["anna", "ben"]),
        st.sampled_from(["a", "b"]),
        st.integers(0, 900),
        st.integers(-3, 3),
        st.integers(-3, 3),
    ),
    max_size=25,
)


@given(DEEDS)
def test_memory_counts_as_the_database_does(deeds: list[Deed]) -> None:
    """What is kept in memory gives the same measures as a list of all that happened, in any order."""
    contributions, awards = remembering.Contributions(WANTED), remembering.Awards(WANTED)
    past: list[tuple[str, Past]] = []
    for deed in deeds:
        today = deed.received_at.astimezone(made.BERLIN).date()
        moment = Moment(deed.received_at, deed.action, deed.place, made.BERLIN)
        own = [one._replace(own=True) for owner, one in past if owner == deed.owner]
        of_action = [one for _, one in past if one.action == deed.action]
        expected = measures.count([one for one in WANTED if one.who is Who.PERSON], own, moment)
        expected |= measures.count([one for one in WANTED if one.who is Who.ANYONE], of_action, moment)

        found = contributions.counts(ASKED, deed, today) | awards.counts(ASKED, deed, today)

        assert expected == found
        contributions.add(deed, today.toordinal())
        awards.add(deed, today.toordinal(), "litter", 5)
        past += [
            (deed.owner, Past(deed.received_at, deed.action, rule, deed.place, own=False))
            for rule in (None, "litter")
        ]


def test_a_map_answers_as_the_polygons_do() -> None:
    """Two thousand places, many at borders: the map's cells change no answer."""
    rings = (
        ((0, 0), (0, 50_000), (50_000, 50_000), (31_234, 20_777)),
        ((-9_000, -9_000), (0, 9_000), (9_000, 0)),
    )
    districts = [District(f"d{number}", "x", (ring,)) for number, ring in enumerate(rings)]
    the_map, dice = DistrictMap(districts), random.Random(1)
    for _ in range(2_000):
        place = Place(dice.randint(-10_000, 60_000), dice.choice((dice.randint(-9_000, 60_000), CELL_E6)))
        expected = frozenset(one.code for one in districts if one.contains(place))
        assert expected == the_map.of_place(place)
    assert DistrictMap([]).of_place(Place(0, 0)) is None


TERMS = Terms(action_types.built_ins(), made.BERLIN)
GOOD_CSV = """person;action;at;category;latitude;longitude;fact.photo;age_group;outcome
1;litter-report;2026-05-04T12:00;litter;51,4;6.7;yes;18-26;rejected
"2";suggestion;2026-05-04T12:00:00Z;;;;;;
"""


def test_a_csv_file_is_read() -> None:
    """Columns by name, the city's time, degrees with comma or point, facts with their type."""
    first, second = deed_files.read(GOOD_CSV.splitlines(keepends=True), TERMS)

    assert isinstance(first, Deed)
    assert isinstance(second, Deed)
    assert (2, "1", Place(51_400_000, 6_700_000), False) == (
        first.number,
        first.owner,
        first.place,
        first.kept,
    )
    assert first.facts["photo"] is True
    assert (first.person and first.person.age_group, first.received_at.hour) == ("18-26", 10)
    assert second.received_at.hour == 12


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"person": 1, "action": "litter-report"}', "value-missing"),
        ('{"person": 1, "action": "flying", "at": "2026-05-04"}', "action-unknown"),
        ('{"person": 1, "action": "suggestion", "at": "yesterday"}', "time-unreadable"),
        ('{"person": 1, "action": "suggestion", "at": "2026-05-04", "latitude": 51.4}', "place-incomplete"),
        ('{"person": 1, "action": "suggestion", "at": "2026-05-04", "latitude": 91, "longitude": 0}', "place-out-of-range"),
        ('{"person": 1, "action": "suggestion", "at": "2026-05-04", "facts": {"photo": "yes"}}', "value-type-wrong"),
        ('{"person": 1, "action": "suggestion", "at": "2026-05-04", "facts": {"religion": "x"}}', "fact-unknown"),
        ('{"person": 1, "action": "suggestion", "at": "2026-05-04", "facts": []}', "value-wrong"),
        ('{"person": 1, "action": "suggestion", "at": "2026-05-04", "trust_level": "king"}', "value-not-one-of"),
        ('{"person": 1, "action": "suggestion", "at": "2026-05-04", "category": "litter"}', "category-unknown"),
        ('{"person": true, "action": "suggestion", "at": "2026-05-04"}', "value-wrong"),
        ('{"wallet": 1}', "column-unknown"),
        ("[1]", "line-not-json"),
        ("{", "line-not-json"),
    ],
)  # fmt: skip
def test_faulty_lines_are_named(line: str, code: str) -> None:
    """A line that can't be used is left out, with its number and reason; the others are read."""
    good = '{"person": "p", "action": "suggestion", "at": "2026-05-04T10:00:00+02:00"}'

    found = list(deed_files.read([good, "\n", line, good], TERMS))

    (fault,) = (one for one in found if isinstance(one, LineFault))
    assert (3, code, 3) == (fault.line, fault.code, len(found))


def test_columns_of_a_line() -> None:
    """A line with other columns than the heading is named by where it begins."""
    text = 'person,action,at,district\n1,suggestion,2026-05-04,"A\nB"\n1,suggestion\n'

    deed, fault = deed_files.read(text.splitlines(keepends=True), TERMS)

    assert isinstance(deed, Deed)
    assert fault == LineFault(4, "line-columns", {"expected": 4, "found": 2})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-without-deeds"),
        (b"person;action\n", "file-columns-missing"),
        (b"person;action;at;name\n", "file-column-unknown"),
        (b"person;action;at\n\xff", "file-not-utf-8"),
    ],
)
def test_files_that_are_refused(content: bytes, code: str) -> None:
    """A file without deeds, with missing or unknown columns or in another encoding is refused as a whole."""
    with pytest.raises(DeedFileRefused, match=code):
        list(deed_files.read(deed_files.decoded(content.splitlines(keepends=True)), TERMS))
