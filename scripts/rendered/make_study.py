"""Writes rendered studies as DICOM or MP4 files: `python -m scripts.rendered.make_study --seed 7 --studies 3 --out S`.

S/0, S/1, ... hold the clips, S/0.truth.json what is true of the patient. `echoscribe report S/0` reads the folder.
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from scripts.rendered.study_writer.study_folder import FORMS, StudyOrder, orders_of, write_clip, write_truth


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="which patients")
    parser.add_argument("--studies", type=int, default=1, help="how many, from 0 or --first on")
    parser.add_argument("--first", type=int, default=0, help="number of the first study")
    parser.add_argument("--clips", type=int, default=None, help="clips per study; 5 to 40, drawn, unless said")
    parser.add_argument("--format", choices=("mixed", *FORMS), default="mixed", help="of the files")
    parser.add_argument("--prior", choices=("clinical", "independent"), default="clinical")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into; made where absent")
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    """Writes the studies and prints one JSON line."""
    started = time.perf_counter()
    args.out.mkdir(parents=True, exist_ok=True)
    studies = [
        StudyOrder(args.seed, args.first + number, args.format, args.prior, args.clips)
        for number in range(args.studies)
    ]
    files = {study: orders_of(study, args.out) for study in studies}
    with ProcessPoolExecutor(args.workers, get_context("spawn")) as pool:
        jobs = {study: [pool.submit(write_clip, order) for order in orders] for study, orders in files.items()}
        for study, waiting in jobs.items():
            write_truth(study, args.out, [job.result() for job in waiting])
    clips = sum(map(len, files.values()))
    seconds = round(time.perf_counter() - started, 2)
    print(json.dumps({"studies": len(studies), "clips": clips, "seconds": seconds, "out": str(args.out)}))


if __name__ == "__main__":
    main(_arguments())
