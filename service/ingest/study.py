"""An upload as a study: one patient, one order, each file a clip or a reason. Decodes one clip at a time."""

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from model.errors import ClipRejected
from model.study import Clip, ClipReader, FramePlan, SkippedClip, SkipReason
from service.errors import MixedStudies, StudyUnreadable
from service.ingest.archive import is_zip, unpack
from service.ingest.dicom.frames import open_frames
from service.ingest.dicom.header import DicomHeader, Identity, admit, sector_box
from service.ingest.dicom.reader import read_header
from service.ingest.file_list import StoredFile, list_files
from service.ingest.frame_source import read_needed
from service.ingest.limits import IngestLimits
from service.ingest.video import VideoFrames, container_format


@dataclass(frozen=True, repr=False)
class SourceInstance:
    """One DICOM file of the upload, as an archive knows it."""

    position: int
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, repr=False)
class SourceReference:
    """Where the study came from, for returning a report to its archive. Sealed: repr() and str() show nothing.

    study_instance_uid: None when no file names one (videos).
    """

    study_instance_uid: str | None
    instances: tuple[SourceInstance, ...]

    def __repr__(self) -> str:
        return "SourceReference(sealed)"


@dataclass(frozen=True)
class _File:
    """A file and what it was found to be: a DICOM header, FFmpeg's name of its container, or a refusal."""

    position: int
    sha256: str
    path: Path = field(repr=False)
    content: DicomHeader | str | ClipRejected


class StudyFiles:
    """The files of one study. A context manager: what was unpacked vanishes at its end.

    files: how many files the upload has, used or not.
    source: the identifiers of the DICOM files, sealed.
    paths: local paths by position (the first is position 1); for a command line's own messages, never for answers.
    """

    def __init__(
        self, stored: Sequence[StoredFile], limits: IngestLimits, sha256: Mapping[Path, str] | None = None
    ) -> None:
        self._limits = limits
        self._unpacked = ExitStack()
        self.paths = tuple(file.path for file in stored)
        self.files = len(stored)
        identities: dict[int, Identity] = {}
        self._inspected = tuple(_inspect(stored, limits, identities, sha256 or {}))
        _refuse_mixture(identities)
        self.source = _source_reference(identities)

    def read(self, plan: FramePlan | None = None) -> Iterator[Clip | SkippedClip]:
        """Each file as a Clip or the reason it is skipped, in the order of sha256 (then position).

        So the answer depends on the files alone, not on the order they came in. One clip is in memory at a time, as
        long as the caller keeps none. plan: the frames that are needed; None reads every one.
        """
        for reader in self.readers(plan):
            yield reader()

    def readers(self, plan: FramePlan | None = None) -> Iterator[ClipReader]:
        """What gives each of these clips when it is called; several may be called side by side."""
        for file in sorted(self._inspected, key=lambda file: (file.sha256, file.position)):
            yield partial(_read, file, self._limits, plan)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unpacked.close()


def open_study(
    paths: Sequence[Path],
    limits: IngestLimits,
    scratch: Path | None = None,
    sha256: Mapping[Path, str] | None = None,
) -> StudyFiles:
    """The study in a folder, in files, or in one zip of them; headers are read, nothing is decoded.

    scratch: where a zip is unpacked until the study is closed; None is the system's temporary folder.
    sha256: of files that were hashed before; the others are.
    Raises EmptyStudy, MixedStudies, ArchiveRefused, StudyTooLarge or StudyUnreadable.
    """
    stored = list_files(paths, limits)
    with ExitStack() as unpacked:
        try:
            if len(paths) == 1 and paths[0].is_file() and is_zip(paths[0]):
                folder = unpacked.enter_context(tempfile.TemporaryDirectory(prefix="echoscribe-", dir=scratch))
                stored = unpack(paths[0], Path(folder), limits)
            study = StudyFiles(stored, limits, sha256)
            study._unpacked = unpacked.pop_all()
            return study
        except OSError as fault:
            raise StudyUnreadable(f"The upload cannot be read ({type(fault).__name__}).") from None


