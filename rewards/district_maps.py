"""District maps: in which districts places lie, for very many places. Pure.

The map is divided into cells of about 200 m. Where no border runs through a cell, its first place answers
for all that follow; elsewhere each place is looked at for itself. The answers are those of `districts`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rewards import polygons
from rewards.checking import Place
from rewards.districts import District
from rewards.polygons import Corner

CELL_E6 = 2_000


class _Cell(NamedTuple):
    certain: frozenset[str]
    unsure: tuple[District, ...]


class DistrictMap:
    """The districts of a city, ready for many questions."""

    def __init__(self, districts: Sequence[District]) -> None:
        self._districts = tuple(districts)
        self._cells: dict[tuple[int, int], _Cell] = {}

    def of_place(self, place: Place) -> frozenset[str] | None:
        """Return the codes of the districts in which a place lies; None if the city has no districts."""
        if not self._districts:
            return None
        key = (place.latitude_e6 // CELL_E6, place.longitude_e6 // CELL_E6)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = self._looked_up(*key)
        if not cell.unsure:
            return cell.certain
        return cell.certain | {one.code for one in cell.unsure if one.contains(place)}

    def _looked_up(self, row: int, column: int) -> _Cell:
        south, west = row * CELL_E6, column * CELL_E6
        corner, certain, unsure = Place(south, west), set[str](), list[District]()
        for one in self._districts:
            if any(_crosses(ring, south, west) for ring in one.polygons):
                unsure.append(one)
            elif one.contains(corner):
                certain.add(one.code)
        return _Cell(frozenset(certain), tuple(unsure))


def _crosses(ring: Sequence[Corner], south: int, west: int) -> bool:
    """Say whether an edge may run through a cell: whether the box around it meets the cell."""
    north, east = south + CELL_E6, west + CELL_E6
    low, high, left, right = polygons.bounds(ring)
    if low > north or high < south or left > east or right < west:
        return False
    lat1, lon1 = ring[-1]
    for lat2, lon2 in ring:
        if (
            min(lat1, lat2) <= north
            and max(lat1, lat2) >= south
            and min(lon1, lon2) <= east
            and max(lon1, lon2) >= west
        ):
            return True
        lat1, lon1 = lat2, lon2
    return False
