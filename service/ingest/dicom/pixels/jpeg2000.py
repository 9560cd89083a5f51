"""What a JPEG 2000 or HTJ2K codestream asks of its decoder, read before it is decoded; and plain ones decoded.

OpenJPEG allocates for every tile, precinct, code-block and layer that the headers announce, whether or not any data
follow. Measured (LOG 2026-11-22): 166 bytes that announce 2×2 precincts in a 1024×1024 picture took 1.7 GB and 4 s;
65,535 tiles took 0.8 GB and 5 s; 65,535 layers with 32×32 precincts 2.4 GB and 31 s.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from struct import unpack_from

import cv2
import numpy as np
from numpy.typing import NDArray

# At these bounds a 1024×1024 colour picture takes below 20 MB on top of its pixels; encoders in use stay far inside.
_MAX_TILES = 1024
_MIN_PRECINCT_EXPONENT = 5  # 32 samples a side; defaults are 2^15, Kakadu's profiles 64 to 256
_MIN_CODE_BLOCK_EXPONENTS = 8  # 256 samples; usual are 32×32 and 64×64
_MAX_LAYERS = 100
_MAX_LEVELS = 32  # T.800 table A.15

_COD, _COC, _SOT, _SOD, _EOC = 0xFF52, 0xFF53, 0xFF90, 0xFF93, 0xFFD9  # ITU-T T.800 table A.2
# Markers that may stand in main and tile-part headers. Others, Part 2's included, are refused: OpenJPEG looks for the
# next marker behind an unknown one in another way than by its length.
_KNOWN = {0xFF50, 0xFF51, _COD, _COC, 0xFF55, 0xFF57, 0xFF58, 0xFF59, 0xFF5C, 0xFF5D, 0xFF5E, 0xFF5F, 0xFF60, 0xFF61}
_KNOWN |= {0xFF63, 0xFF64, _SOT}
_END = b"\xff\xd9"
_BYTE_COMPONENT = bytes((7, 1, 1))  # unsigned, 8 bits; a sample for each column and row of the picture
# OpenCV warns of every codestream that it names no colour space; those of DICOM never do.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


def is_modest(encoded: bytes) -> bool:
    """Whether the codestream is whole and stays within the bounds above in its main header and in every tile-part."""
    try:
        return demands_are_modest(encoded)
    except struct.error:
        return False


def demands_are_modest(encoded: bytes) -> bool:
    """The same of a whole codestream. Raises struct.error where it is damaged or cut off.

    Nor may it announce more packets than it has bytes: each takes one at least, an empty one too (T.800 B.10.3).
    """
    if _tiles(encoded) > _MAX_TILES:
        return False
    wide_index, styles = _components(encoded) > 256, []
    for marker, body in _segments(encoded):
        if marker not in _KNOWN:
            return False
        if marker in {_COD, _COC}:
            styles.append(_style(marker, body, wide_index=wide_index))
            if not styles[-1].is_modest or _packets(encoded, styles) > len(encoded):
                return False
    return bool(styles)


def decoded(encoded: bytes) -> NDArray[np.uint8] | None:
    """The stored values of a codestream of bytes, uint8 (H, W) grey or (H, W, 3); None for any other, or a damaged one.

    OpenCV's OpenJPEG gives the same bytes as pylibjpeg's and, unlike it, does not hold the interpreter's lock: 20 ms a
    frame in which nothing else of a study went on (LOG 2026-11-22).
    """
    if not _is_plain(encoded):
        return None
    picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint8:
        return None
    colour = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    return np.asarray(colour, np.uint8)


def with_end(encoded: bytes) -> bytes:
    """The codestream with its end-of-codestream marker, one of our own where only that is missing (T.800 A.4.4)."""
    bare = encoded.rstrip(b"\0")
    if bare.endswith(_END):
        return encoded
    end = 0
    with suppress(struct.error):
        for end in _parts(encoded):  # noqa: B007 - its last value is kept
            pass
    return encoded[:end] + _END if 0 < end <= len(encoded) else encoded


def _parts(encoded: bytes) -> Iterator[int]:
    """Where each tile-part ends that states its length. Raises struct.error at the end."""
    at = 2
    while True:
        marker, length = unpack_from(">2H", encoded, at)
        if marker == _SOT:
            (part_length,) = unpack_from(">I", encoded, at + 6)
            if not part_length:
                return
            at += part_length
            yield at
        else:
            at += 2 + length


def component_transform(encoded: bytes) -> bool:
    """Whether the main header switches the component transform on (T.800 A.6.1, table A.17)."""
    try:
        for marker, body in _segments(encoded):
            if marker == _COD:
                return len(body) > 4 and body[4] == 1
            if marker == _SOT:
                return False
    except struct.error:
        pass
    return False


def _is_plain(encoded: bytes) -> bool:
    """Whether all components, one or three, are unsigned bytes of full resolution (SIZ, T.800 A.5.1)."""
    try:
        components = _components(encoded)
        return components in (1, 3) and encoded[42 : 42 + 3 * components] == _BYTE_COMPONENT * components
    except struct.error:
        return False


def _components(encoded: bytes) -> int:
    """Number of components, from SIZ (T.800 A.5.1)."""
    return int(unpack_from(">H", encoded, 40)[0])


def _tiles(encoded: bytes) -> int:
    """Number of tiles that the picture is split into, from SIZ; one more than allowed where SIZ makes no sense."""
    x1, y1, _, _, width, height, x0, y0 = unpack_from(">8I", encoded, 8)
    if not width or not height:
        return _MAX_TILES + 1
    return int(-(-(x1 - x0) // width) * -(-(y1 - y0) // height))


def _segments(encoded: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, body) of every header segment, jumping over each tile-part's data. Raises struct.error."""
    at, next_part = 2, 0
    while at < len(encoded):
        (marker,) = unpack_from(">H", encoded, at)
        if marker == _EOC:
            return
        if marker == _SOD:
            if not next_part:  # the last tile-part may leave its length open (T.800 A.4.2)
                return
            if next_part <= at:
                raise struct.error("a tile-part ends before its data")
            at = next_part
            continue
        (length,) = unpack_from(">H", encoded, at + 2)
        if marker == _SOT:
            (part_length,) = unpack_from(">I", encoded, at + 6)
            if at + part_length > len(encoded):
                raise struct.error("a tile-part is cut off")
            next_part = at + part_length if part_length else 0
        yield marker, encoded[at + 4 : at + 2 + length]
        at += 2 + length


