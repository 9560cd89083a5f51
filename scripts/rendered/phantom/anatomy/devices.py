"""Implants: metal as ribbons through the heart, seen only where the slice meets them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.geometry import Plane, azimuth
from scripts.rendered.phantom.anatomy.heart import ACROSS, ANTERIOR, AORTIC_AZIMUTH, TO_APEX, Heart
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.anatomy.valves import Ribbon
from scripts.rendered.phantom.anatomy.views import Subview

_SLICE_MM = 7.0  # elevational width of the beam; leads are bright enough to be seen from further off than tissue


def devices(heart: Heart, plane: Plane, spec: Subview) -> Iterator[Ribbon]:
    """Every implant of the state that can lie in the sub-view's cut."""
    state, shows = heart.state, spec.shows
    if state.pacemaker and "rv" in shows:
        yield _lead(heart, with_atrium="ra" in shows)
    if state.impella and ("lv" in shows or "aorta" in shows):
        yield from _pump(heart, shows)
    if state.mitraclip and "mv" in shows and spec.window != "short":
        yield _clip(heart)
    if state.tavr and "av" in shows:
        yield from _stent(heart, plane, short=spec.window == "short")
    if state.mitral_prosthesis and "mv" in shows:
        yield from _prosthesis(heart, plane)


def _smooth(knots: list[NDArray[np.float64]], count: int) -> NDArray[np.float64]:
    """(T, count, 3) polyline through knots (T, 3) with rounded corners."""
    stacked = np.stack(knots, axis=1)
    where = np.linspace(0, len(knots) - 1, count)
    low = np.clip(where.astype(int), 0, len(knots) - 2)
    t = (where - low)[None, :, None]
    before, after = stacked[:, np.maximum(low - 1, 0)], stacked[:, np.minimum(low + 2, len(knots) - 1)]
    start, end = stacked[:, low], stacked[:, low + 1]
    return np.asarray(
        0.5
        * (
            2 * start
            + (end - before) * t
            + (2 * before - 5 * start + 4 * end - after) * t**2
            + (3 * start - before - 3 * end + after) * t**3
        )
    )


def _lead(heart: Heart, *, with_atrium: bool) -> Ribbon:
    """A pacemaker lead from the upper right atrium through the tricuspid valve to the apex of the right ventricle."""
    tricuspid, ra = heart.tricuspid_centre, heart.ra
    top = ra.centre - TO_APEX * ra.semi_axes[:, 2:] * 0.95 - ACROSS * 6.0
    middle = ra.centre - ACROSS * (0.25 * ra.semi_axes[:, :1]) + TO_APEX * 4.0
    septum = float(heart.lv.radius_at(0.55, 210.0)[2])
    half_way = tricuspid * [[1, 1, 0]] * 0.86 + TO_APEX * (0.42 * heart.lv.length_mm)
    tip = -ACROSS * (septum + 3.0) + ANTERIOR * 1.0 + TO_APEX * (0.70 * heart.lv.length_mm)
    tip = np.repeat(tip[None], len(heart.time_s), 0)
    knots = [top, middle, tricuspid + TO_APEX * 2.0, half_way, tip]
    path = _smooth(knots if with_atrium else knots[2:], 40)
    return Ribbon(Tissue.METAL, path, np.full(40, 1.8), _SLICE_MM + 5.0)


def _pump(heart: Heart, shows: frozenset[str]) -> Iterator[Ribbon]:
    """An Impella: cannula from the root through the aortic valve, inlet and pigtail in the ventricle."""
    aorta, lv = heart.aorta, heart.lv
    side = azimuth(AORTIC_AZIMUTH)
    base = np.repeat(np.zeros((1, 3)), len(heart.time_s), 0) + np.outer(lv.base_z, TO_APEX)
    knots = [
        aorta.origin + aorta.direction * 62.0,
        aorta.origin + aorta.direction * 22.0,
        aorta.origin - aorta.direction * 4.0,
        base * 0.4 + side * 6.0 + TO_APEX * 24.0,
        base * 0.2 + side * 1.0 + TO_APEX * 0.46 * lv.length_mm,
    ]
    path = _smooth(knots if "aorta" in shows else knots[3:], 40)
    across = np.cross(aorta.direction, ANTERIOR)
    for offset in (-2.4, 2.4):  # both walls of a 14 to 21 French cannula
        yield Ribbon(Tissue.METAL, path + across * offset, np.full(40, 1.2), _SLICE_MM + 9.0)
    inlet = path[:, -7:]
    yield Ribbon(Tissue.METAL, inlet, np.full(7, 3.8), _SLICE_MM + 9.0)
    turn = np.linspace(0, 1.6 * np.pi, 14)
    curl = np.stack([np.cos(turn) - 1, np.sin(turn)], -1) * 5.0
    pigtail = path[:, -1:] + curl[None, :, :1] * across + curl[None, :, 1:] * TO_APEX
    yield Ribbon(Tissue.METAL, pigtail, np.full(14, 1.4), _SLICE_MM + 9.0)


