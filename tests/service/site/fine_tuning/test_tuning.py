"""From a site's folder and CSV to a new bundle that the service's own loader takes, and that old banks do not fit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from index.errors import BankError
from model.bundle import read_bundle
from model.device import choose_placement
from model.report.text_encoder.text_encoder import open_text_encoder
from service.artifacts import ArtifactPaths, load_pipeline
from tests.model.echo.small_echo import DIMENSION
from tests.service.cli.command_line import run
from tests.service.site.fine_tuning.small_site import write_bundle_with_text, write_site
from tests.service.site.weights.test_importing import write_bank

ROOT = Path(__file__).parents[4]


def words(folder: Path, *more: str) -> list[str]:
    given = ["--bundle", folder / "B", "--studies", folder / "studies", "--reports", folder / "reports.csv"]
    given += ["--mapping", folder / "columns.yaml", "--out", folder / "B2", "--device", "cpu"]
    return ["fine-tune", *map(str, given), "--steps", "6", "--patients", "3", "--learning-rate", "1e-3", *more]


def test_a_site_fine_tunes_both_towers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_site(tmp_path, 12)
    before = write_bundle_with_text(tmp_path / "B")
    assert run(monkeypatch, *words(tmp_path)) == 0, capsys.readouterr().err
    out = capsys.readouterr().out
    assert "build its bank again" in out
    summary = json.loads(out.splitlines()[-1])
    assert summary["training_studies"] == 6
    assert summary["kept_out"] == {"report_without_videos": 1, "videos_without_report": 1}
    for when in ("before", "after"):
        assert summary["held_out"][when]["studies"] == 6
        assert 0 <= summary["held_out"][when]["recall_at_5"] <= 1
    after = read_bundle(tmp_path / "B2")
    for name in ("video_encoder.safetensors", "text_encoder.safetensors"):
        assert after.files[name] != before.files[name]
    assert (after.trained, after.decoder, after.thresholds) == (True, None, {})
    assert after.evaluation["fine_tuning"]["steps"] == 6
    assert {path.name for path in tmp_path.iterdir()} == {"B", "B2", "studies", "reports.csv", "columns.yaml"}
    old = write_bank(tmp_path / "bank", before.files["video_encoder.safetensors"], DIMENSION)
    load_pipeline(ArtifactPaths(tmp_path / "B", old), choose_placement("cpu"))
    with pytest.raises(BankError, match="a bank serves the encoder that embedded it"):
        load_pipeline(ArtifactPaths(tmp_path / "B2", old), choose_placement("cpu"))
    assert run(monkeypatch, *words(tmp_path)) == 2
    assert "B2: exists already" in capsys.readouterr().err


def test_an_imported_bundle_gets_a_text_tower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_site(tmp_path, 4)
    write_bundle_with_text(tmp_path / "B", text=False)
    assert run(monkeypatch, *words(tmp_path, "--freeze-text")) == 2
    assert "has no text encoder" in capsys.readouterr().err
    assert run(monkeypatch, *words(tmp_path, "--steps", "1")) == 0, capsys.readouterr().err
    manifest = read_bundle(tmp_path / "B2")
    vectors = open_text_encoder(tmp_path / "B2", manifest)(["Normal left ventricular size."])
    assert vectors.shape == (1, manifest.embedding_dim)


def test_too_few_patients_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_site(tmp_path, 2)
    write_bundle_with_text(tmp_path / "B")
    assert run(monkeypatch, *words(tmp_path)) == 2
    message = capsys.readouterr().err
    assert "1 patients with clips and a report" in message
    assert "'report_without_videos': 1" in message
    assert not (tmp_path / "B2").exists()


def test_several_processes_train_together_and_one_of_them_speaks(tmp_path: Path) -> None:
    write_site(tmp_path, 12)
    write_bundle_with_text(tmp_path / "B")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "-m", "service.cli.entry", *words(tmp_path, "--steps", "2", "--patients", "2")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(told) == 1
    assert json.loads(told[0])["steps"] == 2
    assert read_bundle(tmp_path / "B2").evaluation["fine_tuning"]["steps"] == 2
