"""What a compressed frame is and says of itself, whatever transfer syntax and header say: kind, size, bits, colour."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from struct import unpack_from
from typing import Final

from service.ingest.dicom.pixels.codestream import JpegFacts, jpeg_facts
from service.ingest.dicom.pixels.frame_starts import (
    JP2_SIGNATURE,
    JXL_CODESTREAM,
    JXL_SIGNATURE,
    START_OF_J2K,
    START_OF_JPEG,
    is_rle,
)
from service.ingest.dicom.pixels.jpeg2000 import component_transform, with_end
from service.ingest.dicom.pixels.jpeg_xl import size_of_jpeg_xl

_PADDING: Final = 64  # bytes of zeros that may stand before a codestream
_SYCC: Final = 18  # enumerated colour space of a JP2 file (ITU-T T.800 table I.10)
_COMPONENTS_AT: Final = 42  # first component of SIZ: depth, and its distance in columns and rows (T.800 A.5.1)


class Kind(Enum):
    """Kinds of compressed frames that are known."""

    JPEG = auto()  # 8 bits, baseline, extended or progressive
    JPEG_DEEP = auto()  # more than 8 bits
    JPEG_LOSSLESS = auto()
    JPEG_OTHER = auto()  # hierarchical or arithmetic: nobody's decoder
    JPEG_LS = auto()
    JPEG_2000 = auto()  # HTJ2K too
    JPEG_XL = auto()
    RLE = auto()


@dataclass(frozen=True, slots=True)
class Codestream:
    """One compressed frame.

    size: (rows, columns), None where the codestream does not say (RLE).
    components: as many as there are, 0 where it does not say (JPEG XL), bytes of a pixel in RLE.
    bits: of a sample, None where the codestream does not say. colour: "RGB" or "YBR_FULL" where it says so itself.
    is_subsampled: the components differ in resolution, so they cannot be red, green and blue.
    """

    encoded: bytes
    kind: Kind
    size: tuple[int, int] | None
    components: int
    bits: int | None = None
    colour: str | None = None
    is_subsampled: bool = False
    is_converted: bool = False  # decoders undo the colour transform, whatever anybody says
    is_signed: bool | None = None  # None where the codestream does not say


def codestream_of(encoded: bytes) -> Codestream | None:
    """The codestream in those bytes, without boxes and padding around it; None where none begins there."""
    try:
        return _codestream_of(encoded)
    except (struct.error, IndexError):
        return None


def _codestream_of(encoded: bytes) -> Codestream | None:
    for start, read in _READERS.items():
        if encoded.startswith(start):
            return read(encoded)
    if is_rle(encoded[:64]):
        return Codestream(encoded, Kind.RLE, None, unpack_from("<L", encoded)[0])
    bare = encoded[:_PADDING].lstrip(b"\0")
    if bare.startswith((START_OF_JPEG, START_OF_J2K)):
        return _codestream_of(encoded[min(_PADDING, len(encoded)) - len(bare) :])
    return None


def _of_jpeg_xl(encoded: bytes) -> Codestream:
    return Codestream(encoded, Kind.JPEG_XL, size_of_jpeg_xl(encoded), 0)


def _of_jpeg(encoded: bytes) -> Codestream | None:
    """JPEG or JPEG-LS, by its start-of-frame marker (T.81 table B.1, T.87 C.1.1)."""
    facts = jpeg_facts(encoded)
    if facts is None:
        return None
    return Codestream(
        encoded,
        _jpeg_kind(facts),
        (facts.rows, facts.columns),
        facts.components,
        facts.bits,
        facts.colour,
        is_subsampled=facts.is_subsampled,
        is_signed=False if facts.bits == 8 else None,
    )


def _jpeg_kind(facts: JpegFacts) -> Kind:
    if facts.marker in {0xC0, 0xC1, 0xC2}:
        return Kind.JPEG if facts.bits == 8 else Kind.JPEG_DEEP
    return {0xC3: Kind.JPEG_LOSSLESS, 0xF7: Kind.JPEG_LS}.get(facts.marker, Kind.JPEG_OTHER)


def _of_jpeg_2000(encoded: bytes) -> Codestream:
    """A codestream of JPEG 2000; decoders undo its component transform themselves (T.800 A.6.1, annex G)."""
    width, height, x0, y0 = unpack_from(">4I", encoded, 8)
    components = int(unpack_from(">H", encoded, 40)[0])
    steps = {bytes(encoded[at + 1 : at + 3]) for at in range(_COMPONENTS_AT, _COMPONENTS_AT + 3 * components, 3)}
    return Codestream(
        with_end(encoded),
        Kind.JPEG_2000,
        (height - y0, width - x0),
        components,
        (encoded[_COMPONENTS_AT] & 0x7F) + 1,
        is_signed=bool(encoded[_COMPONENTS_AT] & 0x80),
        is_subsampled=len(steps) > 1,
        is_converted=components == 3 and component_transform(encoded),
    )


def _of_jp2(encoded: bytes) -> Codestream | None:
    """The codestream in the boxes of a JP2 file (T.800 annex I), with the colour space that they state."""
    at, is_sycc = 0, False
    while at + 8 <= len(encoded):
        length, kind = unpack_from(">I4s", encoded, at)
        body = at + 8
        if length == 1:
            (length,) = unpack_from(">Q", encoded, body)
            body += 8
        end = at + length if length else len(encoded)
        if end <= at:
            return None
        if kind == b"jp2h":
            is_sycc = _states_sycc(encoded[body:end])
        if kind == b"jp2c":
            bare = encoded[body:end]
            found = _of_jpeg_2000(bare) if bare.startswith(START_OF_J2K) else None
            return replace(found, colour="YBR_FULL") if found and is_sycc and not found.is_converted else found
        at = end
    return None


def _states_sycc(header: bytes) -> bool:
    """Whether the header box of a JP2 file states the colour space sYCC (T.800 I.5.3.3)."""
    at = header.find(b"colr\x01")
    return at >= 0 and header[at + 7 : at + 11] == _SYCC.to_bytes(4, "big")


_READERS: Final[Mapping[bytes, Callable[[bytes], Codestream | None]]] = {
    START_OF_JPEG: _of_jpeg,
    START_OF_J2K: _of_jpeg_2000,
    JP2_SIGNATURE: _of_jp2,
    JXL_SIGNATURE: _of_jpeg_xl,
    JXL_CODESTREAM: _of_jpeg_xl,
}
