"""Faces and plates are hidden for good before a photo is stored; what is unsure goes to a person."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from rewards import blurring, pictures

FACE = Path(__file__).parents[1] / "data" / "face-of-an-astronaut.jpg"
"""Eileen Collins, photographed by NASA (public domain), cut out and made small."""


def street(face_px: int = 300, *, at: tuple[int, int] = (500, 250), mirrored: bool = False) -> Image.Image:
    """Return a drawn street in which somebody stands."""
    image = Image.new("RGB", (1600, 1200), (176, 190, 200))
    draw = ImageDraw.Draw(image)
    for place in range(0, 1600, 200):
        draw.rectangle((place, 300, place + 120, 1200), fill=(120 + place // 20, 110, 100))
    face = Image.open(FACE).convert("RGB").resize((face_px, face_px))
    image.paste(face.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else face, at)
    return image


@pytest.mark.parametrize("face_px", [150, 300, 700])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_face_is_hidden(face_px: int, mirrored: bool) -> None:
    """Large or small: the middle of the face differs strongly from before, and the rest does not."""
    image = street(face_px, mirrored=mirrored)

    concealed = blurring.conceal(image)

    middle = (500 + face_px * 2 // 5, 250 + face_px * 2 // 5, 500 + face_px * 3 // 5, 250 + face_px * 3 // 5)
    assert any(find.kind == "face" for find in concealed.finds)
    changed = ImageChops.difference(image.crop(middle), concealed.image.crop(middle))
    assert max(ImageStat.Stat(changed).mean) > 5
    far = (0, 0, 400, 200)
    assert ImageChops.difference(image.crop(far), concealed.image.crop(far)).getbbox() is None
    assert not [one for one in blurring.find(concealed.image) if one.kind == "face" and one.certain]


def test_what_is_hidden_is_gone() -> None:
    """Of a face hardly more is left than a few colours: its detail is not in the picture any more."""
    image = street(300)
    (face, *_) = [one for one in blurring.conceal(image).finds if one.kind == "face"]
    box = (face.left, face.top, face.left + face.width, face.top + face.height)

    hidden = blurring.conceal(image).image.crop(box).convert("L")

    # Scaled down to the mosaic and up again it is what it was: there was nothing finer in it.
    coarse = hidden.resize((12, 12), Image.Resampling.BOX).resize(hidden.size, Image.Resampling.BICUBIC)
    assert ImageStat.Stat(ImageChops.difference(hidden, coarse)).mean[0] < 4


def test_a_street_without_people_is_left_alone() -> None:
    """Nothing found: the picture stays as it is and nobody has to look."""
    image = street().crop((0, 0, 480, 1200))
    concealed = blurring.conceal(image)
    assert (True, ()) == (concealed.sure, concealed.finds)
    assert ImageChops.difference(image, concealed.image).getbbox() is None


def test_an_upload_is_stored_hidden() -> None:
    """The JPEG that is kept has no face that can be found; so it is for HEIC, as iPhones write it."""
    for form in ("JPEG", "HEIF"):
        uploaded = io.BytesIO()
        street(400).save(uploaded, form, quality=90)

        kept = pictures.read(uploaded.getvalue())

        stored = Image.open(io.BytesIO(kept.jpeg))
        assert "JPEG" == stored.format
        assert not [one for one in blurring.find(stored) if one.kind == "face" and one.certain]


def test_a_cut_off_heic_is_refused() -> None:
    """Half a file is no photo, whatever its format is."""
    uploaded = io.BytesIO()
    street(400).save(uploaded, "HEIF", quality=90)
    with pytest.raises(pictures.PictureRefused, match="picture-"):
        pictures.read(uploaded.getvalue()[:2000])
