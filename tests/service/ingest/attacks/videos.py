"""Videos of a few kilobytes whose tables, sizes or codecs ask for gigabytes, as files and inside DICOM."""

import io
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from struct import pack, unpack
from typing import Any, Final

import av
import numpy as np
from pydicom import uid

from tests.dicom_files import moving_frames, write_encoded
from tests.video_files import box, clip_rgb, encoded

MILLIONS: Final = 60_000_000
LARGE: Final = (2160, 3840)  # rows, columns: the largest frame that is read
# Codecs that PyAV's wheel can write; what a lab exports is H.264, HEVC, MPEG-2, MPEG-4 and Motion JPEG.
EXOTIC: Final = (
    *("snow", "ffv1", "ffvhuff", "huffyuv", "cinepak", "svq1", "flv", "h263p", "wmv1", "wmv2", "msmpeg4v2", "zmbv"),
    *("flashsv", "qtrle", "png", "jpegls", "ljpeg", "utvideo", "magicyuv", "asv1", "asv2", "roqvideo", "rv10"),
    *("prores", "dnxhd", "jpeg2000", "gif", "tiff", "targa", "bmp", "rawvideo", "libvpx", "libvpx-vp9", "libaom-av1"),
    *("libsvtav1", "dvvideo", "hap", "vc2", "speedhq", "amv", "a64multi", "cfhd"),
)


@cache
def plain(container: str = "mp4") -> bytes:
    """A good small video."""
    return encoded(clip_rgb(12), "libx264", container)


def with_count(kind: bytes, before: int, count: int, data: bytes | None = None, **fields: int) -> bytes:
    """The MP4 with another count in a table; `sample_bytes` states one size for all."""
    data = plain() if data is None else data
    at = data.index(kind) + 4
    changed = bytearray(data)
    if "sample_bytes" in fields:
        changed[at + 4 : at + 8] = pack(">L", fields["sample_bytes"])
    changed[at + before : at + before + 4] = pack(">L", count)
    return bytes(changed)


def with_box(content: bytes, outer: bytes = b"moov") -> bytes:
    """The MP4 with one more box at the end of the one that is named."""
    data = plain()
    at = data.index(outer) - 4
    size = unpack(">L", data[at : at + 4])[0]
    return data[:at] + pack(">L", size + len(content)) + data[at + 4 : at + size] + content + data[at + size :]


def in_fragments(count: int, runs: int = 1) -> bytes:
    """An MP4 in fragments (ISO/IEC 14496-12 8.8) whose runs state that many pictures of default size."""
    file = encoded(clip_rgb(12), "libx264", "mp4", container_options={"movflags": "frag_keyframe+empty_moov"})
    at = file.index(b"moof") - 4
    run = box(b"trun", pack(">LL", 0, count)) * runs
    traf = box(b"traf", box(b"tfhd", pack(">LL", 0x20000, 1)), run)
    return file[:at] + box(b"moof", box(b"mfhd", pack(">LL", 0, 1)), traf) + box(b"mdat", bytes(64))


def stated_size(data: bytes, kind: bytes, width: int, height: int) -> bytes:
    """The MP4 whose sample entry (8.5.2) states another size."""
    at = data.index(kind) + 4 + 24
    return data[:at] + pack(">HH", width, height) + data[at + 4 :]


def avi_size(data: bytes, width: int, height: int) -> bytes:
    """The AVI whose headers state another size."""
    at = data.index(b"strf") + 8
    changed = data[: at + 4] + pack("<ll", width, height) + data[at + 12 :]
    main = changed.index(b"avih") + 8 + 32
    return changed[:main] + pack("<LL", width, height) + changed[main + 8 :]


