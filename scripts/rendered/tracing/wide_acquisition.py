"""Acquisitions wider than any lab's: the tracer must find chambers that lie, look and beat unlike the usual picture."""

from dataclasses import dataclass, replace

import numpy as np

from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.anatomy.views import SUBVIEWS
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.phantom.scan.acquisition import TRAINING_LOOKS, Acquisition, draw_acquisition
from scripts.rendered.phantom.scan.looks import LOOKS, Look

# How often each view is drawn: by what is measured in it (the apical four-chamber view most).
VIEW_SHARES = {
    "A4C": 0.36,
    "A2C": 0.18,
    "A3C": 0.11,
    "A5C": 0.11,
    "Parasternal_Long": 0.14,
    "Parasternal_Short": 0.10,
}
_TISSUE_DB = 3.5  # deviation by which a tissue may be brighter or darker than its usual self
_BLOOD_DB = (-4.0, 14.0)  # haze in cavities: from black to filled in
_FADED_SHARE, _FADED_DB = 0.35, (4.0, 22.0)  # of hearts whose leaflets are hardly seen, and by how much (LOG L-093)
_LEAFLETS = (Tissue.MITRAL_VALVE, Tissue.TRICUSPID_VALVE)
_BLOODS = (Tissue.LV_CAVITY, Tissue.LA_CAVITY, Tissue.RV_CAVITY, Tissue.RA_CAVITY, Tissue.AORTIC_LUMEN)


@dataclass(frozen=True)
class WideAcquisition(Acquisition):
    """An acquisition by a scanner of its own look."""

    own_look: Look | None = None

    @property
    def scanner(self) -> Look:
        """Its own look, or the one it names."""
        return self.own_look or LOOKS[self.look]


def draw_view(rng: np.random.Generator) -> str:
    """One of the traced views."""
    return str(rng.choice(np.array(list(VIEW_SHARES)), p=np.array(list(VIEW_SHARES.values()))))


def draw_wide(rng: np.random.Generator, view: str) -> WideAcquisition:
    """A wide acquisition of four frames that begins anywhere in a beat."""
    base = draw_acquisition(rng, view)
    apical = SUBVIEWS[base.subview].window == "apical"
    wide = float(rng.choice([0.4, 1.0, 1.8], p=[0.35, 0.35, 0.3]))
    losses = np.array(base.contact)
    if rng.random() < 0.3:  # another rib, or half of the sector without contact
        beams = slice(*sorted(rng.choice(10, 2, replace=False).tolist()))
        losses[beams] += rng.uniform(4, 20)
    changed = replace(
        base,
        frames=4,
        frame_rate_hz=float(np.clip(15.0 * np.exp(rng.normal(0, 0.25)), 8, 40)),
        start_s=float(rng.uniform(0, 2)),
        depth_mm=float(base.depth_mm * (rng.uniform(0.78, 1.0) if rng.random() < 0.4 else rng.uniform(0.95, 1.3))),
        half_angle_deg=float(rng.uniform(30, 48)),
        gain_db=float(rng.normal(0.5, 4.8)),
        dynamic_range_db=float(rng.uniform(-9, 14)),
        chest_wall_mm=float(base.chest_wall_mm * rng.uniform(0.5, 1.4)),
        rotation_deg=float(rng.normal(0, 9.0) * wide),
        tilt_deg=float(rng.normal(0, 3.5) * wide),
        steer_deg=float(rng.normal(0, 9.0) * wide),
        shift_mm=(float(rng.normal(0, 11.0) * wide), float(rng.normal(0, 2.5) * wide)),
        foreshortening_mm=float(abs(rng.normal(0, 8.0)) * wide) if apical else 0.0,
        contact=tuple(float(loss) for loss in losses),
        haze_mm=float(rng.uniform(6, 40)),
        mirrored=False,
    )
    fields = {name: getattr(changed, name) for name in Acquisition.__dataclass_fields__}
    return WideAcquisition(**fields, own_look=_look(rng))


def _look(rng: np.random.Generator) -> Look:
    """The look of a scanner that nobody has seen: between and beyond the training looks."""
    base = LOOKS[str(rng.choice(np.array(TRAINING_LOOKS)))]
    return replace(
        base,
        dynamic_range_db=float(rng.uniform(40, 72)),
        gamma=float(rng.uniform(0.8, 1.6)),
        smoothing_beams=float(rng.uniform(0.2, 1.6)),
        smoothing_samples=float(rng.uniform(0.2, 1.3)),
        sharpening=float(rng.uniform(0, 0.8)),
        axial_mm=float(rng.uniform(0.35, 1.2)),
        lateral_deg=float(rng.uniform(0.5, 1.6)),
        aperture_mm=float(rng.uniform(0.6, 1.5)),
        reject=float(rng.uniform(0, 0.1)),
    )


def draw_brightness(rng: np.random.Generator) -> dict[Tissue, float]:
    """DB by which each tissue of this heart is brighter than usual."""
    levels = {tissue: float(rng.normal(0, _TISSUE_DB)) for tissue in Tissue if tissue not in _BLOODS}
    haze = rng.uniform(*_BLOOD_DB)
    if rng.random() < _FADED_SHARE:
        faded = float(rng.uniform(*_FADED_DB))
        levels |= {tissue: levels[tissue] - faded for tissue in _LEAFLETS}
    return levels | {tissue: float(haze + rng.normal(0, 2)) for tissue in _BLOODS}


def widen_heart(rng: np.random.Generator, state: HeartState) -> HeartState:
    """The heart, in half of the cases with sizes beyond the prior's: walls, atria, right ventricle."""
    if rng.random() < 0.5:
        return state
    thick = float(rng.uniform(0.6, 1.8))
    return replace(
        state,
        septal_thickness_mm=float(np.clip(state.septal_thickness_mm * thick * rng.uniform(0.85, 1.2), 5, 24)),
        posterior_wall_thickness_mm=float(np.clip(state.posterior_wall_thickness_mm * thick, 5, 22)),
        la_volume_index_ml_m2=float(np.clip(state.la_volume_index_ml_m2 * rng.uniform(0.6, 2.2), 12, 120)),
        ra_area_cm2=float(np.clip(state.ra_area_cm2 * rng.uniform(0.6, 2.0), 8, 50)),
        rv_basal_diameter_mm=float(np.clip(state.rv_basal_diameter_mm * rng.uniform(0.75, 1.4), 22, 65)),
        lv_end_diastolic_volume_ml=float(np.clip(state.lv_end_diastolic_volume_ml * rng.uniform(0.7, 1.4), 50, 320)),
    )
