"""Which transfer syntaxes of DICOM hold a video, and what their headers are good for. Knows no DICOM library."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from model.errors import ClipRejected
from model.study import ClipWarning, SkipReason
from service.ingest.dicom.header import DicomHeader

_ROOT: Final = "1.2.840.10008.1.2.4."
# .100 to .108 are video (PS3.5 8.2.5 to 8.2.8, PS3.6 table A-1), each with FFmpeg's name of its elementary stream.
# A fragmentable one adds ".1".
STREAMS: Final[Mapping[str, str]] = {
    **{f"{_ROOT}{number}": "mpegvideo" for number in (100, 101)},
    **{f"{_ROOT}{number}": "h264" for number in range(102, 107)},
    **{f"{_ROOT}{number}": "hevc" for number in (107, 108)},
}


def stream_of(transfer_syntax: str) -> str | None:
    """FFmpeg's name of the elementary stream that a syntax stands for; None where it holds no video."""
    return STREAMS.get(transfer_syntax.removesuffix(".1"))


def with_stream_pixels(header: DicomHeader) -> DicomHeader:
    """The header of a video with a pixel format that passes: the stream says its own; any other header as it is.

    Size, frame count, colour model and depth of these headers are often copied from elsewhere.
    """
    if not stream_of(header.transfer_syntax):
        return header
    return replace(
        header,
        rows=header.rows or 1,
        columns=header.columns or 1,
        frames=2,
        samples=3,
        photometric="YBR_PARTIAL_420",  # PS3.5 8.2.5: the only one that these syntaxes allow
        bits_allocated=8,
        bits_stored=8,
    )


def count_warning(stated: int | None, stored: int) -> tuple[ClipWarning, ...]:
    """What the reader is told where a header states another number of frames than the stream holds.

    Raises ClipRejected for a stream of one frame.
    """
    if stored == 1:
        raise ClipRejected(SkipReason.STILL_IMAGE, "A single frame; only cines are used.")
    number = "no number of frames" if stated is None else f"{stated} frames"
    text = f"The header states {number}, the video holds {stored}; those of the video were read."
    return (ClipWarning("frame_count_differs", text),) if stated != stored else ()
