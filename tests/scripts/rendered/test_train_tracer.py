"""The tracer learns from runs, goes on where it was stopped, and gets its judgements."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from model.echo.networks.tracer_network import build_tracer_network
from scripts.rendered import calibrate_tracer, train_tracer
from scripts.rendered.tracing import run_store
from scripts.rendered.tracing.run_store import RunStore
from scripts.rendered.tracing.shards import open_shards, render_shards
from scripts.rendered.training.tracer_training import RunBatches, dice, still_weights
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
    batches = RunBatches(open_shards(runs, RunStore.name), 10, 3, 32)
    grey, truth = batches.at(4)
    again, _ = batches.at(4)
    other, _ = batches.at(5)
    assert grey.shape == truth.shape == (3, 4, 32, 32)
    assert grey.equal(again)
    assert not grey.equal(other)


def test_a_training_begins_from_another_ones_weights(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_tracer, "tracer_network", lambda: TINY)
    monkeypatch.setattr(fit, "time", CountedTime())
    words = ["--runs", str(runs), "--batch", "2", "--held-out", "4", "--threads", "1", "--device", "cpu"]
    train_tracer.main([*words, "--out", str(tmp_path / "first"), "--seconds", "2"])
    network = build_tracer_network(TINY)
    train_tracer.begin_from(network, tmp_path / "first")
    trained = load_file(tmp_path / "first" / "tracer.safetensors")
    assert all(trained[name].equal(weight) for name, weight in network.state_dict().items() if name in trained)
    further = ["--seconds", "2", "--rate", "1e-9", "--begin-from", str(tmp_path / "first")]
    train_tracer.main([*words, "--out", str(tmp_path / "second"), *further])
    went_on = load_file(tmp_path / "second" / "tracer.safetensors")
    assert all(went_on[name].allclose(weight, atol=1e-5) for name, weight in trained.items() if name.endswith("weight"))


def test_a_network_of_one_frame_goes_on_from_one_of_several() -> None:
    torch.manual_seed(0)
    several, one = build_tracer_network(TINY).eval(), build_tracer_network({**TINY, "frames": 1}).eval()
    one.load_state_dict(still_weights(several.state_dict(), several.frames))
    picture = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        still = several(picture.repeat(1, 4, 1, 1))
        torch.testing.assert_close(one(picture)[:, 0], still[:, 1], atol=1e-4, rtol=1e-4)


def test_a_batch_for_one_frame_holds_one_frame_of_each_run(runs: Path) -> None:
    grey, truth = RunBatches(open_shards(runs, RunStore.name), 10, 3, 32, frames=1).at(0)
    assert grey.shape == truth.shape == (3, 1, 32, 32)


def test_dice_of_what_is_the_same_is_one() -> None:
    truth = np.zeros((2, 10, 10), np.uint8)
    truth[0, 2:6, 2:6], truth[1, 2:6, 2:8] = 1, 3
    same, shifted = dice(truth, truth), dice(np.roll(truth, 2, axis=1), truth)
    assert same["lv"].tolist() == same["la"].tolist() == [1.0]
    assert shifted["lv"].tolist() == [0.5]
    assert len(same["rv"]) == 0
