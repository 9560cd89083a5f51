"""Studies → rows in numbers: retrieved, voted on and merged as in service, with what their reports say as targets."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from index.retrieval import Neighbours
from model.embeddings import SectionEmbeddings
from service.answer.bank_projection import project_onto_bank
from service.site.bank_training.rows.evidence_table import ContextSentences
from service.site.bank_training.rows.row_store import MOST_SENTENCES, RowBlock
from service.site.bank_training.rows.section_retrieval import Found, SectionRetrieval
from service.site.bank_training.rows.wording_table import WordingTable

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Queries:
    """n studies as they are searched for.

    vectors: float32 (n, S, D) unit norm. assessed: bool (n, S). patients: int64 (n,), -1 for one not in the bank.
    """

    vectors: Floats
    assessed: NDArray[np.bool_]
    patients: Ids


@dataclass(frozen=True, eq=False)
class Reports:
    """What n studies' reports say, as phrases of the bank. study: int64 (T,). phrase: int64 (T,). value: float32 (T,).

    text: bool (T,) the value is text.
    """

    study: Ids
    phrase: Ids
    value: Floats
    text: NDArray[np.bool_]

    @classmethod
    def of_candidates(cls, bank: CandidateBank, candidates: Ids) -> "Reports":
        """The reports of some candidates."""
        columns = bank.report_columns(candidates)
        texts = np.zeros(len(columns.phrase_ids), np.bool_)
        texts[list(columns.texts)] = True
        study = np.repeat(np.arange(len(candidates)), columns.counts)
        return cls(study, columns.phrase_ids.astype(np.int64), columns.values, texts)


@dataclass(frozen=True, eq=False)
class RowMaker:
    """Makes rows. project: section vectors are drawn onto the bank (DeCap), as the service will."""

    retrieval: SectionRetrieval
    table: WordingTable
    project: bool
    _salts: NDArray[np.uint64] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(0)
        salts = rng.integers(1, np.iinfo(np.uint64).max, len(self.table.texts), np.uint64)
        object.__setattr__(self, "_salts", salts)

    def rows(self, queries: Queries, reports: Reports) -> RowBlock:
        """A row for every assessed section of which a report says what may be learned."""
        found = self.retrieval.find(queries.vectors, queries.assessed, queries.patients)
        targets = self._targets(reports, queries.assessed)
        study, section = np.nonzero(targets[:, :, 0] >= 0)
        wanted = targets[study, section]
        bank, context = self.retrieval.bank, found.context[study, section]
        sentences = ContextSentences.read(bank, self.table, context, section)
        identical = sentences.signatures(self._salts) == self._signature(wanted)[sentences.owner]
        given = [sentences.evidence(self.table), sentences.evidence(self.table, ~identical)]
        return RowBlock(
            vectors=self.vectors(queries, found).astype(np.float16),
            assessed=queries.assessed,
            votes=self.retrieval.votes(found),
            study=study.astype(np.int32),
            section=section.astype(np.int16),
            targets=wanted.astype(np.int32),
            evidence=np.stack([evidence.texts for evidence in given], axis=1),
            support=np.stack([evidence.support for evidence in given], axis=1),
        )

    def vectors(self, queries: Queries, found: Found) -> Floats:
        """float32 (n, S, D): what the decoder reads of the queries."""
        if not self.project:
            return queries.vectors * queries.assessed[..., None]
        names = self.retrieval.taxonomy.sections
        vectors = np.empty_like(queries.vectors)
        parts = zip(queries.vectors, queries.assessed, found.neighbours, found.similarities, strict=True)
        for place, (own, assessed, ids, similarities) in enumerate(parts):
            sections = SectionEmbeddings(
                torch.from_numpy(own), torch.from_numpy(assessed), torch.zeros(len(names), 0), names
            )
            drawn = project_onto_bank(sections, Neighbours(names, ids, similarities), self.retrieval.bank)
            vectors[place] = drawn.vectors.numpy()
        return vectors

    def _targets(self, reports: Reports, assessed: NDArray[np.bool_]) -> Ids:
        """int64 (n, S, MOST_SENTENCES): what each assessed section should say, -1 beyond; each wording once."""
        targets = np.full((*assessed.shape, MOST_SENTENCES), -1, np.int64)
        section = self.table.sections[reports.phrase]
        text = self.table.said(reports.phrase, reports.value, reports.text)
        kept = (section >= 0) & (text >= 0)
        kept[kept] = assessed[reports.study[kept], section[kept]]
        study, section, text = reports.study[kept], section[kept], text[kept]
        _, first = np.unique(np.stack([study, section, text]), axis=1, return_index=True)
        first.sort()
        study, section, text = study[first], section[first], text[first]
        group = study * assessed.shape[1] + section
        order = np.argsort(group, kind="stable")
        begins = np.flatnonzero(np.r_[True, group[order][1:] != group[order][:-1]]) if len(order) else order
        place = np.arange(len(order)) - np.repeat(begins, np.diff(np.r_[begins, len(order)]))
        fits = place < MOST_SENTENCES
        at = order[fits]
        targets[study[at], section[at], place[fits]] = text[at]
        return targets

    def _signature(self, targets: Ids) -> NDArray[np.uint64]:
        """uint64 (R,): that of a candidate which says the same."""
        salts = np.where(targets >= 0, self._salts[np.maximum(targets, 0)], np.uint64(0))
        return np.asarray(salts.sum(axis=1, dtype=np.uint64))