def exotic(codec: str, container: str, size: tuple[int, int] = (144, 176)) -> bytes:
    """Two flat frames in a codec that nobody exports. Raises whatever PyAV raises where it cannot write it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=25)
        stream.height, stream.width = size
        formats = stream.codec_context.codec.video_formats
        stream.pix_fmt = formats[0].name if formats else "yuv420p"
        stream.codec_context.options = {"strict": "-2"}
        for _ in range(2):
            frame = av.VideoFrame.from_ndarray(np.zeros((*size, 3), np.uint8), format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def transport_packets(programs: int) -> bytes:
    """A transport stream (ISO/IEC 13818-1 2.4) of program tables that name ever more streams."""
    packets = []
    for number in range(programs):
        packets.append(b"\x47" + pack(">H", 0x4000 | (number & 0x1FFF)) + b"\x10" + bytes(184))
    return b"".join(packets)


TABLES: Final[dict[str, Callable[[], bytes]]] = {
    "stsz_constant": lambda: with_count(b"stsz", 8, MILLIONS, sample_bytes=1),
    "stsz_most": lambda: with_count(b"stsz", 8, 0xFFFFFFFF, sample_bytes=1),
    "stts_one_entry": lambda: with_count(b"stts", 8, MILLIONS),
    "stts": lambda: with_count(b"stts", 4, MILLIONS),
    "ctts": lambda: with_box(box(b"ctts", pack(">LL", 0, MILLIONS)), b"stbl"),
    "stsc": lambda: with_count(b"stsc", 4, MILLIONS),
    "stsc_large_chunk": lambda: with_count(b"stsc", 12, MILLIONS),
    "stco": lambda: with_count(b"stco", 4, MILLIONS),
    "stss": lambda: with_count(b"stss", 4, MILLIONS),
    "elst": lambda: with_count(b"elst", 4, MILLIONS),
    "elst_stored": lambda: with_box(
        box(b"trak", box(b"edts", box(b"elst", pack(">LL", 0, 100_000), pack(">LLHH", 1, 0, 1, 0) * 100_000)))
    ),
    "sidx": lambda: plain() + box(b"sidx", pack(">LLLLLHH", 0, 1, 25, 0, 0, 0, 0xFFFF), bytes(12) * 0xFFFF),
    "tracks_10000": lambda: with_box(box(b"trak", b"") * 10_000),
    "boxes_within_boxes": lambda: with_box(b"".join(pack(">L4s", 8 * (20_000 - n), b"udta") for n in range(20_000))),
    "boxes_a_million": lambda: plain() + box(b"free") * 1_000_000,
    "fragments_constant": lambda: in_fragments(MILLIONS),
    "fragments_many_runs": lambda: in_fragments(100_000, 2000),
    "keys": lambda: with_box(box(b"meta", box(b"keys", pack(">LL", 0, MILLIONS)))),
    "size_65535": lambda: stated_size(plain(), b"avc1", 65535, 65535),
    "mov_size_65535": lambda: stated_size(plain("mov"), b"avc1", 65535, 65535),
    "avi_size_65535": lambda: avi_size(encoded(clip_rgb(3), "mpeg4", "avi"), 65535, 65535),
    "avi_size_16384": lambda: avi_size(encoded(clip_rgb(3), "mjpeg", "avi", pixel_format="yuvj420p"), 16384, 8100),
    "transport_programs": lambda: transport_packets(8191 * 4),
    "program_stream_of_packs": lambda: (b"\x00\x00\x01\xba" + b"\x44\x00\x04\x00\x04\x01\x00\x00\x03\xf8") * 200_000,
}


def large(codec: str, container: str, frames: int, pixel_format: str = "yuv420p") -> bytes:
    """Black frames of the largest size that is read."""
    return encoded(np.zeros((frames, *LARGE, 3), np.uint8), codec, container, pixel_format=pixel_format)


def in_dicom(path: Path, data: bytes, syntax: str = uid.MPEG4HP41) -> Path:
    """The video as the pixel data of a DICOM file."""
    return write_encoded(
        path, [data + bytes(len(data) % 2)], moving_frames(), "YBR_PARTIAL_420", syntax, offset_table=False
    )


def _built(path: Path, build: Callable[[], bytes]) -> Path:
    path.write_bytes(build())
    return path


def _built_in_dicom(path: Path, build: Callable[[], bytes]) -> Path:
    return in_dicom(path, build())


def video_attacks() -> dict[str, Callable[[Path], Path]]:
    """Name → what writes the file."""
    made: dict[str, Callable[[Path], Path]] = {}
    for name, build in TABLES.items():
        made[f"video_{name}"] = partial(_built, build=build)
        made[f"dicom_video_{name}"] = partial(_built_in_dicom, build=build)
    for codec, container, pixels in (
        ("libx264", "mp4", "yuv420p"),
        ("mpeg2video", "mpegts", "yuv420p"),
        ("mpeg4", "avi", "yuv420p"),
        ("mjpeg", "avi", "yuvj420p"),
    ):
        made[f"large_{codec}"] = partial(_built, build=partial(large, codec, container, 12, pixels))
    return made


def exotic_attacks() -> dict[str, Callable[[Path], Path]]:
    """Codec and container → what writes the file; it raises where PyAV cannot."""
    return {
        f"{codec}_in_{container}": partial(_built, build=partial(exotic, codec, container))
        for codec in EXOTIC
        for container in ("avi", "mov", "mpegts")
    }
