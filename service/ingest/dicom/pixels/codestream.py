"""The picture size that a compressed frame states itself, read before any decoder allocates for it.

A DICOM header may say 100×100 while the JPEG inside says 65535×65535; decoders believe the JPEG.
"""

import re
import struct
from collections.abc import Iterator
from struct import unpack_from

# Start-of-frame markers of the syntaxes that are read: baseline, extended, lossless (ITU-T T.81 table B.1), JPEG-LS
# (T.87 C.1.1). Progressive frames are in none of them; a file of few bytes can hold thousands of their scans.
_START_OF_FRAME = frozenset({0xC0, 0xC1, 0xC3, 0xF7})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length (T.81 B.1.1.3)
_START_OF_SCAN, _APP14 = 0xDA, 0xEE
_END_OF_IMAGE = b"\xff\xd9"
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)  # stuffed zeros and restarts are none (T.81 B.1.1.5)
START_OF_J2K = b"\xff\x4f\xff\x51"  # SOC and SIZ, which must come first (ITU-T T.800 A.4.1, A.5.1)


def codestream_shape(encoded: bytes) -> tuple[int, int, int] | None:
    """(rows, columns, components) of a JPEG, JPEG-LS, JPEG 2000 or HTJ2K codestream; None where it states none."""
    try:
        if encoded.startswith(START_OF_J2K):
            width, height, x0, y0 = unpack_from(">4I", encoded, 8)
            return height - y0, width - x0, unpack_from(">H", encoded, 40)[0]
        return _jpeg_shape(encoded) if encoded.startswith(b"\xff\xd8") else None
    except struct.error:
        return None


def adobe_transform(encoded: bytes) -> int | None:
    """The colour transform in Adobe's marker of a JPEG: 0 none, 1 YCbCr; None without the marker (T.872 6.5.3)."""
    try:
        for marker, at, length in _segments(encoded):
            if marker == _APP14 and length >= 14 and encoded[at + 4 : at + 9] == b"Adobe":
                return encoded[at + 15]
    except struct.error:
        pass
    return None


def holds_ycbcr(encoded: bytes) -> bool:
    """Whether a JPEG has three components of eight bits that any decoder takes for YCbCr (T.871 6.1, T.872 6.5.3)."""
    if not encoded.startswith(b"\xff\xd8") or adobe_transform(encoded) not in (None, 1):
        return False
    try:
        for marker, at, length in _segments(encoded):
            if marker in _START_OF_FRAME:
                body = encoded[at + 4 : at + 2 + length]
                return body[:1] == b"\x08" and body[5:6] == b"\x03" and body[6::3] == b"\x01\x02\x03"
    except struct.error:
        pass
    return False


def is_one_whole_scan(encoded: bytes) -> bool:
    """Whether a JPEG's data, from its first scan on, hold no marker but restarts until the one that ends the image."""
    try:
        scan = next((at + 2 + length for marker, at, length in _segments(encoded) if marker == _START_OF_SCAN), None)
    except struct.error:
        return False
    found = None if scan is None else _MARKER_IN_SCAN.search(encoded, scan)
    return found is not None and found.group() == _END_OF_IMAGE and not encoded[found.end() :].strip(b"\0")


def _jpeg_shape(encoded: bytes) -> tuple[int, int, int] | None:
    """The shape in the first start-of-frame segment. Raises struct.error where the data end first."""
    for marker, at, _ in _segments(encoded):
        if marker in _START_OF_FRAME:
            rows, columns, components = unpack_from(">HHB", encoded, at + 5)
            return rows, columns, components
    return None


def _segments(encoded: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, offset, length) of each JPEG segment up to the scan data. Raises struct.error where the data end."""
    at = 2
    while at + 1 < len(encoded) and encoded[at] == 0xFF:
        marker = encoded[at + 1]
        if marker == 0xFF:  # fill bytes come in any number (T.81 B.1.1.2)
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        (length,) = unpack_from(">H", encoded, at + 2)
        yield marker, at, length
        if marker == _START_OF_SCAN:
            return
        at += 2 + length
