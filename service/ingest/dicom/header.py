"""What a DICOM header says about a cine, as plain values, and how its pixels are stored. Knows no DICOM library.

Which files are a modality's own (its SOP classes, organs, modes) is not decided here: the caller passes an `Admission`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.dicom.pixels.colour import Palette
from service.ingest.dicom.timing import PLAUSIBLE_HZ, Timing
from service.ingest.limits import IngestLimits

Box = tuple[int, int, int, int]

GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
COLOUR = frozenset(
    {
        "RGB",
        "YBR_FULL",
        "YBR_FULL_422",
        "YBR_ICT",
        "YBR_RCT",
        "YBR_PARTIAL_422",
        "YBR_PARTIAL_420",
    }  # the last two retired
)
PALETTE = "PALETTE COLOR"

# The only elements that are read, each with what it is needed for. Everything else stays in the file.
READ_TAGS: tuple[tuple[str, str], ...] = (
    ("SOPClassUID", "images, or a report, waveform or directory"),
    ("SOPInstanceUID", "sealed: names the image in a report returned to the archive"),
    ("StudyInstanceUID", "sealed: one study per answer; returned to the archive"),
    ("SeriesInstanceUID", "sealed: returned to the archive"),
    ("PatientID", "sealed: one patient per answer; compared within this upload, then dropped"),
    ("Modality", "ultrasound or not"),
    ("ImageType", "the examination and modes that its third and fourth value name"),
    ("BodyPartExamined", "refuses what is clearly no heart"),
    ("AnatomicRegionSequence", "refuses what is clearly no heart; its code values only"),
    ("BurnedInAnnotation", "whether text was declared absent"),
    ("SequenceOfUltrasoundRegions", "where the 2D sectors are; format, type, corners and size of a pixel only"),
    ("PixelAspectRatio", "whether pixels are square"),
    ("FrameIncrementPointer", "which of the next two holds"),
    ("FrameTime", "frame rate"),
    ("FrameTimeVector", "frame rate"),
    ("ActualFrameDuration", "frame rate"),
    ("EffectiveDuration", "frame rate"),
    ("CineRate", "frame rate"),
    ("RecommendedDisplayFrameRate", "frame rate"),
    ("NumberOfFrames", "size"),
    ("Rows", "size"),
    ("Columns", "size"),
    ("SamplesPerPixel", "pixel format"),
    ("PhotometricInterpretation", "pixel format"),
    ("PlanarConfiguration", "pixel format"),
    ("BitsAllocated", "pixel format"),
    ("BitsStored", "pixel format"),
    ("HighBit", "pixel format"),
    ("PixelRepresentation", "pixel format"),
    ("WindowCenter", "grey levels of more than eight bits"),
    ("WindowWidth", "grey levels of more than eight bits"),
    *((f"{kind}{colour}PaletteColorLookupTable{part}", "palette") for colour in ("Red", "Green", "Blue")
      for kind, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))),
)  # fmt: skip
# Philips' Cartesian 3D export (QLAB): the number of slices of a volume, and the distance between them.
READ_PRIVATE_TAGS: tuple[tuple[int, str], ...] = ((0x30011001, "refuses volumes"),)

_SMALLEST_SECTOR = 16  # pixels a side; a smaller region is an icon or a mistake
_OVERHANG = 2  # pixels; some carts count corners from one, or give the first pixel outside


@dataclass(frozen=True)
class Region:
    """One item of SequenceOfUltrasoundRegions (PS3.3 C.8.5.5); corners are inclusive pixels."""

    spatial_format: int | None
    data_type: int | None
    corners: tuple[int | None, int | None, int | None, int | None]  # min x0, min y0, max x1, max y1
    units: tuple[int | None, int | None] = (None, None)  # of both directions; 3 is cm
    deltas: tuple[float | None, float | None] = (None, None)  # how far it is from pixel to pixel, right and down


@dataclass(frozen=True)
class PixelElement:
    """Where the pixel data lie: the first byte of their value, and the bytes from there to its end or the file's."""

    offset: int
    length: int
    vr: str
    stated_length: int | None = None  # None: not stated, the element is ended by a delimiter
    is_encapsulated: bool = False  # it begins with an item, whatever the transfer syntax says


