"""Files that pages and the API hand out alike."""

from urllib.parse import quote

from fastapi.responses import Response

from api import settlement_papers
from api.letters import Reader
from kernel.db import Reading
from kernel.errors import NotFound
from merchants import crediting, invoice_xml, proof_files, settlements, statements, takings, tax_data, till
from merchants.invoice_xml import Guideline
from merchants.proof_list import Proof
from merchants.settlements import Settlement
from web import formats
from web.passes import apple


def statement_download(reading: Reading, found: Settlement, form: str, reader: Reader) -> Response:
    """Return a settlement's statement as it was issued. Raises NotFound for an unknown form."""
    name = f"duiscoin-{found.number}-venue-{found.venue_id}"
    figures = statements.from_json(found.document)
    if form == "pdf":
        known = settlement_papers.titles(reading)
        return pdf(settlement_papers.statement(found, figures, known, reader), f"{name}.pdf")
    if form == "csv":
        return attachment(statements.to_csv(figures).encode(), "text/csv; charset=utf-8", f"{name}.csv")
    if form == "json":
        return attachment(found.document.encode(), "application/json", f"{name}.json")
    raise NotFound("page-not-found")


def till_download(reading: Reading, found: Settlement, reader: Reader) -> Response:
    """Return the single lines of a statement for a till."""
    wanted = settlements.wanted_of(reading, found)
    taxes = tax_data.find(reading, found.venue_id)
    names = {
        code: formats.localized(titles, "de") for code, titles in settlement_papers.titles(reading).items()
    }
    content = till.write(
        statements.from_json(found.document),
        takings.uses(reading, found.venue_id, wanted),
        names,
        taxes.rate_percent if taxes else 0,
        reader.city.zone,
    )
    name = f"duiscoin-{found.number}-dsfinvk.csv"
    return attachment(content.encode(), "text/csv; charset=utf-8", name)


def credit_note_download(reading: Reading, found: Settlement, form: str, reader: Reader) -> Response:
    """Return a settlement's credit note: Factur-X, or XRechnung. Raises as `crediting.get`, and NotFound."""
    note = crediting.get(reading, found.settlement_id)
    if form == "pdf":
        return pdf(settlement_papers.credit_note(found, note, reader.city), f"{note.number}.pdf")
    if form == "xml":
        content = invoice_xml.write(note, Guideline.XRECHNUNG)
        return attachment(content, "application/xml", f"{note.number}-xrechnung.xml")
    raise NotFound("page-not-found")


def attachment(content: bytes, media_type: str, name: str) -> Response:
    """Return a file to be saved under a name; it is its reader's alone."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=media_type, headers=headers)


def pdf(content: bytes, name: str) -> Response:
    """Return a document that the browser shows and can save under a name; it is its reader's alone."""
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


def proof(found: Proof, content: bytes) -> Response:
    """Return what a venue handed in. A photo was made anew; a stranger's PDF is never opened in a page."""
    how = "inline" if found.media_type == proof_files.JPEG else "attachment"
    headers = {
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(found.name)}",
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, media_type=found.media_type, headers=headers)


def apple_pass(content: bytes, serial: str) -> Response:
    """Return a pass that a phone opens in its wallet."""
    headers = {"Content-Disposition": f'attachment; filename="duiscoin-{serial}.pkpass"'}
    return Response(content, media_type=apple.MEDIA_TYPE, headers=headers)
