"""Remembering: the past kept in memory while it is replayed, so that no deed looks back further than it must.

It answers the same questions as `awarding.given` and `recalling.counts` do from the database.
"""

import datetime as dt
import functools
import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from rewards import measures
from rewards.checking import Place, distance_m
from rewards.deeds import Deed
from rewards.events import NOTHING, Given
from rewards.measures import Measure, Sort
from rewards.questions import Of, Who

_METRE_E6 = 9
"""One metre to the north in microdegrees, rounded up."""
_POLE_E6 = 80_000_000
"""Beyond this latitude the columns of the grid are as wide as the world."""


class Entry(NamedTuple):
    """When something came in, on which day of the calendar (ordinal), and where."""

    at: dt.datetime
    day: int
    place: Place | None


_at, _day = itemgetter(0), itemgetter(1)


class Asked(NamedTuple):
    """What rules ask about the past, by key: about contributions, and about what they gave themselves."""

    contributions: tuple[tuple[str, Measure], ...]
    awards: tuple[tuple[str, Measure], ...]


_NOTHING: list[Entry] = []


def asked(wanted: Iterable[Measure]) -> Asked:
    """Return measures as they are counted here."""
    named = [(one.key, one) for one in wanted]
    return Asked(
        tuple(pair for pair in named if pair[1].of is not Of.RULE),
        tuple(pair for pair in named if pair[1].of is Of.RULE),
    )


class Contributions:
    """What was accepted so far, as far as rules ask for it."""

    def __init__(self, wanted: Iterable[Measure]) -> None:
        counted = [one for one in wanted if one.of is not Of.RULE]
        own = [one for one in counted if one.who is Who.PERSON]
        self._by_action = any(one.of is Of.ACTION for one in own)
        self._of_any = any(one.of is Of.ANY for one in own)
        self._reaches = sorted({one.here_m for one in counted if one.who is Who.ANYONE and one.here_m})
        self._tracks: dict[tuple[str, ...], list[Entry]] = {}
        self._cells: dict[tuple[str, int, int, int], list[Entry]] = {}

    def add(self, deed: Deed, day: int) -> None:
        """Note a deed."""
        entry = Entry(deed.received_at, day, deed.place)
        for entries in self._places(deed, create=True):
            _insert(entries, entry)

    def remove(self, deed: Deed, day: int) -> None:
        """Forget a deed."""
        entry = Entry(deed.received_at, day, deed.place)
        for entries in self._places(deed, create=False):
            entries.remove(entry)

    def counts(self, asked: Asked, deed: Deed, today: dt.date) -> dict[str, int]:
        """Return by key the measures that are not about awards, seen from a deed."""
        found = {}
        for key, one in asked.contributions:
            if one.here_m is not None and deed.place is None:
                continue
            if one.who is Who.ANYONE and one.here_m is not None and deed.place is not None:
                around = self._around(deed.action, one.here_m, deed.place)
                found[key] = sum(_measured(one, entries, deed, today) for entries in around)
            else:
                whose = (deed.owner, deed.action) if one.of is Of.ACTION else (deed.owner,)
                found[key] = _measured(one, self._tracks.get(whose, _NOTHING), deed, today)
        return found

    def _places(self, deed: Deed, *, create: bool) -> Iterator[list[Entry]]:
        keys = [(deed.owner, deed.action)] if self._by_action else []
        for key in [*keys, *([(deed.owner,)] if self._of_any else [])]:
            yield self._tracks.setdefault(key, []) if create else self._tracks[key]
        if deed.place is not None:
            for reach in self._reaches:
                cell = (deed.action, reach, *_cell(deed.place, reach))
                yield self._cells.setdefault(cell, []) if create else self._cells[cell]

    def _around(self, action: str, reach: int, place: Place) -> Iterator[list[Entry]]:
        row, _ = _cell(place, reach)
        for down in (-1, 0, 1):
            # Columns of another row are other columns: the next row's width is asked for anew.
            width = _width(row + down, reach)
            middle = place.longitude_e6 // width
            for across in (middle - 1, middle, middle + 1):
                entries = self._cells.get((action, reach, row + down, across))
                if entries:
                    yield entries


