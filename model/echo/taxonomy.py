"""The taxonomy of transthoracic echo: 11 views, 15 + 1 sections, 25 phenotypes.

Source: names of EchoPrime's public release (design: assets/MIL_weights.csv, all_phr.json, per_section.json), which
banks and weights of that release are keyed by. Plausible ranges: what a report may state without being a typing error
(Lang et al. 2015, chamber quantification; Galderisi et al. 2017, reporting), widened to what is compatible with life.
"""

from model.taxonomy import Phenotype, Taxonomy

VIEWS = (
    "A2C",
    "A3C",
    "A4C",
    "A5C",
    "Apical_Doppler",
    "Doppler_Parasternal_Long",
    "Doppler_Parasternal_Short",
    "Parasternal_Long",
    "Parasternal_Short",
    "SSN",
    "Subcostal",
)

SECTIONS = (
    "Left Ventricle",
    "Resting Segmental Wall Motion Analysis",
    "Right Ventricle",
    "Left Atrium",
    "Right Atrium",
    "Atrial Septum",
    "Mitral Valve",
    "Aortic Valve",
    "Tricuspid Valve",
    "Pulmonic Valve",
    "Pericardium",
    "Aorta",
    "IVC",
    "Pulmonary Artery",
    "Pulmonary Veins",
)

PHENOTYPES = (
    Phenotype("impella", "Left Ventricle", "binary"),
    Phenotype("ejection_fraction", "Left Ventricle", "continuous", "%", 5.0, 85.0),
    Phenotype("wall_motion_hypokinesis", "Resting Segmental Wall Motion Analysis", "binary"),
    Phenotype("pacemaker", "Right Ventricle", "binary"),
    Phenotype("rv_systolic_function_depressed", "Right Ventricle", "binary"),
    Phenotype("right_ventricle_dilation", "Right Ventricle", "binary"),
    Phenotype("left_atrium_dilation", "Left Atrium", "binary"),
    Phenotype("right_atrium_dilation", "Right Atrium", "binary"),
    Phenotype("atrial_septum_hypertrophy", "Atrial Septum", "binary"),
    Phenotype("mitraclip", "Mitral Valve", "binary"),
    Phenotype("mitral_annular_calcification", "Mitral Valve", "binary"),
    Phenotype("mitral_stenosis", "Mitral Valve", "binary"),
    Phenotype("mitral_regurgitation", "Mitral Valve", "binary"),
    Phenotype("tavr", "Aortic Valve", "binary"),
    Phenotype("bicuspid_aov_morphology", "Aortic Valve", "binary"),
    Phenotype("aortic_stenosis", "Aortic Valve", "binary"),
    Phenotype("aortic_regurgitation", "Aortic Valve", "binary"),
    Phenotype("tricuspid_stenosis", "Tricuspid Valve", "binary"),
    Phenotype("tricuspid_valve_regurgitation", "Tricuspid Valve", "binary"),
    Phenotype("pulmonic_valve_regurgitation", "Pulmonic Valve", "binary"),
    Phenotype("pericardial_effusion", "Pericardium", "binary"),
    Phenotype("aortic_root_dilation", "Aorta", "binary"),
    Phenotype("dilated_ivc", "IVC", "binary"),
    Phenotype("pulmonary_artery_pressure_continuous", "Pulmonary Artery", "continuous", "mmHg", 5.0, 130.0),
    Phenotype("elevated_left_atrial_pressure", "Pulmonary Veins", "binary"),
)

ECHO_TAXONOMY = Taxonomy(
    modality="echo",
    views=VIEWS,
    sections=SECTIONS,
    phenotypes=PHENOTYPES,
    unwritten_sections=("Postoperative Findings",),
)
