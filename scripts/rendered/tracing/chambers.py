"""The exact outline of every chamber in a cut: what the tracer is taught, straight from the heart's geometry."""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.tracing.chambers import CHAMBERS
from scripts.rendered.phantom.anatomy.grid import REFINEMENT, paint
from scripts.rendered.phantom.anatomy.scene import Scene
from scripts.rendered.phantom.anatomy.tissues import Tissue

# Papillary muscles and leaflets count as cavity (Lang et al. 2015, section 2.1.2), so they are not among the layers;
# pulmonary veins are left out of the atrium (section 4.2).
_CHAMBER_OF_TISSUE = {
    Tissue.LV_CAVITY: "lv",
    Tissue.LV_WALL: "myocardium",
    Tissue.LA_CAVITY: "la",
    Tissue.RV_CAVITY: "rv",
    Tissue.RA_CAVITY: "ra",
}


def chamber_labels(scene: Scene) -> NDArray[np.uint8]:
    """uint8 (T, fine rows, fine columns): 0, or 1 + the chamber's place in `CHAMBERS`."""
    rows, columns = scene.lateral.shape
    frames = len(scene.heart.time_s)
    tissues = np.zeros((frames, rows * REFINEMENT, columns * REFINEMENT), np.uint8)
    for tissue, field in scene.layers():
        if tissue != Tissue.PAPILLARY_MUSCLE:
            paint(tissues, field, tissue)
    return np.asarray(cv2.LUT(tissues.reshape(frames, -1), _table()).reshape(tissues.shape))


def _table() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    for tissue, chamber in _CHAMBER_OF_TISSUE.items():
        table[tissue] = 1 + CHAMBERS.index(chamber)
    return table
