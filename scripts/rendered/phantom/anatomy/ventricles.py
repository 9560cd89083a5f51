"""The two ventricles: a left ventricle whose biplane volumes are the state's, and a right one wrapped around it."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.cycle import Curve
from scripts.rendered.phantom.anatomy.geometry import Field, Points, per_frame
from scripts.rendered.phantom.patient.state import HeartState, WallMotion

# How far a segment follows the contraction of a normal one (Lang et al. 2015, section 5: reduced, absent, outward).
_MOTION = {
    WallMotion.NORMAL: 1.0,
    WallMotion.HYPOKINETIC: 0.22,
    WallMotion.AKINETIC: 0.0,
    WallMotion.DYSKINETIC: -0.25,
}
_WIDEST = 0.40  # the widest level, as a share of the length from the base (truncated ellipsoid)
_MAX_SHORTENING = 0.80  # of a radius: more would close the cavity
_LEVELS = np.linspace(-0.3, 1.3, 81)  # share of the length, 0 base, 1 apex of the cavity
_AZIMUTHS = np.arange(0.0, 361.0, 7.5)  # the last repeats the first
A4C_AZIMUTH, A2C_AZIMUTH = 30.0, 90.0  # the picture's right-hand wall in each apical view
_SIMPSON = np.linspace(0, 1, 41)
_SEPTUM_AZIMUTH = 195.0
RV_AZIMUTH = 200.0


def _profile(level: NDArray[np.floating]) -> NDArray[np.float64]:
    """Radius of a truncated ellipsoid of unit length and unit largest radius; negative beyond the apex."""
    x = (np.maximum(level, 0.0) - _WIDEST) / (1 - _WIDEST)
    inside = np.sqrt(np.clip(1 - x * x, 0.0, None))
    return np.asarray(np.where(level > 1, -3.0 * (level - 1), inside))


def biplane_volume(length: float, four_chamber: NDArray[np.floating], two_chamber: NDArray[np.floating]) -> float:
    """Volume in ml by the method of discs from diameters at equal steps (Lang et al. 2015, section 2.1.2)."""
    return float(np.pi / 4 * length * np.trapezoid(four_chamber * two_chamber, dx=1 / (len(four_chamber) - 1)) / 1000)


@lru_cache(maxsize=256)
def _motion_table(wall_motion: tuple[WallMotion, ...]) -> NDArray[np.float64]:
    """Share of normal contraction, (levels, azimuths): the 17 segments, blurred where they meet."""
    scores = np.array([_MOTION[score] for score in wall_motion])
    rows = [
        scores[[5, 0, 1, 2, 3, 4]],
        scores[[11, 6, 7, 8, 9, 10]],
        scores[[15, 12, 13, 13, 14, 14]],
        scores[[16] * 6],
    ]
    fine = np.empty((4, len(_AZIMUTHS)))
    for row, ring in enumerate(rows):  # segment centres lie at 30°, 90°, ... ; apical ones are quarters
        if row == 2:
            centres, values = np.array([0.0, 90.0, 180.0, 270.0]), scores[[15, 12, 13, 14]]
        else:
            centres, values = np.arange(30.0, 360.0, 60.0), ring
        weights = np.exp(1.6 * len(values) * (np.cos(np.radians(_AZIMUTHS[:, None] - centres)) - 1))
        fine[row] = (weights * values).sum(1) / weights.sum(1)
    centres = np.array([0.15, 0.5, 0.8, 1.0])
    weights = np.exp(-0.5 * ((np.clip(_LEVELS, 0, 1)[:, None] - centres) / 0.09) ** 2)
    return np.asarray((weights / weights.sum(1, keepdims=True)) @ fine)


def _angle_from(degrees: float) -> NDArray[np.float64]:
    return np.asarray((_AZIMUTHS - degrees + 180) % 360 - 180)


@dataclass(frozen=True, eq=False)
class LeftVentricle:
    """Shape of the left ventricle at end-diastole and end-systole, and its motion between them.

    table: float32 (levels, azimuths, 4): radii of endocardium (diastole, systole), then of epicardium, mm.
    length_mm: cavity length at end-diastole. descent_mm: how far the base moves to the apex.
    contraction: (T,) 0 end-diastole, 1 end-systole.
    """

    table: NDArray[np.float32]
    length_mm: float
    descent_mm: float
    apex_thickness_mm: float
    contraction: Curve

    @classmethod
    def of(cls, state: HeartState, contraction: Curve) -> "LeftVentricle":
        """The ventricle of a state, such that biplane volumes at end-diastole and end-systole are the state's."""
        edv, esv = state.lv_end_diastolic_volume_ml, state.lv_end_systolic_volume_ml
        length = 88.0 * (edv / 120.0) ** 0.29  # dilated ventricles grow rounder (Lang et al. 2015, section 2)
        unit = _profile(_SIMPSON) * 2
        radius = np.sqrt(edv / biplane_volume(length, unit, unit))
        descent = float(np.clip(length * 0.16 * state.ejection_fraction_percent / 60.0, 2.0, 19.0))
        diastole = np.repeat(radius * _profile(_LEVELS)[:, None], len(_AZIMUTHS), axis=1)
        thickness, apex = _wall(state)
        stretch = 1 + apex / length
        outer = _profile(_LEVELS / stretch)[:, None]
        thinner = 1 - 0.35 * np.clip(_LEVELS, 0, 1)[:, None] ** 2  # towards the apex
        epi_diastole = np.where(outer > 0, outer * (radius + thickness * thinner), outer * length)
        systole = _end_systole(state, diastole, length - descent, esv)
        grown = np.clip(epi_diastole, 0, None) ** 2 - np.clip(diastole, 0, None) ** 2
        epi_systole = np.sqrt(np.clip(systole, 0, None) ** 2 + grown * length / (length - descent))
        epi_systole = np.where(epi_diastole > 0, epi_systole, epi_diastole)
        epi_systole = np.where(_LEVELS[:, None] > 0.9, np.minimum(epi_systole, epi_diastole * 1.02), epi_systole)
        table = np.stack([diastole, systole, epi_diastole, epi_systole], axis=-1).astype(np.float32)
        return cls(table, float(length), descent, apex, contraction)

    @property
    def base_z(self) -> Field:
        """(T,) position of the mitral annulus, mm towards the apex."""
        return np.asarray(self.contraction * np.float32(self.descent_mm))

    @property
    def apex_z(self) -> float:
        """Where the epicardium ends: the apex hardly moves."""
        return self.length_mm + self.apex_thickness_mm

    def level(self, z: Field) -> Field:
        """Share of the present length at z: 0 base, 1 apex of the cavity."""
        base = per_frame(self.base_z)
        return (z - base) / (np.float32(self.length_mm) - base)

    def look_up(self, level: Field, degrees: Field) -> NDArray[np.float32]:
        """The table's four radii (..., 4) at levels and azimuths of one shape."""
        shape = level.shape
        rows = (level.reshape(-1, shape[-1]) - np.float32(_LEVELS[0])) * np.float32(1 / (_LEVELS[1] - _LEVELS[0]))
        columns = degrees.reshape(-1, shape[-1]) * np.float32(1 / _AZIMUTHS[1])
        found = cv2.remap(self.table, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, dtype=np.float32).reshape(*shape, 4)

    def radius_at(self, level: float, degrees: float) -> NDArray[np.float32]:
        """(4,) radii at one place."""
        where = np.array([[level]], np.float32), np.array([[degrees % 360.0]], np.float32)
        return np.asarray(self.look_up(*where)[0, 0])


