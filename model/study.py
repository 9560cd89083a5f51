"""A study as the networks see it: de-identified clips, and what was skipped and why. No torch, no files."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray


class SkipReason(StrEnum):
    """Why a file or clip is not used; the value is the code that answers and metrics carry."""

    DUPLICATE = "duplicate"  # the same sha256 was already read
    UNREADABLE = "unreadable"  # not DICOM and not video, truncated, or undecodable
    UNSUPPORTED_COMPRESSION = "unsupported_compression"
    NEEDS_JPEG_LOSSLESS = "needs_jpeg_lossless"  # decodable with the extra [jpeg-lossless]
    NOT_HEART = "not_heart"  # the header names another body part
    NOT_ULTRASOUND = "not_ultrasound"  # another DICOM modality
    NOT_AN_IMAGE = "not_an_image"  # SR, waveform, DICOMDIR, presentation state ...
    STILL_IMAGE = "still_image"  # one frame
    TOO_LARGE = "too_large"  # rows × columns × frames beyond the limit, judged before decoding
    TOO_SHORT = "too_short"
    SECTOR_NOT_FOUND = "sector_not_found"  # burned-in text could not be ruled out: fails closed
    NO_CONTACT = "no_contact"  # no tissue in any window: the probe did not touch, or noise
    STATIC = "static"  # nothing moves: not a cine of a heart


@dataclass(frozen=True)
class SkippedClip:
    """A file that is not used, with its reason in words for the answer."""

    position: int  # 1-based position in the upload
    sha256: str  # of the file's bytes
    reason: SkipReason
    text: str  # for a person; never a file name or a header value that identifies anybody


@dataclass(frozen=True, eq=False)
class Clip:
    """One de-identified cine as it was stored, before any mask.

    frames_rgb: uint8 (T, H, W, 3) RGB, 0..255. Grayscale sources are repeated over the three channels.
    frame_rate_hz: frames per second, None where the file does not say.
    frames_total: frames in the file; larger than T when reading stopped at the limit.
    sector_box: (x0, y0, x1, y1) pixels, x1 and y1 exclusive: the 2D tissue region that the DICOM header
        states (SequenceOfUltrasoundRegions, PS3.3 C.8.5.5), None where there is none.
    text_declared_absent: the header says BurnedInAnnotation = NO (PS3.3 C.7.6.1). Video never does.
    Raises ValueError when an array or number breaks these rules.
    """

    position: int
    sha256: str
    source: Literal["dicom", "video"]
    frames_rgb: NDArray[np.uint8]
    frame_rate_hz: float | None
    frames_total: int
    sector_box: tuple[int, int, int, int] | None = None
    text_declared_absent: bool = False

    def __post_init__(self) -> None:
        frames = self.frames_rgb
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or 0 in frames.shape:
            raise ValueError(f"frames_rgb must be uint8 (T, H, W, 3), not {frames.dtype} {frames.shape}")
        if self.frame_rate_hz is not None and not 0 < self.frame_rate_hz < 1000:
            raise ValueError(f"frame_rate_hz must lie in (0, 1000), not {self.frame_rate_hz}")
        if self.frames_total < len(frames) or self.position < 1:
            raise ValueError(f"position {self.position} and frames_total {self.frames_total} do not fit the clip")
