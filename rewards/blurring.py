"""Faces and number plates in photos: found and made unrecognisable before anything is stored.

Found by the cascades that OpenCV ships in its package (Viola and Jones, 2001): no model is downloaded, and no
picture leaves the machine. They find what is large and upright and miss what is small, turned or covered, so
what they find weakly is hidden too and sends the picture to a person, and no picture is public before
somebody has released it. scripts/measure-blurring prints how often they hit (ADR 13).
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageFilter

SEARCHED_EDGE_PX = 800
"""Longest edge of the copy that is searched; a face of a tenth of it is nearly always found."""
CERTAIN_HITS = 6
"""Neighbouring hits from which a find counts as certain; fewer, and a person has to look."""
DOUBTFUL_HITS = 3
MARGIN = 0.2
"""What is hidden around a find, as a share of its size."""
MOSAIC_CELLS = 6
"""Colours that are left of a face or plate in each direction: too few to tell who it was."""
_FACES = ("haarcascade_frontalface_alt2.xml", "haarcascade_profileface.xml")
_PLATES = ("haarcascade_russian_plate_number.xml",)
_FACE_MIN_SHARE, _PLATE_MIN_SHARE = 0.03, 0.05
_STEP = 1.1


@dataclass(frozen=True, slots=True)
class Find:
    """A face or a plate in the picture, in pixels; `certain` unless it was found weakly."""

    kind: str
    left: int
    top: int
    width: int
    height: int
    certain: bool


@dataclass(frozen=True, slots=True)
class Concealed:
    """A picture in which what was found can't be recognised any more."""

    image: Image.Image
    finds: tuple[Find, ...]

    @property
    def sure(self) -> bool:
        """Whether nothing was found weakly: then no person has to look because of it."""
        return all(find.certain for find in self.finds)


def conceal(image: Image.Image) -> Concealed:
    """Return an upright RGB picture with all faces and plates hidden that can be found."""
    finds = tuple(find(image))
    hidden = image.copy() if finds else image
    for one in finds:
        _hide(hidden, one)
    return Concealed(hidden, finds)


def find(image: Image.Image) -> list[Find]:
    """Return the faces and number plates of an upright picture."""
    small = image.convert("L")
    small.thumbnail((SEARCHED_EDGE_PX, SEARCHED_EDGE_PX))
    scale = image.width / small.width
    # Evened out, so that a face in the shade is found as well.
    grey = cv2.equalizeHist(np.asarray(small))
    edge = max(grey.shape)
    found = [
        Find(
            kind,
            round(left * scale),
            round(top * scale),
            round(width * scale),
            round(height * scale),
            certain=hits >= CERTAIN_HITS,
        )
        for kind, (left, top, width, height), hits in _searched(grey, edge)
    ]
    return [one for one in found if not any(_inside(one, other) for other in found if other is not one)]


def _searched(grey: Any, edge: int) -> Iterator[tuple[str, tuple[int, int, int, int], int]]:
    for kind, names, share in (("face", _FACES, _FACE_MIN_SHARE), ("plate", _PLATES, _PLATE_MIN_SHARE)):
        smallest = max(20, round(edge * share))
        for name in names:
            yield from ((kind, box, hits) for box, hits in _hits(name, grey, smallest))
    # The profiles that are known look to the left.
    width = grey.shape[1]
    for (left, top, wide, high), hits in _hits(
        _FACES[1], cv2.flip(grey, 1), max(20, round(edge * _FACE_MIN_SHARE))
    ):
        yield "face", (width - left - wide, top, wide, high), hits


def _hits(name: str, grey: Any, smallest: int) -> Iterator[tuple[tuple[int, int, int, int], int]]:
    boxes, counts = _cascade(name).detectMultiScale2(
        grey, scaleFactor=_STEP, minNeighbors=DOUBTFUL_HITS, minSize=(smallest, smallest // 3)
    )
    for box, count in zip(boxes, counts, strict=True):
        left, top, width, height = (int(value) for value in box)
        yield (left, top, width, height), int(count)


@functools.cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    path = Path(cv2.__file__).parent / "data" / name
    cascade = cv2.CascadeClassifier(str(path))
    if cascade.empty():
        msg = f"OpenCV comes without {name}"
        raise RuntimeError(msg)
    return cascade


def _inside(one: Find, other: Find) -> bool:
    """Whether one lies within the other, which is at least as certain."""
    return (
        other.certain >= one.certain
        and other.left <= one.left
        and other.top <= one.top
        and other.left + other.width >= one.left + one.width
        and other.top + other.height >= one.top + one.height
        and (other.width, other.height) != (one.width, one.height)
    )


def _hide(image: Image.Image, found: Find) -> None:
    """Replace a find and what is around it by a few blurred colours; what was there is gone."""
    across, down = round(found.width * MARGIN), round(found.height * MARGIN)
    box = (
        max(0, found.left - across),
        max(0, found.top - down),
        min(image.width, found.left + found.width + across),
        min(image.height, found.top + found.height + down),
    )
    part = image.crop(box)
    mosaic = part.resize((MOSAIC_CELLS, MOSAIC_CELLS), Image.Resampling.BOX)
    smooth = mosaic.resize(part.size, Image.Resampling.NEAREST).filter(
        ImageFilter.GaussianBlur(max(part.size) / (2 * MOSAIC_CELLS))
    )
    image.paste(smooth, box)
