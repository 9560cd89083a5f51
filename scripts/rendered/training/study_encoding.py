"""Encodes rendered studies as the service does: its own modality prepares, refuses and encodes the clips."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from model.bundle import sha256_of
from model.device import Placement
from model.echo.modality import EchoModality, with_weights
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.networks.view_classifier import build_view_classifier
from model.echo.prepared_clip import PreparedClip
from model.echo.preprocessing.fan import Fan
from model.echo.preprocessing.preprocess import best_window, normalise, window_scores
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.preprocessing.view_frames import view_frames
from model.echo.preprocessing.windows import Window, WindowScore
from model.echo.sector_geometry.pictures import Shown
from model.echo.taxonomy import ECHO_TAXONOMY
from model.embeddings import StudyEmbedding
from model.errors import ClipRejected
from scripts.rendered.phantom.scan.tensors import input_fan
from scripts.rendered.training.study_clips import PlannedInput, StudyPixels

NETWORKS_FILE, NETWORK_FILE = "networks.json", "network.json"  # what a training of encoders, of views, says of them
_NO_FILE = "0" * 64  # a rendered clip has no file to hash


@dataclass(frozen=True, eq=False)
class TrainedNetworks:
    """The modality of two training folders, and the sha256 of the video encoder's weights."""

    modality: EchoModality
    encoder_sha256: str
    views_sha256: str

    @classmethod
    def open(cls, encoders: Path, views: Path, placement: Placement) -> Self:
        """The networks written by `scripts.rendered.train_encoders` and `scripts.rendered.train_views`."""
        stated = json.loads((encoders / NETWORKS_FILE).read_text(encoding="utf-8"))
        video, view = stated["video_encoder"], json.loads((views / NETWORK_FILE).read_text(encoding="utf-8"))
        classifier = build_view_classifier(view, ECHO_TAXONOMY.views)
        modality = EchoModality(
            taxonomy=ECHO_TAXONOMY,
            embedding_dim=stated["embedding_dim"],
            preprocessing=EchoPreprocessing.model_validate(stated["preprocessing"]),
            placement=placement,
            video_encoder=with_weights(build_video_encoder(video), encoders / video["file"], placement),
            view_classifier=with_weights(classifier, views / view["file"], placement),
        )
        return cls(modality, sha256_of(encoders / video["file"]), sha256_of(views / view["file"]))


@dataclass(frozen=True, eq=False)
class EncodedPart:
    """Some studies encoded. studies: int64 (N,) those with a usable clip. clips: int64 (N,) how many each has.

    embeddings: float32 (C, D). probabilities: float32 (C, V). views: int64 (C,) as rendered. refused: clips not used.
    """

    studies: NDArray[np.int64]
    clips: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    views: NDArray[np.int64]
    refused: int

    def write(self, path: Path) -> None:
        """Writes the part whole or not at all."""
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            np.savez(file, **vars(self))
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The part that was written."""
        with np.load(path) as arrays:
            return cls(
                **{name: arrays[name] for name in arrays.files if name != "refused"}, refused=int(arrays["refused"])
            )


def prepared(
    pixels: NDArray[np.uint8], fan: Fan, config: EchoPreprocessing, position: int, device: torch.device
) -> PreparedClip:
    """The clip as preprocessing leaves it. pixels: uint8 (F, S, S, 3) cropped and resized, fan: their sector.

    Raises ClipRejected as preprocessing does; the window is scored at the input's resolution, not at the screen's.
    """
    frames = torch.from_numpy(np.array(pixels))  # a copy: kept pixels cannot be written to, which torch asks for
    size = frames.shape[1]
    if config.quality is not None:
        shown = Shown(torch.from_numpy(np.ascontiguousarray(fan.mask(size, size))), (0, 0, size, size), fan)
        (score,) = window_scores(frames, shown, (Window(0, tuple(range(len(frames)))),)).tolist()
        best_window([WindowScore(*score)], config.quality)
    model_input = normalise(frames.permute(3, 0, 1, 2), config).to(device)
    view_input = model_input[:, view_frames(model_input, config)].transpose(0, 1).contiguous()
    return PreparedClip(
        position=position, sha256=_NO_FILE, model_input=model_input, view_input=view_input, start_frame=0
    )


def encode_studies(networks: TrainedNetworks, source: StudyPixels, studies: range) -> EncodedPart:
    """The studies encoded one by one, as the service takes them; those without a usable clip are left out."""
    pixels, offered = source.of(studies), 0
    kept: list[int] = []
    encoded: list[tuple[StudyEmbedding, list[int]]] = []
    for study in studies:
        planned = source.recipe.clips(study)
        usable, views = _usable(networks.modality, pixels[offered : offered + len(planned)], planned)
        offered += len(planned)
        if usable:
            kept.append(study)
            encoded.append((networks.modality.encode(usable), views))
    dimension, names = networks.modality.embedding_dim, networks.modality.taxonomy.views
    clips = np.array([len(views) for _, views in encoded], np.int64)
    return EncodedPart(
        studies=np.array(kept, np.int64),
        clips=clips,
        embeddings=_stack([embedding.clip_embeddings for embedding, _ in encoded], dimension),
        probabilities=_stack([embedding.view_probabilities for embedding, _ in encoded], len(names)),
        views=np.array([view for _, views in encoded for view in views], np.int64),
        refused=offered - int(clips.sum()),
    )


def _usable(
    modality: EchoModality, pixels: NDArray[np.uint8], planned: Sequence[PlannedInput]
) -> tuple[list[PreparedClip], list[int]]:
    """The clips of a study that the service would use, and the number of the view that each was rendered as."""
    clips: list[PreparedClip] = []
    views: list[int] = []
    for position, (frames, clip) in enumerate(zip(pixels, planned, strict=True), start=1):
        fan = input_fan(clip.recipe, frames.shape[1])
        with suppress(ClipRejected):  # the service answers with the reason; here the clip is only left out
            clips.append(prepared(frames, fan, modality.preprocessing, position, modality.placement.device))
            views.append(modality.taxonomy.views.index(clip.view))
    return clips, views


def _stack(rows: list[torch.Tensor], columns: int) -> NDArray[np.float32]:
    return np.concatenate([np.zeros((0, columns), np.float32), *(part.cpu().numpy() for part in rows)])
