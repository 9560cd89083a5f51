"""Blocks of a page as what ReportLab lays out, each tied to its element of the document's structure."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Spacer, TableStyle

from service.renderings.page_blocks import Block, Heading, Items, Paragraph, Table
from service.renderings.pdf.fonts import BOLD, TEXT, register_fonts, shown
from service.renderings.pdf.tagging import Element, TaggedParagraph, TaggedTable

WIDTH: Final = 178 * mm  # of the text: A4 less 16 mm on each side
RED: Final = HexColor("#8a1c1c")
_BLUE, _GREY, _GROUND, _LINE = (HexColor(one) for one in ("#0b4f6c", "#4a4a4a", "#fff4e0", "#cccccc"))
_GAP: Final = 4 * mm  # between columns


def _style(name: str, **stated: Any) -> ParagraphStyle:
    # ReportLab's own font of bullets would be named in the file and not lie in it
    return ParagraphStyle(name, **{"fontName": TEXT, "bulletFontName": TEXT, **stated})


_CELL: Final = _style("cell", fontSize=8, leading=10.5, splitLongWords=1)
_STYLES: Final = {
    "title": _style("title", fontName=BOLD, fontSize=15, leading=19, spaceAfter=6),
    "heading": _style(
        "heading", fontName=BOLD, fontSize=11, leading=14, spaceBefore=9, spaceAfter=2, textColor=_BLUE, keepWithNext=1
    ),
    "plain": _style("plain", fontSize=9, leading=12.5, spaceAfter=2),
    "small": _style("small", fontSize=7.5, leading=10, textColor=_GREY, spaceAfter=1),
    "notice": _style("notice", fontSize=9, leading=12.5, spaceBefore=3, spaceAfter=4),
    "mark": _style(
        "mark",
        fontName=BOLD,
        fontSize=9.5,
        leading=13,
        textColor=RED,
        borderColor=RED,
        borderWidth=1.2,
        borderPadding=(3, 5, 3, 5),
        leftIndent=6,
        rightIndent=6,
        spaceBefore=6,
        spaceAfter=11,
    ),
    "item": _style("item", fontSize=9, leading=12.5, leftIndent=14, bulletIndent=2),
    "warning": _style("warning", fontSize=9, leading=12.5, leftIndent=14, bulletIndent=2, backColor=_GROUND),
    "cell": _CELL,
    "head": _style("head", parent=_CELL, fontName=BOLD),
}
_KINDS: Final = {1: "H1", 2: "H2", 3: "H3"}


def flowables(blocks: Sequence[Block], root: Element) -> Iterator[Any]:
    """What is laid out, in order; their elements are added to the root."""
    register_fonts()
    for block in blocks:
        match block:
            case Heading(level, text):
                yield _paragraph(text, "title" if level == 1 else "heading", root.add(_KINDS[level]))
            case Paragraph(text, kind):
                yield _paragraph(text, kind, root.add("P"))
            case Items():
                yield from _items(block, root.add("L"))
            case Table():
                yield _table(block, root.add("Table"))
                yield Spacer(1, 4)


def _paragraph(text: str, style: str, element: Element, bullet: str | None = None) -> TaggedParagraph:
    paragraph = TaggedParagraph(escape(shown(text)), _STYLES[style], bulletText=bullet)
    paragraph.element = element
    return paragraph


def _items(block: Items, element: Element) -> Iterator[TaggedParagraph]:
    style = "warning" if block.kind == "warning" else "item"
    for number, item in enumerate(block.items, start=1):
        bullet = f"{number}." if block.kind == "numbered" else "•"
        yield _paragraph(item, style, element.add("LI").add("LBody"), bullet)


def _table(block: Table, element: Element) -> TaggedTable:
    rows = [_row(block.heads, "head", element.add("TR"), 0)]
    rows += [_row(row, "cell", element.add("TR"), 1) for row in block.rows]
    lines = TableStyle(
        [
            ("FONTNAME", (0, 0), (-1, -1), TEXT),  # else ReportLab names a font that does not lie in the file
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), _GAP),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ]
    )
    widths = column_widths([block.heads, *block.rows])
    return TaggedTable(rows, colWidths=widths, repeatRows=1, style=lines, splitInRow=1, hAlign="LEFT")


def _row(cells: Sequence[str], style: str, element: Element, heads: int) -> list[TaggedParagraph]:
    """The cells of a row. heads: how many of its first cells name the row; 0 for the row of heads."""
    row = []
    for at, cell in enumerate(cells):
        scope = "Column" if style == "head" else "Row" if at < heads else None
        row.append(_paragraph(cell, style, element.add("TH" if scope else "TD", scope)))
    return row


def column_widths(rows: Sequence[Sequence[str]]) -> list[float]:
    """As wide as the widest cell; where that is too wide together, the widest columns give way first."""
    wanted = [
        max(stringWidth(shown(cell), BOLD, 8) for cell in column) + _GAP + 1 for column in zip(*rows, strict=True)
    ]
    limit = max(wanted)
    while sum(min(width, limit) for width in wanted) > WIDTH:
        limit *= 0.95
    return [min(width, limit) for width in wanted]
