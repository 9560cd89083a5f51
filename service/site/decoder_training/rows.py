"""Training rows of the decoder, and how each is disturbed so that it learns when to trust its evidence.

A row is one section of one study: what the pipeline would offer the decoder, and the sentences it should write.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import torch

from index.phrase_table import PhraseTable
from index.retrieval import ContextCandidate
from model.report.language.language import Language, Phrase
from model.report.request import EvidenceSentence, WritingRequest
from service.answer.evidence import evidence_sentences
from service.site.decoder_training.rewording import Rewording

EvidenceKind = Literal["own", "none", "corrupted", "other"]


@dataclass(frozen=True, eq=False)
class TrainingRow:
    """One section to write. study: the request without evidence, the same object in all rows of a study.

    targets: templates of the true report, in order. neighbours: candidates that have the section, nearest first.
    """

    study: WritingRequest
    section: str
    targets: tuple[str, ...]
    neighbours: tuple[ContextCandidate, ...]


@dataclass(frozen=True)
class Recipe:
    """How often a row's inputs are changed; the shares of evidence kinds sum to one.

    without_identical: neighbours whose section equals the target are removed, so that copying whole sections is no way
    out. corrupted_low, corrupted_high: bounds of the share of corrupted evidence whose finding is flipped.
    invented: evidence and targets in words that nobody uses, so that nothing but its support speaks for a sentence.
    """

    own: float = 0.55
    none: float = 0.15
    corrupted: float = 0.15
    other: float = 0.15
    without_identical: float = 0.30
    without_phenotypes: float = 0.15
    without_vectors: float = 0.10
    corrupted_low: float = 0.2
    corrupted_high: float = 0.6
    invented: float = 0.25

    def __post_init__(self) -> None:
        if abs(self.own + self.none + self.corrupted + self.other - 1) > 1e-9:
            raise ValueError("own, none, corrupted and other must sum to 1")

    def kind(self, rng: np.random.Generator) -> EvidenceKind:
        """A kind of evidence, drawn."""
        kinds: tuple[EvidenceKind, ...] = ("own", "none", "corrupted", "other")
        return kinds[int(rng.choice(4, p=[self.own, self.none, self.corrupted, self.other]))]


@dataclass(frozen=True, eq=False)
class DisturbedRow:
    """A row as the decoder reads it in one training step.

    targets: what it should write, in the words of its evidence. stated: the same in the report's own words.
    contrast: another study whose section differs, with the same inputs left out; None where there is none to compare.
    """

    study: WritingRequest
    section: str
    targets: tuple[str, ...]
    evidence: tuple[EvidenceSentence, ...]
    kind: EvidenceKind
    stated: tuple[str, ...] = ()
    contrast: WritingRequest | None = None


@dataclass(frozen=True, eq=False)
class Disturber:
    """Applies a recipe. phrases: the table that the rows' neighbours refer to.

    only_language: as the service reads a bank whose text may not be shown, wordings of the report language alone.
    """

    recipe: Recipe
    phrases: PhraseTable
    language: Language
    only_language: bool = False

    @cached_property
    def rewording(self) -> Rewording:
        """Of the rows' bank and the language."""
        return Rewording(self.phrases, self.language)

    def disturb(
        self, row: TrainingRow, other: TrainingRow, rng: np.random.Generator, contrast: WritingRequest | None = None
    ) -> DisturbedRow:
        """The row with its inputs drawn anew; other: a row of the same section from another study.

        contrast: a study whose section differs from the row's; it loses the inputs that the row loses.
        """
        kind = self.recipe.kind(rng)
        identical = rng.random() < self.recipe.without_identical
        neighbours = {"none": (), "other": other.neighbours}.get(kind, row.neighbours)
        if identical:
            neighbours = tuple(candidate for candidate in neighbours if self._templates(candidate) != set(row.targets))
        evidence = evidence_sentences(neighbours, self.phrases, only_language=self.only_language)
        if kind == "corrupted":
            share = rng.uniform(self.recipe.corrupted_low, self.recipe.corrupted_high)
            evidence = corrupt(evidence, row.section, share, self.language, rng)
        targets = self.rewording.of_targets(row.section, row.targets, evidence)
        if rng.random() < self.recipe.invented:
            invented = self.rewording.invented(evidence, rng)
            evidence = tuple(invented[sentence.template] for sentence in evidence)
            targets = tuple(invented[target].template if target in invented else target for target in targets)
        order = rng.permutation(len(evidence))
        unestimated = rng.random() < self.recipe.without_phenotypes
        unseen = rng.random() < self.recipe.without_vectors
        comparable = contrast is not None and not (unestimated and unseen)
        return DisturbedRow(
            study=_without(row.study, unestimated, unseen),
            section=row.section,
            targets=targets,
            stated=row.targets,
            evidence=tuple(evidence[place] for place in order),
            kind=kind,
            contrast=_without(contrast, unestimated, unseen) if contrast is not None and comparable else None,
        )

    def _templates(self, candidate: ContextCandidate) -> set[str]:
        said = ((self.phrases[sentence.phrase_id], sentence.value) for sentence in candidate.sentences)
        return {phrase.numberless if phrase.slot and value is None else phrase.template for phrase, value in said}


def _without(study: WritingRequest, phenotypes: bool, vectors: bool) -> WritingRequest:
    """The study with its phenotype estimates or its vectors left out."""
    if phenotypes:
        study = replace(study, phenotypes=())
    if vectors:
        study = replace(study, assessed=torch.zeros_like(study.assessed), clip_vectors=study.clip_vectors[:0])
    return study


def corrupt(
    evidence: Sequence[EvidenceSentence], section: str, share: float, language: Language, rng: np.random.Generator
) -> tuple[EvidenceSentence, ...]:
    """Evidence in which a share of the sentences states another value of its finding: polarity or severity flipped.

    Sentences whose finding has no other value, or that the language lacks, stay as they are.
    """
    known = {phrase.template: phrase for phrase in language.phrases if phrase.section == section}
    flips = rng.random(len(evidence)) < share
    return tuple(
        _flip(sentence, known, rng) if flip else sentence for sentence, flip in zip(evidence, flips, strict=True)
    )


def _flip(sentence: EvidenceSentence, known: dict[str, Phrase], rng: np.random.Generator) -> EvidenceSentence:
    phrase = known.get(sentence.template)
    if phrase is None:
        return sentence
    names = {finding.name for finding in phrase.findings}
    others = [
        other
        for other in known.values()
        if {finding.name for finding in other.findings} == names and set(other.findings) != set(phrase.findings)
    ]
    if not others:
        return sentence
    other = others[int(rng.integers(len(others)))]
    return replace(sentence, template=other.template, numberless=other.numberless, slot=other.slot)
