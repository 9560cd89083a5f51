"""A document's sentences alone, to be read back."""

from service.answer.text.retrieved_report import FOREIGN_NUMBER
from service.schemas import ReportDocument


def plain_text(document: ReportDocument) -> dict[str, list[str]]:
    """The sentences of a document by section, without the mark of another patient's number."""
    return {
        section.name: [sentence.text.replace(f" {FOREIGN_NUMBER}", "") for sentence in section.sentences]
        for section in document.sections
    }
