"""Seeded weights in the form of a release: right names and shapes, nothing learned."""

from collections.abc import Iterator
from pathlib import Path

import torch

from model.echo.networks.video_encoder import build_video_encoder
from model.echo.networks.view_classifier import build_view_classifier
from model.echo.taxonomy import VIEWS

# BERT base (Devlin et al. 2019) with BiomedBERT's vocabulary (Gu et al. 2021), and the projection of the release.
_VOCABULARY, _WIDTH, _INNER, _LAYERS, _POSITIONS = 30_522, 768, 3_072, 12, 512


def write_weights(folder: Path, seed: int, *, text_encoder: bool, dimension: int = 512) -> None:
    """Writes the three networks of a release; each is seeded anew, as the golden numbers of parity are."""
    folder.mkdir(parents=True)
    torch.manual_seed(seed)
    video = build_video_encoder({"architecture": "mvit_v2_s", "embedding_dim": dimension})
    torch.save(video.state_dict(), folder / "echo_prime_encoder.pt")
    torch.manual_seed(seed)
    views = build_view_classifier({"architecture": "convnext_base"}, VIEWS)
    torch.save(views.state_dict(), folder / "view_classifier.pt")
    if text_encoder:
        generator = torch.Generator().manual_seed(seed)
        torch.save(_text_encoder(generator, dimension), folder / "echo_prime_text_encoder.pt")


def _text_encoder(generator: torch.Generator, dimension: int) -> dict[str, torch.Tensor]:
    """A BERT's state dict, normal with BERT's own deviation of 0.02."""
    return {name: 0.02 * torch.randn(shape, generator=generator) for name, shape in _text_encoder_shapes(dimension)}


def _text_encoder_shapes(dimension: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    embeddings = "backbone.bert.embeddings"
    yield f"{embeddings}.word_embeddings.weight", (_VOCABULARY, _WIDTH)
    yield f"{embeddings}.position_embeddings.weight", (_POSITIONS, _WIDTH)
    yield f"{embeddings}.token_type_embeddings.weight", (2, _WIDTH)
    linears = {
        "attention.self.query": (_WIDTH, _WIDTH),
        "attention.self.key": (_WIDTH, _WIDTH),
        "attention.self.value": (_WIDTH, _WIDTH),
        "attention.output.dense": (_WIDTH, _WIDTH),
        "intermediate.dense": (_INNER, _WIDTH),
        "output.dense": (_WIDTH, _INNER),
    }
    norms = [f"{embeddings}.LayerNorm", "backbone.cls.predictions.transform.LayerNorm"]
    named = {
        "backbone.cls.predictions.transform.dense": (_WIDTH, _WIDTH),
        "backbone.cls.predictions.decoder": (_VOCABULARY, _WIDTH),
        "text_projection": (dimension, _WIDTH),
    }
    for layer in range(_LAYERS):
        prefix = f"backbone.bert.encoder.layer.{layer}"
        named.update({f"{prefix}.{name}": shape for name, shape in linears.items()})
        norms += [f"{prefix}.attention.output.LayerNorm", f"{prefix}.output.LayerNorm"]
    for name, (rows, columns) in named.items():
        yield f"{name}.weight", (rows, columns)
        yield f"{name}.bias", (rows,)
    for name in norms:
        yield f"{name}.weight", (_WIDTH,)
        yield f"{name}.bias", (_WIDTH,)
