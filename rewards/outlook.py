"""Outlook: how long a budget will last. Pure; points are whole, days are the city's."""

import datetime as dt
import enum
from dataclasses import dataclass

WINDOW_DAYS = 28
"""Over how many days the burn rate is measured: four whole weeks, as weekends differ from working days."""
WATCH_PERCENT = 80
NEARLY_PERCENT = 95


class Level(enum.StrEnum):
    """How near a budget is to its end."""

    FINE = "fine"
    WATCH = "watch"
    """At least WATCH_PERCENT are used."""
    NEARLY = "nearly"
    """At least NEARLY_PERCENT are used."""
    DRY = "dry"
    """It could not pay something, or nothing is left."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is left of a budget and how long that lasts.

    `size` is what it had when it was last funded; `spent` is what it gave or promised in the last `days`.
    """

    available: int
    size: int
    spent: int
    days: int
    today: dt.date
    is_dry: bool = False

    @property
    def used_percent(self) -> int:
        """How much of what it had is used, rounded down."""
        return max(0, self.size - self.available) * 100 // self.size if self.size > 0 else 100

    @property
    def level(self) -> Level:
        """How near the end is."""
        if self.is_dry or self.available <= 0:
            return Level.DRY
        if self.used_percent >= NEARLY_PERCENT:
            return Level.NEARLY
        return Level.WATCH if self.used_percent >= WATCH_PERCENT else Level.FINE

    @property
    def a_week(self) -> int:
        """The burn rate in points a week, rounded up."""
        return -(-max(0, self.spent) * 7 // self.days) if self.days > 0 else 0

    @property
    def lasts_until(self) -> dt.date | None:
        """The day on which it runs dry if things go on like this; None if that is ten years away or more."""
        if self.level is Level.DRY:
            return self.today
        if self.spent <= 0 or self.days <= 0:
            return None
        days = self.available * self.days // self.spent
        return self.today + dt.timedelta(days=days) if days < 10 * 366 else None