def _wall(state: HeartState) -> tuple[NDArray[np.float64], float]:
    """End-diastolic wall thickness (levels, azimuths), and at the apex, mm."""
    septal = np.exp(-0.5 * (_angle_from(180.0) / 45.0) ** 2)
    thickness = state.posterior_wall_thickness_mm + septal * (
        state.septal_thickness_mm - state.posterior_wall_thickness_mm
    )
    # Walls that have lost their motion are thin (Lang et al. 2015, section 5): scar takes up to half of them.
    scar = np.clip((0.6 - _motion_table(state.wall_motion)) / 0.85, 0, 1)
    return thickness * (1 - 0.45 * scar), 0.65 * state.posterior_wall_thickness_mm


def septal_flattening(pulmonary_artery_pressure_mmhg: float) -> float:
    """Share of the radius by which pressure in the right ventricle pushes the septum in (Ryan et al. 1985)."""
    return float(0.34 * np.clip((pulmonary_artery_pressure_mmhg - 32.0) / 45.0, 0.0, 1.0))


def _end_systole(state: HeartState, diastole: NDArray[np.float64], length: float, esv: float) -> NDArray[np.float64]:
    """Endocardial radii (levels, azimuths) at end-systole with the state's wall motion and biplane volume."""
    motion = _motion_table(state.wall_motion)
    bulge = np.exp(-0.5 * (_angle_from(_SEPTUM_AZIMUTH) / 38.0) ** 2)
    across = np.clip(1.15 - np.clip(_LEVELS, 0, 1), 0, 1)[:, None]
    flat = diastole * septal_flattening(state.pulmonary_artery_pressure_mmhg) * bulge * across * 0.7

    def shape(strength: float, spared: float) -> NDArray[np.float64]:
        followed = motion * spared + (1 - spared)
        inward = np.clip(strength * followed, -0.12, _MAX_SHORTENING)
        return np.where(diastole > 0, np.maximum(diastole * (1 - inward) - flat, 0.12 * diastole), diastole)

    def excess(strength: float, spared: float) -> float:
        return _biplane(shape(strength, spared), length) - esv

    # When the walls that still move cannot empty the ventricle alone, the others move more than their scores say.
    spared = 1.0
    while excess(2.0, spared) > 0 and spared > 0:
        spared = max(0.0, spared - 0.1)
    low, high = -0.15, 2.0
    for _ in range(24):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle, spared) > 0 else (low, middle)
    return shape(0.5 * (low + high), spared)


