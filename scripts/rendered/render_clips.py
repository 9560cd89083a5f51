"""Renders the clips that networks are trained on; the same command goes on where it was stopped.

    python -m scripts.rendered.render_clips --purpose encoder --clips 24000 --out runs/clips/encoder

The last line is one JSON object.
"""

import argparse
import json
import time
from pathlib import Path

from scripts.rendered.phantom.scan.tensors import ClipFactory
from scripts.rendered.seed_ranges import SEED_RANGES
from scripts.rendered.training.clip_store import StoreRecipe, render


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--purpose", choices=sorted(SEED_RANGES), required=True, help="whose patients")
    parser.add_argument("--clips", type=int, required=True)
    parser.add_argument("--clips-per-study", type=int, default=2)
    parser.add_argument("--size", type=int, default=112, help="pixels per side")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2, help="rendering processes")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    recipe = StoreRecipe(args.purpose, args.clips, args.clips_per_study, args.size, args.frames)
    started, done = time.monotonic(), 0
    with ClipFactory(args.workers) as factory:
        for done in render(recipe, args.out, factory):
            print(f"{done}/{recipe.clips} clips, {time.monotonic() - started:.0f} s", flush=True)
    print(json.dumps({"clips": done or recipe.clips, "seconds": round(time.monotonic() - started, 1)}))


if __name__ == "__main__":
    main()
