"""`HeartState`: all that is true of one synthetic patient. Report, labels and rendered clips follow from it."""

from dataclasses import dataclass
from enum import IntEnum


class Grade(IntEnum):
    """Severity ladder of valve disease and effusion."""

    NONE = 0
    TRACE = 1
    MILD = 2
    MODERATE = 3
    SEVERE = 4


class WallMotion(IntEnum):
    """Wall-motion score of a segment (Lang et al. 2015, section 5; AHA scores 1 to 4)."""

    NORMAL = 1
    HYPOKINETIC = 2
    AKINETIC = 3
    DYSKINETIC = 4


# AHA 17-segment model (Cerqueira et al. 2002), in its own numbering: index 0 is segment 1.
SEGMENTS = (
    "basal anterior",
    "basal anteroseptal",
    "basal inferoseptal",
    "basal inferior",
    "basal inferolateral",
    "basal anterolateral",
    "mid anterior",
    "mid anteroseptal",
    "mid inferoseptal",
    "mid inferior",
    "mid inferolateral",
    "mid anterolateral",
    "apical anterior",
    "apical septal",
    "apical inferior",
    "apical lateral",
    "apex",
)


@dataclass(frozen=True)
class HeartState:
    """One synthetic patient at rest. Lengths in mm, areas in cm², volumes in ml, pressures in mmHg, times in 1/min."""

    # patient
    body_surface_area_m2: float
    heart_rate_bpm: float
    # left ventricle
    lv_end_diastolic_volume_ml: float
    ejection_fraction_percent: float
    septal_thickness_mm: float  # end-diastolic
    posterior_wall_thickness_mm: float  # end-diastolic
    wall_motion: tuple[WallMotion, ...]  # 17, in the order of SEGMENTS
    impella: bool
    # right ventricle
    rv_basal_diameter_mm: float
    tapse_mm: float  # tricuspid annular plane systolic excursion
    pacemaker: bool  # lead through the right heart
    # atria
    la_volume_index_ml_m2: float
    ra_area_cm2: float
    atrial_septum_thickness_mm: float  # lipomatous hypertrophy when thick
    # mitral valve
    mitral_annular_calcification: Grade
    mitral_stenosis: Grade
    mitral_regurgitation: Grade
    mitraclip: bool
    mitral_prosthesis: bool
    # aortic valve
    bicuspid_aortic_valve: bool
    aortic_stenosis: Grade
    aortic_regurgitation: Grade
    aortic_calcification: Grade
    tavr: bool
    # tricuspid and pulmonic valve
    tricuspid_stenosis: Grade
    tricuspid_regurgitation: Grade
    pulmonic_regurgitation: Grade
    # pericardium, great vessels, pressures
    pericardial_effusion_mm: float  # end-diastolic width of the echo-free space; 0 without
    aortic_root_diameter_mm: float
    ivc_diameter_mm: float
    ivc_collapse_percent: float  # with inspiration
    pulmonary_artery_pressure_mmhg: float  # systolic
    left_atrial_pressure_mmhg: float
    postoperative: bool = False  # adds a Postoperative Findings section

    def __post_init__(self) -> None:
        if len(self.wall_motion) != len(SEGMENTS):
            raise ValueError(f"wall_motion needs {len(SEGMENTS)} scores, not {len(self.wall_motion)}")
        if not 0 < self.ejection_fraction_percent < 100:
            raise ValueError(f"ejection_fraction_percent must lie in (0, 100), not {self.ejection_fraction_percent}")

    @property
    def lv_end_systolic_volume_ml(self) -> float:
        """End-systolic volume that the end-diastolic volume and the ejection fraction imply."""
        return self.lv_end_diastolic_volume_ml * (1 - self.ejection_fraction_percent / 100)
