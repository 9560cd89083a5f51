"""The stages from files to embeddings: the published algorithm and ours, on the same files, weights and inputs."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cosine_similarity, normalize

from model.device import Placement
from model.echo.networks.clip_batches import in_batches, largest_batch
from model.echo.networks.convnext_forward import FusedConvNeXt
from model.echo.networks.mvit_forward import FusedMViT
from model.echo.prepared_clip import PreparedClip
from model.echo.preprocessing.preprocess import frames_needed, prepare_clip
from model.echo.preprocessing.preprocessing_config import ECHOPRIME
from model.study import Clip, SkippedClip, Source
from scripts.reference import published_pipeline as published
from scripts.reference.benchmark.measured import Row, compared
from scripts.reference.release.candidate_vectors import CandidateVectors
from service.clip_preparation import CLIPS_AT_ONCE
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from service.threads import in_threads

_VOTES = 50  # nearest candidates that vote, as published
_CANDIDATES = 100_000  # of the bank that overlap is measured in; drawn as those of a synthetic release are


def plan(total: int, frame_rate_hz: float | None, source: Source) -> tuple[int, ...]:
    """The frames that the published profile needs."""
    return frames_needed(total, frame_rate_hz, source, ECHOPRIME)


def prepared(paths: Sequence[Path], limits: IngestLimits | None = None) -> list[PreparedClip]:
    """The files as model input, as the service reads and prepares them. Raises ValueError where one is no clip."""
    with open_study(paths, limits or IngestLimits()) as study, ThreadPoolExecutor(CLIPS_AT_ONCE) as pool:
        return list(in_threads(_prepare, study.readers(plan), pool, CLIPS_AT_ONCE))


def _prepare(reader: Callable[[], Clip | SkippedClip]) -> PreparedClip:
    item = reader()
    if isinstance(item, SkippedClip):
        raise ValueError(f"clip {item.position} is skipped: {item.text}")
    return prepare_clip(item, ECHOPRIME, torch.device("cpu"))


def preprocess(stage: str, paths: Sequence[Path], *, repeats: int, at_least: float) -> Row:
    """Files to model input, decoding included, per clip."""

    def theirs() -> list[torch.Tensor]:
        return [published.preprocessed(*published.read(path)) for path in paths]

    ours = {clip.position: clip.model_input for clip in prepared(paths)}
    std = torch.tensor(ECHOPRIME.std).view(3, 1, 1, 1)
    grey = [float(((ours[n] - each).abs() * std).mean()) for n, each in enumerate(theirs(), start=1)]
    row = compared(stage, theirs, lambda: prepared(paths), repeats=repeats, at_least=at_least, per=len(paths))
    return row.also(
        {"mean difference of at most one grey level": max(grey) <= 1},
        {"clips": len(paths), "worst_mean_grey_difference": max(grey)},
    )


def decoders(paths: Sequence[Path], *, repeats: int) -> Row:
    """Files to model input, per clip: read in this process, which is the slow twin, and in decoders."""
    in_process = IngestLimits(decoders=None)
    here, there = prepared(paths, in_process), prepared(paths)
    equal = all(torch.equal(one.model_input, other.model_input) for one, other in zip(here, there, strict=True))
    row = compared(
        "decoders",
        lambda: prepared(paths, in_process),
        lambda: prepared(paths),
        repeats=repeats,
        at_least=0.95,
        per=len(paths),
    )
    return row.also({"the same model input": equal}, {"clips": len(paths)})


def encode(clips: Sequence[PreparedClip], placement: Placement, *, repeats: int) -> Row:
    """Model input to embeddings, per clip: one by one in float32 against batches in the placement's dtype."""
    slow, _ = published.seeded_networks(0)
    exact = FusedMViT(slow)
    fast = FusedMViT(published.seeded_networks(0)[0]).to(placement.dtype)
    inputs = [clip.model_input for clip in clips]
    theirs = published.embeddings_of(slow, inputs)
    ours = _batched(fast, inputs, placement.dtype)
    float32, lowest = cosine_similarity(_batched(exact, inputs), theirs), cosine_similarity(ours, theirs)
    overlap, moved = _retrieval(theirs, ours)
    row = compared(
        "encode",
        lambda: published.embeddings_of(slow, inputs),
        lambda: _batched(fast, inputs, placement.dtype),
        repeats=repeats,
        at_least=4,
        per=len(clips),
    )
    return row.also(
        {
            "float32 cosine of at least 0.99999": float(float32.min()) >= 0.99999,
            "worst clip's cosine of at least 0.9995": float(lowest.min()) >= 0.9995,
            "top-50 overlap of at least 0.98": overlap >= 0.98,
            "votes within 0.02": moved <= 0.02 + 1e-9,  # one of 50 voters, in floating point
        },
        {
            "clips": len(clips),
            "dtype": str(placement.dtype),
            "float32_cosine": float(float32.min()),
            "worst_cosine": float(lowest.min()),
            "top_50_overlap": overlap,
            "largest_change_of_a_vote": moved,
        },
    )


