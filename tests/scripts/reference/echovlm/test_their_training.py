"""A training script runs from outside: with other settings, on a CPU, for as long as it may, and keeps its weights."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from scripts.reference.echovlm import their_training
from scripts.reference.echovlm.their_training import causal_alone, with_settings

# As much of such a script as is looked at: names of settings, a clock before and after each step, attention.
SCRIPT = """
import os
import time
from torch import nn
import torch
import torch.nn.functional as F

device_batch_size = 256
eval_every = 250
os.makedirs("assets/run", exist_ok=True)
run_dir = "assets/run"
model = nn.Linear(4, 4)
model_config_kwargs = {"n_layer": 1}
num_params, min_val_bpb, debiased_smooth_loss = 20, 1.5, 0.0
q = torch.randn(1, 1, 3, 4)
key_mask = torch.ones(1, 1, 1, 3, dtype=torch.bool)
while True:
    y = torch.tensor([[1, 2, -100]] * device_batch_size)
    t0 = time.time()
    F.scaled_dot_product_attention(q, q, q, key_mask, is_causal=True, enable_gqa=False)
    time.sleep(0.01)
    t1 = time.time()
    debiased_smooth_loss = t1 - t0
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "checkout" / "scripts").mkdir(parents=True)
    (tmp_path / "checkout" / "scripts" / "base_train.py").write_text(SCRIPT, encoding="utf-8")
    return tmp_path / "checkout"


def test_it_stops_when_its_time_is_over_and_keeps_its_weights(checkout: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    settings = json.dumps({"device_batch_size": 3})
    command = [sys.executable, their_training.__file__, str(checkout), "--seconds", "0.5", "--settings", settings]
    subprocess.run(command, cwd=work, check=True, capture_output=True)
    found = json.loads((work / "measured.json").read_text())
    assert 2 <= found["steps"] <= 60
    assert found["text_tokens"] == 6 * found["steps"]
    assert found["positions_per_second"] == pytest.approx(1.5 * found["text_tokens_per_second"], rel=0.01)
    kept = torch.load(work / found["folder"] / "checkpoint.pt", weights_only=True)
    assert kept["model"]["weight"].shape == (4, 4)
    assert (checkout / "scripts" / "base_train.py").read_text() == SCRIPT


def test_settings_are_replaced_and_unknown_ones_refused() -> None:
    found: dict[str, object] = {}
    exec(compile(with_settings("a = 1\nb = a + 1", {"a": 5}), "script", "exec"), found)
    assert (found["a"], found["b"]) == (5, 6)
    with pytest.raises(KeyError, match="layers"):
        with_settings("a = 1", {"layers": 2})


def test_the_mask_that_is_left_away_changes_nothing_where_texts_are_padded_on_the_right() -> None:
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 2, 5, 4, generator=generator) for _ in range(3))
    lengths = torch.tensor([5, 3])
    key_mask = (torch.arange(5)[None] < lengths[:, None])[:, None, None]
    both = key_mask & torch.ones(5, 5, dtype=torch.bool).tril()
    slow = functional.scaled_dot_product_attention(q, k, v, both)
    fast = causal_alone(functional.scaled_dot_product_attention)(q, k, v, key_mask, is_causal=True)
    for row, length in enumerate(lengths.tolist()):
        assert torch.allclose(fast[row, :, :length], slow[row, :, :length], atol=1e-6)
