"""Leaflets and rings as ribbons in the cut: thin and moving, or thick and stiff when diseased."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.geometry import Plane, azimuth
from scripts.rendered.phantom.anatomy.grid import Grid
from scripts.rendered.phantom.anatomy.heart import ACROSS, AORTIC_AZIMUTH, TO_APEX, Heart
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.anatomy.views import Subview
from scripts.rendered.phantom.patient.state import Grade

Path = NDArray[np.float64]  # (T, N, 3) heart mm
_SUBPIXEL_BITS = 4
_CURVE = np.linspace(0.0, 1.0, 9)


@dataclass(frozen=True, eq=False)
class Ribbon:
    """A thin moving thing. path: (T, N, 3) heart mm. thickness_mm: at its N points.

    slice_mm: parts further from the scan plane are not seen; None for what is defined within the plane.
    """

    tissue: Tissue
    path: Path
    thickness_mm: NDArray[np.float64]
    slice_mm: float | None = None
    closed: bool = False


def draw(labels: NDArray[np.uint8], ribbon: Ribbon, plane: Plane, grid: Grid) -> None:
    """Paints a ribbon over a label map (T, fine rows, fine columns)."""
    flat, off = plane.project(ribbon.path)
    drawn = np.isfinite(flat).all(axis=(1, 2))
    if ribbon.slice_mm is None:
        outlines = _outlines(flat, ribbon.thickness_mm, grid)
        for frame in np.flatnonzero(drawn):
            _fill(labels[frame], outlines[frame], int(ribbon.tissue))
        return
    for frame in np.flatnonzero(drawn):
        for run in _runs(np.abs(off[frame]) < ribbon.slice_mm):
            outline = _outlines(flat[frame : frame + 1, run], ribbon.thickness_mm[run], grid)[0]
            _fill(labels[frame], outline, int(ribbon.tissue))


def _runs(seen: NDArray[np.bool_]) -> Iterator[slice]:
    """Slices of at least two neighbouring true entries."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(np.int8), [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start >= 2:
            yield slice(int(start), int(stop))


