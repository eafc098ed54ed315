"""Shapes that the answers of several topics share."""

import base64
import binascii
import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

T = TypeVar("T")

IdText = Annotated[
    str,
    BeforeValidator(str),
    Field(
        description="A number as text: it is larger than JavaScript's whole numbers",
        examples=["271828182845904523"],
    ),
]
BIGINT_MAX = 2**63 - 1
INTEGER_MAX = 2**31 - 1
LongId = Annotated[int, Path(ge=0, le=BIGINT_MAX, examples=[271828182845904523])]
"""The number of something that happened, in a path."""
ShortId = Annotated[int, Path(ge=0, le=INTEGER_MAX, examples=[4])]
"""The number of a venue or an offer, in a path."""
ChosenVenue = Annotated[int, Query(ge=0, le=INTEGER_MAX)]
"""The number of a venue that somebody has chosen of theirs; 0: the first."""
ShortNumber = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
"""The number of a venue or an offer, in a body."""
LongNumber = Annotated[int, Field(ge=-BIGINT_MAX, le=BIGINT_MAX)]
"""An amount that the database can hold; what it may be in fact, the room says."""
DEPTH_MAX = 40
"""Levels of lists and objects in a body; rules, the deepest of all, need a dozen."""
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
"""PostgreSQL can't keep NUL, and nobody half a character of UTF-16."""
PAGE_MAX = 200
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="Items on a page")]
Before = Annotated[int | None, Query(ge=0, le=BIGINT_MAX, description="`next` of the page before")]


class In(BaseModel):
    """A body. A field that is not known is refused: it is a slip, and nobody should believe it was heard."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, given: Any) -> Any:
        """Refuse what no database can keep, also where a field takes any JSON."""
        if fault := _unkeepable(given):
            raise ValueError(fault)
        return given


class Out(BaseModel):
    """An answer read from a room's value by its attributes."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def plain(cls, value: object) -> dict[str, Any]:
        """Return a room's value as plain JSON values in this shape."""
        return cls.model_validate(value).model_dump(mode="json")


class Paged(BaseModel, Generic[T]):
    """A page of a list, newest first."""

    items: list[T]
    next: str | None = Field(
        default=None, description="Pass it as `before` for the next page; absent on the last one"
    )


class CountersOut(Out):
    """The four counters of an account, in its asset's unit, and what follows from them."""

    debits_posted: int = Field(examples=[1200])
    debits_pending: int = Field(examples=[120])
    credits_posted: int = Field(examples=[50000])
    credits_pending: int = Field(examples=[0])
    posted: int = Field(description="Booked balance", examples=[48800])
    available: int = Field(description="What can be spent", examples=[48680])


def paged(items: Sequence[Any], shape: type[Out], limit: int, key: str) -> Paged[Any]:
    """Return a page of values in a shape; `key` is the attribute that pages are cut by."""
    following = str(getattr(items[-1], key)) if len(items) == limit else None
    return Paged(items=[shape.model_validate(item) for item in items], next=following)


def base64url(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes | None:
    """Return the bytes that a text of base64url stands for, None if it is none."""
    try:
        padded = text.rstrip("=").encode("ascii")
        return base64.b64decode(padded + b"=" * (-len(padded) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None


def _unkeepable(given: object) -> str | None:
    """Return what is wrong with a body: NUL, half a character, no real number, or boxes in boxes in boxes."""
    layer = [given]
    for _ in range(DEPTH_MAX):
        if not layer:
            return None
        deeper: list[object] = []
        for value in layer:
            if isinstance(value, dict):
                deeper += value.keys()
                deeper += value.values()
            elif isinstance(value, list):
                deeper += value
            elif isinstance(value, str) and _UNKEEPABLE.search(value):
                return "NUL and lone surrogates are no characters"
            elif isinstance(value, float) and not math.isfinite(value):
                return "Numbers are finite"
        layer = deeper
    return f"Nested deeper than {DEPTH_MAX} levels"