def _clip(heart: Heart) -> Ribbon:
    """A MitraClip: a short bright bar that holds both leaflet tips together."""
    across = azimuth(AORTIC_AZIMUTH)
    tips = heart.mitral_centre - across * (0.2 * heart.mitral_radius_mm) + TO_APEX * 5.0
    opening = heart.cycle.inlet_opening(heart.time_s)[:, None]
    bar = np.linspace(-3.0, 8.0, 6)[None, :, None] * TO_APEX
    return Ribbon(Tissue.METAL, tips[:, None] + bar + (TO_APEX * 3.0 * opening)[:, None], np.full(6, 4.6), 16.0)


def _stent(heart: Heart, plane: Plane, *, short: bool) -> Iterator[Ribbon]:
    """A TAVR frame: bright walls inside the root, from below the ring to above the sinuses' middle."""
    aorta = heart.aorta
    radius = float(aorta.radii[0, 1]) + 0.8
    if short:
        centre = aorta.origin + aorta.direction * 6.0
        depth = np.einsum("tk,tk->t", plane.origin - centre, plane.normal) / (plane.normal @ aorta.direction)
        centre = centre + aorta.direction * depth[:, None]
        angles = np.linspace(0, 2 * np.pi, 33)
        e1 = np.cross(aorta.direction, TO_APEX)
        e1 /= np.linalg.norm(e1)
        ring = radius * (np.cos(angles)[:, None] * e1 + np.sin(angles)[:, None] * np.cross(aorta.direction, e1))
        yield Ribbon(Tissue.METAL, centre[:, None] + ring[None], np.full(33, 2.4))
        return
    side = np.cross(aorta.direction, plane.normal)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    off = np.einsum("tk,tk->t", plane.origin - aorta.origin, plane.normal)
    off = np.where(np.abs(off) < 0.9 * radius, off, np.nan)
    middle = aorta.origin + plane.normal * off[:, None]
    half = np.sqrt(radius**2 - off**2)[:, None]
    steps = np.linspace(-5.0, 17.0, 12)
    for sign in (1.0, -1.0):
        path = (middle + side * half * sign)[:, None] + steps[None, :, None] * aorta.direction
        yield Ribbon(Tissue.METAL, path, 2.0 + 0.8 * np.cos(steps * 2.4))
        leaf = _leaf(heart, middle, side * half * sign, aorta.direction)
        yield Ribbon(Tissue.AORTIC_VALVE, leaf, np.full(leaf.shape[1], 1.1))


def _leaf(
    heart: Heart, middle: NDArray[np.float64], out: NDArray[np.float64], direction: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The thin leaflet of a bioprosthesis."""
    opening = heart.cycle.outlet_opening(heart.time_s)[:, None]
    hinge = middle + out * 0.95
    tip = middle + direction * 9.0 + out * 0.82 * opening
    steps = np.linspace(0, 1, 5)[None, :, None]
    return np.asarray(hinge[:, None] + (tip - hinge)[:, None] * steps)


def _prosthesis(heart: Heart, plane: Plane) -> Iterator[Ribbon]:
    """A mitral bioprosthesis: sewing ring and two struts that point into the ventricle, thin leaflets between."""
    right = np.cross(plane.normal, TO_APEX)
    size = np.linalg.norm(right, axis=1, keepdims=True)
    right = np.where(size > 0.5, right / np.maximum(size, 1e-6), np.nan)
    opening = heart.cycle.inlet_opening(heart.time_s)[:, None]
    for sign in (1.0, -1.0):
        foot = heart.mitral_centre + right * (0.78 * heart.mitral_radius_mm * sign)
        strut = foot[:, None] + np.linspace(-2.0, 12.0, 8)[None, :, None] * TO_APEX
        yield Ribbon(Tissue.METAL, strut, np.linspace(4.2, 2.2, 8))
        shut = heart.mitral_centre + TO_APEX * 8.0
        tip = shut + (foot * 0.9 + heart.mitral_centre * 0.1 + TO_APEX * 12.0 - shut) * opening
        leaf = foot[:, None] + (tip - foot)[:, None] * np.linspace(0, 1, 5)[None, :, None]
        yield Ribbon(Tissue.MITRAL_VALVE, leaf, np.full(5, 1.2))
