"""Rows of the store as documents; a row that cannot be read is named, and costs no other."""

from datetime import UTC, datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row

from service.errors import AnswerUnreadable
from service.problem import Problem
from service.schemas import PhenotypeOut, ReportDocument, StudyPhenotypes, UnreadableStudy, phenotypes_of
from service.store.tables import ROW_VERSION, studies

PHENOTYPES: Final = TypeAdapter(dict[str, PhenotypeOut])
ANSWER_COLUMNS: Final = (studies.c.study_id, studies.c.version, studies.c.document, studies.c.problem)
LIST_COLUMNS: Final = (
    studies.c.study_id,
    studies.c.created,
    studies.c.version,
    studies.c.phenotypes,
    studies.c.bundle,
    studies.c.bundle_sha256,
    studies.c.bank,
    studies.c.bank_sha256,
)


def outcome_of(row: Row[*tuple[Any, ...]]) -> ReportDocument | Problem | None:
    """What a row answers; None while the study is open. Raises AnswerUnreadable."""
    if row.document is None and row.problem is None:
        return None
    _require_known(row)
    try:
        if row.document is not None:
            return ReportDocument.model_validate_json(row.document)
        return Problem.model_validate_json(row.problem)
    except ValidationError as error:
        raise AnswerUnreadable("the kept answer of this study is damaged; post the study again") from error


def listed(row: Row[*tuple[Any, ...]]) -> StudyPhenotypes | UnreadableStudy:
    """A row as a list shows it, or why it cannot."""
    try:
        _require_known(row)
        return StudyPhenotypes(
            study_id=row.study_id,
            created=datetime.fromisoformat(row.created),
            bundle=row.bundle,
            bundle_sha256=row.bundle_sha256,
            bank=row.bank,
            bank_sha256=row.bank_sha256,
            phenotypes=PHENOTYPES.validate_json(row.phenotypes),
        )
    except AnswerUnreadable:
        return UnreadableStudy(study_id=str(row.study_id), reason="written_by_a_newer_version")
    except (ValueError, TypeError):  # pydantic's and datetime's; TypeError: a column that holds no text
        return UnreadableStudy(study_id=str(row.study_id), reason="damaged")


def row_of(document: ReportDocument) -> dict[str, Any]:
    """What a row keeps of an answer."""
    listed_as = phenotypes_of(document)
    return {
        "created": iso_utc(document.created),
        "document": document.model_dump_json(),
        "phenotypes": PHENOTYPES.dump_json(document.phenotypes).decode(),
        "problem": None,
        "version": ROW_VERSION,
        **listed_as.model_dump(include={"bundle", "bundle_sha256", "bank", "bank_sha256"}),
    }


def iso_utc(moment: datetime) -> str:
    """The moment as the store sorts it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _require_known(row: Row[*tuple[Any, ...]]) -> None:
    if not isinstance(row.version, int) or row.version > ROW_VERSION:
        raise AnswerUnreadable("the kept answer of this study was written by a newer version of the program")
