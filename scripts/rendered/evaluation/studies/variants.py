"""Other readings of the clips that a study was embedded from: controls that take away what the pipeline uses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch

from model.echo.modality import EchoModality
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.prepared_clip import PreparedClip
from model.embeddings import StudyEmbedding
from service.pipeline import ReportPipeline

Clips = Sequence[PreparedClip]
Encode = Callable[[Clips], StudyEmbedding]
_SEED = 20261122  # of the random encoder and of the order of shuffled frames


def one_frame(clips: Clips) -> list[PreparedClip]:
    """The clips with their first frame in place of all: no motion."""
    return [replace(clip, model_input=clip.model_input[:, :1].expand_as(clip.model_input)) for clip in clips]


def shuffled(clips: Clips) -> list[PreparedClip]:
    """The clips with their frames in a random order: motion without direction."""
    return [replace(clip, model_input=clip.model_input[:, _order(clip.model_input.shape[1])]) for clip in clips]


def _order(frames: int) -> torch.Tensor:
    return torch.randperm(frames, generator=torch.Generator().manual_seed(_SEED))


def encoders(pipeline: ReportPipeline) -> Mapping[str, Encode]:
    """Variant → how it turns prepared clips into a study embedding."""
    modality = pipeline.modality
    found: dict[str, Encode] = {
        "one_frame": lambda clips: modality.encode(one_frame(clips)),
        "shuffled": lambda clips: modality.encode(shuffled(clips)),
    }
    if isinstance(modality, EchoModality):
        found["random_encoder"] = _random_modality(pipeline, modality).encode
    return found


def _random_modality(pipeline: ReportPipeline, modality: EchoModality) -> EchoModality:
    """The modality with an encoder of the same form that never learned; the view classifier stays."""
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        encoder = build_video_encoder(pipeline.bundle.networks["video_encoder"])
    encoder = encoder.eval().requires_grad_(False).to(modality.placement.device, modality.placement.dtype)
    return replace(modality, video_encoder=encoder)
