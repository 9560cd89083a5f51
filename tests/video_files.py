"""Videos made byte by byte and by PyAV, and ways to spoil them; no test needs the ffmpeg program."""

import io
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from struct import pack
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.dicom_files import moving_frames

SHORT_GROUPS = {"libx264": {"g": "6", "bf": "2"}, "mpeg2video": {"g": "6", "bf": "2"}, "mpeg4": {"g": "6"}}


def encoded(
    rgb: NDArray[np.uint8],
    codec: str = "libx264",
    container: str = "mp4",
    *,
    times: Sequence[int] | None = None,
    pixel_ratio: Fraction | None = None,
    pixel_format: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
) -> bytes:
    """The frames as a video of 25 Hz. times: presentation time of each, in 25ths of a second."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=dict(container_options or {})) as output:
        stream: Any = output.add_stream(codec, rate=25)
        stream.height, stream.width = rgb.shape[1:3]
        stream.pix_fmt, stream.bit_rate = pixel_format, 4_000_000
        stream.codec_context.time_base = Fraction(1, 25)
        stream.options = dict(options or {}) | ({"x265-params": "log-level=none"} if codec == "libx265" else {})
        if pixel_ratio:
            stream.codec_context.sample_aspect_ratio = pixel_ratio
        for number, frame_rgb in enumerate(rgb):
            frame = av.VideoFrame.from_ndarray(frame_rgb, format="rgb24")
            frame.pts, frame.time_base = number if times is None else times[number], Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def packets_of(data: bytes, file_format: str) -> list[tuple[bytes, bool]]:
    """(bytes, is a key picture) of each packet of the first video stream."""
    with av.open(io.BytesIO(data), "r", format=file_format) as container:
        return [(bytes(packet), packet.is_keyframe) for packet in container.demux(video=0) if packet.size]


def spoilt(data: bytes, file_format: str, number: int, change: Callable[[bytes], bytes]) -> bytes:
    """The video with one packet's bytes changed, its length kept."""
    packet = packets_of(data, file_format)[number][0]
    changed = change(packet)
    assert len(changed) == len(packet)
    assert data.count(packet) == 1
    return data.replace(packet, changed)


def without_packets(data: bytes, numbers: set[int]) -> bytes:
    """An AVI in which those chunks of video hold nothing: the picture before is shown again."""
    at = data.index(b"movi") + 4
    head, changed, number = data[:at], bytearray(), 0
    while data[at : at + 4] == b"00dc":
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        chunk = data[at : at + 8 + length + length % 2]
        changed += b"00dc" + bytes(4) if number in numbers else chunk
        at, number = at + len(chunk), number + 1
    movi = head.rindex(b"LIST")
    size = (len(changed) + 4).to_bytes(4, "little")
    return head[: movi + 4] + size + head[movi + 8 :] + bytes(changed)


def box(kind: bytes, *content: bytes) -> bytes:
    """An ISO base media box."""
    joined = b"".join(content)
    return pack(">I4s", 8 + len(joined), kind) + joined


def first_frames_cut_off(data: bytes, frames: int, ticks: int) -> bytes:
    """An MP4 whose edit list starts so many frames later, as a player's trimming writes it (ISO/IEC 14496-12 8.6.6)."""
    at = data.index(b"elst")
    start = at + 16  # size is before the type; version and flags, count, duration, then media time
    media_time = int.from_bytes(data[start : start + 4], "big") + frames * ticks
    return data[:start] + media_time.to_bytes(4, "big") + data[start + 4 :]


def clip_rgb(frames: int = 24) -> NDArray[np.uint8]:
    """A blob that moves over a black border: large enough for every codec."""
    return np.pad(moving_frames(frames, 80, 112), ((0, 0), (8, 8), (8, 8), (0, 0)))
