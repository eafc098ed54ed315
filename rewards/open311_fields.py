"""Single fields of an Open311 entry: what is accepted, what is mended and noted, what is refused."""

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DESCRIPTION_MAX = 4000
"""Characters, by the specification."""
ADDRESS_MAX = 200
NAME_MAX = 120
IDENTIFIER_MAX = 80
WEB_ADDRESS_MAX = 2000

_TAG = re.compile(r"</?[A-Za-z][^<>]*>|&(?:[A-Za-z]+|#\d+);")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DECIMAL = re.compile(r"\s*[+-]?\d{1,20}(\.\d{1,40})?([eE][+-]?\d{1,3})?\s*", re.ASCII)


class Number(str):
    """A JSON number as it is written; no other kind of value is of this class."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rectangle of WGS 84 degrees: where reports are expected."""

    south: float
    west: float
    north: float
    east: float

    def contain(self, latitude: float, longitude: float) -> bool:
        """Whether a point lies inside or on the edge."""
        return self.south <= latitude <= self.north and self.west <= longitude <= self.east


GERMANY = Bounds(47.2, 5.8, 55.1, 15.1)


class FieldRefused(Exception):
    """A field that makes the whole entry unusable; caught where entries become results."""

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason, details)
        self.reason = reason
        self.details = details


def identifier(entry: Mapping[str, Any], name: str) -> str:
    """Return a required short text, or a number as text. Raises FieldRefused."""
    value = entry.get(name)
    if value is None:
        raise FieldRefused("field-missing", field=name)
    if not isinstance(value, str):
        raise FieldRefused("field-of-wrong-type", field=name)
    kept = str(value).strip()
    if not kept:
        raise FieldRefused("field-missing", field=name)
    if len(kept) > IDENTIFIER_MAX:
        raise FieldRefused("field-too-long", field=name, length=len(kept), maximum=IDENTIFIER_MAX)
    if not kept.isprintable():
        raise FieldRefused("field-not-printable", field=name)
    return kept


def text(
    entry: Mapping[str, Any], name: str, *, shorten_to: int | None = None
) -> tuple[str | None, list[str]]:
    """Return an optional text, mended, and what was noticed; empty text is None. Raises FieldRefused."""
    value = entry.get(name)
    if value is None:
        return None, []
    if not isinstance(value, str) or isinstance(value, Number):
        raise FieldRefused("field-of-wrong-type", field=name)
    if _SURROGATE.search(value):
        raise FieldRefused("field-not-printable", field=name)
    reasons = []
    unified = value.replace("\r\n", "\n").replace("\r", "\n")
    kept = _CONTROL.sub("", unified)
    if kept != unified:
        reasons.append("control-characters-removed")
    kept = kept.strip()
    if shorten_to is not None and len(kept) > shorten_to:
        kept = kept[:shorten_to].rstrip()
        reasons.append(f"{name.replace('_', '-')}-shortened")
    return kept or None, reasons


def description(entry: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    """Return the description as plain text, and what was noticed. Raises FieldRefused if it is too long.

    HTML, which the specification forbids, stays visible as the characters it is made of, and is noted.
    """
    kept, reasons = text(entry, "description")
    if kept is not None and len(kept) > DESCRIPTION_MAX:
        raise FieldRefused("description-too-long", length=len(kept), maximum=DESCRIPTION_MAX)
    if kept is not None and _TAG.search(kept):
        reasons.append("html-in-description")
    return kept, reasons


def web_address(entry: Mapping[str, Any], name: str) -> tuple[str | None, list[str]]:
    """Return an optional http or https address; anything else is left out and noted."""
    value = entry.get(name)
    if value is None or value == "":
        return None, []
    usable = (
        isinstance(value, str)
        and len(value) <= WEB_ADDRESS_MAX
        and re.fullmatch(r"https?://[^\s/?#\"<>\\]+[^\s\"<>\\]*", value, re.IGNORECASE) is not None
        and value.isprintable()
    )
    return (str(value), []) if usable else (None, [f"{name.replace('_', '-')}-ignored"])


def instant(entry: Mapping[str, Any], name: str) -> dt.datetime | None:
    """Return an optional ISO 8601 instant in UTC. Raises FieldRefused, also where the zone is missing."""
    value = entry.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or isinstance(value, Number):
        raise FieldRefused("field-of-wrong-type", field=name)
    try:
        given = dt.datetime.fromisoformat(value.strip())
        if given.tzinfo is None:
            raise FieldRefused("datetime-without-zone", field=name, value=value[:IDENTIFIER_MAX])
        return given.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise FieldRefused("datetime-invalid", field=name, value=value[:IDENTIFIER_MAX]) from error


def location(entry: Mapping[str, Any], bounds: Bounds) -> tuple[float | None, float | None, list[str]]:
    """Return `lat` and `long` in degrees, or None for both, and what was noticed.

    Raises FieldRefused for half a location, a point that is none, 0/0 (a device without a fix) and, as far as
    `bounds` tells, swapped ones. A point outside `bounds` is noted.
    """
    latitude, longitude = _degrees(entry, "lat", 90), _degrees(entry, "long", 180)
    if latitude is None and longitude is None:
        return None, None, []
    if latitude is None or longitude is None:
        raise FieldRefused("location-incomplete", field="lat" if latitude is None else "long")
    if latitude == 0 and longitude == 0:
        raise FieldRefused("location-zero")
    if bounds.contain(latitude, longitude):
        return latitude, longitude, []
    if bounds.contain(longitude, latitude):
        raise FieldRefused("location-swapped", lat=latitude, long=longitude)
    return latitude, longitude, ["outside-area"]


def _degrees(entry: Mapping[str, Any], name: str, limit: int) -> float | None:
    value = entry.get(name)
    if value is None or value == "":
        return None
    # json reads NaN and Infinity, which JSON does not know, as plain floats.
    if not isinstance(value, str | float):
        raise FieldRefused("field-of-wrong-type", field=name)
    written = str(value)
    degrees = float(written) if _DECIMAL.fullmatch(written) else math.nan
    if not abs(degrees) <= limit:
        raise FieldRefused("location-invalid", field=name, value=written[:IDENTIFIER_MAX])
    return degrees
