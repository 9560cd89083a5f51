"""What a DICOM header says about a cine, as plain values, and whether the cine may be used. Knows no DICOM library."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.dicom.pixels.colour import Palette
from service.ingest.limits import IngestLimits

Box = tuple[int, int, int, int]

GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
COLOUR = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})
PALETTE = "PALETTE COLOR"

# The only elements that are read, each with what it is needed for. Everything else stays in the file.
READ_TAGS: tuple[tuple[str, str], ...] = (
    ("SOPClassUID", "images, or a report, waveform or directory"),
    ("SOPInstanceUID", "sealed: names the image in a report returned to the archive"),
    ("StudyInstanceUID", "sealed: one study per answer; returned to the archive"),
    ("SeriesInstanceUID", "sealed: returned to the archive"),
    ("PatientID", "sealed: one patient per answer; compared within this upload, then dropped"),
    ("Modality", "ultrasound or not"),
    ("BodyPartExamined", "refuses what is clearly no heart"),
    ("AnatomicRegionSequence", "refuses what is clearly no heart; its code values only"),
    ("BurnedInAnnotation", "whether text was declared absent"),
    ("SequenceOfUltrasoundRegions", "where the 2D sector is; format, type and corners only"),
    ("FrameTime", "frame rate"),
    ("FrameTimeVector", "frame rate"),
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
    ("PixelRepresentation", "pixel format"),
    ("WindowCenter", "grey levels of more than eight bits"),
    ("WindowWidth", "grey levels of more than eight bits"),
    *((f"{colour}PaletteColorLookupTable{part}", "palette") for colour in ("Red", "Green", "Blue")
      for part in ("Descriptor", "Data")),
)  # fmt: skip

# Frame rates outside are slips of unit or placeholders; the fastest echo modes store below 500 frames per second.
_PLAUSIBLE_HZ = (1.0, 500.0)
_SMALLEST_SECTOR = 16  # pixels a side; a smaller region is an icon or a mistake
_OVERHANG = 2  # pixels; some carts count corners from one, or give the first pixel outside

# Body parts (PS3.16 annex L) that cannot show a heart. CHEST, THORAX, AORTA and everything not listed pass: a clip is
# only refused where the header is clear.
# fmt: off
_OTHER_BODY_PARTS = frozenset((
    "ABDOMEN", "ABDOMENPELVIS", "ANKLE", "ARM", "BLADDER", "BRAIN", "BREAST", "CALF", "CAROTID", "CSPINE", "ELBOW",
    "EXTREMITY", "EYE", "FETUS", "FINGER", "FOOT", "FOREARM", "GALLBLADDER", "HAND", "HEAD", "HEADNECK", "HIP",
    "KIDNEY", "KNEE", "LEG", "LIVER", "LSPINE", "LUNG", "NECK", "OVARY", "PANCREAS", "PAROTID", "PELVIS", "PENIS",
    "PROSTATE", "RECTUM", "SCROTUM", "SHOULDER", "SKULL", "SPLEEN", "STOMACH", "TESTIS", "THIGH", "THYROID", "UTERUS",
    "WRIST",
))
# The same parts as codes of the anatomic region (PS3.16 CID 4): SNOMED CT, and SNOMED-RT in older files.
_OTHER_ANATOMY = frozenset((
    "818981001", "T-D4000", "816092008", "T-D6000", "818982008",  # abdomen, pelvis, both
    "76752008", "T-04000", "69748006", "T-B6000", "45048000", "T-D1600",  # breast, thyroid, neck
    "10200004", "T-62000", "64033007", "T-71000", "15776009", "T-65000",  # liver, kidney, pancreas
    "78961009", "T-C3000", "28231008", "T-63000", "89837001", "T-74000",  # spleen, gallbladder, bladder
    "35039007", "T-83000", "15497006", "T-87000", "41216001", "T-92000",  # uterus, ovary, prostate
    "20233005", "T-98000", "40689003", "T-94000", "69536005", "T-D1100",  # scrotum, testis, head
    "12738006", "T-A0100", "89546000", "T-11100", "81745001", "T-AA000",  # brain, skull, eye
    "53120007", "T-D8000", "61685007", "T-D9000", "66019005", "T-D0300",  # upper limb, lower limb, extremity
    "72696002", "T-D9200", "16982005", "T-D2220", "29836001", "T-D2500",  # knee, shoulder, hip
    "56459004", "T-D9700", "85562004", "T-D8700", "68367000", "T-D9100",  # foot, hand, thigh
    "122496007", "T-11503", "122494005", "T-11501", "69105007", "T-45010",  # lumbar and cervical spine, carotid
    "39607008", "T-28000", "45289007", "T-61100", "69695003", "T-57000",  # lung, parotid gland, stomach
))
# fmt: on


@dataclass(frozen=True)
class Region:
    """One item of SequenceOfUltrasoundRegions (PS3.3 C.8.5.5); corners are inclusive pixels."""

    spatial_format: int | None
    data_type: int | None
    corners: tuple[int | None, int | None, int | None, int | None]  # min x0, min y0, max x1, max y1


@dataclass(frozen=True)
class PixelElement:
    """Where the pixel data lie: the first byte of their value, and the bytes from there to its end or the file's."""

    offset: int
    length: int
    vr: str


