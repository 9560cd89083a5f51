"""Whether speckle is real: its statistics, its grain, and that it moves with the muscle."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.grid import REFINEMENT
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.phantom.scan.acquisition import standard_acquisition
from scripts.rendered.phantom.scan.beam import Beamformer
from scripts.rendered.phantom.scan.render import BeamClip, render_beams
from scripts.rendered.phantom.scan.scatterers import Displacement

_QUIET: dict[str, Any] = {
    "haze_db": -90.0,
    "clutter_db": -90.0,
    "noise_db": -90.0,
    "penetration_db_mm": 0.0,
    "contact": (0.0,) * 9,
}


def _homogeneous(seed: int) -> tuple[NDArray[np.float32], Beamformer]:
    """Echo power of liver alone, five frames of independent speckle, without clutter, noise or loss."""
    acquisition = replace(standard_acquisition("SUB_IVC"), **_QUIET)
    power = []
    for number in range(5):
        former = Beamformer.of(acquisition, seed * 10 + number, {})
        former = replace(former, streams=replace(former.streams, patches=former.streams.patches * 0))
        labels = np.full((1, *former.grid.shape), int(Tissue.LIVER), np.uint8)
        coarse = np.zeros((1, former.grid.samples // REFINEMENT, former.grid.beams // REFINEMENT), np.float32)
        still = Displacement(coarse, coarse)
        power.append(next(former.frames(labels, still, coarse + 1, np.array([0]))))
    return np.stack(power), former


def rayleigh_ratio(seed: int) -> float:
    """Mean over standard deviation of the envelope in homogeneous tissue; 1.91 for fully developed speckle."""
    power, _ = _homogeneous(seed)
    envelope = np.sqrt(power[:, 24:, 8:-8])  # near the probe the beam is wider than its scatterers are dense
    means = envelope.mean(axis=(0, 2))
    spread = envelope.std(axis=(0, 2))
    return float(np.mean(means / spread))


@dataclass(frozen=True)
class Grain:
    """Correlation length across the beam at a range, measured and expected from the beam's profile, in beams."""

    range_mm: float
    measured_beams: float
    expected_beams: float


def grain_by_depth(seed: int) -> list[Grain]:
    """Half-width at half-maximum of the lateral autocorrelation of echo power by depth."""
    power, former = _homogeneous(seed)
    found = []
    for band in range(1, 8):
        rows = slice(band * 32, (band + 1) * 32)
        part = power[:, rows]
        part = part - part.mean(axis=2, keepdims=True)
        size = part.shape[2]
        spectrum = np.abs(np.fft.rfft(part, 2 * size, axis=2)) ** 2
        correlation = np.fft.irfft(spectrum, axis=2)[..., :16].mean(axis=(0, 1))
        correlation = correlation * size / (size - np.arange(16))
        correlation /= correlation[0]
        below = int(np.argmax(correlation < 0.5))
        measured = below - 1 + (correlation[below - 1] - 0.5) / (correlation[below - 1] - correlation[below])
        range_mm = float(former.grid.range_mm()[rows].mean())
        found.append(Grain(range_mm, float(measured), _expected_half_width(former, range_mm)))
    return found


def _expected_half_width(former: Beamformer, range_mm: float) -> float:
    """Of power's autocorrelation: the field's is a Gaussian of √2·sigma, power's its square (Wagner et al. 1983)."""
    beam = former.beam_sigma(range_mm)
    # Scatterers sampled between beams add half a beam's box, texels their own size.
    texel = 0.5 / (range_mm * former.grid.step_rad)
    sigma = np.sqrt(beam**2 + 1 / 12 + (0.55 * texel) ** 2)
    return float(np.sqrt(2 * np.log(2)) * sigma)


def tracking(state: HeartState, seed: int, subview: str = "A4C") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(tracked, true) displacement along the beam in mm of myocardial patches between frames 20 ms apart.

    Patches are found again by normalised cross-correlation of the log envelope, as speckle tracking does.
    """
    acquisition = replace(standard_acquisition(subview), frame_rate_hz=50.0, start_s=0.08)
    beams = render_beams(state, acquisition, seed, np.arange(0, 12), keep_power=True)
    assert beams.power is not None
    log_power = np.log(beams.power + 1e-6)
    tracked, true = [], []
    for frame in range(0, 10, 2):
        for row, column in _patches(beams, frame):
            found = _find(log_power[frame], log_power[frame + 1], row, column)
            if found is None:
                continue
            tracked.append(found * beams.grid.step_mm)
            true.append(_truth(beams, frame, row, column))
    return np.array(tracked), np.array(true)


_HALF = (5, 3)  # samples, beams on each side of a patch
_SEARCH = (5, 2)


def _patches(beams: BeamClip, frame: int) -> list[tuple[int, int]]:
    """Centres of patches that lie wholly within the left ventricle's wall in both frames."""
    wall = np.minimum(beams.labels[frame] == Tissue.LV_WALL, beams.labels[frame + 1] == Tissue.LV_WALL)
    kernel = np.ones((2 * _HALF[0] + 1, 2 * _HALF[1] + 1), np.uint8)
    inner = cv2.erode(wall.astype(np.uint8), kernel)
    inner[: _HALF[0] + _SEARCH[0] + 1] = 0
    inner[-_HALF[0] - _SEARCH[0] - 1 :] = 0
    inner[:, : _HALF[1] + _SEARCH[1] + 1] = 0
    inner[:, -_HALF[1] - _SEARCH[1] - 1 :] = 0
    rows, columns = np.nonzero(inner)
    step = max(1, len(rows) // 40)
    return [(int(r), int(c)) for r, c in zip(rows[::step], columns[::step], strict=True)]


def _find(before: NDArray[np.float32], after: NDArray[np.float32], row: int, column: int) -> float | None:
    """Displacement in samples of the best match, to a fraction of a sample; None at the border of the search."""
    patch = before[row - _HALF[0] : row + _HALF[0] + 1, column - _HALF[1] : column + _HALF[1] + 1]
    r0, c0 = row - _HALF[0] - _SEARCH[0], column - _HALF[1] - _SEARCH[1]
    region = after[r0 : row + _HALF[0] + _SEARCH[0] + 1, c0 : column + _HALF[1] + _SEARCH[1] + 1]
    score = cv2.matchTemplate(region, patch, cv2.TM_CCOEFF_NORMED)
    best = np.unravel_index(int(score.argmax()), score.shape)
    peak_row, peak_column = int(best[0]), int(best[1])
    if score[peak_row, peak_column] < 0.6 or not 0 < peak_row < score.shape[0] - 1:
        return None
    left, middle, right = (float(score[peak_row + d, peak_column]) for d in (-1, 0, 1))
    return peak_row - _SEARCH[0] + 0.5 * (left - right) / (left - 2 * middle + right)


def _truth(beams: BeamClip, frame: int, row: int, column: int) -> float:
    """Displacement along the beam in mm between two frames, from the model's motion."""
    r, c = row // REFINEMENT, column // REFINEMENT
    angle = float(beams.grid.angle_rad(REFINEMENT)[c])
    across = float(beams.moved.lateral[frame + 1, r, c] - beams.moved.lateral[frame, r, c])
    down = float(beams.moved.depth[frame + 1, r, c] - beams.moved.depth[frame, r, c])
    return float(across * np.sin(angle) + down * np.cos(angle))
