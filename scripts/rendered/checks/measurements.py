"""Do label maps and colour follow the state? Ejection fraction, widths, diameters, jet areas."""

from concurrent.futures import Executor

import numpy as np

from scripts.rendered.checks.anatomy import (
    biplane_ejection_fraction,
    effusion_width,
    ivc_diameter,
    jet_area,
    root_diameter,
)
from scripts.rendered.checks.bars import Bar, Findings, Row
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.doppler import nominal_jet_area_cm2

_JETS = {
    "mitral_regurgitation": ("A4C_MV", "MR"),
    "aortic_regurgitation": ("A5C_AV", "AR"),
    "tricuspid_regurgitation": ("A4C_TV", "TR"),
    "pulmonic_regurgitation": ("PSAX_AV_PV", "PR"),
}


def _measured(seed: int, number: int, *, with_jets: bool) -> list[Row]:
    """Every measurement of one state of the independent prior, where nothing follows from anything else."""
    state = state_of(seed, number, "independent")
    pairs: dict[str, tuple[float, float]] = {
        "ejection_fraction_percent": (state.ejection_fraction_percent, biplane_ejection_fraction(state)),
        "pericardial_effusion_mm": (state.pericardial_effusion_mm, effusion_width(state)),
        "aortic_root_diameter_mm": (state.aortic_root_diameter_mm, root_diameter(state)),
        "ivc_diameter_mm": (state.ivc_diameter_mm, ivc_diameter(state)),
    }
    for grade, (subview, jet) in _JETS.items() if with_jets else ():
        pairs[f"{jet}_jet_cm2"] = nominal_jet_area_cm2(getattr(state, grade)), jet_area(state, subview, jet)
    return [
        {"seed": seed, "state": number, "measurement": name, "truth": truth, "measured": measured}
        for name, (truth, measured) in pairs.items()
    ]


def check_measurements(seed: int, states: int, pool: Executor) -> Findings:
    """EF of all states, jets of every fourth (colour is rendered for a whole beat)."""
    found = Findings()
    jobs = [pool.submit(_measured, seed, number, with_jets=number % 4 == 0) for number in range(states)]
    for job in jobs:
        found.add_rows("measurements", job.result())
    rows = found.rows["measurements"]
    for name in sorted({str(row["measurement"]) for row in rows}):
        truth, measured = (
            np.array([float(row[key]) for row in rows if row["measurement"] == name]) for key in ("truth", "measured")
        )
        limit = 0.97 if name == "ejection_fraction_percent" else 0.9
        found.bars.append(Bar.at_least(f"{name} r", float(np.corrcoef(truth, measured)[0, 1]), limit))
        if name == "ejection_fraction_percent":
            found.bars.append(Bar.at_most(f"{name} bias", abs(float((measured - truth).mean())), 2.0))
    return found
