"""Section vectors drawn onto a bank: equal to the sum written out, and of unit norm where anything was found."""

from math import exp
from pathlib import Path

import numpy as np
import torch

from index.exact_search import ExactSearch
from index.retriever import Retriever
from model.embeddings import SectionEmbeddings
from service.answer.bank_projection import TEMPERATURE, project_onto_bank
from tests.index.small_bank import unit_rows, write_bank

SECTIONS = ("Left Ventricle", "Aorta")


def test_projection_equals_its_slow_twin_and_leaves_unassessed_sections_zero(tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "bank")
    vectors = torch.from_numpy(unit_rows(2, 16, seed=4))
    vectors[1] = 0
    sections = SectionEmbeddings(vectors, torch.tensor([True, False]), torch.zeros(2, 0), SECTIONS)
    retriever = Retriever(bank, ExactSearch(bank.embeddings))
    neighbours = retriever.retrieve(vectors.numpy(), SECTIONS, np.array([True, False]), neighbours=7).neighbours

    projected = project_onto_bank(sections, neighbours, bank)

    ids, similarities = neighbours.of("Left Ventricle")
    weights = [exp(float(similarity) / TEMPERATURE) for similarity in similarities]
    expected = [
        sum(weight * float(bank.embeddings[candidate][column]) for weight, candidate in zip(weights, ids, strict=True))
        for column in range(16)
    ]
    length = sum(number**2 for number in expected) ** 0.5
    np.testing.assert_allclose(projected.vectors[0].numpy(), np.array(expected) / length, atol=1e-5)
    assert not projected.vectors[1].any()
    assert projected.sections == SECTIONS
    assert not torch.equal(projected.vectors[0], vectors[0])
