"""Trains the report decoder on synthetic patients, then measures how it writes patients it has not seen.

    python -m scripts.train_decoder --out FOLDER [--seconds 300] [--size development|full] [--queries 1500]

Writes decoder.safetensors, tokenizer.json, config.json, log.jsonl and checkpoint.pt to FOLDER; the same command goes on
where it was stopped. Neighbours are drawn by the truth with noise and the vectors are noise: what the decoder learns
here is to read evidence and estimates. The last line is one JSON object.
"""

import argparse
import json
import math
from dataclasses import asdict
from pathlib import Path

import torch

from model.device import choose_placement
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.decoder_config import DecoderConfig, decoder_config
from model.report.language import Language
from scripts.train_tokenizer import PHRASES, report_tokenizer
from scripts.training.decoder_loop import DecoderTrainer, Plan
from scripts.training.measure_writing import WritingMeasurer
from scripts.training.phantom_rows import QuerySource, draw_reports, phrase_table
from scripts.training.rows import DisturbedRow, Disturber, Recipe, TrainingRow, evidence_of

CONFIG_FILE = "config.json"
_HELD_OUT_FROM = 1_000_000  # query patients from this number on are never trained on


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the results; resumed if it holds a checkpoint"
    )
    parser.add_argument("--phrases", type=Path, default=PHRASES, help="phrase file of the language")
    parser.add_argument("--size", choices=("development", "full"), default="development")
    parser.add_argument("--embedding-dim", type=int, default=512, help="dimension of section and clip vectors")
    parser.add_argument("--candidates", type=int, default=5000, help="patients in the bank that evidence comes from")
    parser.add_argument("--queries", type=int, default=1500, help="patients that are trained on")
    parser.add_argument("--held-out", type=int, default=40, help="patients that are written at the end")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=300.0, help="stop after this time; 0 for no limit")
    parser.add_argument("--rows-per-step", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; no more than are free")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def held_out(rows: list[TrainingRow], source: QuerySource, *, evidence: bool) -> list[DisturbedRow]:
    """Rows undisturbed, with their evidence or (as in mode `generate`) without."""
    return [
        DisturbedRow(row.study, row.section, row.targets, evidence_of(row.neighbours, source.phrases), "own")
        if evidence
        else DisturbedRow(row.study, row.section, row.targets, (), "none")
        for row in rows
    ]


def write_config(out: Path, config: DecoderConfig) -> None:
    """Writes what `bundle.json` holds as `decoder`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / CONFIG_FILE).write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Runs the script."""
    args = arguments()
    torch.set_num_threads(args.threads)
    placement = choose_placement(args.device)
    language = Language.read(args.phrases)
    tokenizer = report_tokenizer(language)
    config = decoder_config(ECHO_TAXONOMY, vocabulary=tokenizer.size, embedding_dim=args.embedding_dim, size=args.size)
    write_config(args.out, config)
    bank = draw_reports(language, range(args.candidates), args.seed)
    source = QuerySource(bank, phrase_table(language), args.embedding_dim, args.seed)
    trainer = DecoderTrainer(config, tokenizer, Disturber(Recipe(), source.phrases, language), placement)
    plan = Plan(args.steps, args.seconds or None, args.rows_per_step, seed=args.seed)
    decoder = trainer.train(source.rows(language, args.queries), plan, args.out)
    measurer = WritingMeasurer(decoder, tokenizer, language, placement)
    rows = source.rows(language, args.held_out, first=_HELD_OUT_FROM)
    with_evidence, without = (held_out(rows, source, evidence=evidence) for evidence in (True, False))
    fifteen = with_evidence[: len(config.sections)]
    fast, slow = measurer.measure(fifteen).tokens_per_second, measurer.naive_tokens_per_second(fifteen)
    result = {
        "parameters": sum(weight.numel() for weight in decoder.parameters()),
        "rag": asdict(measurer.measure(with_evidence)),
        "generate": asdict(measurer.measure(without)),
        "one_study_tokens_per_second": {"cached": fast, "naive": slow, "ratio": fast / slow if slow else math.nan},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
