"""Golden clip embeddings and view logits against the product's full-size networks, seeded as the golden ones were."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.networks.convnext_forward import FusedConvNeXt
from model.echo.networks.mvit_forward import FusedMViT
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.networks.view_classifier import build_view_classifier
from model.echo.preprocessing.preprocess import normalise
from model.echo.preprocessing.preprocessing_config import ECHOPRIME
from scripts.reference.parity.comparison import Comparison, Missing
from scripts.reference.parity.golden_arrays import arrays_of

COSINE = 0.99999
# The cosine alone would let a scaled row pass, or one wrong number among 512. So each number counts as well, in shares
# of the largest of its row. LOG 2026-11-22: our float32 networks differ from the golden ones by 2e-7.
ELEMENT_ERROR = 1e-3
INPUTS = ("seed", "input_clips")
OUTPUTS = ("clip_embeddings", "view_logits")


def check_encoders(golden_file: Path, clip_folders: tuple[Path, ...]) -> list[Comparison | Missing]:
    """One entry per array of `echoprime_encoders.npz`. An input counts as checked through the outputs it leads to."""
    del clip_folders  # the clips are in the file
    arrays = arrays_of(golden_file)
    named = {key: f"{golden_file.name}:{key}" for key in arrays}
    lacking = [key for key in (*INPUTS, *OUTPUTS) if key not in arrays]
    if lacking:
        return [Missing(name, f"the file lacks {', '.join(lacking)}") for name in named.values()]
    unknown: list[Comparison | Missing] = [
        Missing(named[key], "unknown array") for key in arrays if key not in INPUTS + OUTPUTS
    ]
    fault = _fault(arrays)
    if fault:
        return [*unknown, *(Comparison(named[key], False, {}, fault) for key in (*INPUTS, *OUTPUTS))]
    ours = _outputs(arrays)
    compared = [_compare(named[key], ours[key], arrays[key]) for key in OUTPUTS]
    agree = all(each.ok for each in compared)
    text = "its outputs agree" if agree else "an output that depends on it differs"
    return [*unknown, *compared, *(Comparison(named[key], agree, {}, text) for key in INPUTS)]


def _fault(arrays: dict[str, NDArray[Any]]) -> str:
    """What makes the arrays unusable, empty where nothing does."""
    clips, count = arrays["input_clips"], len(np.atleast_1d(arrays["input_clips"]))
    if clips.dtype != np.uint8 or clips.ndim != 5 or clips.shape[1:] != (16, 224, 224, 3):
        return f"input_clips must be uint8 (n, 16, 224, 224, 3), not {clips.dtype} {clips.shape}"
    if arrays["seed"].size != 1 or arrays["seed"].dtype.kind not in "iu":
        return f"seed must be one whole number, not {arrays['seed']!r}"
    for key in OUTPUTS:
        if arrays[key].ndim != 2 or len(arrays[key]) != count or arrays[key].dtype.kind != "f":
            return f"{key} must be floating ({count}, …), not {arrays[key].dtype} {arrays[key].shape}"
    return ""


@torch.no_grad()
def _outputs(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """The product's embeddings and logits of the golden inputs."""
    seed = int(arrays["seed"])
    torch.manual_seed(seed)
    dimension = arrays["clip_embeddings"].shape[1]
    encoder = FusedMViT(build_video_encoder({"architecture": "mvit_v2_s", "embedding_dim": dimension}))
    torch.manual_seed(seed)
    views = [str(number) for number in range(arrays["view_logits"].shape[1])]
    classifier = FusedConvNeXt(build_view_classifier({"architecture": "convnext_base"}, views))
    embeddings, logits = [], []
    for clip in arrays["input_clips"]:
        model_input = normalise(torch.from_numpy(clip).permute(3, 0, 1, 2).float(), ECHOPRIME)[None]
        embeddings.append(encoder(model_input))
        logits.append(classifier(model_input[:, :, 0]))
    return {"clip_embeddings": torch.cat(embeddings).numpy(), "view_logits": torch.cat(logits).numpy()}


def _compare(name: str, ours: NDArray[np.float32], golden: NDArray[Any]) -> Comparison:
    """Rows compared by direction and element by element; the worst row counts. NaN is never within tolerance."""
    lengths = np.linalg.norm(golden, axis=1)
    error = float((np.abs(ours - golden).max(axis=1) / np.abs(golden).max(axis=1)).max())
    cosine = float(((ours * golden).sum(axis=1) / (np.linalg.norm(ours, axis=1) * lengths)).min())
    ok = cosine >= COSINE and error <= ELEMENT_ERROR
    text = f"cosine {cosine:.7f} ≥ {COSINE}, largest element error {error:.1e} ≤ {ELEMENT_ERROR:.0e} (worst row)"
    return Comparison(name, ok, {"cosine_lacks": 1 - cosine, "element_error": error}, text)