@dataclass(frozen=True, eq=False)
class DicomHeader:
    """The read tags of one file, None where one is absent or not of its type. Nothing here identifies anybody."""

    transfer_syntax: str
    holds_images: bool  # it has rows or pixels, or its SOP class is not known to store something else
    is_volume: bool  # Enhanced US Volume, or Philips' Cartesian 3D data: its frames are slices, not times
    sop_class: str
    image_type: tuple[str, ...] = field(repr=False)
    modality: str | None = field(repr=False)  # free of identity by definition, but only the file's word for it
    body_part: str | None = field(repr=False)
    anatomy_codes: tuple[str, ...] = field(repr=False)
    rows: int | None
    columns: int | None
    frames: int | None  # None where it is missing or makes no sense
    samples: int | None
    photometric: str | None = field(repr=False)
    planar: int
    bits_allocated: int | None
    bits_stored: int | None
    high_bit: int | None
    signed: bool
    window: tuple[float, float] | None  # center and width
    timing: Timing
    regions: tuple[Region, ...]
    burned_in_annotation: str | None = field(repr=False)
    palette: Palette | None
    pixel_data: PixelElement | None
    pixel_aspect_ratio: tuple[float, ...] = ()  # height and width of a pixel, as PS3.3 C.7.6.3.1.7 orders them


@dataclass(frozen=True)
class PixelFormat:
    """How the header says that the pixels of an admitted cine are stored; only `admit` makes one, so all is checked.

    frames: None where the header does not say; what is stored may differ.
    """

    rows: int
    columns: int
    frames: int | None
    samples: int
    photometric: str
    planar: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    data: PixelElement


# Raises ClipRejected where a file is none of a modality's own. One of each modality: service.ingest reads them all.
Admission = Callable[[DicomHeader], None]


def admit_everything(_: DicomHeader) -> None:
    """Lets every file with images pass."""


def admit(header: DicomHeader, limits: IngestLimits, admission: Admission = admit_everything) -> PixelFormat:
    """The pixel format of a cine that may be decoded. Raises ClipRejected with the first reason against it."""
    if not header.holds_images:
        raise ClipRejected(
            SkipReason.NOT_AN_IMAGE, "This DICOM file holds no images (a report, waveform or directory)."
        )
    admission(header)
    if header.is_volume:
        raise ClipRejected(SkipReason.VOLUME, "This is a 3D volume; its frames are slices, not a cine.")
    if not header.rows or not header.columns or not header.pixel_data:
        raise ClipRejected(SkipReason.UNREADABLE, "The DICOM file is truncated or lacks its image size or pixel data.")
    check_size(header.rows, header.columns, header.frames or 1, limits)
    return _pixel_format(header, (header.frames, header.rows, header.columns), header.pixel_data)


def check_size(rows: int, columns: int, frames: int, limits: IngestLimits) -> None:
    """Raises ClipRejected when a frame, or all frames together, hold more pixels than the limits."""
    if rows * columns > limits.max_frame_pixels:
        text = f"A frame of {columns}×{rows} pixels exceeds the limit of {limits.max_frame_pixels} pixels."
        raise ClipRejected(SkipReason.TOO_LARGE, text)
    if rows * columns * frames > limits.max_clip_pixels:
        text = f"{frames} frames of {columns}×{rows} pixels exceed the limit of {limits.max_clip_pixels} pixels."
        raise ClipRejected(SkipReason.TOO_LARGE, text)


