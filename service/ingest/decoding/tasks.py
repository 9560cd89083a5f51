"""What a decoder is asked to do with a file, done in the process that it is called in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.ingest.archive import unpack
from service.ingest.file_list import StoredFile
from service.ingest.formats import AcquisitionFile, FileFormats
from service.ingest.limits import IngestLimits
from service.ingest.recognition import content_of


@dataclass(frozen=True)
class Recognise:
    """What a file is: its identity, None where it states none, and the group that it belongs to."""

    file: StoredFile
    limits: IngestLimits
    formats: FileFormats[Any]

    def run(self, plan: Any) -> Any:  # noqa: ARG002 - every task is run alike; Read needs it
        """[identity, group]. Raises ClipRejected."""
        found = content_of(self.file, self.limits, self.formats)
        return found.identity, found.group


@dataclass(frozen=True)
class Read:
    """The acquisition that some files make. first: that whose format reads them."""

    first: StoredFile
    files: Sequence[AcquisitionFile]
    limits: IngestLimits
    formats: FileFormats[Any]

    def run(self, plan: Any) -> Any:
        """The acquisition. Raises ClipRejected."""
        return content_of(self.first, self.limits, self.formats).read(self.files, self.limits, plan)


@dataclass(frozen=True)
class Unpack:
    """The files of a zip, written into a folder."""

    archive: Path
    folder: Path
    limits: IngestLimits

    def run(self, plan: Any) -> Any:  # noqa: ARG002 - every task is run alike; Read needs it
        """The files as [name in the folder, is_system_name, fault, name, folder]. Raises ArchiveRefused, EmptyStudy."""
        stored = unpack(self.archive, self.folder, self.limits)
        return [[each.path.name, each.is_system_name, each.fault, each.name, each.folder] for each in stored]


Task = Recognise | Read | Unpack
