"""Tags of a PDF (ISO 32000-1, 14.7 and 14.8): which text is a heading, a list, a cell; ReportLab writes none.

Each tagged paragraph marks its content with a number on its page; the tree of elements names those numbers, and a
table by page finds the element of a number. Everything else is marked as an artifact, which readers leave out.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table


@dataclass(eq=False)
class Element:
    """An element of the document's structure. kind: a standard type. marks: page and number on it of each piece."""

    kind: str
    children: list["Element"] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)
    scope: str | None = None

    def add(self, kind: str, scope: str | None = None) -> "Element":
        """A new last child. scope: of a table's head, Row or Column."""
        child = Element(kind, scope=scope)
        self.children.append(child)
        return child

    def all(self) -> Iterator["Element"]:
        """The element and everything below it."""
        yield self
        for child in self.children:
            yield from child.all()


class TaggedCanvas(Canvas):  # type: ignore[misc]  # ReportLab has no types
    """A canvas that writes the elements of `root` when it is saved."""

    root: Element

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._marks_on: Counter[int] = Counter()

    def mark(self, element: Element) -> None:
        """Begins content of an element."""
        page = self.getPageNumber()
        number = self._marks_on[page]
        self._marks_on[page] += 1
        element.marks.append((page, number))
        self._code.append(f"/{element.kind} <</MCID {number}>> BDC")

    def mark_artifact(self) -> None:
        """Begins what belongs to the page and not to the text."""
        self._code.append("/Artifact BMC")

    def end_mark(self) -> None:
        """Ends what was begun last."""
        self._code.append("EMC")

    def save(self) -> None:
        """Writes the file."""
        if self._code:
            self.showPage()
        _write_structure(self._doc, self.root)
        super().save()


class TaggedParagraph(Paragraph):  # type: ignore[misc]  # ReportLab has no types
    """A paragraph of an element. A table's head that is drawn again on a further page is an artifact there."""

    element: Element
    _is_drawn = False

    def draw(self) -> None:
        """Draws it between its marks."""
        with self._marked(self.canv):
            super().draw()

    def split(self, width: float, height: float) -> list[Any]:
        """Its parts for two pages, of the same element."""
        parts: list[Any] = super().split(width, height)
        for part in parts:
            part.element = self.element
        return parts

    @contextmanager
    def _marked(self, canvas: TaggedCanvas) -> Iterator[None]:
        if self._is_drawn:
            canvas.mark_artifact()
        else:
            canvas.mark(self.element)
        self._is_drawn = True
        yield
        canvas.end_mark()


class TaggedTable(Table):  # type: ignore[misc]  # ReportLab has no types
    """A table of tagged paragraphs, whose lines are artifacts."""

    @staticmethod
    def _renderCB(table: Table, event: str, *_: Any) -> None:  # noqa: N802 - ReportLab's name for it
        if event in {"startBG", "startLines"}:
            table.canv.mark_artifact()
        elif event in {"endBG", "endLines"}:
            table.canv.end_mark()


def _write_structure(document: Any, root: Element) -> None:
    """Puts the tree, and the table from marks to elements, into the catalog and the pages."""
    elements = list(root.all())
    names = {id(element): f"Element{number}" for number, element in enumerate(elements)}
    parents = {id(child): element for element in elements for child in element.children}
    tree = pdfdoc.PDFObjectReference("StructTree")
    for element in elements:
        parent = parents.get(id(element))
        above = tree if parent is None else pdfdoc.PDFObjectReference(names[id(parent)])
        document.Reference(_dictionary(element, above, names), names[id(element)])
    by_page = _by_page(elements)
    for page in by_page:
        _tie(document.idToObject[f"Page{page}"], page)
    numbers: list[Any] = []
    for page, found in sorted(by_page.items()):
        numbers += [page, pdfdoc.PDFArray([pdfdoc.PDFObjectReference(names[id(one)]) for one in found])]
    written = {
        "Type": pdfdoc.PDFName("StructTreeRoot"),
        "K": pdfdoc.PDFObjectReference(names[id(root)]),
        "ParentTree": pdfdoc.PDFDictionary({"Nums": pdfdoc.PDFArray(numbers)}),
        "ParentTreeNextKey": max(by_page, default=0) + 1,
    }
    document.Catalog.StructTreeRoot = document.Reference(pdfdoc.PDFDictionary(written), "StructTree")
    document.Catalog.MarkInfo = pdfdoc.PDFDictionary({"Marked": "true"})


def _by_page(elements: list[Element]) -> dict[int, list[Element]]:
    """Page → the elements of its marks, in the order of their numbers."""
    marks = sorted((page, number, at) for at, one in enumerate(elements) for page, number in one.marks)
    by_page: dict[int, list[Element]] = {}
    for page, _, at in marks:
        by_page.setdefault(page, []).append(elements[at])
    return by_page


def _tie(page: Any, number: int) -> None:
    """Lets a page name its row of the table. ReportLab writes only the keys of a page that it knows."""
    page.__NoDefault__ = [*page.__NoDefault__, "StructParents", "Tabs"]
    page.StructParents = number
    page.Tabs = pdfdoc.PDFName("S")  # the order of reading is that of the structure


def _dictionary(element: Element, above: Any, names: dict[int, str]) -> Any:
    kids = [pdfdoc.PDFObjectReference(names[id(child)]) for child in element.children]
    pieces = [
        pdfdoc.PDFDictionary(
            {"Type": pdfdoc.PDFName("MCR"), "Pg": pdfdoc.PDFObjectReference(f"Page{page}"), "MCID": number}
        )
        for page, number in element.marks
    ]
    written = {
        "Type": pdfdoc.PDFName("StructElem"),
        "S": pdfdoc.PDFName(element.kind),
        "P": above,
        "K": pdfdoc.PDFArray([*pieces, *kids]),
    }
    if element.scope is not None:
        owner = {"O": pdfdoc.PDFName("Table"), "Scope": pdfdoc.PDFName(element.scope)}
        written["A"] = pdfdoc.PDFDictionary(owner)
    return pdfdoc.PDFDictionary(written)
