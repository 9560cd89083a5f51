"""A report as a tagged PDF with real text: headings, lists and tables that a screen reader names, and an outline."""

import io
import threading
from datetime import UTC, datetime
from typing import Any, Final

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import TimeStamp
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from service.renderings.page_blocks import Block, Paragraph, page_blocks
from service.renderings.page_sentences import Page
from service.renderings.pdf.fonts import BOLD, MARK, TEXT, lacks_letters, register_fonts, shown
from service.renderings.pdf.layout import RED, WIDTH, flowables
from service.renderings.pdf.tagging import Element, TaggedCanvas, TaggedParagraph
from service.renderings.standing import marks_of
from service.schemas import ReportDocument

_TOP, _BOTTOM, _SIDE = 20 * mm, 18 * mm, 16 * mm
# ReportLab keeps which letters of a font a file uses in tables that all threads share.
_ONE_AT_A_TIME: Final = threading.Lock()


def report_pdf(document: ReportDocument) -> bytes:
    """The report as a PDF. The same document gives the same bytes."""
    page, blocks = Page.of(document), list(page_blocks(document))
    if lacks_letters("".join(_texts(blocks))):
        blocks.append(Paragraph(page.words.lacking_letters.format(mark=MARK), "small"))
    with _ONE_AT_A_TIME:
        return _laid_out(document, page, blocks)


def _texts(blocks: list[Block]) -> list[str]:
    return [repr(vars(block)) for block in blocks]


def _laid_out(document: ReportDocument, page: Page, blocks: list[Block]) -> bytes:
    register_fonts()
    root, written = Element("Document"), io.BytesIO()
    marks = [shown(mark) for mark in marks_of(document, page.words)]

    def begin(*given: Any, **options: Any) -> TaggedCanvas:
        canvas = TaggedCanvas(*given, **options)
        canvas.root = root
        canvas._doc._timeStamp = _stamp(document.created)
        canvas.setViewerPreference("DisplayDocTitle", "true")
        return canvas

    def frame_page(canvas: TaggedCanvas, _: Any) -> None:
        number = page.words.page_of.format(page=canvas.getPageNumber())
        _draw_margins(canvas, marks, f"{document.study_id} · {number}")

    layout = _Outlined(
        written,
        pagesize=A4,
        title=shown(page.title),
        author="EchoScribe",
        subject=" · ".join(marks),
        creator="EchoScribe",
        lang=document.lang or None,
        invariant=1,
        initialFontName=TEXT,
    )
    text = Frame(_SIDE, _BOTTOM, WIDTH, A4[1] - _TOP - _BOTTOM, 0, 0, 0, 0)
    layout.addPageTemplates(PageTemplate(frames=[text], onPage=frame_page))
    layout.build(list(flowables(blocks, root)), canvasmaker=begin)
    return written.getvalue()


class _Outlined(BaseDocTemplate):  # type: ignore[misc]  # ReportLab has no types
    """A document whose headings stand in its outline."""

    _headings = 0

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802 - ReportLab's name for it
        """Puts a heading that was drawn into the outline."""
        if isinstance(flowable, TaggedParagraph) and flowable.element.kind in {"H1", "H2"}:
            self._headings += 1
            key = f"heading-{self._headings}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=int(flowable.element.kind[1]) - 1)


def _draw_margins(canvas: TaggedCanvas, marks: list[str], foot: str) -> None:
    """What stands on every page: the marks above, the study and the page's number below."""
    canvas.mark_artifact()
    canvas.saveState()
    canvas.setFillColor(RED)
    canvas.setFont(BOLD, 7.5)
    for line, mark in enumerate(marks):
        canvas.drawString(_SIDE, A4[1] - (9 + 3.5 * line) * mm, mark)
    canvas.setFont(TEXT, 7)
    canvas.drawRightString(A4[0] - _SIDE, 9 * mm, foot)
    canvas.restoreState()
    canvas.end_mark()


def _stamp(created: datetime) -> TimeStamp:
    """When the report was written; a file must not depend on when it was asked for."""
    stamp, when = TimeStamp(1), created.astimezone(UTC)
    stamp.t, stamp.lt, stamp.YMDhms = when.timestamp(), when.timetuple(), when.timetuple()[:6]
    return stamp
