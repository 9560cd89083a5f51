"""Reports as vectors in which each section has dimensions of its own: its text, embedded, in its own part."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from model.report.text_encoder.text_encoder import EncodeTexts


def section_vectors(
    encode: EncodeTexts,
    reports: Sequence[Mapping[str, str]],
    subspaces: Mapping[str, Sequence[int]],
    dimension: int,
) -> NDArray[np.float32]:
    """float32 (N, dimension): each section's part has norm 1, and 0 where a report does not have the section.

    reports: section → text. Equal texts of a section are embedded once.
    """
    vectors = np.zeros((len(reports), dimension), np.float32)
    for section, (first, end) in subspaces.items():
        rows: dict[str, list[int]] = {}
        for row, report in enumerate(reports):
            if text := report.get(section, ""):
                rows.setdefault(text, []).append(row)
        if not rows:
            continue
        parts = encode(list(rows))[:, first:end]
        parts = parts / np.maximum(np.linalg.norm(parts, axis=1, keepdims=True), 1e-12)
        for part, owners in zip(parts, rows.values(), strict=True):
            vectors[owners, first:end] = part
    return vectors
