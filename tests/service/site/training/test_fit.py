"""One loop for every training: it equals a loop written out plainly, ends where it should, goes on without a trace."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from service.site.training import fit as fit_module
from service.site.training.checkpoint import CHECKPOINT, CheckpointFolder, load_checkpoint, save_checkpoint
from service.site.training.fit import LOG, Learning, Limits, Losses, cosine_rate, fit
from service.site.training.made_ahead import MadeAhead

RATE, DECAY = 0.05, 0.1


def line() -> nn.Linear:
    torch.manual_seed(3)
    return nn.Linear(4, 2)


def errors(network: nn.Module, step: int) -> Losses:
    """A batch of its own for each step."""
    given = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
    squares = (network(given) - given[:, :2]).square()
    return {"loss": squares.mean(), "largest": squares.max()}


def learning(network: nn.Module, largest_gradient: float | None = 0.2) -> Learning:
    return Learning(
        networks=network,
        optimizer=torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY),
        losses=lambda step: errors(network, step),
        rate=lambda progress: cosine_rate(RATE, progress, 0.1),
        largest_gradient=largest_gradient,
    )


def plain(steps: int, largest_gradient: float | None) -> nn.Linear:
    """The slow twin: the loop as every trainer had it written out."""
    network = line()
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    for step in range(steps):
        share = step / steps
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (share + 1e-3) / 0.1) * 0.5 * (1 + math.cos(math.pi * share))
        loss = errors(network, step)["loss"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own annotation lacks it
        if largest_gradient is not None:
            nn.utils.clip_grad_norm_(network.parameters(), largest_gradient)
        optimizer.step()
    return network


def assert_equal(one: nn.Module, other: nn.Module) -> None:
    for name, weight in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], weight, rtol=0, atol=0)


@pytest.mark.parametrize("largest_gradient", [None, 0.2])
def test_weights_equal_those_of_a_loop_written_out(largest_gradient: float | None) -> None:
    network = line()
    assert fit(learning(network, largest_gradient), Limits(25)) == 25
    assert_equal(network, plain(25, largest_gradient))


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path) -> None:
    whole, network = line(), line()
    fit(learning(whole), Limits(20))
    stopping = learning(network)
    original, calls = stopping.losses, iter(range(100))

    def interrupted(step: int) -> Losses:
        if next(calls) == 13:
            raise KeyboardInterrupt
        return original(step)

    limits, folder = Limits(20, log_every=1, checkpoint_every=5), CheckpointFolder(tmp_path, "a")
    with pytest.raises(KeyboardInterrupt):
        fit(Learning(**{**vars(stopping), "losses": interrupted}), limits, folder)
    state = load_checkpoint(tmp_path, "a")
    assert state is not None
    assert state["step"] == 10
    assert fit(learning(network), limits, folder) == 20
    assert_equal(whole, network)
    assert fit(learning(network), limits, folder) == 20  # nothing is left to do
    assert_equal(whole, network)
    with pytest.raises(ValueError, match="another configuration"):
        fit(learning(network), limits, CheckpointFolder(tmp_path, "b"))


def test_seconds_end_a_training_and_the_last_step_is_logged_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(100))
    monkeypatch.setattr(fit_module, "time", SimpleNamespace(monotonic=lambda: float(next(now))))
    network = line()
    assessed: list[int] = []

    def assess() -> Mapping[str, float]:
        assessed.append(1)
        return {"held_out": 0.5}

    timed = Learning(**{**vars(learning(network)), "assess": assess})
    folder = CheckpointFolder(tmp_path, "a")
    assert fit(timed, Limits(1000, 7.0, log_every=3, checkpoint_every=5), folder) == 7
    lines = [json.loads(row) for row in (tmp_path / LOG).read_text().splitlines()]
    assert [row["step"] for row in lines] == [3, 5, 6, 7]
    assert lines[0].keys() == {"step", "loss", "largest", "rate", "seconds"}
    assert lines[1].keys() == {"step", "held_out", "rate", "seconds"}
    assert lines[-1].keys() == {"step", "loss", "largest", "held_out", "rate", "seconds"}
    assert (len(assessed), lines[-1]["seconds"]) == (2, 7.0)
    state = load_checkpoint(tmp_path, "a")
    assert state is not None
    assert (state["step"], state["seconds"]) == (7, 7.0)


def test_other_processes_of_a_training_write_nothing(tmp_path: Path) -> None:
    fit(learning(line()), Limits(3, log_every=1, checkpoint_every=1), CheckpointFolder(tmp_path, "a", writes=False))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["objective", "towers"])
def test_checkpoints_from_before_the_shared_loop_are_read(name: str, tmp_path: Path) -> None:
    network, other = plain(3, None), line()
    optimizer = torch.optim.AdamW(network.parameters())
    state = {name: network.state_dict(), "optimizer": optimizer.state_dict()}
    save_checkpoint(tmp_path, {**state, "step": 3, "seconds": 1.5, "fingerprint": "a"})
    assert CheckpointFolder(tmp_path, "a").resume(other, torch.optim.AdamW(other.parameters())) == (3, 1.5)
    assert_equal(network, other)


def test_a_write_that_fails_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path, {"fingerprint": "a", "step": 1})

    write = Path.write_bytes

    def failing(path: Path, data: bytes) -> int:
        write(path, b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", failing)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(tmp_path, {"fingerprint": "a", "step": 2})
    assert load_checkpoint(tmp_path, "a") == {"fingerprint": "a", "step": 1}
    assert (tmp_path / CHECKPOINT).is_file()


def test_a_training_without_a_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="steps, seconds or both"):
        Limits()


def test_batches_made_ahead_are_those_asked_for() -> None:
    made: list[int] = []

    def square(number: int) -> int:
        made.append(number)
        return number * number

    with MadeAhead(square) as batches:
        assert [batches.at(number) for number in (2, 3, 4, 9, 10)] == [4, 9, 16, 81, 100]
    assert made[:4] == [2, 3, 4, 5]
