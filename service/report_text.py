"""A report document as plain text: what `Accept: text/plain` and the command line show."""

import textwrap
from collections.abc import Iterator

from service.phenotype_table import phenotype_lines
from service.schemas import ClipOut, ReportDocument, SectionOut, StudyPhenotypes

_WIDTH = 100  # columns of a terminal that shows the phenotype table unbroken
_SHOWN_PROVENANCE = ("bundle", "bank", "candidates", "echoscribe", "device")
_NOT_ASSESSED = {
    "no_clip_used": "no clip could be used",
    "no_clip_of_an_informative_view": "no clip of a view that shows it",
}


def report_text(document: ReportDocument) -> str:
    """The report for reading: notice, warnings, sections, phenotypes, clips, and where it came from."""
    return "\n".join(line.rstrip() for line in _lines(document)) + "\n"


def _lines(document: ReportDocument) -> Iterator[str]:
    yield from ("ECHOCARDIOGRAPHY REPORT (DRAFT)", "=" * 31, "")
    yield from _wrapped(document.draft_notice)
    yield f"Status: {document.status}. Mode: {document.mode}. {document.created:%Y-%m-%d %H:%M} UTC."
    yield f"Study: {document.study_id}"
    for warning in document.warnings:
        yield from _wrapped(f"! {warning.text} [{warning.code}]", hanging="  ")
    for section in document.sections:
        yield from _section(section)
    yield from ("", "PHENOTYPES", "")
    study = StudyPhenotypes(study_id=document.study_id, created=document.created, phenotypes=document.phenotypes)
    yield from (f"  {line}" for line in phenotype_lines(study))
    yield from ("", "CLIPS", "")
    for clip in document.clips:
        yield from _wrapped(_clip(clip), indent="  ", hanging="      ")
    yield ""
    made_by = ", ".join(f"{n} {document.provenance[n]}" for n in _SHOWN_PROVENANCE if n in document.provenance)
    yield from _wrapped(f"Made by {made_by}")


def _section(section: SectionOut) -> Iterator[str]:
    yield from ("", section.name.upper())
    if not section.assessed:
        why = _NOT_ASSESSED.get(section.reason or "", section.reason or "no reason given")
        yield f"  Not assessed: {why}."
        return
    yield from _wrapped(section.text or "No sentence was written.", indent="  ")
    clips = ", ".join(f"{view.clip} ({view.view} {view.weight:.0%})" for view in section.views)
    yield from _wrapped(f"From clips {clips}.", indent="    ", hanging="    ")


def _clip(clip: ClipOut) -> str:
    if clip.used:
        sure = "" if clip.view_probability is None else f" ({clip.view_probability:.0%})"
        return f"{clip.clip:>3}  {clip.view}{sure}, from frame {clip.start_frame}"
    return f"{clip.clip:>3}  skipped: {clip.detail or clip.skipped} [{clip.skipped}]"


def _wrapped(text: str, *, indent: str = "", hanging: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
    )
