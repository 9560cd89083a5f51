"""Trains a report decoder of any modality from a manifest, embeddings and reports; or tries sizes with --sweep.

    python -m service.site.embedding_training.train_on_embeddings --taxonomy taxonomy.yaml --manifest studies.csv
        --embeddings X.npy \
        --reports reports.csv --out FOLDER

Forms of the four files: service/site/embedding_training/taxonomy_file.py and study_table.py. Studies that do not agree
with
each other are kept out, counted in coverage.json and named by line in rejects.csv. The decoder learns from retrieval
among the training patients, as it will be served. Writes decoder.safetensors, tokenizer.json, config.json, phrases.json
(the report language), log.jsonl and checkpoint.pt; the same command goes on where it was stopped.

--sweep tries every combination of --vocabularies, --lengths and --depths for --seconds each and prints a table by the
validation split. The last line is one JSON object.
"""

import argparse
import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch

from model.device import choose_placement
from model.errors import ModelError
from service.site.embedding_training.errors import MaterialError
from service.site.embedding_training.runs import Effort, Material, Sizes, train
from service.site.embedding_training.study_table import SPLITS, StudyTable, read_study_table
from service.site.embedding_training.sweep import choices, f1, sweep, table_lines
from service.site.embedding_training.taxonomy_file import read_taxonomy
from service.site.embedding_training.wordings import Wordings, wordings_of
from service.site.errors import OwnReportsError
from service.site.reports.site_phrases import PATIENTS_OF_A_PHRASE


def arguments_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--taxonomy", type=Path, required=True, help="YAML or JSON of sections and phenotypes")
    parser.add_argument("--manifest", type=Path, required=True, help="CSV or JSON: study, patient, split")
    parser.add_argument("--embeddings", type=Path, required=True, help="float .npy (N, D) or (N, sections, D)")
    parser.add_argument("--embedding-ids", type=Path, help="study ids of the rows of --embeddings; else the manifest's")
    parser.add_argument("--reports", type=Path, required=True, help="CSV: study and a column per section")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--least-patients", type=int, default=PATIENTS_OF_A_PHRASE, help="that a sentence needs")
    parser.add_argument("--vocabulary", type=int, default=Sizes.vocabulary, help="largest number of tokens")
    parser.add_argument("--length", type=int, default=Sizes.length, help="tokens of a section; 0: the longest's")
    parser.add_argument("--layers", type=int, default=Sizes.layers)
    parser.add_argument("--width", type=int, default=Sizes.width)
    parser.add_argument("--heads", type=int, default=Sizes.heads)
    parser.add_argument("--steps", type=int, default=Effort.steps)
    parser.add_argument("--seconds", type=float, default=0.0, help="stop after this time as well; 0 for no limit")
    parser.add_argument("--rows-per-step", type=int, default=Effort.rows_per_step)
    parser.add_argument("--learning-rate", type=float, default=Effort.learning_rate)
    parser.add_argument("--sweep", action="store_true", help="try sizes, for --seconds each (60 unless given)")
    parser.add_argument("--vocabularies", type=int, nargs="+", default=[512, 2048])
    parser.add_argument("--lengths", type=int, nargs="+", default=[0])
    parser.add_argument("--depths", type=int, nargs="+", default=[2, 4], help="layers to try")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; no more than are free")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(words)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Reads, trains and measures. Returns the summary; raises MaterialError, OwnReportsError or ValueError."""
    file = read_taxonomy(arguments.taxonomy)
    named_by = arguments.embedding_ids
    table = read_study_table(arguments.manifest, arguments.embeddings, arguments.reports, file, named_by)
    training = [table.studies[number] for number in table.of("train").tolist()]
    wordings = wordings_of(training, file, arguments.least_patients)
    arguments.out.mkdir(parents=True, exist_ok=True)
    coverage = _write_notes(arguments.out, table, wordings)
    print(json.dumps(coverage), flush=True)
    material = Material(table, wordings)
    effort = Effort(
        arguments.steps, arguments.seconds, arguments.rows_per_step, arguments.learning_rate, arguments.seed
    )
    sizes = Sizes(arguments.vocabulary, arguments.length, arguments.layers, arguments.width, arguments.heads)
    placement = choose_placement(arguments.device)
    if not arguments.sweep:
        return {**coverage, **train(material, sizes, effort, arguments.out, placement)}
    bounded = Effort(effort.steps, effort.seconds or 60.0, effort.rows_per_step, effort.learning_rate, effort.seed)
    tried = choices(arguments.vocabularies, arguments.lengths, arguments.depths, sizes)
    results = sweep(material, tried, bounded, arguments.out, placement)
    print("\n".join(table_lines(results)))
    return {**coverage, "best": results[0]["sizes"], "f1": f1(results[0])}


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


def main(words: list[str] | None = None) -> int:
    """Reads the command line and runs. Returns the exit status."""
    arguments = arguments_of(words)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads would fight torch's for the cores
    torch.set_num_threads(arguments.threads)
    try:
        summary = run(arguments)
    except (MaterialError, OwnReportsError, ModelError, ValueError, OSError) as error:
        print(f"train_on_embeddings: {error}", file=sys.stderr)
        return 1
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
