"""What a reader must not miss, whatever the format: that it is a draft, and what forbids to rely on it."""

from typing import Final, Literal

from service.renderings.page_words import PageWords
from service.schemas import ReportDocument

# Warnings after which nothing in the report describes the patient.
_DEMONSTRATION: Final = {"untrained_bundle", "synthetic_domain"}
_UNLIKE: Final = {"out_of_distribution", "study_unlike"}


def report_status(document: ReportDocument) -> Literal["preliminary", "final", "amended"]:
    """Whether the report is signed, and whether after an earlier signature; words of FHIR's table of either."""
    edition = document.edition
    if edition is None or edition.state != "final":
        return "preliminary"
    return "final" if edition.amends is None else "amended"


def is_demonstration(document: ReportDocument) -> bool:
    """Whether nothing in it describes a patient."""
    return document.status == "demonstration" or bool(_codes(document) & _DEMONSTRATION)


def is_unlike(document: ReportDocument) -> bool:
    """Whether it rests on clips that are unlike the known ones."""
    return bool(_codes(document) & _UNLIKE)


def marks_of(document: ReportDocument, words: PageWords) -> list[str]:
    """What stands on every page, the gravest first."""
    marks = [
        (is_demonstration(document), words.demonstration_mark),
        (is_unlike(document), words.unlike_mark),
        (report_status(document) == "preliminary", words.draft_mark),
    ]
    return [text for applies, text in marks if applies]


def _codes(document: ReportDocument) -> set[str]:
    return {warning.code for warning in document.warnings}
