"""The 11 views and their sub-views: place of the probe, structures in the cut, and valves in the colour box."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.geometry import Plane, azimuth
from scripts.rendered.phantom.anatomy.heart import ACROSS, IVC_DIRECTION, TO_APEX, Heart

if TYPE_CHECKING:
    from scripts.rendered.phantom.scan.acquisition import Acquisition

Window = Literal["apical", "long", "short", "subcostal", "ivc", "suprasternal"]

_ALL_CHAMBERS = frozenset({"lv", "rv", "la", "ra", "pericardium"})


@dataclass(frozen=True)
class Subview:
    """One standard picture.

    shows: structures that the cut may contain; others are never drawn, as lung or bone hide them in life.
    azimuth_deg: picture's right (apical), or the direction the probe looks from (parasternal).
    level: short axis: position between base (0) and apex (1). tilt_deg: out of the standard plane, towards anterior.
    colour: the valves inside the Doppler box. share: how often it is chosen within its view.
    """

    view: str
    window: Window
    shows: frozenset[str]
    azimuth_deg: float = 0.0
    level: float = 0.5
    tilt_deg: float = 0.0
    depth_mm: tuple[float, float] = (168.0, 190.0)
    chest_wall_mm: tuple[float, float] = (14.0, 24.0)
    colour: tuple[str, ...] = ()
    share: float = 1.0


_A4C = _ALL_CHAMBERS | {"mv", "tv", "veins"}
_A2C = frozenset({"lv", "la", "mv", "pericardium"})
_A3C = frozenset({"lv", "la", "rv", "aorta", "mv", "av", "pericardium"})
_A5C = _ALL_CHAMBERS | {"aorta", "mv", "av", "tv"}
_PLAX = _A3C | {"descending"}
_BASE = frozenset({"rv", "la", "ra", "aorta", "av", "tv", "pv", "pa", "outflow"})
_VENTRICLES = frozenset({"lv", "rv", "pericardium"})

SUBVIEWS: dict[str, Subview] = {
    "A4C": Subview("A4C", "apical", _A4C, 30.0, tilt_deg=-2.5),
    "A2C": Subview("A2C", "apical", _A2C, 90.0),
    "A3C": Subview("A3C", "apical", _A3C, 145.0),
    "A5C": Subview("A5C", "apical", _A5C, 30.0, tilt_deg=8.5),
    "A4C_MV": Subview("Apical_Doppler", "apical", _A4C, 30.0, tilt_deg=-2.5, colour=("mv",), share=2.0),
    "A4C_TV": Subview("Apical_Doppler", "apical", _A4C, 30.0, tilt_deg=-2.5, colour=("tv",), share=1.6),
    "A5C_AV": Subview("Apical_Doppler", "apical", _A5C, 30.0, tilt_deg=8.5, colour=("av",), share=1.2),
    "A3C_AV": Subview("Apical_Doppler", "apical", _A3C, 145.0, colour=("av", "mv"), share=1.0),
    "A2C_MV": Subview("Apical_Doppler", "apical", _A2C, 90.0, colour=("mv",), share=0.8),
    "PLAX": Subview("Parasternal_Long", "long", _PLAX, 145.0, depth_mm=(135.0, 155.0)),
    "PLAX_MV_AV": Subview(
        "Doppler_Parasternal_Long", "long", _PLAX, 145.0, depth_mm=(135.0, 155.0), colour=("mv", "av")
    ),
    "PSAX_AV": Subview("Parasternal_Short", "short", _BASE, 118.0, level=-0.16, depth_mm=(125.0, 145.0)),
    "PSAX_MV": Subview(
        "Parasternal_Short", "short", _VENTRICLES | {"mv", "ra"}, 118.0, level=0.17, depth_mm=(125.0, 145.0), share=0.8
    ),
    "PSAX_PM": Subview("Parasternal_Short", "short", _VENTRICLES, 118.0, level=0.52, depth_mm=(125.0, 145.0)),
    "PSAX_APEX": Subview(
        "Parasternal_Short", "short", _VENTRICLES, 118.0, level=0.80, depth_mm=(115.0, 135.0), share=0.4
    ),
    "PSAX_AV_TV": Subview(
        "Doppler_Parasternal_Short", "short", _BASE, 118.0, level=-0.16, depth_mm=(125.0, 145.0), colour=("tv",)
    ),
    "PSAX_AV_PV": Subview(
        "Doppler_Parasternal_Short", "short", _BASE, 118.0, level=-0.16, depth_mm=(125.0, 145.0), colour=("pv",)
    ),
    "PSAX_AV_AV": Subview(
        "Doppler_Parasternal_Short",
        "short",
        _BASE,
        118.0,
        level=-0.16,
        depth_mm=(125.0, 145.0),
        colour=("av",),
        share=0.5,
    ),
    "SSN": Subview("SSN", "suprasternal", frozenset({"arch"}), depth_mm=(95.0, 160.0)),
    "SUB_4C": Subview(
        "Subcostal",
        "subcostal",
        _ALL_CHAMBERS | {"mv", "tv", "liver"},
        30.0,
        depth_mm=(165.0, 185.0),
        chest_wall_mm=(30.0, 45.0),
    ),
    "SUB_IVC": Subview(
        "Subcostal",
        "ivc",
        frozenset({"ra", "ivc", "liver"}),
        depth_mm=(135.0, 155.0),
        chest_wall_mm=(45.0, 60.0),
        share=1.2,
    ),
}

# How far the great vessels and the liver follow the heart in systole: (right, down) mm, with a normally steady hand.
_PULLED_MM: dict[Window, tuple[float, float]] = {"suprasternal": (1.2, 2.0), "ivc": (2.4, 2.0)}

SUBVIEWS_OF_VIEW: dict[str, tuple[str, ...]] = {}
for _name, _spec in SUBVIEWS.items():
    SUBVIEWS_OF_VIEW[_spec.view] = (*SUBVIEWS_OF_VIEW.get(_spec.view, ()), _name)


def scan_plane(heart: Heart, acquisition: "Acquisition", time_s: NDArray[np.floating]) -> Plane:
    """The cut through this heart that the acquisition makes, per frame."""
    spec = SUBVIEWS[acquisition.subview]
    origin, right, down = _standard(heart, spec, acquisition)
    normal = np.cross(right, down)
    right, down, normal = _turn(right, down, normal, acquisition.rotation_deg, about="down")
    right, down, normal = _turn(right, down, normal, spec.tilt_deg + acquisition.tilt_deg, about="right")
    if acquisition.foreshortening_mm:
        length = heart.lv.length_mm
        origin = origin + normal * acquisition.foreshortening_mm
        angle = np.degrees(np.arctan2(acquisition.foreshortening_mm, length * 0.8))
        right, down, normal = _turn(right, down, normal, -angle, about="right")
    right, down, normal = _turn(right, down, normal, acquisition.steer_deg, about="normal")
    origin = origin + right * acquisition.shift_mm[0] + normal * acquisition.shift_mm[1]
    moved = _tremor(acquisition, time_s)
    if spec.window in _PULLED_MM:  # the beating heart moves what is attached to it
        pulled = np.array(_PULLED_MM[spec.window]) * acquisition.jitter_mm / 0.7
        moved[:, :2] += np.outer(heart.contraction, pulled)
    frames = len(time_s)
    origins = origin + moved[:, :1] * right + moved[:, 1:2] * down + moved[:, 2:] * normal
    if acquisition.mirrored:
        right = -right
    return Plane(origins, np.repeat(right[None], frames, 0), np.repeat(down[None], frames, 0), moved[:, :2])


Frame = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _standard(heart: Heart, spec: Subview, acquisition: "Acquisition") -> Frame:
    """Origin, right and down of the standard plane."""
    gap = acquisition.chest_wall_mm
    if spec.window == "apical":
        right = azimuth(spec.azimuth_deg)
        # The probe stands over the apex, a little to the septum's side, so that both ventricles fit the sector.
        aside = -right * 8.0 if {"rv", "ra"} <= spec.shows else right * 0.0
        return TO_APEX * (heart.lv.apex_z + gap) + aside, right, -TO_APEX
    if spec.window in ("long", "short"):
        return _parasternal(heart, spec, acquisition)
    if spec.window == "subcostal":
        septum = float(heart.lv.radius_at(0.2, 210.0)[2])
        distance = septum + 0.9 * heart.state.rv_basal_diameter_mm + heart.rv.wall_mm + gap
        down = ACROSS * np.cos(np.radians(20)) - TO_APEX * np.sin(np.radians(20))
        right = TO_APEX * np.cos(np.radians(20)) + ACROSS * np.sin(np.radians(20))
        return -ACROSS * distance + TO_APEX * (18.0 + 0.36 * gap) + right * 12.0, right, down
    if spec.window == "ivc":
        down = np.cross(np.cross(IVC_DIRECTION, -ACROSS * 0.2 - TO_APEX), IVC_DIRECTION)
        down /= np.linalg.norm(down)
        return heart.ivc.origin[0] + IVC_DIRECTION * 12.0 - down * gap, -IVC_DIRECTION, down
    return np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 1.0, 0])


def _parasternal(heart: Heart, spec: Subview, acquisition: "Acquisition") -> Frame:
    """The probe beside the sternum, in front of the right ventricle."""
    down = -azimuth(spec.azimuth_deg)
    level = spec.level + acquisition.level if spec.window == "short" else 0.22
    z = level * heart.lv.length_mm
    front = float(heart.lv.radius_at(max(level, 0.05), spec.azimuth_deg)[2])
    width = float(heart.rv.width(np.array([[z]]), np.array([[spec.azimuth_deg]])).max())
    before = front + max(width, 0.0) + heart.rv.wall_mm + 7.0 if spec.level >= 0 else 59.0
    origin = -down * (before + acquisition.chest_wall_mm) + TO_APEX * z
    if spec.window == "long":
        return origin, -TO_APEX, down
    right = -np.cross(down, TO_APEX)
    origin = origin - right * 8.0  # the right ventricle belongs into the picture too
    if spec.level < 0:  # base: the cut leans so that right heart, aortic valve and pulmonary artery meet in it
        tilted = right * np.cos(np.radians(14)) - TO_APEX * np.sin(np.radians(14))
        return origin + TO_APEX * 2.0, tilted, down
    return origin, right, down


def _turn(
    right: NDArray[np.float64], down: NDArray[np.float64], normal: NDArray[np.float64], degrees: float, *, about: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The frame turned about one of its own axes."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    if about == "down":
        return right * c + normal * s, down, normal * c - right * s
    if about == "right":
        return right, down * c + normal * s, normal * c - down * s
    return right * c + down * s, down * c - right * s, normal


def _tremor(acquisition: "Acquisition", time_s: NDArray[np.floating]) -> NDArray[np.float64]:
    """(T, 3) mm: the hand and the breath, a function of time alone so that any subset of frames agrees."""
    t = np.asarray(time_s, dtype=np.float64)[:, None]
    phase = acquisition.jitter_mm * 37.0 + np.array([0.0, 1.9, 4.1])
    slow = np.sin(2 * np.pi * t * np.array([0.31, 0.24, 0.19]) + phase)
    fast = np.sin(2 * np.pi * t * np.array([3.1, 4.3, 2.7]) + 2 * phase)
    return np.asarray(acquisition.jitter_mm * (slow * [1.0, 0.8, 0.6] + 0.15 * fast))
