"""Which part of a cine is read: windows of equal duration, scored for contact and motion. Torch, no value leaves it.

Contact is structure that persists. Each sampled picture is reduced, its mean at each depth taken away (an air-filled
near field and the receiver's noise floor depend on depth alone), the near field left out, and what remains compared
with the next sampled picture. Noise does not resemble the next picture, tissue does. Motion is change that grows with
the time between pictures: noise differs from the next picture as much as from a later one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.cpu_kernels import area_means
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing, Quality
from model.study import Clip

SCORE_SIZE = 64  # pixels per side of the reduced pictures: about 2 mm each, above the size of speckle
_DEPTHS = 48  # rings, each about a reduced pixel wide
_NEAR_FIELD = 0.3  # share of the depth that is left out: reverberation lies there even in air
_FAR_FIELD = 0.96  # the far arc's own rim
_RIM = 2  # reduced pixels along the sector's border
_LONG_LAGS = (4, 5, 6)  # sampled pictures; 0.27 to 0.4 s in the shipped profile, about half a beat
_NOISE_MARGIN = 1.05  # noise's own difference varies by less than this between lags


@dataclass(frozen=True)
class Window:
    """Source frames of one window, in order; frames beyond the clip's end are None."""

    start: int
    frames: tuple[int | None, ...]

    @property
    def present(self) -> tuple[int, ...]:
        """The frames that the clip has."""
        return tuple(frame for frame in self.frames if frame is not None)


def windows_of(total: int, frame_rate_hz: float | None, config: EchoPreprocessing) -> tuple[Window, ...]:
    """The windows of a clip of `total` frames, evenly over its length; one where it is too short for more."""
    rate, target = frame_rate_hz, config.target_frame_rate_hz
    step = config.stride * (rate / target if rate and target else 1.0)
    offsets = [int(step * index + 0.5) for index in range(config.frames)]
    room = max(0, total - 1 - offsets[-1])
    parts = config.windows - 1
    starts = sorted({round(room * part / parts) for part in range(parts + 1)}) if parts else [0]
    return tuple(
        Window(start, tuple(start + offset if start + offset < total else None for offset in offsets))
        for start in starts
    )


def windows_in(clip: Clip, config: EchoPreprocessing) -> tuple[Window, ...]:
    """The windows of a clip of which every frame that is needed was read; of one part of it what lies in that part.

    Those that keep too few frames of a part are left out.
    """
    windows = windows_of(clip.length, clip.frame_rate_hz, config)
    numbers = clip.frame_numbers
    if numbers is None or set(numbers).issuperset(frame for window in windows for frame in window.present):
        return windows
    kept = [(tuple(frame for frame in window.present if frame in set(numbers)), window) for window in windows]
    return tuple(
        Window(present[0], (*present, *[None] * (len(window.frames) - len(present))))
        for present, window in kept
        if len(present) >= config.min_frames
    )


def in_rows(clip: Clip, window: Window) -> Window:
    """The window with each frame's number replaced by its row among the frames that were read."""
    lacking = len(window.frames) - len(window.present)
    return replace(window, frames=(*clip.rows_of(window.present), *[None] * lacking))


def frames_covered(total: int, frame_rate_hz: float | None, config: EchoPreprocessing) -> int:
    """Frames of a clip of `total` that lie in one window's time; more than its own where it leaves some out."""
    (window, *_) = windows_of(total, frame_rate_hz, config)
    return min(total, max(window.present) + 1) - window.start if None not in window.frames else total


def different_frames(covered: int, pictures: Sequence[NDArray[np.uint8]], config: EchoPreprocessing) -> int:
    """How many different pictures a window shows: as large a share of all it covers as of those it is read from.

    pictures: the frames that it is read from, in order. A picture that equals the one before it is no new one.
    """
    changes = sum(not np.array_equal(first, second) for first, second in pairwise(pictures))
    return min(covered, config.frames) * (changes + 1) // max(1, len(pictures))


@dataclass(frozen=True)
class WindowScore:
    """What a window shows, in grey levels; coherence is a share."""

    contact: float
    coherence: float
    motion: float

    def touches(self, quality: Quality) -> bool:
        """Tissue is seen."""
        return self.contact >= quality.min_contact and self.coherence >= quality.min_coherence

    def moves(self, quality: Quality) -> bool:
        """Something moves."""
        return self.motion >= quality.min_motion

    def worth(self, quality: Quality) -> float:
        """Order among windows: more tissue is better; motion counts until there is enough (a swept probe has more)."""
        return self.contact * min(1.0, self.motion / quality.good_motion)


def reduced(grey: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(pictures float32 (n, 64, 64), mask float32 (64, 64) share of each pixel that is shown).

    grey: uint8 (n, h, w), 0 outside. mask: uint8 (h, w), 1 inside. Outside pixels do not enter the means.
    """
    size = (SCORE_SIZE, SCORE_SIZE)
    shown = area_means(mask[None], size)
    return area_means(grey, size) / shown.clamp(min=1e-3), shown[0]


def scores(pictures: torch.Tensor, shown: torch.Tensor, depth: torch.Tensor) -> torch.Tensor:
    """float32 (W, 3): contact, coherence and motion of each window.

    pictures: float32 (W, F, 64, 64). shown: float32 (64, 64). depth: float32 (64, 64) 0 at the probe, 1 at the far end.
    """
    # The rim is left out: its contrast against the black outside would look like tissue even around noise.
    interior = -torch.nn.functional.max_pool2d(-shown[None], 2 * _RIM + 1, stride=1, padding=_RIM)[0] > 0.999
    deep = (interior & (depth > _NEAR_FIELD) & (depth <= _FAR_FIELD)).float().flatten()  # (P)
    ring = torch.nn.functional.one_hot((depth.clamp(0, 0.999) * _DEPTHS).long().flatten(), _DEPTHS).float()
    weight = ring * deep[:, None]  # (P, depths)
    values = pictures.flatten(2)  # (W, F, P)
    means = values @ weight / weight.sum(dim=0).clamp(min=1)
    detail = (values - means @ ring.T) * deep
    pixels = deep.sum().clamp(min=1)
    variance = detail.square().sum(-1).mean(-1) / pixels
    shared = (detail[:, 1:] * detail[:, :-1]).sum(-1).mean(-1) / pixels
    early = _difference(detail, 1) / pixels
    late = torch.stack([_difference(detail, lag) for lag in _LONG_LAGS if lag < detail.shape[1]] or [early]).mean(0)
    motion = (late / pixels - _NOISE_MARGIN * early).clamp(min=0).sqrt()
    return torch.stack((shared.clamp(min=0).sqrt(), shared / variance.clamp(min=1e-6), motion), dim=1)


def _difference(detail: torch.Tensor, lag: int) -> torch.Tensor:
    """(W) mean over time of the summed squared difference between pictures `lag` apart."""
    return (detail[:, lag:] - detail[:, :-lag]).square().sum(-1).mean(-1)
