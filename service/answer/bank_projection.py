"""Section vectors drawn onto a bank: what a decoder trained on the bank's own text vectors reads.

A decoder of an imported bank has seen text vectors with noise (CapDec, Nukrai et al. 2022); a video vector lies beside
them. The softmax-weighted mean of its neighbours lies among them (DeCap, Li et al. 2023).
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from index.retrieval import Neighbours
from model.embeddings import SectionEmbeddings

TEMPERATURE = 0.01  # the order of DeCap's (Li et al. 2023, section 3.3); not tuned here


def project_onto_bank(sections: SectionEmbeddings, neighbours: Neighbours, bank: CandidateBank) -> SectionEmbeddings:
    """The sections with each assessed vector replaced by the mean of its neighbours' vectors, unit norm.

    A neighbour weighs by the softmax of its similarity over TEMPERATURE. Sections not assessed stay zero.
    """
    vectors = torch.zeros_like(sections.vectors)
    for row, section in enumerate(sections.sections):
        ids, similarities = neighbours.of(section)
        if len(ids):
            vectors[row] = torch.from_numpy(_mean(bank.embeddings[ids].astype(np.float32), similarities))
    return replace(sections, vectors=vectors)


def _mean(candidates: NDArray[np.float32], similarities: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (D,) unit norm. candidates: (K, D) as stored; similarities: (K,)."""
    shares = np.exp((similarities - similarities.max()) / TEMPERATURE)
    mean = shares @ candidates
    unit: NDArray[np.float32] = mean / max(float(np.linalg.norm(mean)), np.finfo(np.float32).tiny)
    return unit
