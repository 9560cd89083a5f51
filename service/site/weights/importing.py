"""A lab's own networks → a bundle: any torchvision MViT v2 and ConvNeXt, any dimension, any views.

Networks come as state dicts (.pt, read as tensors only, or .safetensors). The MIL table is a CSV with a row per section
and a column per view (`Section,view,view,…`). A description says what no tensor tells
(`service/site/weights/description.py`): name, licence notice, views in the order of the classifier's outputs,
preprocessing, and the encoder's blocks where it is no mvit_v2_s. A bank serves only the encoder that embedded it: build
one for this bundle.
"""

import shutil
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from model.bundle import BundleManifest, taxonomy_fields, write_bundle
from model.checkpoint import save_weights
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.networks.view_classifier import build_view_classifier
from service.site.echoprime.errors import ReleaseMismatch
from service.site.echoprime.tables import read_mil_weights
from service.site.echoprime.tensors import load_into, state_dict
from service.site.weights.description import WeightsDescription
from service.site.weights.shapes import convnext_of, mvit_of

VIDEO, _VIEWS = "video_encoder.safetensors", "view_classifier.safetensors"


def import_weights(
    video_encoder: Path, view_classifier: Path, mil: Path, description: WeightsDescription, out: Path
) -> BundleManifest:
    """Writes the bundle; nothing is there until it is whole. Returns its manifest.

    Raises ReleaseError naming the file that does not fit, FileExistsError when `out` exists.
    """
    if out.exists():
        raise FileExistsError(f"{out}: exists already; remove it or write elsewhere")
    building = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        manifest = _write(video_encoder, view_classifier, mil, description, building)
        building.rename(out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return manifest


def _write(
    video_encoder: Path, view_classifier: Path, mil: Path, description: WeightsDescription, folder: Path
) -> BundleManifest:
    taxonomy = description.taxonomy()
    mil_weights = read_mil_weights(mil, taxonomy)
    encoder_weights, view_weights = weights_in(video_encoder), weights_in(view_classifier)
    video = mvit_of(encoder_weights, description.video_encoder, video_encoder)
    views = convnext_of(view_weights, len(taxonomy.views), view_classifier)
    try:
        encoder = build_video_encoder(video)
    except (KeyError, TypeError, ValueError) as error:
        raise ReleaseMismatch(f"video_encoder: no network can be built from its description ({error!r})") from error
    save_weights(load_into(encoder, encoder_weights, video_encoder), folder / VIDEO, torch.float32)
    classifier = build_view_classifier(views, taxonomy.views)
    save_weights(load_into(classifier, view_weights, view_classifier), folder / _VIEWS, torch.float32)
    return write_bundle(
        folder,
        BundleManifest(
            name=description.name,
            trained=description.trained,
            domain=description.domain,
            **taxonomy_fields(taxonomy),
            preprocessing=description.model_input().model_dump(mode="json"),
            networks={"video_encoder": {**video, "file": VIDEO}, "view_classifier": {**views, "file": _VIEWS}},
            embedding_dim=video["embedding_dim"],
            view_weighting=description.view_weighting,
            min_section_weight=description.min_section_weight,
            mil_weights=mil_weights,
            thresholds=description.thresholds,
            licence_notice=description.licence_notice,
        ),
    )


def weights_in(path: Path) -> dict[str, torch.Tensor]:
    """The state dict in a .pt or .safetensors file, float32. Raises ReleaseMismatch; no pickle is executed."""
    if path.suffix != ".safetensors":
        weights = state_dict(path)
    else:
        try:
            weights = {name: t.float() if t.is_floating_point() else t for name, t in load_file(path).items()}
        except SafetensorError as error:
            raise ReleaseMismatch(f"{path}: cannot be read as safetensors ({error})") from error
    broken = sorted(name for name, tensor in weights.items() if not torch.isfinite(tensor).all())
    if broken:
        raise ReleaseMismatch(f"{path}: {len(broken)} tensors hold values that are not finite, first {broken[0]!r}")
    return weights
