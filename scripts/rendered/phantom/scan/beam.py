"""Echoes along the beams: scatterers weighted by tissue, attenuated, blurred by the pulse, with clutter and noise."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.geometry import Field
from scripts.rendered.phantom.anatomy.grid import REFINEMENT, BeamGrid
from scripts.rendered.phantom.anatomy.scene import Scene
from scripts.rendered.phantom.anatomy.tissues import Tissue, table
from scripts.rendered.phantom.scan.acquisition import Acquisition
from scripts.rendered.phantom.scan.scatterers import Displacement, sample_texture, scatterer_texture

_DB = np.float32(np.log(10) / 20)  # decibels of amplitude to nepers
_BACKSCATTER_DB = table("backscatter_db")
_ATTENUATION_DB_MM = table("extra_attenuation_db_mm")
_IMPEDANCE = table("impedance")
_ANISOTROPY_DB = table("anisotropy_db")
_PATCHINESS_DB = table("patchiness")
_SPECULAR = np.float32(38.0)  # echo of an impedance step relative to speckle (LOG 2026-11-22: compared with real cines)
_BANDS = 8  # ranges over which the beam's width is taken as constant
_CLUTTER_RATE = 1.7  # radians per second: the hand is never quite still, so clutter changes over about a second
_IMPLANTS = (Tissue.METAL, Tissue.CALCIUM)


@dataclass(frozen=True, eq=False)
class Streams:
    """Everything random of one clip, drawn from its noise seed alone and in a fixed order.

    texture: scatterers in resting coordinates. clutter: two states of echoes that do not move with the heart.
    noise: of the receiver, re-used with an offset per frame. patches: float32 (samples, beams) slow variation of
    brightness, in dB of unit deviation. colour: 20 coarse noise pictures.
    """

    texture: NDArray[np.float32]
    clutter: NDArray[np.float32]
    noise: NDArray[np.float32]
    patches: NDArray[np.float32]
    colour: NDArray[np.float32]

    @classmethod
    def of(cls, noise_seed: int, grid: BeamGrid) -> "Streams":
        """The streams of a seed."""
        rng = np.random.Generator(np.random.SFC64(noise_seed))
        texture = scatterer_texture(rng)
        clutter = rng.standard_normal((2, *grid.shape, 2), dtype=np.float32)
        noise = rng.standard_normal((grid.samples + 61, grid.beams + 37, 2), dtype=np.float32)
        coarse = rng.standard_normal((26, 8), dtype=np.float32)
        patches = cv2.resize(coarse, (grid.beams, grid.samples), interpolation=cv2.INTER_CUBIC)
        colour = rng.standard_normal((20, grid.samples // REFINEMENT, grid.beams // REFINEMENT), dtype=np.float32)
        return cls(texture, clutter, noise, np.asarray(patches), colour)


@dataclass(frozen=True, eq=False)
class Beamformer:
    """Simulates the frames of one clip. `tissue_db` overrides backscatter by label (thickened leaflets)."""

    grid: BeamGrid
    acquisition: Acquisition
    streams: Streams
    tissue_db: NDArray[np.float32]

    @classmethod
    def of(cls, acquisition: Acquisition, noise_seed: int, brighter_db: dict[Tissue, float]) -> "Beamformer":
        """The beamformer of an acquisition; `brighter_db` adds to the backscatter of some tissues."""
        grid = BeamGrid(acquisition.depth_mm, float(np.radians(acquisition.half_angle_deg)))
        levels = _BACKSCATTER_DB.copy()
        for tissue, extra in brighter_db.items():
            levels[tissue] += extra
        return cls(grid, acquisition, Streams.of(noise_seed, grid), levels)

    def frames(
        self, labels: NDArray[np.uint8], moved: Displacement, grain: Field, frame_numbers: NDArray[np.integer]
    ) -> Iterator[NDArray[np.float32]]:
        """Echo power (samples, beams), unit = mean of myocardium, of each frame.

        labels: (T, samples, beams). moved, grain: on the coarse grid; grain is `wall_grain`.
        """
        static_db = self._static_db()
        clutter = self._clutter()
        noise_level = self._noise_level()
        lateral, depth = self._fine_points()
        has_implant = [bool(np.isin(label, _IMPLANTS).any()) for label in labels]
        for frame, label in enumerate(labels):
            rest = self._resting(moved, frame, lateral, depth)
            echo = self._scattered(rest)
            amplitude, steps = self._amplitude(label, static_db, grain[frame], reverberates=has_implant[frame])
            echo *= amplitude[..., None]
            echo[..., 0] += steps
            blurred = self._blur(echo)
            turn = _CLUTTER_RATE * int(frame_numbers[frame]) / self.acquisition.frame_rate_hz
            blurred += clutter[0] * np.float32(np.cos(turn))
            blurred += clutter[1] * np.float32(np.sin(turn))
            blurred += self._noise(int(frame_numbers[frame])) * noise_level
            yield np.einsum("rbc,rbc->rb", blurred, blurred) * np.float32(0.5)

    def _fine_points(self) -> tuple[Field, Field]:
        """(lateral, depth) mm at the samples and at twice the beams: scatterers between beams count too."""
        twice = BeamGrid(self.grid.depth_mm, self.grid.half_angle_rad, self.grid.samples, 2 * self.grid.beams)
        ranges, angles = twice.range_mm()[:, None], twice.angle_rad()[None]
        return ranges * np.sin(angles), ranges * np.cos(angles)

    def _resting(self, moved: Displacement, frame: int, lateral: Field, depth: Field) -> tuple[Field, Field]:
        size = lateral.shape[1], lateral.shape[0]
        across = cv2.resize(moved.lateral[frame], size, interpolation=cv2.INTER_LINEAR)
        down = cv2.resize(moved.depth[frame], size, interpolation=cv2.INTER_LINEAR)
        return lateral - across, depth - down

    def _scattered(self, rest: tuple[Field, Field]) -> NDArray[np.float32]:
        fine = sample_texture(self.streams.texture, *rest)
        # Half-way between two neighbours, linear interpolation is their mean.
        return np.asarray(cv2.resize(fine, self.grid.shape[::-1], interpolation=cv2.INTER_LINEAR)) * np.float32(
            np.sqrt(2)
        )

    def _amplitude(
        self, label: NDArray[np.uint8], static_db: Field, grain: Field, *, reverberates: bool
    ) -> tuple[Field, Field]:
        """Amplitude of scattering, and of the mirror-like echoes where impedance jumps along the beam."""
        level: Field = np.asarray(cv2.LUT(label, self.tissue_db), dtype=np.float32)
        squarely = cv2.resize(grain, (self.grid.beams, self.grid.samples), interpolation=cv2.INTER_LINEAR)
        level -= cv2.LUT(label, _ANISOTROPY_DB) * (1 - squarely)
        level += cv2.LUT(label, _PATCHINESS_DB) * self.streams.patches
        lost = np.cumsum(cv2.LUT(label, _ATTENUATION_DB_MM), axis=0) * np.float32(2 * self.grid.step_mm)
        passed = static_db - lost
        level += passed
        amplitude: Field = np.asarray(cv2.exp(level * _DB), dtype=np.float32)
        impedance = cv2.LUT(label, _IMPEDANCE)
        steps = np.zeros_like(amplitude)
        np.subtract(impedance[1:], impedance[:-1], out=steps[1:])
        np.abs(steps, out=steps)
        steps *= _SPECULAR * cv2.exp(passed * _DB)
        if reverberates:
            _reverberate(amplitude, label, self.grid.step_mm)
        return amplitude, steps

    def _static_db(self) -> Field:
        """What does not change over a clip: window, depth and slow variation, dB (samples, beams)."""
        a = self.acquisition
        ranges = self.grid.range_mm()[:, None]
        beams = np.linspace(0, len(a.contact) - 1, self.grid.beams)
        contact = np.interp(beams, np.arange(len(a.contact)), a.contact).astype(np.float32)[None]
        beyond = np.clip(ranges - np.float32(a.focus_mm * 0.6), 0, None)
        return np.asarray(a.gain_db - contact - np.float32(a.penetration_db_mm) * beyond)

    def _clutter(self) -> NDArray[np.float32]:
        """Echoes of the chest wall that hang over the near field and a haze further down."""
        a = self.acquisition
        ranges = self.grid.range_mm()[:, None]
        everywhere = a.clutter_db - 0.05 * np.clip(ranges - 60.0, 0, None)
        bands = 3.0 * np.cos(2 * np.pi * ranges / (a.chest_wall_mm * 0.37)) * np.exp(-ranges / 30.0)
        # Haze falls off as a bell: full near the probe, gone at about twice its reach.
        near = a.haze_db + bands - 4.3 * (ranges / (2.0 * a.haze_mm)) ** 2 + self.streams.patches * 1.5
        level = np.exp((everywhere + a.gain_db) * _DB) + np.exp((near + a.gain_db) * _DB)
        states = [self._blur(state) * level[..., None] for state in self.streams.clutter]
        return np.asarray(states, dtype=np.float32)

    def _noise_level(self) -> NDArray[np.float32]:
        """Receiver noise rises with depth as the time gain does."""
        a = self.acquisition
        ranges = self.grid.range_mm()[:, None, None]
        return np.asarray(np.exp((a.noise_db + a.gain_db + 0.09 * ranges) * _DB), dtype=np.float32)

    def _noise(self, number: int) -> NDArray[np.float32]:
        """Noise of a frame of the clip: a shifted window of one field, the same for the same frame number."""
        row, column = (number * 23) % 61, (number * 17) % 37
        return self.streams.noise[row : row + self.grid.samples, column : column + self.grid.beams]

    def _blur(self, echo: NDArray[np.float32]) -> NDArray[np.float32]:
        """The pulse along the beam and the beam's width across it; power is kept."""
        out = np.empty_like(echo)
        rows, one = self.grid.samples // _BANDS, np.ones(1, np.float32)
        axial, across = self.kernels
        along = cv2.sepFilter2D(echo, -1, one, axial, borderType=cv2.BORDER_REFLECT_101)
        for band, kernel in enumerate(across):
            part = slice(band * rows, (band + 1) * rows)
            cv2.sepFilter2D(along[part], -1, kernel, one, dst=out[part], borderType=cv2.BORDER_REFLECT_101)
        return out

    @cached_property
    def kernels(self) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], ...]]:
        """(along the beam, across it in each band of ranges)."""
        axial = _kernel(self.acquisition.scanner.axial_mm / self.grid.step_mm)
        middles = self.grid.range_mm().reshape(_BANDS, -1).mean(axis=1)
        return axial, tuple(_kernel(self.beam_sigma(float(middle))) for middle in middles)

    def beam_sigma(self, range_mm: float) -> float:
        """Standard deviation of the beam's profile in beams at a range: aperture near the probe, angle beyond."""
        look, a = self.acquisition.scanner, self.acquisition
        defocus = 0.35 * abs(range_mm - a.focus_mm) / a.focus_mm
        angle = np.radians(look.lateral_deg) * (1 + defocus)
        return float(min(6.0, np.hypot(angle, look.aperture_mm / range_mm) / self.grid.step_rad))


