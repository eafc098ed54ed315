"""Papers: the same bytes each time, readable by machines, nothing cut at the end of a page."""

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest

from tests.web import archival_rules
from web.papers.paper import Column, Paper
from web.papers.sheets import About, Letterhead

MADE_AT = dt.datetime(2026, 11, 27, 9, 30, tzinfo=dt.UTC)
HEAD = Letterhead.of("Duisburg", {"primary": "#0a4a6e"})
ROWS = [(f"Posten {number} von vielen", str(number), "12,50 €") for number in range(1, 121)]


def _about(*, archival: bool = False) -> About:
    return About("Beleg für Jörg", "de", MADE_AT, foot="2026-000001", page_word="Seite %(page)s von %(pages)s",
                 archival=archival)  # fmt: skip


def _paper(*, archival: bool = False) -> Paper:
    paper = Paper(HEAD, _about(archival=archival))
    paper.heading("Beleg für Jörg", 1)
    paper.text("Ein Satz über Straßen. " * 20)
    paper.facts([("Wo", "Rhein-Ruhr-Bad"), ("Leer", ""), ("Bis", "31. Dezember 2026")])
    paper.steps(["Zeige das Blatt.", "Fertig."])
    paper.note("Bitte aufheben.")
    paper.code([[True, False], [False, True]], 30, "QR-Code", [("7K3M9-QXY2A", 16, True)])
    paper.table([Column("Posten", 3), Column("Zahl", amount=True), Column("Betrag", amount=True)], ROWS,
                [("Summe", "120", "1.500,00 €")])  # fmt: skip
    return paper


def _root(content: bytes) -> Any:
    return _read(content).root_object


def _read(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def _elements(element: Any) -> Iterator[Any]:
    for kid in element.get("/K", []):
        if isinstance(found := kid.get_object(), dict):
            yield found
            yield from _elements(found)


@pytest.mark.parametrize("archival", [False, True])
def test_a_paper_is_the_same_bytes_each_time(archival: bool) -> None:
    """Whoever makes it again from the same facts has the same file."""
    assert _paper(archival=archival).finish() == _paper(archival=archival).finish()


def test_a_paper_says_what_it_is_and_in_which_language() -> None:
    """Title, language, author and date are there for machines, too."""
    read = _read(_paper().finish())

    assert read.metadata is not None
    assert ("Beleg für Jörg", "Duisburg", MADE_AT) == (
        read.metadata.title, read.metadata.author, read.metadata.creation_date,
    )  # fmt: skip
    root = _root(_paper().finish())
    assert "de" == root["/Lang"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]


def test_every_row_is_on_some_page_and_every_page_has_its_number() -> None:
    """A long table breaks between rows, its head is repeated, and the sum stands at the end."""
    pages = [page.extract_text() for page in _read(_paper().finish()).pages]

    assert len(pages) > 2
    assert all(any(row[0] in page for page in pages) for row in ROWS)
    assert all(f"Seite {number} von {len(pages)}" in page for number, page in enumerate(pages, 1))
    assert all("Betrag" in page and "2026-000001" in page for page in pages)
    assert "1.500,00 €" in pages[-1]


def test_a_paper_is_tagged_for_who_cannot_see_it() -> None:
    """Title, lists, tables with heads and cells, and a figure with words stand in the order of reading."""
    root = _root(_paper().finish())
    document = root["/StructTreeRoot"]["/K"][0].get_object()
    found = [str(one["/S"]) for one in _elements(document)]

    assert root["/MarkInfo"]["/Marked"]
    assert ["/H1", "/P", "/Table", "/TR", "/TH", "/TD"] == found[:6]
    assert len(ROWS) + 2 + 2 == found.count("/TR")
    assert {"/L", "/LI", "/Lbl", "/LBody", "/Figure"} <= set(found)
    assert ["QR-Code"] == [one["/Alt"] for one in _elements(document) if one["/S"] == "/Figure"]
    assert all("/Pg" in one for one in _elements(document))


def test_its_letters_are_inside() -> None:
    """Both fonts are embedded, so that it looks alike everywhere and in thirty years."""
    page: Any = _read(_paper().finish()).pages[0]
    fonts = [font.get_object()["/DescendantFonts"][0] for font in page["/Resources"]["/Font"].values()]

    assert fonts
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)


def test_an_archival_paper_carries_files() -> None:
    """PDF/A-3 says so in its metadata and brings the file with its relation to the text."""
    paper = _paper(archival=True)
    paper.attach("factur-x.xml", b"<invoice/>", "text/xml", "Rechnung", "Alternative")
    content = paper.finish()
    root = _root(content)
    metadata = root["/Metadata"].get_object().get_data().decode()

    assert [b"<invoice/>"] == _read(content).attachments["factur-x.xml"]
    assert "/Alternative" == root["/AF"][0].get_object()["/AFRelationship"]
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "2026-11-27T09:30:00+00:00" in metadata


def test_an_archival_paper_keeps_the_rules_of_its_standard() -> None:
    """Also with a file inside. One that does not claim to be archival breaks some: the rules do find something."""
    paper = _paper(archival=True)
    assert [] == archival_rules.faults(_paper(archival=True).finish())
    paper.attach("factur-x.xml", b"<invoice/>", "text/xml", "Rechnung", "Alternative")
    content = paper.finish()
    assert [] == archival_rules.faults(content)
    found = {one.partition(":")[0] for one in archival_rules.faults(_paper().finish())}
    assert {"6.2.3", "6.6.4"} <= found
    for damaged in (b"/GTS_PDFA1", b"/AFRelationship", b"/FontFile2", b"/ToUnicode"):
        assert damaged in content
        spoiled = content.replace(damaged, damaged[:-1] + b"_")
        assert archival_rules.faults(spoiled), damaged
