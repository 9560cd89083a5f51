"""A study as the networks see it: de-identified acquisitions, and what was skipped and why. No torch, no files."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Source = Literal["dicom", "video"]

# Where a frame rate was found: the median step of a video's time stamps, what a container states, or a DICOM attribute
# (PS3.3 C.7.6.5 and C.7.6.16). "assumed": nowhere, so the frames count as if they came at the rate the networks expect.
FrameRateSource = Literal[
    "time_stamps",
    "container",
    "frame_time",
    "frame_time_vector",
    "cine_rate",
    "recommended_display_frame_rate",
    "actual_frame_duration",
    "effective_duration",
    "assumed",
]

# (frames that can be read, frames per second, source) → the numbers of those that are needed, ascending, one at least.
FramePlan = Callable[[int, float | None, Source], Sequence[int]]


class SkipReason(StrEnum):
    """Why a file or clip is not used; the value is the code that answers and metrics carry."""

    DUPLICATE = "duplicate"  # the same bytes, or the same loop, as another file
    UNREADABLE = "unreadable"  # not DICOM and not video, truncated, or undecodable
    UNSUPPORTED_COMPRESSION = "unsupported_compression"
    UNSUPPORTED_FORMAT = "unsupported_format"  # a known kind of file or codec that is not read; the text names it
    NEEDS_JPEG_LOSSLESS = "needs_jpeg_lossless"  # decodable with the extra [jpeg-lossless]
    NOT_HEART = "not_heart"  # the header names another body part
    NOT_ULTRASOUND = "not_ultrasound"  # another DICOM modality
    NOT_AN_IMAGE = "not_an_image"  # SR, waveform, DICOMDIR, presentation state ...
    NO_2D_PICTURE = "no_2d_picture"  # the header names M-mode or spectral Doppler only
    VOLUME = "volume"  # a 3D volume: its frames are slices, not times
    WRONG_COLOURS = "wrong_colours"  # what is dark is far from grey: the colours are not what they seem
    STILL_IMAGE = "still_image"  # one frame
    TOO_LARGE = "too_large"  # rows × columns × frames beyond the limit, judged before decoding
    DECODER_KILLED = "decoder_killed"  # the process that read the file crashed, or was ended from outside
    TOO_SLOW = "too_slow"  # reading took longer than a file, or the files of a study, may take
    TOO_MUCH_MEMORY = "too_much_memory"  # reading needed more memory than a file may take
    TOO_SHORT = "too_short"
    SECTOR_NOT_FOUND = "sector_not_found"  # burned-in text could not be ruled out: fails closed
    NO_CONTACT = "no_contact"  # no tissue in any window: the probe did not touch, or noise
    STATIC = "static"  # nothing moves: not a cine of a heart


class Acquisition(Protocol):
    """One de-identified recording of a study: a cine, and in other modalities a waveform or a stack of slices.

    A modality brings types of its own; these are the names that the pipeline needs of each.
    """

    @property
    def position(self) -> int:
        """1-based position in the upload, of the first file where several make one acquisition."""

    @property
    def sha256(self) -> str:
        """Of the file's bytes, or of the hashes of the files."""

    @property
    def facts(self) -> "ClipFacts | None":
        """What the answer says of it; None where it was read to its end and there is nothing to say."""


@dataclass(frozen=True)
class SkippedClip:
    """A file that is not used, with its reason in words for the answer."""

    position: int  # 1-based position in the upload
    sha256: str  # of the file's bytes
    reason: SkipReason
    text: str  # for a person; never a file name or a header value that identifies anybody
    panel: int | None = None  # 1-based, where one of several pictures in the file's frames is not used


@dataclass(frozen=True)
class ClipWarning:
    """Something about a used clip that the reader of the answer must know; never a name or a header's own text."""

    code: str
    text: str


@dataclass(frozen=True)
class ClipFacts:
    """What the answer says of a used clip beside its view; the fields of `Clip` explain them."""

    frame_rate_hz: float | None
    frame_rate_source: FrameRateSource
    read_to_its_end: bool
    warnings: tuple[ClipWarning, ...]


