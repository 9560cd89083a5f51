"""The listed tags of a parsed DICOM dataset as plain values. Any may be absent, odd or impossible to convert."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from model.errors import ClipRejected
from service.ingest.dicom.header import DicomHeader, PixelElement, Region
from service.ingest.dicom.pixels.colour import Palette, palette_from
from service.ingest.dicom.pixels.segmented_palette import expand_segments
from service.ingest.dicom.timing import Timing
from service.ingest.identity import Identity
from service.ingest.untrusted import third_party

_DAMAGED = "The DICOM file is truncated or damaged and cannot be read."


@dataclass(frozen=True)
class StoredClass:
    """A SOP class: its UID, whether it may store images, and whether these are the slices of volumes."""

    uid: str
    is_image: bool
    is_volume: bool


class Elements(Protocol):
    """A dataset or an item of a sequence, by keyword, or by tag where an element is private."""

    def get(self, keyword: str, /) -> Any:
        """The converted value, None where the element is absent. May raise anything."""

    def __contains__(self, keyword: str, /) -> bool: ...


def _value(elements: Elements, keyword: str) -> Any:
    """An element's value, None where it is absent or cannot be converted (conversion happens on access)."""
    with suppress(ClipRejected), third_party(_DAMAGED):
        return elements.get(keyword)
    return None


def _whole(elements: Elements, keyword: str) -> int | None:
    """A whole number; None where the element holds none, or several."""
    value = _value(elements, keyword)
    return int(value) if isinstance(value, int) else None


def text_of(elements: Elements, keyword: str) -> str | None:
    """A text without padding; None where the element holds none."""
    value = _value(elements, keyword)
    return value.strip(" \0") or None if isinstance(value, str) else None


def _numbers(elements: Elements, keyword: str) -> list[float]:
    """All numbers of an element, none where it holds something else."""
    with suppress(ClipRejected), third_party(_DAMAGED):
        value = elements.get(keyword)
        if value is not None and not isinstance(value, str):
            return [float(number) for number in (value if hasattr(value, "__iter__") else [value])]
    return []


def _number(elements: Elements, keyword: str) -> float | None:
    """The first number of an element; None where it holds none."""
    return next(iter(_numbers(elements, keyword)), None)


def _texts(elements: Elements, keyword: str) -> tuple[str, ...]:
    """All texts of an element without padding; an empty one keeps its place."""
    value = _value(elements, keyword)
    values = [value] if isinstance(value, str) else value
    return tuple(str(text).strip(" \0") for text in values) if hasattr(values, "__iter__") else ()


def _items(elements: Elements, keyword: str) -> list[Elements]:
    """The items of a sequence, none where the element is no sequence."""
    value = _value(elements, keyword)
    return [item for item in value if hasattr(item, "get")] if hasattr(value, "__iter__") else []


def identity_of(elements: Elements) -> Identity:
    """The sealed identifiers, an empty text where one is absent."""
    return Identity(
        study_instance_uid=text_of(elements, "StudyInstanceUID") or "",
        series_instance_uid=text_of(elements, "SeriesInstanceUID") or "",
        sop_class_uid=text_of(elements, "SOPClassUID") or "",
        sop_instance_uid=text_of(elements, "SOPInstanceUID") or "",
        patient_id=text_of(elements, "PatientID") or "",
    )


