"""Short runs of frames with the exact outline of every chamber in each: rendered model input and its truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.echo.tracing.crop import HEIGHTS
from scripts.rendered.phantom.anatomy.grid import BeamGrid
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.phantom.scan.acquisition import Acquisition
from scripts.rendered.phantom.scan.beam import Beamformer, wall_grain
from scripts.rendered.phantom.scan.render import leaflet_brightness, paint_labels, scene_of
from scripts.rendered.phantom.scan.scanner import ScanConverter, compress
from scripts.rendered.phantom.scan.scatterers import displacement
from scripts.rendered.phantom.scan.study import noise_seed_of
from scripts.rendered.phantom.scan.tensors import reduced
from scripts.rendered.tracing.chambers import chamber_labels
from scripts.rendered.tracing.wide_acquisition import draw_brightness, draw_view, draw_wide, widen_heart

FRAMES = 4  # of a run
_WIDE = 31  # stream of a run's acquisition, brightness and heart


@dataclass(frozen=True, eq=False)
class TracedFrames:
    """Frames of one clip and their truth.

    grey: uint8 (T, S, S) before any tint. chambers: uint8 (T, S, S), 0 or 1 + the place in `CHAMBERS`.
    pixel_mm: of a pixel of these.
    """

    grey: NDArray[np.uint8]
    chambers: NDArray[np.uint8]
    pixel_mm: float


@dataclass(frozen=True)
class TracedClip:
    """All that decides the pixels of a clip. brighter_db: by tissue, beside the brightness of diseased leaflets.

    offset: how far the crop is off the sector to the right and down, and how much wider, each as a share of its side.
    """

    state: HeartState
    acquisition: Acquisition
    noise_seed: int
    brighter_db: Mapping[Tissue, float] = field(default_factory=dict)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def frames(self, numbers: NDArray[np.int64], size: int) -> TracedFrames:
        """Chosen frames of the clip as the tracer's preprocessing gives them, with their truth."""
        former = beamformer_of(self.state, self.acquisition, self.noise_seed, self.brighter_db)
        scene, _ = scene_of(self.state, self.acquisition, numbers, former.grid)
        labels, truth = paint_labels(scene, former.grid), chamber_labels(scene)
        fine, exact = self._converter(former.grid, 2 * size), self._converter(former.grid, size)
        grey = np.empty((len(numbers), size, size), np.uint8)
        chambers = np.empty_like(grey)
        echoes = former.frames(labels, displacement(scene), wall_grain(scene, former.grid), numbers)
        for frame, echo in enumerate(echoes):
            picture = compress(echo, self.acquisition.scanner, self.acquisition.dynamic_range_db)
            grey[frame] = reduced(fine.convert(picture), size)
            chambers[frame] = exact.convert(truth[frame], nearest=True)
        return TracedFrames(grey, chambers, self._side_mm / size)

    @property
    def _side_mm(self) -> float:
        """Of the crop: the sector's height and a margin."""
        return self.acquisition.depth_mm * HEIGHTS * (1 + self.offset[2])

    def _converter(self, grid: BeamGrid, size: int) -> ScanConverter:
        """Scan conversion to the square that the tracer reads: as high as the sector, in its middle."""
        right, down, _ = self.offset
        apex = ((0.5 + right) * size, ((HEIGHTS - 1) / 2 / HEIGHTS + down) * size)
        return ScanConverter.of(grid, apex, self._side_mm / size, (size, size))


def beamformer_of(
    state: HeartState, acquisition: Acquisition, noise_seed: int, brighter_db: Mapping[Tissue, float]
) -> Beamformer:
    """The beamformer of a heart whose tissues are brighter than usual by some dB, diseased leaflets by theirs too."""
    levels = dict(leaflet_brightness(state))
    for tissue, extra in brighter_db.items():
        levels[tissue] = levels.get(tissue, 0.0) + extra
    return Beamformer.of(acquisition, noise_seed, levels)


def wide_heart(seed: int, number: int) -> HeartState:
    """The patient of run `number`; half of them without correlations."""
    state = state_of(seed, number, "clinical" if number % 2 == 0 else "independent")
    return widen_heart(np.random.default_rng([seed, number, _WIDE, 0]), state)


def wide_acquisition(seed: int, number: int) -> Acquisition:
    """The acquisition of run `number`."""
    rng = np.random.default_rng([seed, number, _WIDE, 1])
    return draw_wide(rng, draw_view(rng))


def wide_run(seed: int, number: int, size: int) -> TracedFrames:
    """Run `number` of a seed: four frames of one patient, seen once and never again."""
    rng = np.random.default_rng([seed, number, _WIDE, 2])
    offset = (float(rng.normal(0, 0.02)), float(rng.normal(0, 0.015)), float(abs(rng.normal(0, 0.03))))
    noise_seed = noise_seed_of(seed, number, 0)
    clip = TracedClip(
        wide_heart(seed, number), wide_acquisition(seed, number), noise_seed, draw_brightness(rng), offset
    )
    return clip.frames(np.arange(FRAMES), size)
