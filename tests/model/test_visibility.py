"""Assessed means seen: the table of views decides, weights only mix."""

import json
from pathlib import Path

import pytest
import torch

from model.echo.taxonomy import ECHO_TAXONOMY
from model.embeddings import StudyEmbedding
from model.errors import BundleCorrupt, BundleMismatch
from model.pooling import MilTable, pool_sections
from model.visibility import Visibility

TABLE = Path(__file__).parents[2] / "model" / "echo" / "visibility.json"


def study(*views: str, certainty: float = 1.0) -> StudyEmbedding:
    names = ECHO_TAXONOMY.views
    rest = (1 - certainty) / (len(names) - 1)
    rows = [[certainty if name == view else rest for name in names] for view in views]
    vectors = torch.randn(len(views), 8, generator=torch.Generator().manual_seed(0))
    return StudyEmbedding(vectors, torch.tensor(rows), tuple(range(1, len(views) + 1)), names)


@pytest.fixture(scope="module")
def table() -> Visibility:
    return Visibility.read(TABLE, ECHO_TAXONOMY)


def assessed(table: Visibility, embedding: StudyEmbedding, weight: float = 0.1) -> set[str]:
    weights = torch.full((15, 11), weight)
    mil = MilTable(ECHO_TAXONOMY.sections, ECHO_TAXONOMY.views, weights)
    shown = table.section_mask(embedding, ECHO_TAXONOMY.sections)
    pooled = pool_sections(embedding, mil, "probability", 0.75, shown=shown)
    return {name for name, seen in zip(pooled.sections, pooled.assessed.tolist(), strict=True) if seen}


@pytest.mark.parametrize("weight", [0.0, 0.1])
def test_one_certain_four_chamber_view_shows_what_it_shows(table: Visibility, weight: float) -> None:
    found = assessed(table, study("A4C"), weight)
    assert {"Left Ventricle", "Left Atrium", "Right Ventricle", "Right Atrium", "Mitral Valve"} <= found
    assert found.isdisjoint({"IVC", "Aorta", "Pulmonic Valve", "Pulmonary Artery", "Pulmonary Veins", "Aortic Valve"})


def test_the_same_view_twice_shows_no_more(table: Visibility) -> None:
    assert assessed(table, study("A4C", "A4C", "A4C")) == assessed(table, study("A4C"))


def test_a_view_that_is_hardly_likely_shows_nothing(table: Visibility) -> None:
    assert "IVC" not in assessed(table, study("Subcostal", certainty=0.6))
    assert "IVC" in assessed(table, study("Subcostal", certainty=0.8))


def test_what_needs_doppler_is_hidden_without_it(table: Visibility) -> None:
    grey, colour = study("A4C", "A2C", "Parasternal_Long"), study("A4C", "Apical_Doppler")
    jets = {"mitral_regurgitation", "tricuspid_valve_regurgitation", "aortic_regurgitation"}
    assert jets <= table.hidden_phenotypes(grey)
    assert {"mitral_regurgitation", "left_atrial_pressure", "lv_filling_pressure"} <= table.hidden_findings(grey)
    assert jets.isdisjoint(table.hidden_phenotypes(colour))
    assert "ejection_fraction" not in table.hidden_phenotypes(grey)


def test_views_that_an_estimate_rests_on(table: Visibility) -> None:
    assert table.views_of(study("A4C", "A4C"), "ejection_fraction", "Left Ventricle") == ("A4C",)
    assert table.views_of(study("A2C", "A4C"), "ejection_fraction", "Left Ventricle") == ("A2C", "A4C")
    assert table.views_wanted["ejection_fraction"] == 2
    unsure = study("A4C", certainty=0.4)
    assert table.views_of(unsure, "ejection_fraction", "Left Ventricle") == ("A4C",)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"sections": {"Left Ventricle": ["A4C"]}}, "names or lacks"),
        ({"phenotypes": {"warp": ["A4C"]}}, "warp"),
        ({"findings": {"x": ["A9C"]}}, "A9C"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object], fault: str) -> None:
    path = tmp_path / "visibility.json"
    path.write_text(json.dumps({**json.loads(TABLE.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    with pytest.raises(BundleMismatch, match=fault):
        Visibility.read(path, ECHO_TAXONOMY)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(BundleCorrupt, match=r"visibility\.json"):
        Visibility.read(path, ECHO_TAXONOMY)
