"""Losses of the encoders: each phenotype is told from its own section's part, and each as loud as the others."""

import numpy as np
import torch

from model.echo.taxonomy import ECHO_TAXONOMY
from model.section_subspaces import even_subspaces
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.training.section_objective import PhenotypeHeads, phenotype_labels

GREY = torch.zeros(6, dtype=torch.bool)
SUBSPACES = even_subspaces(ECHO_TAXONOMY.sections, 4)


def test_labels_are_in_the_taxonomys_order_and_numbers_are_standard_scores() -> None:
    labels = phenotype_labels([state_of(1, number, "clinical") for number in range(40)])
    assert labels.shape == (40, len(ECHO_TAXONOMY.phenotypes))
    for column, phenotype in enumerate(ECHO_TAXONOMY.phenotypes):
        values = labels[:, column]
        if phenotype.kind == "binary":
            assert set(values.tolist()) <= {0.0, 1.0}
        else:
            assert abs(float(values.mean())) < 1e-5
            np.testing.assert_allclose(float(values.std()), 1, rtol=1e-5)


def test_only_the_part_of_its_section_tells_a_phenotype() -> None:
    heads, embedded = PhenotypeHeads(SUBSPACES), torch.randn(6, 60, requires_grad=True)
    column = next(n for n, found in enumerate(ECHO_TAXONOMY.phenotypes) if found.name == "aortic_regurgitation")
    labels = torch.zeros(6, len(ECHO_TAXONOMY.phenotypes))
    other = labels.clone()
    other[:, column] = 1
    (difference,) = torch.autograd.grad(heads(embedded, labels, GREY) - heads(embedded, other, GREY), embedded)
    first, end = SUBSPACES["Aortic Valve"]
    assert difference[:, first:end].abs().sum() > 0
    difference[:, first:end] = 0
    assert difference.abs().max() < 1e-6


def test_all_phenotypes_weigh_alike() -> None:
    heads, embedded = PhenotypeHeads(SUBSPACES), torch.zeros(2, 60)
    with torch.no_grad():
        for tell in heads.tell:
            tell.bias.zero_()  # type: ignore[operator]  # a ModuleList forgets what it holds
    binary = [found.kind == "binary" for found in ECHO_TAXONOMY.phenotypes]
    labels = torch.zeros(2, len(binary))
    expected = sum(np.log(2) if kind else 0.0 for kind in binary) / len(binary)
    np.testing.assert_allclose(heads(embedded, labels, GREY[:2]).item(), expected, rtol=1e-5)


def test_a_leak_counts_more_where_flow_is_seen_and_nothing_else_does() -> None:
    heads, embedded = PhenotypeHeads(SUBSPACES), torch.randn(6, 60, requires_grad=True)
    labels = torch.zeros(6, len(ECHO_TAXONOMY.phenotypes))
    plain, shown = (
        torch.autograd.grad(heads(embedded, labels, flow), embedded)[0] for flow in (GREY, torch.ones_like(GREY))
    )
    first, end = SUBSPACES["Pulmonic Valve"]  # it has no other phenotype
    torch.testing.assert_close(shown[:, first:end], 8 * plain[:, first:end])
    first, end = SUBSPACES["IVC"]
    torch.testing.assert_close(shown[:, first:end], plain[:, first:end])
