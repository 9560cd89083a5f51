"""An upload as a study: one patient, one order, its files acquisitions or reasons. Reads one acquisition at a time."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self

from model.errors import ClipRejected
from model.study import SkippedClip, SkipReason
from service.errors import StudyError, StudyUnreadable
from service.ingest.archive import is_zip
from service.ingest.decoding.study_decoding import StudyDecoding, decoding_of
from service.ingest.file_list import StoredFile, list_files
from service.ingest.formats import A_co, AcquisitionFile, FileFormats, Recognised
from service.ingest.identity import refuse_mixture, refuse_several, source_reference
from service.ingest.limits import IngestLimits


@dataclass(frozen=True)
class _Group(Generic[A_co]):
    """The files of one acquisition and what they were found to be."""

    files: tuple[AcquisitionFile, ...]
    content: Recognised[A_co] | ClipRejected = field(repr=False)

    @property
    def sha256(self) -> str:
        """Of the file; of several, over their hashes in ascending order."""
        hashes = sorted(file.sha256 for file in self.files)
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


class StudyFiles(Generic[A_co]):
    """The files of one study. A context manager: what was unpacked vanishes at its end.

    files: how many files the upload has, used or not.
    source: the identifiers of the files that state some, sealed.
    paths: where the files are read from, by position (the first is position 1).
    names: local paths, or names in the zip, by position; for a command line's own terminal, never for answers or logs.
    """

    def __init__(
        self,
        stored: Sequence[StoredFile],
        limits: IngestLimits,
        decoding: StudyDecoding[A_co],
        sha256: Mapping[Path, str] | None = None,
    ) -> None:
        self._limits = limits
        self._unpacked = ExitStack()
        self.paths = tuple(file.path for file in stored)
        self.names = _names(stored)
        self.files = len(stored)
        inspected = list(_inspect(stored, decoding, sha256 or {}))
        usable = {file.position: content.identity for file, content in inspected if isinstance(content, Recognised)}
        identities = {position: identity for position, identity in usable.items() if identity is not None}
        refuse_mixture(identities)
        refuse_several(usable, {position: file.folder for position, file in enumerate(stored, start=1)})
        self.source = source_reference(identities)
        self._groups = tuple(_grouped(inspected))

    def read(self, plan: Any = None) -> Iterator[A_co | SkippedClip]:
        """Each acquisition, or the reason why its file is skipped, in the order of sha256 (then position).

        So the answer depends on the files alone, not on the order they came in. One acquisition is in memory at a time,
        as long as the caller keeps none. plan: what the networks need (`Modality.reading_plan`); None reads everything.
        """
        for reader in self.readers(plan):
            yield reader()

    def readers(self, plan: Any = None) -> Sequence[Callable[[], A_co | SkippedClip]]:
        """What gives each of these acquisitions when it is called; several may be called side by side."""
        groups = sorted(self._groups, key=lambda group: (group.sha256, group.files[0].position))
        return tuple(partial(_read, group, self._limits, plan) for group in groups)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unpacked.close()


def open_files(
    paths: Sequence[Path],
    limits: IngestLimits,
    scratch: Path | None = None,
    sha256: Mapping[Path, str] | None = None,
    *,
    formats: FileFormats[A_co],
) -> StudyFiles[A_co]:
    """The study in a folder, in files, or in one zip of them; headers are read, nothing is decoded.

    scratch: where a zip is unpacked until the study is closed; None is the system's temporary folder.
    sha256: of files that were hashed before; the others are.
    Raises EmptyStudy, MixedStudies, SeveralStudies, ArchiveRefused, StudyTooLarge or StudyUnreadable.
    """
    stored = list_files(paths, limits)
    decoding = decoding_of(limits, formats)
    with ExitStack() as unpacked:
        try:
            if len(paths) == 1 and paths[0].is_file() and is_zip(paths[0]):
                folder = unpacked.enter_context(tempfile.TemporaryDirectory(prefix="echoscribe-", dir=scratch))
                stored = decoding.unpack(paths[0], Path(folder))
            study = _opened(stored, limits, decoding, sha256)
            study._unpacked = unpacked.pop_all()
            return study
        except OSError as fault:
            raise StudyUnreadable(f"The upload cannot be read ({type(fault).__name__}).") from None


def _opened(
    stored: Sequence[StoredFile],
    limits: IngestLimits,
    decoding: StudyDecoding[A_co],
    sha256: Mapping[Path, str] | None,
) -> StudyFiles[A_co]:
    """The study of those files. An error carries their local names, sealed."""
    try:
        return StudyFiles(stored, limits, decoding, sha256)
    except StudyError as error:
        error.names = _names(stored)
        raise


def _names(stored: Sequence[StoredFile]) -> dict[int, str]:
    return {position: file.name for position, file in enumerate(stored, start=1)}


Inspected = tuple[AcquisitionFile, Recognised[A_co] | ClipRejected]


def _inspect(
    stored: Iterable[StoredFile], decoding: StudyDecoding[A_co], known: Mapping[Path, str]
) -> Iterator[Inspected[A_co]]:
    """Each file with its content found out."""
    seen: dict[str, int] = {}
    for position, file in enumerate(stored, start=1):
        sha256 = known.get(file.path) or _sha256_of(file.path)
        first = seen.setdefault(sha256, position)
        content: Recognised[A_co] | ClipRejected
        if first != position:
            content = ClipRejected(SkipReason.DUPLICATE, f"The same bytes as the file at position {first}.")
        else:
            try:
                content = decoding.recognise(file)
            except ClipRejected as rejected:
                content = rejected
        yield AcquisitionFile(position, sha256, file.path), content


def _grouped(inspected: Iterable[Inspected[A_co]]) -> Iterator[_Group[A_co]]:
    """Files of one group together, every other file by itself."""
    groups: dict[str, list[Inspected[A_co]]] = {}
    for file, content in inspected:
        if isinstance(content, Recognised) and content.group is not None:
            groups.setdefault(content.group, []).append((file, content))
        else:
            yield _Group((file,), content)
    for members in groups.values():
        yield _Group(tuple(file for file, _ in members), members[0][1])


def _sha256_of(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _read(group: _Group[A_co], limits: IngestLimits, plan: Any) -> A_co | SkippedClip:
    """The acquisition, or why there is none."""
    try:
        if isinstance(group.content, ClipRejected):
            raise group.content
        return group.content.read(group.files, limits, plan)
    except ClipRejected as rejected:
        return SkippedClip(group.files[0].position, group.sha256, rejected.reason, rejected.text)
