"""Trains the report decoder on what retrieval really finds, then measures how it writes patients it has not seen.

    python -m scripts.rendered.train_decoder --queries FOLDER --bundle FOLDER --bank FOLDER --arm rag --out FOLDER

`--queries` holds encoded studies of decoder seeds (`python -m scripts.rendered.embed_studies`). Each arm has its own
mode:

    rag                     estimates, vectors and evidence
    rag_without_phenotypes  vectors and evidence
    generate                estimates and vectors
    vectors_only            vectors

With equal other options, arms see the same rows in the same order of steps. `--without-wordings 0.15
--without-findings 6` keeps those out of everything that is read or written and says which in reserved.json.
A decoder for a bank without rendered patients: `echoscribe train decoder`.

Writes decoder.safetensors, tokenizer.json, config.json, log.jsonl, curve.png and checkpoint.pt; the same command goes
on where it was stopped. The last line is one JSON object.
"""

import argparse
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from index.candidate_bank import CandidateBank
from model.bundle import read_bundle
from model.device import choose_placement
from model.echo.phrases.reader import ENGLISH_FILE
from model.report.decoder.decoder_config import DecoderConfig, decoder_config
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.language.language import Language
from scripts.needed_extra import stop_without
from scripts.rendered.training.encoded_studies import EncodedStudies
from scripts.rendered.training.retrieved_rows import RetrievedRows, open_without_networks
from service.answer.evidence import evidence_sentences
from service.artifacts import ArtifactPaths
from service.pipeline import ReportPipeline
from service.site.decoder_training.changed_inputs import change_inputs
from service.site.decoder_training.decoder_loop import CONFIG_FILE, DecoderTrainer, Plan
from service.site.decoder_training.finding_table import with_findings
from service.site.decoder_training.losses import LossWeights
from service.site.decoder_training.measure_writing import WritingMeasurer
from service.site.decoder_training.report_tokenizer import report_tokenizer
from service.site.decoder_training.reserved import Reserved, draw_reserved
from service.site.decoder_training.rows import DisturbedRow, Disturber, Recipe, TrainingRow
from service.site.training.curve import draw_curve

_RATES = {"development": 3e-3, "full": 6e-4}  # the first since LOG 2026-11-22; the second as GPT-2 small's, not tuned


@dataclass(frozen=True)
class Arm:
    """What a decoder is trained to read. evidence: whether its mode has any."""

    recipe: Recipe
    reads_phenotypes: bool
    evidence: bool


_NO_EVIDENCE = Recipe(own=0.0, none=1.0, corrupted=0.0, other=0.0)
ARMS = {
    "rag": Arm(Recipe(), reads_phenotypes=True, evidence=True),
    "rag_without_phenotypes": Arm(Recipe(), reads_phenotypes=False, evidence=True),
    "generate": Arm(_NO_EVIDENCE, reads_phenotypes=True, evidence=False),
    # Without its vectors this arm would read nothing at all.
    "vectors_only": Arm(replace(_NO_EVIDENCE, without_vectors=0.0), reads_phenotypes=False, evidence=False),
}


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=Path, required=True, help="folder of encoded studies of decoder seeds")
    parser.add_argument("--bundle", type=Path, required=True, help="bundle whose MIL table and names are used")
    parser.add_argument("--bank", type=Path, required=True, help="bank that is searched")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results; resumed if it was begun")
    parser.add_argument("--arm", choices=sorted(ARMS), default="rag")
    parser.add_argument("--phrases", type=Path, default=ENGLISH_FILE, help="phrase file of the language")
    parser.add_argument("--size", choices=sorted(_RATES), default="development")
    parser.add_argument("--held-out", type=int, default=60, help="last studies of the folder, written at the end")
    parser.add_argument("--studies", type=int, default=0, help="train on the first so many only; 0 for all")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seconds", type=float, default=0.0, help="stop after this time as well; 0 for no limit")
    parser.add_argument("--rows-per-step", type=int, default=32)
    parser.add_argument("--without-wordings", type=float, default=0.0, help="share of wordings to keep out, 0..1")
    parser.add_argument("--without-findings", type=int, default=0, help="visible findings to keep out")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; no more than are free")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(words)


