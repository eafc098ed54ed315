"""Tags in the town: what stands on a bin or at a station of a quest, its codes and its place."""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from kernel.cities import City
from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid, NotFound
from rewards import checking, tag_codes
from rewards.checking import Place
from rewards.tag_codes import Mode, Shown
from rewards.tag_tables import ADDRESS_MAX, NAME_MAX, tags

PAGE_MAX = 500
CITY_RADIUS_M = 20_000
_LATITUDE_MAX, _LONGITUDE_MAX = 90_000_000, 180_000_000
_DRAWS = 8
"""How often a number is drawn until one is free; one draw in a thousand fails with 30,000 tags."""


class Purpose(enum.StrEnum):
    """What a tag is for."""

    BIN = "bin"
    STATION = "station"


@dataclass(frozen=True, slots=True)
class NewTag:
    """A tag as staff describe it: where it is, by coordinates or at least by an address."""

    name: str
    mode: Mode
    address: str | None = None
    latitude_e6: int | None = None
    longitude_e6: int | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag."""

    tag_id: int
    number: str
    purpose: Purpose
    mode: Mode
    name: str
    address: str | None
    latitude_e6: int | None
    longitude_e6: int | None
    generation: int
    counter: int | None
    created_at: dt.datetime
    rotated_at: dt.datetime | None
    retired_at: dt.datetime | None
    secret: bytes = field(repr=False)

    @property
    def place(self) -> Place | None:
        """Where it is, if its coordinates are known."""
        if self.latitude_e6 is None or self.longitude_e6 is None:
            return None
        return Place(self.latitude_e6, self.longitude_e6)

    def match(self, text: str, now: dt.datetime) -> Shown | None:
        """Return what a text proves to have been shown by this tag (`tag_codes.match`)."""
        return tag_codes.match(self.mode, self.secret, self.generation, text, now)

    def code(self, now: dt.datetime) -> str | None:
        """Return the code that it shows now; None for a chip, which makes its own."""
        if self.mode is Mode.NFC:
            return None
        if self.mode is Mode.PRINTED:
            return tag_codes.printed(self.secret, self.generation)
        return tag_codes.shown(self.secret, self.generation, tag_codes.step_at(now))


def create(work: Work, city: City, new: NewTag, purpose: Purpose, author_id: int) -> Tag:
    """Register a tag. Raises Invalid with the field: see `check`."""
    check(city, new)
    tag_id = work.ids.next()
    work.connection.execute(
        sa.insert(tags).values(
            city_id=work.city_id,
            tag_id=tag_id,
            number=_free_number(work),
            purpose=purpose.value,
            mode=new.mode.value,
            name=new.name.strip(),
            address=(new.address or "").strip() or None,
            latitude_e6=new.latitude_e6,
            longitude_e6=new.longitude_e6,
            secret=work.ids.random_bytes(32),
            generation=1,
            author_id=author_id,
            created_at=work.now,
        )
    )
    return get(work, tag_id)


def check(city: City, new: NewTag) -> None:
    """Look at a new tag.

    Raises Invalid with the field: tag-name-missing, text-too-long, tag-place-missing, place-incomplete,
    place-out-of-range, tag-outside-city.
    """
    if not new.name.strip():
        raise Invalid("tag-name-missing", field="name")
    for name, text, maximum in (("name", new.name, NAME_MAX), ("address", new.address or "", ADDRESS_MAX)):
        if len(text.strip()) > maximum:
            raise Invalid("text-too-long", field=name, maximum=maximum)
    if (new.latitude_e6 is None) != (new.longitude_e6 is None):
        raise Invalid("place-incomplete", field="place")
    if new.latitude_e6 is None or new.longitude_e6 is None:
        if not (new.address or "").strip():
            raise Invalid("tag-place-missing", field="place")
        return
    if abs(new.latitude_e6) > _LATITUDE_MAX or abs(new.longitude_e6) > _LONGITUDE_MAX:
        raise Invalid("place-out-of-range", field="place")
    if city.latitude_e6 is not None and city.longitude_e6 is not None:
        centre = Place(city.latitude_e6, city.longitude_e6)
        if checking.distance_m(centre, Place(new.latitude_e6, new.longitude_e6)) > CITY_RADIUS_M:
            raise Invalid("tag-outside-city", field="place")


def rotate(work: Work, tag_id: int) -> Tag:
    """Replace a tag's codes: what was photographed, copied or known before opens nothing any more.

    Raises NotFound, Conflict `tag-retired`.
    """
    tag = get(work, tag_id)
    if tag.retired_at is not None:
        raise Conflict("tag-retired")
    # A new chip counts from the beginning.
    _update(work, tag_id, generation=tag.generation + 1, counter=None, rotated_at=work.now)
    return get(work, tag_id)


def retire_bin(work: Work, tag_id: int) -> Tag:
    """Take a bin out of use; again changes nothing. Raises NotFound."""
    if get(work, tag_id).purpose is not Purpose.BIN:
        raise NotFound("tag-not-found")
    return retire(work, tag_id)


def retire(work: Work, tag_id: int) -> Tag:
    """Take a tag out of use; again changes nothing. Raises NotFound."""
    tag = get(work, tag_id)
    if tag.retired_at is None:
        _update(work, tag_id, retired_at=work.now)
    return get(work, tag_id)


def count_up(work: Work, tag_id: int, counter: int) -> None:
    """Remember the counter of a tap that was believed."""
    _update(work, tag_id, counter=counter)


def get(reading: Reading, tag_id: int) -> Tag:
    """Return a tag. Raises NotFound `tag-not-found`."""
    for found in _select(reading, tags.c.tag_id == tag_id):
        return found
    raise NotFound("tag-not-found")


def by_number(reading: Reading, text: str) -> Tag:
    """Return the tag with a number, however it was typed. Raises NotFound `tag-not-found`."""
    for found in _select(reading, tags.c.number == tag_codes.plain(text)[: tag_codes.NUMBER_LENGTH]):
        return found
    raise NotFound("tag-not-found")


def by_ids(reading: Reading, tag_ids: Sequence[int]) -> dict[int, Tag]:
    """Return tags by id."""
    return {tag.tag_id: tag for tag in _select(reading, tags.c.tag_id.in_(list(tag_ids)))}


def every(reading: Reading) -> list[Tag]:
    """Return all tags, the newest first."""
    return _select(reading, sa.true())


def bins(reading: Reading, *, retired: bool = False) -> list[Tag]:
    """Return the bins with a tag, the newest first; with `retired` those out of use, too."""
    condition = tags.c.purpose == Purpose.BIN.value
    if not retired:
        condition = sa.and_(condition, tags.c.retired_at.is_(None))
    return _select(reading, condition)


def _free_number(work: Work) -> str:
    for _ in range(_DRAWS):
        number = tag_codes.number(work.ids.random_bytes(tag_codes.NUMBER_BYTES))
        if not _select(work, tags.c.number == number):
            return number
    raise Conflict("tag-numbers-used-up")


def _update(work: Work, tag_id: int, **values: object) -> None:
    work.connection.execute(
        sa.update(tags).where(tags.c.city_id == work.city_id, tags.c.tag_id == tag_id).values(**values)
    )


def _select(reading: Reading, condition: sa.ColumnElement[bool]) -> list[Tag]:
    columns = [tags.c[name] for name in Tag.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(tags.c.city_id == reading.city_id, condition)
        .order_by(tags.c.tag_id.desc())
        .limit(PAGE_MAX)
    )
    return [Tag(**{**row._mapping, "purpose": Purpose(row.purpose), "mode": Mode(row.mode)}) for row in rows]
