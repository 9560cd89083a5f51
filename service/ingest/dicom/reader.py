"""DICOM files to headers. Only this file, `elements` and `decoders` import pydicom; nothing of it leaves them."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import unpack
from typing import cast

from pydicom import uid
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from model.errors import ClipRejected
from service.ingest.dicom.elements import BoundedElements
from service.ingest.dicom.header import READ_PRIVATE_TAGS, READ_TAGS, DicomHeader, PixelElement
from service.ingest.dicom.header_values import StoredClass, header_of, identity_of, text_of
from service.ingest.dicom.inflated import InflatedFile
from service.ingest.identity import Identity
from service.ingest.limits import IngestLimits
from service.ingest.untrusted import BoundedReader, third_party

_TAGS = {cast(int, tag_for_keyword(keyword)): keyword for keyword, _ in READ_TAGS}
_TAGS |= {tag: f"{tag >> 16:04X},{tag & 0xFFFF:04X}" for tag, _ in READ_PRIVATE_TAGS}
_META_TAGS = {0x00020002: "MediaStorageSOPClassUID", 0x00020010: "TransferSyntaxUID"}

_PIXEL_DATA = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})  # double float, float, and the only one that images use
_META_START = 132  # a preamble of 128 bytes, then "DICM" (PS3.10 7.1)
_PREFIX = b"DICM"
_ITEM = b"\xfe\xff\x00\xe0"
_UNDEFINED_LENGTH = 0xFFFFFFFF
_ULTRASOUND_VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"  # Enhanced US Volume Storage (PS3.4 B.5)
_DAMAGED = "The DICOM file is truncated or damaged and cannot be read."


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
    has_prefix = _PREFIX in {head[128:], head[:4]}  # some writers leave the preamble out
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
    """The file at the first element after its meta information, inflated as it is read if need be; that information."""
    with BoundedReader(io.FileIO(path)) as reader:
        head = reader.read(_META_START)
        reader.seek(_META_START if head[128:] == _PREFIX else len(_PREFIX) if head[:4] == _PREFIX else 0)
        elements = BoundedElements(reader, _META_TAGS, lambda tag: tag >> 16 != 2)
        meta = elements.read(implicit=False, little_endian=True)
        if meta.get("TransferSyntaxUID") != uid.DeflatedExplicitVRLittleEndian:
            yield reader, meta
            return
        start = reader.tell()
    with (
        io.FileIO(path) as packed,
        BoundedReader(InflatedFile(packed, start, limits.max_file_bytes)) as inflated,
    ):
        yield inflated, meta


def _parse(reader: BoundedReader, meta: Dataset, *, has_prefix: bool) -> tuple[Identity, DicomHeader] | None:
    """The listed tags of the dataset that starts here; None where a file without prefix does not name its SOP class."""
    syntax = text_of(meta, "TransferSyntaxUID")
    implicit, little_endian = _encoding(reader, syntax)
    elements = BoundedElements(reader, _TAGS, _PIXEL_DATA.__contains__)
    dataset = elements.read(implicit=implicit, little_endian=little_endian)
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
        stored_class=StoredClass(
            uid=str(sop_class),
            is_image=_may_store_images(sop_class),
            is_volume=sop_class == _ULTRASOUND_VOLUME or any(tag in dataset for tag, _ in READ_PRIVATE_TAGS),
        ),
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
    at = reader.tell()
    item = reader.read(8)
    is_encapsulated = item.startswith(_ITEM) and int.from_bytes(item[4:], "little") <= reader.size - at
    stated = None if length == _UNDEFINED_LENGTH else length
    vr = "OW" if implicit else head[4:6].decode()
    return PixelElement(at, min(length, reader.size - at), vr, stated, is_encapsulated)


def _may_store_images(sop_class: uid.UID) -> bool:
    """False only for a registered class that stores something else: reports, waveforms, directories."""
    return "Image Storage" in sop_class.name or sop_class.name == str(sop_class)


def is_encapsulated(transfer_syntax: str) -> bool:
    """Whether a syntax compresses its pixels; unknown ones count as compressed, with a compression nobody knows."""
    syntax = uid.UID(transfer_syntax)
    return not syntax.is_transfer_syntax or syntax.is_encapsulated
