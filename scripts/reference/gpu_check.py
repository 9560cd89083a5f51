"""Checks a GPU host in one command of at most ten minutes; prints one line of JSON.

    python -m scripts.reference.gpu_check [--golden DIR] [--candidates 1230676]

Full-size networks in float32 and bfloat16, plain and compiled, against the golden arrays (or, without them, the
published algorithm on the CPU); FAISS on the GPU against an exact scan; preprocessing on the device; seconds per stage
and peak memory. Exit status 1 when a bar does not hold, 2 on a machine without a GPU.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from model.device import Placement, choose_placement
from model.echo.networks.convnext_forward import FusedConvNeXt
from model.echo.networks.mvit_forward import FusedMViT
from model.echo.preprocessing.preprocess import normalise, prepare_clip
from model.echo.preprocessing.preprocessing_config import ECHOPRIME
from scripts.reference.benchmark.device_checks import (
    Findings,
    Inputs,
    Networks,
    check_networks,
    check_search,
    result,
    seconds,
)
from scripts.reference.parity.golden_arrays import arrays_of
from scripts.reference.published_pipeline import seeded_networks
from service.modalities.echo.warm_up import warm_up_clips

_GOLDEN_FILE = "echoprime_encoders.npz"
_CLIPS = 4  # drawn where there are no golden ones
_BATCHES = (1, 8, 64)
_LARGEST_DIFFERENCE = 4.0 / 48  # four grey levels in normalised units: tolerance of the golden pixels


@dataclass(frozen=True)
class Check:
    """What is checked, so that a test can check less of it."""

    networks: Callable[[], Networks]
    inputs: Callable[[], Inputs]
    batches: Sequence[int] = _BATCHES
    candidates: int = 1_230_676
    dimension: int = 512

    def run(self, placement: Placement) -> Findings:
        """Everything on one placement's device."""
        found = Findings()
        _check_preprocessing(found, placement)
        check_search(found, placement, self.candidates, self.dimension)
        check_networks(found, self.networks(), self.inputs(), placement, self.batches)
        return found


def full_size_networks() -> Networks:
    """The published MViT-v2-S and ConvNeXt-B with seeded weights, and ours."""

    def fresh() -> tuple[FusedMViT, FusedConvNeXt]:
        encoder, classifier = seeded_networks(0)
        return FusedMViT(encoder), FusedConvNeXt(classifier)

    return Networks(*seeded_networks(0), fresh)


def drawn_inputs() -> Inputs:
    """Random model inputs; the CPU computes the right answers."""
    generator = torch.Generator().manual_seed(0)
    return Inputs([torch.randn(3, 16, 224, 224, generator=generator) for _ in range(_CLIPS)])


def golden_check(golden: Path) -> tuple[Callable[[], Networks], Callable[[], Inputs]]:
    """Networks and inputs of the golden arrays."""
    arrays = arrays_of(golden / _GOLDEN_FILE)
    seed, dimension = int(arrays["seed"]), arrays["clip_embeddings"].shape[1]
    views = arrays["view_logits"].shape[1]

    def networks() -> Networks:
        def fresh() -> tuple[FusedMViT, FusedConvNeXt]:
            encoder, classifier = seeded_networks(seed, views, dimension)
            return FusedMViT(encoder), FusedConvNeXt(classifier)

        return Networks(*seeded_networks(seed, views, dimension), fresh)

    def inputs() -> Inputs:
        levels = [torch.from_numpy(clip).permute(3, 0, 1, 2).float() for clip in arrays["input_clips"]]
        rows = (torch.from_numpy(arrays[key].astype(np.float32)) for key in ("clip_embeddings", "view_logits"))
        return Inputs([normalise(each, ECHOPRIME) for each in levels], *rows)

    return networks, inputs


def _check_preprocessing(found: Findings, placement: Placement) -> None:
    """A clip prepared on the device against the same on the CPU."""
    (clip,) = warm_up_clips()
    expected = prepare_clip(clip, ECHOPRIME, torch.device("cpu")).model_input
    ours = prepare_clip(clip, ECHOPRIME, placement.device).model_input.cpu()
    difference = float((ours - expected).abs().max())
    found.bars["preprocessing within four grey levels of the CPU's"] = difference <= _LARGEST_DIFFERENCE
    found.figures["preprocess"] = {
        "largest_difference": difference,
        "s_per_clip": seconds(lambda: prepare_clip(clip, ECHOPRIME, placement.device), placement),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when every bar holds, 1 when one does not, 2 without a GPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path, help=f"folder of {_GOLDEN_FILE}; else the CPU computes what is right")
    parser.add_argument("--candidates", type=int, default=1_230_676, help="of the bank that is searched")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        print(json.dumps({"ok": False, "reason": "no CUDA device is visible; nothing was checked"}))
        return 2
    torch.backends.cudnn.allow_tf32 = False  # float32 means float32 here, as in the golden arrays
    networks, inputs = golden_check(options.golden) if options.golden else (full_size_networks, drawn_inputs)
    started, placement = time.monotonic(), choose_placement("cuda")
    found = Check(networks, inputs, candidates=options.candidates).run(placement)
    reported = result(found, placement, time.monotonic() - started)
    print(json.dumps(reported))
    return 0 if reported["ok"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