@dataclass(frozen=True, eq=False)
class Clip:
    """One de-identified cine as it was stored, before any mask.

    frames_rgb: uint8 (T, H, W, 3) RGB, 0..255. Grayscale sources are repeated over the three channels.
    frame_numbers: the number in the file of each row of frames_rgb, ascending from 0; None: the first T, every one.
    frames_readable: how many frames reading could reach, T where every one was read.
    frame_rate_hz: frames per second, None where the file does not say.
    frames_total: frames in the file; larger than T when reading stopped at the limit.
    sector_box: (x0, y0, x1, y1) pixels, x1 and y1 exclusive: the 2D tissue region that the DICOM header
        states (SequenceOfUltrasoundRegions, PS3.3 C.8.5.5), None where there is none.
    regions_2d: every such region that the header states, each as such a box; several may be several pictures.
    pixel_aspect: width of a pixel over its height; 1 is square.
    pixel_cm: the shorter side of a pixel of the tissue, None where the file does not say or its regions differ.
    text_declared_absent: the header says BurnedInAnnotation = NO (PS3.3 C.7.6.1). Video never does.
    frame_rate_source: where the rate was found; "assumed" where there is none.
    warnings: what the reader of the answer must know of this clip.
    Raises ValueError when an array or number breaks these rules.
    """

    position: int
    sha256: str
    source: Source
    frames_rgb: NDArray[np.uint8]
    frame_rate_hz: float | None
    frames_total: int
    sector_box: tuple[int, int, int, int] | None = None
    text_declared_absent: bool = False
    frame_numbers: tuple[int, ...] | None = None
    frames_readable: int | None = None
    frame_rate_source: FrameRateSource = "assumed"
    warnings: tuple[ClipWarning, ...] = ()
    regions_2d: tuple[tuple[int, int, int, int], ...] = ()
    pixel_aspect: float = 1.0
    pixel_cm: float | None = None

    def __post_init__(self) -> None:
        frames = self.frames_rgb
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or 0 in frames.shape:
            raise ValueError(f"frames_rgb must be uint8 (T, H, W, 3), not {frames.dtype} {frames.shape}")
        if self.frame_rate_hz is not None and not 0 < self.frame_rate_hz < 1000:
            raise ValueError(f"frame_rate_hz must lie in (0, 1000), not {self.frame_rate_hz}")
        if self.frame_rate_hz is None and self.frame_rate_source != "assumed":
            raise ValueError(f"frame_rate_source is {self.frame_rate_source}, but there is no rate")
        if not 0.1 <= self.pixel_aspect <= 10:
            raise ValueError(f"pixel_aspect must lie in 0.1..10, not {self.pixel_aspect}")
        if self.pixel_cm is not None and not 0 < self.pixel_cm < 1:
            raise ValueError(f"pixel_cm must lie in (0, 1), not {self.pixel_cm}")
        if self.frames_total < self.length or self.position < 1:
            raise ValueError(f"position {self.position} and frames_total {self.frames_total} do not fit the clip")
        numbers = range(len(frames)) if self.frame_numbers is None else self.frame_numbers
        ascending = all(first < second for first, second in pairwise(numbers))
        if len(numbers) != len(frames) or not ascending or numbers[0] < 0 or numbers[-1] >= self.length:
            raise ValueError(f"frame_numbers must be {len(frames)} ascending numbers below {self.length}")

    @property
    def length(self) -> int:
        """Frames of the clip as far as it could be read."""
        return len(self.frames_rgb) if self.frames_readable is None else self.frames_readable

    @property
    def facts(self) -> ClipFacts:
        """What the answer says of this clip."""
        return ClipFacts(self.frame_rate_hz, self.frame_rate_source, self.frames_total <= self.length, self.warnings)

    def rows_of(self, numbers: Iterable[int]) -> list[int]:
        """The rows of frames_rgb that hold those frames. Raises ValueError when one was not read."""
        if self.frame_numbers is None:
            rows = {number: number for number in range(len(self.frames_rgb))}
        else:
            rows = {number: row for row, number in enumerate(self.frame_numbers)}
        try:
            return [rows[number] for number in numbers]
        except KeyError as absent:
            raise ValueError(f"frame {absent} of the clip at position {self.position} was not read") from None


# Reads one acquisition of a study when it is called; those of a study may be called side by side.
AcquisitionReader = Callable[[], Acquisition | SkippedClip]
