"""Runs echovlm's own training script for a bounded time, in an environment of its own; none of its files is changed.

    PYTHON their_training.py CHECKOUT --seconds 3600 --settings '{"device_batch_size": 16}' [--dtype bfloat16]

Runs in the folder that holds `assets/`. Knows nothing of EchoScribe: its interpreter may lack it. What is set from
outside, so that the script runs where there is no GPU and stops when its time is over:

- its user settings, constants of the script, take the values of `--settings`;
- its attention is given a key mask and the causal flag at once, which torch refuses on a CPU; texts are padded on the
  right, so that the causal flag alone gives the same loss, and the mask is left away;
- it reads batches with eight processes; here with as many as are asked for;
- its clock raises when the time is over; then the weights are stored as its own checkpoint is.
"""

import argparse
import ast
import contextlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from torch.utils import data

SCRIPT = Path("scripts/base_train.py")
CHECKPOINT, MEASURED = "checkpoint.pt", "measured.json"
_WARM_UP = 3  # steps whose time does not count: they compile and fill caches


class TimeOver(Exception):
    """The training has had its time."""


class Clock:
    """The script's clock: it is asked before and after each step, and counts the tokens in between."""

    def __init__(self, seconds: float, variables: dict[str, Any]) -> None:
        self._time, self._seconds, self._variables = time.time, seconds, variables
        self._started: float | None = None
        self._step_began: float | None = None
        self.steps: list[tuple[float, int, int]] = []  # seconds, tokens and reports of each

    def time(self) -> float:
        """Seconds since the epoch. Raises TimeOver before a step that would begin too late."""
        now = self._time()
        if sys._getframe(1).f_globals is not self._variables:
            return now
        if self._step_began is not None:
            targets = self._variables["y"]
            self.steps.append((now - self._step_began, int((targets >= 0).sum()), len(targets)))
            self._step_began = None
            return now
        if self.steps and self._started is None:  # the first step compiles, which is not training
            self._started = now
        if self._started is not None and now - self._started >= self._seconds:
            raise TimeOver
        self._step_began = now
        return now

    def per_second(self) -> tuple[float, float]:
        """Text tokens, and positions that the network read, in a second of steps; the first ones are left out."""
        counted = self.steps[_WARM_UP:] or self.steps
        seconds, tokens, reports = (sum(column) for column in zip(*counted, strict=True)) if counted else (1.0, 0, 0)
        return tokens / seconds, (tokens + reports) / seconds  # a report is read behind one vector


def with_settings(source: str, settings: dict[str, Any]) -> ast.Module:
    """The script with other values for its module-level constants. Raises KeyError for a name that it does not set."""
    tree = ast.parse(source)
    left = dict(settings)
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in left:
            node.value = ast.copy_location(ast.Constant(left.pop(node.targets[0].id)), node.value)
    if left:
        raise KeyError(f"the script sets no {sorted(left)}")
    return ast.fix_missing_locations(tree)


def causal_alone(attend: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Attention that leaves a key mask away where it is causal anyway."""

    def attention(*parts: torch.Tensor, is_causal: bool = False, **options: Any) -> torch.Tensor:
        if is_causal:
            options.pop("attn_mask", None)
            parts = parts[:3]
        return attend(*parts, is_causal=is_causal, **options)

    return attention


class FewReaders(data.DataLoader[Any]):
    """A loader with fewer processes than its caller asks for."""

    processes = 1

    def __init__(self, *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **{**options, "num_workers": self.processes, "pin_memory": False})


def train(checkout: Path, seconds: float, settings: dict[str, Any], dtype: str) -> dict[str, Any]:
    """What the training reached; its weights lie in the folder that the script made."""
    variables: dict[str, Any] = {"__name__": "__main__", "__file__": str(checkout / SCRIPT)}
    clock = Clock(seconds, variables)
    functional.scaled_dot_product_attention = causal_alone(functional.scaled_dot_product_attention)
    data.DataLoader = FewReaders  # type: ignore[misc]  # a class is replaced: the script names it through its module
    time.time = clock.time
    if dtype != "float32":  # the script computes in float32 where there is no GPU
        contextlib.nullcontext = lambda: torch.autocast("cpu", getattr(torch, dtype))  # type: ignore[misc,assignment]  # likewise
    tree = with_settings((checkout / SCRIPT).read_text(encoding="utf-8"), settings)
    with contextlib.suppress(TimeOver):
        exec(compile(tree, str(checkout / SCRIPT), "exec"), variables)  # noqa: S102 - the script that was asked for
    folder = Path(variables["run_dir"])
    torch.save(
        {"model": variables["model"].state_dict(), "model_config": variables["model_config_kwargs"]},
        folder / CHECKPOINT,
    )
    tokens_per_second, positions_per_second = clock.per_second()
    return {
        "folder": str(folder),
        "steps": len(clock.steps),
        "text_tokens": sum(tokens for _, tokens, _ in clock.steps),
        "text_tokens_per_second": round(tokens_per_second, 1),
        "positions_per_second": round(positions_per_second, 1),
        "parameters": variables["num_params"],
        "validation_bits_per_byte": variables["min_val_bpb"],
        "loss": variables["debiased_smooth_loss"] if clock.steps else None,
        "settings": settings,
        "dtype": dtype,
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--settings", type=json.loads, default={})
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    FewReaders.processes = arguments.processes
    found = train(arguments.checkout, arguments.seconds, arguments.settings, arguments.dtype)
    Path(MEASURED).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