def _kernel(sigma: float) -> NDArray[np.float32]:
    """A Gaussian whose squares sum to one."""
    size = 2 * max(1, int(np.ceil(2.5 * sigma))) + 1
    kernel = cv2.getGaussianKernel(size, sigma, cv2.CV_32F)
    return np.asarray(kernel / np.sqrt((kernel**2).sum()))


def _reverberate(amplitude: Field, label: NDArray[np.uint8], step_mm: float) -> None:
    """Ringing behind metal: fainter copies at equal distances, in place."""
    metal = np.where(label == Tissue.METAL, amplitude, np.float32(0))
    gap = max(3, round(4.2 / step_mm))
    for bounce in range(1, 5):
        amplitude[bounce * gap :] += metal[: -bounce * gap] * np.float32(0.30 * 0.5**bounce)


def wall_grain(scene: Scene, grid: BeamGrid) -> Field:
    """0..1, (T, rows, columns) on the coarse grid: how squarely the beam meets the nearest surface of the heart.

    Layers of muscle and the pericardium fade where they run along the beam (anisotropy; Miller et al. 1983).
    """
    shows = scene.spec.shows
    surfaces = [scene.heart_edge] if {"lv", "rv"} & shows else []
    surfaces += [scene.heart.la.distance(scene.points)] if "la" in shows else []
    surfaces += [scene.heart.ra.distance(scene.points)] if "ra" in shows else []
    if not surfaces:
        return np.ones_like(scene.points.x)
    nearest = np.stack([np.abs(surface) for surface in surfaces]).argmin(axis=0)
    step = np.float32(2 * grid.step_mm * REFINEMENT)
    slope = np.zeros_like(surfaces[0])
    for number, surface in enumerate(surfaces):
        along = np.zeros_like(slope)
        along[:, 1:-1] = (surface[:, 2:] - surface[:, :-2]) / step
        np.copyto(slope, along, where=nearest == number)
    return np.asarray(np.clip(np.abs(slope) * np.float32(1.15), 0, 1), dtype=np.float32)
