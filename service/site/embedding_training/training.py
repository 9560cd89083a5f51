"""A report decoder of any modality from a manifest, embeddings and reports; or a sweep that tries sizes.

Forms of the four files: service/site/embedding_training/taxonomy_file.py and study_table.py. Studies that do not agree
with each other are kept out, counted in coverage.json and named by line in rejects.csv. The decoder learns from
retrieval among the training patients, as it will be served. What is written: decoder.safetensors, tokenizer.json,
config.json, phrases.json (the report language), log.jsonl and checkpoint.pt. The same call goes on
where it was stopped.
"""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from model.device import choose_placement
from service.site.embedding_training.options import EmbeddingTrainingOptions, SweptSizes
from service.site.embedding_training.runs import Material, TrainingRun, train
from service.site.embedding_training.study_table import SPLITS, StudyTable, read_study_table
from service.site.embedding_training.sweep import choices, sweep
from service.site.embedding_training.taxonomy_file import read_taxonomy
from service.site.embedding_training.wordings import Wordings, wordings_of
from service.site.observer import QUIET, Observer

_SWEEP_SECONDS = 60.0  # of each size, unless the options say


def train_decoder(options: EmbeddingTrainingOptions, observer: Observer = QUIET) -> dict[str, Any]:
    """Reads, trains and measures. Returns coverage and result; raises MaterialError, OwnReportsError or ValueError."""
    material, coverage = _material(options, observer)
    placement = choose_placement(options.device)
    return {
        **coverage,
        **train(material, options.sizes, options.effort, TrainingRun(options.out, placement, observer=observer)),
    }


def sweep_sizes(
    options: EmbeddingTrainingOptions, tried: SweptSizes, observer: Observer = QUIET
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The coverage, and the results of every combination of sizes, best first. Raises as `train_decoder` does."""
    material, coverage = _material(options, observer)
    bounded = replace(options.effort, seconds=options.effort.seconds or _SWEEP_SECONDS)
    sizes = choices(tried.vocabularies, tried.lengths, tried.depths, options.sizes)
    run = TrainingRun(options.out, choose_placement(options.device), observer=observer)
    return coverage, sweep(material, sizes, bounded, run)


def _material(options: EmbeddingTrainingOptions, observer: Observer) -> tuple[Material, dict[str, Any]]:
    """What is trained on, and the coverage, which is written beside it."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads would fight torch's for the cores
    torch.set_num_threads(options.threads)
    file = read_taxonomy(options.taxonomy)
    table = read_study_table(options.manifest, options.embeddings, options.reports, file, options.embedding_ids)
    training = [table.studies[number] for number in table.of("train").tolist()]
    wordings = wordings_of(training, file, options.least_patients)
    options.out.mkdir(parents=True, exist_ok=True)
    coverage = _write_notes(options.out, table, wordings)
    observer.say(json.dumps(coverage))
    return Material(table, wordings), coverage


def _write_notes(out: Path, table: StudyTable, wordings: Wordings) -> dict[str, Any]:
    """Writes coverage.json and rejects.csv, which name lines and never a study; returns the coverage."""
    with (out / "rejects.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "line", "reason"])
        writer.writerows(table.notes)
    coverage = {
        "studies": {split: len(table.of(split)) for split in SPLITS},
        "kept_out": table.kept_out,
        "wordings": len(wordings.language.phrases),
        "left_out": dict(wordings.left_out),
    }
    (out / "coverage.json").write_text(json.dumps(coverage, indent=1) + "\n", encoding="utf-8")
    return coverage
