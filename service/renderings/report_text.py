"""A report document as plain text: what `Accept: text/plain` and the command line show."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from service.documents.examination import HeaderOut, RateClips
from service.modalities.words import ModalityWords, modality_words
from service.renderings.columns import aligned, width_of
from service.renderings.local_names import name_of, with_names, without_common_folder
from service.renderings.page_words import PageWords, words_of
from service.renderings.tables import measurement_lines, phenotype_lines
from service.schemas import ClipOut, ReportDocument, SectionOut, ViewWeight

WIDTH = 100  # columns of a terminal that shows the tables unbroken
_SHOWN_CLIPS = 3  # of a section: those that matter most,
_LEAST_SHARE = 0.05  # and none that hardly matters, unless it is the only one
_SHOWN_PROVENANCE = ("bundle", "bank", "candidates", "echoscribe", "device")


@dataclass(frozen=True)
class Page:
    """The words of a document's page, and local names of files by position, only for the terminal of their owner.

    names: without the folders that all of them share. paths: whole, for the list of clips.
    """

    words: PageWords
    named: ModalityWords
    names: Mapping[int, str]
    paths: Mapping[int, str]

    @classmethod
    def of(cls, document: ReportDocument, names: Mapping[int, str] | None = None) -> "Page":
        """The page of a document in its language."""
        named = modality_words(document.modality, document.lang)
        return cls(words_of(document.lang), named, without_common_folder(names or {}), names or {})

    def clip(self, clip: int, panel: int | None = None) -> str:
        """Its name or position; where its frames hold several pictures, a stroke and which of them."""
        name = name_of(clip, self.names)
        return name if panel is None else f"{name}/{panel}"

    def clips(self, clips: Sequence[int]) -> str:
        """Several clips."""
        return ", ".join(map(self.clip, clips))


def report_text(document: ReportDocument, names: Mapping[int, str] | None = None) -> str:
    """The report for reading: notice, warnings, what was posted, impression, numbers, sections, phenotypes, clips.

    names: local names of the files by position, only for the terminal of whoever owns them; None names positions.
    """
    return "\n".join(line.rstrip() for line in _lines(document, Page.of(document, names))) + "\n"


def _lines(document: ReportDocument, page: Page) -> Iterator[str]:
    yield from head_lines(document, page)
    if document.header is not None:
        yield from ("", page.words.header, *header_lines(document.header, page))
    if document.impression:
        yield from ("", page.words.impression, *impression_lines(document, page.words))
    if document.measurements:
        yield from (
            "",
            page.words.measurements,
            *_indented(measurement_lines(document.measurements, page.named, page.words)),
        )
    for section in document.sections:
        yield from ("", heading_of(section), *section_lines(section, page))
    yield from ("", page.words.phenotypes, *_indented(phenotype_lines(document.phenotypes, page.named, page.words)))
    yield from ("", page.words.clips, *clip_lines(document.clips, page), "")
    made_of = page.words.made_of
    parts = [f"{made_of.get(n, n)} {document.provenance[n]}" for n in _SHOWN_PROVENANCE if n in document.provenance]
    yield from wrapped(page.words.made_by.format(parts=", ".join(parts)))


def head_lines(document: ReportDocument, page: Page) -> Iterator[str]:
    """Title, notice, status and warnings."""
    words = page.words
    title = page.named.title or words.title
    yield from (title, "=" * len(title), "", *wrapped(document.draft_notice))
    yield words.status.format(
        status=words.statuses.get(document.status, document.status),
        mode=words.modes.get(document.mode, document.mode),
        created=f"{document.created:%Y-%m-%d %H:%M}",
    )
    yield words.study.format(study_id=document.study_id)
    for warning in document.warnings:
        yield from wrapped(f"! {with_names(warning.text, page.names)} [{warning.code}]", hanging="  ")


def header_lines(header: HeaderOut, page: Page) -> Iterator[str]:
    """What was posted and what it is worth."""
    words = page.words
    counts = {"files": header.files, "used": header.used, "skipped": header.skipped}
    assessed = {"assessed": header.sections_assessed, "sections": header.sections}
    yield from wrapped(words.posted.format(**counts, **assessed), indent="  ", hanging="    ")
    views = [f"{page.named.view(row.view)} {len(row.clips)}" for row in header.views if row.view is not None]
    if views:
        yield from wrapped(words.views.format(views=", ".join(views)), indent="  ", hanging="    ")
    rates = list(_rates(header.frame_rates, page))
    if rates:
        yield from wrapped(words.frame_rates.format(rates=", ".join(rates)), indent="  ", hanging="    ")
    limits = [words.limits[limit.code].format(clips=page.clips(limit.clips)) for limit in header.limits]
    quality = " ".join([words.qualities[header.quality], *limits])
    yield from wrapped(words.quality.format(quality=quality), indent="  ", hanging="    ")


def _rates(rows: Sequence[RateClips], page: Page) -> Iterator[str]:
    """The range of frame rates by where they were found, and how many clips."""
    words = page.words
    for source in dict.fromkeys(row.source for row in rows):
        found = [row for row in rows if row.source == source]
        known = [words.number(row.frame_rate_hz) for row in found if row.frame_rate_hz is not None]
        rate = words.unknown_rate if not known else known[0]
        if len(known) > 1:
            rate = words.range.format(low=known[0], high=known[-1])
        count = len({clip for row in found for clip in row.clips})
        yield words.frame_rate.format(rate=rate, source=words.frame_rate_sources[source], count=count)


def impression_lines(document: ReportDocument, words: PageWords) -> Iterator[str]:
    """The statements in their order, each with the sections and their sentences, counted from 1, that it rests on."""
    headings = {section.name: section.title or section.name for section in document.sections}
    for number, statement in enumerate(document.impression, start=1):
        places = "; ".join(
            words.places(headings.get(row.section, row.section), row.sentences) for row in statement.rests_on
        )
        text = f"{number}. {statement.text}" + (f" ({places})" if places else "")
        yield from wrapped(text, indent="  ", hanging="     ")


def heading_of(section: SectionOut) -> str:
    """The heading of a section."""
    return (section.title or section.name).upper()


def section_lines(section: SectionOut, page: Page) -> Iterator[str]:
    """The text of a section, what is not said, and the clips that matter; or why it is not assessed."""
    words = page.words
    if not section.assessed:
        reasons = {
            "no_clip_used": words.no_clip_used,
            "no_clip_of_an_informative_view": words.no_informative_view,
            "study_unlike": words.study_unlike,
        }
        why = reasons.get(section.reason or "", section.reason or words.no_reason)
        lacking = () if section.reason == "study_unlike" else section.shown_by  # it lacks no view
        wanted = f" ({', '.join(map(page.named.view, lacking))})" if lacking else ""
        yield from wrapped(words.not_assessed.format(why=why + wanted), indent="  ")
        return
    if section.text or not section.not_shown:  # what no clip shows is told below, and is reason enough
        yield from wrapped(section.text or words.no_sentence, indent="  ")
    for row in section.not_shown:
        views = ", ".join(map(page.named.view, row.shown_by))
        said = words.not_shown.format(what=page.named.phenotype(row.phenotype), views=views)
        yield from wrapped(said, indent="    ", hanging="      ")
    if section.views:
        yield from wrapped(words.from_clips.format(clips=_clips_that_matter(section.views, page)), indent="    ")


def _clips_that_matter(views: Sequence[ViewWeight], page: Page) -> str:
    """The clips of largest weight, and how many more there are."""
    matter = [view for view in views[:_SHOWN_CLIPS] if view.weight >= _LEAST_SHARE] or views[:1]
    shown = ", ".join(_weighted(view, page) for view in matter)
    more = len(views) - len(matter)
    return shown if more <= 0 else page.words.more_clips.format(clips=shown, count=more)


def _weighted(view: ViewWeight, page: Page) -> str:
    name, share = page.clip(view.clip, view.panel), page.words.share(view.weight)
    return f"{name} ({page.named.view(view.view)} {share})" if view.view else f"{name} ({share})"


def clip_lines(clips: Sequence[ClipOut], page: Page) -> Iterator[str]:
    """A line per clip: number and view in columns, and why one was skipped."""
    whole = replace(page, names=page.paths)
    names = [f"{whole.clip(clip.clip, clip.panel):>3}" for clip in clips]
    wide = max(map(width_of, names), default=0)
    padded = [name + " " * (wide - width_of(name)) for name in names]
    used = iter(aligned([_used(clip, page) for clip in clips if clip.used]))
    for name, clip in zip(padded, clips, strict=True):
        if clip.used:
            yield f"  {name}  {next(used)}"
            continue
        reason = page.words.skip_reasons.get(clip.skipped or "") or clip.detail or clip.skipped or ""
        said = f"{page.words.skipped.format(why=with_names(reason, page.names))} [{clip.skipped}]"
        yield from wrapped(f"{name}  {said}", indent="  ", hanging=" " * 7)


def _used(clip: ClipOut, page: Page) -> list[str]:
    """The view, how sure it is, and where the part begins that was looked at."""
    sure = "" if clip.view_probability is None else page.words.share(clip.view_probability)
    return [page.named.view(clip.view), sure, page.words.from_frame.format(frame=clip.start_frame)]


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