@dataclass(frozen=True, slots=True)
class _Style:
    """A coding style. precincts: exponents of their sides at each resolution, the lowest first; none: 15."""

    layers: int
    levels: int
    block_exponents: int
    precincts: bytes

    @property
    def is_modest(self) -> bool:
        """Whether it stays within the bounds above."""
        return (
            self.layers <= _MAX_LAYERS
            and self.block_exponents >= _MIN_CODE_BLOCK_EXPONENTS
            and all(min(size & 15, size >> 4) >= _MIN_PRECINCT_EXPONENT for size in self.precincts)
        )

    def precincts_of(self, width: int, height: int) -> int:
        """How many precincts, of all resolutions, a component of that size is split into (T.800 B.6)."""
        count = 0
        for resolution in range(self.levels + 1):
            reduction = self.levels - resolution
            size = self.precincts[resolution] if resolution < len(self.precincts) else 0xFF
            wide, high = -(-width >> reduction), -(-height >> reduction)
            count += -(-wide >> (size & 15)) * -(-high >> (size >> 4))
        return count


def _style(marker: int, body: bytes, *, wide_index: bool) -> _Style:
    """A coding style, default (COD) or of one component (COC) (T.800 A.6.1, A.6.2). Raises struct.error."""
    layers = unpack_from(">H", body, 2)[0] if marker == _COD else 1
    style_at = 0 if marker == _COD else 1 + wide_index
    at = 5 if marker == _COD else style_at + 1
    levels, width_exponent, height_exponent, _, _ = unpack_from("5B", body, at)
    has_precincts = unpack_from("B", body, style_at)[0] & 1
    precincts = body[at + 5 : at + 6 + levels] if has_precincts else b""
    return _Style(layers, min(levels, _MAX_LEVELS), (width_exponent & 15) + (height_exponent & 15) + 4, precincts)


def _packets(encoded: bytes, styles: Sequence[_Style]) -> int:
    """Packets that the codestream announces, were all its parts in its most demanding style (T.800 B.9)."""
    x1, y1, x0, y0, width, height, _, _ = unpack_from(">8I", encoded, 8)
    tile = min(x1 - x0, width), min(y1 - y0, height)
    precincts = max(style.precincts_of(*tile) for style in styles)
    return _tiles(encoded) * _components(encoded) * precincts * max(style.layers for style in styles)
