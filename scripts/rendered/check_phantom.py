"""Checks whether the rendered heart is good enough to learn from.

`python -m scripts.rendered.check_phantom --studies 500 --seed 1 --json out.json` checks every quality bar, prints one
line each and ends with one JSON line; exit status 1 when a bar fails.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import cv2
import torch

from scripts.rendered.checks.bars import Findings, write_rows
from scripts.rendered.checks.counterfactuals import check_counterfactuals
from scripts.rendered.checks.identity import check_burned_in_text
from scripts.rendered.checks.interventions import Sizes, below_margin, check_interventions
from scripts.rendered.checks.measurements import check_measurements
from scripts.rendered.checks.performance import check_determinism, check_file_study, check_speed
from scripts.rendered.checks.reading import check_ejection_fraction, check_view_statistics
from scripts.rendered.checks.speckle_bars import check_speckle
from scripts.rendered.phantom.scan.tensors import ClipFactory

# Phenotypes expected to stay below the margin over statistics, each with its physical reason; written on 2026-11-22
# before the first training. The bar counts all 23. So an exception that does well counts too, and a phenotype that
# fails unexpectedly is named in the result (`below_margin`) and not added here.
EXCEPTIONS: dict[str, str] = {
    "elevated_left_atrial_pressure": "pressure is no picture: only filling time and the lean of the atrial septum tell",
    "mitral_regurgitation": "a jet is colour pixels: their count is a global statistic already",
    "aortic_regurgitation": "as mitral regurgitation",
    "tricuspid_valve_regurgitation": "as mitral regurgitation",
    "pulmonic_valve_regurgitation": "as mitral regurgitation",
    "pericardial_effusion": "an echo-free ring adds dark pixels, which a histogram counts",
}
CHECKS = (
    "measurements", "speckle", "counterfactuals", "determinism", "speed", "files", "text", "views", "ejection_fraction",
    "interventions",
)  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=500, help="states for the measurements; scales the other checks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, default=None, help="write the result here as well")
    parser.add_argument("--rows", type=Path, default=None, help="folder for the raw rows as Parquet")
    parser.add_argument("--workers", type=int, default=2, help="rendering processes")
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS), help="leave checks out")
    parser.add_argument("--training-clips", type=int, default=None, help="per sub-view; 2400 at 500 studies")
    return parser.parse_args()


def _checks(
    args: argparse.Namespace, factory: ClipFactory, folder: Path
) -> Iterator[tuple[str, Callable[[], Findings]]]:
    """(name, check) of everything that was asked for, cheap ones first."""
    scale = args.studies / 500
    training = args.training_clips or max(600, round(2400 * scale))
    sizes = Sizes(training, max(400, round(600 * scale)))
    few = max(3, round(12 * scale))
    seed = args.seed

    def measurements() -> Findings:
        with ProcessPoolExecutor(
            args.workers, get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)
        ) as pool:
            return check_measurements(seed, args.studies, pool)

    table: dict[str, Callable[[], Findings]] = {
        "measurements": measurements,
        "speckle": lambda: check_speckle(seed, few),
        "counterfactuals": lambda: check_counterfactuals(seed, few),
        "determinism": lambda: check_determinism(seed, factory),
        "speed": lambda: check_speed(seed, 44),
        "files": lambda: check_file_study(seed, folder),
        "text": lambda: check_burned_in_text(seed, max(11, round(44 * scale))),
        "views": lambda: check_view_statistics(seed, max(60, round(160 * scale)), factory),
        "ejection_fraction": lambda: check_ejection_fraction(seed, training, sizes.test, factory),
        "interventions": lambda: check_interventions(seed, sizes, factory, EXCEPTIONS),
    }
    yield from ((name, table[name]) for name in CHECKS if name in args.only)


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV and torch with one thread each: the processes are the parallelism, and times are comparable."""
    cv2.setNumThreads(1)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def main(args: argparse.Namespace) -> int:
    """Runs the checks; 1 when a bar fails."""
    done: dict[str, Findings] = {}
    with _one_thread(), tempfile.TemporaryDirectory() as folder, ClipFactory(args.workers) as factory:
        for name, check in _checks(args, factory, Path(folder)):
            started = time.perf_counter()
            done[name] = check()
            done[name].seconds = round(time.perf_counter() - started, 1)
            for bar in done[name].bars:
                print(f"{'ok  ' if bar.ok else 'FAIL'} {bar.name}: {bar.value} ({bar.demand})", flush=True)
    bars = [bar for findings in done.values() for bar in findings.bars]
    result = {
        "seed": args.seed,
        "studies": args.studies,
        "ok": all(bar.ok for bar in bars),
        "failed": [bar.name for bar in bars if not bar.ok],
        "bars": {bar.name: [bar.value, bar.demand, bar.ok] for bar in bars},
        "exceptions": EXCEPTIONS,
        "below_margin": [name for findings in done.values() for name in below_margin(findings)],
        "seconds": {name: findings.seconds for name, findings in done.items()},
        "rows": write_rows(args.rows, done.values()) if args.rows else [],
    }
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(_arguments()))
