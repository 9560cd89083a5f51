"""A report document as plain text: what `Accept: text/plain` and the command line show."""

import textwrap
from collections.abc import Iterator

from service.renderings.page_words import PageWords, words_of
from service.renderings.phenotype_table import phenotype_lines
from service.schemas import ClipOut, ReportDocument, SectionOut, StudyPhenotypes

_WIDTH = 100  # columns of a terminal that shows the phenotype table unbroken
_SHOWN_PROVENANCE = ("bundle", "bank", "candidates", "echoscribe", "device")


def report_text(document: ReportDocument) -> str:
    """The report for reading: notice, warnings, sections, phenotypes, clips, and where it came from."""
    return "\n".join(line.rstrip() for line in _lines(document)) + "\n"


def _lines(document: ReportDocument) -> Iterator[str]:
    words = words_of(document.lang)
    yield from (words.title, "=" * len(words.title), "")
    yield from _wrap(document.draft_notice)
    created = f"{document.created:%Y-%m-%d %H:%M}"
    yield words.status.format(status=document.status, mode=document.mode, created=created)
    yield words.study.format(study_id=document.study_id)
    for warning in document.warnings:
        yield from _wrap(f"! {warning.text} [{warning.code}]", hanging="  ")
    for section in document.sections:
        yield from _section(section, words)
    yield from ("", words.phenotypes, "")
    study = StudyPhenotypes(study_id=document.study_id, created=document.created, phenotypes=document.phenotypes)
    yield from (f"  {line}" for line in phenotype_lines(study))
    yield from ("", words.clips, "")
    for clip in document.clips:
        yield from _wrap(_clip(clip, words), indent="  ", hanging="      ")
    yield ""
    made_by = ", ".join(f"{n} {document.provenance[n]}" for n in _SHOWN_PROVENANCE if n in document.provenance)
    yield from _wrap(words.made_by.format(parts=made_by))


def _section(section: SectionOut, words: PageWords) -> Iterator[str]:
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
    clips = ", ".join(f"{_name(view.clip, view.panel)} ({view.view} {view.weight:.0%})" for view in section.views)
    yield from _wrap(words.from_clips.format(clips=clips), indent="    ", hanging="    ")


def _name(clip: int, panel: int | None) -> str:
    """Position in the upload; where its frames hold several pictures, a stroke and which of them."""
    return f"{clip}" if panel is None else f"{clip}/{panel}"


def _clip(clip: ClipOut, words: PageWords) -> str:
    name = _name(clip.clip, clip.panel)
    if clip.used:
        sure = "" if clip.view_probability is None else f" ({clip.view_probability:.0%})"
        return f"{name:>3}  {clip.view}{sure}, {words.from_frame.format(frame=clip.start_frame)}"
    why = words.skip_reasons.get(clip.skipped or "") or clip.detail or clip.skipped
    return f"{name:>3}  {words.skipped.format(why=why)} [{clip.skipped}]"


def _wrap(text: str, *, indent: str = "", hanging: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
    )
