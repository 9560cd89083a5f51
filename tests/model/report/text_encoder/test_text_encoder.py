"""Text embeddings: unit norm, in the order given, and the same whatever shares their batch."""

import numpy as np

from model.report.text_encoder.text_encoder import encode_texts
from tests.model.report.bridge import DIM, LANGUAGE, text_encoder, tokenizer

TEXTS = [phrase.template for phrase in LANGUAGE.phrases] * 4 + ["", "Load 42 t. " * 200]


def test_embeddings_are_unit_and_depend_on_their_own_text_alone() -> None:
    together = encode_texts(text_encoder(), tokenizer(), TEXTS)
    alone = np.concatenate([encode_texts(text_encoder(), tokenizer(), [text]) for text in TEXTS])
    assert together.shape == (len(TEXTS), DIM)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_different_texts_differ_and_digits_count() -> None:
    embedded = encode_texts(
        text_encoder(), tokenizer(), ["The load is 12 t.", "The load is 21 t.", "No pier has moved."]
    )
    gaps = np.linalg.norm(embedded[:, None] - embedded[None], axis=-1)
    assert gaps[~np.eye(3, dtype=bool)].min() > 1e-5


def test_no_texts_give_no_rows() -> None:
    assert encode_texts(text_encoder(), tokenizer(), []).shape == (0, DIM)
