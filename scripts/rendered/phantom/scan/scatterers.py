"""Where tissue was at end-diastole: scatterers move with it, so that speckle belongs to the tissue."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.geometry import Field, per_frame
from scripts.rendered.phantom.anatomy.scene import Scene

TEXTURE_MM = 0.5  # one texel
_TEXTURE_SIZE = 512  # texels: 256 mm, more than any sector shows


@dataclass(frozen=True, eq=False)
class Displacement:
    """How far tissue at a picture point has moved since end-diastole, (T, rows, columns) mm on the coarse grid."""

    lateral: Field
    depth: Field


def displacement(scene: Scene) -> Displacement:
    """The displacement within the picture, from the walls' own coordinates (level, azimuth, share of the wall)."""
    lv, rv = scene.heart.lv, scene.heart.rv
    v, points = scene.ventricles, scene.points
    moved = per_frame(lv.contraction)
    endo0, epi0 = v.radii[..., 0], v.radii[..., 2]
    endo = endo0 + moved * (v.radii[..., 1] - endo0)
    epi = epi0 + moved * (v.radii[..., 3] - epi0)
    share = (v.radius - endo) / np.maximum(epi - endo, np.float32(2.0))
    within = np.clip(share, np.float32(-0.5), np.float32(1.0))
    outward = (endo - endo0) + within * ((epi - epi0) - (endo - endo0))
    outside = v.radius - epi
    if "rv" in scene.spec.shows:  # the free wall moves on its own; the blood between shares both motions
        width = np.maximum(v.rv_width, 0)
        free = (epi - epi0) - width * (1 / np.maximum(per_frame(rv.narrowing), 0.3) - 1)
        between = np.clip(outside / np.maximum(width, 1.0), 0, 1) * (width > 1.0)
        outward = outward + between * (free - outward)
        outside = outside - width
    fade = np.exp(np.minimum(np.float32(0), -outside) / np.float32(16.0))
    # Along the axis the base moves and the apex rests; the right ventricle follows its own annulus.
    level = np.clip(v.level, np.float32(-0.6), np.float32(1.0))
    along = per_frame(lv.base_z) * (1 - np.abs(level))
    if "rv" in scene.spec.shows:
        right = np.clip(outside / np.float32(10.0), 0, 1) * (v.rv_width > 0)
        along = along + right * (per_frame(rv.annulus_z - 5.0) * (1 - np.abs(level)) - along)
    radius = np.maximum(v.radius, np.float32(3.0))
    dx, dy = outward * fade * points.x / radius, outward * fade * points.y / radius
    dz = along * fade
    if not {"lv", "rv"} & scene.spec.shows:
        dx, dy, dz = dx * 0, dy * 0, dz * 0
    right_of, down_of = scene.plane.right.astype(np.float32), scene.plane.down.astype(np.float32)
    drift = scene.plane.drift if scene.plane.drift is not None else np.zeros((len(dx), 2))
    lateral = dx * per_frame(right_of[:, 0]) + dy * per_frame(right_of[:, 1]) + dz * per_frame(right_of[:, 2])
    depth = dx * per_frame(down_of[:, 0]) + dy * per_frame(down_of[:, 1]) + dz * per_frame(down_of[:, 2])
    return Displacement(lateral - per_frame(drift[:, 0]), depth - per_frame(drift[:, 1]))


def scatterer_texture(rng: np.random.Generator) -> NDArray[np.float32]:
    """float32 (512, 512, 2) complex scatterers of a cut in its own, resting coordinates; unit power per texel."""
    white = rng.standard_normal((_TEXTURE_SIZE, _TEXTURE_SIZE, 2), dtype=np.float32)
    # Just enough blur that a shift by half a texel changes the echo only a little.
    soft = cv2.GaussianBlur(white, (3, 3), 0.6, borderType=cv2.BORDER_REFLECT)
    return np.asarray(soft * np.float32(1.0 / _blur_power()))


def _blur_power() -> float:
    kernel = cv2.getGaussianKernel(3, 0.6, cv2.CV_64F)
    return float((kernel**2).sum())


def sample_texture(
    texture: NDArray[np.float32], lateral: Field, depth: Field, *, drift_mm: tuple[float, float] = (0.0, 0.0)
) -> NDArray[np.float32]:
    """(rows, columns, 2) scatterers at resting positions (mm)."""
    columns = (lateral + np.float32(128.0 + drift_mm[0])) * np.float32(1 / TEXTURE_MM)
    rows = (depth + np.float32(20.0 + drift_mm[1])) * np.float32(1 / TEXTURE_MM)
    return np.asarray(cv2.remap(texture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
