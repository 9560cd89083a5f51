"""What a device must show before it is trusted: the numbers of a CPU in both dtypes, exact search, seconds, memory."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cosine_similarity

from index.building.index_choice import SECTIONS
from index.exact_search import ExactSearch
from index.faiss_search import FaissSearch, build_index, faiss_gpus
from index.numpy_search import search_numpy
from index.search import Search
from index.usual_search import DEPTH
from model.device import Placement
from model.echo.networks.clip_batches import BATCH_SIZES, in_batches
from scripts.reference.release.candidate_vectors import CandidateVectors

COSINE = {torch.float32: 0.99999, torch.bfloat16: 0.9995}
_TIE = 2e-6  # two float32 sums of one product in different order
_REPEATS = 5
_DRAWN = 50_000
Figures = dict[str, float | int | str | None]


@dataclass(frozen=True, eq=False)
class Networks:
    """The published networks and ours, with one set of weights. fresh: ours anew, for another placement."""

    encoder: nn.Module
    classifier: nn.Module
    fresh: Callable[[], tuple[nn.Module, nn.Module]]


@dataclass(frozen=True, eq=False)
class Inputs:
    """Model inputs (3, 16, 224, 224), and what they must lead to where that is known: golden rows (N, …)."""

    clips: Sequence[torch.Tensor]
    embeddings: torch.Tensor | None = None
    view_logits: torch.Tensor | None = None


@dataclass
class Findings:
    """What was measured, and which bars hold."""

    bars: dict[str, bool] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)


def check_networks(
    found: Findings, networks: Networks, inputs: Inputs, placement: Placement, batches: Sequence[int]
) -> None:
    """Embeddings and views in float32, bfloat16 and compiled bfloat16, against the golden rows or the CPU's.

    Compiling takes about a minute for each network and shape, so float32 is not compiled, and the clips are repeated to
    whole batches of the largest size.
    """
    golden = inputs.embeddings, inputs.view_logits
    expected = golden if None not in golden else _on_cpu(networks, inputs.clips)
    found.figures["expected_from"] = "published twin on the CPU" if None in golden else "golden arrays"
    size = BATCH_SIZES[0]
    rows = [n % len(inputs.clips) for n in range(-(-len(inputs.clips) // size) * size)]
    whole = Inputs([inputs.clips[row] for row in rows], *(each[rows] for each in expected if each is not None))
    for dtype, compiled in ((torch.float32, False), (torch.bfloat16, False), (torch.bfloat16, True)):
        name = f"{str(dtype).removeprefix('torch.')}{'_compiled' if compiled else ''}"
        own = replace(placement, dtype=dtype, compiled=compiled)
        found.figures[name] = _network_figures(found.bars, name, networks, whole, (own, batches))


def _network_figures(
    bars: dict[str, bool],
    name: str,
    networks: Networks,
    inputs: Inputs,
    given: tuple[Placement, Sequence[int]],
) -> dict[str, Any]:
    """Cosines, seconds per clip and peak memory in one dtype."""
    placement, batches = given
    clips, embeddings, logits = inputs.clips, inputs.embeddings, inputs.view_logits
    assert embeddings is not None
    assert logits is not None
    encoder, classifier = (placement.placed(network) for network in networks.fresh())
    reset_peak(placement.device)
    ours, views = _run(encoder, clips, placement), _run(classifier, [clip[:, 0] for clip in clips], placement)
    cosine = float(cosine_similarity(ours, embeddings).min())
    least = COSINE[placement.dtype]
    bars[f"{name}: worst clip's cosine of at least {least}"] = cosine >= least
    bars[f"{name}: the same view for every clip"] = torch.equal(views.argmax(1), logits.argmax(1))
    figures: dict[str, Any] = {"worst_cosine": cosine}
    for batch in batches:
        some = [clips[n % len(clips)] for n in range(batch)]
        figures[f"encode_s_per_clip_of_{batch}"] = seconds(partial(_run, encoder, some, placement), placement) / batch
    first = [clips[0][:, 0]] * batches[-1]
    figures["views_s_per_frame"] = seconds(lambda: _run(classifier, first, placement), placement) / len(first)
    figures["peak_memory_bytes"] = peak(placement.device)
    return figures


@torch.no_grad()
def _run(network: nn.Module, inputs: Sequence[torch.Tensor], placement: Placement) -> torch.Tensor:
    """float32 (N, …) on the CPU."""
    moved = [each.to(placement.device, placement.dtype) for each in inputs]
    # A captured graph writes its next answer over the last one, so each is copied away at once.
    return in_batches(moved, lambda some: network(torch.stack([*some])).float().cpu())


@torch.no_grad()
def _on_cpu(networks: Networks, clips: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    embedded = torch.cat([networks.encoder(clip[None]) for clip in clips])
    return embedded, torch.cat([networks.classifier(clip[None, :, 0]) for clip in clips])


def check_search(found: Findings, placement: Placement, candidates: int, dimension: int = 512) -> None:
    """FAISS over all vectors on the device against torch's scan there and, for one query, numpy's in float32."""
    generator, rng = CandidateVectors(0, dimension), np.random.default_rng(11)
    vectors = np.empty((candidates, dimension), np.float16)
    for start in range(0, candidates, _DRAWN):
        vectors[start : start + _DRAWN] = generator.draw(rng, min(_DRAWN, candidates - start))[0]
    queries = generator.draw(rng, SECTIONS)[0]
    reset_peak(placement.device)
    scan = ExactSearch(vectors, placement.device)
    exact = scan.search(queries, DEPTH)
    found.bars["torch's scan finds what numpy finds"] = same(
        (exact[0][:1], exact[1][:1]), search_numpy(queries[:1], vectors, DEPTH)
    )
    flat = _flat(vectors, placement)
    found.bars["FAISS runs on the device"] = flat is not None
    figures: Figures = {"candidates": candidates, "torch_s": seconds(lambda: scan.search(queries, DEPTH), placement)}
    if flat is not None:
        found.bars["FAISS finds what the exact scan finds"] = same(flat.search(queries, DEPTH), exact)
        figures["faiss_s"] = seconds(lambda: flat.search(queries, DEPTH), placement)
    figures["peak_memory_of_torch_bytes"] = peak(placement.device)
    found.figures["search"] = figures


def _flat(vectors: NDArray[np.float16], placement: Placement) -> Search | None:
    """FAISS on the placement's device, None where its build cannot use it."""
    if placement.device.type == "cpu":
        return FaissSearch(build_index(vectors, "flat"), vectors)
    return FaissSearch.on_gpu(vectors, placement.device.index or 0) if faiss_gpus() else None


