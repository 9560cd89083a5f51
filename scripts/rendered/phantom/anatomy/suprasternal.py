"""The suprasternal cut: the aortic arch over the right pulmonary artery. It shows nothing of the chambers."""

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.anatomy.geometry import Field, per_frame
from scripts.rendered.phantom.anatomy.grid import paint
from scripts.rendered.phantom.anatomy.scene import Scene
from scripts.rendered.phantom.anatomy.tissues import Tissue


def paint_arch(labels: NDArray[np.uint8], scene: Scene) -> None:
    """Paints the arch, its branches and the right pulmonary artery over a label map."""
    heart = scene.heart
    size = np.sqrt(heart.state.body_surface_area_m2 / 1.9)
    # Points of this window lie in its own plane: x to the right, y down from the probe, z off the plane.
    x, y, off = scene.points.x, scene.points.y, scene.points.z
    pulse = per_frame(1.0 + 0.10 * heart.cycle.outflow(heart.time_s))
    bend, wide = np.float32(26.0 * size), np.float32(11.5 * size) * pulse
    top = np.float32(scene.chest_wall_mm + 18.0)
    cx, cy = x - 4.0, y - (top + wide.mean() + bend)
    arch = np.hypot(np.hypot(cx, np.minimum(cy, 0)) - bend, off) - wide
    legs = np.hypot(np.abs(cx) - bend - 0.06 * np.maximum(cy, 0), off) - wide * (1 - 0.12 * (cx > 0))
    vessel = np.where(cy < 0, arch, np.maximum(legs, np.where(cx < 0, cy - 62.0, cy - 110.0)))
    for across, lean in ((-13.0, -0.25), (0.0, 0.02), (13.0, 0.3)):  # brachiocephalic, carotid, subclavian
        branch = np.hypot(cx - across - lean * (-cy - bend), off) - 3.8
        vessel = np.minimum(vessel, np.maximum(branch, np.maximum(cy + bend, -cy - bend - 42.0)))
    artery = np.hypot((cx + 3.0) / 1.25, cy - 2.0) - np.float32(9.5 * size) * (0.6 + 0.4 * pulse)
    skin = np.hypot(scene.lateral, scene.depth) - np.float32(0.7 * scene.chest_wall_mm)
    lung = np.maximum(np.float32(52.0) - np.abs(cx), 25.0 - y)
    layers: tuple[tuple[Tissue, Field], ...] = (
        (Tissue.LUNG, lung),
        (Tissue.AORTIC_WALL, vessel - 1.8),
        (Tissue.PULMONARY_ARTERY_WALL, artery - 1.5),
        (Tissue.PULMONARY_ARTERY_LUMEN, artery),
        (Tissue.AORTIC_LUMEN, vessel),
        (Tissue.CHEST_WALL, np.repeat(skin[None], len(labels), 0)),
    )
    for tissue, field in layers:
        paint(labels, np.ascontiguousarray(np.broadcast_to(field, x.shape), dtype=np.float32), tissue)
