"""Files that pages and the API hand out alike."""

from fastapi.responses import Response

from kernel.errors import NotFound
from merchants import statements
from merchants.settlements import Settlement
from web.passes import apple


def statement_download(found: Settlement, form: str) -> Response:
    """Return a settlement's statement as it was issued. Raises NotFound for an unknown form."""
    if form not in {"json", "csv"}:
        raise NotFound("page-not-found")
    csv = form == "csv"
    content = statements.to_csv(statements.from_json(found.document)) if csv else found.document
    media_type = "text/csv; charset=utf-8" if csv else "application/json"
    name = f"duiscoin-{found.number}-venue-{found.venue_id}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def pdf(content: bytes, name: str) -> Response:
    """Return a document that the browser shows and can save under a name; it is its reader's alone."""
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


def apple_pass(content: bytes, serial: str) -> Response:
    """Return a pass that a phone opens in its wallet."""
    headers = {"Content-Disposition": f'attachment; filename="duiscoin-{serial}.pkpass"'}
    return Response(content, media_type=apple.MEDIA_TYPE, headers=headers)
