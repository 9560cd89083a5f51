"""DICOM files to headers and frames. The only file that imports pydicom; nothing of pydicom's leaves it."""

import io
import logging
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from struct import unpack
from typing import Any, cast

from pydicom import uid
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filereader import read_dataset
from pydicom.pixels.decoders.base import get_decoder

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.dicom.header import READ_TAGS, DicomHeader, PixelElement, PixelFormat
from service.ingest.dicom.header_values import header_of, identity_of, text_of
from service.ingest.dicom.pixels import jpeg, jpeg2000
from service.ingest.dicom.pixels.codestream import START_OF_J2K, adobe_transform
from service.ingest.dicom.pixels.colour import Stored
from service.ingest.identity import Identity
from service.ingest.limits import IngestLimits
from service.ingest.untrusted import BoundedReader, third_party

_TAGS = [cast(int, tag_for_keyword(keyword)) for keyword, _ in READ_TAGS]

_PIXEL_DATA = (0x7FE00008, 0x7FE00009, 0x7FE00010)  # double float, float, and the only one that images use
_META_START = 132  # a preamble of 128 bytes, then "DICM" (PS3.10 7.1)
_ULTRASOUND_VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"  # Enhanced US Volume Storage (PS3.4 B.5)
_DAMAGED = "The DICOM file is truncated or damaged and cannot be read."

# One decoder per syntax, so that a file gives the same pixels on every installation. Never gdcm (memory safety).
_PLUGINS = {
    uid.JPEGBaseline8Bit: "pillow",
    **dict.fromkeys((uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1), "pylibjpeg"),
    **dict.fromkeys((uid.JPEGLSLossless, uid.JPEGLSNearLossless), "pyjpegls"),
    **dict.fromkeys((uid.JPEG2000Lossless, uid.JPEG2000), "pylibjpeg"),
    **dict.fromkeys((uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K), "pylibjpeg"),
    uid.RLELossless: "pylibjpeg",
}


def silence_pydicom() -> None:
    """Keeps pydicom from logging and warning: its messages quote header values. Repeated calls change nothing."""
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")


