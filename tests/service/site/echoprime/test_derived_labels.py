"""Labels read off reports: by the rules as stated, and equal to the truth of generated patients."""

import json
from pathlib import Path

import numpy as np
import pytest

from index.phrase_table import PhraseRow, PhraseTable
from index.report_columns import columns_of
from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.reference.release.synthetic_phrases import label_sources, untyped
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.report import report_of
from service.site.echoprime.derived_labels import DerivedLabels, LabelSource, read_label_sources
from service.site.echoprime.errors import ReleaseMismatch
from tests.service.site.echoprime.small_release import SOURCES

VALVE, VENTRICLE = "Pulmonic Valve", "Left Ventricle"
TEMPLATES = (
    (VALVE, "Mild to moderate pulmonic leak."),
    (VALVE, "Moderate pulmonic leak"),
    (VALVE, "Thin leaflets. Moderate  PULMONIC leak."),
    (VALVE, "No leak."),
    (VENTRICLE, "The ejection fraction is <numerical> %."),
    (VENTRICLE, "An EF between <numerical> and <numerical> %."),
    ("Aorta", "Moderate pulmonic leak."),
)
TABLE = PhraseTable(
    tuple(
        PhraseRow(i, section, "", text, "Measured.", "numerical" if "<" in text else None)
        for i, (section, text) in enumerate(TEMPLATES)
    )
)


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, LabelSource]:
    path = tmp_path / "per_section.json"
    path.write_text(json.dumps(SOURCES))
    return read_label_sources(path, ECHO_TAXONOMY)


def derive(source: LabelSource, *reports: list[tuple[int, float | None]]) -> list[float]:
    collector = DerivedLabels(source, TABLE)
    for report in reports:
        collector.add(columns_of([{"any": report}]))
    return [float(label) for label in collector.column()]


def test_a_source_with_a_full_stop_begins_a_sentence(sources: dict[str, LabelSource]) -> None:
    source = sources["pulmonic_valve_regurgitation"]
    found = derive(source, [(0, None)], [(1, None)], [(2, None)], [(3, None)], [(3, None), (1, None)])
    assert found == [0, 1, 1, 0, 1]


def test_a_candidate_without_the_section_is_not_labelled(sources: dict[str, LabelSource]) -> None:
    assert np.isnan(derive(sources["pulmonic_valve_regurgitation"], [(6, None)], [])).all()


def test_a_number_is_read_from_the_first_source_within_its_range(sources: dict[str, LabelSource]) -> None:
    found = derive(
        sources["ejection_fraction"], [(4, 55.5)], [(5, 40.0), (4, 60.0)], [(4, 150.0)], [(4, None)], [(5, 35.0)]
    )
    assert np.array_equal(found, [55.5, 60, np.nan, np.nan, 35], equal_nan=True)


def test_generated_patients_get_their_true_labels_back(tmp_path: Path) -> None:
    language = english()
    path = tmp_path / "per_section.json"
    path.write_text(json.dumps(label_sources(language)))
    sources = read_label_sources(path, ECHO_TAXONOMY)
    assert set(sources) == set(ECHO_TAXONOMY.phenotype_names)
    rows = [
        PhraseRow(i, p.section, p.group, untyped(p), p.numberless, None if p.slot is None else "numerical")
        for i, p in enumerate(language.phrases)
    ]
    ids = {phrase.phrase_id: i for i, phrase in enumerate(language.phrases)}
    states = [state_of(7, study, "clinical") for study in range(150)]
    reports = [report_of(state, language, np.random.default_rng(study)) for study, state in enumerate(states)]
    block = columns_of(
        [{s: [(ids[p.phrase.phrase_id], p.value) for p in part] for s, part in report.items()} for report in reports]
    )
    for name in ECHO_TAXONOMY.phenotype_names:
        collector = DerivedLabels(sources[name], PhraseTable(tuple(rows)))
        collector.add(block)
        truth = np.array([labels_of(state)[name] for state in states])
        found = collector.column()
        carried = np.isfinite(found)
        assert carried.mean() > 0.9, name
        assert np.allclose(found[carried], truth[carried], atol=0.01), name


@pytest.mark.parametrize("entry", [{}, {"section": "FNDG_Aorta", "mode": "other", "label_sources": []}])
def test_an_entry_of_another_form_is_named(tmp_path: Path, entry: dict[str, object]) -> None:
    path = tmp_path / "per_section.json"
    path.write_text(json.dumps({"tavr": entry}))
    with pytest.raises(ReleaseMismatch, match=r"per_section\.json"):
        read_label_sources(path, ECHO_TAXONOMY)
