"""Trains the tracer on rendered runs of frames; the same command goes on where it was stopped.

    python -m scripts.rendered.train_tracer --runs FOLDER --seconds 3600 --out FOLDER

FOLDER of --runs holds what `python -m scripts.rendered.render_traced` made; its last runs are held out. Writes
tracer.safetensors, network.json, measured.json, log.jsonl, curve.png and checkpoint.pt. The last line is one JSON
object: the Dice of each chamber on the held-out runs as rendered, and the seconds.
"""

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from model.checkpoint import load_weights, save_weights
from model.device import Placement, choose_placement
from model.echo.networks.tracer_network import TracerNetwork, build_tracer_network, tracer_network
from model.echo.tracing.runs import standardised
from scripts.needed_extra import stop_without
from scripts.rendered.tracing.run_store import RunStore
from scripts.rendered.tracing.shards import open_shards
from scripts.rendered.training.study_encoding import NETWORK_FILE
from scripts.rendered.training.tracer_training import RATE, RunBatches, TracerTrainer, dice, limits_of, still_weights
from service.site.training.curve import draw_curve

WEIGHTS_FILE, MEASURED_FILE = "tracer.safetensors", "measured.json"


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder of rendered runs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results; resumed if it was begun")
    parser.add_argument("--seconds", type=float, default=3600.0, help="time of the training over all its runs")
    parser.add_argument("--batch", type=int, default=16, help="runs per step")
    parser.add_argument("--held-out", type=int, default=250, help="last rendered runs, never learned from")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; no more than are free")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--rate", type=float, default=RATE, help="highest learning rate; less to go on from good weights"
    )
    parser.add_argument("--begin-from", type=Path, help="folder of a trained tracer whose weights are the first ones")
    return parser.parse_args(words)


def begin_from(network: TracerNetwork, folder: Path) -> None:
    """Sets the first weights to those of a trained tracer, in place; a network of one frame may follow one of several.

    Raises BundleError where they do not fit.
    """
    config = json.loads((folder / NETWORK_FILE).read_text(encoding="utf-8"))
    trained = build_tracer_network(config)
    load_weights(trained, folder / config["file"])
    weights = trained.state_dict()
    is_still = network.frames == 1 < trained.frames
    network.load_state_dict(still_weights(weights, trained.frames) if is_still else weights)


@torch.no_grad()
def measured(network: nn.Module, batches: RunBatches, held_out: range, placement: Placement) -> dict[str, float]:
    """Mean Dice of each chamber on runs that nothing was learned from, not varied."""
    found, truth = [], []
    for number in held_out:
        grey, chambers = batches.run(number)
        size = (batches.size, batches.size)
        small = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in grey])
        truth += [cv2.resize(frame, size, interpolation=cv2.INTER_NEAREST) for frame in chambers]
        runs = standardised(small).reshape(-1, batches.frames, *size).to(placement.device)
        found += list(network(runs).flatten(0, 1).argmax(dim=1).byte().cpu().numpy())
    scores = dice(np.stack(found), np.stack(truth))
    return {chamber: round(float(values.mean()), 4) for chamber, values in scores.items() if len(values)}


def main(words: list[str] | None = None) -> None:
    """Runs the script."""
    args = arguments(words)
    stop_without("train")
    started = time.monotonic()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(args.seed)
    out: Path = args.out
    shards, config = open_shards(args.runs, RunStore.name), tracer_network()
    total = sum(map(len, shards))
    learned = total - args.held_out
    if learned <= 0:
        raise SystemExit(f"--held-out {args.held_out} leaves nothing of {total} runs to learn from")
    batches = RunBatches(shards, learned, args.batch, config["image_size"], args.seed, config["frames"])
    fingerprint = json.dumps([config, learned, args.batch, args.seed, args.rate])
    trainer = TracerTrainer(choose_placement(args.device, "auto"), fingerprint, args.rate)
    network = build_tracer_network(config)
    if args.begin_from is not None:
        begin_from(network, args.begin_from)
    trained, steps = trainer.train(network, batches, limits_of(args.seconds, None), out)
    save_weights(trained, out / WEIGHTS_FILE)
    (out / NETWORK_FILE).write_text(json.dumps({**config, "file": WEIGHTS_FILE}, indent=1) + "\n", encoding="utf-8")
    draw_curve(out)
    scores = measured(trained, batches, range(learned, total), trainer.placement)
    result = {"dice": scores, "steps": steps, "runs": learned, "seconds": round(time.monotonic() - started, 1)}
    (out / MEASURED_FILE).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
