"""`echoscribe embed`: the vectors of a study in a file, or one line that says why not."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from service.documents.study_vectors import StudyVectors
from tests.service.cli.command_line import run

CINE = Path(str(get_testdata_file("examples_ybr_color.dcm", download=False)))


def test_the_file_holds_what_the_report_was_made_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "X.npz"
    assert run(monkeypatch, "embed", CINE, "--out", out) == 0
    printed = capsys.readouterr()
    vectors = StudyVectors.read(out)
    assert json.loads(printed.out)["clips"] == len(vectors.clips) == 1
    assert f"row 0: {CINE}" in printed.err
    assert vectors.clip_embeddings.shape[1] == vectors.section_vectors.shape[1]
    assert np.isfinite(vectors.clip_embeddings).all()
    assert vectors.view_probabilities.sum() == pytest.approx(1, abs=1e-4)
    lengths = np.linalg.norm(vectors.section_vectors, axis=1)
    assert lengths[vectors.assessed] == pytest.approx(1, abs=1e-4)
    assert not lengths[~vectors.assessed].any()
    assert vectors.provenance["encoder_sha256"]
    assert list(tmp_path.iterdir()) == [out]


def test_paths_may_be_relative(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study").mkdir()
    shutil.copy(CINE, tmp_path / "study" / "Größe 1.dcm")
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        archive.write(CINE, "clip.dcm")
    monkeypatch.chdir(tmp_path)
    for study in ("study", "study.zip", "study/Größe 1.dcm"):
        assert run(monkeypatch, "embed", study, "--out", f"{len(study)}.npz") == 0
        assert json.loads(capsys.readouterr().out)["clips"] == 1


def test_what_cannot_be_written_is_told_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.cli.commands._pipeline", lambda _: pytest.fail("networks were loaded"))
    assert run(monkeypatch, "embed", CINE, "--out", tmp_path / "nothing" / "X.npz") == 2
    assert "--out" in capsys.readouterr().err
