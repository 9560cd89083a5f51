"""Trains the view classifier on pictures of rendered clips; the same command goes on where it was stopped.

    python -m scripts.rendered.train_views --clips STORE --wide PICTURES --seconds 420 --out FOLDER

STORE holds rendered clips of encoder seeds (`python -m scripts.rendered.render_clips`), PICTURES wide ones beside them
(`python -m scripts.rendered.views.render`), because usual ones alone leave a classifier at a loss with real hearts.
The last patients of both are held out. Poor clips are learned from like others, because the service uses them
(LOG 2026-11-22: it skipped none of 20 below quality 0.2). MIL weights a clip by the certainty of the classifier, and
only poor clips can teach it to be uncertain. The classifier is taught views about alike, and told at the end how often
each comes in a study (`scripts.rendered.views.usual_shares`); weights that are begun from unlearn that.
`--size echoprime` trains EchoPrime's own ConvNeXt-Base, for a GPU.

Writes view_classifier.safetensors, network.json, measured.json, log.jsonl, curve.png and checkpoint.pt. The last line
is one JSON object: how often the service's reading of a clip is right on held-out patients, on clips above the quality
that counts as poor and on all, and on the looks of scanners that no training sees (reported, not to choose by).
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.checkpoint import load_weights, save_weights
from model.device import Placement, choose_placement
from model.echo.modality import with_weights
from model.echo.networks.view_classifier import build_view_classifier, residual_view_classifier, small_view_classifier
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.needed_extra import stop_without
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.looks import HELD_OUT_LOOKS
from scripts.rendered.phantom.scan.study import PlannedClip, planned_clip
from scripts.rendered.phantom.scan.tensors import ClipFactory, ClipRecipe, input_config
from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.training.clip_store import ClipStore, StoreRecipe
from scripts.rendered.training.frame_batches import FrameBatches, coloured_frames
from scripts.rendered.training.study_encoding import NETWORK_FILE
from scripts.rendered.training.view_accuracy import accuracy, read_views
from scripts.rendered.training.view_training import RATE, ViewTrainer, awaken
from scripts.rendered.views.usual_shares import tell_shares
from scripts.rendered.views.wide_batches import MixedBatches, PictureBatches, WideBatches, learnable, stored
from scripts.rendered.views.wide_pictures import FRAMES
from scripts.rendered.views.wide_store import open_store
from service.site.training.curve import draw_curve

WEIGHTS_FILE, MEASURED_FILE = "view_classifier.safetensors", "measured.json"
COLOURED_FILE = "coloured.npy"  # beside the clips
SIZES: dict[str, dict[str, Any]] = {
    "demo": residual_view_classifier(),
    "convnext": small_view_classifier(),
    "echoprime": {"architecture": "convnext_base"},
}
WIDE_HELD_OUT = 250  # last wide clips: never learned from
POOR = 0.2  # scripts.rendered.phantom.scan.study plans poor clips at 0.02 to 0.2
LOOKS_SEED = 1  # of the range `tuning`: patients of whom only these clips are seen


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True, help="store of rendered clips")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results; resumed if it was begun")
    parser.add_argument("--seconds", type=float, default=420.0, help="time of the training over all runs")
    parser.add_argument("--size", choices=sorted(SIZES), default="demo")
    parser.add_argument("--batch", type=int, default=128, help="pictures per step")
    parser.add_argument("--held-out", type=int, default=1000, help="last clips of the store, never learned from")
    parser.add_argument("--looks-clips", type=int, default=220, help="clips of held-out looks to render; 0 for none")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; no more than are free")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wide", type=Path, help="store of wide pictures, learned from beside the clips")
    parser.add_argument("--wide-share", type=float, default=0.6, help="of the pictures of a step")
    parser.add_argument("--rate", type=float, default=RATE, help="highest learning rate; less from good weights on")
    parser.add_argument("--begin-from", type=Path, help="weights of a trained classifier, which are the first ones")
    return parser.parse_args(words)


@dataclass(frozen=True, eq=False)
class StoredViews:
    """What the clips of a store show. labels: int64 (N,) view. qualities: float64 (N,). held_out: the first such."""

    store: ClipStore
    labels: NDArray[np.int64]
    qualities: NDArray[np.float64]
    held_out: int

    @classmethod
    def of(cls, store: ClipStore, held_out: int) -> "StoredViews":
        """The views of a store. Raises ValueError when nothing is left to learn from, or a look is a held-out one."""
        planned = [store.recipe.planned(clip) for clip in range(store.done)]
        looks = {clip.acquisition.look for clip in planned}
        if not looks.isdisjoint(HELD_OUT_LOOKS):
            raise ValueError(f"the store shows held-out looks: {sorted(looks.intersection(HELD_OUT_LOOKS))}")
        per_study = store.recipe.clips_per_study
        first = (store.done - held_out) // per_study * per_study  # no patient on both sides
        if first <= 0:
            raise ValueError(f"--held-out {held_out} leaves nothing of {store.done} clips to learn from")
        names = {name: number for number, name in enumerate(ECHO_TAXONOMY.views)}
        labels = np.array([names[clip.view] for clip in planned])
        return cls(store, labels, np.array([clip.quality for clip in planned]), first)


def learned_clips(views: StoredViews, coloured: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The clips before the held-out ones, less those of a colour view in which no frame shows flow.

    Where few frames of a clip are stored these are many, and they would teach to call grey clips coloured.
    """
    names = np.array(ECHO_TAXONOMY.views)[views.labels[: views.held_out]]
    is_named_for_flow = np.array(["Doppler" in name for name in names])
    return np.flatnonzero(~is_named_for_flow | coloured[: views.held_out].any(axis=1))


