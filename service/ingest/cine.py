"""Cines as files: DICOM of any modality that is admitted, and videos."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from model.errors import ClipRejected
from model.study import Clip, FramePlan, SkipReason
from service.ingest.dicom.frames import open_frames
from service.ingest.dicom.header import Admission, DicomHeader, admit, sector_box, tissue_boxes
from service.ingest.dicom.reader import read_header
from service.ingest.formats import AcquisitionFile, Recognised
from service.ingest.frame_source import read_needed
from service.ingest.limits import IngestLimits
from service.ingest.pixel_aspect import pixel_aspect, pixel_cm
from service.ingest.video.frames import VideoFrames
from service.ingest.video.stream_format import container_format, refusal
from service.ingest.video.video_syntax import with_stream_pixels


@dataclass(frozen=True)
class DicomCines:
    """DICOM files, each a cine of its own. admission: refuses those that are none of the modality's own."""

    admission: Admission

    def recognise(self, path: Path, _head: bytes, limits: IngestLimits) -> Recognised[Clip] | None:
        """The file where it is DICOM."""
        found = read_header(path, limits)
        if found is None:
            return None
        identity, header = found
        return Recognised(partial(self._read, header), identity)

    def _read(
        self, header: DicomHeader, files: Sequence[AcquisitionFile], limits: IngestLimits, plan: FramePlan | None
    ) -> Clip:
        (file,) = files
        pixels = admit(with_stream_pixels(header), limits, self.admission)
        with open_frames(file.path, header, pixels, limits) as source:
            read = read_needed(source, "dicom", limits, plan)
            boxes = tissue_boxes(header.regions, pixels.rows, pixels.columns)
            is_as_stated = (header.rows, header.columns) == read.frames_rgb.shape[1:3]
            return Clip(
                position=file.position,
                sha256=file.sha256,
                source="dicom",
                frames_rgb=read.frames_rgb,
                frame_numbers=read.numbers,
                frames_readable=read.readable,
                frame_rate_hz=source.frame_rate_hz,
                frame_rate_source=source.frame_rate_source,
                warnings=source.warnings,
                frames_total=source.frames_total,
                sector_box=_box(header, read.frames_rgb.shape[1], read.frames_rgb.shape[2]),
                regions_2d=boxes,
                pixel_aspect=pixel_aspect(header.pixel_aspect_ratio, header.regions),
                pixel_cm=pixel_cm(header.regions, fit_the_picture=bool(boxes) and is_as_stated),
                text_declared_absent=header.burned_in_annotation == "NO",
            )


def _box(header: DicomHeader, rows: int, columns: int) -> tuple[int, int, int, int] | None:
    """The sector that the header declares; None where its picture is of another size than the one that was read."""
    return sector_box(header.regions, rows, columns) if (header.rows, header.columns) == (rows, columns) else None


def refuse_known(head: bytes) -> ClipRejected | None:
    """The reason against a picture or a video of a kind that is not read, by name."""
    known = refusal(head)
    if known is None:
        return None
    is_picture, text = known
    return ClipRejected(SkipReason.STILL_IMAGE if is_picture else SkipReason.UNSUPPORTED_FORMAT, text)


@dataclass(frozen=True)
class VideoCines:
    """Video files, each a cine of its own. They name nobody."""

    def recognise(self, _path: Path, head: bytes, _limits: IngestLimits) -> Recognised[Clip] | None:
        """The file where its first bytes are those of a video container."""
        video_format = container_format(head)
        return None if video_format is None else Recognised(partial(_read_video, video_format))


def _read_video(
    video_format: str, files: Sequence[AcquisitionFile], limits: IngestLimits, plan: FramePlan | None
) -> Clip:
    """The clip of a video file. Raises ClipRejected."""
    (file,) = files
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
            frame_rate_source=source.frame_rate_source,
            warnings=source.warnings,
            frames_total=max(source.frames_total, read.readable),
        )
