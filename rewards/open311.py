"""Reports as Open311 GeoReport v2 publishes them in JSON, read strictly and without losing an entry.

Format: https://wiki.open311.org/GeoReport_v2, "GET Service Requests". The top level is an array; an object
that wraps it in `requests` or `service_requests`, as some endpoints do, is read too. Each entry becomes
exactly one result, a report or a refusal with its reason. What can be understood safely (a number where an
id should be text, HTML in a description) is taken and noted in `reasons`; what can't is refused.
"""

import datetime as dt
import enum
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel.errors import Invalid
from rewards import open311_fields as fields
from rewards import open311_services
from rewards.open311_fields import Bounds, FieldRefused
from rewards.open311_services import Services

SIZE_MAX = 50 * 1024 * 1024
"""Bytes of a file that are read at once; a city's year has about 20 MB."""

_WRAPPERS = ("requests", "service_requests")


class ReportStatus(enum.StrEnum):
    """The two states of the specification."""

    OPEN = "open"
    CLOSED = "closed"


class ReportFileRefused(Invalid):
    """The file as a whole can't be read, so no entry of it was; `code` says why.

    Codes: `file-too-large`, `file-not-utf-8` (with `offset` in bytes), `file-not-json` (with `line` and
    `column`), `file-nested-too-deep`, `file-without-reports` (the top level is no array).
    """


@dataclass(frozen=True, slots=True)
class Open311Report:
    """One service request, checked."""

    index: int
    """Position in the file, from 0."""
    service_request_id: str
    status: ReportStatus
    service_code: str
    service_name: str | None
    category: str
    """Ours, see open311_services."""
    action: str | None
    """The action type that may be rewarded, or None."""
    description: str | None
    requested_at: dt.datetime
    updated_at: dt.datetime | None
    """When it was closed, for a closed one."""
    address: str | None
    latitude: float | None
    """WGS 84, in degrees."""
    longitude: float | None
    media_url: str | None
    digest: str
    """SHA-256 of the entry in canonical JSON, in hex: the same for the same content."""
    reasons: tuple[str, ...] = ()
    """Codes of what was noticed; a person should look at a report with any."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One entry that is no usable report, and why."""

    index: int
    service_request_id: str | None
    """As far as it could be read."""
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


def parse(
    content: bytes, *, services: Services | None = None, bounds: Bounds = fields.GERMANY
) -> list[Open311Report | Refusal]:
    """Return one result for each entry, in the order of the file.

    The second entry of an id is refused: as `duplicate-in-file` if it says the same, as `id-used-twice` if
    it says something else. Raises ReportFileRefused if the file as a whole can't be read.
    """
    known = services or open311_services.load()
    results: list[Open311Report | Refusal] = []
    first: dict[str, Open311Report] = {}
    for index, entry in enumerate(_entries(content)):
        result = _read(index, entry, known, bounds)
        if isinstance(result, Open311Report):
            earlier = first.setdefault(result.service_request_id, result)
            if earlier is not result:
                result = _again(result, earlier)
        results.append(result)
    return results


def _entries(content: bytes) -> list[object]:
    if len(content) > SIZE_MAX:
        raise ReportFileRefused("file-too-large", size=len(content), maximum=SIZE_MAX)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReportFileRefused("file-not-utf-8", offset=error.start) from error
    try:
        # Decimals stay exact text until they are checked, so that no absurd number can stop the file.
        document = json.loads(text, parse_int=fields.Number, parse_float=fields.Number)
    except json.JSONDecodeError as error:
        raise ReportFileRefused(
            "file-not-json", line=error.lineno, column=error.colno, problem=error.msg
        ) from error
    except RecursionError as error:
        raise ReportFileRefused("file-nested-too-deep") from error
    if isinstance(document, dict):
        wrapped = [document[name] for name in _WRAPPERS if isinstance(document.get(name), list)]
        document = wrapped[0] if len(wrapped) == 1 else None
    if not isinstance(document, list):
        raise ReportFileRefused("file-without-reports")
    return document


def _read(index: int, entry: object, services: Services, bounds: Bounds) -> Open311Report | Refusal:
    if not isinstance(entry, dict):
        return Refusal(index, None, "entry-not-an-object")
    request_id: str | None = None
    try:
        request_id = fields.identifier(entry, "service_request_id")
        return _report(index, request_id, entry, services, bounds)
    except FieldRefused as refused:
        return Refusal(index, request_id, refused.reason, refused.details)
    except RecursionError:
        return Refusal(index, request_id, "entry-nested-too-deep")


def _report(
    index: int, request_id: str, entry: Mapping[str, Any], services: Services, bounds: Bounds
) -> Open311Report:
    service_code = fields.identifier(entry, "service_code")
    service_name, name_reasons = fields.text(entry, "service_name", shorten_to=fields.NAME_MAX)
    description, description_reasons = fields.description(entry)
    address, address_reasons = fields.text(entry, "address", shorten_to=fields.ADDRESS_MAX)
    media_url, media_reasons = fields.web_address(entry, "media_url")
    latitude, longitude, place_reasons = fields.location(entry, bounds)
    status = _status(entry)
    requested_at = fields.instant(entry, "requested_datetime")
    if requested_at is None:
        raise FieldRefused("field-missing", field="requested_datetime")
    updated_at = fields.instant(entry, "updated_datetime")
    category = services.category(service_code, service_name)
    reasons = [*name_reasons, *description_reasons, *address_reasons, *media_reasons, *place_reasons]
    reasons += _contradictions(
        nowhere=latitude is None and address is None,
        service_unknown=not category.is_known,
        updated_early=updated_at is not None and updated_at < requested_at,
    )
    return Open311Report(
        index=index,
        service_request_id=request_id,
        status=status,
        service_code=service_code,
        service_name=service_name,
        category=category.code,
        action=category.action,
        description=description,
        requested_at=requested_at,
        updated_at=updated_at,
        address=address,
        latitude=latitude,
        longitude=longitude,
        media_url=media_url,
        digest=_digest(entry),
        reasons=tuple(dict.fromkeys(reasons)),
    )


def _status(entry: Mapping[str, Any]) -> ReportStatus:
    name = fields.identifier(entry, "status").lower()
    if name not in set(ReportStatus):
        raise FieldRefused("status-unknown", status=name)
    return ReportStatus(name)


def _contradictions(*, nowhere: bool, service_unknown: bool, updated_early: bool) -> Iterator[str]:
    if nowhere:
        yield "without-place"
    if service_unknown:
        yield "service-unknown"
    if updated_early:
        yield "updated-before-requested"


def _again(result: Open311Report, earlier: Open311Report) -> Refusal:
    reason = "duplicate-in-file" if result.digest == earlier.digest else "id-used-twice"
    return Refusal(result.index, result.service_request_id, reason, {"first_index": earlier.index})


def _digest(entry: Mapping[str, Any]) -> str:
    canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
