"""Polygons on the map, in whole millionths of a degree: exact, because nothing is ever divided."""

from collections.abc import Sequence

Corner = tuple[int, int]
"""Latitude and longitude."""


def doubled_area(corners: Sequence[Corner]) -> int:
    """Return twice the area, positive if the corners run one way round and negative if the other."""
    pairs = zip([corners[-1], *corners], corners, strict=False)
    return sum(lat1 * lon2 - lat2 * lon1 for (lat1, lon1), (lat2, lon2) in pairs)


def contains(corners: Sequence[Corner], latitude: int, longitude: int) -> bool:
    """Return whether a point lies in a polygon or on its edge (even-odd rule, crossing edges counted)."""
    if (latitude, longitude) in corners:
        return True
    inside = False
    lat1, lon1 = corners[-1]
    for lat2, lon2 in corners:
        if (lat1 > latitude) != (lat2 > latitude):
            # The sign tells on which side of the edge the point lies; 0 is on it.
            side = (longitude - lon1) * (lat2 - lat1) - (lon2 - lon1) * (latitude - lat1)
            if side == 0:
                return True
            if (side < 0) == (lat2 > lat1):
                inside = not inside
        elif lat1 == lat2 == latitude and min(lon1, lon2) <= longitude <= max(lon1, lon2):
            return True
        lat1, lon1 = lat2, lon2
    return inside


def bounds(corners: Sequence[Corner]) -> tuple[int, int, int, int]:
    """Return the smallest box around a polygon: lowest and highest latitude, then longitude."""
    latitudes, longitudes = [corner[0] for corner in corners], [corner[1] for corner in corners]
    return min(latitudes), max(latitudes), min(longitudes), max(longitudes)
