"""Storage that fails on request: real databases behind connections that break where they are told to.

Nothing of the product is replaced. The engine's own event gives it connections of ours (subclasses of the
drivers'), so what fails is what would fail: a closed connection, an error raised by the server, a file that has
no room, a write-ahead log that ends in the middle.
"""

import enum
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from kernel.clock import FixedClock
from kernel.db import Database
from kernel.ids import IdSource


class Fault(enum.StrEnum):
    """What can happen to a unit of work."""

    LOST_IN_STATEMENT = "connection lost in a statement"
    LOST_BEFORE_COMMIT = "connection lost before the commit was done"
    LOST_AFTER_COMMIT = "connection lost after the commit was done"
    CONFLICT = "the database asks to run it again (serialization failure, deadlock, snapshot too old)"
    FULL = "disk full"
    BUSY = "another process has the lock"
    POWER_CUT = "power cut in a statement"
    TORN = "power cut in the commit: the log ends somewhere in what was being written"


class PowerCut(BaseException):
    """The process ends here."""


@dataclass(slots=True)
class Plan:
    """A fault that will strike the next unit of work, at a statement or in its commit."""

    fault: Fault
    statement: int
    """Which statement of the transaction it strikes."""
    times: int
    """How many attempts it strikes."""
    room: int = 0
    """Pages that the full disk still has."""


@dataclass(slots=True)
class Journal:
    """What was executed in the running transaction, and what was committed for good."""

    running: list[Any] = field(default_factory=list)
    committed: list[Any] = field(default_factory=list)

    def begin(self) -> None:
        """A transaction begins: what an earlier one did without commit never happened."""
        self.running = []

    def commit(self) -> None:
        """The database has it."""
        self.committed += self.running
        self.running = []

    def take(self) -> list[Any]:
        """Return what was committed since the last time."""
        taken, self.committed, self.running = self.committed, [], []
        return taken


class Storage(Protocol):
    """A database on which several servers run, that fails as planned."""

    journal: Journal
    faults: tuple[Fault, ...]
    struck: int

    def open(self, clock: FixedClock, ids: IdSource) -> Database:
        """Start a server on it."""
        ...

    def arm(self, plan: Plan) -> None:
        """Let a fault strike."""
        ...

    def disarm(self) -> None:
        """Let no fault strike any more."""
        ...

    def recover(self, chance: random.Random) -> None:
        """Bring the storage back after a power cut; all its servers are gone."""
        ...

    def close(self) -> None:
        """Remove it."""
        ...


Connect = Callable[..., Any]


def is_due(plan: Plan | None, fault: Fault, statement: int) -> bool:
    """Whether the plan strikes with that fault at that statement; one strike less is left then."""
    if plan is None or plan.fault is not fault or plan.statement != statement or plan.times <= 0:
        return False
    plan.times -= 1
    return True
