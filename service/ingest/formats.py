"""What a modality says of its files: which are its own, which belong together, and how they are read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from model.errors import ClipRejected
from model.study import Acquisition
from service.ingest.identity import Identity
from service.ingest.limits import IngestLimits

HEAD_BYTES = 4096  # of a file, enough to see five packets of a transport stream
A_co = TypeVar("A_co", bound=Acquisition, covariant=True)  # the modality's own type


@dataclass(frozen=True)
class AcquisitionFile:
    """A file that belongs to an acquisition. position: in the upload, from 1. sha256: of its bytes."""

    position: int
    sha256: str
    path: Path = field(repr=False)


# (files of one acquisition in upload order, limits, what the networks need of them) → the acquisition.
# Raises ClipRejected where the files cannot be used.
ReadFiles = Callable[[Sequence[AcquisitionFile], IngestLimits, Any], A_co]


@dataclass(frozen=True)
class Recognised(Generic[A_co]):
    """A file of a known format, its header read, nothing decoded.

    identity: whose it is, None where the format does not say.
    group: files of one group make one acquisition; None: the file is one by itself.
    read: reads the files of the group; that of its first file is called.
    """

    read: ReadFiles[A_co]
    identity: Identity | None = None
    group: str | None = field(default=None, repr=False)


def know_nothing(_head: bytes) -> ClipRejected | None:
    """No reason: the file is of no kind that is known."""
    return None


class FileFormat(Protocol[A_co]):
    """A format that a modality reads."""

    def recognise(self, path: Path, head: bytes, limits: IngestLimits) -> Recognised[A_co] | None:
        """The file as one of this format, None where it is of another. The bytes decide, never the name.

        head: the first HEAD_BYTES bytes. Raises ClipRejected when it is of this format and cannot be used.
        """


@dataclass(frozen=True)
class FileFormats(Generic[A_co]):
    """The formats of a modality, asked in this order.

    names: what a refusal says they are. refuse: the true reason against a file of a known kind that is not read.
    """

    formats: tuple[FileFormat[A_co], ...]
    names: str
    refuse: Callable[[bytes], ClipRejected | None] = know_nothing
