"""Fingerprints of photos: 64 bits that hardly change when a picture is scaled, recompressed or brightened.

The DCT hash ("pHash") after Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions
(2010): the picture as 32 x 32 grey values, its cosine transform, the 8 x 8 lowest frequencies, one bit each
for being above their median. Turning or mirroring a picture only swaps these frequencies and changes their
signs, so the hashes of all eight positions follow from one transform. Pure.
"""

import functools
import math
import operator
import statistics
from collections.abc import Sequence

from PIL import Image

SIDE = 32
KEPT = 8
CONTRAST_MIN = 4.0
"""Least standard deviation of the grey values: a covered lens or a blank wall has no fingerprint."""

_Matrix = Sequence[Sequence[float]]


def of(image: Image.Image) -> tuple[int, ...]:
    """Return the hashes of an upright picture, first as it is, then turned and mirrored; signed 64 bits each.

    Empty if there is too little to be seen in it to tell it from others.
    """
    grey = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    values = [float(value) for value in grey.tobytes()]
    if statistics.pstdev(values) < CONTRAST_MIN:
        return ()
    low = _low_frequencies([values[row * SIDE : (row + 1) * SIDE] for row in range(SIDE)])
    turned = [list(column) for column in zip(*low, strict=True)]
    return tuple(
        _bits(_mirrored(matrix, down=down, across=across))
        for matrix in (low, turned)
        for down in (False, True)
        for across in (False, True)
    )


def _low_frequencies(rows: _Matrix) -> list[list[float]]:
    waves = _waves()
    by_row = [[_dot(row, wave) for wave in waves] for row in rows]
    columns = list(zip(*by_row, strict=True))
    return [[_dot(column, wave) for column in columns] for wave in waves]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(operator.mul, one, other)))


@functools.cache
def _waves() -> tuple[tuple[float, ...], ...]:
    """Return the first cosines of the DCT-II over SIDE values."""
    return tuple(
        tuple(math.cos(math.pi * frequency * (2 * at + 1) / (2 * SIDE)) for at in range(SIDE))
        for frequency in range(KEPT)
    )


def _mirrored(matrix: _Matrix, *, down: bool, across: bool) -> list[list[float]]:
    """Return the frequencies of the mirrored picture: those that are odd change their sign."""
    return [
        [-value if (down * row + across * column) % 2 else value for column, value in enumerate(line)]
        for row, line in enumerate(matrix)
    ]


def _bits(matrix: _Matrix) -> int:
    flat = [value for line in matrix for value in line]
    # The first is the mean brightness: it says nothing about what is to be seen.
    median = statistics.median(flat[1:])
    unsigned = sum(1 << place for place, value in enumerate(flat) if place and value > median)
    return unsigned - (1 << 64) if unsigned >> 63 else unsigned
