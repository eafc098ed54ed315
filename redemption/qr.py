"""QR codes as SVG, PNG and rows of modules. Pure.

Shown on a screen, a code has error correction M: a small code is read from farther away. On paper it has Q,
for dirt and folds. The level is never raised silently, the quiet zone is four modules, and dark stays dark on
light in any colour scheme.
"""

import enum
import io
from typing import Final

import segno

QUIET_ZONE_MODULES: Final = 4
_DARK, _LIGHT = "#000", "#fff"


class Medium(enum.StrEnum):
    """Where a code is shown; the value is the level of error correction."""

    SCREEN = "m"
    PAPER = "q"


def version(text: str | bytes, medium: Medium = Medium.SCREEN) -> int:
    """Return the version (1 to 40) of the code: it has 17 + 4 x version modules on each side."""
    return int(_make(text, medium).version)


def svg(text: str | bytes, *, title: str, medium: Medium = Medium.SCREEN) -> str:
    """Return the code as an `<svg>` element that fills its container; `title` names it to who doesn't see it.

    Attributes only, no style: a strict Content-Security-Policy lets it pass. It can stand in a page or be a
    file of its own.
    """
    file = io.BytesIO()
    _make(text, medium).save(
        file,
        kind="svg",
        border=QUIET_ZONE_MODULES,
        dark=_DARK,
        light=_LIGHT,
        title=title,
        xmldecl=False,
        omitsize=True,
        svgclass="qr-code",
        lineclass=None,
        nl=False,
    )
    return file.getvalue().decode().replace("<svg ", '<svg role="img" ', 1)


def modules(text: str | bytes, *, medium: Medium = Medium.PAPER) -> tuple[tuple[bool, ...], ...]:
    """Return the rows of the code, dark or light, without the quiet zone: for who draws it otherwise."""
    return tuple(tuple(bool(one) for one in row) for row in _make(text, medium).matrix)


def png(text: str | bytes, *, medium: Medium = Medium.SCREEN, scale: int = 8) -> bytes:
    """Return the code as a PNG file of `scale` pixels for each module."""
    file = io.BytesIO()
    _make(text, medium).save(
        file, kind="png", border=QUIET_ZONE_MODULES, scale=scale, dark=_DARK, light=_LIGHT
    )
    return file.getvalue()


def _make(text: str | bytes, medium: Medium) -> segno.QRCode:
    return segno.make_qr(text, error=medium.value, boost_error=False)
