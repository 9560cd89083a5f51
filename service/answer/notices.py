"""What the reader of an answer must know of its clips, and of estimates that rest on little."""

from collections.abc import Iterable, Mapping

from model.report.request import ReportWarning
from model.study import ClipFacts
from service.answer.text.report_language import ReportLanguage
from service.renderings.page_words import PageWords
from service.schemas import PhenotypeOut, ReportDocument


def draft_notice(words: PageWords, *, synthetic: bool, unlike: bool) -> str:
    """What stands at the head of every rendering. synthetic: of a bundle that has seen no patient."""
    further = ((synthetic, words.demonstration_notice), (unlike, words.unlike_notice))
    return " ".join([words.draft_notice, *(notice for applies, notice in further if applies)])


def clip_warnings(facts: Mapping[int, ClipFacts]) -> list[ReportWarning]:
    """What was noticed while the used clips were read."""
    warnings = [
        ReportWarning(warning.code, {"clip": str(position), "text": warning.text})
        for position, clip in sorted(facts.items())
        for warning in clip.warnings
    ]
    if assumed := sorted(position for position, clip in facts.items() if clip.frame_rate_hz is None):
        warnings.append(ReportWarning("frame_rate_assumed", {"clips": list_positions(assumed)}))
    return warnings


def phenotypes_of_few_views(phenotypes: Mapping[str, PhenotypeOut]) -> list[str]:
    """`phenotype (view)` of what is estimated from fewer views than a guideline asks for."""
    rows = [(name, row) for name, row in phenotypes.items() if row.views_wanted and len(row.views) < row.views_wanted]
    return [f"{name} ({', '.join(row.views)})" for name, row in rows]


def list_positions(positions: Iterable[int]) -> str:
    """The positions as a list in words."""
    return ", ".join(map(str, positions))


def from_unchecked_bank(document: ReportDocument, language: ReportLanguage) -> ReportDocument:
    """The document, which says that not all of its bank had been compared with its hashes when it was written."""
    warnings = language.word_warnings([ReportWarning("bank_not_checked_yet")])
    provenance = {**document.provenance, "bank_check": "running"}
    return document.model_copy(update={"warnings": [*document.warnings, *warnings], "provenance": provenance})
