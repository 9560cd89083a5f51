"""What some bytes are: a video container, an elementary stream, or a file type that is named and refused."""

import re
from collections.abc import Sequence
from typing import Final

from service.ingest.formats import HEAD_BYTES

# First boxes of an ISO base media or QuickTime file: ISO/IEC 14496-12 4.2, 8.1, 8.8 and 8.16 (styp, sidx, emsg, prft),
# and of QuickTime's older writers (wide, pnot, PICT, junk). A `uuid` box may stand anywhere (4.2, 11.1).
_MOVIE_BOXES: Final = frozenset(
    b"ftyp moov mdat wide free skip uuid styp pnot PICT junk udta moof sidx ssix emsg prft pdin".split()
)
_PICTURE_BRANDS: Final = frozenset([*b"heic heix heim heis mif1 mif2 avif".split(), b"crx "])  # ISO/IEC 23008-12
_PACKET_BYTES: Final = (188, 192, 204)  # ISO/IEC 13818-1; with a time stamp before each (BDAV); with parity (DVB)
_PACKETS_SEEN, _PACKETS_AT_START = 8, 3
_START_CODE: Final = re.compile(rb"\x00\x00\x01(..)", re.DOTALL)
_NALS_SEEN: Final = 64
STREAM_HEAD_BYTES: Final = 1 << 16  # in which an elementary stream shows its parameter sets
_H264_PROFILES: Final = frozenset((66, 77, 88, 100, 110, 122, 244, 44, 83, 86, 118, 128, 138))  # H.264 annexes A, F, G

# What is named and not read: how it begins, and what to tell. docs/files.md says why.
_PICTURE: Final = (
    "A single picture ({}); only cines are used. Pictures of a sequence are not joined, since their order and rate "
    "would be guesses: send the DICOM file or video that they come from."
)
_VIDEO: Final = "{} is not read. Send the DICOM file, or an MP4: ffmpeg -i FILE -c:v libx264 -crf 15 OUT.mp4"
_RAW: Final = (
    "A raw video stream without a container is read inside DICOM only: alone it has no times. Send an MP4: "
    "ffmpeg -i FILE -c copy OUT.mp4"
)
PICTURES: Final[Sequence[tuple[bytes, str]]] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
)
_OTHERS: Final[Sequence[tuple[bytes, str]]] = (
    (
        b"GIF8",
        "A GIF animation is not read: 256 colours and rounded times change the picture. Send the DICOM file or the "
        "video that it was made from.",
    ),
    (
        b"\x1aE\xdf\xa3",
        "Matroska and WebM video is not read. Send an MP4; H.264 and HEVC need no new encoding: "
        "ffmpeg -i FILE -c copy OUT.mp4",
    ),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _VIDEO.format("Windows Media video (WMV)")),
    (b"FLV\x01", _VIDEO.format("Flash video (FLV)")),
    (b"OggS", _VIDEO.format("Ogg video")),
    (b"NRRD000", "An NRRD volume is not read; only cines are used."),
    (b"\x89HDF\r\n\x1a\n", "An HDF5 file is not read; send the DICOM file or a video."),
    (b"%PDF-", "A PDF document, no cine."),
    (b"Rar!\x1a\x07", "A RAR archive is not opened; send a zip, or the files themselves."),
    (b"7z\xbc\xaf\x27\x1c", "A 7z archive is not opened; send a zip, or the files themselves."),
    (b"\x1f\x8b\x08", "A gzip archive is not opened; send a zip, or the files themselves."),
)


def container_format(head: bytes) -> str | None:
    """FFmpeg's name of the container that a file's first `HEAD_BYTES` announce; None for everything else.

    The format is always stated to FFmpeg: left to guess, it also takes playlists, which name other files and addresses.
    """
    if head[4:8] in _MOVIE_BOXES:
        return None if head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS else "mov"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:4] == b"\x00\x00\x01\xba":  # pack header of a program stream (ISO/IEC 13818-1 2.5.3.3, 11172-1 2.4.3.2)
        return "mpeg"
    return "mpegts" if _is_transport_stream(head) else None


def stream_format(data: bytes, stated: str) -> str:
    """FFmpeg's name of the video in DICOM: container or elementary stream; `stated`, of the syntax, where none shows.

    PS3.5 8.2.5 to 8.2.12 allow elementary, program and transport streams, and MP4; what a header says is often wrong.
    """
    return container_format(data[:HEAD_BYTES]) or elementary_format(data[:STREAM_HEAD_BYTES]) or stated


def refusal(head: bytes) -> tuple[bool, str] | None:
    """(is a picture, what to tell) of a file that is known and not read; None for everything else."""
    for start, name in PICTURES:
        if head.startswith(start):
            return True, _PICTURE.format(name)
    if head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS:
        return True, _PICTURE.format("HEIF or AVIF")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True, _PICTURE.format("WebP")
    if head[:2] == b"BM" and head[6:10] == bytes(4) and len(head) > 26:
        return True, _PICTURE.format("BMP")
    if head.lstrip(b"\0").startswith(b"\1") and head.startswith(b"\0\0") and elementary_format(head):
        return False, _RAW
    return next(((False, text) for start, text in _OTHERS if head.startswith(start)), None)


def _is_transport_stream(head: bytes) -> bool:
    """Whether packets of one of the three lengths start with their sync byte, as many as can be seen, three at least.

    BDAV packets have four bytes before it. A stream that was cut anywhere shows more packets before it is believed.
    """
    for size in _PACKET_BYTES:
        for first in range(size):
            needed = _PACKETS_AT_START if first in {0, size - 188} else _PACKETS_SEEN
            marks = head[first : first + size * _PACKETS_SEEN : size]
            if len(marks) >= needed and not marks.strip(b"\x47"):
                return True
    return False


def elementary_format(data: bytes) -> str | None:
    """FFmpeg's name of the codec whose start codes and parameter sets begin an elementary stream."""
    for number, found in enumerate(_START_CODE.finditer(data)):
        first, second = found[1]
        if number == 0 and first == 0xB3:  # sequence_header_code (ISO/IEC 13818-2 table 6-1)
            return "mpegvideo"
        if first in {0x40, 0x42} and second == 1:  # video and sequence parameter set (H.265 table 7-1), lowest layer
            return "hevc"
        if first & 0x9F == 7 and second in _H264_PROFILES:  # sequence parameter set (H.264 table 7-1)
            return "h264"
        if number >= _NALS_SEEN:
            break
    return None
