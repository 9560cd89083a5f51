"""Whether pixels are square, from what a DICOM header says of their size. Knows no DICOM library."""

from collections.abc import Sequence
from math import isfinite
from typing import Final

from service.ingest.dicom.header import Region

_CENTIMETRES: Final = 3  # PS3.3 C.8.5.5.1.15
_PLAUSIBLE: Final = (0.25, 4.0)  # screens and grabbers stretch less; what is stated beyond is a slip
_PLAUSIBLE_CM: Final = (0.001, 0.5)  # a picture of 1000 pixels is between a fingernail and two chests
_TISSUE: Final = frozenset({1, 2})  # region data types: tissue, colour flow (PS3.3 C.8.5.5.1.3)


def pixel_aspect(stated: Sequence[float], regions: Sequence[Region]) -> float:
    """Width of a pixel over its height, 1 where nothing plausible is said.

    stated: PixelAspectRatio (0028,0034), height first: PS3.3 C.7.6.3.1.7. Where it is absent, PhysicalDeltaX and
    PhysicalDeltaY of the 2D regions (PS3.3 C.8.5.5.1.17 and .18), which must agree.
    """
    if len(stated) == 2 and _is_size(stated[0]) and _is_size(stated[1]):
        return _plausible(stated[1] / stated[0])
    ratios = {ratio for region in regions if (ratio := _of_region(region)) is not None}
    return _plausible(ratios.pop()) if len(ratios) == 1 else 1.0


def pixel_cm(regions: Sequence[Region], *, fit_the_picture: bool) -> float | None:
    """The shorter side of a pixel of the 2D regions in cm; None where they state none, differ, or fit no picture.

    fit_the_picture: whether the regions lie within it; else they are of before it was resized, and so are their sizes.
    """
    sizes = {
        round(min(abs(down or 0), abs(right or 0)), 6)
        for region in regions
        if _of_region(region) is not None
        for right, down in (region.deltas,)
    }
    size = sizes.pop() if fit_the_picture and len(sizes) == 1 else 0.0
    return size if _PLAUSIBLE_CM[0] <= size <= _PLAUSIBLE_CM[1] else None


def _of_region(region: Region) -> float | None:
    """Width over height of a pixel of a 2D region, to three digits; None where it states no lengths."""
    right, down = region.deltas
    if region.spatial_format != 1 or region.data_type not in _TISSUE or region.units != (_CENTIMETRES, _CENTIMETRES):
        return None
    if right is None or down is None or not _is_size(abs(right)) or not _is_size(abs(down)):
        return None
    return round(abs(right / down), 3)


def _is_size(value: float) -> bool:
    return isfinite(value) and value > 0


def _plausible(ratio: float) -> float:
    low, high = _PLAUSIBLE
    return ratio if low <= ratio <= high else 1.0
