"""Districts: the parts of the city as polygons, read from GeoJSON, and in which of them a place lies."""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import sqlalchemy as sa

from kernel.db import Reading, Work
from kernel.errors import Invalid
from rewards import polygons
from rewards.checking import Place
from rewards.polygons import Corner
from rewards.rule_tables import districts

BYTES_MAX = 5_000_000
DISTRICTS_MAX = 500
CORNERS_MAX = 20_000
_CODE = re.compile(r"[a-z][a-z0-9-]{0,59}")
_E6 = Decimal(1_000_000)
_UMLAUTS = str.maketrans(dict(zip("äöüß", ("ae", "oe", "ue", "ss"), strict=True)))
_LATITUDE_MAX, _LONGITUDE_MAX = 90_000_000, 180_000_000


@dataclass(frozen=True, slots=True)
class District:
    """A part of the city. Several polygons are its islands; holes are not kept."""

    code: str
    name: str
    polygons: tuple[tuple[Corner, ...], ...]

    def contains(self, place: Place) -> bool:
        """Return whether a place lies in it, its edge included."""
        return any(polygons.contains(one, place.latitude_e6, place.longitude_e6) for one in self.polygons)


def read(text: str | bytes) -> list[District]:
    """Return the districts in a GeoJSON FeatureCollection of polygons with a property `name` (RFC 7946).

    Raises Invalid: districts-not-geojson, districts-empty, districts-too-large, district-name-missing,
    district-twice, district-without-area.
    """
    if len(text) > BYTES_MAX:
        raise Invalid("districts-too-large", field="file", maximum=BYTES_MAX)
    try:
        features = json.loads(text, parse_float=Decimal)["features"]
        found = [_district(feature) for feature in features]
    except (ValueError, ArithmeticError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise Invalid("districts-not-geojson", field="file") from None
    if not found:
        raise Invalid("districts-empty", field="file")
    corners = sum(len(one) for district in found for one in district.polygons)
    if len(found) > DISTRICTS_MAX or corners > CORNERS_MAX:
        raise Invalid("districts-too-large", field="file", maximum=CORNERS_MAX)
    _check(found)
    return found


def replace(work: Work, new: Sequence[District]) -> None:
    """Put these in the place of all districts that the city has."""
    work.connection.execute(sa.delete(districts).where(districts.c.city_id == work.city_id))
    rows = []
    for one in new:
        south, north, west, east = polygons.bounds([corner for ring in one.polygons for corner in ring])
        rows.append(
            {
                "city_id": work.city_id,
                "code": one.code,
                "name": one.name,
                "polygons": [[list(corner) for corner in ring] for ring in one.polygons],
                "south_e6": south,
                "north_e6": north,
                "west_e6": west,
                "east_e6": east,
            }
        )
    work.connection.execute(sa.insert(districts), rows)


def names(reading: Reading) -> dict[str, str]:
    """Return the names of all districts by code, in alphabetical order of the names."""
    rows = reading.connection.execute(
        sa.select(districts.c.code, districts.c.name)
        .where(districts.c.city_id == reading.city_id)
        .order_by(districts.c.name)
    )
    return {row.code: row.name for row in rows}


def every(reading: Reading) -> list[District]:
    """Return all districts with their polygons, by code."""
    rows = reading.connection.execute(
        sa.select(districts.c.code, districts.c.name, districts.c.polygons)
        .where(districts.c.city_id == reading.city_id)
        .order_by(districts.c.code)
    )
    return [District(row.code, row.name, _rings(row.polygons)) for row in rows]


def of_place(reading: Reading, place: Place) -> frozenset[str] | None:
    """Return the codes of the districts in which a place lies; None if the city has no districts."""
    columns = districts.c
    near = sa.and_(
        columns.south_e6 <= place.latitude_e6,
        columns.north_e6 >= place.latitude_e6,
        columns.west_e6 <= place.longitude_e6,
        columns.east_e6 >= place.longitude_e6,
    )
    rows = reading.connection.execute(
        sa.select(
            columns.code, columns.name, sa.case((near, columns.polygons), else_=sa.null()).label("rings")
        )
        .where(columns.city_id == reading.city_id)
        .order_by(columns.code)
    ).all()
    if not rows:
        return None
    return frozenset(
        row.code
        for row in rows
        if row.rings and District(row.code, row.name, _rings(row.rings)).contains(place)
    )


def _rings(stored: list[list[list[int]]]) -> tuple[tuple[Corner, ...], ...]:
    return tuple(tuple((corner[0], corner[1]) for corner in ring) for ring in stored)


def _district(feature: Any) -> District:
    properties, geometry = feature["properties"], feature["geometry"]
    name = str(properties.get("name") or "").strip()[:80]
    parts = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}[geometry["type"]]
    rings = tuple(tuple(_corners(part[0])) for part in parts)
    return District(str(properties.get("code") or _code_of(name)), name, rings)


def _corners(ring: list[list[Any]]) -> Iterator[Corner]:
    # GeoJSON says longitude first, and the first corner again at the end.
    closed = ring[0] == ring[-1]
    for position in ring[: -1 if closed else None]:
        longitude, latitude = (
            int((Decimal(one) * _E6).to_integral_value(ROUND_HALF_EVEN)) for one in position[:2]
        )
        if abs(latitude) > _LATITUDE_MAX or abs(longitude) > _LONGITUDE_MAX:
            msg = "not on earth"
            raise ValueError(msg)
        yield latitude, longitude


def _millionths(degrees: Any) -> int:
    return int((Decimal(degrees) * _E6).to_integral_value(ROUND_HALF_EVEN))


def _code_of(name: str) -> str:
    spelled = name.lower().translate(_UMLAUTS)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]


def _check(found: list[District]) -> None:
    seen: set[str] = set()
    for one in found:
        if not one.name or not _CODE.fullmatch(one.code):
            raise Invalid("district-name-missing", field="file", district=one.name or one.code)
        if one.code in seen:
            raise Invalid("district-twice", field="file", district=one.name)
        if not one.polygons or any(not ring or not polygons.doubled_area(ring) for ring in one.polygons):
            raise Invalid("district-without-area", field="file", district=one.name)
        seen.add(one.code)
