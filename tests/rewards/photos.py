"""Photos as the tests hand them in: each seed another scene, with the time that a camera would write."""

import datetime as dt
import io
import random

from PIL import ExifTags, Image

from tests.fixtures.databases import START

START_LOCAL = (START + dt.timedelta(hours=2)).replace(tzinfo=None)
"""START as a camera in Duisburg writes it."""


def scene(seed: int) -> Image.Image:
    """Return a picture with large shapes that differ from seed to seed, as places do."""
    dice = random.Random(seed)
    coarse = Image.frombytes("L", (8, 6), dice.randbytes(48))
    return coarse.resize((320, 240), Image.Resampling.BICUBIC).convert("RGB")


def jpeg(seed: int | Image.Image, taken_at: dt.datetime | None = START_LOCAL, *, quality: int = 80) -> bytes:
    """Return a photo as a phone sends it; without a time if there is none."""
    exif = Image.Exif()
    if taken_at is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    out = io.BytesIO()
    (seed if isinstance(seed, Image.Image) else scene(seed)).save(out, "JPEG", exif=exif, quality=quality)
    return out.getvalue()
