"""The frames of MP4, MOV and AVI files, of transport and program streams, and of the video inside DICOM, by PyAV."""

from collections.abc import Callable, Iterator, Sequence, Set
from typing import BinaryIO, cast

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.sidedata.sidedata import SideData, SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from model.errors import ClipRejected
from model.study import ClipWarning, FrameRateSource, SkipReason
from service.ingest.clip_memory import ClipMemory
from service.ingest.dicom.header import check_size
from service.ingest.limits import IngestLimits
from service.ingest.untrusted import third_party
from service.ingest.video.damaged_video import Resemblance, frames_with_care
from service.ingest.video.deinterlaced import deinterlaced
from service.ingest.video.upright import placement_of, resized_to, square_size
from service.ingest.video.video_stream import VideoBytes, bounded_video, is_null, other_tracks, packets_of, video_stream

_UNDECODABLE = "The video is truncated or damaged and cannot be decoded."
_BOTH = (
    "The video is interlaced and damaged: what is missing cannot be made up from the lines beside it. Repair it, or "
    "deinterlace it: ffmpeg -i FILE -vf bwdif=send_frame -c:v libx264 -crf 15 OUT.mp4"
)
_LOST_SHARE = 0.1  # of the pictures may be missing or damaged; our choice, the same for DICOM
_SIDE_DATA = cast(Callable[[VideoFrame], object], SideDataContainer)  # PyAV's hints leave its argument out
_FAULTY_SHARE = 0.5  # of the pictures may be damaged or predicted from damaged ones: in most is a refusal


