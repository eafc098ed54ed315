"""The structure of a PDF for who can't see it: headings, paragraphs, tables with their cells, figures.

fpdf2 keeps a flat list of figures; a table needs rows and cells below it. Only what reads `Tree` knows that
fpdf2's own parts are replaced.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fpdf.output import OutputProducer
from fpdf.structure_tree import StructElem, StructureTreeBuilder
from fpdf.syntax import PDFObject


class Tree(StructureTreeBuilder):
    """Elements below elements; a leaf is a piece of one page, known by its number on that page."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[StructElem] = [self.doc_struct_elem]
        self._elements: list[StructElem] = []

    @contextmanager
    def branch(self, kind: str, page_number: int) -> Iterator[None]:
        """Put what is added meanwhile below a new element."""
        self._open.append(self._add(kind, page_number))
        yield
        self._open.pop()

    def leaf(self, kind: str, page_number: int, alt: str | None = None) -> tuple[int, int]:
        """Add a piece of a page; return its number there and the page's number in the tree."""
        place = self.spid_per_page_number.setdefault(page_number, len(self.spid_per_page_number))
        pieces = self.struct_tree_root.parent_tree.nums[place]
        number = len(pieces)
        pieces.append(self._add(kind, page_number, [number], alt))
        return number, place

    def _add(
        self, kind: str, page_number: int, kids: list[int] | None = None, alt: str | None = None
    ) -> StructElem:
        above = self._open[-1]
        added = StructElem(f"/{kind}", above, kids or [], page_number=page_number, alt=alt)
        above.k.append(added)
        self._elements.append(added)
        return added

    def elements(self) -> list[StructElem]:
        """Return all elements in the order of reading."""
        return self._elements

    def __iter__(self) -> Iterator[PDFObject]:
        yield self.struct_tree_root
        yield self.doc_struct_elem
        yield self.struct_tree_root.parent_tree
        yield from self._elements


class Producer(OutputProducer):
    """Writes the file; also tells elements below others on which page they are."""

    def _finalize_catalog(self, *arguments: Any, **named: Any) -> None:
        super()._finalize_catalog(*arguments, **named)
        tree = self.fpdf.struct_builder
        if isinstance(tree, Tree):
            pages = named["pages_root_obj"].kids
            for element in tree.elements():
                element.pg = pages[(element.page_number() or 1) - 1]
