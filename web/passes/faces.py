"""What a pass shows: the same as the voucher's page, and nothing of its owner."""

import datetime as dt
import enum
from dataclasses import dataclass


class Style(enum.StrEnum):
    """What sort of pass it is; each wallet has its own name for it."""

    EVENT = "event"
    COUPON = "coupon"
    GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class Line:
    """A label and its value."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Face:
    """A voucher as a pass, in one language."""

    serial: str
    """The voucher's number; it stands in the code as well."""
    product: str
    """What all vouchers of an offer share."""
    style: Style
    issuer: str
    title: str
    lines: tuple[Line, ...]
    """Where and until when."""
    back: tuple[Line, ...]
    """What it is, and how it works."""
    code_text: str
    """In the form for paper and wallets."""
    code_label: str
    """The ten characters for typing."""
    valid_from: dt.datetime
    valid_until: dt.datetime
    """Exclusive."""
    colour: str
    """Six hexadecimal digits with a hash."""
    language: str
