"""How right and how sure view classifiers are on rendered clips that no training saw, beside each other.

    python -m scripts.rendered.views.compare --weights OLD.safetensors NEW.safetensors --clips 440

Half as many clips of held-out looks are read as of usual ones, all of `tuning` seeds. The last line is JSON: of each
file and kind of clip top-1, mean negative log likelihood (`nll`), and which views are taken for which.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.device import Placement, choose_placement
from model.echo.modality import with_weights
from model.echo.networks.view_classifier import build_view_classifier, residual_view_classifier
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.scan.acquisition import TRAINING_LOOKS
from scripts.rendered.phantom.scan.looks import HELD_OUT_LOOKS
from scripts.rendered.phantom.scan.tensors import input_config
from scripts.rendered.train_views import looks_clips, looks_pixels
from scripts.rendered.training.clip_store import StoreRecipe
from scripts.rendered.training.view_accuracy import accuracy, read_views

_SEED = 2  # of the range `tuning`: patients of whom only these clips are seen
_RECIPE = StoreRecipe("tuning", 0)  # size and frames of the service


def compared(weights: list[Path], clips: int, workers: int) -> dict[str, Any]:
    """Name of each file → kind of clip → figures."""
    placement = choose_placement("cpu")
    found: dict[str, Any] = {str(path): {} for path in weights}
    for kind, looks, count in (("usual", TRAINING_LOOKS, clips), ("held_out_looks", HELD_OUT_LOOKS, clips // 2)):
        planned = looks_clips(count, looks, _SEED)
        pixels = looks_pixels(planned, _RECIPE, workers, _SEED)
        truth = np.array([ECHO_TAXONOMY.views.index(clip.view) for clip in planned])
        for path in weights:
            found[str(path)][kind] = accuracy(_told(path, pixels, placement), truth)
    return found


def _told(path: Path, pixels: NDArray[np.uint8], placement: Placement) -> NDArray[np.float32]:
    network = build_view_classifier(residual_view_classifier(), ECHO_TAXONOMY.views)
    config = input_config(_RECIPE.size, _RECIPE.frames)
    return read_views(with_weights(network, path, placement), pixels, config, placement)


def main(words: list[str] | None = None) -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--clips", type=int, default=440)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(words)
    torch.set_num_threads(1)
    print(json.dumps(compared(options.weights, options.clips, options.workers)))


if __name__ == "__main__":
    main()
