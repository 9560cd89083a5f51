"""Bars of speckle physics."""

import numpy as np

from scripts.rendered.checks.bars import Bar, Findings
from scripts.rendered.checks.speckle import grain_by_depth, rayleigh_ratio, tracking
from scripts.rendered.phantom.patient.prior import state_of


def check_speckle(seed: int, states: int) -> Findings:
    """Rayleigh statistics, grain by depth, and speckle that moves with the muscle."""
    found = Findings()
    ratio = float(np.mean([rayleigh_ratio(seed * 7 + number) for number in range(3)]))
    found.bars.append(
        Bar("envelope mean/std in homogeneous tissue", round(ratio, 4), "1.91 ± 0.15", abs(ratio - 1.91) <= 0.15)
    )
    grains = grain_by_depth(seed)
    found.add_rows(
        "speckle_grain",
        [
            {"range_mm": g.range_mm, "measured_beams": g.measured_beams, "expected_beams": g.expected_beams}
            for g in grains
        ],
    )
    worst = max(abs(grain.measured_beams / grain.expected_beams - 1) for grain in grains)
    found.bars.append(Bar.at_most("speckle width by depth against the beam profile, worst relative error", worst, 0.15))
    tracked, true = [], []
    for number in range(states):
        measured, known = tracking(state_of(seed + 57, number, "clinical"), seed + number)
        tracked.append(measured)
        true.append(known)
        found.add_rows(
            "speckle_tracking",
            [
                {"state": number, "tracked_mm": float(m), "true_mm": float(k)}
                for m, k in zip(measured, known, strict=True)
            ],
        )
    r = float(np.corrcoef(np.concatenate(tracked), np.concatenate(true))[0, 1])
    found.bars.append(Bar.at_least("speckle tracking against wall motion, r", r, 0.8))
    return found
