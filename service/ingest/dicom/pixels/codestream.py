"""The picture size that a compressed frame states itself, read before any decoder allocates for it.

A DICOM header may say 100×100 while the JPEG inside says 65535×65535; decoders believe the JPEG.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack_from

# Start-of-frame markers (ITU-T T.81 table B.1): every one but C4, C8 and CC, which mean something else; and that of
# JPEG-LS (T.87 C.1.1).
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_PROGRESSIVE = 0xC2
# A progressive file of few bytes can hold thousands of scans, each of which costs a pass over the picture. The usual
# script has ten (libjpeg's jcparam.c, jpeg_simple_progression).
_MAX_SCANS = 32
_IDS_OF_RGB, _IDS_OF_YCBCR = b"RGB", b"\x01\x02\x03"  # component identifiers that libjpeg knows
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length (T.81 B.1.1.3)
_START_OF_SCAN, _APP0, _APP14 = 0xDA, 0xE0, 0xEE
_END_OF_IMAGE, _SCAN_MARKER = b"\xff\xd9", b"\xff\xda"
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)  # stuffed zeros and restarts are none (T.81 B.1.1.5)
# What may stand between scans or end them: tables, restart interval, number of lines, next scan, end, comments, and
# fill bytes (T.81 B.2.1, B.1.1.2).
_BETWEEN_SCANS = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xDA, 0xD9, 0xFE, 0xFF, *range(0xE0, 0xF0)})
START_OF_J2K = b"\xff\x4f\xff\x51"  # SOC and SIZ, which must come first (ITU-T T.800 A.4.1, A.5.1)


@dataclass(frozen=True, slots=True)
class JpegFacts:
    """What the markers of a JPEG or JPEG-LS say. bits: of a sample.

    factors: each component's sampling factors, one byte (T.81 B.2.2). identifiers: of the components, a byte each.
    """

    marker: int
    bits: int
    rows: int
    columns: int
    identifiers: bytes
    factors: bytes
    adobe_transform: int | None
    has_jfif: bool

    @property
    def components(self) -> int:
        """Number of components."""
        return len(self.identifiers)

    @property
    def is_subsampled(self) -> bool:
        """Whether the components differ in resolution."""
        return len(set(self.factors)) > 1

    @property
    def colour(self) -> str | None:
        """What a marker says: "RGB" or "YBR_FULL" (T.871 6.1, T.872 6.5.3); None where none says anything."""
        if self.components != 3:
            return None
        if self.has_jfif or self.adobe_transform == 1:
            return "YBR_FULL"
        return "RGB" if self.adobe_transform == 0 or self.identifiers == _IDS_OF_RGB else None

    @property
    def decodes_as_ycbcr(self) -> bool:
        """Whether libjpeg takes the components for YCbCr; it also does so where nothing says what they are."""
        return self.components == 3 and self.colour != "RGB"


def jpeg_facts(encoded: bytes) -> JpegFacts | None:
    """The facts up to the first start-of-frame marker; None where there is none."""
    adobe, has_jfif = None, False
    try:
        for marker, at, length in _segments(encoded):
            if marker == _APP0 and encoded[at + 4 : at + 9] == b"JFIF\0":
                has_jfif = True
            elif marker == _APP14 and length >= 14 and encoded[at + 4 : at + 9] == b"Adobe":
                adobe = encoded[at + 15]
            elif marker in _START_OF_FRAME:
                bits, rows, columns, count = unpack_from(">BHHB", encoded, at + 4)
                described = encoded[at + 10 : at + 10 + 3 * count]
                if len(described) < 3 * count:
                    return None
                return JpegFacts(marker, bits, rows, columns, described[::3], described[1::3], adobe, has_jfif)
    except struct.error:
        pass
    return None


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


def has_end(encoded: bytes) -> bool:
    """Whether a JPEG's last scan is followed by an end-of-image marker; no scan's data hold one (T.81 B.1.1.5)."""
    return encoded.rfind(_END_OF_IMAGE) > encoded.rfind(_SCAN_MARKER)


def with_end(encoded: bytes) -> bytes:
    """A JPEG up to its end-of-image marker, or with one of our own where it has none."""
    if has_end(encoded):
        return encoded[: encoded.rfind(_END_OF_IMAGE) + 2]
    return encoded + (_END_OF_IMAGE[1:] if encoded.endswith(b"\xff") else _END_OF_IMAGE)


def has_stray_marker(encoded: bytes) -> bool:
    """Whether a marker stands behind the start of a JPEG's first scan that can only come from damaged data."""
    scan = encoded.find(_SCAN_MARKER)
    return scan >= 0 and any(
        match.group()[1] not in _BETWEEN_SCANS for match in _MARKER_IN_SCAN.finditer(encoded, scan + 2)
    )


def scans_too_many(encoded: bytes) -> bool:
    """Whether a progressive JPEG has more scans than any encoder makes."""
    facts = jpeg_facts(encoded)
    return facts is not None and facts.marker == _PROGRESSIVE and encoded.count(_SCAN_MARKER) > _MAX_SCANS


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