@lru_cache(maxsize=1)
def _simpson_weights() -> tuple[NDArray[np.intp], NDArray[np.float64], list[int]]:
    rows = np.clip(np.searchsorted(_LEVELS, _SIMPSON) - 1, 0, len(_LEVELS) - 2)
    weight = (_SIMPSON - _LEVELS[rows]) / (_LEVELS[1] - _LEVELS[0])
    walls = [round(a / _AZIMUTHS[1]) for a in (A4C_AZIMUTH, A4C_AZIMUTH + 180, A2C_AZIMUTH, A2C_AZIMUTH + 180)]
    return rows, weight, walls


def _biplane(radii: NDArray[np.float64], length: float) -> float:
    rows, weight, walls = _simpson_weights()
    cut = radii[:, walls]
    discs = np.clip(cut[rows] * (1 - weight[:, None]) + cut[rows + 1] * weight[:, None], 0, None)
    return biplane_volume(length, discs[:, 0] + discs[:, 1], discs[:, 2] + discs[:, 3])


@dataclass(frozen=True, eq=False)
class VentricleFields:
    """Signed distances (T, rows, columns) of the ventricles' surfaces, negative inside, and what motion needs.

    level: share of the left ventricle's length. radius: distance from its axis. radii: (..., 4) table look-ups.
    tricuspid_z: height of the tricuspid annulus at each point.
    """

    lv_cavity: Field
    lv_wall: Field
    rv_cavity: Field
    rv_wall: Field
    level: Field
    radius: Field
    radii: NDArray[np.float32]
    rv_width: Field
    tricuspid_z: Field