def _pixel_format(header: DicomHeader, shape: tuple[int | None, int, int], data: PixelElement) -> PixelFormat:
    """The format of pixels that are stored frame by frame, or in a video stream.

    Compressed frames say bits, samples and colours themselves, so what a header lacks or mistakes of them is made up.
    """
    bits, stored = header.bits_allocated, header.bits_stored
    photometric = _colour_model(header.photometric)
    if bits not in {8, 16} or stored is None or not 1 <= stored <= bits:
        if not data.is_encapsulated:
            raise ClipRejected(SkipReason.UNREADABLE, "The header states bits per sample that no clip has (8 or 16).")
        bits = stored = 8
    samples = header.samples if header.samples is not None else 1 if photometric in {*GREY, PALETTE} else 3
    grey = samples == 1 and photometric in {*GREY, PALETTE}
    if not data.is_encapsulated and not grey and (samples != 3 or photometric not in COLOUR):
        raise ClipRejected(SkipReason.UNREADABLE, "The header states a colour model that cannot be read.")
    if not data.is_encapsulated and photometric.startswith("YBR") and bits != 8:
        raise ClipRejected(SkipReason.UNREADABLE, "YCbCr of more than eight bits cannot be read.")
    return PixelFormat(
        frames=shape[0],
        rows=shape[1],
        columns=shape[2],
        samples=1 if grey else 3,
        photometric=photometric,
        planar=header.planar,
        bits_allocated=bits,
        bits_stored=stored,
        high_bit=_high_bit(header.high_bit, bits, stored),
        signed=header.signed,
        data=data,
    )


def _colour_model(label: str | None) -> str:
    """A known colour model whatever its letters and spaces; an empty text for any other."""
    capital = (label or "").upper()
    spellings = (capital, "_".join(capital.split()), " ".join(capital.replace("_", " ").split()))
    return next((name for name in spellings if name in COLOUR or name in GREY or name == PALETTE), "")


def _high_bit(stated: int | None, allocated: int, stored: int) -> int:
    """The highest of the stored bits; where the statement makes no sense, the stored bits are the lowest."""
    return stated if stated is not None and stored <= stated + 1 <= allocated else stored - 1


def plausible_frame_rate_hz(stated: Sequence[float]) -> float | None:
    """The first plausible one of several statements, None when there is none."""
    low, high = PLAUSIBLE_HZ
    return next((rate for rate in stated if isfinite(rate) and low <= rate <= high), None)


def sector_box(regions: Sequence[Region], rows: int, columns: int) -> Box | None:
    """(x0, y0, x1, y1), x1 and y1 exclusive: the union of the 2D tissue and colour flow regions.

    None where there is none, or one lies outside the image: regions are sometimes left as they were before the image
    was resized (pydicom's examples_ybr_color.dcm), and then none of them can be trusted.

    Source: PS3.3 C.8.5.5.1.1 (spatial format 1 is 2D) and C.8.5.5.1.3 (data type 1 is tissue, 2 colour flow).
    """
    boxes = tissue_boxes(regions, rows, columns)
    if not boxes:
        return None
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def tissue_boxes(regions: Sequence[Region], rows: int, columns: int) -> tuple[Box, ...]:
    """Each 2D tissue or colour flow region as (x0, y0, x1, y1); none where one of them lies outside the image."""
    boxes = [box for region in regions if (box := _tissue_box(region))]
    beyond = [max(-x0, -y0, x1 - columns, y1 - rows) for x0, y0, x1, y1 in boxes]
    if max(beyond, default=0) > _OVERHANG:
        return ()
    return tuple((max(0, x0), max(0, y0), min(columns, x1), min(rows, y1)) for x0, y0, x1, y1 in boxes)


def _tissue_box(region: Region) -> Box | None:
    """The region with exclusive ends; None where it is not 2D tissue or flow, or makes no sense."""
    x0, y0, x1, y1 = region.corners
    if region.spatial_format != 1 or region.data_type not in {1, 2} or x0 is None or y0 is None:
        return None
    if x1 is None or y1 is None or min(x1 + 1 - x0, y1 + 1 - y0) < _SMALLEST_SECTOR:
        return None
    return x0, y0, x1 + 1, y1 + 1
