"""The shipped bundle is calibrated on invented patients."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from model.bundle import read_bundle
from model.device import choose_placement
from model.embeddings import StudyEmbedding
from model.familiarity.clip_distances import FILE
from scripts.rendered.calibrate import arguments_of, looks_set, run
from scripts.rendered.evaluation.studies.embedding_cache import BASE, CachedStudy, cache_folder, write_study
from scripts.rendered.evaluation.studies.study_sets import StudySet, calibration_set
from service.artifacts import ArtifactPaths, load_pipeline
from service.settings import shipped_bank, shipped_bundle


def rendered_patients(cache: Path, chosen: StudySet) -> None:
    """Invented patients as if they had been rendered and embedded; their clips say nothing of them."""
    rng = np.random.default_rng(0)
    own = load_pipeline(ArtifactPaths(shipped_bundle(), shipped_bank()), choose_placement("cpu"))
    folder, views = cache_folder(cache, own, chosen), own.bundle.views
    folder.mkdir(parents=True)
    for study in range(chosen.studies):
        embedding = StudyEmbedding(
            torch.from_numpy(rng.normal(size=(3, own.bundle.embedding_dim)).astype(np.float32)),
            torch.from_numpy(rng.dirichlet(np.ones(len(views)), 3).astype(np.float32)),
            (1, 2, 3),
            views,
            torch.from_numpy(rng.normal(size=(3, 26)).astype(np.float32)),
        )
        used = dict.fromkeys(embedding.positions, ("0" * 64, 0))
        write_study(folder / f"{study}.npz", CachedStudy(study, {BASE: embedding}, used, (), {}, 0.0))


def test_rendered_patients_calibrate_the_shipped_bundle(tmp_path: Path) -> None:
    bundle = read_bundle(shipped_bundle())
    rendered_patients(tmp_path / "cache", calibration_set(40))
    given = ["--bundle", str(shipped_bundle()), "--bank", str(shipped_bank())]
    given += ["--cache", str(tmp_path / "cache"), "--workers", "0"]
    summary = run(arguments_of([*given, "--studies", "40", "--out", str(tmp_path / "out")]))
    final = read_bundle(tmp_path / "out")
    assert summary["studies"] == 40
    assert set(summary["phenotypes"]) == {phenotype["name"] for phenotype in bundle.phenotypes}
    assert final.calibration["ejection_fraction"].keys() == {"offset", "level"}
    assert final.files.keys() == bundle.files.keys() | {FILE}
    without = [name for name, found in summary["phenotypes"].items() if "reason" in found]
    assert set(final.thresholds).isdisjoint(without)
    with pytest.raises(ValueError, match="--studies: 1 studies"):
        run(arguments_of([*given, "--studies", "1", "--out", str(tmp_path / "out2")]))


def test_limits_of_studies_alone_leave_all_else_as_it_was(tmp_path: Path) -> None:
    bundle = read_bundle(shipped_bundle())
    rendered_patients(tmp_path / "cache", calibration_set(90))
    rendered_patients(tmp_path / "cache", looks_set(10))
    given = ["--bundle", str(shipped_bundle()), "--bank", str(shipped_bank()), "--workers", "0"]
    given += ["--cache", str(tmp_path / "cache"), "--study-limits-alone", "--out", str(tmp_path / "out")]
    summary = run(arguments_of([*given, "--studies", "90", "--looks", "10"]))
    final = read_bundle(tmp_path / "out")
    assert (summary["studies"], summary["looks"], len(summary["study_limits"])) == (90, 10, 3)
    assert final.model_copy(update={"files": bundle.files}) == bundle
    assert {name for name in final.files if final.files[name] != bundle.files[name]} == {FILE}
    before, after = (load_file(folder / FILE) for folder in (shipped_bundle(), tmp_path / "out"))
    assert [round(limit, 1) for limit in after.pop("study_limits").tolist()] == summary["study_limits"]
    before.pop("study_limits", None)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
