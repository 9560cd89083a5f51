"""A report as the blocks of a printed page: headings, paragraphs, lists and tables, in the order of reading.

HTML and PDF draw the same blocks, so that neither says less than the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from service.renderings.page_sentences import (
    Page,
    footnotes_of,
    header_sentences,
    impression_sentences,
    made_by_sentence,
    not_assessed_sentence,
    skipped_sentence,
    status_sentences,
    text_of,
    used_cells,
    warning_sentences,
)
from service.renderings.standing import marks_of
from service.renderings.tables import measurement_cells, phenotype_cells
from service.schemas import ReportDocument, SectionOut


@dataclass(frozen=True)
class Heading:
    """A heading; the title has level 1."""

    level: Literal[1, 2, 3]
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph. mark: what stands on every page. notice: set off from the rest. small: below a text."""

    text: str
    kind: Literal["plain", "mark", "notice", "small"] = "plain"


@dataclass(frozen=True)
class Items:
    """A list; that of warnings is set off from the rest."""

    items: tuple[str, ...]
    kind: Literal["plain", "numbered", "warning"] = "plain"


@dataclass(frozen=True)
class Table:
    """A table with a row of heads; the first cell of each row names it. name: what stands above it."""

    name: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Items | Table


def page_blocks(document: ReportDocument) -> Iterator[Block]:
    """Title, marks, notice and warnings; impression; what was posted; numbers; sections; phenotypes; clips."""
    page = Page.of(document)
    words = page.words
    yield from _head(document, page)
    if document.impression:
        yield from (
            _heading(words.impression),
            Items(tuple(impression_sentences(document, words)), "numbered"),
        )
    if document.header is not None:
        yield from (_heading(words.header), Items(tuple(header_sentences(document.header, page))))
    if document.measurements:
        yield from (
            _heading(words.measurements),
            _table(words.measurements, measurement_cells(document.measurements, page.named, words)),
        )
    for section in document.sections:
        yield from (Heading(2, section.title or section.name), *_section(section, page))
    if document.phenotypes:
        yield from (
            _heading(words.phenotypes),
            _table(words.phenotypes, phenotype_cells(document.phenotypes, page.named, words)),
        )
    if document.clips:
        yield from (_heading(words.clips), _clips(document, page))
    yield Paragraph(made_by_sentence(document, words), "small")


def _head(document: ReportDocument, page: Page) -> Iterator[Block]:
    words = page.words
    yield Heading(1, page.title)
    yield from (Paragraph(mark, "mark") for mark in marks_of(document, words))
    yield Paragraph(document.draft_notice, "notice")
    yield from (Paragraph(sentence, "small") for sentence in status_sentences(document, words))
    yield _heading(words.warnings_heading)
    warnings = tuple(warning_sentences(document, page))
    yield Items(warnings, "warning") if warnings else Paragraph(words.no_warnings)


def _heading(words: str) -> Heading:
    """A heading of the page's words, which are written in capitals for plain text."""
    return Heading(2, words.capitalize())


def _section(section: SectionOut, page: Page) -> Iterator[Block]:
    if not section.is_told:
        yield Paragraph(not_assessed_sentence(section, page))
        return
    text = text_of(section, page)
    if text is not None:
        yield Paragraph(text)
    yield from (Paragraph(said, "small") for _, said in footnotes_of(section, page))


def _clips(document: ReportDocument, page: Page) -> Table:
    columns = page.words.columns
    heads = [columns[name] for name in ("clip", "shown", "probability", "looked_at")]
    rows = [
        [
            page.clip(clip.clip, clip.panel),
            *(used_cells(clip, page) if clip.used else ["", "", skipped_sentence(clip, page)]),
        ]
        for clip in document.clips
    ]
    return _table(page.words.clips, [heads, *rows])


def _table(name: str, rows: list[list[str]]) -> Table:
    """The table of its cells, the first row being the heads. A column that is empty throughout is left out."""
    kept = [column for column in zip(*rows, strict=True) if any(column[1:])]
    heads, *body = zip(*kept, strict=True)
    return Table(name.capitalize(), tuple(heads), tuple(map(tuple, body)))
