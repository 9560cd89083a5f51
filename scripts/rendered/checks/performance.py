"""Speed and determinism."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from scripts.rendered.checks.bars import Bar, Findings
from scripts.rendered.phantom.anatomy.views import SUBVIEWS_OF_VIEW
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.study import planned_clip
from scripts.rendered.phantom.scan.tensors import ClipFactory, ClipRecipe, model_input_batch

_PROBE = """
import hashlib, sys
from scripts.rendered.checks.performance import probe_recipes
from scripts.rendered.phantom.scan.tensors import model_input_batch
print(hashlib.sha256(model_input_batch(probe_recipes(int(sys.argv[1]), 4), 64, 4).tobytes()).hexdigest())
"""
_ROOT = Path(__file__).resolve().parents[3]


def probe_recipes(seed: int, count: int) -> list[ClipRecipe]:
    """Clips of all views in turn."""
    views = tuple(SUBVIEWS_OF_VIEW)
    recipes = []
    for number in range(count):
        plan = planned_clip(seed, number, 0, views[number % len(views)])
        recipes.append(ClipRecipe(state_of(seed, number, "clinical"), plan.acquisition, plan.noise_seed))
    return recipes


def check_speed(seed: int, clips: int) -> Findings:
    """CPU seconds of one process per clip; two such processes on two cores give twice the rate.

    Process time, not the wall clock: other work on the machine must not decide.
    """
    found = Findings()
    recipes = probe_recipes(seed, clips)
    model_input_batch(recipes[:4], 112)  # tables and code paths that are built once
    for size, limit in ((112, 20.0), (224, 8.0)):
        started = time.process_time()
        model_input_batch(recipes, size)
        per_clip = (time.process_time() - started) / len(recipes)
        found.bars.append(
            Bar.at_least(f"model-input clips per second on 2 cores, 16x{size}x{size}", 2 / per_clip, limit)
        )
    return found


def check_determinism(seed: int, factory: ClipFactory) -> Findings:
    """The same bytes here, in workers, and in a fresh process."""
    found = Findings()
    recipes = probe_recipes(seed, 4)
    here = model_input_batch(recipes, 64, 4)
    reported = subprocess.run(
        [sys.executable, "-c", _PROBE, str(seed)], capture_output=True, text=True, check=True, cwd=_ROOT
    ).stdout.strip()
    differing = int(reported != hashlib.sha256(here.tobytes()).hexdigest())
    differing += int(not np.array_equal(here, factory.batch(recipes, 64, 4)))
    found.bars.append(Bar.at_most("processes that give other bytes for the same seed", differing, 0))
    return found


def check_file_study(seed: int, folder: Path) -> Findings:
    """CPU seconds for a study of 12 files, over two cores."""
    found = Findings()
    before = _children_seconds()
    command = [
        sys.executable,
        "-m",
        "scripts.rendered.make_study",
        "--seed",
        str(seed),
        "--clips",
        "12",
        "--out",
        str(folder),
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=_ROOT)
    found.bars.append(
        Bar.at_most("file study of 12 clips, seconds on 2 cores", (_children_seconds() - before) / 2, 20.0)
    )
    return found


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system
