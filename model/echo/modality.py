"""Echo as a modality: its names, its preprocessing and its two networks, put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import nn

from model.bundle import MANIFEST, BundleManifest
from model.checkpoint import build_unfilled, load_weights
from model.device import Placement
from model.echo.networks.clip_batches import in_batches, largest_batch
from model.echo.networks.convnext_forward import FusedConvNeXt
from model.echo.networks.mvit_forward import FusedMViT, has_fused_form
from model.echo.networks.torchvision_networks import ConvNeXt
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.networks.view_classifier import build_view_classifier
from model.echo.prepared_clip import PreparedClip
from model.echo.preprocessing.preprocess import frames_needed, prepare_pictures
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.repeats import find_repeats
from model.echo.tracing.build import TRACER, build_tracer
from model.echo.tracing.tracer import Tracer, is_traced
from model.embeddings import ClipName, StudyEmbedding
from model.errors import BundleMismatch, InvalidStudy
from model.familiarity.clip_spectra import clip_spectra
from model.measurement import StudyMeasurements
from model.study import Clip, FramePlan, SkippedClip
from model.taxonomy import Taxonomy


@dataclass(frozen=True, eq=False, kw_only=True)
class EchoModality:
    """Echo with its networks loaded; satisfies `model.modality.Modality` and `model.measurement.Measures`.

    tracer: None in a bundle without one; then nothing is measured.
    """

    taxonomy: Taxonomy
    embedding_dim: int
    preprocessing: EchoPreprocessing
    placement: Placement
    video_encoder: nn.Module
    view_classifier: nn.Module
    tracer: Tracer | None = None

    @property
    def reading_plan(self) -> FramePlan:
        """Numbers of the frames that `prepare` looks at, ascending; no others need decoding."""
        return partial(frames_needed, config=self.preprocessing)

    def prepare(self, clip: Clip) -> Sequence[PreparedClip | SkippedClip]:
        """Each picture in the clip as model input on the device, masked, or why it is not used. Raises ClipRejected."""
        size = None if self.tracer is None else self.tracer.size
        return prepare_pictures(clip, self.preprocessing, self.placement.device, size)

    def find_repeats(self, clips: Sequence[PreparedClip]) -> Mapping[ClipName, ClipName]:
        """Clips that show the same loop as another: re-encodings, copies under other UIDs, shifted crops."""
        return find_repeats(clips)

    @torch.no_grad()
    def encode(self, clips: Sequence[PreparedClip]) -> StudyEmbedding:
        """Clip embeddings and view probabilities, float32 on the device. Raises InvalidStudy without any clip."""
        if not clips:
            raise InvalidStudy("encode needs one clip at least")
        rows = in_batches(clips, self._both, largest_batch(self.video_encoder, self.placement.device))
        return StudyEmbedding(
            rows[:, : self.embedding_dim].contiguous(),
            rows[:, self.embedding_dim :].contiguous(),
            tuple(clip.position for clip in clips),
            self.taxonomy.views,
            clip_spectra(clips),
            tuple(clip.panel for clip in clips),
        )

    def measure(self, clips: Sequence[PreparedClip], embedding: StudyEmbedding) -> StudyMeasurements:
        """What can be measured in grey clips of views that show chambers; nothing without a tracer."""
        if self.tracer is None or not clips:
            return StudyMeasurements()
        best = embedding.view_probabilities.max(dim=1)
        traces = []
        for clip, probability, number in zip(clips, best.values.tolist(), best.indices.tolist(), strict=True):
            view = embedding.views[number]
            if clip.traced is not None and is_traced(view):
                traces.append(self.tracer.trace(clip.name, (view, probability), clip.traced))
        return self.tracer.measure(traces)

    def _both(self, clips: Sequence[PreparedClip]) -> torch.Tensor:
        """float32 (n, D + V): embeddings and view probabilities, so that both networks see a batch in one pass."""
        return torch.cat((self._embeddings(clips), self._view_probabilities(clips)), dim=1)

    def _embeddings(self, clips: Sequence[PreparedClip]) -> torch.Tensor:
        """float32 (n, D)."""
        batch = torch.stack([clip.model_input for clip in clips]).to(self.placement.dtype)
        embedded: torch.Tensor = self.video_encoder(batch)
        return embedded.float()

    def _view_probabilities(self, clips: Sequence[PreparedClip]) -> torch.Tensor:
        """float32 (n, V): the mean over each clip's view pictures."""
        batch = torch.stack([clip.view_input for clip in clips]).to(self.placement.dtype)  # (n, F, 3, S, S)
        return view_probabilities(self.view_classifier, batch)


def view_probabilities(classifier: nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    """float32 (n, V): how probable each view is for a clip, the mean over its pictures.

    pictures: (n, F, 3, S, S) normalised, of the classifier's dtype.
    """
    logits: torch.Tensor = classifier(pictures.flatten(0, 1))
    return logits.float().softmax(dim=1).reshape(*pictures.shape[:2], -1).mean(dim=1)


def build_echo(manifest: BundleManifest, folder: Path, placement: Placement) -> EchoModality:
    """The echo modality of a bundle. Raises BundleMismatch or BundleCorrupt naming the file and what differs."""
    taxonomy = manifest.taxonomy()
    return EchoModality(
        taxonomy=taxonomy,
        embedding_dim=manifest.embedding_dim,
        preprocessing=_preprocessing(manifest, folder),
        placement=placement,
        video_encoder=_network(manifest, folder, "video_encoder", placement, build_video_encoder),
        view_classifier=_network(
            manifest, folder, "view_classifier", placement, lambda config: build_view_classifier(config, taxonomy.views)
        ),
        tracer=build_tracer(manifest, folder, placement) if TRACER in manifest.networks else None,
    )


def _preprocessing(manifest: BundleManifest, folder: Path) -> EchoPreprocessing:
    """The bundle's preprocessing parameters."""
    try:
        return EchoPreprocessing.model_validate(manifest.preprocessing)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, ("preprocessing", *first["loc"])))
        raise BundleMismatch(f"{folder / MANIFEST}: {field}: {first['msg']}") from error


def _network(
    manifest: BundleManifest,
    folder: Path,
    name: str,
    placement: Placement,
    build: Callable[[dict[str, Any]], nn.Module],
) -> nn.Module:
    """A network with its weights, placed."""
    try:
        config = manifest.networks[name]
        network, file = build_unfilled(lambda: build(config)), config["file"]
    except (KeyError, TypeError, ValueError) as error:
        raise BundleMismatch(f"{folder / MANIFEST}: networks.{name}: cannot be built from this ({error})") from error
    dimension = config.get("embedding_dim")
    if name == "video_encoder" and dimension != manifest.embedding_dim:
        raise BundleMismatch(
            f"{folder / MANIFEST}: networks.video_encoder.embedding_dim is {dimension}, embedding_dim is "
            f"{manifest.embedding_dim}"
        )
    return with_weights(network, folder / file, placement)


def with_weights(network: nn.Module, file: Path, placement: Placement) -> nn.Module:
    """The network with the weights of a file, in its fastest form, placed. Raises as `load_weights` does."""
    load_weights(network, file)
    return placement.placed(_fast(network))


def _fast(network: nn.Module) -> nn.Module:
    """The network with a faster forward pass where there is one for its form."""
    if isinstance(network, ConvNeXt):
        return FusedConvNeXt(network)
    return FusedMViT(network) if has_fused_form(network) else network
