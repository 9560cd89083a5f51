"""Decoder training rows from embeddings: neighbours among the training patients vote, and what they say is evidence.

The path is the product's (exact search per section, vote, evidence), without a bank on disk. Nobody is a neighbour of
himself, in whatever split.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from index.exact_search import ExactSearch
from index.phenotype_vote import vote
from index.retrieval import ContextCandidate, Neighbours, PhenotypeVote, RetrievedSentence
from index.retriever import CONTEXT
from index.usual_search import DEPTH, NEIGHBOURS
from model.report.request import WritingRequest
from service.answer.writing_request import phenotype_token
from service.site.decoder_training.rows import TrainingRow
from service.site.embedding_training.errors import TooLittle
from service.site.embedding_training.study_table import StudyTable
from service.site.embedding_training.wordings import Wordings

_QUERIES = 512  # studies searched at once; bounds memory, changes nothing
Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EmbeddingRows:
    """Makes rows of a table's studies against its training studies. Raises TooLittle without two of those."""

    table: StudyTable
    wordings: Wordings

    def __post_init__(self) -> None:
        if len(self.candidates) < 2:
            raise TooLittle(f"{len(self.candidates)} studies to train on, 2 at least")

    @cached_property
    def candidates(self) -> Ids:
        """int64 (M,) numbers of the training studies; a candidate's id is its place among them."""
        return self.table.of("train")

    def rows(self, studies: Ids) -> list[TrainingRow]:
        """A row for every section that was seen and that the study's report has in wordings."""
        blocks = (studies[start : start + _QUERIES] for start in range(0, len(studies), _QUERIES))
        return [
            row
            for block in blocks
            for study, nearest in zip(block.tolist(), self._nearest(block), strict=True)
            for row in self._rows_of(study, nearest)
        ]

    def labels(self, phenotype: str, candidate_ids: Sequence[int] | Ids) -> NDArray[np.float32]:
        """Labels of candidates, NaN where unknown; as `index.phenotype_vote` asks for them."""
        chosen: NDArray[np.float32] = self._labels[phenotype][np.asarray(candidate_ids, np.int64)]
        return chosen

    @cached_property
    def _sections(self) -> tuple[str, ...]:
        return self.wordings.file.sections

    @cached_property
    def _searches(self) -> tuple[tuple[ExactSearch, Ids], ...]:
        """Per section its candidates' vectors, and which of them were seen; one search where sections share them."""
        vectors = self.table.vectors[self.candidates]
        count = len(self._sections) if self.table.per_section else 1
        parts = [np.ascontiguousarray(vectors[:, section]) for section in range(count)]
        return tuple((ExactSearch(part), np.flatnonzero(part.any(axis=1)).astype(np.int64)) for part in parts)

    def _nearest(self, studies: Ids) -> Iterator[tuple[Ids, ...]]:
        """For each study and section the nearest candidates, best first, its own patient's left out."""
        patients = [self.table.studies[number].patient for number in self.candidates.tolist()]
        own = max(Counter(patients).values())
        found = [
            search.search_rows(np.ascontiguousarray(self.table.vectors[studies, section]), DEPTH + own, seen)[0]
            for section, (search, seen) in enumerate(self._searches)
        ]
        for place, study in enumerate(studies.tolist()):
            himself = self.table.studies[study].patient
            others = tuple(
                np.array([n for n in ids[place].tolist() if patients[n] != himself], np.int64)[:DEPTH] for ids in found
            )
            yield others if self.table.per_section else others * len(self._sections)

    def _rows_of(self, study: int, nearest: tuple[Ids, ...]) -> Iterator[TrainingRow]:
        vectors = torch.from_numpy(np.ascontiguousarray(self.table.vectors[study]))
        assessed = vectors.any(dim=1)
        request = WritingRequest(
            sections=self._sections,
            section_vectors=vectors,
            assessed=assessed,
            clip_vectors=vectors[:0],
            phenotypes=tuple(phenotype_token(*item) for item in self._votes(nearest, assessed).items()),
            evidence={},
        )
        report = self._said(study)
        for place, section in enumerate(self._sections):
            said = report.get(section)
            if said and assessed[place]:
                context = self._context(section, nearest[place])
                yield TrainingRow(request, section, self.wordings.templates(said), context)

    def _votes(self, nearest: tuple[Ids, ...], assessed: torch.Tensor) -> Mapping[str, PhenotypeVote]:
        ids = np.full((len(self._sections), NEIGHBOURS), -1, np.int64)
        for row, found in enumerate(nearest):
            if assessed[row]:
                ids[row, : len(found[:NEIGHBOURS])] = found[:NEIGHBOURS]
        neighbours = Neighbours(self._sections, ids, np.zeros(ids.shape, np.float32))
        return vote(neighbours, self, {p.name: p.section for p in self.wordings.file.phenotypes})

    def _context(self, section: str, ids: Ids) -> tuple[ContextCandidate, ...]:
        named = self._contexts[section]
        candidates = (named.get(number) for number in ids.tolist())
        return tuple(candidate for candidate in candidates if candidate is not None)[:CONTEXT]

    @cached_property
    def _contexts(self) -> Mapping[str, Mapping[int, ContextCandidate]]:
        """Section → the candidates that have it. Rows share these objects."""
        contexts: dict[str, dict[int, ContextCandidate]] = {section: {} for section in self._sections}
        for place, number in enumerate(self.candidates.tolist()):
            for section, said in self._said(number).items():
                contexts[section][place] = ContextCandidate(place, np.nan, said)
        return contexts

    @cached_property
    def _labels(self) -> Mapping[str, NDArray[np.float32]]:
        """Of the table's columns; where they are silent, the number that the report states of the phenotype."""
        names = [phenotype.name for phenotype in self.wordings.file.phenotypes]
        labels = {name: np.full(len(self.candidates), np.nan, np.float32) for name in names}
        for place, number in enumerate(self.candidates.tolist()):
            for name, value in {**self._stated(number), **self.table.studies[number].labels}.items():
                labels[name][place] = value
        return labels

    def _stated(self, number: int) -> dict[str, float]:
        slots, phrases = self.wordings.language.slots, self.wordings.phrases
        sentences = (sentence for said in self._said(number).values() for sentence in said)
        stated = ((phrases[sentence.phrase_id].slot, sentence.value) for sentence in sentences)
        return {s: v for s, v in stated if s is not None and isinstance(v, float) and slots[s].holds(v)}

    def _said(self, number: int) -> dict[str, tuple[RetrievedSentence, ...]]:
        """Section → the wordings of a study's report; sections without any are left out."""
        sections = self.table.studies[number].sections
        found = {section: self.wordings.said(section, sentences) for section, sentences in sections.items()}
        return {section: said for section, said in found.items() if said}
