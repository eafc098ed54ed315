"""Photos as evidence: bounded before they are decoded, read, stripped of all that is personal, made small.

Pure: bytes in, bytes out.
"""

import datetime as dt
import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Any

import pillow_heif
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from kernel.errors import Invalid
from rewards import blurring, fingerprints

BYTES_MAX = 12 * 1024 * 1024
PIXELS_MAX = 50_000_000
EDGE_MAX_PX = 1600
"""Longest edge of the stored picture."""
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
_QUALITY = 82


# What iPhones take: Pillow reads it through libheif, header first as all others.
pillow_heif.register_heif_opener()


class PictureRefused(Invalid):
    """The upload is not a usable photo; the code says why."""

    code = "picture-unreadable"


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo ready to be stored: a JPEG without metadata, and what its metadata had told."""

    jpeg: bytes
    sha256: str
    width_px: int
    height_px: int
    taken_at_local: dt.datetime | None
    """Naive, as cameras write it: in the city's time."""
    place_e6: tuple[int, int] | None = None
    """Latitude and longitude that the camera wrote, in microdegrees; compared, never kept."""
    sure: bool = True
    """Whether faces and plates were told apart from the rest with certainty; else a person has to look."""
    hashes: tuple[int, ...] = ()
    """Fingerprints (rewards/fingerprints.py), first as it is, then turned and mirrored."""


def read(uploaded: bytes) -> Picture:
    """Return the picture in an upload.

    Raises PictureRefused: picture-empty, picture-too-large, picture-too-many-pixels, picture-type-unknown,
    picture-unreadable.
    """
    if not uploaded:
        raise PictureRefused("picture-empty")
    if len(uploaded) > BYTES_MAX:
        raise PictureRefused("picture-too-large", maximum_bytes=BYTES_MAX)
    try:
        # Opening reads only the header, so the size is known before anything is decoded.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(uploaded), formats=_FORMATS)
    except UnidentifiedImageError:
        raise PictureRefused("picture-type-unknown", known=", ".join(_FORMATS)) from None
    except (OSError, ValueError, Image.DecompressionBombError):
        raise PictureRefused("picture-unreadable") from None
    if image.width * image.height > PIXELS_MAX:
        raise PictureRefused("picture-too-many-pixels", maximum_pixels=PIXELS_MAX)
    try:
        taken_at, place = _taken_at(image), _place(image)
        upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError):
        raise PictureRefused("picture-unreadable") from None
    upright.thumbnail((EDGE_MAX_PX, EDGE_MAX_PX))
    concealed = blurring.conceal(upright)
    out = io.BytesIO()
    concealed.image.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(
        out.getvalue(),
        hashlib.sha256(uploaded).hexdigest(),
        upright.width,
        upright.height,
        taken_at,
        place,
        concealed.sure,
        fingerprints.of(upright),
    )


def _taken_at(image: Image.Image) -> dt.datetime | None:
    exif = image.getexif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    written = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    try:
        return dt.datetime.strptime(str(written), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 -- cameras write no zone
    except ValueError:
        return None


def _place(image: Image.Image) -> tuple[int, int] | None:
    """Return where the camera says it was (EXIF 2.32, section 4.6.6), None if it says nothing usable."""
    written = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    latitude = _degrees_e6(written.get(ExifTags.GPS.GPSLatitude), written.get(ExifTags.GPS.GPSLatitudeRef))
    longitude = _degrees_e6(written.get(ExifTags.GPS.GPSLongitude), written.get(ExifTags.GPS.GPSLongitudeRef))
    if latitude is None or longitude is None or (latitude, longitude) == (0, 0):
        return None
    inside = abs(latitude) <= 90_000_000 and abs(longitude) <= 180_000_000  # noqa: PLR2004 -- degrees
    return (latitude, longitude) if inside else None


def _degrees_e6(written: Any, hemisphere: Any) -> int | None:
    """Return degrees, minutes and seconds as microdegrees, negative in the south and west."""
    try:
        degrees, minutes, seconds = (float(part) for part in written)
        value = round((degrees + minutes / 60 + seconds / 3600) * 1_000_000)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return -value if hemisphere in {"S", "W"} else value
