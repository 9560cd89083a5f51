"""A report document as plain text: what `Accept: text/plain` and the command line show."""

import textwrap
from collections.abc import Iterator, Mapping

from service.modalities.words import title_of
from service.renderings.local_names import name_of, with_names
from service.renderings.page_words import PageWords, words_of
from service.renderings.phenotype_table import phenotype_lines
from service.schemas import ClipOut, ReportDocument, SectionOut, StudyPhenotypes

_WIDTH = 100  # columns of a terminal that shows the phenotype table unbroken
_SHOWN_PROVENANCE = ("bundle", "bank", "candidates", "echoscribe", "device")


def report_text(document: ReportDocument, names: Mapping[int, str] | None = None) -> str:
    """The report for reading: notice, warnings, sections, phenotypes, clips, and where it came from.

    names: local names of the files by position, only for the terminal of whoever owns them; None names positions.
    """
    return "\n".join(line.rstrip() for line in _lines(document, names or {})) + "\n"


def _lines(document: ReportDocument, names: Mapping[int, str]) -> Iterator[str]:
    words = words_of(document.lang)
    title = title_of(document.modality, document.lang) or words.title
    yield from (title, "=" * len(title), "")
    yield from _wrap(document.draft_notice)
    created = f"{document.created:%Y-%m-%d %H:%M}"
    yield words.status.format(status=document.status, mode=document.mode, created=created)
    yield words.study.format(study_id=document.study_id)
    for warning in document.warnings:
        yield from _wrap(f"! {with_names(warning.text, names)} [{warning.code}]", hanging="  ")
    for section in document.sections:
        yield from _section(section, words, names)
    yield from ("", words.phenotypes, "")
    study = StudyPhenotypes(study_id=document.study_id, created=document.created, phenotypes=document.phenotypes)
    yield from (f"  {line}" for line in phenotype_lines(study))
    yield from ("", words.clips, "")
    for clip in document.clips:
        yield from _wrap(_clip(clip, words, names), indent="  ", hanging="      ")
    yield ""
    made_by = ", ".join(f"{n} {document.provenance[n]}" for n in _SHOWN_PROVENANCE if n in document.provenance)
    yield from _wrap(words.made_by.format(parts=made_by))


def _section(section: SectionOut, words: PageWords, names: Mapping[int, str]) -> Iterator[str]:
    yield from ("", (section.title or section.name).upper())
    if not section.assessed:
        reasons = {"no_clip_used": words.no_clip_used, "no_clip_of_an_informative_view": words.no_informative_view}
        why = reasons.get(section.reason or "", section.reason or words.no_reason)
        wanted = f" ({', '.join(section.shown_by)})" if section.shown_by else ""
        yield from _wrap(words.not_assessed.format(why=why + wanted), indent="  ")
        return
    yield from _wrap(section.text or words.no_sentence, indent="  ")
    for row in section.not_shown:
        yield from _wrap(
            words.not_shown.format(what=row.phenotype, views=", ".join(row.shown_by)), indent="    ", hanging="      "
        )
    clips = ", ".join(
        f"{_name(view.clip, view.panel, names)} ({view.view} {view.weight:.0%})" for view in section.views
    )
    yield from _wrap(words.from_clips.format(clips=clips), indent="    ", hanging="    ")


def _name(clip: int, panel: int | None, names: Mapping[int, str]) -> str:
    """Its name or position; where its frames hold several pictures, a stroke and which of them."""
    name = name_of(clip, names)
    return name if panel is None else f"{name}/{panel}"


def _clip(clip: ClipOut, words: PageWords, names: Mapping[int, str]) -> str:
    name = _name(clip.clip, clip.panel, names)
    if clip.used:
        sure = "" if clip.view_probability is None else f" ({clip.view_probability:.0%})"
        return f"{name:>3}  {clip.view}{sure}, {words.from_frame.format(frame=clip.start_frame)}"
    why = with_names(words.skip_reasons.get(clip.skipped or "") or clip.detail or clip.skipped or "", names)
    return f"{name:>3}  {words.skipped.format(why=why)} [{clip.skipped}]"


def _wrap(text: str, *, indent: str = "", hanging: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
    )
