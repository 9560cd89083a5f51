"""Each section reads its own part of an embedding, so that one vector per study serves 15 independent searches.

Otherwise neighbours for the IVC are also chosen by what a subcostal clip shows of the ventricles.
"""

from collections.abc import Mapping, Sequence

import torch

from model.errors import BundleMismatch


def even_subspaces(sections: Sequence[str], width: int) -> dict[str, tuple[int, int]]:
    """Section → (first, past the last) dimension: parts of `width`, one after the other."""
    return {section: (row * width, (row + 1) * width) for row, section in enumerate(sections)}


def subspace_mask(subspaces: Mapping[str, Sequence[int]], sections: Sequence[str], dimension: int) -> torch.Tensor:
    """The dimensions each section reads: bool (S, D). Raises BundleMismatch where one is missing or out of range."""
    mask = torch.zeros(len(sections), dimension, dtype=torch.bool)
    for row, section in enumerate(sections):
        if section not in subspaces:
            raise BundleMismatch(f"section_subspaces has no entry for {section!r}")
        first, end = subspaces[section]
        if not 0 <= first < end <= dimension:
            raise BundleMismatch(f"section_subspaces[{section!r}]: {first}..{end} does not lie in 0..{dimension}")
        mask[row, first:end] = True
    return mask
