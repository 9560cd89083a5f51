"""A study that is unlike all that a bundle has learned: its neighbours are shown, and nothing is concluded from them.

What was measured in the study's own clips stands; it has a quality of its own.
"""

from collections.abc import Mapping
from dataclasses import replace

from index.retrieval import PhenotypeVote
from model.familiarity.study_distance import StudyFamiliarity
from model.measurement import Measurement, StudyMeasurements
from model.report.language.language import Language
from model.report.request import ReportWarning
from model.taxonomy import Taxonomy
from service.answer.text.report_language import ReportLanguage
from service.answer.text.written import Written
from service.documents.examination import MeasurementOut
from service.schemas import ImpressionStatement

STUDY_UNLIKE = "study_unlike"  # reason of a phenotype and of a section, code of a warning and of a limit
NOTHING_WRITTEN = Written({}, {}, said={})


def is_unlike(familiarity: StudyFamiliarity | None) -> bool:
    """Whether the study lies beyond what its bundle knows; a bundle without a limit says of none that it does."""
    return familiarity is not None and familiarity.unlike


def believed_votes(
    votes: Mapping[str, PhenotypeVote], familiarity: StudyFamiliarity | None
) -> Mapping[str, PhenotypeVote]:
    """The votes; of an unlike study how many voted and nothing of what they said."""
    if not is_unlike(familiarity):
        return votes
    return {
        name: vote if vote.value is None else replace(vote, value=None, p10=None, p90=None, reason=STUDY_UNLIKE)
        for name, vote in votes.items()
    }


def unlike_warnings(familiarity: StudyFamiliarity | None) -> list[ReportWarning]:
    """What the reader must know before anything else of an unlike study."""
    if familiarity is None or not familiarity.unlike:
        return []
    numbers = {"distance": f"{familiarity.distance:.0f}", "limit": f"{familiarity.limit:.0f}"}
    return [ReportWarning("study_unlike", numbers)]


def unlike_impression(language: ReportLanguage) -> list[ImpressionStatement]:
    """The impression of an unlike study: that there is none."""
    text = language.words.unlike_notice
    return [ImpressionStatement(text=text, kind="not_assessed", rests_on=[], lang=language.lang)]


def measured_alone(measured: StudyMeasurements, language: Language | None, taxonomy: Taxonomy) -> list[MeasurementOut]:
    """The numbers of an unlike study: those that were measured in it, in the order of sections."""
    names = dict.fromkeys(one.slot for one in measured.measurements if one.slot is not None)
    rows = [_row(slot, one, language, taxonomy) for slot in names if (one := measured.for_slot(slot)) is not None]
    return sorted((row for row in rows if row is not None), key=lambda row: taxonomy.sections.index(row.section))


def _row(slot: str, one: Measurement, language: Language | None, taxonomy: Taxonomy) -> MeasurementOut | None:
    """None where the report's language has no such number, or no section for it."""
    known = None if language is None else language.slots.get(slot)
    section = None if language is None else _section_of(slot, one.phenotype, language, taxonomy)
    if known is None or section is None:
        return None
    low, high = one.interval or (None, None)
    return MeasurementOut(
        name=slot,
        phenotype=known.phenotype,
        section=section,
        value=round(one.value, known.decimals),
        unit=known.unit,
        decimals=known.decimals,
        source="measured",
        p10=low,
        p90=high,
        candidates=0,
        asked=0,
        clips=[position for position, _ in one.clips],
        frames=list(one.frames),
    )


def _section_of(slot: str, phenotype: str | None, language: Language, taxonomy: Taxonomy) -> str | None:
    """The section that a number is stated in: its phenotype's, else that of the first phrase that holds it."""
    named = next((one.section for one in taxonomy.phenotypes if one.name == phenotype), None)
    worded = (one.section for one in language.phrases if one.slot == slot and one.section in taxonomy.sections)
    return named or next(worded, None)
