"""Manifest, embeddings and reports: what fits is aligned by name, what does not is counted and named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.site.embedding_training.errors import EmbeddingsError, MaterialError, TaxonomyFileError
from service.site.embedding_training.study_table import StudyTable, read_study_table
from service.site.embedding_training.taxonomy_file import read_taxonomy
from service.site.errors import OwnReportsError
from tests.service.site.embedding_training.heart_mr import DIM, TAXONOMY, Files, as_json, spoil, write_files


def read(files: Files) -> StudyTable:
    return read_study_table(files.manifest, files.embeddings, files.reports, read_taxonomy(files.taxonomy))


def test_well_formed_files_are_read_whole(tmp_path: Path) -> None:
    files = write_files(tmp_path, 40)
    table = read(files)
    assert len(table.studies) == 40
    assert table.kept_out == {}
    assert {split: len(table.of(split)) for split in ("train", "validation", "test")} == {
        "train": 30,
        "validation": 5,
        "test": 5,
    }
    assert table.vectors.shape == (40, 3, DIM)
    np.testing.assert_allclose(np.linalg.norm(table.vectors, axis=-1), 1, rtol=1e-5)
    assert not table.per_section
    assert table.studies[3].labels["scar"] in (0, 1)


def test_vectors_go_with_the_study_that_the_manifest_names_and_not_with_the_order_of_reports(tmp_path: Path) -> None:
    files = write_files(tmp_path, 16)
    before = read(files)
    header, *rows = files.reports.read_text().splitlines()
    files.reports.write_text("\n".join([header, *rows[::-1]]) + "\n")
    after = read(files)
    assert [study.study for study in after.studies] == [study.study for study in before.studies]
    assert [study.sections for study in after.studies] == [study.sections for study in before.studies]
    np.testing.assert_array_equal(after.vectors, before.vectors)


def test_every_fault_is_counted_and_named(tmp_path: Path) -> None:
    files = write_files(tmp_path, 64)
    expected = spoil(files)
    table = read(files)
    assert table.kept_out == expected
    patients: dict[str, set[str]] = {}
    for study in table.studies:
        patients.setdefault(study.patient, set()).add(study.split)
    assert all(len(splits) == 1 for splits in patients.values())
    assert np.isfinite(table.vectors).all()
    lines = {(file, line) for file, line, reason in table.notes if reason == "patient_in_two_splits"}
    assert lines == {("manifest", 4), ("manifest", 12)}


def test_a_manifest_may_be_json(tmp_path: Path) -> None:
    files = write_files(tmp_path, 16)
    listed = read(replace(files, manifest=as_json(files.manifest)))
    assert listed.studies == read(files).studies


def test_vectors_per_section_keep_apart_and_zeros_mean_unseen(tmp_path: Path) -> None:
    files = write_files(tmp_path, 16, per_section=True)
    vectors = np.load(files.embeddings)
    vectors[2, 1] = 0
    np.save(files.embeddings, vectors)
    table = read(files)
    assert table.per_section
    assert not table.vectors[2, 1].any()
    assert table.vectors[2, 0].any()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((16, DIM + 1), "dimension 13, the taxonomy says 12"),
        ((15, DIM), r"has 15 rows, .*studies\.csv names 16"),
        ((16, 2, DIM), "has 2 vectors a study, the taxonomy 3 sections"),
        ((16,), "holds float32"),
    ],
)
def test_embeddings_of_another_form_are_refused_whole(tmp_path: Path, shape: tuple[int, ...], message: str) -> None:
    files = write_files(tmp_path, 16)
    np.save(files.embeddings, np.ones(shape, np.float32))
    with pytest.raises(EmbeddingsError, match=message) as caught:
        read(files)
    assert str(files.embeddings) in str(caught.value)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    files = write_files(tmp_path, 16)
    files.embeddings.write_bytes(b"no array")
    with pytest.raises(EmbeddingsError, match=r"vectors\.npy"):
        read(files)
    other = tmp_path / "studies.json"
    other.write_text('[{"study": "S1"}]')
    with pytest.raises(MaterialError, match=r"studies\.json.*patient"):
        read(replace(write_files(tmp_path, 16), manifest=other))
    files.reports.write_text("study,Left Ventricle\nS1,x\n")
    with pytest.raises(OwnReportsError, match="Late Enhancement"):
        read(files)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("high: 90", "high: 4", "phenotypes.0"),
        ("section: Late Enhancement", "section: Atria", "Atria"),
        ("kind: binary", "kind: yes_or_no", "phenotypes.1.kind"),
        ("modality: cardiac_mr\n", "", "modality"),
        ("sections: [Left", "sections: [[Left", "YAML"),
    ],
)
def test_a_taxonomy_says_which_field_is_wrong(tmp_path: Path, before: str, after: str, field: str) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(TAXONOMY.replace(before, after))
    with pytest.raises(TaxonomyFileError, match=field) as caught:
        read_taxonomy(path)
    assert str(path) in str(caught.value)


def test_a_file_of_ids_names_the_rows(tmp_path: Path) -> None:
    files = write_files(tmp_path, 16)
    plain, file = read(files), read_taxonomy(files.taxonomy)
    order = np.random.default_rng(1).permutation(16)
    np.save(files.embeddings, np.load(files.embeddings)[order])
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(f"S{n}" for n in order))
    named = read_study_table(files.manifest, files.embeddings, files.reports, file, ids)
    assert named.studies == plain.studies
    np.testing.assert_array_equal(named.vectors, plain.vectors)
    ids.write_text(ids.read_text().replace("S11", "unknown"))
    table = read_study_table(files.manifest, files.embeddings, files.reports, file, ids)
    assert table.kept_out == {
        "embeddings: embedding_not_in_manifest": 1,
        "manifest: no_embedding": 1,
        "reports: report_of_a_study_kept_out": 1,
    }
    ids.write_text(ids.read_text().replace("unknown", "S12"))
    with pytest.raises(EmbeddingsError, match=r"ids\.txt: names 1 studies twice"):
        read_study_table(files.manifest, files.embeddings, files.reports, file, ids)
