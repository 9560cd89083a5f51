"""One beating heart: every chamber, vessel and valve ring of a state, at the times of a clip."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.cycle import CardiacCycle, Curve
from scripts.rendered.phantom.anatomy.geometry import Ellipsoid, Tube, azimuth
from scripts.rendered.phantom.anatomy.ventricles import LeftVentricle, RightVentricle
from scripts.rendered.phantom.patient.state import HeartState

ACROSS = azimuth(30.0)  # from septum to lateral wall in the four-chamber plane
ANTERIOR = azimuth(120.0)  # normal of the four-chamber plane
TO_APEX = np.array([0.0, 0.0, 1.0])
AORTIC_AZIMUTH = 142.0
_LA_SHAPE = np.array([1.0, 0.9, 1.24])  # across, anterior, long axis
IVC_DIRECTION = np.array([-0.30, -0.90, 0.32]) / np.linalg.norm([-0.30, -0.90, 0.32])


@dataclass(frozen=True, eq=False)
class Heart:
    """All moving parts of one synthetic patient.

    time_s: (T,) since the first R wave. Structures are in heart coordinates, mm (`anatomy.geometry`).
    mitral_ring, tricuspid_ring: (centre (T, 3), radius) of the valve rings, both in a plane across the long axis.
    septum_mm: thickness of the atrial septum. septal_bow_mm: (T,) how far it leans to the right atrium.
    """

    state: HeartState
    cycle: CardiacCycle
    time_s: NDArray[np.float64]
    contraction: Curve
    lv: LeftVentricle
    rv: RightVentricle
    la: Ellipsoid
    ra: Ellipsoid
    aorta: Tube
    descending_aorta: Tube
    outflow_tract: Tube
    pulmonary_artery: Tube
    left_pulmonary_artery: Tube
    ivc: Tube
    pulmonary_veins: tuple[Tube, Tube]
    mitral_centre: NDArray[np.float64]
    mitral_radius_mm: float
    tricuspid_centre: NDArray[np.float64]
    tricuspid_radius_mm: float
    septal_bow_mm: float

    @classmethod
    def of(cls, state: HeartState, time_s: NDArray[np.floating], breath: Curve | None = None) -> "Heart":
        """The heart of a state at the times of a clip. breath: (T,) depth of inspiration, 0..1; none without."""
        cycle = CardiacCycle.of(state.heart_rate_bpm, state.left_atrial_pressure_mmhg)
        moved = cycle.contraction(time_s)
        lv = LeftVentricle.of(state, moved)
        rv = RightVentricle.of(state, lv)
        la = _left_atrium(state, lv)
        ra = _right_atrium(state, la, rv)
        base = np.outer(lv.base_z, TO_APEX)
        mitral_radius = 0.96 * float(lv.radius_at(0.0, 30.0)[0])
        tricuspid_radius = 0.36 * state.rv_basal_diameter_mm + 2.0
        septum = float(lv.radius_at(0.05, 210.0)[2])
        tricuspid_centre = np.outer(rv.annulus_z - 4.0, TO_APEX) - ACROSS * (septum + 0.5 * state.rv_basal_diameter_mm)
        return cls(
            state=state,
            cycle=cycle,
            time_s=np.asarray(time_s, dtype=np.float64),
            contraction=moved,
            lv=lv,
            rv=rv,
            la=la,
            ra=ra,
            aorta=_aorta(state, base),
            descending_aorta=_fixed_tube((24.0, -50.0, -90.0), TO_APEX, (0.0, 130.0), (11.5, 10.5), len(moved)),
            outflow_tract=_tube_between((-22.0, 38.0, -4.0), (9.0, 39.0, -17.0), (13.5, 12.0), base * 0.5),
            pulmonary_artery=_pulmonary_artery(state, base * 0.4),
            left_pulmonary_artery=_tube_between((30.0, 8.0, -27.0), (54.0, 4.0, -33.0), (8.5, 7.5), base * 0.3),
            ivc=_inferior_vena_cava(state, ra, breath if breath is not None else np.zeros_like(moved)),
            pulmonary_veins=_pulmonary_veins(state, la),
            mitral_centre=base + ACROSS * 1.0 - ANTERIOR * 2.0,
            mitral_radius_mm=mitral_radius,
            tricuspid_centre=tricuspid_centre,
            tricuspid_radius_mm=tricuspid_radius,
            # A left atrium under pressure pushes the septum to the right throughout the beat (Royse et al. 2001).
            septal_bow_mm=float(np.clip(0.8 * (state.left_atrial_pressure_mmhg - 12.5), -6.0, 11.0)),
        )


def _left_atrium(state: HeartState, lv: LeftVentricle) -> Ellipsoid:
    largest = state.la_volume_index_ml_m2 * state.body_surface_area_m2 * 1000
    stiff = float(np.clip((state.left_atrial_pressure_mmhg - 10.0) / 14.0, 0.0, 1.0))
    emptied = (0.52 - 0.32 * stiff) * (1.0 - lv.contraction.astype(np.float64))
    unit = np.cbrt(3 * largest * (1 - emptied) / (4 * np.pi * _LA_SHAPE.prod()))
    axes = unit[:, None] * _LA_SHAPE
    posterior = 10.0 + 0.35 * (np.cbrt(3 * largest / (4 * np.pi * _LA_SHAPE.prod())) - 22.0)
    centre = np.outer(lv.base_z - 0.90 * axes[:, 2], TO_APEX) + ACROSS * 1.5 - ANTERIOR * posterior
    return Ellipsoid(centre, axes, ACROSS, ANTERIOR)


def _right_atrium(state: HeartState, la: Ellipsoid, rv: RightVentricle) -> Ellipsoid:
    area = state.ra_area_cm2 * 100 * (0.72 + 0.28 * (rv.annulus_z - 5.0) / max(state.tapse_mm, 1.0))
    long = np.sqrt(area / (np.pi * 0.86))
    axes = long[:, None] * np.array([0.86, 1.0, 1.0])
    across = 1.5 - la.semi_axes[:, 0] - 3.0 - 0.86 * axes[:, 0]
    centre = np.outer(rv.annulus_z - 4.0 - 0.90 * axes[:, 2], TO_APEX) + np.outer(across, ACROSS) - ANTERIOR * 5.0
    return Ellipsoid(centre, axes, ACROSS, ANTERIOR)


def _aorta(state: HeartState, base: NDArray[np.float64]) -> Tube:
    root = state.aortic_root_diameter_mm
    direction = -TO_APEX * 0.96 + azimuth(AORTIC_AZIMUTH) * 0.28
    stations = np.array([-9.0, 0.0, 5.0, 12.0, 19.0, 27.0, 45.0, 90.0])
    radii = np.array([10.2, 10.8, 0.45 * root, 0.5 * root, 0.46 * root, 0.41 * root, 0.44 * root, 0.44 * root])
    start = azimuth(AORTIC_AZIMUTH) * 19.0 + base * 0.7 - TO_APEX * 1.0
    return Tube(start, direction / np.linalg.norm(direction), stations, radii[None])


def _pulmonary_artery(state: HeartState, moved: NDArray[np.float64]) -> Tube:
    wide = 11.5 + 3.5 * float(np.clip((state.pulmonary_artery_pressure_mmhg - 30) / 45, 0, 1))
    return _tube_between((9.0, 40.0, -17.0), (33.0, 3.0, -27.0), (wide, wide), moved)


def _inferior_vena_cava(state: HeartState, ra: Ellipsoid, breath: Curve) -> Tube:
    diameter = state.ivc_diameter_mm * (1 - state.ivc_collapse_percent / 100 * breath.astype(np.float64))
    long = np.sqrt(state.ra_area_cm2 * 100 / (np.pi * 0.86))
    mouth = ra.centre[:1] * [1, 1, 0] + TO_APEX * (4.0 - 0.9 * long) + IVC_DIRECTION * (0.83 * long)
    stations = np.array([-4.0, 6.0, 18.0, 110.0])
    narrow = state.ivc_diameter_mm * np.array([0.5, 0.46])
    radii = np.stack([np.full_like(diameter, narrow[0]), np.minimum(narrow[1], 0.5 * diameter + 1.0)], axis=1)
    radii = np.concatenate([radii, np.repeat(0.5 * diameter[:, None], 2, axis=1)], axis=1)
    return Tube(np.repeat(mouth, len(breath), 0), IVC_DIRECTION, stations, radii)


def _pulmonary_veins(state: HeartState, la: Ellipsoid) -> tuple[Tube, Tube]:
    wide = 4.0 + 0.25 * max(0.0, state.left_atrial_pressure_mmhg - 10.0)
    tubes = []
    for side in (-0.55, 0.62):
        start = la.centre + ACROSS * (la.semi_axes[:, :1] * side) - TO_APEX * (la.semi_axes[:, 2:] * 0.72)
        direction = -TO_APEX * 0.85 + ACROSS * np.sign(side) * 0.5
        radii = np.array([[wide, wide * 0.9]])
        tubes.append(Tube(start, direction / np.linalg.norm(direction), np.array([-6.0, 30.0]), radii))
    return tubes[0], tubes[1]


def _tube_between(
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    radii: tuple[float, float],
    moved: NDArray[np.float64],
) -> Tube:
    axis = np.array(end) - np.array(start)
    length = float(np.linalg.norm(axis))
    return Tube(np.array(start) + moved, axis / length, np.array([0.0, length]), np.array([radii]), rounded=True)


def _fixed_tube(
    origin: tuple[float, float, float],
    direction: NDArray[np.float64],
    stations: tuple[float, float],
    radii: tuple[float, float],
    frames: int,
) -> Tube:
    return Tube(np.repeat([origin], frames, axis=0), direction, np.array(stations), np.array([radii]))
