"""What a reader with a ruler would measure in label maps: Simpson's volumes, widths and diameters, jet areas."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.cycle import CardiacCycle
from scripts.rendered.phantom.anatomy.grid import ScreenGrid
from scripts.rendered.phantom.anatomy.heart import Heart
from scripts.rendered.phantom.anatomy.scene import Scene
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.anatomy.views import scan_plane
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.phantom.scan.acquisition import Acquisition, standard_acquisition
from scripts.rendered.phantom.scan.doppler import JET_CODES
from scripts.rendered.phantom.scan.render import paint_labels, render_beams

_PIXEL_MM = 0.5
_DISCS = 20  # Lang et al. 2015, section 2.1.2
_GRID = ScreenGrid((-120.0, 0.0), _PIXEL_MM, (400, 480))
_LV = (Tissue.LV_CAVITY, Tissue.PAPILLARY_MUSCLE)  # papillary muscles belong to the cavity (Lang et al. 2015)


def label_maps(
    state: HeartState, subview: str, times_s: NDArray[np.floating], *, breath: float = 0.0
) -> NDArray[np.uint8]:
    """uint8 (T, 400, 480) label maps of the textbook cut at 0.5 mm."""
    return label_maps_of(state, standard_acquisition(subview), times_s, breath=breath)


def label_maps_of(
    state: HeartState, acquisition: Acquisition, times_s: NDArray[np.floating], *, breath: float = 0.0
) -> NDArray[np.uint8]:
    """Label maps of any acquisition's cut."""
    heart = Heart.of(state, times_s, np.full(len(times_s), breath, np.float32))
    plane = scan_plane(heart, acquisition, heart.time_s)
    scene = Scene.of(heart, plane, acquisition.subview, _GRID, acquisition.chest_wall_mm)
    return paint_labels(scene, _GRID)


def end_times(state: HeartState) -> NDArray[np.float64]:
    """(2,) seconds of end-diastole and end-systole."""
    cycle = CardiacCycle.of(state.heart_rate_bpm, state.left_atrial_pressure_mmhg)
    return np.array([0.0, cycle.aortic_closure_s])


def biplane_ejection_fraction(state: HeartState) -> float:
    """EF in % by the method of discs on the label maps of A4C and A2C."""
    volumes = []
    four, two = (label_maps(state, view, end_times(state)) for view in ("A4C", "A2C"))
    for phase in range(2):
        (wide, length_a), (deep, length_b) = _discs(four[phase]), _discs(two[phase])
        volumes.append(np.pi / 4 * (wide * deep).sum() * max(length_a, length_b) / _DISCS)
    return float(100 * (1 - volumes[1] / volumes[0]))


def _discs(label: NDArray[np.uint8]) -> tuple[NDArray[np.float64], float]:
    """(20 diameters, length) in mm of the left ventricle in an apical picture."""
    inside = np.isin(label, np.array(_LV, dtype=np.uint8))
    rows = np.flatnonzero(inside.any(axis=1))
    first, last = int(rows[0]), int(rows[-1])
    left = inside.argmax(axis=1)
    right = inside.shape[1] - inside[:, ::-1].argmax(axis=1)
    width = np.where(inside.any(axis=1), right - left, 0)[first : last + 1] * _PIXEL_MM
    centres = (np.arange(_DISCS) + 0.5) / _DISCS * len(width) - 0.5
    return np.interp(centres, np.arange(len(width)), width), len(width) * _PIXEL_MM


def effusion_width(state: HeartState) -> float:
    """Width in mm of the echo-free space behind the posterior wall, parasternal long axis, end-diastole."""
    label = label_maps(state, "PLAX", np.array([0.0]))[0]
    fluid = (label == Tissue.EFFUSION)[label.shape[0] // 4 :]
    columns = fluid.sum(axis=0)
    wall = np.flatnonzero((label == Tissue.LV_WALL).any(axis=0))
    if not len(wall):
        return 0.0
    middle = columns[wall[0] + int(0.45 * len(wall)) : wall[0] + int(0.75 * len(wall))]
    return float(np.median(middle) * _PIXEL_MM)


def root_diameter(state: HeartState) -> float:
    """Largest width in mm of the aortic root across its axis, parasternal long axis, end-diastole."""
    acquisition = standard_acquisition("PLAX")
    label = label_maps(state, "PLAX", np.array([0.0]))[0]
    heart = Heart.of(state, np.array([0.0]))
    plane = scan_plane(heart, acquisition, heart.time_s)
    axis, start = heart.aorta.direction, heart.aorta.origin
    across = np.cross(axis, plane.normal)
    best = 0.0
    for along in (9.0, 11.0, 13.0, 15.0):
        steps = np.arange(-40, 40, 0.25)
        line = start + axis * along + steps[:, None] * across
        pixels = np.round(_GRID.to_pixels(plane.project(line[None])[0][0])).astype(int)
        inside = (pixels >= 0).all(1) & (pixels < np.array(label.shape)[::-1]).all(1)
        values = np.zeros(len(steps), np.uint8)
        values[inside] = label[pixels[inside, 1], pixels[inside, 0]]
        lumen = np.isin(values, np.array((Tissue.AORTIC_LUMEN, Tissue.AORTIC_VALVE, Tissue.CALCIUM, Tissue.METAL)))
        best = max(best, float(lumen.sum() * 0.25))
    return best


def ivc_diameter(state: HeartState) -> float:
    """Width in mm of the inferior vena cava 25 mm before the right atrium, at end-expiration."""
    label = label_maps(state, "SUB_IVC", np.array([0.0]))[0]
    lumen = label == Tissue.IVC_LUMEN
    columns = np.flatnonzero(lumen.any(axis=0))
    if not len(columns):
        return 0.0
    distal = lumen[:, max(columns[0], columns[-1] - round(45 / _PIXEL_MM)) : columns[-1] - round(25 / _PIXEL_MM)]
    return float(np.median(distal.sum(axis=0)) * _PIXEL_MM)


def jet_area(state: HeartState, subview: str, jet: str) -> float:
    """Largest area of a jet over a beat in cm², from the colour that the textbook acquisition shows."""
    acquisition = replace(standard_acquisition(subview), frame_rate_hz=20.0)
    frames = int(np.ceil(60.0 / state.heart_rate_bpm * 20.0))
    beams = render_beams(state, acquisition, 1, np.arange(frames))
    assert beams.colour is not None
    ranges = beams.grid.range_mm(4)[:, None]
    cell = ranges * (4 * beams.grid.step_rad) * (4 * beams.grid.step_mm) / 100
    areas = ((beams.colour.jets == JET_CODES[jet]) * cell).sum(axis=(1, 2))
    return float(areas.max())
