"""QR codes: small enough, readable by an independent decoder, fit for a page with a strict policy."""

import io
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from redemption import codes, qr
from redemption.qr import Medium
from tests.redemption import pinned

VECTORS = pinned.VOUCHERS["vouchers"]
ONE_VENUE = [vector for vector in VECTORS if len(vector["claims"]["venues"]) <= 1]
"""Among them one with no venue; the one with twelve and the largest numbers is not."""
TOKEN = bytes.fromhex(VECTORS[0]["token"])
SVG = "{http://www.w3.org/2000/svg}"


def _decoded(png: bytes) -> zxingcpp.Barcode:
    """Return what an independent decoder reads in a picture."""
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
    return code


@pytest.mark.parametrize("medium", Medium)
@pytest.mark.parametrize("form", ["app_text", "address_text"])
@pytest.mark.parametrize("vector", VECTORS, ids=pinned.name)
def test_a_picture_is_read_back(vector: dict[str, Any], form: str, medium: Medium) -> None:
    """An independent decoder (zxing) reads the very text in the PNG, at the level of error correction that was asked for."""
    code = _decoded(qr.png(vector[form], medium=medium, scale=4))

    assert vector[form] == code.text
    assert medium.value.upper() == code.ec_level


@pytest.mark.parametrize("vector", ONE_VENUE, ids=pinned.name)
def test_a_token_for_one_venue_stays_small(vector: dict[str, Any]) -> None:
    """In the app's form version 8 is enough on a screen and 10 on paper."""
    assert qr.version(vector["app_text"], Medium.SCREEN) <= 8
    assert qr.version(vector["app_text"], Medium.PAPER) <= 10


@pytest.mark.parametrize(
    ("host", "screen", "paper"),
    [("bon.de", 8, 9), ("bonus.city-of.example", 8, 10), ("a" * codes.HOST_LENGTH_MAX, 8, 10)],
)
def test_an_address_stays_small_enough_for_paper(host: str, screen: int, paper: int) -> None:
    """With any usual host, paper needs no more than version 10."""
    text = codes.address_text(TOKEN, host)

    assert (screen, paper) == (qr.version(text, Medium.SCREEN), qr.version(text, Medium.PAPER))


def test_the_quiet_zone_is_four_modules_wide() -> None:
    """Around the code four modules stay light; the first dark one is the finder's corner."""
    text = codes.app_text(TOKEN)
    picture = Image.open(io.BytesIO(qr.png(text, scale=1))).convert("L")
    side = 17 + 4 * qr.version(text) + 8

    assert (side, side) == picture.size
    assert {255} == {picture.getpixel((x, y)) for x in range(side) for y in range(4)}
    assert {255} == {picture.getpixel((x, y)) for x in range(4) for y in range(side)}
    assert 0 == picture.getpixel((4, 4))


def test_a_picture_on_a_page_has_a_name_and_no_style() -> None:
    """The SVG is an image with a title, escaped, without style, script or handlers, and scales."""
    root = ET.fromstring(qr.svg(codes.app_text(TOKEN), title='Bath <1> & "2"'))  # noqa: S314 -- our own text

    assert "img" == root.get("role")
    assert 'Bath <1> & "2"' == root.findtext(f"{SVG}title")
    assert root.get("viewBox") is not None
    assert root.get("width") is None
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in {"svg", "title", "path"}
        assert not {name for name in element.attrib if name == "style" or name.startswith("on")}


def test_a_picture_on_a_page_is_dark_on_light() -> None:
    """The light modules are drawn too, quiet zone included: a dark page does not invert the code."""
    text = codes.app_text(TOKEN)
    light, dark = ET.fromstring(qr.svg(text, title="Bath")).iter(f"{SVG}path")  # noqa: S314 -- our own text
    side = 17 + 4 * qr.version(text) + 8

    assert ["#fff", f"M0 0h{side}v{side}h-{side}z"] == [light.get("fill"), light.get("d")]
    assert "#000" == dark.get("stroke")


def test_the_picture_on_a_page_is_the_one_that_is_printed() -> None:
    """SVG and PNG hold the same modules."""
    text = codes.app_text(TOKEN)
    picture = Image.open(io.BytesIO(qr.png(text, scale=1))).convert("L")
    _, dark = ET.fromstring(qr.svg(text, title="Bath")).iter(f"{SVG}path")  # noqa: S314 -- our own text

    drawn = Image.new("L", picture.size, 255)
    for x, y, length in _runs(dark.get("d", "")):
        for offset in range(length):
            drawn.putpixel((x + offset, y), 0)
    assert picture.tobytes() == drawn.tobytes()


def _runs(path: str) -> list[tuple[int, int, int]]:
    """Return the dark runs of a path of moves and horizontal lines: column, row, length."""
    runs = []
    x, y = 0, 0.0
    for move, right, down, length in re.findall(r"([Mm])(-?\d+) ([\d.]+)h(\d+)", path):
        x, y = (int(right), float(down)) if move == "M" else (x + int(right), y + float(down))
        runs.append((x, int(y), int(length)))
        x += int(length)
    return runs