@dataclass(frozen=True, eq=False)
class DicomHeader:
    """The read tags of one file, None where one is absent or not of its type. Nothing here identifies anybody."""

    transfer_syntax: str
    holds_images: bool  # it has rows or pixels, or its SOP class is not known to store something else
    is_volume: bool  # Enhanced US Volume: its frames are slices, not times
    modality: str | None = field(repr=False)  # free of identity by definition, but only the file's word for it
    body_part: str | None = field(repr=False)
    anatomy_codes: tuple[str, ...] = field(repr=False)
    rows: int | None
    columns: int | None
    frames: int | None
    samples: int | None
    photometric: str | None = field(repr=False)
    planar: int
    bits_allocated: int | None
    bits_stored: int | None
    signed: bool
    window: tuple[float, float] | None  # center and width
    frame_rates_hz: tuple[float, ...]  # every statement, the most direct first
    regions: tuple[Region, ...]
    burned_in_annotation: str | None = field(repr=False)
    palette: Palette | None
    pixel_data: PixelElement | None


@dataclass(frozen=True)
class PixelFormat:
    """How the pixels of an admitted cine are stored; only `admit` makes one, so all of it is checked."""

    rows: int
    columns: int
    frames: int
    samples: int
    photometric: str
    planar: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    data: PixelElement


def admit(header: DicomHeader, limits: IngestLimits) -> PixelFormat:
    """The pixel format of a cine that may be decoded. Raises ClipRejected with the first reason against it."""
    if not header.holds_images:
        raise ClipRejected(
            SkipReason.NOT_AN_IMAGE, "This DICOM file holds no images (a report, waveform or directory)."
        )
    if header.modality not in {"US", None}:
        raise ClipRejected(SkipReason.NOT_ULTRASOUND, "The header names another modality than ultrasound (US).")
    if header.is_volume:
        raise ClipRejected(SkipReason.NOT_AN_IMAGE, "This is a 3D volume; its frames are slices, not a cine.")
    if not header.rows or not header.columns or not header.frames or header.frames < 1 or not header.pixel_data:
        raise ClipRejected(SkipReason.UNREADABLE, "The DICOM file is truncated or lacks its image size or pixel data.")
    if header.modality is None:
        raise ClipRejected(SkipReason.NOT_ULTRASOUND, "The header does not say that this is ultrasound.")
    check_size(header.rows, header.columns, header.frames, limits)
    if header.frames == 1:
        raise ClipRejected(SkipReason.STILL_IMAGE, "A single frame; only cines are used.")
    if header.body_part in _OTHER_BODY_PARTS or not _OTHER_ANATOMY.isdisjoint(header.anatomy_codes):
        raise ClipRejected(SkipReason.NOT_HEART, "The header names another body part than the heart.")
    return _pixel_format(header, (header.frames, header.rows, header.columns), header.pixel_data)