def same(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    """Whether scores are equal, and ids wherever scores do not tie."""
    if not np.allclose(one[1], other[1], atol=_TIE):
        return False
    apart = np.abs(np.diff(other[1], axis=1)) > _TIE
    ends = np.ones((len(apart), 1), bool)
    alone = np.concatenate([ends, apart], axis=1) & np.concatenate([apart, ~ends], axis=1)
    return bool((one[0] == other[0])[alone].all())


def seconds(work: Callable[[], object], placement: Placement) -> float:
    """Least wall seconds of some calls, each until the device is done; the first, which may compile, is not counted."""
    taken = []
    for _ in range(_REPEATS + 1):
        _wait(placement.device)
        started = time.perf_counter()
        work()
        _wait(placement.device)
        taken.append(time.perf_counter() - started)
    return min(taken[1:])


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def reset_peak(device: torch.device) -> None:
    """Begins to watch the device's memory anew."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak(device: torch.device) -> int | None:
    """Most memory that torch held on the device since then; None on a CPU."""
    return int(torch.cuda.max_memory_allocated(device)) if device.type == "cuda" else None


def result(found: Findings, placement: Placement, elapsed_s: float) -> Mapping[str, object]:
    """The one line of JSON."""
    name = torch.cuda.get_device_name(placement.device) if placement.device.type == "cuda" else "cpu"
    ok = all(found.bars.values())
    return {"ok": ok, "device": name, "seconds": round(elapsed_s, 1), "bars": found.bars, **found.figures}
