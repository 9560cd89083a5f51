"""The one table from error class to HTTP status, and the problem document (RFC 9457) that every error becomes."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, Self

from pydantic import Field

from service import editing_errors as editing
from service import errors
from service.documents.document import Document
from service.errors import ServiceError

MEDIA_TYPE: Final = "application/problem+json"
_TYPE_PREFIX: Final = "urn:echoscribe:problem:"

# Class → (status, title). A class that is not here takes the row of its nearest base.
TABLE: Mapping[type[ServiceError], tuple[int, str]] = {
    errors.ServiceError: (500, "The service failed"),
    errors.KeyMissing: (401, "A key is needed"),
    errors.KeyRefused: (401, "The key opens nothing"),
    errors.ScopeMissing: (403, "The key may not do this"),
    errors.HostRefused: (421, "The service does not answer to this name"),
    errors.CrossSite: (403, "Another site's page may not do this"),
    errors.AccessError: (503, "Access cannot be decided now"),
    errors.StudyError: (422, "The upload is no study"),
    errors.EmptyStudy: (422, "No files in the upload"),
    errors.StudyTooLarge: (413, "The study exceeds a limit"),
    errors.MixedStudies: (422, "Files of more than one study or patient"),
    errors.SeveralStudies: (422, "Files in more than one folder, and nothing makes them one study"),
    errors.ArchiveRefused: (422, "The archive cannot be used"),
    errors.InvalidField: (422, "A field of the request cannot be used"),
    errors.ModeUnavailable: (409, "The bundle cannot write in this mode"),
    errors.InvalidNeighbours: (422, "k is out of range"),
    errors.UnknownLanguage: (422, "No reports in that language"),
    errors.NotAcceptable: (406, "No rendering fits what was asked for"),
    errors.IdempotencyKeyReused: (422, "The idempotency key belongs to another request"),
    errors.EmbeddingsOff: (403, "Vectors are not given out"),
    errors.ShadowMode: (403, "Drafts are not shown"),
    errors.UnknownStudy: (404, "No study of that id"),
    editing.EditingError: (409, "The report cannot be changed so"),
    editing.UnknownVersion: (404, "No version of that number"),
    editing.VersionConflict: (409, "The report was changed meanwhile"),
    editing.ReportFinal: (409, "The report is signed"),
    editing.ReportNotFinal: (409, "The report is not signed"),
    editing.NotJson: (415, "The body must be JSON"),
    editing.FeedbackOff: (403, "Signed reports are not given out"),
    errors.UnsupportedUpload: (415, "The body must be plain multipart/form-data"),
    errors.MalformedUpload: (400, "The body is no valid multipart form"),
    errors.UploadTooLarge: (413, "The upload exceeds a limit"),
    errors.UploadTimeout: (408, "The upload came too slowly"),
    errors.UploadCutOff: (400, "The upload was cut off"),
    errors.UploadFolderFull: (507, "No space left for uploads"),
    errors.QueueFull: (429, "The queue is full"),
    errors.Unavailable: (503, "The service cannot take a study now"),
    errors.NotReady: (503, "The service is not ready"),
    errors.Draining: (503, "The service is shutting down"),
    errors.UploadsUnusable: (503, "Uploads cannot be kept"),
    errors.DeviceLost: (503, "The device was lost"),
    # 410 and not 503: asking again for this study can never succeed, only posting it again can.
    errors.Interrupted: (410, "The service stopped before the study was answered"),
    errors.TriesExhausted: (500, "The service ended each time that it worked on this study"),
    errors.DeviceOutOfMemory: (503, "The study does not fit into the device's memory"),
    errors.AnswerTimeout: (504, "The answer is not ready yet"),
    errors.Abandoned: (410, "The study was dropped"),
    errors.InternalFault: (500, "The service failed on this study"),
    errors.StoreError: (503, "Results cannot be kept"),
    # 410 as well: what cannot be read now can be read at no later time.
    errors.AnswerUnreadable: (410, "The kept answer cannot be read"),
}
_HIDDEN_DETAIL = "The service's log has the details under this request id."


class Problem(Document):
    """An error as the caller sees it (RFC 9457); `code` is the last word of `type`."""

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    code: str
    field: str | None = Field(None, description="Form field, query parameter or header at fault.")
    limit: int | float | None = Field(None, description="The limit that was exceeded.")
    positions: list[int] | None = Field(None, description="Upload positions at fault, counted from 1.")
    retry_after_seconds: int | None = Field(None, description="When trying again makes sense.")
    study_id: str | None = Field(None, description="The study at fault, where it was accepted.")
    request_id: str | None = None

    @classmethod
    def of(cls, error: ServiceError, study_id: str | None = None) -> Self:
        """The problem of a service error. What our own faults say stays in the log: it may quote a file."""
        status, title = table_row(type(error))
        code = code_of(type(error))
        return cls(
            type=_TYPE_PREFIX + code,
            title=title,
            status=status,
            detail=_HIDDEN_DETAIL if status == 500 else str(error) or title,
            code=code,
            field=error.field,
            limit=error.limit,
            positions=list(error.positions) or None,
            retry_after_seconds=error.retry_after_seconds,
            study_id=study_id,
        )

    @classmethod
    def of_status(cls, status: int, detail: str | None = None, **members: str | None) -> Self:
        """The problem of a bare HTTP status, such as an unknown route."""
        phrase = HTTPStatus(status).phrase
        code = phrase.lower().replace(" ", "_").replace("-", "_")
        return cls(
            type=_TYPE_PREFIX + code,
            title=phrase,
            status=status,
            detail=detail or HTTPStatus(status).description or phrase,
            code=code,
            field=members.get("field"),
        )

    def body(self) -> bytes:
        """JSON of the members that are set."""
        return self.model_dump_json(exclude_none=True).encode()


class KeptProblem(ServiceError):
    """A study failed earlier; its stored problem is the answer again."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail, retry_after_seconds=problem.retry_after_seconds)
        self.problem = problem


def problem_of(error: ServiceError) -> Problem:
    """The problem that an error is answered with."""
    return error.problem if isinstance(error, KeptProblem) else Problem.of(error)


def table_row(kind: type[ServiceError]) -> tuple[int, str]:
    """Status and title of an error class: its own row, else its nearest base's."""
    for base in kind.__mro__:
        if base in TABLE:
            return TABLE[base]
    raise KeyError(kind.__name__)


def code_of(kind: type[ServiceError]) -> str:
    """The class name in snake case: MixedStudies → mixed_studies."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