def header_of(
    elements: Elements,
    *,
    transfer_syntax: str,
    little_endian: bool,
    stored_class: StoredClass,
    pixel_data: PixelElement | None,
) -> DicomHeader:
    """The plain values of the listed tags; what the SOP class says of them is the caller's to look up."""
    rows, frames = _whole(elements, "Rows"), _whole(elements, "NumberOfFrames")
    codes = (text_of(item, "CodeValue") for item in _items(elements, "AnatomicRegionSequence"))
    window = _numbers(elements, "WindowCenter")[:1] + _numbers(elements, "WindowWidth")[:1]
    return DicomHeader(
        transfer_syntax=transfer_syntax,
        holds_images=rows is not None or pixel_data is not None or stored_class.is_image,
        is_volume=stored_class.is_volume,
        sop_class=stored_class.uid,
        image_type=_texts(elements, "ImageType"),
        modality=text_of(elements, "Modality"),
        body_part=text_of(elements, "BodyPartExamined"),
        anatomy_codes=tuple(code for code in codes if code),
        rows=rows,
        columns=_whole(elements, "Columns"),
        frames=frames if frames is not None and frames > 0 else None,
        samples=_whole(elements, "SamplesPerPixel"),
        photometric=text_of(elements, "PhotometricInterpretation"),
        planar=_whole(elements, "PlanarConfiguration") or 0,
        bits_allocated=_whole(elements, "BitsAllocated"),
        bits_stored=_whole(elements, "BitsStored"),
        high_bit=_whole(elements, "HighBit"),
        signed=_whole(elements, "PixelRepresentation") == 1,
        window=(window[0], window[1]) if len(window) == 2 else None,
        timing=_timing(elements),
        regions=tuple(_region(item) for item in _items(elements, "SequenceOfUltrasoundRegions")),
        burned_in_annotation=text_of(elements, "BurnedInAnnotation"),
        palette=_palette(elements, little_endian=little_endian),
        pixel_data=pixel_data,
        pixel_aspect_ratio=tuple(_numbers(elements, "PixelAspectRatio")),
    )


def _timing(elements: Elements) -> Timing:
    """Every statement about time."""
    return Timing(
        pointer=tuple(int(number) for number in _numbers(elements, "FrameIncrementPointer")),
        frame_time_ms=_number(elements, "FrameTime"),
        frame_time_vector_ms=tuple(_numbers(elements, "FrameTimeVector")),
        frame_duration_ms=_number(elements, "ActualFrameDuration"),
        effective_duration_s=_number(elements, "EffectiveDuration"),
        cine_rate_hz=_number(elements, "CineRate"),
        display_rate_hz=_number(elements, "RecommendedDisplayFrameRate"),
    )


def _region(item: Elements) -> Region:
    """Format, type, corners and size of a pixel of one ultrasound region."""
    names = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")
    x0, y0, x1, y1 = (_whole(item, name) for name in names)
    units = _whole(item, "PhysicalUnitsXDirection"), _whole(item, "PhysicalUnitsYDirection")
    right, down = (next(iter(_numbers(item, name)), None) for name in ("PhysicalDeltaX", "PhysicalDeltaY"))
    kind = _whole(item, "RegionSpatialFormat"), _whole(item, "RegionDataType")
    return Region(*kind, (x0, y0, x1, y1), units, (right, down))


def _palette(elements: Elements, *, little_endian: bool) -> Palette | None:
    """The palette, plain or segmented; None where there is none or it contradicts itself."""
    descriptor = [int(number) for number in _numbers(elements, "RedPaletteColorLookupTableDescriptor")]
    if len(descriptor) != 3:
        return None
    with suppress(ClipRejected), third_party(_DAMAGED):
        plain = _tables(elements, "")
        if plain is not None:
            return palette_from(descriptor, plain, little_endian=little_endian)
        segmented = _tables(elements, "Segmented")
        if segmented is not None:
            entries = descriptor[0] or 1 << 16
            whole = [expand_segments(table, entries, descriptor[2], little_endian=little_endian) for table in segmented]
            return palette_from(descriptor, whole, little_endian=little_endian)
    return None


def _tables(elements: Elements, kind: str) -> Sequence[bytes] | None:
    """The red, green and blue table; None where one is missing."""
    found = [_value(elements, f"{kind}{name}PaletteColorLookupTableData") for name in ("Red", "Green", "Blue")]
    tables = [table for table in found if isinstance(table, bytes)]
    return tables if len(tables) == 3 else None