def _outlines(points: NDArray[np.float64], thickness_mm: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """Both sides of a ribbon in pixels, (T, 2N, 2), of its middle line (T, N, 2) in picture mm."""
    along = np.empty_like(points)
    along[:, 1:-1] = points[:, 2:] - points[:, :-2]
    along[:, 0], along[:, -1] = points[:, 1] - points[:, 0], points[:, -1] - points[:, -2]
    length = np.maximum(np.hypot(along[..., 0], along[..., 1]), 1e-6)
    half = along[..., ::-1] * [-1.0, 1.0] * (thickness_mm / 2 / length)[..., None]
    return grid.to_pixels(np.concatenate([points + half, (points - half)[:, ::-1]], axis=1))


def _fill(label: NDArray[np.uint8], outline: NDArray[np.float64], value: int) -> None:
    limit = 4 * max(label.shape)
    fixed = np.round(np.clip(outline, -limit, limit) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(label, [fixed], value, lineType=cv2.LINE_8, shift=_SUBPIXEL_BITS)


def leaflets(heart: Heart, plane: Plane, spec: Subview) -> Iterator[Ribbon]:
    """All leaflets that the sub-view shows."""
    short = spec.window == "short"
    if "mv" in spec.shows and not heart.state.mitral_prosthesis:
        yield from _mitral_short(heart) if short else _mitral_long(heart, plane, spec)
    if "tv" in spec.shows:
        yield from _tricuspid(heart, plane)
    if "av" in spec.shows and not heart.state.tavr:
        yield from _aortic_short(heart, plane) if short else _aortic_long(heart, plane)
    if "pv" in spec.shows:
        yield from _pulmonic(heart)


def _ring_cuts(centre: NDArray[np.float64], radius: float, plane: Plane) -> tuple[Path, Path] | None:
    """Two (T, 3) points where the plane cuts a ring that is perpendicular to the long axis.

    NaN in frames that miss it; None for short-axis cuts.
    """
    normal = plane.normal
    offset = np.einsum("tk,tk->t", plane.origin - centre, normal)
    across = np.hypot(normal[:, 0], normal[:, 1])
    if across[0] < 0.5:  # a short-axis cut; the plane hardly turns within a clip
        return None
    cosine = offset / (across * radius)
    cosine = np.where(np.abs(cosine) < 0.93, cosine, np.nan)  # frames that miss the ring draw nothing
    middle, half = np.arctan2(normal[:, 1], normal[:, 0]), np.arccos(cosine)
    first, second = (
        centre + radius * np.stack([np.cos(a), np.sin(a), np.zeros_like(a)], -1) for a in (middle + half, middle - half)
    )
    return first, second


def _bezier(start: NDArray[np.float64], control: NDArray[np.float64], end: NDArray[np.float64]) -> Path:
    """(T, N, 3) quadratic curves."""
    t = _CURVE[None, :, None]
    return (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * control[:, None] + t**2 * end[:, None]


def _taper(base_mm: float, tip_mm: float) -> NDArray[np.float64]:
    return np.asarray(base_mm + (tip_mm - base_mm) * _CURVE)


def _mitral_long(heart: Heart, plane: Plane, spec: Subview) -> Iterator[Ribbon]:
    cuts = _ring_cuts(heart.mitral_centre, heart.mitral_radius_mm, plane)
    if cuts is None:
        return
    front = azimuth(AORTIC_AZIMUTH)
    anterior, posterior = sorted(cuts, key=lambda point: -float((point - heart.mitral_centre)[0] @ front))
    if "aorta" in spec.shows:  # the anterior leaflet hangs from the aortic root's back wall
        anterior = anterior - (anterior - posterior) * 0.28
    grade = heart.state.mitral_stenosis
    thick = {0: 1.2, 1: 1.4, 2: 2.4, 3: 3.6, 4: 4.8}[int(grade)]
    opening = heart.cycle.inlet_opening(heart.time_s)[:, None] * _reach(grade)
    span = posterior - anterior
    meet = anterior + span * 0.62 + TO_APEX * (5.0 if not heart.state.mitraclip else 6.5)
    for hinge, inward, length in ((anterior, span, 0.66), (posterior, -span, 0.42)):
        width = np.linalg.norm(span, axis=1, keepdims=True)
        reach = length * width + 2.0
        tip_open = hinge + inward * 0.10 + TO_APEX * reach
        tip = meet + (tip_open - meet) * opening
        # A stenotic leaflet bows into the ventricle while its tip is held: the hockey stick.
        belly = 0.30 if grade >= Grade.MILD else 0.10
        control = 0.5 * (hinge + tip) + TO_APEX * (reach * belly * opening) - inward * 0.06 * opening
        yield Ribbon(Tissue.MITRAL_VALVE, _bezier(hinge, control, tip), _taper(0.8 * thick + 0.3, thick))


def _reach(grade: Grade) -> float:
    """How far a valve opens: its area falls from 4–6 cm² to below 1 cm² (Baumgartner et al. 2009)."""
    return {0: 1.0, 1: 0.95, 2: 0.62, 3: 0.45, 4: 0.30}[int(grade)]


def _mitral_short(heart: Heart) -> Iterator[Ribbon]:
    """The fish mouth: two lips between the commissures."""
    opening = heart.cycle.inlet_opening(heart.time_s) * _reach(heart.state.mitral_stenosis)
    thick = {0: 1.8, 1: 2.0, 2: 3.0, 3: 4.0, 4: 5.0}[int(heart.state.mitral_stenosis)]
    ends, front = azimuth(AORTIC_AZIMUTH - 90.0), azimuth(AORTIC_AZIMUTH)
    half = 0.82 * heart.mitral_radius_mm * (1 - 0.35 * (1 - _reach(heart.state.mitral_stenosis)))
    u = np.linspace(-1, 1, 13)
    centre = heart.mitral_centre + TO_APEX * 12.0
    for side, gap in ((1.0, 0.62), (-1.0, 0.50)):
        lift = (0.9 + gap * heart.mitral_radius_mm * opening)[:, None] * (1 - u**2)
        path = centre[:, None] + u[None, :, None] * half * ends + side * lift[..., None] * front
        yield Ribbon(Tissue.MITRAL_VALVE, path, np.full(13, thick))
    if heart.state.mitraclip:
        yield Ribbon(Tissue.METAL, centre[:, None] + np.linspace(-5, 5, 5)[None, :, None] * front, np.full(5, 4.0))


def _tricuspid(heart: Heart, plane: Plane) -> Iterator[Ribbon]:
    cuts = _ring_cuts(heart.tricuspid_centre, heart.tricuspid_radius_mm, plane)
    if cuts is None:
        return
    grade = heart.state.tricuspid_stenosis
    thick = {0: 1.1, 1: 1.3, 2: 2.8, 3: 4.4, 4: 5.4}[int(grade)]
    opening = heart.cycle.inlet_opening(heart.time_s)[:, None] * _reach(grade)
    first, second = cuts
    first, second = _tilted(heart, first), _tilted(heart, second)
    span = second - first
    meet = first + span * 0.5 + TO_APEX * 4.0
    for hinge, inward in ((first, span), (second, -span)):
        reach = 0.46 * np.linalg.norm(span, axis=1, keepdims=True) + 1.0
        tip = meet + (hinge + inward * 0.1 + TO_APEX * reach - meet) * opening
        belly = 0.30 if grade >= Grade.MILD else 0.08
        control = 0.5 * (hinge + tip) + TO_APEX * (reach * belly * opening)
        yield Ribbon(Tissue.TRICUSPID_VALVE, _bezier(hinge, control, tip), _taper(0.8 * thick + 0.3, thick))


def _tilted(heart: Heart, hinge: NDArray[np.float64]) -> NDArray[np.float64]:
    """A hinge of the tricuspid ring where it really is: septal ones follow half of the free wall's descent."""
    outward = ((heart.tricuspid_centre - hinge) @ ACROSS) / heart.tricuspid_radius_mm
    lag = 0.25 * (1 - np.clip(outward, -1, 1)) * (heart.rv.annulus_z - 5.0)
    return np.asarray(hinge - np.outer(lag, TO_APEX))


def _aortic_look(heart: Heart) -> tuple[float, float, Tissue]:
    """(opening reach, thickness, tissue) of the cusps."""
    reach = {0: 1.0, 1: 0.92, 2: 0.66, 3: 0.45, 4: 0.26}[int(heart.state.aortic_stenosis)]
    stenotic = {0: 1.0, 1: 1.2, 2: 2.4, 3: 3.8, 4: 5.0}[int(heart.state.aortic_stenosis)]
    thick = max(stenotic, {0: 1.0, 1: 1.2, 2: 1.8, 3: 2.4, 4: 3.0}[int(heart.state.aortic_calcification)])
    calcified = heart.state.aortic_calcification >= Grade.MODERATE
    return reach, thick, Tissue.CALCIUM if calcified else Tissue.AORTIC_VALVE


def _aortic_long(heart: Heart, plane: Plane) -> Iterator[Ribbon]:
    """Two cusps within the root, seen from the side; a bicuspid valve domes and shuts off the middle."""
    reach, thick, tissue = _aortic_look(heart)
    axis, origin = heart.aorta.direction, heart.aorta.origin
    side = np.cross(axis, plane.normal)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    off = np.einsum("tk,tk->t", plane.origin - origin, plane.normal)
    ring = float(heart.aorta.radii[0, 1])
    off = np.where(np.abs(off) < 0.8 * ring, off, np.nan)  # frames that miss the valve draw nothing
    middle = origin + plane.normal * off[:, None]
    half = np.sqrt(ring**2 - off**2)[:, None]
    opening = heart.cycle.outlet_opening(heart.time_s)[:, None] * reach
    bicuspid = heart.state.bicuspid_aortic_valve
    centre = 0.30 if bicuspid else 0.0
    rise = 12.0 if bicuspid else 9.5
    for sign in (1.0, -1.0):
        hinge = middle + side * half * sign
        shut = middle + side * half * centre + axis * rise * 0.72
        opened = middle + side * half * sign * (0.45 if bicuspid else 0.90) + axis * (rise + 2.0)
        tip = shut + (opened - shut) * opening
        control = 0.5 * (hinge + tip) + side * half * sign * (0.22 - 0.1 * opening) - axis * 1.5 * (1 - opening)
        yield Ribbon(tissue, _bezier(hinge, control, tip), _taper(0.7 * thick + 0.3, thick))


def _aortic_short(heart: Heart, plane: Plane) -> Iterator[Ribbon]:
    """Commissures from the front: a star of three lines, or one line; the orifice opens between them."""
    reach, thick, tissue = _aortic_look(heart)
    axis = heart.aorta.direction
    centre = heart.aorta.origin + axis * 9.0
    depth = np.einsum("tk,tk->t", plane.origin - centre, plane.normal) / (plane.normal @ axis)
    centre = centre + axis * depth[:, None]
    radius = 0.47 * heart.state.aortic_root_diameter_mm
    e1 = np.cross(axis, TO_APEX)
    e1 /= np.linalg.norm(e1)
    e2 = np.cross(axis, e1)
    opening = heart.cycle.outlet_opening(heart.time_s) * reach
    bicuspid = heart.state.bicuspid_aortic_valve
    commissures = np.radians([20.0, 200.0] if bicuspid else [30.0, 150.0, 270.0])
    spread = np.pi / len(commissures)
    for commissure in commissures:
        middle = commissure + spread
        for sign in (-1.0, 1.0):  # each cusp's free edge: from commissure to the middle of the closure
            start, end = commissure if sign < 0 else commissure + 2 * spread, middle
            turn = start + (end - start) * _CURVE
            shut = (
                radius * (0.94 - 0.94 * _CURVE) if not bicuspid else radius * 0.94 * np.abs(np.cos(_CURVE * np.pi / 2))
            )
            wide = np.full_like(_CURVE, radius * 0.86) * (
                1 - 0.16 * np.sin(_CURVE * np.pi / 2) * (2 if bicuspid else 1)
            )
            shut_angle = np.full_like(turn, start) if not bicuspid else np.where(_CURVE < 1, start, middle)
            x = _mix(shut * np.cos(shut_angle), wide * np.cos(turn), opening)
            y = _mix(shut * np.sin(shut_angle), wide * np.sin(turn), opening)
            path = centre[:, None] + x[..., None] * e1 + y[..., None] * e2
            yield Ribbon(tissue, path, np.full(len(_CURVE), thick))


def _mix(shut: NDArray[np.float64], wide: NDArray[np.float64], opening: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(shut + (wide - shut) * opening[:, None])


def _pulmonic(heart: Heart) -> Iterator[Ribbon]:
    artery = heart.pulmonary_artery
    ring = float(artery.radii[0, 0])
    side = np.cross(artery.direction, TO_APEX)
    side /= np.linalg.norm(side)
    opening = heart.cycle.outlet_opening(heart.time_s)[:, None]
    for sign in (1.0, -1.0):
        hinge = artery.origin + side * ring * sign
        shut = artery.origin + artery.direction * 6.0
        tip = shut + (hinge + artery.direction * 11.0 - shut) * opening * 0.9
        yield Ribbon(Tissue.PULMONIC_VALVE, _bezier(hinge, 0.5 * (hinge + tip), tip), _taper(1.2, 1.2))


def rings(heart: Heart, plane: Plane, spec: Subview) -> Iterator[Ribbon]:
    """Fibrous hinges of the inlet valves, and calcium of the mitral annulus at its posterior side."""
    front = azimuth(AORTIC_AZIMUTH)
    if "mv" in spec.shows:
        cuts = _ring_cuts(heart.mitral_centre, heart.mitral_radius_mm + 2.0, plane)
        for cut in cuts or ():
            posterior = float((cut - heart.mitral_centre)[0] @ front) < 0.25 * heart.mitral_radius_mm
            yield _blob(Tissue.FIBROUS, cut, 4.5, 3.5, plane)
            if posterior and heart.state.mitral_annular_calcification >= Grade.TRACE:
                size = {1: 3.0, 2: 6.0, 3: 8.5, 4: 11.0}[int(heart.state.mitral_annular_calcification)]
                yield _blob(Tissue.CALCIUM, cut + TO_APEX * 1.0, size, 0.8 * size, plane)
        if cuts is None and heart.state.mitral_annular_calcification >= Grade.TRACE:
            yield _calcified_arc(heart)
    if "tv" in spec.shows:
        for cut in _ring_cuts(heart.tricuspid_centre, heart.tricuspid_radius_mm + 2.0, plane) or ():
            yield _blob(Tissue.FIBROUS, _tilted(heart, cut), 4.0, 3.5, plane)


def _calcified_arc(heart: Heart) -> Ribbon:
    size = {1: 2.0, 2: 4.0, 3: 6.0, 4: 8.0}[int(heart.state.mitral_annular_calcification)]
    angles = np.radians(np.linspace(AORTIC_AZIMUTH + 120, AORTIC_AZIMUTH + 240, 13))
    ring = np.stack([np.cos(angles), np.sin(angles), 0 * angles], -1) * heart.mitral_radius_mm
    return Ribbon(Tissue.CALCIUM, heart.mitral_centre[:, None] + ring + TO_APEX * 4.0, np.full(13, size), 16.0)


def _blob(tissue: Tissue, centre: NDArray[np.float64], long_mm: float, wide_mm: float, plane: Plane) -> Ribbon:
    """A short thick ribbon along the picture's right."""
    steps = np.linspace(-0.5, 0.5, 5) * long_mm
    path = centre[:, None] + steps[None, :, None] * plane.right[:, None]
    return Ribbon(tissue, path, wide_mm * np.sqrt(np.clip(1 - (steps / (0.55 * long_mm)) ** 2, 0.05, 1)))
