from dataclasses import replace

import pytest

from scripts.rendered.checks.anatomy import (
    biplane_ejection_fraction,
    effusion_width,
    ivc_diameter,
    jet_area,
    root_diameter,
)
from scripts.rendered.checks.counterfactuals import check_counterfactuals
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.state import Grade
from tests.scripts.rendered.phantom.clips import healthy


@pytest.mark.parametrize("study", range(6))
def test_simpson_on_label_maps_finds_the_states_ejection_fraction(study: int) -> None:
    state = state_of(17, study, "independent")
    assert biplane_ejection_fraction(state) == pytest.approx(state.ejection_fraction_percent, abs=2.5)


@pytest.mark.parametrize("width", [0.0, 6.0, 18.0])
def test_effusions_are_as_wide_as_the_state_says(width: float) -> None:
    assert effusion_width(replace(healthy(), pericardial_effusion_mm=width)) == pytest.approx(width, abs=1.0)


@pytest.mark.parametrize("diameter", [28.0, 38.0, 48.0])
def test_the_root_is_as_wide_as_the_state_says(diameter: float) -> None:
    assert root_diameter(replace(healthy(), aortic_root_diameter_mm=diameter)) == pytest.approx(diameter, abs=1.5)


@pytest.mark.parametrize("diameter", [12.0, 20.0, 28.0])
def test_the_vein_is_as_wide_as_the_state_says(diameter: float) -> None:
    assert ivc_diameter(replace(healthy(), ivc_diameter_mm=diameter)) == pytest.approx(diameter, abs=1.5)


@pytest.mark.parametrize(
    ("name", "subview", "jet"),
    [("aortic_regurgitation", "A5C_AV", "AR"), ("pulmonic_regurgitation", "PSAX_AV_PV", "PR")],
)
def test_severe_jets_are_larger_than_mild_ones(name: str, subview: str, jet: str) -> None:
    # Types: given by name.
    mild, severe = (jet_area(replace(healthy(), **{name: grade}), subview, jet) for grade in (Grade.MILD, Grade.SEVERE))  # type: ignore[arg-type]  # a field by name
    assert severe > 2.0 > mild


def test_counterfactual_pairs_change_only_what_they_may() -> None:
    found = check_counterfactuals(5, 1)
    assert found.bars[0].ok, [row for row in found.rows["counterfactuals"] if not row["ok"]]
