"""Opening a video for FFmpeg through PyAV: which containers and codecs, within which limits, and what its packets say.

With `damaged_video` and `service/ingest/video/frames.py`, the only files of the service that import PyAV.
"""

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO, Final

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from model.errors import ClipRejected
from model.study import ClipWarning, FrameRateSource, SkipReason
from service.ingest.dicom.header import plausible_frame_rate_hz
from service.ingest.limits import IngestLimits
from service.ingest.video.avi_tables import bounded_avi
from service.ingest.video.frame_timing import rate_of_time_stamps
from service.ingest.video.movie_tables import bounded_movie
from service.ingest.video.program_stream import elementary_video
from service.ingest.video.stream_format import elementary_format

# FFmpeg has some 250 video decoders, many hardly looked after. These are what ultrasound systems, capture boxes, screen
# recorders and the published echo sets write, and no others are opened. docs/files.md lists them with their standards.
CODECS: Final = {
    "h264": "H.264",
    "hevc": "HEVC",
    "mpeg1video": "MPEG-1",
    "mpeg2video": "MPEG-2",
    "mpeg4": "MPEG-4 part 2",
    "msmpeg4v2": "MS MPEG-4 version 2",
    "msmpeg4": "MS MPEG-4 version 3 (DivX 3)",
    "mjpeg": "Motion JPEG",
    "rawvideo": "uncompressed",
    "dvvideo": "DV",
    "cinepak": "Cinepak",
    "msvideo1": "Microsoft Video 1",
    "msrle": "Microsoft RLE",
}
_NO_CLIP: Final = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_RAW_STREAMS: Final = {"h264", "hevc", "mpegvideo"}  # without a container: FFmpeg's names of their formats
# H.264 and HEVC never have three bytes of zero in a row (7.4.1, emulation prevention); only a raw stream may be padded.
# A length field of four bytes and the byte after it may hold more.
_HOLE: Final = bytes(16)
_PADDED_SHARE: Final = 0.25  # of a packet; some encoders fill up the end of each with a few zeros
_MOST_HOLES: Final = 0.1  # of the packets; more of them are an encoder's habit, no damage
_INVENTED_HZ: Final = 25.0  # what FFmpeg says of a raw stream that states no rate
_UNDECODABLE: Final = "The video is truncated or damaged and cannot be decoded."
_TRUNCATED: Final = "The video is truncated: {} of the {} pictures that it lists are there."
_CODEC_SEEN: Final = 1 << 16  # bytes in which the parameter sets of a stream begin
_MOST_EXTRACTED: Final = 256 << 20  # bytes of a program stream that are held in memory; ten minutes of a cine
_COMPLETE_SHARE: Final = 0.9  # as for every clip (`frame_source`)


@dataclass(frozen=True)
class VideoBytes:
    """A video to be opened, any number of times: a seekable file, FFmpeg's name of its format, and the limits."""

    file: BinaryIO
    file_format: str
    max_frame_pixels: int

    def open(self, *, bounded: bool = True, explode: bool = True) -> InputContainer:
        """The container at its start. `max_pixels` makes FFmpeg refuse larger frames before it allocates them.

        explode: frames with errors are refused by the decoder instead of painted over.
        """
        self.file.seek(0)
        options = {"max_pixels": str(self.max_frame_pixels), "codec_whitelist": ",".join(CODECS), "use_odml": "0"}
        if not bounded:
            options = {"probesize": "32", "codec_whitelist": ",".join(CODECS)}
        container = av.open(self.file, "r", format=self.file_format, options=options)
        for stream in container.streams.video:
            if stream.codec_context is not None:
                stream.codec_context.options = options | ({"err_detect": "explode"} if explode else {})
        return container


def bounded_video(file: BinaryIO, file_format: str, limits: IngestLimits) -> VideoBytes:
    """The video, its tables bounded before FFmpeg sees them. Raises ClipRejected where they are beyond the limits."""
    if file_format == "mov":
        file = bounded_movie(file, limits)
    elif file_format == "avi":
        file = bounded_avi(file, limits)
    elif file_format == "mpeg":
        codec = elementary_format(elementary_video(file, _CODEC_SEEN))
        if codec in {"h264", "hevc"}:
            content = elementary_video(file, _MOST_EXTRACTED)
            return VideoBytes(io.BytesIO(content), codec, limits.max_frame_pixels)
    return VideoBytes(file, file_format, limits.max_frame_pixels)


def video_stream(container: InputContainer) -> VideoStream:
    """The first moving picture that players show. Raises ClipRejected where none is, or its codec is not read."""
    moving = moving_streams(container)
    if not moving:
        raise ClipRejected(SkipReason.NOT_AN_IMAGE, "The file holds no video stream.")
    stream = moving[0]
    context = stream.codec_context
    name = "unknown" if context is None else context.name
    if name not in CODECS:
        known = "unknown" if context is None else context.codec.canonical_name
        text = f"The video codec {known} is not read. Send an MP4 in H.264: ffmpeg -i FILE -c:v libx264 -crf 15 OUT.mp4"
        raise ClipRejected(SkipReason.UNSUPPORTED_FORMAT, text)
    return stream


