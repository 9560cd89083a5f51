"""Our reports of held-out studies: the product's own pipeline, from a study's vectors on."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.device import choose_placement
from scripts.reference.echovlm.environment import Failed
from scripts.reference.echovlm.held_out import HeldOut, Text
from service.answer.text.plain_sentences import plain_text
from service.artifacts import ArtifactPaths, load_pipeline
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.schemas import Mode, ReportDocument

# Enough steps to average over, of few rows: making rows and scoring is not what is measured.
SPEED_RUN = ("--steps", "40", "--candidates", "400", "--test-studies", "10")


def train_ours(bank: Path, out: Path, options: Sequence[str]) -> None:
    """Trains our decoder by its command; what it says at its end stays beside the bundle. Raises Failed."""
    paths = ["--bundle", str(bank.with_name("bundle")), "--bank", str(bank), "--out", str(out)]
    command = [sys.executable, "-m", "service.cli.entry", "train", "decoder", *paths, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Failed(f"echoscribe train decoder: exit status {done.returncode}")
    out.with_name(f"{out.name}.json").write_text(done.stdout.splitlines()[-1] + "\n", encoding="utf-8")


def training_figures(out: Path) -> dict[str, Any]:
    """What our training said at its end, without what it found on its own held-out studies."""
    said: dict[str, Any] = json.loads(out.with_name(f"{out.name}.json").read_text(encoding="utf-8"))
    return {name: value for name, value in said.items() if name not in ("bars", "out")}


@dataclass(frozen=True, eq=False)
class OurReports:
    """What one mode writes. votes: phenotype → float64 (N,) estimates beside the texts, NaN where there is none.

    unwritten: sections that have evidence and no sentence. seconds: of writing, the median study.
    """

    texts: tuple[Text, ...]
    votes: dict[str, NDArray[np.float64]]
    unwritten: int
    seconds: float


def pipeline_of(bundle: Path, bank: Path, held_out: HeldOut, dtype: str = "float32") -> ReportPipeline:
    """The pipeline, for which held-out candidates are not there."""
    pipeline = load_pipeline(ArtifactPaths(bundle, bank), choose_placement("auto", dtype))
    excluded = np.union1d(pipeline.retriever.excluded, held_out.candidates).astype(np.int64)
    return replace(pipeline, retriever=replace(pipeline.retriever, excluded=excluded))


def write_reports(pipeline: ReportPipeline, held_out: HeldOut, mode: Mode) -> OurReports:
    """Reports of all held-out studies in a mode."""
    documents = [
        pipeline.report(held_out.study(row, pipeline), RunOptions(mode=mode)) for row in range(len(held_out.truths))
    ]
    names = [phenotype.name for phenotype in pipeline.bundle.taxonomy().phenotypes]
    return OurReports(
        texts=tuple({name: said for name, said in plain_text(document).items() if said} for document in documents),
        votes={name: _column(documents, name) for name in names},
        unwritten=sum(_unwritten(document) for document in documents),
        seconds=float(np.median([document.stage_seconds["write"] for document in documents])),
    )


def _column(documents: Sequence[ReportDocument], name: str) -> NDArray[np.float64]:
    values = [document.phenotypes[name].value for document in documents]
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _unwritten(document: ReportDocument) -> int:
    return sum(section.assessed and not section.sentences for section in document.sections)
