"""Renders the runs of frames that the tracer learns from, with the outline of every chamber in each frame.

    python -m scripts.rendered.render_traced --runs 24000 --out FOLDER

The same command goes on where it was stopped. Every run is of another patient (`tracer` seeds).
"""

import argparse
import json
from pathlib import Path

import cv2

from scripts.rendered.tracing.run_store import RunStore
from scripts.rendered.tracing.shards import SHARD, render_shards


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=24_000, help="rounded up to whole shards")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    shards = -(-options.runs // SHARD)
    for _ in render_shards(RunStore(), options.out, shards):
        pass
    print(json.dumps({"runs": shards * SHARD, "out": str(options.out)}))


if __name__ == "__main__":
    main()
