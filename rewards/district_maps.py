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


class _Boxed(NamedTuple):
    """A district with the boxes around its polygons: south, north, west, east."""

    district: District
    rings: tuple[tuple[tuple[int, int, int, int], tuple[Corner, ...]], ...]


class DistrictMap:
    """The districts of a city, ready for many questions."""

    def __init__(self, districts: Sequence[District]) -> None:
        self._districts = [
            _Boxed(one, tuple((polygons.bounds(ring), ring) for ring in one.polygons)) for one in districts
        ]
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
        certain, unsure = set[str](), list[District]()
        for one in self._districts:
            near = [ring for box, ring in one.rings if _meets(box, south, west)]
            if any(_crosses(ring, south, west) for ring in near):
                unsure.append(one.district)
            elif any(polygons.contains(ring, south, west) for ring in near):
                certain.add(one.district.code)
        return _Cell(frozenset(certain), tuple(unsure))


def _meets(box: tuple[int, int, int, int], south: int, west: int) -> bool:
    low, high, left, right = box
    return low <= south + CELL_E6 and high >= south and left <= west + CELL_E6 and right >= west


def _crosses(ring: Sequence[Corner], south: int, west: int) -> bool:
    """Say whether an edge may run through a cell: whether the box around it meets the cell."""
    lat1, lon1 = ring[-1]
    for lat2, lon2 in ring:
        low, high = (lat1, lat2) if lat1 < lat2 else (lat2, lat1)
        left, right = (lon1, lon2) if lon1 < lon2 else (lon2, lon1)
        if _meets((low, high, left, right), south, west):
            return True
        lat1, lon1 = lat2, lon2
    return False
