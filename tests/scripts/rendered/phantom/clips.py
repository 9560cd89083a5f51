"""Clips that several tests look at: small, textbook, drawn once."""

from dataclasses import replace
from typing import Any

from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.state import Grade, HeartState, WallMotion
from scripts.rendered.phantom.scan.acquisition import Acquisition, standard_acquisition


def healthy() -> HeartState:
    """A heart without any disease."""
    drawn = state_of(1, 1, "clinical")
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "mitral_annular_calcification",
            "mitral_stenosis",
            "mitral_regurgitation",
            "aortic_stenosis",
            "aortic_regurgitation",
            "aortic_calcification",
            "tricuspid_stenosis",
            "tricuspid_regurgitation",
            "pulmonic_regurgitation",
        ),
        Grade.NONE,
    )
    without: dict[str, Any] = dict.fromkeys(
        ("impella", "pacemaker", "mitraclip", "mitral_prosthesis", "tavr", "bicuspid_aortic_valve", "postoperative"),
        False,
    )
    return replace(
        drawn,
        **nothing,
        **without,
        body_surface_area_m2=1.9,
        heart_rate_bpm=66.0,
        lv_end_diastolic_volume_ml=118.0,
        ejection_fraction_percent=61.0,
        septal_thickness_mm=9.0,
        posterior_wall_thickness_mm=9.0,
        wall_motion=(WallMotion.NORMAL,) * 17,
        rv_basal_diameter_mm=35.0,
        tapse_mm=22.0,
        la_volume_index_ml_m2=27.0,
        ra_area_cm2=14.5,
        atrial_septum_thickness_mm=5.0,
        pericardial_effusion_mm=0.0,
        aortic_root_diameter_mm=32.0,
        ivc_diameter_mm=16.0,
        ivc_collapse_percent=60.0,
        pulmonary_artery_pressure_mmhg=24.0,
        left_atrial_pressure_mmhg=9.0,
    )


def small_acquisition(subview: str, frames: int = 6, frame_rate_hz: float = 8.0) -> Acquisition:
    """A textbook acquisition on a small screen that covers most of a beat in few frames."""
    return replace(
        standard_acquisition(subview, frames=frames, frame_rate_hz=frame_rate_hz), screen=(240, 320), jitter_mm=0.2
    )
