"""Colour Doppler: blood velocities of inflow, outflow and jets, seen along the beams within a box."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.cycle import Curve
from scripts.rendered.phantom.anatomy.geometry import Field, Plane, Points, azimuth, per_frame
from scripts.rendered.phantom.anatomy.grid import REFINEMENT, BeamGrid
from scripts.rendered.phantom.anatomy.heart import AORTIC_AZIMUTH, TO_APEX, Heart
from scripts.rendered.phantom.anatomy.tissues import BLOOD, Tissue
from scripts.rendered.phantom.anatomy.views import SUBVIEWS
from scripts.rendered.phantom.patient.state import Grade
from scripts.rendered.phantom.scan.acquisition import Acquisition

# Length and half-width (mm) of a regurgitant jet by grade, and of its root (vena contracta): severe jets fill much of
# the chamber (Zoghbi et al. 2017, tables 8 and 11; Lancellotti et al. 2013).
_JET_MM = {
    Grade.NONE: (0.0, 0.0, 0.0),
    Grade.TRACE: (9.0, 2.5, 1.2),
    Grade.MILD: (19.0, 4.5, 2.0),
    Grade.MODERATE: (31.0, 8.0, 3.5),
    Grade.SEVERE: (44.0, 13.0, 5.5),
}
# Peak velocity through a narrowed valve, m/s (Baumgartner et al. 2009 and 2017).
_STENOTIC_INFLOW = {0: 0.75, 1: 0.85, 2: 1.3, 3: 1.8, 4: 2.3}
_STENOTIC_OUTFLOW = {0: 1.1, 1: 1.5, 2: 2.4, 3: 3.4, 4: 4.5}


@dataclass(frozen=True, eq=False)
class Stream:
    """A stream of blood from an orifice. Positions in heart mm, velocity in m/s.

    origin: (T, 3). direction: (T, 3) unit. strength: (T,) 0..1 over the beat. turbulent: 0 smooth, 1 mosaic.
    """

    name: str
    origin: NDArray[np.float64]
    direction: NDArray[np.float64]
    strength: Curve
    length_mm: float
    half_width_mm: float
    root_mm: float
    velocity_m_s: float
    turbulence: float
    chambers: tuple[Tissue, ...]

    def reach(self, points: Points) -> tuple[Field, Field, Field]:
        """(share of the length, off-axis distance / local half-width, position along) at points."""
        relative = points.minus(*(self.origin[:, axis].astype(np.float32) for axis in range(3)))
        d = self.direction.astype(np.float32)
        along = relative.x * per_frame(d[:, 0]) + relative.y * per_frame(d[:, 1]) + relative.z * per_frame(d[:, 2])
        square = relative.x**2 + relative.y**2 + relative.z**2 - along * along
        share = along / np.float32(self.length_mm)
        widest = np.sin(np.pi * np.clip(share, 0, 1) ** 0.8 * 0.75)
        width = np.float32(self.root_mm) + np.float32(self.half_width_mm - self.root_mm) * widest
        return share, np.sqrt(np.maximum(square, 0)) / np.maximum(width, np.float32(0.8)), along


def streams(heart: Heart, targets: tuple[str, ...]) -> Iterator[Stream]:
    """Streams through the valves that the colour box looks at."""
    state = heart.state
    if "mv" in targets:
        yield from _mitral(heart)
    if "tv" in targets:
        grade = state.tricuspid_regurgitation
        yield _inflow(
            heart, heart.tricuspid_centre, heart.tricuspid_radius_mm, state.tricuspid_stenosis, Tissue.RV_CAVITY
        )
        if grade:
            toward = heart.ra.centre - heart.tricuspid_centre - TO_APEX * 4.0
            tips = heart.tricuspid_centre + TO_APEX * 4.0
            yield _jet(
                "TR", grade, tips, toward, heart.cycle.systole(heart.time_s), (Tissue.RA_CAVITY, Tissue.RV_CAVITY)
            )
    if "av" in targets:
        yield from _aortic(heart)
    if "pv" in targets:
        yield from _pulmonic(heart)


def _mitral(heart: Heart) -> Iterator[Stream]:
    state = heart.state
    yield _inflow(heart, heart.mitral_centre, heart.mitral_radius_mm, state.mitral_stenosis, Tissue.LV_CAVITY)
    if state.mitral_regurgitation:
        posterior = azimuth(AORTIC_AZIMUTH)
        tips = heart.mitral_centre - posterior * (0.22 * heart.mitral_radius_mm) + TO_APEX * 4.0
        toward = heart.la.centre - tips
        strength = heart.cycle.systole(heart.time_s)
        chambers = (Tissue.LA_CAVITY, Tissue.LV_CAVITY, Tissue.PULMONARY_VEIN)
        yield _jet("MR", state.mitral_regurgitation, tips, toward, strength, chambers)


def _inflow(heart: Heart, centre: NDArray[np.float64], radius: float, stenosis: Grade, chamber: Tissue) -> Stream:
    narrow = {0: 0.75, 1: 0.7, 2: 0.5, 3: 0.38, 4: 0.28}[int(stenosis)]
    atrium = Tissue.LA_CAVITY if chamber == Tissue.LV_CAVITY else Tissue.RA_CAVITY
    return Stream(
        name="inflow",
        origin=centre - TO_APEX * 8.0,
        direction=np.repeat(TO_APEX[None], len(heart.time_s), 0),
        strength=heart.cycle.inflow(heart.time_s),
        length_mm=58.0,
        half_width_mm=radius * narrow * (1.0 if stenosis < Grade.MILD else 1.2),
        root_mm=radius * narrow,
        velocity_m_s=_STENOTIC_INFLOW[int(stenosis)],
        turbulence=0.0 if stenosis < Grade.MILD else 0.35 + 0.15 * int(stenosis),
        chambers=(chamber, atrium),
    )


def _aortic(heart: Heart) -> Iterator[Stream]:
    state, aorta = heart.state, heart.aorta
    frames = len(heart.time_s)
    direction = np.repeat(aorta.direction[None], frames, 0)
    stenosis = state.aortic_stenosis
    yield Stream(
        name="outflow",
        origin=aorta.origin - aorta.direction * 22.0,
        direction=direction,
        strength=heart.cycle.outflow(heart.time_s),
        length_mm=60.0,
        half_width_mm=10.0,
        root_mm=9.0,
        velocity_m_s=0.95,
        turbulence=0.0,
        chambers=(Tissue.AORTIC_LUMEN, Tissue.LV_CAVITY),
    )
    if stenosis >= Grade.MILD:
        yield _jet("AS", stenosis, aorta.origin + aorta.direction * 8.0, direction, heart.cycle.outflow(heart.time_s),
                   (Tissue.AORTIC_LUMEN,), velocity=_STENOTIC_OUTFLOW[int(stenosis)])  # fmt: skip
    if state.aortic_regurgitation:
        start = aorta.origin + aorta.direction * 5.0
        toward = np.repeat((-aorta.direction * 0.9 + TO_APEX * 0.25 - azimuth(AORTIC_AZIMUTH) * 0.1)[None], frames, 0)
        diastole = 1.0 - heart.cycle.systole(heart.time_s)
        yield _jet("AR", state.aortic_regurgitation, start, toward, np.asarray(diastole, dtype=np.float32),
                   (Tissue.AORTIC_LUMEN, Tissue.LV_CAVITY))  # fmt: skip


def _pulmonic(heart: Heart) -> Iterator[Stream]:
    artery = heart.pulmonary_artery
    direction = np.repeat(artery.direction[None], len(heart.time_s), 0)
    lumen = (Tissue.PULMONARY_ARTERY_LUMEN, Tissue.RV_CAVITY)
    yield Stream("pulmonary", artery.origin - artery.direction * 12.0, direction, heart.cycle.outflow(heart.time_s),
                 50.0, 9.0, 9.0, 0.8, 0.0, lumen)  # fmt: skip
    grade = heart.state.pulmonic_regurgitation
    if grade:
        diastole = np.asarray(1.0 - heart.cycle.systole(heart.time_s), dtype=np.float32)
        back = np.repeat(-heart.outflow_tract.direction[None], len(heart.time_s), 0)  # along the outflow tract
        yield _jet("PR", grade, artery.origin + artery.direction * 4.0, back, diastole, lumen, scale=0.85)


def _jet(  # noqa: PLR0913 - a stream has this many parts
    name: str,
    grade: Grade,
    origin: NDArray[np.float64],
    toward: NDArray[np.float64],
    strength: Curve,
    chambers: tuple[Tissue, ...],
    *,
    velocity: float = 4.5,
    scale: float = 1.0,
) -> Stream:
    length, half_width, root = (scale * size for size in _JET_MM[grade])
    direction = toward / np.linalg.norm(toward, axis=1, keepdims=True)
    return Stream(name, origin, direction, strength, length, half_width, root, velocity, 1.0, chambers)


@dataclass(frozen=True, eq=False)
class ColourFrames:
    """Colour on the coarse beam grid.

    velocity: float32 (T, rows, columns) as share of the Nyquist velocity before aliasing, positive to the probe.
    variance: 0..1. shown: bool, where colour replaces grey. jets: uint8, 1 MR, 2 AR, 3 TR, 4 PR, 5 AS, 0 none.
    box: bool (rows, columns).
    """

    velocity: Field
    variance: Field
    shown: NDArray[np.bool_]
    jets: NDArray[np.uint8]
    box: NDArray[np.bool_]


def nominal_jet_area_cm2(grade: Grade) -> float:
    """Area of the middle cut of a jet of a grade: what colour shows when nothing hides it."""
    length, half_width, root = _JET_MM[grade]
    share = np.linspace(0, 1, 50)
    widest = np.sin(np.pi * share**0.8 * 0.75)
    return float(length * np.mean(2 * (root + (half_width - root) * widest)) / 100)


JET_CODES = {"MR": 1, "AR": 2, "TR": 3, "PR": 4, "AS": 5}


@dataclass(frozen=True, eq=False)
class ColourScanner:
    """Colour Doppler of one clip: which box, how its velocities are shown."""

    heart: Heart
    plane: Plane
    acquisition: Acquisition
    grid: BeamGrid

    def box(self) -> NDArray[np.bool_]:
        """The box as bool (rows, columns) of the coarse grid: over the valve, where the sonographer put it."""
        targets = SUBVIEWS[self.acquisition.subview].colour
        heart, plane = self.heart, self.plane
        anchors = {
            "mv": heart.mitral_centre[:1] - TO_APEX * 6.0,
            "tv": heart.tricuspid_centre[:1] - TO_APEX * 6.0,
            "av": heart.aorta.origin[:1] + heart.aorta.direction * 4.0,
            "pv": heart.pulmonary_artery.origin[:1] + heart.pulmonary_artery.direction * 2.0,
        }
        middle = np.mean([anchors[name] for name in targets], axis=0)
        still = Plane(plane.origin[:1], plane.right[:1], plane.down[:1])
        lateral, depth = still.project(middle[None])[0][0, 0]
        dx, dy, size = self.acquisition.colour_box_jitter
        radius, angle = np.hypot(lateral + dx, depth + dy), np.arctan2(lateral + dx, depth + dy)
        reach, wide = (34.0, 30.0) if len(targets) == 1 else (42.0, 36.0)
        ranges, angles = self.grid.range_mm(REFINEMENT)[:, None], self.grid.angle_rad(REFINEMENT)[None]
        across = np.abs(angles - angle) < wide * size / radius
        return np.asarray((np.abs(ranges - radius) < reach * size) & across)

    def frames(
        self, points: Points, labels: NDArray[np.uint8], noise: NDArray[np.float32], still: Field
    ) -> ColourFrames:
        """Colour of every frame. labels, noise: (T, rows, columns) on the coarse grid; still: (rows, columns) noise."""
        toward_probe, speed, variance = (np.zeros(labels.shape, np.float32) for _ in range(3))
        jets, box = np.zeros(labels.shape, np.uint8), self.box()
        wobble = cv2.GaussianBlur(still, (5, 5), 1.2) * np.float32(0.75)
        for stream in streams(self.heart, SUBVIEWS[self.acquisition.subview].colour):
            is_jet = stream.name in JET_CODES
            share, off, _ = stream.reach(points)
            profile = np.clip(1.0 - (off * (1 + wobble * (1 if is_jet else 0.3))) ** 2, 0, 1)
            profile *= (share > -0.02) & (share < 1.0)
            profile *= np.isin(labels, np.array(stream.chambers, dtype=np.uint8)) * per_frame(stream.strength)
            moved = profile * np.float32(stream.velocity_m_s)
            stronger = moved > speed
            # In turbulent flow the angle is not seen, because whirls point in all directions.
            cosine = self._along_beam(stream) * (1 - 0.3 * stream.turbulence)
            toward_probe = np.where(stronger, moved * cosine, toward_probe)
            variance = np.where(stronger, np.float32(stream.turbulence) * np.sqrt(profile), variance)
            speed = np.maximum(speed, moved)
            if is_jet:
                jets[stronger & (profile > 0.12) & box] = JET_CODES[stream.name]
        relative = toward_probe * np.float32(100.0 / self.acquisition.nyquist_cm_s)
        blood = np.isin(labels, np.array(BLOOD, dtype=np.uint8))
        above_wall_filter = np.abs(relative) > np.float32(0.17 / self.acquisition.colour_gain)
        shown = box & blood & (above_wall_filter | (variance > 0.25))
        relative = relative + noise * (0.06 + 0.85 * variance)
        return ColourFrames(np.asarray(relative, dtype=np.float32), variance, shown, jets, box)

    def _along_beam(self, stream: Stream) -> Field:
        """Cosine between a stream and the direction to the probe, (T, 1, columns)."""
        angles = self.grid.angle_rad(REFINEMENT)
        lateral = np.einsum("tk,tk->t", stream.direction, self.plane.right)
        down = np.einsum("tk,tk->t", stream.direction, self.plane.down)
        return np.asarray(-(per_frame(lateral) * np.sin(angles) + per_frame(down) * np.cos(angles)))


def colour_table(name: str) -> NDArray[np.uint8]:
    """uint8 (32, 256, 3) RGB by variance (rows) and velocity from −1 to 1 (columns): red to the probe, blue away."""
    velocity = np.linspace(-1, 1, 256)[None, :]
    variance = np.linspace(0, 1, 32)[:, None]
    strength = np.abs(velocity) ** 0.7
    toward, away = (velocity > 0) * strength, (velocity <= 0) * strength
    red = toward * 1.0 + away * 0.05
    green = np.clip(strength - 0.45, 0, 1) * 1.3
    blue = away * 1.0
    if name == "variance":
        green = np.clip(green + 0.75 * variance * strength, 0, 1)
        blue = blue * (1 - 0.35 * variance)
    table = np.stack([red + 0 * variance, green + 0 * variance, blue + 0 * variance], axis=-1)
    return np.asarray(np.round(255 * np.clip(0.25 * (table > 0.02) + 0.80 * table, 0, 1)), dtype=np.uint8)