def batches_of(args: argparse.Namespace, views: StoredViews, coloured: NDArray[np.bool_]) -> PictureBatches:
    """What is learned from: the store's clips, and with --wide wide pictures beside them.

    Raises ValueError where a part of a step is empty.
    """
    store = views.store
    config = input_config(store.recipe.size, store.recipe.frames)
    wide = 0 if args.wide is None else round(args.wide_share * args.batch)
    usual = FrameBatches(
        store.pixels, learned_clips(views, coloured), views.labels, config, args.batch - wide, args.seed, coloured
    )
    if args.wide is None:
        return usual
    kept, shards = open_store(args.wide)
    names = kept.views(len(shards) * len(shards[0]) - WIDE_HELD_OUT)
    beside = WideBatches(shards, names, learnable(shards, names), config, wide, args.seed)
    return MixedBatches(usual, beside, wide / args.batch)


def looks_clips(
    clips: int, looks: tuple[str, ...] = HELD_OUT_LOOKS, seed_number: int = LOOKS_SEED
) -> tuple[PlannedClip, ...]:
    """Clips of some looks, the views in turn, each of another patient of the range `tuning`."""
    seed, views = seed_for("tuning", seed_number), ECHO_TAXONOMY.views
    return tuple(planned_clip(seed, clip, 0, views[clip % len(views)], looks=looks) for clip in range(clips))


def looks_pixels(
    planned: Sequence[PlannedClip], recipe: StoreRecipe, workers: int, seed_number: int = LOOKS_SEED
) -> NDArray[np.uint8]:
    """uint8 (N, F, S, S, 3): those clips rendered as a store's are."""
    seed = seed_for("tuning", seed_number)
    states = [state_of(seed, number, "clinical") for number in range(len(planned))]
    recipes = [
        ClipRecipe(state, clip.acquisition, clip.noise_seed) for state, clip in zip(states, planned, strict=True)
    ]
    with ClipFactory(workers) as factory:
        return factory.batch(recipes, recipe.size, recipe.frames)


def measured(
    args: argparse.Namespace, classifier: nn.Module, views: StoredViews, placement: Placement
) -> dict[str, Any]:
    """Accuracy on held-out patients, and on held-out looks where they are asked for."""
    store = views.store
    config = input_config(store.recipe.size, store.recipe.frames)
    told = read_views(classifier, store.pixels[views.held_out : store.done], config, placement)
    truth, good = views.labels[views.held_out :], views.qualities[views.held_out :] > POOR
    found = {**accuracy(told[good], truth[good]), "top1_any_quality": accuracy(told, truth)["top1"]}
    if args.wide is not None:
        found["wide"] = _wide_accuracy(args.wide, classifier, config, placement)
    if args.looks_clips:
        planned = looks_clips(args.looks_clips)
        looks = read_views(classifier, looks_pixels(planned, store.recipe, args.threads), config, placement)
        labels = np.array([ECHO_TAXONOMY.views.index(clip.view) for clip in planned])
        found["held_out_looks"] = accuracy(looks, labels)
    return found


def _wide_accuracy(
    folder: Path, classifier: nn.Module, config: EchoPreprocessing, placement: Placement
) -> dict[str, Any]:
    """Accuracy on the wide clips that nothing was learned from, as rendered."""
    kept, shards = open_store(folder)
    total = len(shards) * len(shards[0])
    size, rows, held_out = (config.image_size,) * 2, [], range(total - WIDE_HELD_OUT, total)
    for clip in held_out:
        frames = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in stored(shards, clip)]
        rows.append(np.stack(frames))
    read_all = config.model_copy(update={"frames": FRAMES, "view_frames": FRAMES, "view_choice": "spread"})
    told = read_views(classifier, np.stack(rows), read_all, placement)
    return accuracy(told, np.array([ECHO_TAXONOMY.views.index(name) for name in kept.views(total)[held_out.start :]]))


def _coloured(folder: Path, store: ClipStore, config: EchoPreprocessing) -> NDArray[np.bool_]:
    """`coloured_frames` of the whole store, kept beside it: reading every frame takes minutes."""
    path = folder / COLOURED_FILE
    if path.is_file() and len(kept := np.load(path)) == store.done:
        return np.asarray(kept)
    found = coloured_frames(store.pixels[: store.done], config)
    np.save(path, found)
    return found


def main(words: list[str] | None = None) -> None:
    """Runs the script."""
    args = arguments(words)
    stop_without("train")
    started = time.monotonic()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)
    store, config = ClipStore.open(args.clips), SIZES[args.size]
    views = StoredViews.of(store, args.held_out)
    pixels = input_config(store.recipe.size, store.recipe.frames)
    batches = batches_of(args, views, _coloured(args.clips, store, pixels))
    network = awaken(build_view_classifier(config, ECHO_TAXONOMY.views))
    if args.begin_from is not None:
        load_weights(network, args.begin_from)
    fingerprint = json.dumps([config, views.held_out, args.batch, args.seed, args.rate, str(args.wide)])
    placement = choose_placement(args.device, "auto")  # bf16: 0.5 s a step, float32 2 s
    trainer = ViewTrainer(placement, fingerprint, args.rate)
    steps = trainer.train(network, batches, args.seconds, out)
    tell_shares(network, batches.shares().tolist())
    save_weights(network, out / WEIGHTS_FILE)
    (out / NETWORK_FILE).write_text(json.dumps({**config, "file": WEIGHTS_FILE}, indent=1) + "\n", encoding="utf-8")
    draw_curve(out)
    served = choose_placement(args.device)
    shipped = with_weights(build_view_classifier(config, ECHO_TAXONOMY.views), out / WEIGHTS_FILE, served)
    found = measured(args, shipped, views, served)
    result = {**found, "steps": steps, "seconds": round(time.monotonic() - started, 1)}
    (out / MEASURED_FILE).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
