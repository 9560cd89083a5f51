"""A release by somebody else's script, and one of our own making, become a bundle and a bank."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from index.candidate_bank import CandidateBank
from index.retrieval import RetrievedSentence
from model.bundle import read_bundle
from model.echo.taxonomy import ECHO_TAXONOMY, VIEWS
from model.report.text_encoder.text_encoder import encode_reports
from scripts.reference import make_echoprime_release
from scripts.reference.release import synthetic_weights
from scripts.reference.release.synthetic_candidates import UNLABELLED
from service.site.echoprime import bank as bank_module
from service.site.echoprime import bundle as bundle_module
from service.site.echoprime.errors import PickleRefused, ReleaseMismatch
from service.site.echoprime.importing import import_release
from service.site.echoprime.layout import WEIGHTS
from service.site.observer import Observer
from tests.service.cli.command_line import run
from tests.service.site.echoprime.small_release import DIMENSION, write_release


class SmallEncoder(nn.Module):
    """Has the one tensor by which the importer knows an MViT's dimension."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Dropout(), nn.Linear(4, dimension))


@pytest.fixture(autouse=True)
def small_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full-size networks take half a minute; their names and shapes are compared by the same code."""
    monkeypatch.setattr(bundle_module, "build_video_encoder", lambda config: SmallEncoder(config["embedding_dim"]))
    monkeypatch.setattr(bundle_module, "build_view_classifier", lambda _, views: nn.Linear(3, len(views)))


def write_small_weights(folder: Path, seed: int, *, text_encoder: bool, dimension: int = DIMENSION) -> None:
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(SmallEncoder(dimension).state_dict(), folder / "echo_prime_encoder.pt")
    torch.save(nn.Linear(3, len(VIEWS)).state_dict(), folder / "view_classifier.pt")
    if text_encoder:
        generator = torch.Generator().manual_seed(seed)
        torch.save(synthetic_weights._text_encoder(generator, dimension), folder / "echo_prime_text_encoder.pt")


def foreign_release(root: Path, **options: Any) -> Path:
    folder = write_release(root, **options)
    write_small_weights(folder / WEIGHTS, 0, text_encoder=False)
    return folder


@pytest.mark.parametrize("protocol", [0, 3, 5])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_a_foreign_release_is_imported(tmp_path: Path, protocol: int, dtype: torch.dtype) -> None:
    summary = import_release(foreign_release(tmp_path / "R", protocol=protocol, dtype=dtype), tmp_path / "B")
    bundle = read_bundle(tmp_path / "B" / "bundle")
    bank = CandidateBank.open(tmp_path / "B" / "bank", bundle.files["video_encoder.safetensors"], verify="all")
    assert (bundle.trained, bundle.domain, bundle.decoder) == (True, "clinical", None)
    assert bundle.thresholds == {"impella": 0.16}
    assert bundle.mil_weights["Aorta"]["A2C"] == 0.03
    assert "forbids" in bundle.licence_notice
    assert bundle.licence_notice == bank.manifest.licence_notice
    assert bank.embeddings.shape == (7, DIMENSION)
    sentence = bank.sections_of([3])[0]["Left Ventricle"]
    assert sentence[0] == RetrievedSentence(2, "mid wall")
    assert bank.phrases.text(2, "mid wall") == "Akinesis of the mid wall."
    assert bank.rows_of_section("Pulmonic Valve").tolist() == [0, 1, 4]
    assert np.array_equal(bank.labels("impella", np.arange(3)), [1, 0, np.nan], equal_nan=True)
    derived = bank.labels("pulmonic_valve_regurgitation", np.arange(5))
    assert np.array_equal(derived, [0, 1, np.nan, np.nan, 0], equal_nan=True)
    ef = bank.labels("ejection_fraction", np.arange(7))
    assert np.array_equal(ef, [55, np.nan, np.nan, 35, 40, np.nan, np.nan], equal_nan=True)
    assert summary["labels"]["given"] == ["impella", "tavr", "mitraclip"]
    assert summary["labels"]["derived"] == ["ejection_fraction", "pulmonic_valve_regurgitation"]
    assert summary["labels"]["unknown_columns"] == ["not_a_phenotype"]
    assert len(summary["labels"]["absent"]) == 20
    assert set(summary["thresholds_dropped"]) == {"tavr", "lv_mass", "ejection_fraction"}
    assert bank.manifest.phenotypes["ejection_fraction"].derived
    assert not bank.manifest.phenotypes["impella"].derived


def test_a_synthetic_release_is_imported_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        make_echoprime_release,
        "write_weights",
        lambda folder, seed, text_encoder: write_small_weights(folder, seed, text_encoder=text_encoder, dimension=512),
    )
    for name, size in (("_VOCABULARY", 16), ("_WIDTH", 64), ("_INNER", 96), ("_LAYERS", 1), ("_POSITIONS", 12)):
        monkeypatch.setattr(synthetic_weights, name, size)
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nnormal\n.\n")
    make_echoprime_release.make_release(tmp_path / "R", 300, 3)
    reports = pickle.loads((tmp_path / "R/model_data/candidates_data/candidate_reports.pkl").read_bytes())
    assert len(reports) == 300
    summary = import_release(tmp_path / "R", tmp_path / "B", tokenizer=tmp_path)
    bundle = read_bundle(tmp_path / "B" / "bundle")
    bank = CandidateBank.open(tmp_path / "B" / "bank", None, verify="all")
    assert (bundle.trained, bundle.domain) == (False, "synthetic")
    assert (bank.manifest.trained, bank.manifest.domain) == (False, "synthetic")
    assert "EchoPrime is contained" in bundle.licence_notice
    assert {"text_encoder.safetensors", "text_tokenizer.json"} <= set(bundle.files)
    assert encode_reports(tmp_path / "B" / "bundle", bundle, ["Normal."]).shape == (1, 512)
    assert set(summary["labels"]["derived"]) == UNLABELLED
    assert set(summary["labels"]["given"]) == set(ECHO_TAXONOMY.phenotype_names) - UNLABELLED
    assert "left_ventricular_mass" in summary["thresholds_dropped"]
    assert bank.manifest.sentences == sum(map(len, reports))
    for report, sections in zip(reports[:50], bank.sections_of(np.arange(50)), strict=True):
        assert len(report) == sum(map(len, sections.values()))
    assert 0.99 < bank.manifest.norms.minimum <= bank.manifest.norms.maximum < 1.01


def test_labels_need_not_come_with_a_release(tmp_path: Path) -> None:
    folder = foreign_release(tmp_path / "R")
    (folder / "model_data/candidates_data/candidate_labels.pkl").unlink()
    summary = import_release(folder, tmp_path / "B")
    assert summary["labels"]["given"] == []
    assert summary["labels"]["derived"] == ["ejection_fraction", "pulmonic_valve_regurgitation"]


def break_counts(folder: Path) -> None:
    path = folder / "model_data/candidates_data/candidate_studies.csv"
    path.write_text(path.read_text() + "8,200\n")


def break_reports(folder: Path) -> None:
    path = folder / "model_data/candidates_data/candidate_reports.pkl"
    path.write_bytes(path.read_bytes()[:-5])


def break_dimension(folder: Path) -> None:
    torch.save(torch.ones(2, 5), folder / "model_data/candidates_data/candidate_embeddings_p1.pt")


def break_labels(folder: Path) -> None:
    table = {"tavr": {"nobody": 1}}
    (folder / "model_data/candidates_data/candidate_labels.pkl").write_bytes(pickle.dumps(table))


def break_weights(folder: Path) -> None:
    torch.save({"head.1.weight": torch.ones(8, 4)}, folder / WEIGHTS / "echo_prime_encoder.pt")


@pytest.mark.parametrize(
    ("damage", "reported"),
    [
        (break_counts, "7 candidates, candidate_studies.csv lists 8"),
        (break_reports, "candidate_reports.pkl"),
        (break_dimension, "vectors of 5, the video encoder embeds in 8"),
        (break_labels, "none of its studies is listed"),
        (break_weights, r"lacks the tensors \['head.1.bias'\]"),
    ],
)
def test_files_that_do_not_fit_are_named_and_nothing_is_left(tmp_path: Path, damage: Any, reported: str) -> None:
    folder = foreign_release(tmp_path / "R")
    damage(folder)
    with pytest.raises((ReleaseMismatch, PickleRefused), match=reported):
        import_release(folder, tmp_path / "B")
    assert list((tmp_path / "B").iterdir()) == []


def test_the_command_ends_in_json_or_in_one_line_of_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = foreign_release(tmp_path / "R")
    command = ("import", "echoprime", folder, "--out", tmp_path / "B")
    assert run(monkeypatch, *command) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["candidates"] == 7
    assert run(monkeypatch, *command) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("stopped_at", ["label_columns", "embedding_blocks", "report_blocks", "DerivedLabels"])
def test_an_import_that_was_stopped_goes_on_where_it_was(
    tmp_path: Path, stopped_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = foreign_release(tmp_path / "R")
    whole = import_release(folder, tmp_path / "whole")
    reported: list[str] = []

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(bank_module, "_add_derived" if stopped_at == "DerivedLabels" else stopped_at, stop)
        with pytest.raises(KeyboardInterrupt):
            import_release(folder, tmp_path / "B")
    assert not (tmp_path / "B" / "bank").exists()
    summary = import_release(folder, tmp_path / "B", observer=Observer(say=reported.append))
    said = " ".join(reported)
    assert ("labels: there already" in said) is (stopped_at != "label_columns")
    assert ("vectors: there already" in said) is (stopped_at in {"report_blocks", "DerivedLabels"})
    assert {**summary, "seconds": 0, "peak_memory_bytes": 0} == {**whole, "seconds": 0, "peak_memory_bytes": 0}
    again, once = (CandidateBank.open(tmp_path / name / "bank", None, verify="all") for name in ("B", "whole"))
    assert again.manifest == once.manifest
    assert [path.name for path in (tmp_path / "B").iterdir() if path.name.startswith(".")] == []


def test_what_was_imported_of_another_release_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = foreign_release(tmp_path / "R")
    with monkeypatch.context() as patched:
        patched.setattr(bank_module, "report_blocks", lambda *_: (_ for _ in ()).throw(OSError("the disk is full")))
        with pytest.raises(OSError, match="full"):
            import_release(folder, tmp_path / "B")
    studies = folder / "model_data/candidates_data/candidate_studies.csv"
    os.utime(studies, ns=(1, 1))
    reported: list[str] = []
    import_release(folder, tmp_path / "B", observer=Observer(say=reported.append))
    assert reported
    assert "there already" not in " ".join(reported)
