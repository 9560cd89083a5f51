"""Seconds per stage against the published algorithm, in one process run, with bars; the last line is JSON.

    python -m scripts.reference.bench_pipeline [CLIP_OR_FOLDER…] [--only encode views] [--bundle B --bank K]

Both sides read the same files and share the same seeded full-size weights, and take turns. `preprocess_mp4` needs MP4
clips, `study` a full-size bundle and bank; a row that lacks what it needs is reported as not measured. The exit status
is 1 when a bar does not hold.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from pydicom.data import get_testdata_file

from model.device import Placement, choose_placement
from scripts.reference.benchmark import stages
from scripts.reference.benchmark.measured import Row
from scripts.reference.benchmark.whole_studies import concurrent_posts, full_size_study
from scripts.reference.benchmark.writing import write
from service.artifacts import ArtifactPaths, set_threads

ROWS = ("preprocess_mp4", "preprocess_jpeg", "decoders", "encode", "views", "write", "study", "service")

_WORDS = Path(__file__).parents[2] / "model" / "bundles" / "default"  # whose sections and words are written


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The clips in files and folders, in order. Raises ValueError when there is none."""
    named = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    clips = [file for file in named if file.suffix.lower() in {".mp4", ".dcm"}]
    if not clips:
        raise ValueError("none of the files is a clip")
    return clips


def pydicoms_own(name: str) -> Path | None:
    """A cine that comes with pydicom or pydicom-data, None where it is not installed."""
    found = get_testdata_file(name, download=False)
    return None if found is None else Path(str(found))


def rows(clips: Sequence[Path], options: argparse.Namespace, placement: Placement) -> Mapping[str, Callable[[], Row]]:
    """Stage → what measures it; stages that lack what they need are left out."""
    repeats = options.repeats
    videos = [clip for clip in clips if clip.suffix.lower() == ".mp4"]
    cine = pydicoms_own("color3d_jpeg_baseline.dcm")
    found: dict[str, Callable[[], Row]] = {}
    if videos:
        found["preprocess_mp4"] = lambda: stages.preprocess("preprocess_mp4", videos, repeats=repeats, at_least=6)
    if cine is not None:
        found["preprocess_jpeg"] = lambda: stages.preprocess("preprocess_jpeg", [cine], repeats=repeats, at_least=3)
    found["decoders"] = lambda: stages.decoders(clips, repeats=repeats)
    found["encode"] = lambda: stages.encode(stages.prepared(clips), placement, repeats=repeats)
    found["views"] = lambda: stages.views(stages.prepared(clips), placement, repeats=repeats)
    found["write"] = lambda: write(_WORDS, placement, repeats=repeats, at_least=8)
    if options.bundle and options.bank:
        artifacts = ArtifactPaths(options.bundle, options.bank)
        found["study"] = lambda: full_size_study(clips, artifacts, placement, repeats=repeats)
    found["service"] = lambda: concurrent_posts(repeats=repeats)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when every bar that was asked for was measured and holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, help="clips, or folders of them; else a cine of pydicom's own")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=[], help="rows to measure; all unless said")
    parser.add_argument("--repeats", type=int, default=3, help="counted repeats per stage; the median is told")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of torch")
    parser.add_argument("--dtype", choices=("auto", "bfloat16", "float32"), default="auto", help="of our networks")
    parser.add_argument("--at-most", type=int, default=9, help="clips that are used of those given")
    parser.add_argument("--bundle", type=Path, help="folder of a full-size bundle")
    parser.add_argument("--bank", type=Path, help="folder of its full-size bank")
    options = parser.parse_args(arguments)
    set_threads(options.threads)
    placement = choose_placement("cpu", options.dtype)
    clips = files_of(options.clips or [Path(str(pydicoms_own("examples_ybr_color.dcm")))])[: options.at_most]
    measured: dict[str, Row] = {}
    asked = options.only or ROWS
    with torch.inference_mode():
        for stage, measure in rows(clips, options, placement).items():
            if stage in asked:
                measured[stage] = measure()
                print(measured[stage].line(), flush=True)
    lacking = [stage for stage in asked if stage not in measured]
    ok = all(row.ok for row in measured.values()) and not (options.only and lacking)
    print(json.dumps(result(measured, lacking, ok=ok, threads=options.threads)))
    return 0 if ok else 1


def result(measured: Mapping[str, Row], lacking: Sequence[str], *, ok: bool, threads: int) -> dict[str, object]:
    """The JSON of the last line."""
    return {
        "ok": ok,
        "threads": threads,
        "not_measured": list(lacking),
        "stages": {stage: row.json() for stage, row in measured.items()},
    }


if __name__ == "__main__":
    raise SystemExit(main())
