"""How one clip was acquired: scanner, probe position, settings and window. Independent of the heart."""

from dataclasses import dataclass, replace

import numpy as np

from scripts.rendered.phantom.anatomy.views import SUBVIEWS, SUBVIEWS_OF_VIEW
from scripts.rendered.phantom.scan.looks import HELD_OUT_LOOKS, LOOKS, Look

TRAINING_LOOKS = tuple(name for name in LOOKS if name not in HELD_OUT_LOOKS)
SCREENS = ((600, 800), (480, 640), (708, 1016), (768, 1024))  # rows, columns of common exported cines


@dataclass(frozen=True)
class Acquisition:
    """One clip's settings. Angles in degrees, lengths in mm, times in s.

    Source of ranges: LOG 2026-11-22 (tuned beside the real cines allowed for it); depth and frame rate after the
    ranges of transthoracic protocols (Mitchell et al. 2019).
    """

    view: str
    subview: str
    look: str
    screen: tuple[int, int]
    frames: int
    frame_rate_hz: float
    start_s: float  # of the clip after an R wave
    depth_mm: float
    half_angle_deg: float
    gain_db: float
    dynamic_range_db: float
    chest_wall_mm: float
    focus_mm: float
    # cut: how the probe is off the standard plane
    rotation_deg: float  # about the beam axis
    tilt_deg: float  # out of the plane
    steer_deg: float  # within the plane
    shift_mm: tuple[float, float]  # along the picture's right, along its normal
    foreshortening_mm: float  # apical probe off the true apex
    level: float  # short axis: offset of the level, share of the ventricle's length
    jitter_mm: float
    # window
    quality: float  # 0 nothing to be seen, 1 textbook
    contact: tuple[float, ...]  # loss in dB at nine beams over the sector
    clutter_db: float  # haze over cavities, relative to myocardium
    haze_db: float  # reverberation of the chest wall at the probe, relative to myocardium
    haze_mm: float  # how far down it hangs
    noise_db: float  # electronic noise, relative to myocardium, before depth
    penetration_db_mm: float  # uncompensated attenuation
    sniff_s: float  # when inspiration begins, seconds after the clip's start
    has_ecg: bool
    mirrored: bool  # probe held the other way round
    colour_box_jitter: tuple[float, float, float]  # lateral mm, depth mm, size factor
    colour_gain: float
    nyquist_cm_s: float

    def __post_init__(self) -> None:
        if self.subview not in SUBVIEWS or SUBVIEWS[self.subview].view != self.view:
            raise ValueError(f"subview {self.subview!r} does not belong to view {self.view!r}")
        if self.look not in LOOKS:
            raise ValueError(f"look {self.look!r} is none of {sorted(LOOKS)}")
        if self.frames < 2 or not 5 <= self.frame_rate_hz <= 200:
            raise ValueError(f"{self.frames} frames at {self.frame_rate_hz} Hz is no cine")

    @property
    def scanner(self) -> Look:
        """The scanner look of that name."""
        return LOOKS[self.look]


