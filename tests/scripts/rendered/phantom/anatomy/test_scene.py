from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.rendered.checks.anatomy import end_times, label_maps
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.anatomy.views import SUBVIEWS
from scripts.rendered.phantom.patient.state import Grade, HeartState, WallMotion
from tests.scripts.rendered.phantom.clips import healthy


def centre(label: NDArray[np.uint8], tissue: Tissue) -> tuple[float, float]:
    rows, columns = np.nonzero(label == tissue)
    return float(columns.mean()), float(rows.mean())


def area(labels: NDArray[np.uint8], tissue: Tissue) -> NDArray[np.int64]:
    return np.asarray((labels == tissue).sum(axis=(1, 2)))


def test_four_chambers_lie_where_the_convention_puts_them() -> None:
    label = label_maps(healthy(), "A4C", end_times(healthy()))[1]
    lv, rv = centre(label, Tissue.LV_CAVITY), centre(label, Tissue.RV_CAVITY)
    la, ra = centre(label, Tissue.LA_CAVITY), centre(label, Tissue.RA_CAVITY)
    assert rv[0] < lv[0]  # left ventricle on the right of the picture
    assert ra[0] < la[0]
    assert lv[1] < la[1]  # apex up, atria below
    assert rv[1] < ra[1]


def test_long_axis_has_the_aorta_on_the_right_and_the_atrium_below_it() -> None:
    label = label_maps(healthy(), "PLAX", end_times(healthy()))[0]
    lv, aorta, la = (centre(label, t) for t in (Tissue.LV_CAVITY, Tissue.AORTIC_LUMEN, Tissue.LA_CAVITY))
    assert aorta[0] > lv[0]
    assert la[1] > aorta[1]
    assert centre(label, Tissue.RV_CAVITY)[1] < lv[1]


@pytest.mark.parametrize("subview", sorted(SUBVIEWS))
def test_a_view_shows_only_its_structures(subview: str) -> None:
    seen = {Tissue(value) for value in np.unique(label_maps(healthy(), subview, end_times(healthy())))}
    if subview != "SUB_IVC":
        assert Tissue.IVC_LUMEN not in seen
    if subview == "SSN":
        assert not {Tissue.LV_CAVITY, Tissue.RV_CAVITY, Tissue.LA_CAVITY, Tissue.RA_CAVITY} & seen
    if subview == "A2C":
        assert not {Tissue.RV_CAVITY, Tissue.RA_CAVITY, Tissue.AORTIC_LUMEN} & seen
    if subview == "A4C":
        assert Tissue.AORTIC_LUMEN not in seen
        assert {Tissue.LV_CAVITY, Tissue.RV_CAVITY, Tissue.LA_CAVITY, Tissue.RA_CAVITY, Tissue.ATRIAL_SEPTUM} <= seen


def test_cavities_beat() -> None:
    labels = label_maps(healthy(), "A4C", end_times(healthy()))
    ventricle, atrium = area(labels, Tissue.LV_CAVITY), area(labels, Tissue.LA_CAVITY)
    assert ventricle[1] < 0.65 * ventricle[0]
    assert atrium[1] > 1.2 * atrium[0]


# One variable is changed; the tissues named must change and no other may, save what is painted over or under them.
COUNTERFACTUALS: list[tuple[str, dict[str, object], set[Tissue]]] = [
    ("A4C", {"pacemaker": True}, {Tissue.METAL}),
    ("PLAX", {"mitral_annular_calcification": Grade.SEVERE}, {Tissue.CALCIUM}),
    ("PSAX_AV", {"bicuspid_aortic_valve": True}, {Tissue.AORTIC_VALVE}),
    ("SUB_IVC", {"ivc_diameter_mm": 27.0}, {Tissue.IVC_LUMEN, Tissue.IVC_WALL}),
    ("A4C", {"mitral_stenosis": Grade.SEVERE}, {Tissue.MITRAL_VALVE}),
    ("A2C", {"ivc_diameter_mm": 27.0, "tricuspid_stenosis": Grade.SEVERE, "aortic_root_diameter_mm": 48.0}, set()),
]


@pytest.mark.parametrize(("subview", "change", "allowed"), COUNTERFACTUALS)
def test_one_variable_changes_only_its_structure(subview: str, change: dict[str, object], allowed: set[Tissue]) -> None:
    before_state = healthy()
    after_state: HeartState = replace(before_state, **change)  # type: ignore[arg-type]  # given by name
    times = np.linspace(0, 0.9, 7)
    before, after = (label_maps(state, subview, times) for state in (before_state, after_state))
    changed = before != after
    assert changed.any() == bool(allowed)
    touched = {Tissue(value) for value in np.unique(np.stack([before[changed], after[changed]]))} if allowed else set()
    pairs = np.stack([before[changed], after[changed]])
    assert np.isin(pairs, np.array(sorted(allowed), dtype=np.uint8)).any(axis=0).all(), touched


def test_wall_motion_moves_its_own_wall() -> None:
    scores = [WallMotion.NORMAL] * 17
    for segment in (3, 9, 14):
        scores[segment] = WallMotion.AKINETIC
    state = replace(healthy(), wall_motion=tuple(scores), ejection_fraction_percent=50.0)
    labels = label_maps(state, "A2C", end_times(state))
    cavity = labels == Tissue.LV_CAVITY
    row = int(np.flatnonzero(cavity[1].any(axis=1)).mean())
    inferior = [int(phase[row].argmax()) for phase in cavity]
    anterior = [int(cavity.shape[2] - phase[row, ::-1].argmax()) for phase in cavity]
    assert inferior[1] - inferior[0] < 0.5 * (anterior[0] - anterior[1])
