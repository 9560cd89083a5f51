"""The listed tags of a parsed DICOM dataset as plain values. Any may be absent, odd or impossible to convert."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Protocol

from model.errors import ClipRejected
from service.ingest.dicom.header import DicomHeader, PixelElement, Region
from service.ingest.dicom.pixels.colour import Palette, palette_from
from service.ingest.identity import Identity
from service.ingest.untrusted import third_party

_DAMAGED = "The DICOM file is truncated or damaged and cannot be read."


class Elements(Protocol):
    """A dataset or an item of a sequence, by keyword."""

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
    stores_images: bool,
    stores_volumes: bool,
    pixel_data: PixelElement | None,
) -> DicomHeader:
    """The plain values of the listed tags; what the SOP class says of them is the caller's to look up."""
    rows = _whole(elements, "Rows")
    codes = (text_of(item, "CodeValue") for item in _items(elements, "AnatomicRegionSequence"))
    window = _numbers(elements, "WindowCenter")[:1] + _numbers(elements, "WindowWidth")[:1]
    return DicomHeader(
        transfer_syntax=transfer_syntax,
        holds_images=rows is not None or pixel_data is not None or stores_images,
        is_volume=stores_volumes,
        modality=text_of(elements, "Modality"),
        body_part=text_of(elements, "BodyPartExamined"),
        anatomy_codes=tuple(code for code in codes if code),
        rows=rows,
        columns=_whole(elements, "Columns"),
        frames=_whole(elements, "NumberOfFrames") if "NumberOfFrames" in elements else 1,
        samples=_whole(elements, "SamplesPerPixel"),
        photometric=text_of(elements, "PhotometricInterpretation"),
        planar=_whole(elements, "PlanarConfiguration") or 0,
        bits_allocated=_whole(elements, "BitsAllocated"),
        bits_stored=_whole(elements, "BitsStored"),
        signed=_whole(elements, "PixelRepresentation") == 1,
        window=(window[0], window[1]) if len(window) == 2 else None,
        frame_rates_hz=tuple(_frame_rates_hz(elements)),
        regions=tuple(_region(item) for item in _items(elements, "SequenceOfUltrasoundRegions")),
        burned_in_annotation=text_of(elements, "BurnedInAnnotation"),
        palette=_palette(elements, little_endian=little_endian),
        pixel_data=pixel_data,
    )


def _frame_rates_hz(elements: Elements) -> Iterator[float]:
    """Every rate the header states: FrameTime, FrameTimeVector (both in ms), CineRate, RecommendedDisplayFrameRate."""
    increments = _numbers(elements, "FrameTimeVector")[1:]  # the first is zero by definition (PS3.3 C.7.6.5.1.2)
    mean = sum(increments) / len(increments) if increments else 0.0
    for milliseconds in (*_numbers(elements, "FrameTime")[:1], mean):
        if milliseconds > 0:
            yield 1000 / milliseconds
    yield from _numbers(elements, "CineRate")[:1]
    yield from _numbers(elements, "RecommendedDisplayFrameRate")[:1]


def _region(item: Elements) -> Region:
    """Format, type and corners of one ultrasound region."""
    names = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")
    x0, y0, x1, y1 = (_whole(item, name) for name in names)
    return Region(_whole(item, "RegionSpatialFormat"), _whole(item, "RegionDataType"), (x0, y0, x1, y1))


def _palette(elements: Elements, *, little_endian: bool) -> Palette | None:
    """The palette, None where there is none or it contradicts itself (segmented tables are not read)."""
    descriptor = [int(number) for number in _numbers(elements, "RedPaletteColorLookupTableDescriptor")]
    channels = [_value(elements, f"{name}PaletteColorLookupTableData") for name in ("Red", "Green", "Blue")]
    if len(descriptor) != 3 or not all(isinstance(channel, bytes) for channel in channels):
        return None
    with suppress(ClipRejected), third_party(_DAMAGED):
        return palette_from(descriptor, channels, little_endian=little_endian)
    return None
