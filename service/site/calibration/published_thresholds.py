"""Thresholds that came with a bundle, judged on votes of the bank that is served; kept, or replaced by ones set on it.

A release's thresholds were chosen on votes of another program: in the published one most phenotypes are voted on by the
neighbours of another section. So each is held against labels: encoded studies with labels if there are some, else
labelled candidates of the bank, each asked for with its own vector and left out of its own answer. The first half of
the studies sets a threshold of our own (largest expected F1), the second half measures both. A candidate's vector is of
its report and not of its clips: thresholds that rest on them say so, and `echoscribe calibrate` on clips is better.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from model.bundle import BundleManifest, write_bundle
from model.device import choose_placement
from model.embeddings import SectionEmbeddings
from service.artifacts import ArtifactPaths, load_pipeline
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.site.calibration.curves import MIN_OF_EACH, cut_of
from service.site.metrics.auroc import sensitivity_specificity
from service.site.metrics.intervals import Interval, bootstrap
from service.site.observer import QUIET, Observer

OF_RELEASE, OF_BANK = "release", "bank"
_SAMPLES = 400
Decision = Literal["kept", "replaced", "added", "not judged"]


@dataclass(frozen=True, eq=False)
class LabelledVotes:
    """Votes and labels of some studies. votes, labels: phenotype → float64 (N,), NaN where there is none."""

    votes: Mapping[str, NDArray[np.float64]]
    labels: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Rates:
    """A threshold and what it reaches on the half that it was not set on."""

    threshold: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class Judged:
    """One phenotype. gain: rise of sensitivity plus specificity with our threshold in place of the published one."""

    phenotype: str
    positives: int
    studies: int
    published: Rates | None
    ours: Rates | None
    gain: Interval | None
    decision: Decision

    @property
    def threshold(self) -> float | None:
        """The one that holds from now on."""
        chosen = self.ours if self.decision in ("replaced", "added") else self.published
        return None if chosen is None else chosen.threshold

    def fields(self) -> dict[str, Any]:
        """As JSON."""
        rates = {name: getattr(self, name) for name in ("published", "ours")}
        shown = {n: None if r is None else {k: round(v, 4) for k, v in vars(r).items()} for n, r in rates.items()}
        gain = None if self.gain is None else [round(v, 4) for v in vars(self.gain).values()]
        return {"decision": self.decision, "positives": self.positives, "studies": self.studies, **shown, "gain": gain}


def judge(found: LabelledVotes, published: Mapping[str, float], binary: Sequence[str]) -> list[Judged]:
    """Every binary phenotype's thresholds. published: those that the bundle has."""
    return [_judged(name, published.get(name), found.votes[name], found.labels[name]) for name in binary]


def _judged(name: str, published: float | None, votes: NDArray[np.float64], labels: NDArray[np.float64]) -> Judged:
    known = ~(np.isnan(votes) | np.isnan(labels))
    votes, labels = votes[known], labels[known]
    setting, measuring = slice(0, None, 2), slice(1, None, 2)
    cut = cut_of(votes[setting], labels[setting]) if len(votes) else None
    votes, true = votes[measuring], labels[measuring] >= 0.5
    enough = min(int(true.sum()), int((~true).sum())) >= MIN_OF_EACH
    old = None if published is None else _rates(published, votes, true)
    new = None if cut is None else _rates(cut.threshold, votes, true)
    gain = None
    if old is not None and new is not None and enough:
        called = votes >= new.threshold, votes >= old.threshold
        gain = bootstrap(
            lambda rows: _sum(true[rows], called[0][rows]) - _sum(true[rows], called[1][rows]), len(votes), _SAMPLES
        )
    return Judged(name, int(true.sum()), len(true), old, new, gain, _decision(old, new, gain, enough=enough))


def _decision(old: Rates | None, new: Rates | None, gain: Interval | None, *, enough: bool) -> Decision:
    """A published threshold is given up only where ours is better beyond chance."""
    if not enough or new is None:
        return "not judged"
    if old is None:
        return "added"
    return "replaced" if gain is not None and gain.low > 0 else "kept"


def _rates(threshold: float, votes: NDArray[np.float64], true: NDArray[np.bool_]) -> Rates:
    return Rates(threshold, *sensitivity_specificity(true, votes >= threshold))


def _sum(true: NDArray[np.bool_], called: NDArray[np.bool_]) -> float:
    return float(sum(sensitivity_specificity(true, called)))


