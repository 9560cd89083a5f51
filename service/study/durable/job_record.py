"""An accepted study on disk: what a later process needs to take it up, and how often one began to."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from pydantic import TypeAdapter, ValidationError

from service.documents.document import Document
from service.run_options import RunOptions
from service.study.job import StudyJob
from service.study.report_form import ReportForm
from service.study.upload import Upload, sync_folder

RECORD: Final = "job.json"
_BEGUN: Final = "begun"  # a byte for each time that a process began with the study
_VERSION: Final = 1
_OPTIONS: Final = TypeAdapter(RunOptions)


class RecordDamaged(ValueError):
    """A record that cannot be read, or files that it names and that are gone."""


class JobRecord(Document):
    """A study as it was accepted; `files` by name in its folder, in upload order, with their sha256."""

    version: int = _VERSION
    study_id: str
    request_id: str | None
    tenant: str
    client: str | None
    accepted: datetime
    options: str  # JSON of RunOptions
    files: dict[str, str]
    payload_sha256: str

    @classmethod
    def of(cls, job: StudyJob) -> Self:
        """The record of a study that is about to be accepted."""
        upload = job.upload
        return cls(
            study_id=job.study_id,
            request_id=job.request_id,
            tenant=job.tenant,
            client=job.client,
            accepted=datetime.now(UTC),
            options=_OPTIONS.dump_json(job.options).decode(),
            files={path.name: upload.sha256.get(path, "") for path in upload.files},
            payload_sha256=upload.payload_sha256,
        )

    def write(self, folder: Path) -> None:
        """Puts the record beside the files; both are on disk afterwards, whatever happens. Raises OSError."""
        part = folder / f"{RECORD}.part"
        with part.open("xb") as file:
            file.write(self.model_dump_json().encode())
            file.flush()
            os.fsync(file.fileno())
        part.rename(folder / RECORD)
        sync_folder(folder)
        sync_folder(folder.parent)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The record in a folder; None where the study was never accepted. Raises RecordDamaged or OSError."""
        try:
            record = cls.model_validate_json((folder / RECORD).read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise RecordDamaged(folder.name) from error
        if record.version > _VERSION or not all((folder / name).is_file() for name in record.files):
            raise RecordDamaged(folder.name)
        return record

    @property
    def run_options(self) -> RunOptions:
        """What the request chose. Raises RecordDamaged."""
        try:
            return _OPTIONS.validate_json(self.options)
        except ValidationError as error:
            raise RecordDamaged(self.study_id) from error

    def upload(self, folder: Path) -> Upload:
        """The files again. Fields of the form are in the options."""
        digests = {folder / name: digest for name, digest in self.files.items()}
        hashed = {path: digest for path, digest in digests.items() if digest}
        return Upload(folder, tuple(digests), ReportForm(), self.payload_sha256, hashed)


def note_beginning(folder: Path) -> None:
    """Counts a try. Not synchronised: it must outlive the process, and a power cut is no fault of the study."""
    with suppress(OSError), (folder / _BEGUN).open("ab") as file:  # a full disk costs the count, not the study
        file.write(b".")


def beginnings(folder: Path) -> int:
    """How many processes began with the study."""
    with suppress(OSError):
        return (folder / _BEGUN).stat().st_size
    return 0
