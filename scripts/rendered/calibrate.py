"""Invented patients → a bundle whose thresholds, probabilities, intervals and warnings were set on them.

    python -m scripts.rendered.calibrate --bundle B --bank K --studies 200 --out B2

As `echoscribe calibrate` does with a site's own studies. The patients come from the seeds of the calibration. Further
ones, of looks that nothing was trained on (`--looks`), help to set the limits of whole studies. With
`--study-limits-alone` those limits are all that changes. The last line is JSON: what each phenotype rests on.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from model.device import choose_placement
from model.embeddings import StudyEmbedding
from scripts.rendered.evaluation.studies.embedding import embed_sets
from scripts.rendered.evaluation.studies.embedding_cache import BASE, cache_folder, read_set
from scripts.rendered.evaluation.studies.study_sets import MAX_CLIPS, StudySet, calibration_set
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.seed_ranges import seed_for
from service.artifacts import ArtifactPaths, load_pipeline
from service.pipeline import ReportPipeline
from service.site.calibration.calibrating import calibrate_manifest, stated_limits, write_calibrated
from service.site.calibration.familiarity import clip_distances, with_study_limits
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


def looks_set(studies: int) -> StudySet:
    """Studies of held-out looks, of patients whom no other set has."""
    return StudySet("calibration_looks", seed_for("calibration", 901), "clinical", studies, MAX_CLIPS, shift="looks")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Calibrates as the command line says. Returns the summary."""
    if arguments.studies < 2:
        raise ValueError(f"--studies: {arguments.studies} studies; two at least")
    paths = ArtifactPaths(arguments.bundle, arguments.bank)
    pipeline = load_pipeline(paths, choose_placement(arguments.device))
    studies = list(rendered_studies(arguments.studies, arguments.cache, paths, pipeline, arguments.workers))
    looks = _embedded(looks_set(arguments.looks), arguments.cache, paths, pipeline, arguments.workers)
    embeddings = [study.embedding for study in studies]
    if arguments.study_limits_alone:
        return _set_study_limits(arguments, pipeline, embeddings, looks)
    manifest = calibrate_manifest(
        pipeline.bundle, studies, arguments.sensitivity, pipeline.retriever.bank.manifest.identity
    )
    known = clip_distances(embeddings, arguments.false_flags, looks)
    final = write_calibrated(arguments.bundle, arguments.out, manifest, known)
    told = {"false_flags": arguments.false_flags, "study_limits": stated_limits(known)}
    return {**final.evaluation["calibration"], **told}


def _embedded(
    chosen: StudySet, cache: Path, paths: ArtifactPaths, pipeline: ReportPipeline, workers: int
) -> list[StudyEmbedding]:
    """The studies of a set, those that the cache lacks rendered and embedded."""
    if not chosen.studies:
        return []
    embed_sets(pipeline, paths, cache, [chosen], workers)
    return [study.embeddings[BASE] for study in read_set(cache_folder(cache, pipeline, chosen), chosen.studies)]


def _set_study_limits(
    arguments: argparse.Namespace,
    pipeline: ReportPipeline,
    studies: Sequence[StudyEmbedding],
    looks: Sequence[StudyEmbedding],
) -> dict[str, Any]:
    """Writes the bundle with limits of whole studies, all else as it was. Returns the limits."""
    if pipeline.familiar is None:
        raise ValueError("--study-limits-alone: the bundle has no statistics of clips; calibrate it as a whole")
    known = with_study_limits(pipeline.familiar, studies, looks)
    write_calibrated(arguments.bundle, arguments.out, pipeline.bundle, known)
    return {"studies": len(studies), "looks": len(looks), "study_limits": stated_limits(known)}


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
    parser.add_argument("--looks", type=int, default=0, help="further studies, of held-out looks")
    parser.add_argument("--study-limits-alone", action="store_true", help="set limits of whole studies, nothing else")
    parser.add_argument("--device", default="cpu")
    return parser.parse_args(words)


if __name__ == "__main__":
    print(json.dumps(run(arguments_of())))
