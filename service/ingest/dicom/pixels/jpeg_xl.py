"""JPEG XL frames (PS3.5 8.2.15, transfer syntaxes .110 to .112), decoded by libjxl through imagecodecs.

imagecodecs is kept up since 2018, has wheels, and is BSD-3-Clause; only its JPEG XL module is ever loaded. libjxl gives
grey or RGB whatever was stored: a recompressed JPEG (.111) comes out as its picture, within a grey level or two.
"""

from struct import unpack_from
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

try:
    import imagecodecs
except ImportError:
    imagecodecs = None  # type: ignore[assignment]  # a module, or none

_SIGNATURE_BYTES: Final = 2
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # ISO/IEC 18181-1, table of SizeHeader
_SIZE_BITS: Final = (9, 13, 18, 30)


def _codec() -> ModuleType | None:
    """imagecodecs, None where it is not installed or was built without libjxl."""
    return imagecodecs if imagecodecs is not None and imagecodecs.JPEGXL.available else None


def is_available() -> bool:
    """Whether this installation decodes JPEG XL."""
    return _codec() is not None


def decode_jpeg_xl(encoded: bytes) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """The first picture, (H, W) grey or (H, W, 3) RGB. Raises what the decoder raises, ValueError for other kinds."""
    codec = _codec()
    if codec is None:
        raise ValueError("no decoder for JPEG XL")
    values = np.asarray(codec.jpegxl_decode(encoded, index=0, numthreads=1))
    if (
        values.dtype not in (np.uint8, np.uint16)
        or values.ndim not in (2, 3)
        or values.shape[2:] not in {(), (1,), (3,)}
    ):
        raise ValueError("a JPEG XL frame that is no grey or colour picture of 8 or 16 bits")
    return values[..., 0] if values.shape[2:] == (1,) else values


def size_of_jpeg_xl(encoded: bytes) -> tuple[int, int]:
    """(rows, columns) of a codestream, bare or in boxes. Raises IndexError or struct.error where there is none.

    Source: ISO/IEC 18181-1, SizeHeader; 18181-2, 9.
    """
    bits = _Bits(_codestream(encoded)[_SIGNATURE_BYTES:])
    if bits.take(1):  # small: both sides are multiples of eight
        rows = 8 * (bits.take(5) + 1)
        ratio = bits.take(3)
        return rows, 8 * (bits.take(5) + 1) if ratio == 0 else _by_ratio(rows, ratio)
    rows = bits.take(_SIZE_BITS[bits.take(2)]) + 1
    ratio = bits.take(3)
    return rows, bits.take(_SIZE_BITS[bits.take(2)]) + 1 if ratio == 0 else _by_ratio(rows, ratio)


def _by_ratio(rows: int, ratio: int) -> int:
    wide, high = _RATIOS[ratio - 1]
    return rows * wide // high


def _codestream(encoded: bytes) -> bytes:
    """The codestream's first bytes: those of the box `jxlc`, or of the first `jxlp` behind its number."""
    if encoded.startswith(b"\xff\x0a"):
        return encoded
    at = 0
    while True:
        length, kind = unpack_from(">I4s", encoded, at)
        if kind in {b"jxlc", b"jxlp"}:
            begin = at + 8 + (8 if length == 1 else 0) + (4 if kind == b"jxlp" else 0)
            return encoded[begin : begin + 16]
        if length < 8:
            raise IndexError("a box without a length before the codestream")
        at += length


class _Bits:
    """Reads numbers of a few bits, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._number, self._left = int.from_bytes(data[:16], "little"), 8 * len(data[:16])

    def take(self, count: int) -> int:
        if count > self._left:
            raise IndexError("the codestream ends in its header")
        taken = self._number & ((1 << count) - 1)
        self._number >>= count
        self._left -= count
        return taken
