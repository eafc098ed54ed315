"""Sheets of A4 with the city's head, page numbers at the foot and a structure for screen readers."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Final

from fpdf import FPDF
from fpdf.enums import DocumentCompliance
from fpdf.prefs import ViewerPreferences

from web.papers.tagging import Producer, Tree

FONT: Final = "Fira Sans"
MARGIN: Final = 20.0
BOTTOM: Final = 24.0
TEXT_SIZE: Final = 10.5
Colour = tuple[int, int, int]
INK: Final[Colour] = (20, 32, 43)
MUTED: Final[Colour] = (70, 85, 95)
LINE: Final[Colour] = (213, 221, 228)
_PRIMARY: Final = "#0a4a6e"
_BAND: Final = 22.0


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands at the head of each paper of a city."""

    city: str
    colour: Colour
    soft: Colour

    @classmethod
    def of(cls, city: str, colours: Mapping[str, str]) -> "Letterhead":
        """Return the head for a city's name and its colours, as in its style sheet."""
        return cls(city, _colour(colours.get("primary", _PRIMARY)), _colour(colours.get("soft", "#e6f1f7")))


@dataclass(frozen=True, slots=True)
class About:
    """What a paper says about itself, seen or not."""

    title: str
    language: str
    made_at: dt.datetime
    """With time zone. The same input at the same instant gives the same bytes."""
    subject: str = ""
    foot: str = ""
    """At the foot of each page, such as the number of a receipt."""
    page_word: str = "%(page)s / %(pages)s"
    """Says which page it is, in the reader's language."""
    archival: bool = False
    """PDF/A-3: may carry files, such as the XML of an e-invoice."""
    metadata: str = ""
    """More RDF descriptions for the XMP metadata, such as those of Factur-X."""


class Sheet(FPDF):
    """A document in the making."""

    def __init__(self, head: Letterhead, about: About) -> None:
        super().__init__(enforce_compliance=DocumentCompliance.PDFA_3U if about.archival else None)
        self.letterhead, self.about, self.tree = head, about, Tree()
        self.struct_builder = self.tree
        self.set_title(about.title)
        self.set_subject(about.subject)
        self.set_author(head.city)
        self.set_creator("Duiscoin")
        self.set_lang(about.language)
        self.set_creation_date(about.made_at)
        self.set_xmp_metadata(_xmp(head, about))
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.c_margin = 0
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(auto=False, margin=BOTTOM)
        self.alias_nb_pages()
        folder = resources.files("web") / "papers" / "vendor" / "fira-sans"
        for style, name in (("", "regular"), ("B", "semibold")):
            with resources.as_file(folder / f"{name}.ttf") as path:
                self.add_font(FONT, style, path)
        self.write_in(TEXT_SIZE)
        self.add_page()

    def write_in(self, size: float, *, bold: bool = False, colour: Colour = INK) -> None:
        """Write what follows in this size and colour."""
        self.set_font(FONT, "B" if bold else "", size)
        self.set_text_color(*colour)

    def header(self) -> None:
        """Draw the band with the city's name; on pages after the first a line with the title."""
        with self.artifact():
            if self.page == 1:
                self.set_fill_color(*self.letterhead.colour)
                self.rect(0, 0, self.w, _BAND, style="F")
                logo = resources.files("web") / "static" / "logo.svg"
                self.write_in(15, bold=True, colour=(255, 255, 255))
                with resources.as_file(logo) as path:
                    self.image(path, MARGIN, 5, 12, 12)
                self.set_xy(MARGIN + 15, 6)
                self.cell(h=6, text="Duiscoin", new_x="LEFT", new_y="NEXT")
                self.write_in(TEXT_SIZE, colour=(255, 255, 255))
                self.cell(h=5, text=self.letterhead.city)
                self.set_xy(MARGIN, _BAND + 10)
            else:
                self.write_in(9, colour=MUTED)
                self.set_xy(MARGIN, 12)
                self.cell(h=5, text=f"Duiscoin {self.letterhead.city} · {self.about.title}")
                self.set_draw_color(*LINE)
                self.line(MARGIN, 19, self.w - MARGIN, 19)
                self.set_xy(MARGIN, 24)

    def footer(self) -> None:
        """Draw the page's number and what belongs at the foot."""
        with self.artifact():
            self.set_draw_color(*LINE)
            self.line(MARGIN, self.h - 18, self.w - MARGIN, self.h - 18)
            self.write_in(8.5, colour=MUTED)
            self.set_xy(MARGIN, self.h - 16)
            self.cell(h=5, text=self.about.page_word % {"page": self.page, "pages": "{nb}"})
            self.set_xy(MARGIN, self.h - 16)
            self.cell(self.epw, 5, self.about.foot, align="R")

    @property
    def left_on_page(self) -> float:
        """Millimetres left above the foot."""
        return self.h - BOTTOM - self.y

    def need(self, height: float) -> bool:
        """Begin a page unless so much is left on this one; return whether one was begun."""
        if self.left_on_page >= height:
            return False
        self.add_page()
        return True

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """Draw what means nothing: screen readers pass it over."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")

    @contextmanager
    def tagged(self, kind: str, alt: str | None = None) -> Iterator[None]:
        """Draw a piece that means something: `P`, `H1`, `TD`, `Figure`. It does not leave the page."""
        number, place = self.tree.leaf(kind, self.page, alt)
        self.pages[self.page].struct_parents = place
        self._out(f"/{kind} <</MCID {number}>> BDC")
        yield
        self._out("EMC")

    @contextmanager
    def branch(self, kind: str) -> Iterator[None]:
        """Put the pieces that are drawn meanwhile below one: `Table`, `TR`."""
        with self.tree.branch(kind, self.page):
            yield

    def fill_squares(self, squares: Iterator[tuple[float, float, float, float]]) -> None:
        """Fill black rectangles (x, y, width, height) as one shape: no seams are seen between them."""
        scale, top = self.k, self.h
        self._out("q 0 g")
        for x, y, width, height in squares:
            corner = (x * scale, (top - y - height) * scale)
            self._out(f"{corner[0]:.3f} {corner[1]:.3f} {width * scale:.3f} {height * scale:.3f} re")
        self._out("f Q")

    def finish(self) -> bytes:
        """Return the file."""
        return bytes(self.output(output_producer_class=Producer) or b"")


def _colour(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _xmp(head: Letterhead, about: About) -> str:
    """Return the metadata; fpdf2 would write the present time into its own."""
    made = about.made_at.isoformat(timespec="seconds")
    conformance = (
        "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>" if about.archival else ""
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(about.title)}</rdf:li></rdf:Alt></dc:title>'
        f"<dc:creator><rdf:Seq><rdf:li>{escape(head.city)}</rdf:li></rdf:Seq></dc:creator>"
        f"<dc:language><rdf:Bag><rdf:li>{about.language}</rdf:li></rdf:Bag></dc:language>"
        f"<xmp:CreatorTool>Duiscoin</xmp:CreatorTool><xmp:CreateDate>{made}</xmp:CreateDate>"
        f"<xmp:ModifyDate>{made}</xmp:ModifyDate>{conformance}</rdf:Description>{about.metadata}</rdf:RDF></x:xmpmeta>"
    )