def read_header(path: Path, limits: IngestLimits) -> tuple[Identity, DicomHeader] | None:
    """What the file's header says, its pixels untouched; None where the file is not DICOM.

    Without the DICM prefix a file counts as DICOM only when it names its SOP class.
    Raises ClipRejected when the file has the prefix but cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_META_START)
    has_prefix = head[128:] == b"DICM"
    if not has_prefix and head[:2] not in {b"\x02\x00", b"\x08\x00", b"\x00\x08"}:  # groups 2 and 8, either endianness
        return None
    silence_pydicom()
    try:
        with third_party(_DAMAGED), dataset_reader(path, limits) as (reader, meta):
            return _parse(reader, meta, has_prefix=has_prefix)
    except ClipRejected:
        if has_prefix:
            raise
        return None


@contextmanager
def dataset_reader(path: Path, limits: IngestLimits) -> Iterator[tuple[BoundedReader, Dataset]]:
    """The file at the first element after its meta information, inflated if need be, and that information."""
    with BoundedReader(io.FileIO(path)) as reader:
        reader.seek(128)
        if reader.read(4) != b"DICM":
            reader.seek(0)
        meta = read_dataset(cast(Any, reader), False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
        if meta.get("TransferSyntaxUID") != uid.DeflatedExplicitVRLittleEndian:
            yield reader, meta
            return
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(reader.read(), limits.max_file_bytes + 1)
    if len(inflated) > limits.max_file_bytes:
        raise ClipRejected(SkipReason.TOO_LARGE, f"The inflated file exceeds {limits.max_file_bytes} bytes.")
    yield BoundedReader(io.BytesIO(inflated)), meta


def _parse(reader: BoundedReader, meta: Dataset, *, has_prefix: bool) -> tuple[Identity, DicomHeader] | None:
    """The listed tags of the dataset that starts here; None where a file without prefix does not name its SOP class."""
    syntax = text_of(meta, "TransferSyntaxUID")
    implicit, little_endian = _encoding(reader, syntax)
    dataset = read_dataset(
        cast(Any, reader),
        implicit,
        little_endian,
        stop_when=lambda tag, _vr, _length: int(tag) in _PIXEL_DATA,
        specific_tags=cast(Any, _TAGS),
    )
    sop_class = uid.UID(text_of(dataset, "SOPClassUID") or text_of(meta, "MediaStorageSOPClassUID") or "")
    if not has_prefix and "Storage" not in sop_class.name:
        return None
    implicit = bool(dataset.original_encoding[0])  # some files switch to implicit VR without saying so
    plain = uid.ExplicitVRLittleEndian if little_endian else uid.ExplicitVRBigEndian
    stated = syntax or (uid.ImplicitVRLittleEndian if implicit else plain)
    header = header_of(
        dataset,
        transfer_syntax=stated,
        little_endian=little_endian,
        stores_images=_may_store_images(sop_class),
        stores_volumes=sop_class == _ULTRASOUND_VOLUME,
        pixel_data=_pixel_element(reader, implicit, little_endian),
    )
    return identity_of(dataset), header


def _encoding(reader: BoundedReader, syntax: str | None) -> tuple[bool, bool]:
    """(implicit VR, little endian) of the dataset; guessed from its first element where no syntax is stated."""
    if syntax:
        return syntax == uid.ImplicitVRLittleEndian, syntax != uid.ExplicitVRBigEndian
    first = reader.read(6)
    reader.seek(-len(first), io.SEEK_CUR)
    explicit = first[4:6].isalpha() and first[4:6].isupper()
    return not explicit, not (explicit and first[:1] == b"\x00")


def _pixel_element(reader: BoundedReader, implicit: bool, little_endian: bool) -> PixelElement | None:
    """The pixel data whose element starts here; None where the dataset ended without any."""
    order = "<" if little_endian else ">"
    head = reader.read(8)
    if len(head) < 8 or unpack(f"{order}2H", head[:4]) != (0x7FE0, 0x0010):
        return None
    length_bytes = head[4:] if implicit else reader.read(4)  # explicit OB and OW: VR, two reserved bytes, length
    (length,) = unpack(f"{order}L", length_bytes)
    left = reader.size - reader.tell()
    # An undefined length (all ones) is longer than any file that is read.
    return PixelElement(reader.tell(), min(length, left), "OW" if implicit else head[4:6].decode())


def _may_store_images(sop_class: uid.UID) -> bool:
    """False only for a registered class that stores something else: reports, waveforms, directories."""
    return "Image Storage" in sop_class.name or sop_class.name == str(sop_class)


def available_decoders(transfer_syntax: str) -> tuple[str, ...]:
    """Names of the decoders that this installation has for a syntax."""
    with suppress(NotImplementedError):
        return tuple(get_decoder(uid.UID(transfer_syntax)).available_plugins)
    return ()


def decoder_name(transfer_syntax: str, bits_stored: int) -> str:
    """The decoder for a compressed syntax. Raises ClipRejected where there is none, or only the extra brings it."""
    syntax = uid.UID(transfer_syntax)
    name = _PLUGINS.get(syntax)
    if syntax == uid.JPEGExtended12Bit and bits_stored == 8:
        name = "pillow"  # eight-bit Extended needs no extra
    if name is None:
        raise ClipRejected(SkipReason.UNSUPPORTED_COMPRESSION, "The compression of this DICOM file is not supported.")
    if name not in available_decoders(syntax):
        is_lossless_jpeg = syntax in {uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1}
        if is_lossless_jpeg:
            text = "JPEG Lossless and Extended need the extra: pip install 'echoscribe[jpeg-lossless]'."
            raise ClipRejected(SkipReason.NEEDS_JPEG_LOSSLESS, text)
        raise ClipRejected(SkipReason.UNSUPPORTED_COMPRESSION, f"The decoder {name} is not installed.")
    return name


def is_encapsulated(transfer_syntax: str) -> bool:
    """Whether a syntax compresses its pixels; unknown ones count as compressed, with a compression nobody knows."""
    syntax = uid.UID(transfer_syntax)
    return not syntax.is_transfer_syntax or syntax.is_encapsulated


def decode_compressed(encoded: bytes, transfer_syntax: str, pixels: PixelFormat) -> tuple[Stored, str]:
    """One frame's stored values (H, W) or (H, W, 3) and the colour model they are in after decoding.

    pydicom's own colour conversion is off: decoders return either the stored YCbCr or, for some codestreams, RGB, and
    say which; converting happens once, in `colour`. Raises whatever the decoder raises.
    """
    name = decoder_name(transfer_syntax, pixels.bits_stored)
    if encoded.startswith(START_OF_J2K) and pixels.bits_stored == 8 and not pixels.signed:
        plain = jpeg2000.decoded(encoded)
        if plain is not None:
            return plain, "RGB" if pixels.photometric in {"YBR_ICT", "YBR_RCT"} else pixels.photometric
    if name == "pillow" and pixels.photometric in {"YBR_FULL", "YBR_FULL_422"}:
        plain = jpeg.decoded_rgb(encoded)
        if plain is not None:
            return plain, "RGB"
    values, properties = get_decoder(uid.UID(transfer_syntax)).as_array(
        encapsulate([encoded], has_bot=False),
        index=0,
        raw=True,
        decoding_plugin=name,
        **_decoding_options(pixels, frames=1),
    )
    # Pillow itself converts JPEG with Adobe's marker to RGB; pydicom 3.0.2 does not notice and would convert again.
    is_converted = name == "pillow" and pixels.samples == 3 and adobe_transform(encoded) == 1
    return values, "RGB" if is_converted else str(properties["photometric_interpretation"])


def decode_native(
    reader: BoundedReader, transfer_syntax: str, pixels: PixelFormat, indices: Iterable[int]
) -> Iterator[tuple[Stored, str]]:
    """The stored values of those frames and their colour model, read from the file one frame at a time."""
    options = _decoding_options(pixels, frames=pixels.frames)
    decoder = get_decoder(uid.UID(transfer_syntax))
    for index in indices:
        # One call a frame: pydicom 3.0.2's iterator takes the second YBR_FULL_422 frame for YBR_FULL.
        reader.seek(pixels.data.offset)
        values, properties = decoder.as_array(cast(Any, reader), index=index, raw=True, **options)
        yield values, str(properties["photometric_interpretation"])


def _decoding_options(pixels: PixelFormat, *, frames: int) -> dict[str, Any]:
    """What pydicom's decoders need to know instead of a dataset."""
    return {
        "rows": pixels.rows,
        "columns": pixels.columns,
        "number_of_frames": frames,
        "samples_per_pixel": pixels.samples,
        "photometric_interpretation": pixels.photometric,
        "planar_configuration": pixels.planar,
        "bits_allocated": pixels.bits_allocated,
        "bits_stored": pixels.bits_stored,
        "pixel_representation": int(pixels.signed),
        "pixel_keyword": "PixelData",
        "pixel_vr": pixels.data.vr,
    }
