"""Held-out studies: the queries that they are searched by, what their reports say, and their labels."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from index.phrase_table import PhraseTable
from model.embeddings import SectionEmbeddings, StudyEmbedding
from model.taxonomy import Taxonomy
from service.site.bank_training.rows.row_making import Queries, Reports
from service.site.bank_training.rows.section_retrieval import Found, SectionRetrieval

Text = Mapping[str, list[str]]  # section → sentences


@dataclass(frozen=True, eq=False)
class HeldOut:
    """n studies that nothing was learned from. embeddings: of their clips, empty for stand-ins.

    labels: phenotype → float32 (n,), NaN where unknown.
    """

    queries: Queries
    reports: Reports
    labels: Mapping[str, NDArray[np.float32]]
    embeddings: tuple[StudyEmbedding, ...]

    def __len__(self) -> int:
        return len(self.queries.vectors)

    def sections(self, study: int, names: tuple[str, ...]) -> SectionEmbeddings:
        """A study's sections as the service pools them."""
        assessed = torch.from_numpy(self.queries.assessed[study])
        vectors = torch.from_numpy(self.queries.vectors[study]) * assessed[:, None]
        clips = len(self.embeddings[study].positions)
        return SectionEmbeddings(vectors, assessed, torch.zeros(len(names), clips), names)

    def texts(self, phrases: PhraseTable, taxonomy: Taxonomy) -> list[Text]:
        """What each report says, in the sections that its study shows."""
        found: list[dict[str, list[str]]] = [{} for _ in range(len(self))]
        place = {name: number for number, name in enumerate(taxonomy.sections)}
        columns = zip(*(getattr(self.reports, name).tolist() for name in ("study", "phrase", "value")), strict=True)
        for study, number, value in columns:
            row = phrases[number]
            if row.section in place and self.queries.assessed[study, place[row.section]]:
                text = row.text(None if np.isnan(value) else value)
                found[study].setdefault(row.section, []).append(text)
        return [dict(text) for text in found]


def found_in_parts(retrieval: SectionRetrieval, queries: Queries, at_once: int = 128) -> Found:
    """What many studies find; some at a time, which bounds memory and changes nothing."""
    starts = range(0, len(queries.vectors), at_once)
    parts = [
        retrieval.find(
            queries.vectors[start : start + at_once],
            queries.assessed[start : start + at_once],
            queries.patients[start : start + at_once],
        )
        for start in starts
    ]
    return Found(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("neighbours", "similarities", "context")))
