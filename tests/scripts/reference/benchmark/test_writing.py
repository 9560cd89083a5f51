"""The benchmark of writing compares the same work: as many tokens, the same ones in float32."""

from functools import partial
from pathlib import Path

import pytest

from model.device import choose_placement
from model.report.decoder.decoder_config import DecoderConfig, decoder_config
from model.taxonomy import Taxonomy
from scripts.reference.benchmark import writing

BUNDLE = Path(__file__).parents[4] / "model" / "bundles" / "default"


def test_both_sides_write_every_section_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(taxonomy: Taxonomy, *, vocabulary: int, embedding_dim: int, size: str) -> DecoderConfig:
        assert size == "full"
        return decoder_config(taxonomy, vocabulary=vocabulary, embedding_dim=embedding_dim)

    monkeypatch.setattr(writing, "decoder_config", small)
    measure = partial(writing.write, BUNDLE, choose_placement("cpu", "float32"), repeats=1)
    row = measure(at_least=0)
    assert row.ok
    assert row.figures["sections"] == 15
    assert 15 < int(row.figures["tokens"]) <= 15 * 34
    assert not measure(at_least=1e6).ok
