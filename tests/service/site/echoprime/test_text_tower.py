"""The release's text encoder, small: names, sizes, what is left out or refused, and texts embedded by a bundle."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model.bundle import BundleManifest
from model.checkpoint import save_weights
from model.echo.taxonomy import ECHO_TAXONOMY
from model.errors import BundleMismatch
from model.report.text_encoder.bert import BertTextEncoder
from model.report.text_encoder.text_encoder import TextEncoderConfig, build_text_encoder, encode_reports, encode_texts
from scripts.reference.release import synthetic_weights
from service.site.echoprime import bundle
from service.site.echoprime.errors import ReleaseMismatch
from service.site.echoprime.layout import EchoPrimeRelease
from service.site.echoprime.text_tower import bert_config, rename_tensors
from tests.model.echo.small_echo import write_echo_bundle
from tests.model.report.bridge import tokenizer as report_tokenizer

DIMENSION = 24
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "mild", "severe", "mitral", "regurgitation", "."]
TEXTS = ["Mild mitral regurgitation.", "Severe mitral regurgitation.", ""]


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.Tensor]:
    for name, size in (("_VOCABULARY", 16), ("_WIDTH", 64), ("_INNER", 96), ("_LAYERS", 2), ("_POSITIONS", 12)):
        monkeypatch.setattr(synthetic_weights, name, size)
    drawn = synthetic_weights._text_encoder(torch.Generator().manual_seed(0), DIMENSION)
    return {name: 20 * tensor for name, tensor in drawn.items()}  # at BERT's deviation two texts are nearly one


def release_with(weights: dict[str, torch.Tensor], folder: Path) -> EchoPrimeRelease:
    torch.save(weights, folder / "text.pt")
    paths = dict.fromkeys(EchoPrimeRelease.__dataclass_fields__, folder)
    # Types: given by name.
    return EchoPrimeRelease(**{**paths, "text_encoder": folder / "text.pt", "synthetic": True})  # type: ignore[arg-type]  # fields by name


def test_every_tensor_of_the_release_finds_its_place(weights: dict[str, torch.Tensor]) -> None:
    weights["backbone.bert.embeddings.position_ids"] = torch.arange(12)[None]
    config = bert_config(weights, Path("text.pt"))
    assert (config.vocabulary, config.width, config.inner_width, config.layers) == (16, 64, 96, 2)
    assert (config.heads, config.max_tokens, config.embedding_dim) == (1, 12, DIMENSION)
    own = BertTextEncoder(config).state_dict()
    shapes = {name: tensor.shape for name, tensor in rename_tensors(weights).items()}
    assert shapes == {name: tensor.shape for name, tensor in own.items()}


def test_a_release_becomes_a_bundle_that_embeds_reports(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    out = tmp_path / "bundle"
    out.mkdir()
    network = bundle._text_encoder(release_with(weights, tmp_path), out, tmp_path, DIMENSION)
    manifest = write_echo_bundle(out)
    manifest = manifest.model_copy(update={"networks": {**manifest.networks, "text_encoder": network}})
    vectors = encode_reports(out, manifest, TEXTS)
    assert vectors.shape == (3, DIMENSION)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    encoder = BertTextEncoder(bert_config(weights, tmp_path))
    encoder.load_state_dict(rename_tensors(weights))
    with torch.inference_mode():
        alone = encoder(torch.tensor([[2, 5, 6, 7, 8, 3]]), torch.ones(1, 6, dtype=torch.bool))
    assert np.allclose(vectors[1], alone[0].numpy(), atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3


def test_what_does_not_fit_is_refused(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    release = release_with(weights, tmp_path)
    with pytest.raises(ReleaseMismatch, match=r"cannot be read as a tokenizer folder"):
        bundle._text_encoder(release, tmp_path, tmp_path, DIMENSION)
    (tmp_path / "vocab.txt").write_text("\n".join([*WORDS, *map(str, range(20))]), encoding="utf-8")
    with pytest.raises(ReleaseMismatch, match=r"has 29 tokens, text\.pt knows 16"):
        bundle._text_encoder(release, tmp_path, tmp_path, DIMENSION)
    with pytest.raises(ReleaseMismatch, match="embeds in 24 dimensions, the video encoder in 512"):
        bundle._text_encoder(release, tmp_path, tmp_path, 512)
    with pytest.raises(ReleaseMismatch, match="no BERT with a text projection"):
        bert_config({"text_projection.weight": torch.ones(2, 2)}, Path("text.pt"))


def manifest_with(folder: Path, network: dict[str, object] | None) -> BundleManifest:
    manifest = write_echo_bundle(folder)
    assert manifest.taxonomy() == ECHO_TAXONOMY
    return manifest.model_copy(update={"networks": {"text_encoder": network} if network else {}})


def test_our_own_encoder_is_called_by_the_same_function(tmp_path: Path) -> None:
    tokenizer = report_tokenizer()
    config = TextEncoderConfig(vocabulary=tokenizer.size, embedding_dim=DIMENSION, width=16, heads=2)
    encoder = build_text_encoder(config, seed=1)
    save_weights(encoder, tmp_path / "text.safetensors", torch.float32)
    tokenizer.write(tmp_path / "tokenizer.json")
    manifest = manifest_with(tmp_path, {**config.model_dump(), "file": "text.safetensors"})
    assert np.array_equal(encode_reports(tmp_path, manifest, TEXTS), encode_texts(encoder, tokenizer, TEXTS))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (None, r"networks\.text_encoder: bundle 'small' has none"),
        ({"architecture": "lstm", "file": "x"}, "'lstm' is none of"),
        ({"architecture": "bert", "file": "x", "vocabulary": 0}, r"networks\.text_encoder\.vocabulary"),
    ],
)
def test_a_bundle_whose_text_encoder_cannot_be_built_is_named(
    tmp_path: Path, network: dict[str, object] | None, message: str
) -> None:
    with pytest.raises(BundleMismatch, match=message):
        encode_reports(tmp_path, manifest_with(tmp_path, network), TEXTS)
