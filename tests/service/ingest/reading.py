"""Reads one file the way the service does; shared by the tests of the ingest."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.study import Clip, SkippedClip
from service.ingest.cine import DicomCines, VideoCines
from service.ingest.clip_memory import ClipMemory
from service.ingest.dicom.header import admit_everything
from service.ingest.formats import FileFormats
from service.ingest.frame_source import FrameSource
from service.ingest.limits import IngestLimits
from service.ingest.study import open_files
from service.modalities.echo.files import open_study

LIMITS = IngestLimits(decoders=None)  # in this process, where a test can put something in the way
# Any modality's and organ's cines, as a modality without an admission of its own would read them.
ANY_CINES: FileFormats[Clip] = FileFormats((DicomCines(admit_everything), VideoCines()), "a cine")
open_anything = partial(open_files, formats=ANY_CINES)


def read_one(path: Path, limits: IngestLimits = LIMITS) -> Clip | SkippedClip:
    """What becomes of a study of that one file."""
    with open_study([path], limits) as study:
        (result,) = study.read()
    return result


def read_clip(path: Path, limits: IngestLimits = LIMITS) -> Clip:
    """The clip of a file that must be readable."""
    result = read_one(path, limits)
    assert isinstance(result, Clip), result
    return result


def read_skip(path: Path, limits: IngestLimits = LIMITS) -> SkippedClip:
    """The reason of a file that must be skipped."""
    result = read_one(path, limits)
    assert isinstance(result, SkippedClip), "the file was read"
    return result


def frames_of(source: FrameSource, indices: Sequence[int]) -> NDArray[np.uint8]:
    """uint8 (T, H, W, 3): those frames, as many as there are."""
    memory = ClipMemory(len(indices))
    source.read(indices, memory)
    assert memory.clip_rgb is not None
    return memory.clip_rgb


def difference(clip: Clip, expected: NDArray[np.uint8]) -> tuple[int, float]:
    """(greatest, mean) absolute difference in grey levels; grey frames (T, H, W) count for all three channels."""
    rgb = np.repeat(expected[..., None], 3, axis=-1) if expected.ndim == 3 else expected
    assert clip.frames_rgb.shape == rgb.shape
    apart = np.abs(clip.frames_rgb.astype(np.int16) - rgb)
    return int(apart.max()), float(apart.mean())
