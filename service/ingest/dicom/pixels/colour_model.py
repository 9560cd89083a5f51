"""Which colour model a cine's three samples are in: the codestream decides, then the label, then the picture itself.

Labels are often wrong: a cart writes RGB over the YCbCr of its JPEGs, an archive recompresses and leaves the old label.
The picture settles what nothing else settles beyond doubt: what is dark must be grey. Taken for the wrong model, black
becomes (0, 128, 128) or (0, 135, 0).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.picture_colour import darkest_is_grey
from service.ingest.dicom.header import GREY, PALETTE
from service.ingest.dicom.pixels.codestream_facts import Codestream, Kind
from service.ingest.dicom.pixels.colour import Stored, ybr_full_to_rgb, ybr_partial_to_rgb

RGB, YBR = "RGB", "YBR_FULL"
_PARTIAL: Final = frozenset({"YBR_PARTIAL_422", "YBR_PARTIAL_420"})


def candidates(stream: Codestream, label: str) -> tuple[str, ...]:
    """The colour models that a decoded frame of three components may be in, the likeliest first; one if it is certain.

    label: PhotometricInterpretation. Sources: PS3.3 C.7.6.3.1.2, PS3.5 8.2.1 to 8.2.4, T.871 6.1, T.800 annex G.
    """
    certain = RGB if stream.is_converted else YBR if stream.is_subsampled else None  # decoders undo a transform
    if certain:
        return (certain,)
    said = stream.colour
    if stream.kind is Kind.JPEG:
        said = said or YBR  # as every decoder takes it
    elif stream.kind is Kind.JPEG_XL or label in {"YBR_ICT", "YBR_RCT"}:  # of a transform that is off after all
        said = said or RGB
    return (said, _other(said)) if said else native_candidates(label)


def native_candidates(label: str) -> tuple[str, ...]:
    """The same of samples without a codestream that says anything."""
    if label in _PARTIAL:
        return (label, YBR, RGB)
    first = YBR if label.startswith("YBR") else RGB
    return (first, _other(first))


def _other(model: str) -> str:
    return RGB if model == YBR else YBR


def settled(models: Sequence[str], stored: Stored) -> str | None:
    """The first of the models in which the darkest of the picture is grey; None where it is in none.

    stored: one frame's samples (H, W, 3).
    """
    if stored.ndim != 3 or stored.dtype != np.uint8:
        return None
    samples = np.ascontiguousarray(stored, np.uint8)
    return next((model for model in models if darkest_is_grey(to_rgb(samples, model))), None)


def to_rgb(values: NDArray[np.uint8], model: str) -> NDArray[np.uint8]:
    """RGB of samples (H, W, 3) in a model."""
    if model in _PARTIAL:
        return ybr_partial_to_rgb(values)
    return ybr_full_to_rgb(values) if model == YBR else values


def grey_model(label: str) -> str:
    """The model of a single component under a label that may be one of colour."""
    return label if label in GREY or label == PALETTE else "MONOCHROME2"
