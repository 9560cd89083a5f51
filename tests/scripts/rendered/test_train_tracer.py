"""The tracer learns from runs, goes on where it was stopped, and gets its judgements."""

import json
from pathlib import Path

import numpy as np
import pytest

from scripts.rendered import calibrate_tracer, train_tracer
from scripts.rendered.tracing import run_store
from scripts.rendered.tracing.run_store import RunStore, open_shards, render_shards
from scripts.rendered.training.tracer_training import RunBatches, dice
from service.site.training import fit
from tests.scripts.rendered.test_train_views import CountedTime

TINY = {"architecture": "residual_unet", "image_size": 32, "frames": 4, "widths": [8, 12, 16]}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_store, "SHARD", 6)
        list(render_shards(RunStore(size=40), folder, 2))
    return folder


def test_training_writes_what_a_bundle_needs_and_goes_on(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train_tracer, "tracer_network", lambda: TINY)
    monkeypatch.setattr(fit, "time", CountedTime())
    words = ["--runs", str(runs), "--out", str(tmp_path), "--batch", "4", "--held-out", "4", "--threads", "1"]
    train_tracer.main([*words, "--device", "cpu", "--seconds", "30"])
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert first["runs"] == 8
    assert json.loads((tmp_path / "network.json").read_text())["file"] == "tracer.safetensors"
    train_tracer.main([*words, "--device", "cpu", "--seconds", "60"])
    second = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert second["steps"] > first["steps"]
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0]
    monkeypatch.setattr("sys.argv", ["calibrate_tracer", "--tracer", str(tmp_path), "--studies", "1"])
    calibrate_tracer.main()
    config = json.loads((tmp_path / "network.json").read_text())
    assert config["judgements"] == {}  # one study teaches nothing


def test_a_batch_is_the_same_whenever_asked(runs: Path) -> None:
    batches = RunBatches(open_shards(runs), 10, 3, 32)
    grey, truth = batches.at(4)
    again, _ = batches.at(4)
    other, _ = batches.at(5)
    assert grey.shape == truth.shape == (3, 4, 32, 32)
    assert grey.equal(again)
    assert not grey.equal(other)


def test_dice_of_what_is_the_same_is_one() -> None:
    truth = np.zeros((2, 10, 10), np.uint8)
    truth[0, 2:6, 2:6], truth[1, 2:6, 2:8] = 1, 3
    same, shifted = dice(truth, truth), dice(np.roll(truth, 2, axis=1), truth)
    assert same["lv"].tolist() == same["la"].tolist() == [1.0]
    assert shifted["lv"].tolist() == [0.5]
    assert len(same["rv"]) == 0
