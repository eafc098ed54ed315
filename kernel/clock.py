"""Time enters here and nowhere else."""

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Gives the present instant, aware and in UTC."""

    def now(self) -> dt.datetime:
        """Return the present instant."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """Return the machine's present instant in UTC."""
        return dt.datetime.now(dt.UTC)


class FixedClock:
    """A clock that stands still until it is moved: for tests and for making a city's history."""

    def __init__(self, start: dt.datetime) -> None:
        if start.tzinfo is None:
            msg = "FixedClock needs an aware instant"
            raise ValueError(msg)
        self._now = start.astimezone(dt.UTC)

    def now(self) -> dt.datetime:
        """Return the instant at which the clock stands."""
        return self._now

    def advance(self, duration: dt.timedelta) -> dt.datetime:
        """Move forward by `duration` and return the new instant."""
        if duration < dt.timedelta(0):
            msg = "a clock does not run backwards"
            raise ValueError(msg)
        self._now += duration
        return self._now

    def move_to(self, instant: dt.datetime) -> None:
        """Move forward to `instant`."""
        self.advance(instant.astimezone(dt.UTC) - self._now)
