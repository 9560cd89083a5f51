"""The weights and tables of a release → a bundle."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from model.bundle import BundleManifest, taxonomy_fields, write_bundle
from model.checkpoint import save_weights
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.networks.view_classifier import build_view_classifier
from model.echo.preprocessing.preprocessing_config import ECHOPRIME
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.text_encoder.bert import BertTextEncoder
from model.report.text_encoder.text_encoder import BERT
from model.report.text_encoder.wordpiece import WORDPIECE_FILE, WordPiece
from service.site.echoprime.errors import ReleaseMismatch
from service.site.echoprime.layout import EchoPrimeRelease
from service.site.echoprime.tables import Thresholds, read_mil_weights, read_thresholds
from service.site.echoprime.tensors import load_into, state_dict
from service.site.echoprime.text_tower import bert_config, rename_tensors

LICENCE_NOTICE = (
    "Imported from an EchoPrime release of Cedars-Sinai Medical Center. Its academic software licence allows use by "
    "academic and nonprofit researchers for education and research only, and forbids passing the weights, the "
    "candidates or anything derived from them on to anybody. No warranty is given; publications name the authors."
)
SYNTHETIC_NOTICE = "Synthetic release: seeded weights and generated reports. No asset of EchoPrime is contained."
_VIDEO, _VIEWS, _TEXT = "video_encoder.safetensors", "view_classifier.safetensors", "text_encoder.safetensors"
_HEAD = "head.1.weight"  # of torchvision's MViT: its rows are the embedding's dimensions


@dataclass(frozen=True)
class ImportedBundle:
    """What the bank needs to know of the bundle, and what was left out of it."""

    encoder_sha256: str
    embedding_dim: int
    thresholds: Thresholds


def notice_of(release: EchoPrimeRelease) -> str:
    """The licence notice that bundle and bank carry."""
    return SYNTHETIC_NOTICE if release.synthetic else LICENCE_NOTICE


def import_bundle(release: EchoPrimeRelease, folder: Path, *, tokenizer: Path | None = None) -> ImportedBundle:
    """Writes the bundle of a release into an empty folder. Raises ReleaseError naming the file that does not fit.

    tokenizer: folder with the text encoder's vocabulary; with one, the text encoder is converted too.
    """
    taxonomy = ECHO_TAXONOMY
    thresholds = read_thresholds(release.thresholds, taxonomy)
    mil_weights = read_mil_weights(release.mil_weights, taxonomy)
    weights = state_dict(release.video_encoder)
    if _HEAD not in weights:
        raise ReleaseMismatch(f"{release.video_encoder}: has no tensor {_HEAD!r}, so it is no torchvision MViT")
    embedding_dim = len(weights[_HEAD])
    video = {"architecture": "mvit_v2_s", "embedding_dim": embedding_dim, "file": _VIDEO}
    views = {"architecture": "convnext_base", "file": _VIEWS}
    _convert(build_video_encoder(video), weights, release.video_encoder, folder / _VIDEO)
    classifier = build_view_classifier(views, taxonomy.views)
    _convert(classifier, state_dict(release.view_classifier), release.view_classifier, folder / _VIEWS)
    networks = {"video_encoder": video, "view_classifier": views}
    if tokenizer is not None:
        networks["text_encoder"] = _text_encoder(release, folder, tokenizer, embedding_dim)
    manifest = write_bundle(
        folder,
        BundleManifest(
            name="echoprime-synthetic" if release.synthetic else "echoprime",
            trained=not release.synthetic,
            domain="synthetic" if release.synthetic else "clinical",
            **taxonomy_fields(taxonomy),
            preprocessing=ECHOPRIME.model_dump(mode="json"),
            networks=networks,
            embedding_dim=embedding_dim,
            view_weighting="argmax",
            min_section_weight=0.0,
            mil_weights=mil_weights,
            thresholds=thresholds.kept,
            threshold_sources=dict.fromkeys(thresholds.kept, "release"),
            licence_notice=notice_of(release),
        ),
    )
    return ImportedBundle(manifest.files[_VIDEO], embedding_dim, thresholds)


def _convert(network: nn.Module, weights: dict[str, torch.Tensor], source: Path, target: Path) -> None:
    save_weights(load_into(network, weights, source), target, torch.float32)


def _text_encoder(
    release: EchoPrimeRelease, folder: Path, tokenizer_folder: Path, embedding_dim: int
) -> dict[str, object]:
    """Converts the text encoder (BERT, first token, Linear to the embedding) and its vocabulary."""
    if release.text_encoder is None:
        raise ReleaseMismatch("the text encoder was asked for, but the release has no echo_prime_text_encoder.pt")
    try:
        tokenizer = WordPiece.from_folder(tokenizer_folder)
    except (OSError, ValueError) as error:
        raise ReleaseMismatch(f"{tokenizer_folder}: cannot be read as a tokenizer folder ({error})") from error
    weights = state_dict(release.text_encoder)
    config = bert_config(weights, release.text_encoder)
    if config.embedding_dim != embedding_dim:
        found = f"embeds in {config.embedding_dim} dimensions, the video encoder in {embedding_dim}"
        raise ReleaseMismatch(f"{release.text_encoder}: {found}")
    if tokenizer.size > config.vocabulary:
        found = f"has {tokenizer.size} tokens, {release.text_encoder.name} knows {config.vocabulary}"
        raise ReleaseMismatch(f"{tokenizer_folder}: {found}")
    _convert(BertTextEncoder(config), rename_tensors(weights), release.text_encoder, folder / _TEXT)
    tokenizer.write(folder / WORDPIECE_FILE)
    return {"architecture": BERT, **config.model_dump(), "file": _TEXT, "tokenizer": WORDPIECE_FILE}
