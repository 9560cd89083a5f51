"""Invented patients → a bundle whose thresholds, probabilities, intervals and warnings were set on them.

    python -m scripts.rendered.calibrate --bundle B --bank K --studies 200 --out B2

As `echoscribe calibrate` does with a site's own studies. The patients come from the seeds of the calibration. The last
line is JSON: what each phenotype rests on.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from model.device import choose_placement
from scripts.rendered.evaluation.studies.embedding import embed_sets
from scripts.rendered.evaluation.studies.embedding_cache import BASE, cache_folder, read_set
from scripts.rendered.evaluation.studies.study_sets import calibration_set
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from service.artifacts import ArtifactPaths, load_pipeline
from service.pipeline import ReportPipeline
from service.site.calibration.calibrating import calibrate_manifest, write_calibrated
from service.site.calibration.labelled_studies import LabelledStudy, label_study
from service.site.calibration.options import FALSE_FLAGS

CACHE = Path("runs/evaluation")


def rendered_studies(
    count: int, cache: Path, paths: ArtifactPaths, pipeline: ReportPipeline, workers: int
) -> Iterator[LabelledStudy]:
    """Invented patients, rendered and embedded by the whole pipeline, voted on; labels are the patients' own.

    cache: as `scripts.rendered.evaluate` keeps it; studies that are in it are not embedded again.
    """
    chosen = calibration_set(count)
    embed_sets(pipeline, paths, cache, [chosen], workers)
    for study in read_set(cache_folder(cache, pipeline, chosen), count):
        state = state_of(chosen.seed, study.study, chosen.prior)
        yield label_study(study.embeddings[BASE], labels_of(state), pipeline)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Calibrates as the command line says. Returns the summary."""
    if arguments.studies < 2:
        raise ValueError(f"--studies: {arguments.studies} studies; two at least")
    paths = ArtifactPaths(arguments.bundle, arguments.bank)
    pipeline = load_pipeline(paths, choose_placement(arguments.device))
    studies = list(rendered_studies(arguments.studies, arguments.cache, paths, pipeline, arguments.workers))
    manifest = calibrate_manifest(
        pipeline.bundle, studies, arguments.sensitivity, pipeline.retriever.bank.manifest.identity
    )
    final = write_calibrated(arguments.bundle, arguments.out, manifest, studies, arguments.false_flags)
    return {**final.evaluation["calibration"], "false_flags": arguments.false_flags}


def arguments_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=200, help="invented patients that are rendered")
    parser.add_argument("--cache", type=Path, default=CACHE, help="embedded rendered studies, shared with evaluate")
    parser.add_argument("--workers", type=int, default=2, help="processes that render; 0 for none beside this one")
    parser.add_argument("--out", type=Path, required=True, help="the calibrated bundle; must not exist")
    parser.add_argument("--sensitivity", type=float, help="target of every threshold; without it largest F1")
    parser.add_argument("--false-flags", type=float, default=FALSE_FLAGS, help="share of known clips beyond the limit")
    parser.add_argument("--device", default="cpu")
    return parser.parse_args(words)


if __name__ == "__main__":
    print(json.dumps(run(arguments_of())))
