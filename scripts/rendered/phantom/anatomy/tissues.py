"""The tissues that a picture point may be made of, and how they reflect ultrasound."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Tissue(IntEnum):
    """Values of a label map. Later values are painted over earlier ones only where the scene says so."""

    OUTSIDE = 0  # not in the sector
    SURROUNDINGS = 1  # mediastinum, fat
    LUNG = 2
    CHEST_WALL = 3
    LIVER = 4
    LIVER_VESSEL = 5
    PERICARDIUM = 6
    EFFUSION = 7
    RV_WALL = 8
    RV_CAVITY = 9
    RA_WALL = 10
    RA_CAVITY = 11
    LA_WALL = 12
    ATRIAL_SEPTUM = 13
    LA_CAVITY = 14
    PULMONARY_VEIN = 15
    LV_WALL = 16
    LV_CAVITY = 17
    PAPILLARY_MUSCLE = 18
    AORTIC_WALL = 19
    AORTIC_LUMEN = 20
    PULMONARY_ARTERY_WALL = 21
    PULMONARY_ARTERY_LUMEN = 22
    IVC_WALL = 23
    IVC_LUMEN = 24
    MITRAL_VALVE = 25
    AORTIC_VALVE = 26
    TRICUSPID_VALVE = 27
    PULMONIC_VALVE = 28
    CALCIUM = 29
    METAL = 30
    FIBROUS = 31  # annuli, crux


@dataclass(frozen=True)
class Acoustics:
    """How a tissue reflects ultrasound.

    backscatter_db: relative to myocardium. extra_attenuation_db_mm: one way, beyond soft tissue's mean.
    anisotropy_db: what it loses where its layers run along the beam. patchiness: slow variation of brightness, dB.
    """

    backscatter_db: float
    extra_attenuation_db_mm: float
    impedance: float
    anisotropy_db: float = 0.0
    patchiness: float = 2.2  # dB, slow variation of brightness


# Order of magnitude after Szabo, Diagnostic Ultrasound Imaging (2nd ed. 2014), appendix B and chapter 8: blood 25–35 dB
# below muscle, fibrous tissue and pericardium 6–15 dB above; calcium and metal reflect most of what reaches them.
_BLOOD = Acoustics(-36.0, -0.01, 1.00)
ACOUSTICS: dict[Tissue, Acoustics] = {
    Tissue.OUTSIDE: Acoustics(-80.0, 0.0, 1.02),
    Tissue.SURROUNDINGS: Acoustics(-11.0, 0.03, 1.03, 0.0, 6.0),
    Tissue.LUNG: Acoustics(-15.0, 0.10, 1.03, 0.0, 5.0),
    Tissue.CHEST_WALL: Acoustics(3.0, 0.0, 1.04),
    Tissue.LIVER: Acoustics(-5.0, 0.0, 1.04, 0.0, 3.0),
    Tissue.LIVER_VESSEL: _BLOOD,
    Tissue.PERICARDIUM: Acoustics(15.0, 0.05, 1.18, 26.0),
    Tissue.EFFUSION: Acoustics(-44.0, -0.01, 0.995, 0.0),
    Tissue.RV_WALL: Acoustics(1.0, 0.0, 1.05, 12.0, 3.5),
    Tissue.RV_CAVITY: _BLOOD,
    Tissue.RA_WALL: Acoustics(2.0, 0.0, 1.05, 15.0, 4.0),
    Tissue.RA_CAVITY: _BLOOD,
    Tissue.LA_WALL: Acoustics(3.0, 0.0, 1.06, 15.0, 4.0),
    Tissue.ATRIAL_SEPTUM: Acoustics(4.0, 0.0, 1.06, 7.0),
    Tissue.LA_CAVITY: _BLOOD,
    Tissue.PULMONARY_VEIN: _BLOOD,
    Tissue.LV_WALL: Acoustics(0.0, 0.0, 1.05, 11.0, 4.0),
    Tissue.LV_CAVITY: _BLOOD,
    Tissue.PAPILLARY_MUSCLE: Acoustics(2.0, 0.0, 1.06),
    Tissue.AORTIC_WALL: Acoustics(6.0, 0.0, 1.09),
    Tissue.AORTIC_LUMEN: _BLOOD,
    Tissue.PULMONARY_ARTERY_WALL: Acoustics(5.0, 0.0, 1.08),
    Tissue.PULMONARY_ARTERY_LUMEN: _BLOOD,
    Tissue.IVC_WALL: Acoustics(5.0, 0.0, 1.08),
    Tissue.IVC_LUMEN: _BLOOD,
    Tissue.MITRAL_VALVE: Acoustics(5.5, 0.0, 1.07),
    Tissue.AORTIC_VALVE: Acoustics(6.5, 0.0, 1.07),
    Tissue.TRICUSPID_VALVE: Acoustics(4.5, 0.0, 1.06),
    Tissue.PULMONIC_VALVE: Acoustics(4.5, 0.0, 1.06),
    Tissue.CALCIUM: Acoustics(19.0, 1.1, 1.25),
    Tissue.METAL: Acoustics(16.0, 0.8, 1.3),
    Tissue.FIBROUS: Acoustics(7.0, 0.0, 1.07),
}

BLOOD = tuple(tissue for tissue, acoustics in ACOUSTICS.items() if acoustics is _BLOOD)


def table(attribute: str) -> NDArray[np.float32]:
    """(256,) one acoustic attribute by label value."""
    values = np.zeros(256, dtype=np.float32)
    for tissue, acoustics in ACOUSTICS.items():
        values[tissue] = getattr(acoustics, attribute)
    return values