def draw_acquisition(
    rng: np.random.Generator,
    view: str,
    looks: tuple[str, ...] = TRAINING_LOOKS,
    *,
    subview: str | None = None,
    quality: float | None = None,
) -> Acquisition:
    """A plausible acquisition of a view (or of one of its sub-views). It never depends on the patient."""
    choices = SUBVIEWS_OF_VIEW[view]
    drawn = choices[int(rng.choice(len(choices), p=_shares(choices)))]
    chosen = drawn if subview is None else subview
    spec = SUBVIEWS[chosen]
    drawn_quality = float(rng.beta(5.0, 1.8))
    good = drawn_quality if quality is None else quality
    off = 0.5 + 0.9 * (1.0 - good)  # poor windows come with poor planes
    loose = 2.5 if spec.window == "suprasternal" else 1.0  # the notch allows few landmarks
    gated = rng.random() < 0.75
    start = abs(rng.normal(0.0, 0.03)) if gated else rng.uniform(0.0, 1.0)
    losses = np.abs(rng.normal(0, 2.0 + 9.0 * (1 - good), 9))
    losses[[0, 8]] += rng.gamma(1.2, 3.0, 2)
    if rng.random() < 0.25 * (1.5 - good):
        losses[int(rng.integers(0, 9))] += rng.uniform(6, 18)  # a rib
    return Acquisition(
        view=view,
        subview=chosen,
        look=str(rng.choice(np.array(looks))),
        screen=SCREENS[int(rng.choice(4, p=[0.5, 0.2, 0.15, 0.15]))],
        frames=int(rng.integers(48, 96)),
        frame_rate_hz=float(rng.uniform(24, 60)) if not spec.colour else float(rng.uniform(16, 30)),
        start_s=float(start),
        depth_mm=float(rng.uniform(*spec.depth_mm)),
        half_angle_deg=float(rng.uniform(36, 45)),
        gain_db=float(rng.normal(0, 5.6)),
        dynamic_range_db=float(rng.uniform(-8, 11)),
        chest_wall_mm=float(rng.uniform(*spec.chest_wall_mm)),
        focus_mm=float(rng.uniform(60, 120)),
        rotation_deg=float(rng.normal(0, 5.0) * off),
        tilt_deg=float(rng.normal(0, 2.2) * off),
        steer_deg=float(rng.normal(0, 5.0)),
        shift_mm=(float(rng.normal(0, 4.0 * loose)), float(rng.normal(0, 1.8 * loose) * off)),
        foreshortening_mm=float(abs(rng.normal(0, 5.0)) * off) if spec.window == "apical" else 0.0,
        level=float(rng.normal(0, 0.03)),
        jitter_mm=float(0.3 + rng.gamma(1.5, 0.25)) * loose,
        quality=good,
        contact=tuple(float(v) for v in losses),
        clutter_db=float(rng.normal(-33 + 12 * (1 - good), 3.0)),
        haze_db=float(rng.normal(-13 + 9 * (1 - good), 6.5)),
        haze_mm=float(rng.uniform(8, 22)),
        noise_db=float(rng.normal(-50 + 13 * (1 - good), 2.5)),
        penetration_db_mm=float(np.clip(rng.normal(0.06 + 0.06 * (1 - good), 0.03), 0.0, 0.2)),
        sniff_s=float(rng.uniform(0.0, 0.35)),
        has_ecg=bool(rng.random() < 0.7),
        mirrored=False,
        colour_box_jitter=(float(rng.normal(0, 5)), float(rng.normal(0, 5)), float(rng.uniform(0.8, 1.35))),
        colour_gain=float(rng.uniform(0.75, 1.25)),
        nyquist_cm_s=float(rng.uniform(50, 70)),
    )


def standard_acquisition(subview: str, *, frames: int = 40, frame_rate_hz: float = 30.0) -> Acquisition:
    """A textbook acquisition without any deviation: for label maps, counterfactual pairs and physics checks."""
    spec = SUBVIEWS[subview]
    drawn = draw_acquisition(np.random.default_rng(0), spec.view, subview=subview, quality=0.97)
    return replace(
        drawn,
        look=TRAINING_LOOKS[0],
        screen=SCREENS[0],
        frames=frames,
        frame_rate_hz=frame_rate_hz,
        start_s=0.0,
        depth_mm=float(np.mean(spec.depth_mm)),
        half_angle_deg=44.0,
        gain_db=0.0,
        dynamic_range_db=0.0,
        chest_wall_mm=float(np.mean(spec.chest_wall_mm)),
        rotation_deg=0.0,
        tilt_deg=0.0,
        steer_deg=0.0,
        shift_mm=(0.0, 0.0),
        foreshortening_mm=0.0,
        level=0.0,
        jitter_mm=0.0,
        contact=(0.0,) * 9,
        haze_db=-14.0,
        sniff_s=0.0,
        colour_box_jitter=(0.0, 0.0, 1.0),
    )


def _shares(choices: tuple[str, ...]) -> list[float]:
    weights = np.array([SUBVIEWS[name].share for name in choices])
    return list(weights / weights.sum())
