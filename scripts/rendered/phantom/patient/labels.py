"""The 25 phenotypes of a `HeartState`: the truth that reports, the reader and predictions are measured against.

Computed from the state alone, without findings, phrases and label rules. Tests compare these three ways.
"""

from scripts.rendered.phantom.patient.findings import elevated_la_pressure
from scripts.rendered.phantom.patient.measurements import measurements_of
from scripts.rendered.phantom.patient.state import Grade, HeartState, WallMotion


def labels_of(state: HeartState) -> dict[str, float]:
    """All 25 phenotypes: binary ones 0.0 or 1.0, ejection fraction in % and pressure in mmHg as the report states them.

    Valve lesions count from moderate on; annular calcification, effusion and dilation from mild on; wall motion with
    any abnormal segment. Cut-offs: `model/echo/phrases/README.md`.
    """
    stated = measurements_of(state)
    positive = {
        "impella": state.impella,
        "wall_motion_hypokinesis": any(score != WallMotion.NORMAL for score in state.wall_motion),
        "pacemaker": state.pacemaker,
        "rv_systolic_function_depressed": stated["tapse"] < 17,
        "right_ventricle_dilation": stated["rv_basal_diameter"] > 4.1,
        "left_atrium_dilation": stated["la_volume_index"] > 34,
        "right_atrium_dilation": stated["ra_area"] > 18,
        "atrial_septum_hypertrophy": stated["atrial_septum_thickness"] >= 20,
        "mitraclip": state.mitraclip,
        "mitral_annular_calcification": state.mitral_annular_calcification >= Grade.MILD,
        "mitral_stenosis": state.mitral_stenosis >= Grade.MODERATE,
        "mitral_regurgitation": state.mitral_regurgitation >= Grade.MODERATE,
        "tavr": state.tavr,
        "bicuspid_aov_morphology": state.bicuspid_aortic_valve,
        "aortic_stenosis": state.aortic_stenosis >= Grade.MODERATE,
        "aortic_regurgitation": state.aortic_regurgitation >= Grade.MODERATE,
        "tricuspid_stenosis": state.tricuspid_stenosis >= Grade.MODERATE,
        "tricuspid_valve_regurgitation": state.tricuspid_regurgitation >= Grade.MODERATE,
        "pulmonic_valve_regurgitation": state.pulmonic_regurgitation >= Grade.MODERATE,
        "pericardial_effusion": stated["pericardial_effusion_width"] >= 5,
        "aortic_root_dilation": stated["aortic_root_diameter"] > 4.0,
        "dilated_ivc": stated["ivc_diameter"] > 2.1,
        "elevated_left_atrial_pressure": elevated_la_pressure(state),
    }
    return {name: float(is_positive) for name, is_positive in positive.items()} | {
        "ejection_fraction": stated["ejection_fraction"],
        "pulmonary_artery_pressure_continuous": stated["pulmonary_artery_pressure"],
    }
