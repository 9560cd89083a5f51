"""One variable is changed and all others are held: only structures that depend on it may change in a cut."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scripts.rendered.checks.anatomy import label_maps
from scripts.rendered.checks.bars import Bar, Findings, Row
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.state import Grade, HeartState

T = Tissue


@dataclass(frozen=True)
class Counterfactual:
    """A change of one variable. Pixels may change only where one of `allowed` is before or after the change."""

    name: str
    subview: str
    change: dict[str, Any]
    allowed: frozenset[Tissue]
    base: dict[str, Any]

    @classmethod
    def of(cls, name: str, subview: str, change: dict[str, Any], allowed: set[Tissue], **base: Any) -> "Counterfactual":
        """A pair; `base` sets the state both start from."""
        return cls(name, subview, change, frozenset(allowed), base)


_NO_DEVICES: dict[str, Any] = {
    "impella": False,
    "pacemaker": False,
    "mitraclip": False,
    "mitral_prosthesis": False,
    "tavr": False,
    "mitral_annular_calcification": Grade.NONE,
    "aortic_calcification": Grade.NONE,
    "aortic_stenosis": Grade.NONE,
    "mitral_stenosis": Grade.NONE,
    "tricuspid_stenosis": Grade.NONE,
    "bicuspid_aortic_valve": False,
    "pericardial_effusion_mm": 0.0,
}
_MV, _AV = {T.MITRAL_VALVE}, {T.AORTIC_VALVE}
PAIRS = (
    Counterfactual.of("pacemaker", "A4C", {"pacemaker": True}, {T.METAL}),
    Counterfactual.of("pacemaker", "SUB_4C", {"pacemaker": True}, {T.METAL}),
    Counterfactual.of("impella", "PLAX", {"impella": True}, {T.METAL}),
    Counterfactual.of("mitraclip", "A4C", {"mitraclip": True}, {T.METAL, *_MV}),
    Counterfactual.of("tavr", "PSAX_AV", {"tavr": True}, {T.METAL, *_AV}),
    Counterfactual.of("annular calcium", "PLAX", {"mitral_annular_calcification": Grade.SEVERE}, {T.CALCIUM}),
    Counterfactual.of("mitral stenosis", "A4C", {"mitral_stenosis": Grade.SEVERE}, _MV),
    Counterfactual.of("tricuspid stenosis", "A4C", {"tricuspid_stenosis": Grade.SEVERE}, {T.TRICUSPID_VALVE}),
    Counterfactual.of("aortic stenosis", "PLAX", {"aortic_stenosis": Grade.SEVERE}, _AV),
    Counterfactual.of("bicuspid", "PSAX_AV", {"bicuspid_aortic_valve": True}, _AV),
    Counterfactual.of(
        "effusion", "PLAX", {"pericardial_effusion_mm": 14.0}, {T.EFFUSION, T.PERICARDIUM}, pericardial_effusion_mm=0.0
    ),
    Counterfactual.of("ivc", "SUB_IVC", {"ivc_diameter_mm": 28.0}, {T.IVC_LUMEN, T.IVC_WALL}, ivc_diameter_mm=15.0),
    Counterfactual.of(
        "atrial septum",
        "A4C",
        {"atrial_septum_thickness_mm": 22.0},
        {T.ATRIAL_SEPTUM, T.RA_WALL, T.FIBROUS},
        atrial_septum_thickness_mm=6.0,
    ),
    Counterfactual.of(
        "aortic root",
        "PLAX",
        {"aortic_root_diameter_mm": 47.0},
        {T.AORTIC_LUMEN, T.AORTIC_WALL, *_AV, *_MV, T.FIBROUS},
        aortic_root_diameter_mm=32.0,
    ),
    Counterfactual.of("regurgitation without colour", "A4C", {"mitral_regurgitation": Grade.SEVERE}, set()),
    Counterfactual.of("ivc in a cut without it", "A2C", {"ivc_diameter_mm": 28.0}, set()),
    Counterfactual.of("tavr in a cut without it", "A2C", {"tavr": True}, set()),
    Counterfactual.of("pacemaker in a cut without it", "A2C", {"pacemaker": True}, set()),
    Counterfactual.of("right heart in a cut without it", "A2C", {"rv_basal_diameter_mm": 52.0, "tapse_mm": 9.0}, set()),
    Counterfactual.of("left atrium in a cut without it", "PSAX_PM", {"la_volume_index_ml_m2": 60.0}, set()),
    Counterfactual.of("everything seen from above", "SSN", {**_NO_DEVICES, "ejection_fraction_percent": 25.0}, set()),
)


def check_counterfactuals(seed: int, states: int) -> Findings:
    """Every pair on several states. A pair fails where other structures change, or where none does and one should."""
    found = Findings()
    rows: list[Row] = []
    for pair in PAIRS:
        for number in range(states):
            drawn = state_of(seed + 31, number, "clinical")
            start = replace(drawn, **_NO_DEVICES)
            rows.append(_compared(pair, replace(start, **pair.base), number))
    found.add_rows("counterfactuals", rows)
    found.bars.append(Bar.at_most("counterfactual pairs with a wrong change", sum(not r["ok"] for r in rows), 0))
    return found


def _compared(pair: Counterfactual, before_state: HeartState, number: int) -> Row:
    times = np.linspace(0.0, 60.0 / before_state.heart_rate_bpm, 6)
    before = label_maps(before_state, pair.subview, times)
    after = label_maps(replace(before_state, **pair.change), pair.subview, times)
    changed = before != after
    values = np.array(sorted(pair.allowed), dtype=np.uint8)
    permitted = np.isin(before[changed], values) | np.isin(after[changed], values)
    wrong = int((~permitted).sum())
    return {
        "pair": pair.name,
        "subview": pair.subview,
        "state": number,
        "changed_pixels": int(changed.sum()),
        "wrong_pixels": wrong,
        "ok": wrong == 0 and bool(changed.any()) == bool(pair.allowed),
    }
