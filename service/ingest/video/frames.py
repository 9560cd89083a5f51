"""MP4, MOV and AVI files, and the video streams inside DICOM, by PyAV. The one file of the ingest that imports it."""

from collections.abc import Iterator, Sequence, Set
from typing import BinaryIO

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.clip_memory import ClipMemory
from service.ingest.dicom.header import check_size, plausible_frame_rate_hz
from service.ingest.limits import IngestLimits
from service.ingest.untrusted import third_party

_UNDECODABLE = "The video is truncated or damaged and cannot be decoded."


def container_format(head: bytes) -> str | None:
    """FFmpeg's name of the container that a file's first 16 bytes announce; None for everything else.

    The format is always stated to FFmpeg: left to guess, it also takes playlists, which name other files and addresses.
    """
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:  # ISO/IEC 14496-12, QuickTime
        return "mov"
    return "avi" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None


class VideoFrames:
    """The frames of a video stream. Each call of `frames` reads the stream anew, from its start.

    file: seekable; stays open, and is the caller's to close.
    frames_total: what the container states, or the packets counted where it states nothing.
    Raises ClipRejected when there is no video, or frames are larger than the limits.
    """

    levels_need_every_frame = False

    def __init__(self, file: BinaryIO, file_format: str, limits: IngestLimits) -> None:
        self._file = file
        self._format = file_format
        self._max_frame_pixels = limits.max_frame_pixels
        with third_party(_UNDECODABLE), self._open() as container:
            stream = _video_stream(container)
            width, height = stream.codec_context.width, stream.codec_context.height
            self.frames_total = stream.frames or sum(packet.size > 0 for packet in container.demux(stream))
            rate = stream.average_rate
            self.frame_rate_hz = plausible_frame_rate_hz([float(rate)] if rate else [])
        if not width or not height:  # FFmpeg withholds a size beyond `max_pixels`
            width, height = self._stated_size()
        self.frame_pixels = width * height
        check_size(height, width, self.frames_total, limits)

    def read(self, indices: Sequence[int], memory: ClipMemory) -> None:
        """Puts the frames of those ascending indices into the memory's rows, RGB, turned upright as the file says.

        Frames that are neither wanted nor referred to by others are not decoded, where the container tells their order.
        """
        for row, frame_rgb in enumerate(self._frames(set(indices))):
            memory.put(row, frame_rgb)

    def _frames(self, wanted: Set[int]) -> Iterator[NDArray[np.uint8]]:
        """Yields the wanted frames in their order: uint8 (H, W, 3) RGB."""
        last = max(wanted, default=-1)
        with third_party(_UNDECODABLE):
            times = self._times() if len(wanted) <= last else None
            with self._open() as container:
                stream = _video_stream(container)
                stream.thread_type = "AUTO"  # frames too, not only slices: most cines have one slice a frame
                if times is not None and last < len(times):
                    yield from _frames_at(container, stream, {times[index] for index in wanted})
                    return
                for index, frame in enumerate(container.decode(stream)):
                    if index in wanted:
                        yield _upright_rgb(frame)
                    if index >= last:
                        return

    def _times(self) -> list[int] | None:
        """The presentation time of each frame in order, None where packets do not tell it beyond doubt."""
        with self._open() as container:
            packets = [packet for packet in container.demux(_video_stream(container)) if packet.size]
        times = [packet.pts for packet in packets if packet.pts is not None]
        plain = not any(packet.is_corrupt or packet.is_discard for packet in packets)  # an edit list cuts frames off
        complete = len(set(times)) == len(packets) and plain
        return sorted(times) if complete and packets[0].is_keyframe and packets[0].pts == min(times) else None

    def _open(self, *, bounded: bool = True) -> InputContainer:
        """The container at its start. `max_pixels` makes FFmpeg refuse larger frames before it allocates them."""
        self._file.seek(0)
        options = {"max_pixels": str(self._max_frame_pixels)} if bounded else {"probesize": "32"}
        container = av.open(self._file, "r", format=self._format, options=options)
        for stream in container.streams.video:
            stream.codec_context.options = options if bounded else {}
        return container

    def _stated_size(self) -> tuple[int, int]:
        """Width and height from the container alone, without looking at a single packet."""
        with third_party(_UNDECODABLE), self._open(bounded=False) as container:
            context = _video_stream(container).codec_context
            if not context.width or not context.height:
                raise ClipRejected(SkipReason.UNREADABLE, _UNDECODABLE)
            return context.width, context.height


def _frames_at(container: InputContainer, stream: VideoStream, times: set[int]) -> Iterator[NDArray[np.uint8]]:
    """Yields the frames of those presentation times, in their order.

    What no other frame refers to is skipped by the decoder unless it is wanted; the others come out bit for bit alike.
    """
    left = len(times)
    for packet in container.demux(stream):
        stream.codec_context.skip_frame = "DEFAULT" if packet.pts is None or packet.pts in times else "NONREF"
        for frame in packet.decode():
            if frame.pts in times:
                yield _upright_rgb(frame)
                left -= 1
        if not left:
            return


def _upright_rgb(frame: VideoFrame) -> NDArray[np.uint8]:
    """uint8 (H, W, 3). Colours as PyAV converts by default: the stated range, BT.601 where no matrix is stated."""
    rgb = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(rgb, round(frame.rotation / 90)))


def _video_stream(container: InputContainer) -> VideoStream:
    """The first moving picture. Raises ClipRejected where there are only sounds, subtitles or cover pictures."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise ClipRejected(SkipReason.NOT_AN_IMAGE, "The file holds no video stream.")
