"""A paper, written from top to bottom: headings, texts, facts, tables, a QR code; it breaks pages by itself.

The caller brings sentences in the reader's language and amounts already written for readers (`web.formats`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from fpdf.enums import MethodReturnValue, WrapMode

from web.papers.sheets import INK, LINE, MUTED, TEXT_SIZE, About, Colour, Letterhead, Sheet

_LEADING: Final = 1.4
"""Height of a line over the height of its letters."""
_POINT_MM: Final = 25.4 / 72
_KEY_SHARE: Final = 0.34
_CELL_GAP: Final = 3.0
_QUIET_ZONE: Final = 4
_SIZES: Final = {1: 20.0, 2: 13.5, 3: 11.5}
Relation = Literal["Data", "Source", "Alternative", "Supplement", "Unspecified"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    share: float = 1.0
    """Of the width, compared with the other columns."""
    amount: bool = False
    """Stands at the right, as numbers do."""


class Paper:
    """A document in the making; `finish` gives the PDF."""

    def __init__(self, head: Letterhead, about: About) -> None:
        self._sheet = Sheet(head, about)

    def heading(self, text: str, level: Literal[1, 2, 3] = 2) -> None:
        """Write a heading; level 1 is the title, once."""
        sheet, size = self._sheet, _SIZES[level]
        colour = sheet.letterhead.colour if level < 3 else INK  # noqa: PLR2004 -- the levels of headings
        sheet.write_in(size, bold=True, colour=colour)
        lines, height = self._lines(text, sheet.epw), _line(size) * 0.92
        self._gap(5 if level > 1 else 0)
        # A heading alone at the foot of a page would head nothing.
        sheet.need(height * len(lines) + 3 * _line(TEXT_SIZE))
        self._flow(lines, height, f"H{level}")
        self._gap(3 if level == 1 else 1)

    def text(self, text: str, *, muted: bool = False, bold: bool = False, size: float = TEXT_SIZE) -> None:
        """Write a paragraph."""
        self._sheet.write_in(size, bold=bold, colour=MUTED if muted else INK)
        self._flow(self._lines(text, self._sheet.epw), _line(size), "P")
        self._gap(1.5)

    def steps(self, texts: Iterable[str]) -> None:
        """Write a numbered list."""
        sheet = self._sheet
        with sheet.branch("L"):
            for number, text in enumerate(texts, 1):
                self._beside(f"{number}.", text, 7, ("LI", "Lbl", "LBody"), bold=True)
        self._gap(1.5)

    def facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Write what is what, one below the other; pairs without a value are left out."""
        sheet = self._sheet
        with sheet.branch("Table"):
            for key, value in pairs:
                if value:
                    self._beside(key, value, sheet.epw * _KEY_SHARE, ("TR", "TH", "TD"), colour=MUTED)
        self._gap(1.5)

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[str]],
        totals: Iterable[Sequence[str]] = (),
    ) -> None:
        """Write a table; its head is repeated on each page, no row is cut. Totals are bold, below a line."""
        sheet = self._sheet
        whole = sum(column.share for column in columns)
        widths = [sheet.epw * column.share / whole for column in columns]
        with sheet.branch("Table"):
            self._table_head(columns, widths, again=False)
            for row in rows:
                self._row(columns, widths, row)
            for place, row in enumerate(totals):
                self._row(columns, widths, row, bold=True, rule=0.5 if place == 0 else 0.0)
        self._gap(2)

    def code(
        self,
        modules: Sequence[Sequence[bool]],
        width: float,
        description: str,
        beside: Sequence[tuple[str, float, bool]] = (),
    ) -> None:
        """Draw a QR code (rows of dark or light, without quiet zone) so wide in mm, its quiet zone included.

        `beside` are lines right of it: text, size, bold. `description` says what it is to who can't see it.
        """
        sheet = self._sheet
        sheet.need(width)
        top, module = sheet.y, width / (len(modules) + 2 * _QUIET_ZONE)
        origin = sheet.l_margin + _QUIET_ZONE * module, top + _QUIET_ZONE * module
        with sheet.tagged("Figure", description):
            sheet.fill_squares(_runs(modules, *origin, module))
        left = sheet.l_margin + width + 6
        sheet.set_y(top + _QUIET_ZONE * module)
        for text, size, bold in beside:
            sheet.write_in(size, bold=bold)
            self._flow(self._lines(text, sheet.w - sheet.r_margin - left), _line(size), "P", left)
            self._gap(1)
        sheet.set_xy(sheet.l_margin, max(top + width, sheet.y) + 2)

    def note(self, text: str) -> None:
        """Write a paragraph on the city's soft colour."""
        sheet = self._sheet
        sheet.write_in(TEXT_SIZE)
        lines, height = self._lines(text, sheet.epw - 10), _line(TEXT_SIZE)
        sheet.need(len(lines) * height + 8)
        with sheet.artifact():
            sheet.set_fill_color(*sheet.letterhead.soft)
            sheet.rect(
                sheet.l_margin, sheet.y, sheet.epw, len(lines) * height + 8, "F",
                round_corners=True, corner_radius=2,
            )  # fmt: skip
        self._gap(4)
        self._flow(lines, height, "P", sheet.l_margin + 5)
        self._gap(6)

    def space(self, height: float) -> None:
        """Leave some millimetres free."""
        self._gap(height)

    def attach(
        self, name: str, content: bytes, media_type: str, description: str, relation: Relation
    ) -> None:
        """Put a file into the document; only into an archival one (PDF/A-3)."""
        made_at = self._sheet.about.made_at
        self._sheet.embed_file(
            bytes=content,
            basename=name,
            mime_type=media_type,
            associated_file_relationship=relation,
            desc=description,
            creation_date=made_at,
            modification_date=made_at,
            compress=True,
            checksum=True,
        )

    def finish(self) -> bytes:
        """Return the PDF."""
        return self._sheet.finish()

    def _gap(self, height: float) -> None:
        self._sheet.set_xy(self._sheet.l_margin, self._sheet.y + height)

    def _lines(self, text: str, width: float) -> list[str]:
        """Return a text in the present font, broken into lines."""
        sheet = self._sheet
        if "\n" not in text and sheet.get_string_width(text) <= width:
            return [text]
        broken: Any = sheet.multi_cell(
            width, text=text, align="L", dry_run=True, output=MethodReturnValue.LINES,
            wrapmode=WrapMode.WORD, padding=0,
        )  # fmt: skip
        # Read aloud or copied, the last word of a line and the first of the next stay apart.
        return [f"{line} " for line in broken[:-1]] + list(broken[-1:])

    def _flow(self, lines: Sequence[str], height: float, kind: str, left: float | None = None) -> None:
        """Write lines; where a page ends in between, each part is a piece of its own."""
        sheet, waiting = self._sheet, list(lines)
        while waiting:
            sheet.need(height)
            fitting = max(int(sheet.left_on_page / height + 1e-6), 1)
            part, waiting = waiting[:fitting], waiting[fitting:]
            with sheet.tagged(kind):
                self._put(part, left or sheet.l_margin, sheet.epw, height)

    def _put(self, lines: Sequence[str], left: float, width: float, height: float, align: str = "L") -> None:
        for line in lines:
            self._sheet.set_x(left)
            self._sheet.cell(width, height, line, align=align, new_x="LEFT", new_y="NEXT")

    def _beside(
        self,
        key: str,
        value: str,
        indent: float,
        kinds: tuple[str, str, str],
        *,
        colour: Colour = INK,
        bold: bool = False,
    ) -> None:
        """Write a key and, right of it, what belongs to it."""
        sheet, height, gap = self._sheet, _line(TEXT_SIZE), _CELL_GAP if indent > _CELL_GAP * 3 else 0
        sheet.write_in(TEXT_SIZE)
        values, keys = self._lines(value, sheet.epw - indent), self._lines(key, indent - gap)
        sheet.need(min(max(len(values), len(keys)) * height, 120))
        top = sheet.y
        with sheet.branch(kinds[0]):
            sheet.write_in(TEXT_SIZE, bold=bold, colour=colour)
            with sheet.tagged(kinds[1]):
                self._put(keys, sheet.l_margin, indent, height)
            below, page = sheet.y, sheet.page
            sheet.set_y(top)
            sheet.write_in(TEXT_SIZE)
            self._flow(values, height, kinds[2], sheet.l_margin + indent)
        if page == sheet.page:
            sheet.set_y(max(sheet.y, below))
        self._gap(0.8)

    def _table_head(self, columns: Sequence[Column], widths: Sequence[float], *, again: bool) -> None:
        sheet = self._sheet
        sheet.write_in(9, bold=True, colour=MUTED)
        cells = [self._lines(c.title, w - _CELL_GAP) for c, w in zip(columns, widths, strict=True)]
        height = max(len(lines) for lines in cells) * _line(9)
        # A head without a row would be left behind at the foot.
        sheet.need(height + 3 * _line(TEXT_SIZE))
        sheet.write_in(9, bold=True, colour=MUTED)
        if again:
            with sheet.artifact():
                self._cells(columns, widths, cells, _line(9), None)
        else:
            with sheet.branch("TR"):
                self._cells(columns, widths, cells, _line(9), "TH")
        sheet.set_y(sheet.y + height + 0.8)
        self._rule(0.3, sheet.letterhead.colour)

    def _row(
        self,
        columns: Sequence[Column],
        widths: Sequence[float],
        row: Sequence[str],
        *,
        bold: bool = False,
        rule: float = 0.0,
    ) -> None:
        sheet, line = self._sheet, _line(TEXT_SIZE)
        sheet.write_in(TEXT_SIZE, bold=bold)
        cells = [self._lines(text, width - _CELL_GAP) for text, width in zip(row, widths, strict=True)]
        height = max(len(lines) for lines in cells) * line
        if sheet.need(height + 2.4):
            self._table_head(columns, widths, again=True)
        if rule:
            self._rule(rule, sheet.letterhead.colour)
        sheet.set_y(sheet.y + 1.2)
        sheet.write_in(TEXT_SIZE, bold=bold)
        with sheet.branch("TR"):
            self._cells(columns, widths, cells, line, "TD")
        sheet.set_y(sheet.y + height + 1.2)
        if not bold:
            self._rule(0.15, LINE)

    def _cells(
        self,
        columns: Sequence[Column],
        widths: Sequence[float],
        cells: Sequence[Sequence[str]],
        height: float,
        kind: str | None,
    ) -> None:
        """Write cells beside one another; the place stays where it was, at their top."""
        sheet, top, left = self._sheet, self._sheet.y, self._sheet.l_margin
        for column, width, lines in zip(columns, widths, cells, strict=True):
            sheet.set_y(top)
            # Amounts end at the right edge of their column, texts keep a gap to the next.
            align, room = ("R", width) if column.amount else ("L", width - _CELL_GAP)
            if kind is None:
                self._put(lines, left, room, height, align)
            else:
                with sheet.tagged(kind):
                    self._put(lines, left, room, height, align)
            left += width
        sheet.set_y(top)

    def _rule(self, thickness: float, colour: Colour) -> None:
        sheet = self._sheet
        with sheet.artifact():
            sheet.set_draw_color(*colour)
            sheet.set_line_width(thickness)
            sheet.line(sheet.l_margin, sheet.y, sheet.w - sheet.r_margin, sheet.y)
            sheet.set_line_width(0.2)


def _line(size: float) -> float:
    """Return the height in mm of a line in a size in points."""
    return size * _POINT_MM * _LEADING


def _runs(
    modules: Sequence[Sequence[bool]], left: float, top: float, module: float
) -> Iterator[tuple[float, float, float, float]]:
    """Return the dark stretches of each row as rectangles."""
    for y, row in enumerate(modules):
        start = None
        for x, dark in enumerate((*row, False)):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                yield left + start * module, top + y * module, (x - start) * module, module
                start = None
