"""Seconds per stage against the published algorithm, in one process run, with a ratio each; the last line is JSON.

    python -m scripts.bench_pipeline [CLIP_OR_FOLDER…] [--repeats 3] [--threads 2]

Without clips it takes the real cine that pydicom brings along. Both sides read the same clips and share the same seeded
full-size weights; decoding of files is outside the timing. No bar is set yet: the numbers are for comparison.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from pydicom.data import get_testdata_file

from model.echo.preprocess import prepare_clip
from model.echo.preprocessing_config import ECHOPRIME
from model.study import Clip
from scripts import published_pipeline as published
from service.ingest.limits import IngestLimits
from service.ingest.study import open_study

SEED = 0
CPU = torch.device("cpu")


def clips_of(paths: list[Path]) -> list[Clip]:
    """The clips of a study, decoded. Raises ValueError when none can be used."""
    with open_study(paths, IngestLimits()) as study:
        clips = [item for item in study.read() if isinstance(item, Clip)]
    if not clips:
        raise ValueError("none of the files is a clip")
    return clips


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall seconds of a call, after one call that is not counted."""
    work()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def compared(theirs: Callable[[], object], ours: Callable[[], object], repeats: int) -> dict[str, float]:
    """Median seconds of both sides and how many times faster ours is."""
    slow, fast = median_seconds(theirs, repeats), median_seconds(ours, repeats)
    return {"published_s": round(slow, 4), "ours_s": round(fast, 4), "ratio": round(slow / fast, 2)}


@torch.inference_mode()
def stages(clips: list[Clip], repeats: int) -> Mapping[str, Mapping[str, float]]:
    """Stage → seconds per clip of both sides."""
    clip = max(clips, key=lambda item: item.frames_rgb.size)
    encoder, classifier = published.seeded_networks(SEED)
    prepared = prepare_clip(clip, ECHOPRIME, CPU)
    model_input = published.preprocessed(clip.frames_rgb, clip.source)
    return {
        "preprocess": compared(
            lambda: published.preprocessed(clip.frames_rgb, clip.source),
            lambda: prepare_clip(clip, ECHOPRIME, CPU),
            repeats,
        ),
        "encode": compared(
            lambda: published.embeddings_of(encoder, [model_input]),
            lambda: encoder(prepared.model_input[None]),
            repeats,
        ),
        "views": compared(
            lambda: published.view_logits_of(classifier, [model_input]),
            lambda: classifier(prepared.view_input),
            repeats,
        ),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, help="clips, or a folder of them")
    parser.add_argument("--repeats", type=int, default=3, help="counted repeats per stage; the median is told")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of torch")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cine = Path(str(get_testdata_file("examples_ybr_color.dcm", download=False)))
    measured: dict[str, Any] = dict(stages(clips_of(arguments.clips or [cine]), arguments.repeats))
    for stage, row in measured.items():
        print(f"{stage:12} published {row['published_s']:8.3f} s   ours {row['ours_s']:8.3f} s   {row['ratio']:6.2f}x")
    print(json.dumps({"threads": arguments.threads, "stages": measured}))


if __name__ == "__main__":
    main()
