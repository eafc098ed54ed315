"""Bars over days or hours, as geometry for the template `venue/_bars.html`."""

import math
from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 720, 220
_LEFT, _BOTTOM, _TOP = 64, 28, 8
_LABELS_MAX = 4
_LABELS_MAX_SHORT = 12
_SHORT = 4
"""Characters up to which more labels fit side by side, also on a phone."""
_QUARTERS = 4


class Bar(NamedTuple):
    """A bar: where it stands, how high it reaches, what it stands for."""

    x: float
    width: float
    y: float
    height: float
    value: int
    label: str
    is_labelled: bool
    """Whether there is room to write its label below."""


class Chart(NamedTuple):
    """Bars, and lines at round numbers."""

    bars: list[Bar]
    lines: list[tuple[float, int]]
    left: int = _LEFT
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = HEIGHT - _BOTTOM


def drawn(values: Sequence[tuple[str, int]]) -> Chart:
    """Return the chart of pairs of label and value; what is below zero stands on the floor."""
    ceiling = round_up(max((value for _, value in values), default=0))
    step = (WIDTH - _LEFT) / max(1, len(values))
    width = min(40.0, step * 0.72)
    is_short = all(len(label) <= _SHORT for label, _ in values)
    every = math.ceil(len(values) / (_LABELS_MAX_SHORT if is_short else _LABELS_MAX))

    def down(value: int) -> float:
        return round(_TOP + (HEIGHT - _BOTTOM - _TOP) * (1 - max(value, 0) / ceiling), 1)

    bars = [
        Bar(
            round(_LEFT + step * (place + 0.5) - width / 2, 1),
            round(width, 1),
            down(value),
            round(HEIGHT - _BOTTOM - down(value), 1),
            value,
            label,
            place % every == 0,
        )
        for place, (label, value) in enumerate(values)
    ]
    marks = [ceiling * part // _QUARTERS for part in range(_QUARTERS + 1)]
    return Chart(bars, [(down(mark), mark) for mark in marks])


def round_up(value: int) -> int:
    """Return the next of 4, 8, 20, 40 times a power of ten: a quarter of it is a whole number."""
    power = 1
    while True:
        for step in (4, 8, 20):
            if value <= power * step:
                return power * step
        power *= 10
