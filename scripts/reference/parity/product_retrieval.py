"""The product's own pooling, search and vote on the arrays of a golden file, through a bank written for them."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from index.building.bank_writer import BankDescription, BankWriter
from index.candidate_bank import CandidateBank
from index.phenotype_vote import vote
from index.phrase_table import PhraseRow, PhraseTable
from index.report_columns import ReportColumns
from index.retrieval import PhenotypeVote, Retrieval
from index.retriever import Retriever, open_search
from model.echo.taxonomy import ECHO_TAXONOMY
from model.embeddings import StudyEmbedding
from model.pooling import MilTable, pool_sections

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class ProductRetrieval:
    """What the product makes of the golden inputs.

    section_embeddings: float32 (S, D). assessed: bool (S,). top_ids: int64 (S, K), -1 where not assessed.
    top_scores: float32 (S, K). source: int64 (S,) candidate of each report section, -1 without any.
    votes: by phenotype name; empty when the names of the label columns are not known.
    """

    section_embeddings: NDArray[np.float32]
    assessed: NDArray[np.bool_]
    top_ids: NDArray[np.int64]
    top_scores: NDArray[np.float32]
    source: NDArray[np.int64]
    votes: dict[str, PhenotypeVote]


def run_product(arrays: Arrays, sections: tuple[str, ...], phenotypes: tuple[str, ...]) -> ProductRetrieval:
    """The product's answer; `phenotypes` names the columns of candidate_labels, empty where they are not known."""
    vectors, assessed = _pooled(arrays, sections)
    neighbours = arrays["top50_ids"].shape[1]
    with tempfile.TemporaryDirectory() as folder:
        bank = _bank(Path(folder) / "bank", arrays, sections, phenotypes)
        retriever = Retriever(bank, open_search(bank))
        found = retriever.retrieve(vectors, sections, assessed, neighbours=neighbours, context=1)
        section_of = {
            p.name: p.section for p in ECHO_TAXONOMY.phenotypes if p.name in phenotypes and p.section in sections
        }
        votes = vote(found.neighbours, bank, section_of)
    return ProductRetrieval(
        section_embeddings=vectors,
        assessed=assessed,
        top_ids=found.neighbours.candidate_ids,
        top_scores=found.neighbours.similarities,
        source=np.array([_source(found, section) for section in sections]),
        votes=votes,
    )


def _source(found: Retrieval, section: str) -> int:
    """The candidate whose text the product would quote, -1 where there is none."""
    candidates = found.context.get(section, ())
    return candidates[0].candidate_id if candidates else -1


def _pooled(arrays: Arrays, sections: tuple[str, ...]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Section vectors by the product's MIL pooling, each clip counted as the view that the golden file names."""
    weights = arrays["section_weights"]
    views = tuple(f"view {number}" for number in range(weights.shape[1]))
    probabilities = torch.nn.functional.one_hot(torch.from_numpy(arrays["clip_views"].astype(np.int64)), len(views))
    embedding = StudyEmbedding(
        torch.from_numpy(arrays["clip_embeddings"].astype(np.float32)),
        probabilities.float(),
        tuple(range(1, len(probabilities) + 1)),
        views,
    )
    table = MilTable(sections, views, torch.from_numpy(weights.astype(np.float32)))
    pooled = pool_sections(embedding, table, "argmax", 0.0)
    return pooled.vectors.numpy(), pooled.assessed.numpy()


def _bank(folder: Path, arrays: Arrays, sections: tuple[str, ...], phenotypes: tuple[str, ...]) -> CandidateBank:
    """A float32 bank whose reports have one sentence in each section that a candidate has."""
    phrases = PhraseTable(tuple(PhraseRow(i, s, "", f"{s}.", f"{s}.", None) for i, s in enumerate(sections)))
    has_section = arrays["candidate_has_section"].astype(bool)
    vectors = arrays["candidate_embeddings"].astype(np.float32)
    with BankWriter(folder, phrases, sections, vectors.shape[1], "float32") as writer:
        writer.add_embeddings(vectors)
        writer.add_reports(
            ReportColumns(
                counts=has_section.sum(axis=1),
                phrase_ids=np.nonzero(has_section)[1].astype(np.int32),
                values=np.full(int(has_section.sum()), np.nan, np.float32),
            )
        )
        for column, name in enumerate(phenotypes):
            writer.add_labels(name, arrays["candidate_labels"][:, column].astype(np.float32))
        writer.finish(
            BankDescription(
                name="golden", encoder_sha256="", trained=False, domain="synthetic", licence_notice="Synthetic."
            )
        )
    return CandidateBank.open(folder, None)
