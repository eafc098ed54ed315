"""Simulations as they are kept: asked for, worked on by one process, cancelled, ended with a report.

A report belongs to the hash of the version that was tried: with it, the version counts as simulated.
"""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kernel.db import Reading, Work
from kernel.errors import Conflict, Invalid, NotFound
from rewards import programme, simulation_reports
from rewards.rehearsing import Window
from rewards.simulation_tables import simulations as table

FILE_BYTES_MAX = 5_000_000
"""Of a file that is handed in at a page; the command line takes larger ones."""
SILENCE_MAX = dt.timedelta(seconds=60)
"""Whoever works on one and is silent for longer has died; it begins anew."""


class State(enum.StrEnum):
    """How far a simulation is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_OPEN = (State.WAITING.value, State.RUNNING.value)


@dataclass(frozen=True, slots=True)
class Simulation:
    """A draft tried on the past, or about to be; `fault` says by code why it failed."""

    simulation_id: int
    version_hash: str
    author_id: int | None
    first_day: dt.date | None
    last_day: dt.date | None
    state: State
    done: int
    total: int
    report: Mapping[str, Any] | None
    fault: Mapping[str, Any] | None
    created_at: dt.datetime
    ended_at: dt.datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it still waits or runs."""
        return self.state.value in _OPEN


def ask(
    work: Work, version_hash: str, author_id: int | None, window: Window, file: bytes | None = None
) -> Simulation:
    """Ask for a simulation of a stored version; the worker takes it up.

    Raises NotFound `rule-not-found`, Invalid `window-empty` or `file-too-large`, Conflict
    `simulation-under-way`.
    """
    programme.get(work, version_hash)
    if window.first and window.last and window.first > window.last:
        raise Invalid("window-empty", field="last")
    if file is not None and len(file) > FILE_BYTES_MAX:
        raise Invalid("file-too-large", field="file", maximum=FILE_BYTES_MAX)
    if any(one.is_open for one in of_version(work, version_hash)):
        raise Conflict("simulation-under-way")
    simulation_id = work.ids.next()
    work.connection.execute(
        sa.insert(table).values(
            city_id=work.city_id,
            simulation_id=simulation_id,
            version_hash=version_hash,
            author_id=author_id,
            first_day=window.first,
            last_day=window.last,
            file=file,
            state=State.WAITING.value,
            done=0,
            total=0,
            created_at=work.now,
        )
    )
    return get(work, simulation_id)


def get(reading: Reading, simulation_id: int) -> Simulation:
    """Return a simulation. Raises NotFound `simulation-not-found`."""
    for found in _select(reading, table.c.simulation_id == simulation_id):
        return found
    raise NotFound("simulation-not-found")


def file_of(reading: Reading, simulation_id: int) -> bytes | None:
    """Return the file that is to be replayed, as long as it is there."""
    found: bytes | None = reading.connection.execute(
        sa.select(table.c.file).where(
            table.c.city_id == reading.city_id, table.c.simulation_id == simulation_id
        )
    ).scalar_one_or_none()
    return found


def of_version(reading: Reading, version_hash: str) -> list[Simulation]:
    """Return the simulations of a version, newest first."""
    return _select(reading, table.c.version_hash == version_hash)


def waiting(reading: Reading) -> list[int]:
    """Return what is to be worked on, the oldest first."""
    gone = sa.and_(table.c.state == State.RUNNING.value, table.c.beat_at < reading.now - SILENCE_MAX)
    rows = reading.connection.execute(
        sa.select(table.c.simulation_id)
        .where(table.c.city_id == reading.city_id, sa.or_(table.c.state == State.WAITING.value, gone))
        .order_by(table.c.simulation_id)
    )
    return list(rows.scalars())


def claim(work: Work, simulation_id: int) -> Simulation | None:
    """Take a simulation up; None if somebody else did or it was cancelled."""
    if simulation_id not in waiting(work):
        return None
    _set(work, simulation_id, state=State.RUNNING.value, beat_at=work.now, done=0, total=0)
    return get(work, simulation_id)


def beat(work: Work, simulation_id: int, done: int, total: int) -> bool:
    """Note how far it is; return whether to go on: False once it was cancelled."""
    if get(work, simulation_id).state is not State.RUNNING:
        return False
    _set(work, simulation_id, done=done, total=total, beat_at=work.now)
    return True


def finish(work: Work, simulation_id: int, report: Mapping[str, Any]) -> None:
    """Keep the report; the version counts as simulated now. A cancelled one stays cancelled."""
    found = get(work, simulation_id)
    if found.state is not State.RUNNING:
        return
    _end(work, simulation_id, State.DONE, report=dict(report))
    summary = simulation_reports.summary(report) | {"simulation_id": str(simulation_id)}
    programme.simulated(work, found.version_hash, found.author_id, summary)


def fail(work: Work, simulation_id: int, code: str, details: Mapping[str, Any]) -> None:
    """Note why it came to nothing."""
    if get(work, simulation_id).state is State.RUNNING:
        _end(work, simulation_id, State.FAILED, fault={"code": code, "details": dict(details)})


def cancel(work: Work, simulation_id: int) -> Simulation:
    """End it without a report; again, or when it has ended already, it changes nothing. Raises NotFound."""
    if get(work, simulation_id).is_open:
        _end(work, simulation_id, State.CANCELLED)
    return get(work, simulation_id)


def keep(work: Work, version_hash: str, window: Window, report: Mapping[str, Any]) -> Simulation:
    """Keep what was simulated at the command line. Raises as `ask`."""
    made = ask(work, version_hash, None, window)
    claim(work, made.simulation_id)
    finish(work, made.simulation_id, report)
    return get(work, made.simulation_id)


def _end(work: Work, simulation_id: int, state: State, **values: Any) -> None:
    _set(work, simulation_id, state=state.value, ended_at=work.now, file=None, **values)


def _set(work: Work, simulation_id: int, **values: Any) -> None:
    work.connection.execute(
        sa.update(table)
        .where(table.c.city_id == work.city_id, table.c.simulation_id == simulation_id)
        .values(**values)
    )


def _select(reading: Reading, condition: sa.ColumnElement[bool]) -> list[Simulation]:
    columns = [table.c[name] for name in Simulation.__dataclass_fields__]
    rows = reading.connection.execute(
        sa.select(*columns)
        .where(table.c.city_id == reading.city_id, condition)
        .order_by(table.c.simulation_id.desc())
    )
    return [Simulation(**dict(row._mapping) | {"state": State(row.state)}) for row in rows]
