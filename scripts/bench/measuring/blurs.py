"""How often faces and plates are found: faces set into drawn streets, drawn plates, photos of a folder."""

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from rewards import blurring

FACE = Path(__file__).parents[3] / "tests" / "data" / "face-of-an-astronaut.jpg"
_TIMES = 60
_SIZE = (1600, 1200)
_PLATE = "DU AB 1234"

Case = tuple[Image.Image, tuple[int, int]]
"""A picture and a point that has to lie in a find."""


def main() -> None:
    """Print a line for each sort of picture."""
    chance = random.Random(47)  # noqa: S311 -- the same pictures in every run
    face = Image.open(FACE).convert("RGB")
    # The face is 0.45 of the cut-out, which shows the shoulders too.
    for name, low, high in (("large faces", 300, 900), ("small faces", 130, 300), ("tiny faces", 60, 130)):
        _report(name, "face", (_with_face(chance, face, chance.randrange(low, high)) for _ in range(_TIMES)))
    for name, low, high in (("large plates", 300, 700), ("small plates", 120, 300)):
        _report(name, "plate", (_with_plate(chance, chance.randrange(low, high)) for _ in range(_TIMES)))
    streets = [_street(chance) for _ in range(_TIMES)]
    found = [blurring.find(street) for street in streets]
    doubtful = sum(any(not one.certain for one in finds) for finds in found)
    print(
        f"streets without people: something found in {sum(map(bool, found))} of {_TIMES}, {doubtful} weakly"
    )
    for folder in map(Path, sys.argv[1:]):
        photos = [Image.open(path).convert("RGB") for path in sorted(folder.iterdir())]
        hits = sum(any(one.kind == "face" for one in blurring.find(photo)) for photo in photos)
        print(f"{folder}: a face found in {hits} of {len(photos)} photos")


def _report(name: str, kind: str, cases: Iterator[Case]) -> None:
    hits, weak, began = 0, 0, time.perf_counter()
    for image, (across, down) in cases:
        on_it = [one for one in blurring.find(image) if one.kind == kind and _holds(one, across, down)]
        hits += bool(on_it)
        weak += bool(on_it) and not any(one.certain for one in on_it)
    each = (time.perf_counter() - began) / _TIMES * 1000
    print(f"{name}: found {hits} of {_TIMES}, {weak} of them weakly; {each:.0f} ms a picture")


def _holds(find: blurring.Find, across: int, down: int) -> bool:
    return find.left <= across <= find.left + find.width and find.top <= down <= find.top + find.height


def _street(chance: random.Random) -> Image.Image:
    image = Image.new("RGB", _SIZE, (chance.randrange(120, 220),) * 3)
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        left, top = chance.randrange(_SIZE[0]), chance.randrange(_SIZE[1])
        shade = tuple(chance.randrange(40, 220) for _ in range(3))
        box = (left, top, left + chance.randrange(20, 400), top + chance.randrange(20, 400))
        (draw.rectangle if chance.random() < 0.5 else draw.ellipse)(box, fill=shade)  # noqa: PLR2004 -- half of them
    return _taken(chance, image)


def _with_face(chance: random.Random, face: Image.Image, width: int) -> Case:
    image = _street(chance)
    part = face.resize((width, width)).convert("RGBA").rotate(chance.uniform(-12, 12), expand=True)
    if chance.random() < 0.5:  # noqa: PLR2004 -- half of them
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    left, top = chance.randrange(_SIZE[0] - part.width), chance.randrange(_SIZE[1] - part.height)
    image.paste(part, (left, top), part)
    return _taken(chance, image), (left + part.width // 2, top + part.height // 2)


def _with_plate(chance: random.Random, width: int) -> Case:
    plate = Image.new("RGB", (520, 110), "white")
    draw = ImageDraw.Draw(plate)
    draw.rectangle((0, 0, 519, 109), outline="black", width=5)
    draw.rectangle((0, 0, 45, 109), fill=(0, 51, 153))
    draw.text((65, 8), _PLATE, fill="black", font=ImageFont.load_default(82))
    part = (
        plate.resize((width, width * 110 // 520)).convert("RGBA").rotate(chance.uniform(-6, 6), expand=True)
    )
    image = _street(chance)
    left, top = chance.randrange(_SIZE[0] - part.width), chance.randrange(_SIZE[1] - part.height)
    image.paste(part, (left, top), part)
    return _taken(chance, image), (left + part.width // 2, top + part.height // 2)


def _taken(chance: random.Random, image: Image.Image) -> Image.Image:
    """Return the picture as a telephone might have taken it: lighter or darker, a little out of focus."""
    lit = ImageEnhance.Brightness(image).enhance(chance.uniform(0.5, 1.2))
    return lit.filter(ImageFilter.GaussianBlur(chance.uniform(0, 1.5)))


if __name__ == "__main__":
    main()
