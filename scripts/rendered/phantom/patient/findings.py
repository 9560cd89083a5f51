"""What is true of a `HeartState`, by report section, in the vocabulary of findings that every language shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.report.language.language import Finding
from scripts.rendered.phantom.patient.measurements import graded as graded_finding
from scripts.rendered.phantom.patient.measurements import measurements_of
from scripts.rendered.phantom.patient.state import SEGMENTS, Grade, HeartState, WallMotion

ASYMMETRY_RATIO = 1.3  # septum / posterior wall from which hypertrophy is asymmetric (Henry et al. 1973)
NORMAL_COLLAPSE_PERCENT = 50.0  # inspiratory IVC collapse above it is normal (Lang et al. 2015)
ELEVATED_LA_PRESSURE_MMHG = 15.0  # left atrial pressure above it is elevated (Humbert et al. 2022, PAWP)


@dataclass(frozen=True)
class SectionFindings:
    """What one section must say, each exactly once, and what its wording may imply beside it."""

    stated: tuple[Finding, ...]
    implied: frozenset[Finding] = field(default_factory=frozenset)


def findings_of(state: HeartState) -> dict[str, SectionFindings]:
    """What is true of the heart, by section, in the order a report says it."""
    graded = {measure: graded_finding(measure, number) for measure, number in measurements_of(state).items()}
    sections = {
        "Left Ventricle": _left_ventricle(state, graded),
        "Resting Segmental Wall Motion Analysis": _wall_motion(state, graded),
        "Right Ventricle": _right_ventricle(state, graded),
        "Left Atrium": _left_atrium(graded),
        "Right Atrium": SectionFindings((graded["ra_area"],)),
        "Atrial Septum": SectionFindings((graded["atrial_septum_thickness"],)),
        "Mitral Valve": _mitral_valve(state),
        "Aortic Valve": _aortic_valve(state),
        "Tricuspid Valve": _tricuspid_valve(state, graded),
        "Pulmonic Valve": _pulmonic_valve(state),
        "Pericardium": _pericardium(graded),
        "Aorta": SectionFindings((graded["aortic_root_diameter"],)),
        "IVC": _inferior_vena_cava(state, graded),
        "Pulmonary Artery": SectionFindings((graded["pulmonary_artery_pressure"],)),
        "Pulmonary Veins": _pulmonary_veins(state),
    }
    return sections | ({"Postoperative Findings": _postoperative(state)} if state.postoperative else {})


def _present(name: str, present: bool) -> Finding:
    return Finding(name, "present" if present else "absent")


def _grade(name: str, grade: Grade) -> Finding:
    return Finding(name, grade.name.lower())


def _implied(**holds: tuple[str, bool]) -> frozenset[Finding]:
    """Findings by name with their value, kept where the condition holds."""
    return frozenset(Finding(name, value) for name, (value, true) in holds.items() if true)


def elevated_la_pressure(state: HeartState) -> bool:
    """Whether left atrial pressure counts as elevated."""
    return state.left_atrial_pressure_mmhg > ELEVATED_LA_PRESSURE_MMHG


def _left_ventricle(state: HeartState, graded: Mapping[str, Finding]) -> SectionFindings:
    stated = [graded["lv_edv_index"], graded["lv_wall_thickness"]]
    if graded["lv_wall_thickness"].value != "normal":
        asymmetric = state.septal_thickness_mm >= ASYMMETRY_RATIO * state.posterior_wall_thickness_mm
        stated.append(Finding("lv_hypertrophy_pattern", "asymmetric_septal" if asymmetric else "concentric"))
    stated.append(graded["ejection_fraction"])
    stated.append(Finding("lv_filling_pressure", "elevated" if elevated_la_pressure(state) else "normal"))
    stated.append(_present("impella", state.impella))
    return SectionFindings(tuple(stated))


def _wall_motion(state: HeartState, graded: Mapping[str, Finding]) -> SectionFindings:
    abnormal = tuple(
        Finding(f"segment_{segment.replace(' ', '_')}", score.name.lower())
        for segment, score in zip(SEGMENTS, state.wall_motion, strict=True)
        if score != WallMotion.NORMAL
    )
    if not abnormal:
        contracting = graded["ejection_fraction"].value in ("normal", "hyperdynamic")
        implied = _implied(segmental_contraction=("normal", contracting))
        return SectionFindings((Finding("regional_wall_motion", "normal"),), implied)
    everywhere = set(state.wall_motion) == {WallMotion.HYPOKINETIC}
    return SectionFindings(
        abnormal,
        _implied(
            regional_wall_motion=("abnormal", True),
            global_hypokinesis=("present", everywhere and graded["ejection_fraction"].value in ("moderate", "severe")),
        ),
    )


def _right_ventricle(state: HeartState, graded: Mapping[str, Finding]) -> SectionFindings:
    stated = [graded["rv_basal_diameter"], graded["tapse"]]
    if graded["pulmonary_artery_pressure"].value == "severe":
        stated.append(Finding("septal_flattening", "present"))
    stated.append(_present("pacemaker_lead", state.pacemaker))
    device_free = not (state.pacemaker or state.impella or state.mitraclip or state.tavr or state.mitral_prosthesis)
    return SectionFindings(tuple(stated), _implied(intracardiac_devices=("none", device_free)))


def _left_atrium(graded: Mapping[str, Finding]) -> SectionFindings:
    both_normal = graded["la_volume_index"].value == graded["ra_area"].value == "normal"
    return SectionFindings((graded["la_volume_index"],), _implied(biatrial_size=("normal", both_normal)))


def _mitral_valve(state: HeartState) -> SectionFindings:
    stated = (
        _present("mitraclip", state.mitraclip),
        _present("mitral_prosthesis", state.mitral_prosthesis),
        _grade("mitral_annular_calcification", state.mitral_annular_calcification),
        _grade("mitral_stenosis", state.mitral_stenosis),
        _grade("mitral_regurgitation", state.mitral_regurgitation),
    )
    normal = not (
        state.mitraclip or state.mitral_prosthesis or state.mitral_annular_calcification or state.mitral_stenosis
    )
    return SectionFindings(stated, _implied(mitral_valve_structure=("normal", normal)))


def _aortic_valve(state: HeartState) -> SectionFindings:
    stated = (
        Finding("aortic_prosthesis", "tavr" if state.tavr else "none"),
        Finding("aortic_valve_morphology", "bicuspid" if state.bicuspid_aortic_valve else "trileaflet"),
        _grade("aortic_valve_calcification", state.aortic_calcification),
        _grade("aortic_stenosis", state.aortic_stenosis),
        _grade("aortic_regurgitation", state.aortic_regurgitation),
    )
    normal = not (
        state.tavr or state.bicuspid_aortic_valve or state.aortic_calcification or state.aortic_stenosis
    )  # Grade.NONE is 0
    implied = _implied(
        native_aortic_valve=("replaced" if state.tavr else "in_place", True),
        aortic_valve_structure=("normal", normal),
    )
    return SectionFindings(stated, implied)


def _tricuspid_valve(state: HeartState, graded: Mapping[str, Finding]) -> SectionFindings:
    stated = [
        _grade("tricuspid_stenosis", state.tricuspid_stenosis),
        _grade("tricuspid_regurgitation", state.tricuspid_regurgitation),
    ]
    if state.tricuspid_regurgitation is not Grade.NONE:  # without a jet there is no velocity to measure
        elevated = graded["pulmonary_artery_pressure"].value != "normal"
        stated.append(Finding("rv_systolic_pressure", "elevated" if elevated else "normal"))
    normal = state.tricuspid_stenosis is Grade.NONE
    return SectionFindings(tuple(stated), _implied(tricuspid_valve_structure=("normal", normal)))


def _pulmonic_valve(state: HeartState) -> SectionFindings:
    normal = state.pulmonic_regurgitation is Grade.NONE
    stated = (_grade("pulmonic_regurgitation", state.pulmonic_regurgitation),)
    return SectionFindings(stated, _implied(pulmonic_valve_structure=("normal", normal)))


def _pericardium(graded: Mapping[str, Finding]) -> SectionFindings:
    effusion = graded["pericardial_effusion_width"]
    return SectionFindings((effusion,), _implied(pericardium=("normal", effusion.value == "none")))


def _inferior_vena_cava(state: HeartState, graded: Mapping[str, Finding]) -> SectionFindings:
    dilated = graded["ivc_diameter"].value == "dilated"
    reduced = state.ivc_collapse_percent <= NORMAL_COLLAPSE_PERCENT
    pressure = ("normal", "intermediate", "elevated")[dilated + reduced]  # Lang et al. 2015
    return SectionFindings(
        (
            graded["ivc_diameter"],
            Finding("ivc_collapse", "reduced" if reduced else "normal"),
            Finding("right_atrial_pressure", pressure),
        )
    )


def _pulmonary_veins(state: HeartState) -> SectionFindings:
    elevated = elevated_la_pressure(state)
    flow = "systolic_blunting" if elevated else "systolic_dominant"
    pressure = Finding("left_atrial_pressure", "elevated" if elevated else "normal")
    return SectionFindings((pressure,), _implied(pulmonary_vein_flow=(flow, True)))


def _postoperative(state: HeartState) -> SectionFindings:
    procedures = {
        "procedure_tavr": state.tavr,
        "procedure_mitraclip": state.mitraclip,
        "procedure_mitral_replacement": state.mitral_prosthesis,
        "procedure_pacemaker": state.pacemaker,
    }
    done = (Finding(name, "done") for name, was_done in procedures.items() if was_done)
    return SectionFindings((Finding("postoperative", "present"), *done))
