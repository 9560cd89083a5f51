"""A decoder for a bank, stage by stage: tokenizer, rows, training, thresholds, evaluation, and a new bundle.

A stage that is finished is not done again; a training that was stopped goes on. All of it lies in a hidden folder
beside the new bundle, which appears whole at the end.
"""

import json
import os
import resource
import shutil
import time
from collections.abc import Callable
from typing import Any

import torch
from safetensors import SafetensorError

from service.site.bank_training.errors import TrainingStopped
from service.site.bank_training.material import is_full
from service.site.bank_training.measuring_stage import bits_of_held_out, measure
from service.site.bank_training.new_bundle import write_new_bundle
from service.site.bank_training.options import BankTrainingOptions
from service.site.bank_training.row_stages import write_rows, write_study_rows, write_tokenizer
from service.site.bank_training.run_parts import FINE_TUNING, TRAINING, RunParts, work_folder
from service.site.bank_training.training_stages import fine_tune, train
from service.site.observer import QUIET, Observer
from service.site.training.heap import return_freed_memory
from service.site.training.processes import own_placement, process_group, wait_for_all

BEGUN_FILE = "begun.json"
Stage = Callable[[RunParts], dict[str, Any]]


def train_on_bank(options: BankTrainingOptions, observer: Observer = QUIET) -> dict[str, Any]:
    """Trains, measures and writes the new bundle. Returns the summary, empty in all processes but the first.

    Raises ModelError, BankError, BankTrainingError, ValueError or OSError, naming the file, the value and what to do.
    """
    return _in_processes(options, observer, _run)


def measure_size(options: BankTrainingOptions, observer: Observer = QUIET) -> dict[str, Any]:
    """Trains, and measures bits per byte alone: what a sweep over sizes compares. Nothing of it becomes a bundle.

    Raises as `train_on_bank`.
    """
    return _in_processes(options, observer, _run_size)


def _in_processes(
    options: BankTrainingOptions, observer: Observer, run: Callable[[RunParts], dict[str, Any]]
) -> dict[str, Any]:
    _check(options)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads would fight torch's for the cores
    if options.threads:
        torch.set_num_threads(options.threads)
    with process_group(options.device):
        try:
            return run(RunParts(options, observer, own_placement(options.device)))
        except (OSError, RuntimeError, SafetensorError) as error:
            if not is_full(error):
                raise
            folder = work_folder(options.out)
            raise TrainingStopped(
                f"{folder.parent}: the disk is full ({error}). What is finished is kept in {folder.name}; make room "
                "and give the same command again"
            ) from error


def _check(options: BankTrainingOptions) -> None:
    """Raises ValueError or FileExistsError, naming the option, its value and the limit."""
    if options.out.exists():
        raise FileExistsError(f"--out: {options.out} exists already; remove it or write elsewhere")
    if options.minutes < 0 or (options.minutes == 0 and options.steps <= 0):
        raise ValueError(f"--minutes: {options.minutes:g}; a training needs more than 0, or --steps")
    counts = ("layers", "section_tokens", "candidates", "steps")
    for name, least in (*((count, 0) for count in counts), ("rows_per_step", 1), ("test_studies", 2)):
        if getattr(options, name) < least:
            raise ValueError(f"--{name.replace('_', '-')}: {getattr(options, name)}; {least} is the least")


def _run(parts: RunParts) -> dict[str, Any]:
    trained = _trained(parts)
    summary = _finish(parts, trained) if parts.first else {}
    wait_for_all()
    return summary


def _run_size(parts: RunParts) -> dict[str, Any]:
    trained = _trained(parts)
    tokenizer = parts.noted["tokenizer"]
    found = {"section_tokens": parts.config.max_section_tokens, "layers": parts.config.layers, **tokenizer, **trained}
    found["bits_per_byte"] = bits_of_held_out(parts)
    shutil.rmtree(parts.work)
    return found


def _trained(parts: RunParts) -> dict[str, Any]:
    """What the last training noted."""
    _claim(parts)
    if parts.first:
        _stage(parts, "tokenizer", write_tokenizer)
        _stage(parts, "rows", write_rows)
        if parts.studies is not None:
            _stage(parts, "study rows", write_study_rows)
    wait_for_all()
    trained = _stage(parts, "training", train)
    wait_for_all()
    if parts.studies is not None:
        trained = _stage(parts, "fine-tuning", fine_tune)
        wait_for_all()
    return trained


def _claim(parts: RunParts) -> None:
    """The folder is this training's. Raises TrainingStopped when it is another's."""
    path = parts.work / BEGUN_FILE
    if not parts.first:
        return
    about = parts.about  # opens and compares everything, before anything is written
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != about:
        raise TrainingStopped(
            f"{parts.work}: was begun with other options, or another bundle, bank or studies; remove it, or choose "
            "another --out"
        )
    parts.work.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(about) + "\n", encoding="utf-8")


def _stage(parts: RunParts, name: str, do: Stage) -> dict[str, Any]:
    """What a stage noted; done only where it is not finished."""
    if (noted := parts.noted.get(name)) is not None:
        parts.observer.say(f"{name}: there already")
        return noted
    parts.observer.say(name)
    started = time.monotonic()
    noted = {**do(parts), "seconds": round(time.monotonic() - started, 1)}
    return_freed_memory()
    if parts.first:
        parts.stages.note(name, noted)
    return noted


def _finish(parts: RunParts, trained: dict[str, Any]) -> dict[str, Any]:
    """Measures and writes the new bundle. Returns the summary."""
    manifest, result = measure(parts)
    own = None if parts.material.manifest.phrases is not None else parts.material.language
    logs = [parts.work / TRAINING, *([] if parts.studies is None else [parts.work / FINE_TUNING])]
    extra = {"language": own, "evaluation": result, "logs": logs}
    write_new_bundle(parts.options.bundle, parts.options.out, manifest, parts.decoder_folder, extra)
    stages = dict(parts.noted)
    shutil.rmtree(parts.work)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    about = {"out": str(parts.options.out), **trained, "stages": stages, "bars": result["bars"]}
    return {**about, "peak_memory_bytes": peak}