@dataclass(frozen=True, eq=False)
class Material:
    """What a training is made of."""

    pipeline: ReportPipeline
    rows: list[TrainingRow]
    held_out: list[TrainingRow]


def config_of(args: argparse.Namespace, tokenizer: ReportTokenizer) -> DecoderConfig:
    """The decoder's configuration for a command line."""
    bundle = read_bundle(args.bundle)
    config = decoder_config(
        bundle.taxonomy(), vocabulary=tokenizer.size, embedding_dim=bundle.embedding_dim, size=args.size
    )
    return config.model_copy(update={"reads_phenotypes": ARMS[args.arm].reads_phenotypes})


def material(args: argparse.Namespace, config: DecoderConfig, language: Language, reserved: Reserved) -> Material:
    """Training rows and held-out rows. Raises ValueError when too few studies are given."""
    studies = EncodedStudies.read(args.queries)
    first_held_out = len(studies) - args.held_out
    if first_held_out < 1:
        raise ValueError(f"{args.queries}: {len(studies)} studies, {args.held_out} of them held out")
    pipeline = open_without_networks(ArtifactPaths(args.bundle, args.bank), config)
    source = RetrievedRows(pipeline, language, reserved)
    held_out = source.rows(studies, range(first_held_out, len(studies)))
    chosen = range(first_held_out)[: args.studies or None]
    return Material(pipeline, source.rows(studies, chosen), held_out)


def as_served(rows: list[TrainingRow], bank: CandidateBank, *, evidence: bool) -> list[DisturbedRow]:
    """Rows as the service would write them, with their evidence or (as in mode `generate`) without."""
    only_language = not bank.manifest.text_may_be_shown
    return [
        DisturbedRow(
            row.study,
            row.section,
            row.targets,
            evidence_sentences(row.neighbours, bank.phrases, only_language=only_language) if evidence else (),
            "own" if evidence else "none",
        )
        for row in rows
    ]


def data_of(args: argparse.Namespace, made: Material, reserved: Reserved) -> str:
    """What the rows were made of, so that a run goes on only with the same."""
    about = {name: made.pipeline.provenance[name] for name in ("bank_sha256", "encoder_sha256")}
    about |= {"rows": len(made.rows), "arm": args.arm}
    return json.dumps([about, sorted(reserved.wordings), sorted(map(str, reserved.findings))])


def main() -> None:
    """Runs the script."""
    args = arguments()
    stop_without("train")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads would fight torch's for two cores
    torch.set_num_threads(args.threads)
    placement = choose_placement(args.device)
    language = Language.read(args.phrases)
    reserved = draw_reserved(language, wordings=args.without_wordings, findings=args.without_findings, seed=args.seed)
    training_language = reserved.for_training(language)
    tokenizer = report_tokenizer(training_language)
    config, arm = config_of(args, tokenizer), ARMS[args.arm]
    made = material(args, config, language, reserved)
    config = with_findings(config, training_language, made.rows)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / CONFIG_FILE).write_text(config.model_dump_json(indent=1) + "\n", encoding="utf-8")
    reserved.write(args.out)
    bank = made.pipeline.retriever.bank
    disturber = Disturber(arm.recipe, bank.phrases, training_language, not bank.manifest.text_may_be_shown)
    plan = Plan(
        args.steps,
        args.seconds or None,
        args.rows_per_step,
        _RATES[args.size],
        seed=args.seed,
        weights=LossWeights(),
    )
    trainer = DecoderTrainer(config, tokenizer, disturber, placement)
    decoder = trainer.train(made.rows, plan, args.out, data_of(args, made, reserved))
    draw_curve(args.out)
    rows = as_served(made.held_out, bank, evidence=arm.evidence)
    measurer = WritingMeasurer(decoder, tokenizer, language, placement)
    result = {
        "arm": args.arm,
        "parameters": sum(weight.numel() for weight in decoder.parameters()),
        "rows": len(made.rows),
        "reserved": {"wordings": len(reserved.wordings), "findings": sorted(f.name for f in reserved.findings)},
        "held_out": {name: asdict(measurer.measure(given)) for name, given in change_inputs(rows).items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
