"""Scanner looks: the effect of post-processing on the same echoes. Invented after real exported cines."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """One vendor-like look.

    dynamic_range_db: from black to white. gamma: of the grey map. smoothing_beams, smoothing_samples: blur after
    compression (standard deviation). sharpening: share of an unsharp mask. tint: RGB of a mid grey.
    axial_mm: standard deviation of the pulse. lateral_deg: of the far-field beam. aperture_mm: near-field beam width.
    colour_map: name of the Doppler map. layout: where text, ticks and ECG go. corner_radius_mm: of the probe.
    """

    dynamic_range_db: float
    gamma: float
    smoothing_beams: float
    smoothing_samples: float
    sharpening: float
    tint: tuple[float, float, float]
    axial_mm: float
    lateral_deg: float
    aperture_mm: float
    colour_map: str
    layout: str
    reject: float  # grey levels (0..1) cut off at the bottom


LOOKS: dict[str, Look] = {
    "aurora": Look(56, 1.15, 0.55, 0.45, 0.25, (1.0, 1.0, 1.0), 0.50, 0.62, 0.75, "variance", "left", 0.02),
    "borealis": Look(48, 1.20, 0.80, 0.70, 0.35, (0.94, 0.97, 1.06), 0.62, 0.78, 0.90, "plain", "right", 0.05),
    "cirrus": Look(62, 1.10, 0.40, 0.30, 0.10, (1.03, 0.99, 0.92), 0.55, 0.70, 0.80, "variance", "top", 0.01),
    "delta": Look(50, 1.35, 1.00, 0.85, 0.50, (1.0, 1.0, 1.0), 0.58, 0.85, 0.95, "plain", "left", 0.04),
    "ember": Look(58, 1.0, 0.60, 0.50, 0.15, (1.06, 1.0, 0.88), 0.70, 0.95, 1.00, "variance", "right", 0.03),
    # Held out from every training set: only for measuring what a change of scanner costs.
    "fjord": Look(44, 1.40, 0.30, 0.25, 0.70, (0.92, 1.0, 1.04), 0.66, 1.00, 0.85, "plain", "top", 0.07),
    "gale": Look(68, 0.9, 1.20, 1.00, 0.00, (1.08, 0.98, 0.84), 0.80, 1.10, 1.10, "variance", "right", 0.00),
}
HELD_OUT_LOOKS = ("fjord", "gale")
