"""The default's table of which view shows what: no more than the standard views, no more than the rendered heart."""

import json
from pathlib import Path

import pytest

from scripts.rendered.build_visibility import STANDARD_VIEWS, visibility_of
from scripts.rendered.checks.visible_structures import STRUCTURES, Held, structures_held
from scripts.rendered.phantom.anatomy.views import SUBVIEWS
from service.settings import shipped_bundle

ROOT = Path(__file__).parents[3]
STANDARD = json.loads(STANDARD_VIEWS.read_text(encoding="utf-8"))
TABLE = json.loads((ROOT / "model" / "echo" / "visibility.json").read_text(encoding="utf-8"))


def test_the_table_is_a_part_of_the_standard_views_and_the_bundle_has_it() -> None:
    assert {name: TABLE[name] for name in STANDARD if name not in {"source", "sections"}} == {
        name: STANDARD[name] for name in STANDARD if name not in {"source", "sections"}
    }
    assert set(TABLE["sections"]) == set(STRUCTURES)
    for section, views in TABLE["sections"].items():
        assert views
        assert set(views) <= set(STANDARD["sections"][section])
    assert json.loads((shipped_bundle() / "visibility.json").read_text(encoding="utf-8")) == TABLE


def test_what_the_rendered_heart_does_not_show_is_left_out() -> None:
    assert "Subcostal" in STANDARD["sections"]["Aortic Valve"]
    assert "Subcostal" not in TABLE["sections"]["Aortic Valve"]
    assert "SSN" not in TABLE["sections"]["Aorta"]  # the arch: sentences of the default speak of the root
    for section in ("Left Ventricle", "Left Atrium", "Resting Segmental Wall Motion Analysis"):
        assert "A4C" in TABLE["sections"][section]
    assert "A4C" in TABLE["phenotypes"]["ejection_fraction"]


@pytest.mark.parametrize("subview", ["A4C", "PSAX_AV", "SUB_IVC", "SSN"])
def test_pictures_hold_what_they_are_made_for(subview: str) -> None:
    held = structures_held(subview, 50_801, 3)
    made_for = {
        "A4C": {"Left Ventricle", "Left Atrium", "Tricuspid Valve"},
        "PSAX_AV": {"Aortic Valve", "Pulmonic Valve", "Aorta"},
        "SUB_IVC": {"IVC", "Right Atrium"},
        "SSN": set(),
    }
    assert {section for section, clips in held.held.items() if clips == 3} >= made_for[subview]
    absent = {"A4C": "Aorta", "PSAX_AV": "Left Ventricle", "SUB_IVC": "Left Ventricle", "SSN": "Aorta"}
    assert held.held[absent[subview]] == 0


def test_a_view_is_kept_by_its_best_picture_and_left_out_below_nine_tenths() -> None:
    held = {name: Held(10, dict.fromkeys(STRUCTURES, 10)) for name in SUBVIEWS}
    held["SUB_4C"] = Held(10, {**dict.fromkeys(STRUCTURES, 10), "Left Ventricle": 8, "IVC": 0})
    held["SUB_IVC"] = Held(10, {**dict.fromkeys(STRUCTURES, 10), "Left Ventricle": 0})
    made = visibility_of(STANDARD, held, 1)
    assert made["sections"] == {
        section: [view for view in views if (section, view) != ("Left Ventricle", "Subcostal")]
        for section, views in STANDARD["sections"].items()
    }
    assert "Left Ventricle in Subcostal (80.0%)" in made["source"]