class Awards:
    """What one programme gave so far: counts for caps, and what rules ask about their own past."""

    def __init__(self, wanted: Iterable[Measure]) -> None:
        self._followed = {one.rule for one in wanted if one.of is Of.RULE}
        self._days: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
        self._tracks: dict[tuple[str, str], list[Entry]] = {}

    def given(self, owner: str, code: str, today: dt.date) -> Given:
        """Return what the owner has under a rule for the day, the month and ever."""
        line = self._days.get((owner, code))
        if line is None:
            return NOTHING
        days, points = line
        day, (month, following) = today.toordinal(), _month(today.year, today.month)
        first, last = bisect_left(days, month), bisect_left(days, following)
        on_day = bisect_left(days, day + 1) - bisect_left(days, day)
        return Given(on_day, last - first, len(days), sum(points[first:last]))

    def counts(self, asked: Asked, deed: Deed, today: dt.date) -> dict[str, int]:
        """Return by key the measures that are about awards, seen from a deed."""
        return {
            key: _measured(one, self._tracks.get((deed.owner, one.rule), _NOTHING), deed, today)
            for key, one in asked.awards
            if one.here_m is None or deed.place is not None
        }

    def add(self, deed: Deed, day: int, code: str, points: int) -> None:
        """Note an award."""
        days, amounts = self._days.setdefault((deed.owner, code), ([], []))
        place = bisect_left(days, day + 1)
        days.insert(place, day)
        amounts.insert(place, points)
        if code in self._followed:
            track = self._tracks.setdefault((deed.owner, code), [])
            _insert(track, Entry(deed.received_at, day, deed.place))

    def remove(self, deed: Deed, day: int, code: str, points: int) -> None:
        """Forget an award."""
        days, amounts = self._days[deed.owner, code]
        place = amounts.index(points, bisect_left(days, day), bisect_left(days, day + 1))
        del days[place], amounts[place]
        if code in self._followed:
            self._tracks[deed.owner, code].remove(Entry(deed.received_at, day, deed.place))


def _insert(entries: list[Entry], entry: Entry) -> None:
    if not entries or entries[-1].at <= entry.at:
        entries.append(entry)
    else:
        insort(entries, entry, key=_at)


def _measured(measure: Measure, entries: list[Entry], deed: Deed, today: dt.date) -> int:
    """Return one measure from what came in before a deed; `entries` stand in that order."""
    end = bisect_left(entries, deed.received_at, key=_at)
    if measure.sort is Sort.COUNT:
        first = 0 if measure.days is None else today.toordinal() - measure.days + 1
        start = bisect_left(entries, first, hi=end, key=_day)
        if measure.here_m is None or deed.place is None:
            return end - start
        here, reach = deed.place, measure.here_m
        return sum(
            one.place is not None and distance_m(one.place, here) <= reach for one in entries[start:end]
        )
    this = measures.unit_of(today, measure.unit)
    units = (
        measures.unit_of(dt.date.fromordinal(entries[position].day), measure.unit)
        for position in range(end - 1, -1, -1)
    )
    return _same(units, this) if measure.sort is Sort.UNIT else _in_a_row(units, this)


def _same(units: Iterator[int], this: int) -> int:
    count = 0
    for unit in units:
        if unit != this:
            break
        count += 1
    return count


def _in_a_row(units: Iterator[int], this: int) -> int:
    length, wanted = 1, this - 1
    for unit in units:
        if unit < wanted:
            break
        if unit == wanted:
            length, wanted = length + 1, wanted - 1
    return length


def _cell(place: Place, reach: int) -> tuple[int, int]:
    """Return row and column of the grid in which a place lies: no cell is narrower than the reach."""
    row = place.latitude_e6 // ((reach + 1) * _METRE_E6)
    return row, place.longitude_e6 // _width(row, reach)


@functools.cache
def _width(row: int, reach: int) -> int:
    """Return how wide the columns of a row are, in microdegrees of longitude."""
    height = (reach + 1) * _METRE_E6
    farthest = max(abs(row), abs(row + 1)) * height
    if farthest >= _POLE_E6:
        return 400_000_000
    # A column here is at least as wide as needed at the row's end that is nearer to the pole.
    return math.ceil(height / math.cos(math.radians(farthest / 1e6)))


@functools.cache
def _month(year: int, month: int) -> tuple[int, int]:
    """Return the first day of a month and of the next, as ordinals."""
    first = dt.date(year, month, 1)
    return first.toordinal(), (first + dt.timedelta(days=31)).replace(day=1).toordinal()
