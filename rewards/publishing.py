"""Publishing: a case worker releases the reporter's words and photos, having looked at them."""

from collections.abc import Collection

from kernel.db import Work
from kernel.errors import Conflict, Forbidden, Invalid
from rewards import case_files, evidence, submissions
from rewards.case_files import Case
from rewards.submitting import ADDRESS_MAX, DESCRIPTION_MAX


def release(
    work: Work, case_id: int, *, words: str, address: str, photos: Collection[int], releaser_owner: str
) -> Case:
    """Show words and photos of a report to everybody. What names a person is taken out of `words` before.

    Empty words hide all of it again. Raises NotFound, Forbidden `own-submission`, Conflict
    `report-without-reporter`, Invalid `description-too-long`, `address-too-long`, `picture-not-of-report`.
    """
    case = case_files.get(work, case_id)
    if case.submission_id is None:
        raise Conflict("report-without-reporter")
    if submissions.get(work, case.submission_id).owner == releaser_owner:
        raise Forbidden("own-submission")
    if len(words) > DESCRIPTION_MAX:
        raise Invalid("description-too-long", field="words", maximum=DESCRIPTION_MAX)
    if len(address) > ADDRESS_MAX:
        raise Invalid("address-too-long", field="address", maximum=ADDRESS_MAX)
    known = [number for number, _ in evidence.keys_of(work, case.submission_id)]
    if set(photos) - set(known):
        raise Invalid("picture-not-of-report", field="photos")
    shown = words.strip() or None
    case_files.change(
        work,
        case_id,
        words=shown,
        address=(address.strip() or None) if shown else None,
        photos=[number for number in known if number in photos] if shown else [],
    )
    return case_files.get(work, case_id)
