"""Linear probes on section vectors: what can be read from the embeddings themselves, without any bank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.echo.taxonomy import PHENOTYPES
from model.embeddings import SectionEmbeddings
from scripts.rendered.checks.statistics import LinearReader
from scripts.rendered.evaluation.studies.context import NUMBERS

Columns = Mapping[str, NDArray[np.float64]]
_RIDGE = 0.1  # share of the mean eigenvalue added to each direction, for the two numbers


def section_matrix(sections: Sequence[SectionEmbeddings], name: str) -> NDArray[np.float64]:
    """float64 (studies, D): one section's vector of each study, zero where it was not assessed."""
    row = sections[0].sections.index(name)
    return np.stack([study.vectors[row].cpu().numpy() for study in sections]).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Probes:
    """A logistic probe per binary target and a ridge regression per number, on the section each is named for."""

    readers: Mapping[str, tuple[tuple[str, ...], LinearReader]]  # section → targets, probe
    ridges: Mapping[str, tuple[NDArray[np.float64], float]]  # number → weights, its mean

    @classmethod
    def fit(cls, sections: Sequence[SectionEmbeddings], targets: Mapping[str, Columns]) -> "Probes":
        """Probes of section → target → (studies,) 0 or 1, or a number for the two of `NUMBERS`."""
        readers, ridges = {}, {}
        for section, columns in targets.items():
            matrix = section_matrix(sections, section)
            binary = tuple(name for name, column in columns.items() if name not in NUMBERS and np.ptp(column) > 0)
            if binary:
                wanted = np.stack([columns[name] for name in binary], axis=1)
                readers[section] = (binary, LinearReader.fit(matrix, wanted))
            for name in set(columns) & set(NUMBERS):
                ridges[name] = _ridge(matrix, columns[name])
        return cls(readers, ridges)

    def scores(self, sections: Sequence[SectionEmbeddings]) -> dict[str, NDArray[np.float64]]:
        """Target → its probability or number in each study."""
        found: dict[str, NDArray[np.float64]] = {}
        for section, (names, reader) in self.readers.items():
            odds = reader.scores(section_matrix(sections, section))
            found |= {name: 1 / (1 + np.exp(-odds[:, place])) for place, name in enumerate(names)}
        of_number = {phenotype.name: phenotype.section for phenotype in PHENOTYPES}
        for name, (weights, mean) in self.ridges.items():
            found[name] = mean + section_matrix(sections, of_number[name]) @ weights
        return found


def _ridge(matrix: NDArray[np.float64], column: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Weights through the origin of the centred target; vectors have unit norm."""
    gram = matrix.T @ matrix
    penalty = _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    return np.linalg.solve(gram + penalty, matrix.T @ (column - column.mean())), float(column.mean())


def phenotype_targets(truth: Columns) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Section → phenotype → labels, as `Probes.fit` takes them."""
    found: dict[str, dict[str, NDArray[np.float64]]] = {}
    for phenotype in PHENOTYPES:
        found.setdefault(phenotype.section, {})[phenotype.name] = truth[phenotype.name]
    return found
