"""The photo before and the photo after, as they are uploaded."""

from collections.abc import Sequence
from dataclasses import replace

from fastapi import UploadFile

from api import uploading
from api.services import Services
from kernel.cities import City
from rewards.submitting import StoredPicture


async def keep(
    given: Services,
    city: City,
    photos: Sequence[UploadFile],
    before: UploadFile | None,
    after: UploadFile | None,
) -> list[StoredPicture]:
    """Keep the photos of a submission, those of a pair with their part. Raises as `uploading.keep` does."""
    parts = [("before", before), ("after", after)]
    named = [(part, one) for part, one in parts if one is not None and one.filename]
    plain = [one for one in photos if one.filename]
    kept = await uploading.keep(given, city, [one for _, one in named] + plain)
    told = [replace(one, part=part) for one, (part, _) in zip(kept, named, strict=False)]
    return [*told, *kept[len(told) :]]