@dataclass(frozen=True, eq=False)
class RightVentricle:
    """The crescent in front of the septum. Widths in mm; annulus_z, thickening: (T,)."""

    basal_width_mm: float
    annulus_z: Field  # tricuspid annulus, mm towards the apex
    narrowing: Field  # share of the diastolic width
    wall_mm: float
    length_mm: float

    @classmethod
    def of(cls, state: HeartState, lv: LeftVentricle) -> "RightVentricle":
        """The right ventricle of a state, beating with the left one."""
        strength = float(np.clip(state.tapse_mm / 22.0, 0.15, 1.4))
        annulus = 5.0 + lv.contraction * np.float32(state.tapse_mm)
        wall = 3.5 + 3.0 * float(np.clip((state.pulmonary_artery_pressure_mmhg - 35) / 45, 0, 1))
        narrow = 1.0 - lv.contraction * np.float32(0.30 * strength)
        return cls(state.rv_basal_diameter_mm, annulus, narrow, wall, lv.length_mm * 0.9)

    def width(self, z: Field, degrees: Field) -> Field:
        """Width of the cavity between septum and free wall; negative where there is none."""
        # Wide from the anterior outflow to the inferior wall (half width 88°), nothing beyond: A2C shows no RV.
        turn = np.radians((degrees - np.float32(RV_AZIMUTH)) * np.float32(90 / 88))
        spread = np.cos(np.clip(turn, -np.pi, np.pi))
        along = np.clip((z - 4.0) / np.float32(self.length_mm - 4.0), -1.0, 1.3)
        taper = 1.0 - np.clip(along, 0, None) ** 2.2 * 1.05 - np.clip(-along - 0.1, 0, None) * 0.8
        shape = np.minimum(spread, taper)
        both = np.clip(spread, 0, None) * np.clip(taper, 0, None)
        at_a4c = np.cos(np.radians((A4C_AZIMUTH + 180 - RV_AZIMUTH) * 90 / 88))
        full = np.float32(self.basal_width_mm / at_a4c)
        return np.asarray(np.where(shape > 0, both, shape) * full * per_frame(self.narrowing))


def ventricle_fields(lv: LeftVentricle, rv: RightVentricle, points: Points) -> VentricleFields:
    """Distances of both ventricles at points. Beyond the annulus the septum's surface is carried on straight."""
    radius = np.sqrt(points.x * points.x + points.y * points.y)
    degrees = np.degrees(np.arctan2(points.y, points.x)) % np.float32(360)
    level = lv.level(points.z)
    radii = lv.look_up(level, degrees)
    moved = per_frame(lv.contraction)
    endo = radii[..., 0] + moved * (radii[..., 1] - radii[..., 0])
    epi = radii[..., 2] + moved * (radii[..., 3] - radii[..., 2])
    above_base = (per_frame(lv.base_z) - points.z) * np.float32(0.999)
    width = rv.width(points.z, degrees)
    # The outflow tract leaves the ventricle in front of the aorta, far beyond the tricuspid annulus.
    turn = (degrees - np.float32(132.0)) / np.float32(42.0)
    outflow = np.exp(-turn * turn)
    rv_edge = radius - np.maximum(epi, 0) - width
    # The septal side of the annulus moves with the left ventricle, the free wall's side by the full TAPSE.
    lateral = np.clip(1 + rv_edge / np.maximum(width, np.float32(8.0)), 0, 1)
    descent = per_frame(rv.annulus_z) - 5.0
    annulus = np.float32(5.0) + descent * (np.float32(0.5) + np.float32(0.5) * lateral)
    rv_top = annulus - descent * outflow * 0.6 - np.float32(40.0) * outflow - points.z
    rv_cavity = np.maximum(rv_edge, rv_top)
    return VentricleFields(
        lv_cavity=np.maximum(radius - endo, above_base),
        lv_wall=np.maximum(radius - epi, above_base),
        rv_cavity=rv_cavity,
        rv_wall=np.maximum(rv_edge - np.float32(rv.wall_mm), rv_top - 2.0),
        level=level,
        radius=radius,
        radii=radii,
        rv_width=width,
        tricuspid_z=annulus,
    )
