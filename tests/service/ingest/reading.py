"""Reads one file the way the service does; shared by the tests of the ingest."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.study import Clip, SkippedClip
from service.ingest.clip_memory import ClipMemory
from service.ingest.frame_source import FrameSource
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study

LIMITS = IngestLimits()


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
