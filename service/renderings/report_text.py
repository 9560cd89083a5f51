"""A report document as plain text: what `Accept: text/plain` and the command line show."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from service.documents.examination import HeaderOut
from service.renderings.columns import aligned, width_of
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
from service.renderings.page_words import PageWords
from service.renderings.tables import measurement_lines, phenotype_lines
from service.schemas import ClipOut, ReportDocument, SectionOut

WIDTH = 100  # columns of a terminal that shows the tables unbroken
_INDENTS = {"hidden": "      ", "clips": "    "}  # of further lines of what stands below a section's text


def report_text(document: ReportDocument, names: Mapping[int, str] | None = None) -> str:
    """The report for reading: notice, warnings, what was posted, impression, numbers, sections, phenotypes, clips.

    names: local names of the files by position, only for the terminal of whoever owns them; None names positions.
    """
    return "\n".join(line.rstrip() for line in _lines(document, Page.of(document, names))) + "\n"


def _lines(document: ReportDocument, page: Page) -> Iterator[str]:
    words = page.words
    yield from head_lines(document, page)
    if document.header is not None:
        yield from ("", words.header, *header_lines(document.header, page))
    if document.impression:
        yield from ("", words.impression, *impression_lines(document, words))
    if document.measurements:
        numbers = measurement_lines(document.measurements, page.named, words)
        yield from ("", words.measurements, *_indented(numbers))
    for section in document.sections:
        yield from ("", heading_of(section), *section_lines(section, page))
    yield from ("", words.phenotypes, *_indented(phenotype_lines(document.phenotypes, page.named, words)))
    yield from ("", words.clips, *clip_lines(document.clips, page), "")
    yield from wrapped(made_by_sentence(document, words))


def head_lines(document: ReportDocument, page: Page) -> Iterator[str]:
    """Title, notice, status and warnings."""
    yield from (page.title, "=" * len(page.title), "", *wrapped(document.draft_notice))
    yield from status_sentences(document, page.words)
    for warning in warning_sentences(document, page):
        yield from wrapped(f"! {warning}", hanging="  ")


def header_lines(header: HeaderOut, page: Page) -> Iterator[str]:
    """What was posted and what it is worth."""
    for sentence in header_sentences(header, page):
        yield from wrapped(sentence, indent="  ", hanging="    ")


def impression_lines(document: ReportDocument, words: PageWords) -> Iterator[str]:
    """The statements, numbered."""
    for number, statement in enumerate(impression_sentences(document, words), start=1):
        yield from wrapped(f"{number}. {statement}", indent="  ", hanging="     ")


def heading_of(section: SectionOut) -> str:
    """The heading of a section."""
    return (section.title or section.name).upper()


def section_lines(section: SectionOut, page: Page) -> Iterator[str]:
    """The text of a section, what is not said, and the clips that matter; or why it is not assessed."""
    if not section.is_told:
        yield from wrapped(not_assessed_sentence(section, page), indent="  ")
        return
    text = text_of(section, page)
    if text is not None:
        yield from wrapped(text, indent="  ")
    for kind, said in footnotes_of(section, page):
        yield from wrapped(said, indent="    ", hanging=_INDENTS[kind])


def clip_lines(clips: Sequence[ClipOut], page: Page) -> Iterator[str]:
    """A line per clip: number and view in columns, and why one was skipped."""
    whole = replace(page, names=page.paths)
    names = [f"{whole.clip(clip.clip, clip.panel):>3}" for clip in clips]
    wide = max(map(width_of, names), default=0)
    padded = [name + " " * (wide - width_of(name)) for name in names]
    used = iter(aligned([used_cells(clip, page) for clip in clips if clip.used]))
    for name, clip in zip(padded, clips, strict=True):
        if clip.used:
            yield f"  {name}  {next(used)}"
        else:
            yield from wrapped(f"{name}  {skipped_sentence(clip, page)}", indent="  ", hanging=" " * 7)


def _indented(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines)


def wrapped(text: str, *, indent: str = "", hanging: str | None = None, width: int = WIDTH) -> list[str]:
    """The text in lines of a width; a word that is longer has a line of its own."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