def _inspect(
    stored: Iterable[StoredFile], limits: IngestLimits, identities: dict[int, Identity], known: Mapping[Path, str]
) -> Iterator[_File]:
    """Each file with its content found out; fills in the identities of DICOM files, by position."""
    seen: dict[str, int] = {}
    for position, file in enumerate(stored, start=1):
        sha256 = known.get(file.path) or _sha256_of(file.path)
        first = seen.setdefault(sha256, position)
        content: DicomHeader | str | ClipRejected
        if first != position:
            content = ClipRejected(SkipReason.DUPLICATE, f"The same bytes as the file at position {first}.")
        else:
            try:
                content = _content(file, position, limits, identities)
            except ClipRejected as rejected:
                content = rejected
        yield _File(position, sha256, file.path, content)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _content(
    file: StoredFile, position: int, limits: IngestLimits, identities: dict[int, Identity]
) -> DicomHeader | str:
    """A DICOM header or a video container's name; the bytes decide, never the file's name. Raises ClipRejected."""
    size = file.path.stat().st_size
    if file.fault:
        raise ClipRejected(SkipReason.UNREADABLE, file.fault)
    if size > limits.max_file_bytes:
        raise ClipRejected(SkipReason.TOO_LARGE, f"The file has {size} bytes; the limit is {limits.max_file_bytes}.")
    if found := read_header(file.path, limits):
        identities[position], header = found
        return header
    with file.path.open("rb") as opened:
        head = opened.read(16)
    if video_format := container_format(head):
        return video_format
    if file.is_system_name:
        raise ClipRejected(SkipReason.NOT_AN_IMAGE, "A file of the operating system, not of the study.")
    raise ClipRejected(SkipReason.UNREADABLE, _unknown(head))


def _unknown(head: bytes) -> str:
    """What to tell about a file that is neither DICOM nor video."""
    if not head:
        return "The file is empty."
    if head.startswith(b"PK\x03\x04"):
        return "An archive among or inside other files is not opened; send one zip alone, or the files themselves."
    return "The file is neither a DICOM image nor an MP4, MOV or AVI video, whatever its name says."


def _refuse_mixture(identities: dict[int, Identity]) -> None:
    """Raises MixedStudies, naming positions only. A file that does not state an identifier fits any study."""
    for what, values in (
        ("study", {position: identity.study_instance_uid for position, identity in identities.items()}),
        ("patient", {position: identity.patient_id for position, identity in identities.items()}),
    ):
        groups: dict[str, list[int]] = defaultdict(list)
        for position, value in values.items():
            if value:
                groups[value].append(position)
        if len(groups) > 1:
            listed = "; ".join(", ".join(map(str, positions)) for positions in groups.values())
            text = f"The files belong to more than one {what}, by position: {listed}."
            raise MixedStudies(text, positions=sorted(position for group in groups.values() for position in group))


def _source_reference(identities: dict[int, Identity]) -> SourceReference:
    """The sealed reference of files that were found to be of one study."""
    instances = tuple(
        SourceInstance(position, identity.series_instance_uid, identity.sop_class_uid, identity.sop_instance_uid)
        for position, identity in identities.items()
    )
    studies = {identity.study_instance_uid for identity in identities.values()} - {""}
    return SourceReference(next(iter(studies), None), instances)


def _read(file: _File, limits: IngestLimits, plan: FramePlan | None) -> Clip | SkippedClip:
    """The decoded clip, or why there is none."""
    try:
        if isinstance(file.content, ClipRejected):
            raise file.content
        if isinstance(file.content, str):
            return _read_video(file, file.content, limits, plan)
        return _read_dicom(file, file.content, limits, plan)
    except ClipRejected as rejected:
        return SkippedClip(file.position, file.sha256, rejected.reason, rejected.text)


def _read_dicom(file: _File, header: DicomHeader, limits: IngestLimits, plan: FramePlan | None) -> Clip:
    """The clip of a DICOM file. Raises ClipRejected."""
    pixels = admit(header, limits)
    with open_frames(file.path, header, pixels, limits) as source:
        read = read_needed(source, "dicom", limits, plan)
        return Clip(
            position=file.position,
            sha256=file.sha256,
            source="dicom",
            frames_rgb=read.frames_rgb,
            frame_numbers=read.numbers,
            frames_readable=read.readable,
            frame_rate_hz=source.frame_rate_hz,
            frames_total=source.frames_total,
            sector_box=sector_box(header.regions, pixels.rows, pixels.columns),
            text_declared_absent=header.burned_in_annotation == "NO",
        )


def _read_video(file: _File, video_format: str, limits: IngestLimits, plan: FramePlan | None) -> Clip:
    """The clip of a video file. Raises ClipRejected."""
    with file.path.open("rb") as opened:
        source = VideoFrames(opened, video_format, limits)
        if source.frames_total == 1:
            raise ClipRejected(SkipReason.STILL_IMAGE, "A single frame; only cines are used.")
        read = read_needed(source, "video", limits, plan)
        return Clip(
            position=file.position,
            sha256=file.sha256,
            source="video",
            frames_rgb=read.frames_rgb,
            frame_numbers=read.numbers,
            frames_readable=read.readable,
            frame_rate_hz=source.frame_rate_hz,
            frames_total=max(source.frames_total, read.readable),
        )