def views(clips: Sequence[PreparedClip], placement: Placement, *, repeats: int) -> Row:
    """First frames to views, per frame: one by one in float32 against batches in the placement's dtype."""
    _, slow = published.seeded_networks(0)
    fast = FusedConvNeXt(published.seeded_networks(0)[1]).to(placement.dtype)
    inputs = [clip.model_input for clip in clips]
    frames = [clip[:, 0] for clip in inputs]
    theirs, ours = published.view_logits_of(slow, inputs), _batched(fast, frames, placement.dtype)
    row = compared(
        "views",
        lambda: published.view_logits_of(slow, inputs),
        lambda: _batched(fast, frames, placement.dtype),
        repeats=repeats,
        at_least=2.5,
        per=len(clips),
    )
    return row.also(
        {"the same view for every clip": torch.equal(theirs.argmax(1), ours.argmax(1))},
        {"clips": len(clips), "dtype": str(placement.dtype)},
    )


def _batched(
    network: torch.nn.Module, inputs: Sequence[torch.Tensor], dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """float32 (N, …): the network's answers, in batches as the service forms them."""
    largest = largest_batch(network, inputs[0].device)
    return in_batches(inputs, lambda some: network(torch.stack([*some]).to(dtype)).float(), largest)


def _retrieval(theirs: torch.Tensor, ours: torch.Tensor) -> tuple[float, float]:
    """(mean share of the 50 nearest candidates that both find, largest change of a vote) of in-distribution queries.

    Candidates are drawn as those of a synthetic release. Embeddings of untrained networks are far from them. So each
    pair of embeddings is rotated to a fresh draw; the angle between both sides stays as measured.
    A vote is the share of a binary label among the 50 nearest.
    """
    rng = np.random.default_rng(0)
    distribution = CandidateVectors(0, theirs.shape[1])
    candidates = torch.from_numpy(distribution.draw(rng, _CANDIDATES)[0])
    queries = torch.from_numpy(distribution.draw(rng, len(theirs))[0])
    labels = rng.random((_CANDIDATES, 4)) < 0.3
    shared, moved = [], 0.0
    for one, other, query in zip(normalize(theirs), normalize(ours), queries, strict=True):
        mirror = normalize(one - query, dim=0)
        turned = torch.stack([side - 2 * (side @ mirror) * mirror for side in (one, other)])  # `one` becomes the query
        found = torch.topk(turned @ candidates.T, _VOTES).indices.tolist()
        shared.append(len({*found[0]} & {*found[1]}) / _VOTES)
        votes = [labels[nearest].mean(axis=0) for nearest in found]
        moved = max(moved, float(np.abs(votes[0] - votes[1]).max()))
    return float(np.mean(shared)), moved
