"""Shapes that the answers of several topics share."""

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
ShortNumber = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
"""The number of a venue or an offer, in a body."""
LongNumber = Annotated[int, Field(ge=-BIGINT_MAX, le=BIGINT_MAX)]
"""An amount that the database can hold; what it may be in fact, the room says."""
PAGE_MAX = 200
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="Items on a page")]
Before = Annotated[int | None, Query(ge=0, le=BIGINT_MAX, description="`next` of the page before")]


class In(BaseModel):
    """A body. A field that is not known is refused: it is a slip, and nobody should believe it was heard."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, given: Any) -> Any:
        """Refuse the NUL character anywhere: no text needs it, and PostgreSQL can't keep it."""
        if _has_nul(given):
            msg = "NUL characters are not allowed"
            raise ValueError(msg)
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


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(one) for pair in value.items() for one in pair)
    return isinstance(value, list) and any(_has_nul(one) for one in value)
