"""The chart of a simulation: pairs of bars over time, as geometry for the template."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from api.pages import bar_charts

WIDTH, HEIGHT = 720, 260
_LEFT, _BOTTOM, _TOP = 64, 28, 8
_LABELS_MAX = 8


class Bar(NamedTuple):
    """A pair of bars: where it stands, and how high the rules in force and the draft reach."""

    x: float
    width: float
    active_y: float
    active_height: float
    draft_y: float
    draft_height: float
    label: str
    """The day with which it begins, ISO 8601; empty where labels would be too dense."""


class Chart(NamedTuple):
    """Bars, and lines at round numbers of points."""

    bars: list[Bar]
    lines: list[tuple[float, int]]
    left: int = _LEFT
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = HEIGHT - _BOTTOM


def drawn(rows: Sequence[Sequence[object]]) -> Chart:
    """Return the chart of rows of start, points of the rules in force, points of the draft."""
    points = [(str(row[0]), int(str(row[1])), int(str(row[2]))) for row in rows]
    ceiling = bar_charts.round_up(max((max(active, draft) for _, active, draft in points), default=0))
    step = (WIDTH - _LEFT) / max(1, len(points))
    width = min(28.0, step * 0.36)
    every = math.ceil(len(points) / _LABELS_MAX)

    def down(value: float) -> float:
        return round(_TOP + (HEIGHT - _BOTTOM - _TOP) * (1 - value / ceiling), 1)

    bars = [
        Bar(
            round(_LEFT + step * (place + 0.5) - width, 1),
            round(width, 1),
            down(active),
            round(HEIGHT - _BOTTOM - down(active), 1),
            down(draft),
            round(HEIGHT - _BOTTOM - down(draft), 1),
            start if place % every == 0 else "",
        )
        for place, (start, active, draft) in enumerate(points)
    ]
    return Chart(bars, [(down(ceiling * part / 4), ceiling * part // 4) for part in range(5)])
