"""Validity: which version of a rule is in force at an instant. Pure.

A period begins at its start and ends when the next one of the same rule begins, or when it is retired. So a
version that was scheduled is in force from its instant on, whether or not any program ran at that instant.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Period:
    """What was decided: from when a version of a rule is in force, and whether it was taken out of force."""

    period_id: int
    code: str
    version_hash: str
    starts_at: dt.datetime
    retired_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Span:
    """What follows from all periods of a rule: in force from `start` until before `end`, None for open."""

    period_id: int
    code: str
    version_hash: str
    start: dt.datetime
    end: dt.datetime | None

    def covers(self, at: dt.datetime) -> bool:
        """Return whether the version is in force at an instant."""
        return self.start <= at and (self.end is None or at < self.end)


def spans(periods: Iterable[Period]) -> list[Span]:
    """Return when each version is in force, by rule and then by time; some may have no length."""
    ordered = sorted(periods, key=lambda one: (one.code, one.starts_at, one.period_id))
    return [span for _, group in groupby(ordered, lambda one: one.code) for span in _of_rule(list(group))]


def in_force(periods: Iterable[Period], at: dt.datetime) -> list[str]:
    """Return the versions in force at an instant, in the order of their rules."""
    return [span.version_hash for span in spans(periods) if span.covers(at)]


def _of_rule(ordered: Sequence[Period]) -> Iterable[Span]:
    starts = [one.starts_at for one in ordered]
    for one, following in zip(ordered, [*starts[1:], None], strict=True):
        end = min((at for at in (one.retired_at, following) if at is not None), default=None)
        yield Span(one.period_id, one.code, one.version_hash, one.starts_at, end)