def moving_streams(container: InputContainer) -> list[VideoStream]:
    """The tracks of moving pictures that players show, in the order of the file.

    Cover pictures and thumbnails are none, and a track of one picture is none where another has more. Tracks that are
    switched off count only where all are (ISO/IEC 14496-12 8.3.2, `track_enabled`, which FFmpeg calls default).
    """
    streams = [stream for stream in container.streams.video if not stream.disposition & _NO_CLIP]
    moving = [stream for stream in streams if stream.frames != 1] or streams[:1]
    enabled = [stream for stream in moving if stream.disposition & Disposition.default]
    return enabled if enabled and container.format.name.startswith("mov") else moving


def other_tracks(container: InputContainer) -> tuple[ClipWarning, ...]:
    """What the reader is told where a file shows more than one moving picture: only the first is used."""
    others = len(moving_streams(container)) - 1
    if others < 1:
        return ()
    text = f"The file holds {others + 1} video tracks; the first was used, {others} other{'s were' * (others > 1)}"
    return (ClipWarning("other_video_tracks", f"{text}{' was' * (others == 1)} not. Send each as a file of its own."),)


def is_null(packet: "Packet[VideoStream]") -> bool:
    """Whether a packet holds nothing but its time, as an AVI repeats a picture; a decoder would take it for the end."""
    return not packet.size and packet.dts is not None


@dataclass(frozen=True)
class Packets:
    """What the packets of a video say before anything is decoded.

    missing: pictures that the container lists and does not hold, because it was cut off.
    frames: pictures that are shown; those an edit list cuts off and packets without a picture do not count.
    times: presentation time of each in order, None where packets do not tell it.
    plain: the first is a key picture and shown first, none is cut off or damaged: any picture can be found by its time.
    has_keys: some packet is marked as a key picture.
    holes: numbers of packets with zeros where their codec has none, as a broken transfer leaves them; decoders may not
        notice.
    """

    frames: int
    missing: int
    times: tuple[int, ...] | None
    plain: bool
    has_keys: bool
    holes: frozenset[int]
    frame_rate_hz: float | None
    frame_rate_source: FrameRateSource


def packets_of(container: InputContainer, stream: VideoStream, limits: IngestLimits) -> Packets:
    """What all packets say. Raises ClipRejected for more than the limit, or where many that are listed are missing."""
    found: list[tuple[int | None, int | None, bool, bool, bool]] = []
    holes: list[int] = []
    has_no_zeros = container.format.name.startswith("mov") and stream.codec_context.name in {"h264", "hevc"}
    try:
        for packet in container.demux(stream):
            if packet.size:
                if has_no_zeros and _has_hole(bytes(packet)):
                    holes.append(len(found))
                found.append((packet.pts, packet.dts, packet.is_keyframe, packet.is_discard, packet.is_corrupt))
            if len(found) > limits.max_frames_stored:
                text = f"The video holds more pictures than the limit of {limits.max_frames_stored}."
                raise ClipRejected(SkipReason.TOO_LARGE, text)
    except FFmpegError:  # the container ends badly; what came before it counts
        if not found:
            raise
    listed = len(stream.index_entries) if container.format.name.startswith("mov") else 0
    if len(found) < _COMPLETE_SHARE * listed:
        raise ClipRejected(SkipReason.UNREADABLE, _TRUNCATED.format(len(found), listed))
    shown = [packet for packet in found if not packet[3]]
    stamps = [packet[0] for packet in shown if packet[0] is not None]
    times = tuple(sorted(stamps)) if len(set(stamps)) == len(shown) and shown else None
    plain = times is not None and len(shown) == len(found) and not any(packet[4] for packet in found)
    steps = times or tuple(sorted({packet[1] for packet in shown if packet[1] is not None}))
    rate, source = _frame_rate(container, stream, steps)
    return Packets(
        frames=len(shown),
        missing=max(0, listed - len(found)),
        times=times,
        plain=plain and found[0][2] and times is not None and found[0][0] == times[0],
        has_keys=any(packet[2] for packet in found),
        holes=frozenset(holes if len(holes) <= _MOST_HOLES * len(found) else ()),
        frame_rate_hz=rate,
        frame_rate_source=source,
    )


def _has_hole(packet: bytes) -> bool:
    """Whether zeros stand where the codec has none: between other bytes, or for much of the packet at its end."""
    if _HOLE not in packet:
        return False
    content = packet.rstrip(b"\0")
    return _HOLE in content or len(content) < (1 - _PADDED_SHARE) * len(packet)


def _frame_rate(
    container: InputContainer, stream: VideoStream, times: tuple[int, ...]
) -> tuple[float | None, FrameRateSource]:
    """The rate of the time stamps, else what the container states, else none."""
    measured = rate_of_time_stamps(times, stream.time_base or Fraction(1)) if stream.time_base else None
    is_raw = container.format.name in _RAW_STREAMS
    if measured and not is_raw and (rate := plausible_frame_rate_hz([measured])):
        return rate, "container" if container.format.name == "avi" else "time_stamps"  # an AVI counts, it has no times
    stated = float(stream.average_rate) if stream.average_rate else 0.0
    if is_raw and stated == _INVENTED_HZ and container.format.name != "mpegvideo":
        return None, "assumed"
    rate = plausible_frame_rate_hz([stated])
    return rate, "container" if rate else "assumed"