def votes_of_candidates(
    pipeline: ReportPipeline, studies: int, seed: int = 0, observer: Observer = QUIET
) -> LabelledVotes:
    """Votes on some candidates of the bank, each by its neighbours without itself, and their labels."""
    bank = pipeline.retriever.bank
    count = min(studies, bank.manifest.candidates)
    rows = np.sort(np.random.default_rng([seed, 5]).choice(bank.manifest.candidates, count, replace=False))
    names = [phenotype.name for phenotype in pipeline.bundle.taxonomy().phenotypes]
    found = []
    for done, row in enumerate(rows.tolist(), start=1):
        alone = replace(pipeline.retriever, excluded=np.array([row], np.int64))
        sections = _everywhere(bank.embeddings[row].astype(np.float32), pipeline.bundle.sections)
        votes = pipeline.vote(replace(pipeline, retriever=alone).retrieve(sections, RunOptions()))
        found.append([np.nan if votes[name].value is None else votes[name].value for name in names])
        observer.advance("candidates", done, count)
    table = np.array(found, np.float64)
    labels = {name: bank.labels(name, rows).astype(np.float64) for name in names}
    return LabelledVotes({name: table[:, column] for column, name in enumerate(names)}, labels)


def _everywhere(vector: NDArray[np.float32], sections: Sequence[str]) -> SectionEmbeddings:
    unit = torch.nn.functional.normalize(torch.from_numpy(vector), dim=0)
    shown = torch.ones(len(sections), dtype=torch.bool)
    return SectionEmbeddings(unit.repeat(len(sections), 1), shown, torch.zeros(len(sections), 0), tuple(sections))


def with_thresholds(manifest: BundleManifest, judged: Sequence[Judged], bank: str) -> BundleManifest:
    """The manifest with the thresholds that were decided on, and where each is from. bank: identity of the bank."""
    thresholds, sources = {}, {}
    for one in judged:
        if one.threshold is not None:
            thresholds[one.phenotype] = one.threshold
            ours = one.decision in ("replaced", "added")
            sources[one.phenotype] = OF_BANK if ours else manifest.threshold_sources.get(one.phenotype, OF_RELEASE)
    evaluation = {**manifest.evaluation, "thresholds": {one.phenotype: one.fields() for one in judged}}
    changed = {
        "thresholds": thresholds,
        "threshold_sources": sources,
        "thresholds_bank": bank,
        "evaluation": evaluation,
    }
    return manifest.model_copy(update=changed)


@dataclass(frozen=True, kw_only=True)
class ThresholdOptions:
    """A bundle, its bank, how many candidates are asked for, and the bundle to write; None: nothing is written."""

    bundle: Path
    bank: Path
    studies: int = 2000
    out: Path | None = None
    device: str = "cpu"


def judge_thresholds(options: ThresholdOptions, observer: Observer = QUIET) -> list[Judged]:
    """Judges the thresholds of a bundle, and writes one with what was decided. Raises FileExistsError, ValueError."""
    if options.out is not None and options.out.exists():
        raise FileExistsError(f"--out: {options.out} exists already; remove it or write elsewhere")
    pipeline = load_pipeline(ArtifactPaths(options.bundle, options.bank), choose_placement(options.device))
    bank = pipeline.retriever.bank.manifest
    if not bank.phenotypes:
        raise ValueError(f"{options.bank}: no candidate is labelled; thresholds need labels")
    binary = [p.name for p in pipeline.bundle.taxonomy().phenotypes if p.kind == "binary"]
    found = votes_of_candidates(pipeline, options.studies, observer=observer)
    judged = judge(found, pipeline.bundle.thresholds, binary)
    if options.out is not None:
        _write(options.bundle, options.out, with_thresholds(pipeline.bundle, judged, bank.identity))
    return judged


def _write(source: Path, out: Path, manifest: BundleManifest) -> None:
    building = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(building, ignore_errors=True)
    try:
        shutil.copytree(source, building)
        write_bundle(building, manifest)
        building.rename(out)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def table_lines(judged: Sequence[Judged]) -> Iterator[str]:
    """The table for a terminal, which is Markdown too."""
    yield "| phenotype | positive | published: threshold, sensitivity, specificity | ours | gain | decision |"
    yield "|---|---|---|---|---|---|"
    for one in judged:
        gain = "–" if one.gain is None else f"{one.gain.value:+.2f} ({one.gain.low:+.2f} to {one.gain.high:+.2f})"
        cells = f"{_shown(one.published)} | {_shown(one.ours)} | {gain} | {one.decision}"
        yield f"| {one.phenotype} | {one.positives} of {one.studies} | {cells} |"


def _shown(rates: Rates | None) -> str:
    return "–" if rates is None else f"{rates.threshold:.3f}, {rates.sensitivity:.2f}, {rates.specificity:.2f}"
