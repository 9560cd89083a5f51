"""Evaluates a bundle and its bank on synthetic patients that no training has seen.

    python -m scripts.rendered.evaluate --studies 500 --seed 90001 --json eval.json --rows ROWS [--arms DIR]
        [--markdown EVAL.md]

Embeds 40 studies as files and the rest as clips in memory, once (`--cache` keeps them, so a second run is cheap and an
interrupted one goes on), then writes reports in all modes and by all arms, and measures them against the `HeartState`.
Exit status 1 when a bar fails. `--tiny` runs every part on a few studies in two minutes; its figures mean nothing.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from model.device import choose_placement
from model.report.language.language import Language
from scripts.needed_extra import stop_without
from scripts.rendered.checks.bars import write_tables
from scripts.rendered.evaluation.markdown import write_markdown
from scripts.rendered.evaluation.parts.abstention import measure_abstention, measure_mil_table
from scripts.rendered.evaluation.parts.arms import Reports, measure_arms, write_arms
from scripts.rendered.evaluation.parts.attribution import measure_attribution
from scripts.rendered.evaluation.parts.controls import measure_random_encoder, measure_readings, measure_wrong_inputs
from scripts.rendered.evaluation.parts.file_equality import measure_files
from scripts.rendered.evaluation.parts.learning_curve import measure_learning_curve
from scripts.rendered.evaluation.parts.out_of_distribution import measure_strange_clips
from scripts.rendered.evaluation.parts.pictures import accuracy_by_clips, draw_accuracy, draw_reliability
from scripts.rendered.evaluation.parts.raw_rows import study_rows
from scripts.rendered.evaluation.parts.real_clips import measure_real_clips
from scripts.rendered.evaluation.parts.reserved_findings import measure_reserved, measure_style
from scripts.rendered.evaluation.parts.scores import measure_scores
from scripts.rendered.evaluation.parts.shifts import measure_shifts
from scripts.rendered.evaluation.parts.text_bars import measure_texts
from scripts.rendered.evaluation.parts.tracing import STUDIES, measure_tracing
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.embedding import embed_sets
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.evaluation.studies.study_sets import Protocol, refuse_seed
from service.artifacts import ArtifactPaths, load_pipeline
from service.pipeline import ReportPipeline
from service.schemas import ReportDocument

TINY = Protocol(
    seed=90001, studies=4, file_studies=1, calibration=6, independent=3, shifted=1, max_clips=5, min_positives=1
)


DEFAULT_BUNDLE = Path("model/bundles/default")
SHIPPED_ARMS = Path(__file__).parents[2] / "model" / "bundles" / "evaluation_arms"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=500, help="test studies; other parts shrink with them")
    parser.add_argument("--seed", type=int, default=90001, help="of the test range (scripts/rendered/seed_ranges.py)")
    parser.add_argument("--allow-any-seed", action="store_true", help="for trying out; the result is marked")
    parser.add_argument("--file-studies", type=int, default=40, help="test studies that are also read as files")
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--bank", type=Path, default=Path("index/banks/default"))
    parser.add_argument("--arms", type=Path, help="folder of the arms' decoders; the default bundle's are shipped")
    parser.add_argument("--cache", type=Path, default=Path("runs/evaluation"), help="embedded studies are kept here")
    parser.add_argument("--json", type=Path, help="write the result here as well")
    parser.add_argument("--rows", type=Path, help="folder for raw rows (Parquet) and figures (PNG)")
    parser.add_argument("--markdown", type=Path, help="write EVAL.md here")
    parser.add_argument("--workers", type=int, default=2, help="embedding processes; 0 for none")
    parser.add_argument("--tracer", action="store_true", help="measure outlines and what is measured from them too")
    parser.add_argument("--tiny", action="store_true", help="a few studies, to see that every part runs")
    args = parser.parse_args(words)
    if args.arms is None and args.bundle == DEFAULT_BUNDLE:
        args.arms = SHIPPED_ARMS  # of no other bundle: an arm reads the vectors it was trained on
    return args


def measure(evaluation: Evaluation, results: Results, rows: Path | None, *, traced: int = 0) -> None:
    """Runs every part in turn and prints each with its time. traced: studies of the tracing part; 0 leaves it out."""
    clock: dict[str, float] = {}
    state: dict[str, dict[str, list[ReportDocument]]] = {}
    reports: Reports = {}

    def timed(name: str, part: Callable[[], object]) -> None:
        started = time.monotonic()
        part()
        clock[name] = round(time.monotonic() - started, 1)
        print(f"{name}: {clock[name]} s", flush=True)

    def answers() -> None:
        modes = evaluation.pipeline.modes
        state["documents"] = {mode: evaluation.documents(evaluation.embedded, mode) for mode in modes}

    timed("answers", answers)
    documents = state["documents"]
    timed("scores", lambda: _scores(evaluation, documents["retrieval"], results, rows))
    timed("arms", lambda: reports.update(write_arms(evaluation, documents)))
    written = [document for mode, answers in documents.items() if mode != "retrieval" for document in answers]
    parts: list[tuple[str, Callable[[], object]]] = [
        ("comparison", lambda: measure_arms(evaluation, reports, documents["retrieval"], results)),
        ("files", lambda: measure_files(evaluation, results)),
        ("texts", lambda: measure_texts(evaluation, written, documents["retrieval"], results)),
        ("attribution", lambda: measure_attribution(evaluation, results)),
        ("wrong inputs", lambda: measure_wrong_inputs(evaluation, reports, results)),
        ("readings", lambda: measure_readings(evaluation, results)),
        ("random encoder", lambda: measure_random_encoder(evaluation, results)),
        ("shifts", lambda: measure_shifts(evaluation, results)),
        ("reserved", lambda: measure_reserved(evaluation, reports, results)),
        ("learning curve", lambda: measure_learning_curve(evaluation, results)),
        ("house style", lambda: measure_style(evaluation, reports, results)),
        ("abstention", lambda: measure_abstention(evaluation, results)),
        ("MIL table", lambda: measure_mil_table(evaluation, results)),
        ("strange clips", lambda: measure_strange_clips(evaluation, documents["retrieval"], results)),
        ("real clips", lambda: measure_real_clips(evaluation, reference_folder(), results)),
    ]
    if traced:
        tracer = getattr(evaluation.pipeline.modality, "tracer", None)
        parts.append(("tracing", lambda: measure_tracing(tracer, results, traced, folder=evaluation.cache / "traced")))
    for name, part in parts:
        timed(name, part)
    results.rows["studies"] = study_rows(evaluation, documents, reports)
    results.figures["seconds"] = clock


def _scores(evaluation: Evaluation, documents: list[ReportDocument], results: Results, rows: Path | None) -> None:
    diagram = measure_scores(evaluation, documents, results)
    results.figures["by_number_of_clips"] = table = accuracy_by_clips(evaluation, documents)
    if rows is not None:
        rows.mkdir(parents=True, exist_ok=True)
        pictures = draw_reliability(diagram, rows / "reliability.png"), draw_accuracy(table, rows / "clips.png")
        results.figures["pictures"] = [path.name for path in pictures]


def reference_folder() -> Path | None:
    """The folder of reference data that the environment names."""
    named = os.environ.get("ECHOSCRIBE_REFERENCE")
    return Path(named) if named else None


def language_of(pipeline: ReportPipeline, bundle: Path) -> Language:
    """The bundle's language. Raises SystemExit where it has none: nothing could be read back."""
    if pipeline.bundle.phrases is None:
        raise SystemExit(f"{bundle}: brings no phrases, so no text can be read back")
    return Language.read(bundle / pipeline.bundle.phrases)


