"""Photos that come with a submission: read, stripped and kept before the transaction that names them."""

from collections.abc import Sequence

from fastapi import UploadFile
from fastapi.concurrency import run_in_threadpool

from api.services import Services
from kernel.cities import City
from kernel.errors import Invalid
from rewards import evidence, pictures
from rewards.submitting import StoredPicture

PHOTOS_MAX = 3


async def keep(given: Services, city: City, uploads: Sequence[UploadFile]) -> list[StoredPicture]:
    """Read and keep the uploaded photos; one of a request that is refused later is named by nothing.

    Raises Invalid `too-many-photos`, PictureRefused.
    """
    files = [one for one in uploads if one.filename]
    if len(files) > PHOTOS_MAX:
        raise Invalid("too-many-photos", field="photos", maximum=PHOTOS_MAX)
    contents = [await one.read(pictures.BYTES_MAX + 1) for one in files]
    return await run_in_threadpool(_keep, given, city, contents)


def digest(kept: Sequence[StoredPicture]) -> bytes:
    """Return what stands for the photos when two requests are compared."""
    return "".join(one.picture.sha256 for one in kept).encode()


def _keep(given: Services, city: City, contents: list[bytes]) -> list[StoredPicture]:
    # Each is looked at before any is kept: a bad one leaves nothing behind.
    read = [pictures.read(content) for content in contents]
    store = given.evidence(city)
    kept = [StoredPicture(evidence.new_key(given.database.ids.random_bytes(24)), one) for one in read]
    for one in kept:
        store.write(one.key, one.picture.jpeg)
    return kept
