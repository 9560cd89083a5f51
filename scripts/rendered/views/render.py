"""Renders wide pictures of every view, which the view classifier learns beside usual clips.

    python -m scripts.rendered.views.render --clips 12000 --out FOLDER

The same command goes on where it was stopped. Every clip is of another patient (`encoder` seeds).
"""

import argparse
import json
from pathlib import Path

import cv2

from scripts.rendered.tracing.shards import SHARD, render_shards
from scripts.rendered.views.wide_store import WideStore


def main(words: list[str] | None = None) -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=12_000, help="rounded up to whole shards")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(words)
    cv2.setNumThreads(1)
    shards = -(-options.clips // SHARD)
    for _ in render_shards(WideStore(), options.out, shards):
        pass
    print(json.dumps({"clips": shards * SHARD, "out": str(options.out)}))


if __name__ == "__main__":
    main()
