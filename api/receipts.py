"""Receipts of movements for the person whose points moved: files that prove a booking without this system."""

from uuid import UUID

from fastapi.responses import Response

from api.services import Services
from kernel.cities import City
from kernel.db import Reading
from kernel.errors import NotFound
from ledger import accounts, log_seals, proving, queries
from ledger.queries import StatementLine

MEDIA_TYPE = "text/plain; charset=utf-8"
ENDING = "tlog-proof"


def own(reading: Reading, owner: str, transfer_id: UUID) -> StatementLine:
    """Return a movement of an owner's points. Raises NotFound `transfer-not-found`, for others' too."""
    booked = queries.transfer(reading, transfer_id)
    page = queries.statement_of(
        reading, accounts.of_owner(reading, owner), before=booked.sequence + 1, limit=1
    )
    if not page or page[0].booked.transfer_id != transfer_id:
        raise NotFound("transfer-not-found", transfer_id=str(transfer_id))
    return page[0]


def sealed_up_to(reading: Reading) -> int:
    """Return up to which booking receipts are ready."""
    last = log_seals.last(reading)
    return last.size if last else 0


def download(services: Services, city: City, owner: str, transfer_id: UUID) -> Response:
    """Return the receipt of a movement as a file.

    Raises NotFound `transfer-not-found`, for others' too; Conflict `transfer-not-sealed` until the next seal.
    """
    with services.database.reading(city.city_id) as reading:
        line = own(reading, owner, transfer_id)
        content = proving.prove(reading, services.log(city).store, transfer_id)
    name = f"duiscoin-{city.slug}-{line.booked.sequence}.{ENDING}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
