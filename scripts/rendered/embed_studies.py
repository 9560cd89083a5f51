"""Renders whole studies and encodes them as the service does; the same command goes on where it was stopped.

    python -m scripts.rendered.embed_studies --encoders FOLDER --views FOLDER --purpose mil --studies 1000 --out FOLDER

`--encoders` is what `scripts.rendered.train_encoders` wrote, `--views` what `scripts.rendered.train_views` wrote.
Clips are prepared,
refused for lack of contact or motion, and encoded by the service's own modality. Two things differ from uploads. One
window of each clip is rendered, where the service chooses one of three. The sector is known, where the service fits it
to the picture. So the window is drawn at random, and the crop is moved by up to `--crop-jitter` pixels of the model
input on each side, so that vectors in training vary as those of the service do.

`--pixels FOLDER` keeps rendered clips and takes those that are there; with `--render-only` nothing else is done, so
that rendering needs no networks and can run while they are trained:

    python -m scripts.rendered.embed_studies --purpose mil --studies 1000 --pixels runs/clips/mil --render-only

Beside the studies, rendered_views.npy holds the true view of each clip. `--studies` may be raised later; what was done
stays. The last line is one JSON object.
"""

import argparse
import json
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from model.device import choose_placement
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.scan.tensors import ClipFactory, input_config, model_input_batch
from scripts.rendered.seed_ranges import SEED_RANGES
from scripts.rendered.training.encoded_studies import EncodedStudies
from scripts.rendered.training.study_clips import StudyPixels, StudyRecipe, chunks_of, claim
from scripts.rendered.training.study_encoding import EncodedPart, TrainedNetworks, encode_studies

PARTS_FOLDER, VIEWS_FILE = "parts", "rendered_views.npy"
# The evaluation embeds its own patients, in the range `test`.
PURPOSES = sorted(SEED_RANGES.keys() - {"test", "phantom_checks", "encoder"})


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--purpose", choices=PURPOSES, required=True, help="whose patients")
    parser.add_argument("--studies", type=int, required=True)
    parser.add_argument("--first", type=int, default=0, help="number of the first study")
    parser.add_argument("--seed-number", type=int, default=0, help="which seed of the purpose")
    parser.add_argument("--prior", choices=("clinical", "independent"), default="clinical")
    parser.add_argument("--max-clips", type=int, default=10, help="of a study; the evaluation takes ten")
    parser.add_argument("--crop-jitter", type=float, default=1.5, help="pixels of the model input")
    parser.add_argument("--size", type=int, default=112, help="pixels per side")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--encoders", type=Path, help="folder of scripts.rendered.train_encoders")
    parser.add_argument("--views", type=Path, help="folder of scripts.rendered.train_views")
    parser.add_argument("--out", type=Path, help="folder of the encoded studies")
    parser.add_argument("--pixels", type=Path, help="folder that rendered clips are kept in")
    parser.add_argument("--render-only", action="store_true", help="render into --pixels and stop")
    parser.add_argument("--workers", type=int, default=2, help="rendering processes; 0: this one")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the networks")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args(words)
    if args.render_only and args.pixels is None:
        parser.error("--render-only needs --pixels")
    if not args.render_only and None in (args.encoders, args.views, args.out):
        parser.error("--encoders, --views and --out are needed, unless --render-only")
    return args


def recipe_of(args: argparse.Namespace) -> StudyRecipe:
    """What is rendered for a command line."""
    return StudyRecipe(
        args.purpose, args.seed_number, args.prior, args.max_clips, args.crop_jitter, args.size, args.frames
    )


def networks_for(args: argparse.Namespace, recipe: StudyRecipe) -> TrainedNetworks:
    """The trained networks. Raises ValueError when they read clips of another form than are rendered."""
    networks = TrainedNetworks.open(args.encoders, args.views, choose_placement(args.device))
    if networks.modality.preprocessing != input_config(recipe.size, recipe.frames):
        raise ValueError(
            f"{args.encoders}: its preprocessing is not that of {recipe.size} pixels, {recipe.frames} frames"
        )
    return networks


def encode(args: argparse.Namespace, source: StudyPixels, networks: TrainedNetworks) -> list[EncodedPart]:
    """All parts, encoded now or before."""
    folder: Path = args.out / PARTS_FOLDER
    hashes = {"encoder": networks.encoder_sha256, "views": networks.views_sha256}
    claim(folder, {**asdict(source.recipe), **hashes})
    parts = []
    for chunk in chunks_of(args.first, args.studies):
        path = folder / f"{chunk.start}_{chunk.stop}.npz"
        if not path.is_file():
            encode_studies(networks, source, chunk).write(path)
            print(f"encoded {chunk.stop - args.first}/{args.studies} studies", flush=True)
        parts.append(EncodedPart.read(path))
    return parts


def joined(parts: Sequence[EncodedPart], recipe: StudyRecipe, encoder_sha256: str) -> EncodedStudies:
    """The parts as one."""
    clips = np.concatenate([part.clips for part in parts])
    return EncodedStudies(
        seed=recipe.seed,
        prior=recipe.prior,
        views=ECHO_TAXONOMY.views,
        encoder_sha256=encoder_sha256,
        studies=np.concatenate([part.studies for part in parts]),
        offsets=np.concatenate([[0], np.cumsum(clips)]),
        clip_embeddings=np.concatenate([part.embeddings for part in parts]),
        view_probabilities=np.concatenate([part.probabilities for part in parts]),
    )


def main(words: list[str] | None = None) -> None:
    """Runs the script."""
    args = arguments(words)
    started = time.monotonic()
    torch.set_num_threads(args.threads)
    recipe = recipe_of(args)
    with ClipFactory(args.workers) if args.workers else nullcontext() as factory:
        source = StudyPixels(recipe, model_input_batch if factory is None else factory.batch, args.pixels)
        if args.render_only:
            for chunk in chunks_of(args.first, args.studies):
                source.of(chunk)
                print(f"rendered {chunk.stop - args.first}/{args.studies} studies", flush=True)
            print(json.dumps({"studies": args.studies, "seconds": round(time.monotonic() - started, 1)}))
            return
        networks = networks_for(args, recipe)
        parts = encode(args, source, networks)
    studies = joined(parts, recipe, networks.encoder_sha256)
    views = np.concatenate([part.views for part in parts])
    np.save(args.out / VIEWS_FILE, views)  # before the rest, which says that the folder is whole
    studies.write(args.out)
    right = studies.view_probabilities.argmax(axis=1) == views
    result = {
        "studies": len(studies),
        "clips": len(studies.clip_embeddings),
        "refused": sum(part.refused for part in parts),
        "views_top1": round(float(right.mean()), 4) if len(right) else None,
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
