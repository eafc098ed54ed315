"""What is mistyped in an offer: one fault for each field, so that all can be shown at once."""

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistyped field."""

    field: str
    code: str
    limits: dict[str, int] = dataclasses.field(default_factory=dict)