class VideoFrames:
    """The frames of a video stream. Each call of `read` decodes the stream anew, from its start.

    file: seekable; stays open, and is the caller's to close.
    frames_total: pictures that the container presents; fewer once reading found some that hold no picture.
    Raises ClipRejected when there is no video, or frames are larger than the limits.
    """

    levels_need_every_frame = False

    def __init__(self, file: BinaryIO, file_format: str, limits: IngestLimits) -> None:
        with third_party(_UNDECODABLE):
            self._video = bounded_video(file, file_format, limits)
            with self._video.open() as container:
                stream = video_stream(container)
                stored = stream.codec_context.height, stream.codec_context.width
                self._pixel_ratio = stream.sample_aspect_ratio
                self._packets = packets_of(container, stream, limits)
                told = other_tracks(container)
        if not all(stored):  # FFmpeg withholds a size beyond `max_pixels`
            stored = _stated_size(self._video)
        height, width = square_size(*stored, self._pixel_ratio)
        self.frames_total = self._packets.frames
        self.frame_rate_hz = self._packets.frame_rate_hz
        self.frame_rate_source: FrameRateSource = self._packets.frame_rate_source
        self.frame_pixels = height * width
        self.warnings = told + _lost_warning(self._packets.missing, self._packets.frames + self._packets.missing)
        self._is_interlaced = False  # known once a frame is decoded
        check_size(height, width, self.frames_total, limits)

    def read(self, indices: Sequence[int], memory: ClipMemory) -> None:
        """Puts the frames of those ascending indices into the memory's rows, RGB, upright and with square pixels.

        Frames that are neither wanted nor referred to by others are not decoded, where the container tells their order.
        Where the decoder reports an error, every frame is decoded once more with care, if all were asked for; else
        fewer are put than were asked for. Raises ClipRejected where too many are damaged.
        """
        with third_party(_UNDECODABLE):
            if not self._packets.holes:
                if self._at_full_speed(indices, memory):
                    return
                memory.clear()
                if self._is_interlaced and self._at_full_speed(indices, memory):
                    return
            memory.clear()
            if len(indices) == indices[-1] + 1:
                self._with_care(len(indices), memory)

    def _at_full_speed(self, indices: Sequence[int], memory: ClipMemory) -> bool:
        """Whether every frame was found and put, and the decoder reported no error."""
        row = 0
        try:
            for frame in self._frames(set(indices)):
                if frame.is_corrupt:
                    return False
                if frame.interlaced_frame and not self._is_interlaced:
                    self._is_interlaced = True  # once more from the start, each picture beside its neighbours
                    return False
                memory.put(row, self._shown(frame))
                row += 1
        except FFmpegError:
            return False
        return row == len(indices)

    def _frames(self, wanted: Set[int]) -> Iterator[VideoFrame]:
        """Yields the wanted frames in their order."""
        last = max(wanted, default=-1)
        with self._video.open() as container:
            stream = video_stream(container)
            stream.thread_type = "AUTO"  # frames too, not only slices: most cines have one slice a frame
            times = self._packets.times
            if self._is_interlaced:
                yield from _chosen(deinterlaced(_decoded(container, stream), stream), wanted)
                return
            if self._packets.plain and times and len(wanted) <= last < len(times):
                yield from _frames_at(container, stream, {times[index] for index in wanted})
                return
            yield from _chosen(_decoded(container, stream), wanted)

    def _with_care(self, count: int, memory: ClipMemory) -> None:
        """Puts the first frames that are whole, up to `count`, and takes note of those that are not."""
        whole, lost, predicted = 0, self._packets.missing, 0
        resemblance = Resemblance()
        for frame, is_reported, is_doubtful in frames_with_care(self._video, self._packets, count):
            if whole == count:
                break
            if frame is not None and frame.interlaced_frame:
                raise ClipRejected(SkipReason.UNREADABLE, _BOTH)
            shown = None if frame is None else self._shown(frame)
            if shown is None or not resemblance.accepts(shown, doubtful=is_doubtful):
                lost += 1
                continue
            memory.put(whole, shown)
            whole += 1
            predicted += is_reported
        _check_damage(whole, lost, predicted)
        self.frames_total = self.frames_total if whole == count else whole
        noticed = tuple(warning for warning in self.warnings if warning.code != "frames_left_out")
        self.warnings = noticed + _lost_warning(lost, whole + lost, predicted)

    def _shown(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """uint8 (H, W, 3) RGB as it is to be shown.

        Colours as PyAV converts by default: the stated range, BT.601 where no matrix is stated.
        """
        rgb = np.asarray(frame.to_ndarray(format="rgb24", threads=1), np.uint8)
        rgb = resized_to(rgb, *square_size(frame.height, frame.width, self._pixel_ratio))
        # Not `frame.side_data`, which would keep it in a circle with the frame, and so keep every frame in memory.
        beside = cast(Sequence[SideData], _SIDE_DATA(frame))
        matrix = next((bytes(data) for data in beside if data.type == Type.DISPLAYMATRIX), None)
        return rgb if matrix is None else placement_of(matrix).apply(rgb)


def _check_damage(whole: int, lost: int, predicted: int) -> None:
    """Raises ClipRejected where too many frames are lost, or the decoder reports errors in most."""
    if not whole:
        raise ClipRejected(SkipReason.UNREADABLE, _UNDECODABLE)
    if lost > _LOST_SHARE * (whole + lost):
        text = f"The video is damaged: {lost} of {whole + lost} frames cannot be decoded, a tenth may be."
        raise ClipRejected(SkipReason.UNREADABLE, text)
    if lost + predicted > _FAULTY_SHARE * (whole + lost):
        text = f"The video is damaged: its decoder reports errors in {lost + predicted} of {whole + lost} frames."
        raise ClipRejected(SkipReason.UNREADABLE, text)


def _lost_warning(lost: int, frames: int, predicted: int = 0) -> tuple[ClipWarning, ...]:
    """What the reader is told of frames that are lost; nothing where none is. predicted: frames that refer to them."""
    text = f"{lost} of {frames} frames are damaged or missing; they were left out."
    traces = f" {predicted} others were predicted from them and may show traces." if predicted else ""
    return (ClipWarning("frames_left_out", text + traces),) if lost or predicted else ()


def _chosen(frames: Iterator[VideoFrame], wanted: Set[int]) -> Iterator[VideoFrame]:
    """Yields the frames of those numbers."""
    last = max(wanted, default=-1)
    for index, frame in enumerate(frames):
        if index in wanted:
            yield frame
        if index >= last:
            return


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yields all frames in the order in which they are shown. Raises FFmpegError at the first that is damaged."""
    for packet in container.demux(stream):
        if not is_null(packet):
            yield from packet.decode()


def _frames_at(container: InputContainer, stream: VideoStream, times: set[int]) -> Iterator[VideoFrame]:
    """Yields the frames of those presentation times, in their order.

    What no other frame refers to is skipped by the decoder unless it is wanted; the others come out bit for bit alike.
    """
    left = len(times)
    for packet in container.demux(stream):
        if is_null(packet):
            continue
        stream.codec_context.skip_frame = "DEFAULT" if packet.pts is None or packet.pts in times else "NONREF"
        for frame in packet.decode():
            if frame.pts in times:
                yield frame
                left -= 1
        if not left:
            return


def _stated_size(video: VideoBytes) -> tuple[int, int]:
    """Height and width from the container alone, without looking at a single packet."""
    with third_party(_UNDECODABLE), video.open(bounded=False) as container:
        context = video_stream(container).codec_context
        if not context.width or not context.height:
            raise ClipRejected(SkipReason.UNREADABLE, _UNDECODABLE)
        return context.height, context.width
