"""The check of a GPU host, run on a CPU with tiny networks and few candidates: what it measures and what fails it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from model.device import choose_placement
from scripts.reference import gpu_check
from scripts.reference.benchmark import device_checks
from scripts.reference.benchmark.device_checks import Inputs, Networks, result, same
from scripts.reference.gpu_check import Check, golden_check, main

CPU = choose_placement("cpu")


class Mean(nn.Module):
    """A tiny network: the mean over space and time of each channel, mixed."""

    def __init__(self, outputs: int, *, off: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.mix = nn.Linear(3, outputs)
        with torch.no_grad():
            self.mix.weight[0] += off

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        mixed: torch.Tensor = self.mix(clips.flatten(2).mean(dim=2))
        return mixed


def small_check(monkeypatch: pytest.MonkeyPatch, *, off: float = 0.0) -> Check:
    monkeypatch.setattr(torch, "compile", lambda network, **_: network)  # compiling for a CPU takes a compiler
    monkeypatch.setattr(device_checks, "_REPEATS", 1)
    clips = [torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(n)) for n in range(3)]
    networks = Networks(Mean(6), Mean(4), lambda: (Mean(6, off=off), Mean(4)))
    return Check(lambda: networks, lambda: Inputs(clips), batches=(1, 5), candidates=700, dimension=32)


def test_every_part_is_checked_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: Any = result(small_check(monkeypatch).run(CPU), CPU, 1.0)
    assert reported["ok"], reported["bars"]
    assert json.loads(json.dumps(reported)) == reported
    for name in ("float32", "bfloat16", "bfloat16_compiled"):
        figures = reported[name]
        assert {"worst_cosine", "encode_s_per_clip_of_1", "encode_s_per_clip_of_5", "views_s_per_frame"} <= set(figures)
        assert f"{name}: the same view for every clip" in reported["bars"]
    assert reported["bars"]["FAISS finds what the exact scan finds"]
    assert reported["expected_from"] == "published twin on the CPU"
    assert reported["search"]["candidates"] == 700


def test_networks_that_differ_fail_their_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    found = small_check(monkeypatch, off=0.5).run(CPU)
    assert not found.bars["float32: worst clip's cosine of at least 0.99999"]
    assert found.bars["float32: the same view for every clip"]


def test_a_faiss_without_the_device_fails_its_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    check = small_check(monkeypatch)
    monkeypatch.setattr(device_checks, "_flat", lambda *_: None)
    found = check.run(CPU)
    assert not found.bars["FAISS runs on the device"]
    assert "FAISS finds what the exact scan finds" not in found.bars


def test_answers_are_the_same_where_only_ties_change_places() -> None:
    scores = np.array([[0.9, 0.5, 0.5, 0.1]], np.float32)
    ids = np.array([[4, 1, 2, 3]])
    assert same((np.array([[4, 2, 1, 3]]), scores), (ids, scores))
    assert not same((np.array([[1, 4, 2, 3]]), scores), (ids, scores))
    assert not same((ids, scores + np.float32(1e-3)), (ids, scores))
    assert same((np.array([[4, 1, 2, 7]]), scores), (ids, scores))  # the last may tie with what was left out


def test_golden_arrays_are_taken_as_they_are(tmp_path: Path) -> None:
    clips = np.random.default_rng(0).integers(0, 255, (2, 16, 224, 224, 3)).astype(np.uint8)
    np.savez(
        tmp_path / "echoprime_encoders.npz",
        seed=np.array(3),
        input_clips=clips,
        clip_embeddings=np.ones((2, 512)),
        view_logits=np.ones((2, 11)),
    )
    inputs = golden_check(tmp_path)[1]()
    assert (len(inputs.clips), inputs.clips[0].shape) == (2, (3, 16, 224, 224))
    assert inputs.embeddings is not None
    assert inputs.embeddings.dtype == torch.float32


def test_a_machine_without_a_gpu_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main([]) == 2
    assert "no CUDA device" in json.loads(capsys.readouterr().out)["reason"]


def test_a_bar_that_fails_is_seen_in_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check = small_check(monkeypatch, off=0.5)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(gpu_check, "choose_placement", lambda _: CPU)
    monkeypatch.setattr(gpu_check, "Check", lambda *_, **__: check)
    assert main([]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