def main(args: argparse.Namespace) -> int:
    """Runs the evaluation; 1 when a bar fails, 2 when the seed is refused or a package is missing."""
    stop_without("train")
    started = time.monotonic()
    protocol = TINY if args.tiny else Protocol.of(args.seed, args.studies, args.file_studies)
    refusal = refuse_seed(protocol.seed)
    if refusal and not args.allow_any_seed:
        print(refusal, file=sys.stderr)
        return 2
    torch.set_num_threads(max(1, args.workers))
    paths = ArtifactPaths(args.bundle, args.bank)
    pipeline = load_pipeline(paths, choose_placement("cpu"))
    results = Results()
    if refusal:
        results.remarks.append(f"NOT A TEST: {refusal}")
    language = language_of(pipeline, args.bundle)
    evaluation = Evaluation(pipeline, paths, language, protocol, args.cache, args.arms)
    new = embed_sets(pipeline, paths, args.cache, evaluation.sets.values(), 0 if args.tiny else args.workers)
    results.figures["embedding"] = {"new studies": new, "seconds": round(time.monotonic() - started, 1)}
    measure(evaluation, results, args.rows, traced=(2 if args.tiny else STUDIES) if args.tracer else 0)
    return report(args, evaluation, results, (time.monotonic() - started) / 60)


def report(args: argparse.Namespace, evaluation: Evaluation, results: Results, minutes: float) -> int:
    """Writes and prints what was asked for."""
    protocol = evaluation.protocol
    about = {"seed": protocol.seed, "studies": protocol.studies, "tiny": args.tiny, "minutes": round(minutes, 2)}
    provenance = dict(evaluation.pipeline.provenance)
    document = {**about, **results.document(), "provenance": provenance}
    for bar in results.bars:
        print(f"{'ok  ' if bar.ok else 'FAIL'} {bar.name}: {bar.value} ({bar.demand})")
    if args.rows:
        document["rows"] = write_tables(args.rows, results.rows)
    if args.json:
        args.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if args.markdown:
        write_markdown(args.markdown, document, evaluation.pipeline)
    print(json.dumps({**about, "ok": document["ok"], "failed": len(document["failed"]), "bars": len(results.bars)}))
    return 0 if document["ok"] or args.tiny else 1


if __name__ == "__main__":
    sys.exit(main(arguments()))
