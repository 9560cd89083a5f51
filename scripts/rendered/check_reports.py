"""Counts what a reader would strike out in finished reports: `python -m scripts.rendered.check_reports --studies 60`.

Renders studies of the range `tuning`, embeds them once (`--cache` keeps them), writes each in every mode and language
and reads the answers again: sections that repeat themselves, calls in silence, reports without impression,
contradictions, sentences out of order, and the like. Prints one JSON line; exit status 1 over a bar.

`--of-bank` takes candidates of the bank in place of rendered studies, for a bank whose encoder has seen no rendered
heart (`echoscribe import echoprime`): a study then is one candidate's vector in all sections.
`--documents FILE` counts answers that were stored, one JSON document on a line; nothing is rendered.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch

from model.device import choose_placement
from model.echo.language.reader import finding_reader
from model.echo.phrases.reader import english, german
from model.echo.prepared_clip import PreparedClip
from model.embeddings import StudyEmbedding
from scripts.rendered.checks.report_faults import Faults, ReportReader, count_faults
from scripts.rendered.evaluation.studies.embedding import embed_sets
from scripts.rendered.evaluation.studies.embedding_cache import cache_folder, read_set
from scripts.rendered.evaluation.studies.replay import replayed
from scripts.rendered.evaluation.studies.study_sets import MAX_CLIPS, StudySet
from scripts.rendered.seed_ranges import seed_for
from service.answer.encoded_study import EncodedStudy
from service.artifacts import ArtifactPaths, load_pipeline
from service.modalities.echo.reporting import echo_reporting
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.schemas import ReportDocument
from service.stage_clock import StageClock

SEED_NUMBER = 160  # of the range `tuning`


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=60)
    parser.add_argument("--bundle", type=Path, default=Path("model/bundles/default"))
    parser.add_argument("--bank", type=Path, default=Path("index/banks/default"))
    parser.add_argument("--seed-number", type=int, default=SEED_NUMBER, help="which seed of the range `tuning`")
    parser.add_argument("--cache", type=Path, default=Path("runs/check_reports"), help="embedded studies are kept here")
    parser.add_argument("--workers", type=int, default=2, help="embedding processes; 0 for none")
    parser.add_argument("--of-bank", action="store_true", help="candidates of the bank in place of rendered studies")
    parser.add_argument("--documents", type=Path, help="count stored answers, one JSON document on a line")
    parser.add_argument("--write", type=Path, help="keep the answers here, one JSON document on a line")
    return parser.parse_args(words)


@cache
def reader_of(lang: str) -> ReportReader:
    """What reads reports of a language."""
    language = german().language if lang == "de" else english()
    return ReportReader(language, finding_reader(language), echo_reporting().rules)


def rendered_studies(pipeline: ReportPipeline, args: argparse.Namespace) -> Iterator[EncodedStudy]:
    """Rendered studies after the networks, embedded now or before."""
    paths = ArtifactPaths(args.bundle, args.bank)
    chosen = StudySet("reports", seed_for("tuning", args.seed_number), "clinical", args.studies, MAX_CLIPS)
    embed_sets(pipeline, paths, args.cache, [chosen], args.workers)
    for study in read_set(cache_folder(args.cache, pipeline, chosen), chosen.studies):
        yield replayed(pipeline, study)


def bank_studies(pipeline: ReportPipeline, studies: int, seed: int) -> Iterator[EncodedStudy]:
    """Studies with one clip of each view, all of them a candidate's vector."""
    bank, views = pipeline.retriever.bank, pipeline.bundle.views
    rng = np.random.default_rng(seed)
    positions = tuple(range(1, len(views) + 1))
    nothing = torch.zeros(0)
    used = tuple(
        PreparedClip(position=p, sha256=f"{p:064x}", model_input=nothing, view_input=nothing, start_frame=0)
        for p in positions
    )
    for candidate in rng.choice(bank.manifest.candidates, studies, replace=False):
        vector = torch.from_numpy(bank.embeddings[int(candidate)].astype(np.float32))
        embedding = StudyEmbedding(vector.repeat(len(views), 1), torch.eye(len(views)), positions, views)
        yield EncodedStudy(used, (), (), embedding, pipeline.pool(embedding), StageClock())


def documents_of(args: argparse.Namespace) -> Iterator[ReportDocument]:
    """Every study in every mode and language."""
    pipeline = load_pipeline(ArtifactPaths(args.bundle, args.bank), choose_placement("cpu"))
    seed = seed_for("tuning", args.seed_number)
    studies = bank_studies(pipeline, args.studies, seed) if args.of_bank else rendered_studies(pipeline, args)
    for number, study in enumerate(studies):
        for mode in pipeline.modes:
            for lang in pipeline.languages.tags:
                yield pipeline.report(study, RunOptions(mode=mode, lang=lang, study_id=str(number)))


def stored_documents(path: Path) -> Iterator[ReportDocument]:
    """The answers in a file."""
    with path.open(encoding="utf-8") as lines:
        yield from (ReportDocument.model_validate_json(line) for line in lines)


def main(args: argparse.Namespace) -> int:
    """Counts and prints; 1 over a bar."""
    torch.set_num_threads(1)
    faults: dict[str, Faults] = {}
    kept = args.write.open("w", encoding="utf-8") if args.write else None
    for document in stored_documents(args.documents) if args.documents else documents_of(args):
        count_faults(
            document, reader_of(document.lang), faults.setdefault(f"{document.mode} {document.lang}", Faults())
        )
        if kept is not None:
            print(document.model_dump_json(), file=kept)
    if kept is not None:
        kept.close()
    over = {name: found.over() for name, found in faults.items() if found.over()}
    for name, found in faults.items():
        for fault in found.over():
            for example in found.examples[fault]:
                print(f"{name} · {fault} · {example}", file=sys.stderr)
    print(json.dumps({"counts": {name: dict(found.counts) for name, found in faults.items()}, "over": over}))
    return 1 if over or not faults else 0


if __name__ == "__main__":
    sys.exit(main(arguments()))
