"""Each section's text lands in its own part, with norm 1; a section that is missing leaves zeros."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.report.text_encoder.section_vectors import section_vectors

SUBSPACES = {"IVC": (0, 3), "Aorta": (3, 5)}


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """As a text encoder would: another vector for another text; told apart from one that is called twice by `calls`."""
    calls.append(tuple(texts))
    return np.array([[len(text) * (place + 1) + 1 for place in range(5)] for text in texts], np.float32)


calls: list[tuple[str, ...]] = []


def test_parts_have_norm_one_and_missing_sections_none() -> None:
    calls.clear()
    reports = [{"IVC": "wide", "Aorta": "normal"}, {"IVC": "wide"}, {"Aorta": "", "Liver": "unknown"}]
    vectors = section_vectors(encode, reports, SUBSPACES, 5)
    np.testing.assert_allclose(np.linalg.norm(vectors[:2, :3], axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(vectors[0, :3], vectors[1, :3])
    assert np.linalg.norm(vectors[0, 3:]) > 0.99
    assert not vectors[1, 3:].any()
    assert not vectors[2].any()
    assert calls == [("wide",), ("normal",)]  # each distinct text once


def test_no_report_with_a_section_is_no_fault() -> None:
    assert section_vectors(encode, [{}], SUBSPACES, 5).shape == (1, 5)
