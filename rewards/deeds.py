"""Deeds: what a replay of the past needs to know of one civic action. Pure."""

import datetime as dt
import enum
from collections.abc import Mapping
from typing import NamedTuple

from rewards.checking import Place
from rewards.events import Person


class Deed(NamedTuple):
    """A civic action that was accepted, by submission, or by line where it comes from a file."""

    number: int
    owner: str
    """Who did it: an opaque key."""
    action: str
    facts: Mapping[str, object]
    occurred_at: dt.datetime
    received_at: dt.datetime
    place: Place | None
    evidence_key: str
    district: str | None
    """As it was handed in; a place says more."""
    source: str
    kept: bool
    """Whether its points were kept: an outcome that rejected it takes back what was pending."""
    person: Person | None = None
    """What somebody says of themselves, where the source of deeds knows it."""


class Turn(enum.Enum):
    """What happened to a deed."""

    ACCEPTED = "accepted"
    """The rules decided on it."""
    REVOKED = "revoked"
    """It does not count any more."""


class Told(NamedTuple):
    """One step of the past, in the order in which they happened."""

    turn: Turn
    deed: Deed
