"""The anatomy in the cut: chambers, vessels and their walls, painted from back to front as label maps."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.geometry import Field, Plane, Points, per_frame
from scripts.rendered.phantom.anatomy.grid import Grid, paint
from scripts.rendered.phantom.anatomy.heart import Heart
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.anatomy.ventricles import VentricleFields, ventricle_fields
from scripts.rendered.phantom.anatomy.views import SUBVIEWS, Subview

Layer = tuple[Tissue, Field]
_AWAY = np.float32(1e3)


@dataclass(frozen=True, eq=False)
class Scene:
    """One cut through a heart on one grid. `heart_edge` is the distance to the epicardium."""

    heart: Heart
    plane: Plane
    spec: Subview
    points: Points
    lateral: Field
    depth: Field
    ventricles: VentricleFields
    heart_edge: Field
    chest_wall_mm: float

    @classmethod
    def of(cls, heart: Heart, plane: Plane, subview: str, grid: Grid, chest_wall_mm: float) -> "Scene":
        """The scene of a heart in a sub-view's plane, evaluated on the grid's coarse points."""
        lateral, depth = grid.coarse()
        points = plane.points(lateral, depth)
        spec = SUBVIEWS[subview]
        ventricles = ventricle_fields(heart.lv, heart.rv, points)
        edge = ventricles.lv_wall
        if "rv" in spec.shows:
            edge = np.minimum(edge, ventricles.rv_wall)
        if not {"lv", "rv"} & spec.shows:
            edge = np.full_like(edge, _AWAY)
        return cls(heart, plane, spec, points, lateral, depth, ventricles, edge, chest_wall_mm)

    def paint(self, labels: NDArray[np.uint8]) -> None:
        """Paints all layers over a label map (T, fine rows, fine columns)."""
        for tissue, field in self.layers():
            paint(labels, field, tissue)

    def layers(self) -> Iterator[Layer]:
        """(tissue, distance) from back to front."""
        shows = self.spec.shows
        yield from self._surroundings()
        if "pericardium" in shows:
            yield from self._pericardium()
        if "descending" in shows:
            yield Tissue.AORTIC_WALL, self.heart.descending_aorta.distance(self.points) - 2.0
            yield Tissue.AORTIC_LUMEN, self.heart.descending_aorta.distance(self.points)
        if "pa" in shows:
            yield from self._pulmonary_artery()
        if "rv" in shows:
            yield from self._right_ventricle()
        if "ra" in shows or "la" in shows:
            yield from self._atria()
        if "ivc" in shows:
            yield Tissue.IVC_WALL, self.heart.ivc.distance(self.points) - 1.6
            yield Tissue.IVC_LUMEN, self.heart.ivc.distance(self.points)
            yield Tissue.RA_CAVITY, self.heart.ra.distance(self.points)
        if "lv" in shows:
            yield Tissue.LV_WALL, self.ventricles.lv_wall
            yield Tissue.LV_CAVITY, self.ventricles.lv_cavity
            yield from self._papillary_muscles()
        if "aorta" in shows:
            yield from self._aorta()

    def _surroundings(self) -> Iterator[Layer]:
        """Lung beside the heart, liver in front of it, the chest wall next to the probe."""
        window = self.spec.window
        frames = len(self.heart.time_s)
        if window in ("apical", "long", "short"):
            beside = np.float32(9.0) - self.heart_edge + np.abs(self.points.z - 40.0) * 0.15
            if window == "apical":
                yield Tissue.LUNG, np.maximum(beside, 30.0 - self.points.z)
            else:
                yield Tissue.LUNG, np.maximum(beside + 14.0, 0.35 * self.depth - 8.0 + 0 * self.points.z)
        if "liver" in self.spec.shows:
            surface = self.depth - (self.chest_wall_mm * 1.02 + 0.18 * self.lateral)
            if window == "ivc":
                surface = self.depth - (self.chest_wall_mm * 1.35 - 0.25 * self.lateral)
            yield Tissue.LIVER, np.repeat(surface[None], frames, axis=0)
            for vessel in self._liver_vessels():
                yield Tissue.LIVER_VESSEL, np.repeat(np.maximum(vessel, surface)[None], frames, axis=0)
        thickness = 9.0 if "liver" in self.spec.shows else 0.62 * self.chest_wall_mm
        skin = np.hypot(self.lateral, self.depth) - np.float32(thickness)
        yield Tissue.CHEST_WALL, np.repeat(skin[None], frames, axis=0)

    def _liver_vessels(self) -> Iterator[Field]:
        """Cuts of hepatic and portal veins, at places that do not depend on the heart."""
        gap = self.chest_wall_mm
        for across, along, size, lean in ((-0.55, 0.55, 3.2, 0.4), (0.25, 0.48, 2.4, -0.5), (-0.1, 0.78, 2.8, 0.9)):
            x, y = self.lateral - across * gap, self.depth - along * gap
            stretched = np.hypot(x * 0.35 + y * lean * 0.35, y - x * lean * 0.2)
            yield (stretched - size).astype(np.float32)

    def _pericardium(self) -> Iterator[Layer]:
        """The sac: fluid where there is an effusion, then its bright parietal layer."""
        width = self.effusion_width()
        line = self.heart_edge - width - np.float32(1.8)
        below = np.float32(-4.0) - self.points.z
        yield Tissue.PERICARDIUM, np.maximum(line, below)
        if self.heart.state.pericardial_effusion_mm > 0.5:
            yield Tissue.EFFUSION, np.maximum(self.heart_edge - width, below - 2.0)

    def effusion_width(self) -> Field:
        """Width of the echo-free space: behind the heart first, all round when large (Adler et al. 2015)."""
        width = np.float32(self.heart.state.pericardial_effusion_mm)
        posterior = (self.points.y * -0.75 + self.points.x * 0.35) / np.maximum(self.ventricles.radius, 1.0)
        dependent = np.clip(0.5 + 0.75 * posterior, 0.0, 1.0)
        around = np.clip((width - 6.0) / 14.0, 0.0, 0.85)
        reach = np.clip((self.points.z + 6.0) / 14.0, 0.0, 1.0)
        return np.asarray(width * (around + (1 - around) * dependent) * reach, dtype=np.float32)

    def _pulmonary_artery(self) -> Iterator[Layer]:
        trunk = self.heart.pulmonary_artery.distance(self.points)
        branch = self.heart.left_pulmonary_artery.distance(self.points)
        both = np.minimum(trunk, branch)
        yield Tissue.PULMONARY_ARTERY_WALL, both - 1.8
        yield Tissue.PULMONARY_ARTERY_LUMEN, both

    def _right_ventricle(self) -> Iterator[Layer]:
        wall, cavity = self.ventricles.rv_wall, self.ventricles.rv_cavity
        if "outflow" in self.spec.shows:
            outflow = self.heart.outflow_tract.distance(self.points)
            wall, cavity = np.minimum(wall, outflow - self.heart.rv.wall_mm), np.minimum(cavity, outflow)
        yield Tissue.RV_WALL, wall
        yield Tissue.RV_CAVITY, cavity

    def _atria(self) -> Iterator[Layer]:
        """Back to front: right atrium, left atrium's wall and septum, left atrium and its veins."""
        shows = self.spec.shows
        la = self._left_atrial_surface() if "la" in shows else None
        below_mitral = self.points.z - per_frame(self.heart.lv.base_z)
        ra = self.heart.ra.distance(self.points)
        if "ra" in shows:
            below_tricuspid = self.points.z - self.ventricles.tricuspid_z
            if la is not None:  # the crux: fibrous tissue between both atria and the septum of the ventricles
                crux = np.maximum(np.maximum(ra - 7.0, la - 7.0), below_mitral - 9.0)
                yield Tissue.FIBROUS, np.maximum(crux, -7.0 - below_mitral)
            yield Tissue.RA_WALL, np.maximum(ra - 2.5, below_tricuspid - 1.0)
            yield Tissue.RA_CAVITY, np.maximum(ra, below_tricuspid)
        if la is None:
            return
        veins = [vein.distance(self.points) for vein in self.heart.pulmonary_veins] if "veins" in shows else []
        for vein in veins:
            yield Tissue.LA_WALL, vein - 1.5
        yield Tissue.LA_WALL, np.maximum(la - 2.3, below_mitral - 1.0)
        if "ra" in shows:
            yield Tissue.ATRIAL_SEPTUM, self._atrial_septum(la, ra, below_mitral)
        for vein in veins:
            yield Tissue.PULMONARY_VEIN, vein
        yield Tissue.LA_CAVITY, np.maximum(la, below_mitral)

    def _left_atrial_surface(self) -> Field:
        """Distance to the left atrium, whose septal side leans to the right atrium by the state's bow."""
        across, front, long = self.heart.la.local(self.points)
        la = self.heart.la.distance(self.points)
        septal = np.exp(-(front * front + long * long) / np.float32(16.0**2)) * (across < 0)
        return np.asarray(la - np.float32(self.heart.septal_bow_mm) * septal, dtype=np.float32)

    def _atrial_septum(self, la: Field, ra: Field, below_mitral: Field) -> Field:
        """A shell of the left atrium on its right side; fat spares the fossa ovalis (Heyer et al. 2003)."""
        across, front, long = self.heart.la.local(self.points)
        thick = np.float32(self.heart.state.atrial_septum_thickness_mm)
        fossa = np.exp(-((long + 2.0) ** 2 + front * front) / np.float32(6.0**2))
        thickness = thick - np.maximum(thick - 4.0, 0.0) * 0.85 * fossa
        facing = across + np.float32(0.25) * np.abs(long) + 4.0  # negative on the side of the right atrium
        return np.asarray(np.maximum.reduce([la - thickness, facing, ra - 3.0, below_mitral - 2.0]))

    def _papillary_muscles(self) -> Iterator[Layer]:
        lv, x, y, z = self.heart.lv, self.points.x, self.points.y, self.points.z
        moved = lv.contraction
        middle = np.float32(0.62) * (lv.length_mm - lv.base_z) + lv.base_z
        for degrees in (8.0, 248.0):
            radii = lv.radius_at(0.55, degrees)
            endo = radii[0] + moved * (radii[1] - radii[0])
            out = per_frame(endo * np.float32(0.80))
            c, s = np.float32(np.cos(np.radians(degrees))), np.float32(np.sin(np.radians(degrees)))
            across = (-s * x + c * y) / np.float32(5.0)
            radial = (c * x + s * y - out) / np.float32(5.5)
            along = (z - per_frame(middle)) / np.float32(14.0)
            muscle = (np.sqrt(across * across + radial * radial + along * along) - 1) * np.float32(5.0)
            yield Tissue.PAPILLARY_MUSCLE, np.maximum(muscle, self.ventricles.lv_cavity)

    def _aorta(self) -> Iterator[Layer]:
        aorta = self.heart.aorta.distance(self.points)
        outside = per_frame(self.heart.lv.base_z) * 0.7 + 1.0
        above_base = self.points.z - outside
        yield Tissue.AORTIC_WALL, np.maximum(aorta - 2.2, above_base)
        yield Tissue.AORTIC_LUMEN, aorta
