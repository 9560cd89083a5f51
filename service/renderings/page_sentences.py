"""What a page says, sentence by sentence and unbroken: the same words whether they become text, HTML, PDF or codes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.documents.edition import EditionOut
from service.documents.examination import HeaderOut, RateClips
from service.modalities.words import ModalityWords, modality_words
from service.renderings.local_names import name_of, with_names, without_common_folder
from service.renderings.page_words import PageWords, words_of
from service.renderings.standing import report_status
from service.schemas import ClipOut, ReportDocument, SectionOut, ViewWeight

_SHOWN_CLIPS = 3  # of a section: those that matter most,
_LEAST_SHARE = 0.05  # and none that hardly matters, unless it is the only one
_SHOWN_PROVENANCE = ("bundle", "bank", "candidates", "echoscribe", "device")


@dataclass(frozen=True)
class Page:
    """The words of a document's page, and local names of files by position, only for the terminal of their owner.

    names: without the folders that all of them share. paths: whole, for the list of clips. is_final: somebody signed.
    """

    words: PageWords
    named: ModalityWords
    names: Mapping[int, str]
    paths: Mapping[int, str]
    is_final: bool = False

    @classmethod
    def of(cls, document: ReportDocument, names: Mapping[int, str] | None = None) -> "Page":
        """The page of a document in its language."""
        named = modality_words(document.modality, document.lang)
        is_final = report_status(document) != "preliminary"
        return cls(words_of(document.lang), named, without_common_folder(names or {}), names or {}, is_final)

    @property
    def title(self) -> str:
        """The title of the report, in capitals as its language writes it."""
        if self.is_final:
            return self.named.final_title or self.words.final_title
        return self.named.title or self.words.title

    def clip(self, clip: int, panel: int | None = None) -> str:
        """Its name or position; where its frames hold several pictures, a stroke and which of them."""
        name = name_of(clip, self.names)
        return name if panel is None else f"{name}/{panel}"

    def clips(self, clips: Sequence[int]) -> str:
        """Several clips."""
        return ", ".join(map(self.clip, clips))


def status_sentences(document: ReportDocument, words: PageWords) -> list[str]:
    """Status with mode and time, the id of the study, and which version a person made of it."""
    status = words.status.format(
        status=words.statuses.get(document.status, document.status),
        mode=words.modes.get(document.mode, document.mode),
        created=f"{document.created:%Y-%m-%d %H:%M}",
    )
    edition = [] if document.edition is None else [edition_sentence(document.edition, words)]
    return [status, words.study.format(study_id=document.study_id), *edition]


def edition_sentence(edition: EditionOut, words: PageWords) -> str:
    """Which version this is, and what it was opened for."""
    told = words.editions[edition.state].format(version=edition.version, when=f"{edition.created:%Y-%m-%d %H:%M}")
    if edition.amends is None:
        return told
    return f"{told} {words.editions['amends'].format(version=edition.amends, reason=edition.reason)}"


def warning_sentences(document: ReportDocument, page: Page) -> Iterator[str]:
    """Each warning with its code."""
    for warning in document.warnings:
        yield f"{with_names(warning.text, page.names)} [{warning.code}]"


def header_sentences(header: HeaderOut, page: Page) -> Iterator[str]:
    """What was posted and what it is worth."""
    words = page.words
    counts = {"files": header.files, "used": header.used, "skipped": header.skipped}
    assessed = {"assessed": header.sections_assessed, "sections": header.sections}
    yield words.posted.format(**counts, **assessed)
    views = [f"{page.named.view(row.view)} {len(row.clips)}" for row in header.views if row.view is not None]
    if views:
        yield words.views.format(views=", ".join(views))
    rates = list(_rates(header.frame_rates, page))
    if rates:
        yield words.frame_rates.format(rates=", ".join(rates))
    limits = [words.limits[limit.code].format(clips=page.clips(limit.clips)) for limit in header.limits]
    yield words.quality.format(quality=" ".join([words.qualities[header.quality], *limits]))


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


def impression_sentences(document: ReportDocument, words: PageWords) -> Iterator[str]:
    """The statements in their order, each with the sections and their sentences, counted from 1, that it rests on."""
    headings = {section.name: section.title or section.name for section in document.sections}
    for statement in document.impression:
        places = "; ".join(
            words.places(headings.get(row.section, row.section), row.sentences) for row in statement.rests_on
        )
        yield statement.text + (f" ({places})" if places else "")


def not_assessed_sentence(section: SectionOut, page: Page) -> str:
    """Why a section is not assessed, and which views would show it."""
    words = page.words
    reasons = {
        "no_clip_used": words.no_clip_used,
        "no_clip_of_an_informative_view": words.no_informative_view,
        "study_unlike": words.study_unlike,
    }
    why = reasons.get(section.reason or "", section.reason or words.no_reason)
    lacking = () if section.reason == "study_unlike" else section.shown_by  # it lacks no view
    wanted = f" ({', '.join(map(page.named.view, lacking))})" if lacking else ""
    return words.not_assessed.format(why=why + wanted)


def text_of(section: SectionOut, page: Page) -> str | None:
    """The text of an assessed section; None where what no clip shows, which is told below, is reason enough."""
    return (section.text or page.words.no_sentence) if section.text or not section.not_shown else None


def footnotes_of(section: SectionOut, page: Page) -> Iterator[tuple[str, str]]:
    """`hidden` and what no clip shows, then `clips` and the clips that matter."""
    words = page.words
    for row in section.not_shown:
        views = ", ".join(map(page.named.view, row.shown_by))
        yield "hidden", words.not_shown.format(what=page.named.phenotype(row.phenotype), views=views)
    if section.views:
        yield "clips", words.from_clips.format(clips=_clips_that_matter(section.views, page))


def section_sentences(section: SectionOut, page: Page) -> list[str]:
    """All that is said of a section: its text, what no clip shows and which clips matter, or why it is not assessed."""
    if not section.is_told:
        return [not_assessed_sentence(section, page)]
    text = text_of(section, page)
    return [*([] if text is None else [text]), *(said for _, said in footnotes_of(section, page))]


def _clips_that_matter(views: Sequence[ViewWeight], page: Page) -> str:
    """The clips of largest weight, and how many more there are."""
    matter = [view for view in views[:_SHOWN_CLIPS] if view.weight >= _LEAST_SHARE] or views[:1]
    shown = ", ".join(_weighted(view, page) for view in matter)
    more = len(views) - len(matter)
    return shown if more <= 0 else page.words.more_clips.format(clips=shown, count=more)


def _weighted(view: ViewWeight, page: Page) -> str:
    name, share = page.clip(view.clip, view.panel), page.words.share(view.weight)
    return f"{name} ({page.named.view(view.view)} {share})" if view.view else f"{name} ({share})"


def skipped_sentence(clip: ClipOut, page: Page) -> str:
    """Why a clip was skipped, with its code."""
    reason = page.words.skip_reasons.get(clip.skipped or "") or clip.detail or clip.skipped or ""
    return f"{page.words.skipped.format(why=with_names(reason, page.names))} [{clip.skipped}]"


def used_cells(clip: ClipOut, page: Page) -> list[str]:
    """The view, how sure it is, and where the part begins that was looked at."""
    sure = "" if clip.view_probability is None else page.words.share(clip.view_probability)
    return [page.named.view(clip.view), sure, page.words.from_frame.format(frame=clip.start_frame)]


def made_by_sentence(document: ReportDocument, words: PageWords) -> str:
    """What the report was made with."""
    named = words.made_of
    parts = [f"{named.get(n, n)} {document.provenance[n]}" for n in _SHOWN_PROVENANCE if n in document.provenance]
    return words.made_by.format(parts=", ".join(parts))
