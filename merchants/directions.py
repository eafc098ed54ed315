"""Which way guests go past a device."""

import enum


class Direction(enum.StrEnum):
    """A device is for one way or for both; a scan is for one."""

    IN = "in"
    OUT = "out"
    BOTH = "both"
    """Whoever scans says which way."""

    def chosen(self, asked: "Direction | None") -> "Direction | None":
        """Return which way a scan goes at a device of this direction; None: not the way that is asked for."""
        if asked is None or asked is Direction.BOTH:
            return Direction.IN if self is Direction.BOTH else self
        return asked if self in {Direction.BOTH, asked} else None
