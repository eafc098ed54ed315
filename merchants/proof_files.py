"""What may be handed in as proof: a PDF as it is, or a photo without all that cameras add. Pure.

The type is found in the content. A PDF is never shown inside a page, only given out as a file; so it is only
looked at from outside here.
"""

import hashlib
import io
import re
import warnings
from dataclasses import dataclass

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from kernel.errors import Invalid

BYTES_MAX = 10 * 1024 * 1024
PIXELS_MAX = 50_000_000
EDGE_MAX_PX = 2400
"""Longest edge of a kept photo: small print stays readable."""
PDF = "application/pdf"
JPEG = "image/jpeg"
SUFFIXES = {PDF: "pdf", JPEG: "jpg"}
NAME_MAX = 80
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
_QUALITY = 85
_UNSAFE = re.compile(r"[^\w .()+-]+")
_TAIL = 4096
"""Bytes at the end of a PDF among which its mark must stand; scanners add some after it."""

pillow_heif.register_heif_opener()


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A proof as it is kept."""

    content: bytes
    media_type: str
    name: str
    sha256: str

    @property
    def suffix(self) -> str:
        """The ending of its storage key."""
        return SUFFIXES[self.media_type]


def read(uploaded: bytes, name: str) -> ProofFile:
    """Return the proof in an upload.

    Raises Invalid: `proof-empty`, `proof-too-large`, `proof-type-unknown`, `application-proof-unreadable`,
    `proof-locked` (a PDF with a password).
    """
    if not uploaded:
        raise Invalid("proof-empty", field="proof")
    if len(uploaded) > BYTES_MAX:
        raise Invalid("proof-too-large", field="proof", maximum_megabytes=BYTES_MAX // 1024 // 1024)
    digest = hashlib.sha256(uploaded).hexdigest()
    if uploaded.startswith(b"%PDF-"):
        return ProofFile(_pdf(uploaded), PDF, _named(name, "pdf"), digest)
    return ProofFile(_photo(uploaded), JPEG, _named(name, "jpg"), digest)


def _pdf(uploaded: bytes) -> bytes:
    if b"%%EOF" not in uploaded[-_TAIL:]:
        raise Invalid("application-proof-unreadable", field="proof")
    if b"/Encrypt" in uploaded:
        raise Invalid("proof-locked", field="proof")
    return uploaded


def _photo(uploaded: bytes) -> bytes:
    try:
        # Opening reads only the header, so the size is known before anything is decoded.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(uploaded), formats=_FORMATS)
    except UnidentifiedImageError:
        raise Invalid("proof-type-unknown", field="proof") from None
    except (OSError, ValueError, Image.DecompressionBombError):
        raise Invalid("application-proof-unreadable", field="proof") from None
    if image.width * image.height > PIXELS_MAX:
        raise Invalid("proof-too-large", field="proof", maximum_megabytes=BYTES_MAX // 1024 // 1024)
    try:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError):
        raise Invalid("application-proof-unreadable", field="proof") from None
    upright.thumbnail((EDGE_MAX_PX, EDGE_MAX_PX))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def _named(name: str, suffix: str) -> str:
    """Return a file name that is safe to show and to save under."""
    stem = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or "proof"
    tidy = " ".join(_UNSAFE.sub(" ", stem).split()).strip(". ") or "proof"
    return f"{tidy[: NAME_MAX - 1 - len(suffix)]}.{suffix}"