def check_size(rows: int, columns: int, frames: int, limits: IngestLimits) -> None:
    """Raises ClipRejected when a frame, or all frames together, hold more pixels than the limits."""
    if rows * columns > limits.max_frame_pixels:
        text = f"A frame of {columns}×{rows} pixels exceeds the limit of {limits.max_frame_pixels} pixels."
        raise ClipRejected(SkipReason.TOO_LARGE, text)
    if rows * columns * frames > limits.max_clip_pixels:
        text = f"{frames} frames of {columns}×{rows} pixels exceed the limit of {limits.max_clip_pixels} pixels."
        raise ClipRejected(SkipReason.TOO_LARGE, text)


def _pixel_format(header: DicomHeader, shape: tuple[int, int, int], data: PixelElement) -> PixelFormat:
    """The format of pixels that are stored frame by frame, or in a video stream (which says the rest itself)."""
    bits, stored = header.bits_allocated, header.bits_stored
    if bits not in {8, 16} or stored is None or not 1 <= stored <= bits:
        raise ClipRejected(SkipReason.UNREADABLE, "The header states bits per sample that no clip has (8 or 16).")
    photometric = header.photometric or ""
    grey = header.samples == 1 and (photometric in GREY or photometric == PALETTE)
    video = header.samples == 3 and photometric == "YBR_PARTIAL_420"
    if not grey and not video and (header.samples != 3 or photometric not in COLOUR):
        raise ClipRejected(SkipReason.UNREADABLE, "The header states a colour model that cannot be read.")
    if photometric.startswith("YBR") and bits != 8:
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
        signed=header.signed,
        data=data,
    )


def native_bytes(pixels: PixelFormat) -> int:
    """Bytes that uncompressed pixel data of this format fill; YBR_FULL_422 stores two samples a pixel (C.7.6.3.1.2)."""
    samples = 2 if pixels.photometric == "YBR_FULL_422" else pixels.samples
    return pixels.rows * pixels.columns * pixels.frames * samples * pixels.bits_allocated // 8


def plausible_frame_rate_hz(stated: Sequence[float]) -> float | None:
    """The first plausible one of several statements, None when there is none."""
    low, high = _PLAUSIBLE_HZ
    return next((rate for rate in stated if isfinite(rate) and low <= rate <= high), None)


def sector_box(regions: Sequence[Region], rows: int, columns: int) -> Box | None:
    """(x0, y0, x1, y1), x1 and y1 exclusive: the union of the 2D tissue and colour flow regions.

    None where there is none, or one lies outside the image: regions are sometimes left as they were before the image
    was resized (pydicom's examples_ybr_color.dcm), and then none of them can be trusted.

    Source: PS3.3 C.8.5.5.1.1 (spatial format 1 is 2D) and C.8.5.5.1.3 (data type 1 is tissue, 2 colour flow).
    """
    boxes = [box for region in regions if (box := _tissue_box(region))]
    if not boxes:
        return None
    left, top, right, bottom = (list(edge) for edge in zip(*boxes, strict=True))
    union = (min(left), min(top), max(right), max(bottom))
    overhang = max(-union[0], -union[1], union[2] - columns, union[3] - rows)
    if overhang > _OVERHANG:
        return None
    return max(0, union[0]), max(0, union[1]), min(columns, union[2]), min(rows, union[3])


def _tissue_box(region: Region) -> Box | None:
    """The region with exclusive ends; None where it is not 2D tissue or flow, or makes no sense."""
    x0, y0, x1, y1 = region.corners
    if region.spatial_format != 1 or region.data_type not in {1, 2} or x0 is None or y0 is None:
        return None
    if x1 is None or y1 is None or min(x1 + 1 - x0, y1 + 1 - y0) < _SMALLEST_SECTOR:
        return None
    return x0, y0, x1 + 1, y1 + 1
