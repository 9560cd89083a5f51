"""What the cuts of the rendered heart hold: for each standard picture, in how many clips a section's structure is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scripts.rendered.phantom.anatomy.grid import BeamGrid
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.anatomy.views import SUBVIEWS
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.render import paint_labels, scene_of
from scripts.rendered.phantom.scan.study import planned_clip

# What a section of the default's report is about: structures by the names of `Subview.shows`, with the tissues by which
# one is seen. Aortic sentences speak of the root, which the arch does not show; pressures are read off the jet at the
# tricuspid valve, filling off the left atrium. Prostheses and calcified leaflets are little but metal and calcium.
_REPLACED = (Tissue.METAL, Tissue.CALCIUM)
_TRICUSPID = ("tv", (Tissue.TRICUSPID_VALVE,))
_RIGHT_VENTRICLE = ("rv", (Tissue.RV_CAVITY,))
_LEFT_ATRIUM = ("la", (Tissue.LA_CAVITY,))
STRUCTURES: Mapping[str, tuple[tuple[str, tuple[Tissue, ...]], ...]] = {
    "Left Ventricle": (("lv", (Tissue.LV_CAVITY,)),),
    "Resting Segmental Wall Motion Analysis": (("lv", (Tissue.LV_WALL,)),),
    "Right Ventricle": (_RIGHT_VENTRICLE,),
    "Left Atrium": (_LEFT_ATRIUM,),
    "Right Atrium": (("ra", (Tissue.RA_CAVITY,)),),
    "Atrial Septum": (("ra", (Tissue.ATRIAL_SEPTUM,)),),
    "Mitral Valve": (("mv", (Tissue.MITRAL_VALVE, *_REPLACED)),),
    "Aortic Valve": (("av", (Tissue.AORTIC_VALVE, *_REPLACED)),),
    "Tricuspid Valve": (_TRICUSPID,),
    "Pulmonic Valve": (("pv", (Tissue.PULMONIC_VALVE,)),),
    "Pericardium": (("pericardium", (Tissue.PERICARDIUM,)),),
    "Aorta": (("aorta", (Tissue.AORTIC_LUMEN,)),),
    "IVC": (("ivc", (Tissue.IVC_LUMEN,)),),
    "Pulmonary Artery": (("pa", (Tissue.PULMONARY_ARTERY_LUMEN,)), _TRICUSPID, _RIGHT_VENTRICLE),
    "Pulmonary Veins": (("veins", (Tissue.PULMONARY_VEIN,)), _LEFT_ATRIUM),
}
_FEWEST_CELLS = 8  # of 32,768 along the beams, in one frame: a leaflet across a beam or two
_PER_BEAT = 6  # frames of a clip that are looked at: valves and atria leave the plane in some


@dataclass(frozen=True)
class Held:
    """In how many of so many clips of a standard picture each section's structure is. held: section → clips."""

    clips: int
    held: Mapping[str, int]


def structures_held(subview: str, seed: int, clips: int) -> Held:
    """What drawn clips of one standard picture hold, each of another patient."""
    counts = dict.fromkeys(STRUCTURES, 0)
    for study in range(clips):
        for section in _sections_in(subview, seed, study):
            counts[section] += 1
    return Held(clips, counts)


def _sections_in(subview: str, seed: int, study: int) -> list[str]:
    """The sections of which one clip's cut holds the structure in some frame, or its colour box the valve."""
    spec = SUBVIEWS[subview]
    acquisition = planned_clip(seed, study, 0, spec.view, subview=subview).acquisition
    grid = BeamGrid(acquisition.depth_mm, float(np.radians(acquisition.half_angle_deg)))
    frames = np.linspace(0, acquisition.frame_rate_hz, _PER_BEAT, endpoint=False).astype(int)  # about one second
    labels = paint_labels(scene_of(state_of(seed, study, "clinical"), acquisition, frames, grid)[0], grid)
    cells = np.stack([np.bincount(frame.ravel(), minlength=len(Tissue)) for frame in labels]).max(axis=0)

    def is_seen(structure: str, tissues: tuple[Tissue, ...]) -> bool:
        drawn = structure in spec.shows and cells[list(tissues)].max() >= _FEWEST_CELLS
        return bool(drawn or structure in spec.colour)

    return [section for section, parts in STRUCTURES.items() if any(is_seen(*part) for part in parts)]
