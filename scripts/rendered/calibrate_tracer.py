"""Sets when each measurement of a tracer is believed, on rendered studies of `calibration` seeds.

    python -m scripts.rendered.calibrate_tracer --tracer FOLDER --studies 150

FOLDER is one that `python -m scripts.rendered.train_tracer` wrote; its network.json gets `judgements`, which
`python -m scripts.rendered.build_bundle --tracer FOLDER` carries into a bundle. The last line is one JSON object.
"""

import argparse
import json
import time
from pathlib import Path

import cv2
import torch

from model.checkpoint import load_weights
from model.device import choose_placement
from model.echo.networks.tracer_network import build_tracer_network
from model.echo.tracing.build import placed_tracer
from model.echo.tracing.judging import Judge
from model.echo.tracing.tracer import Tracer
from scripts.rendered.phantom.scan.acquisition import TRAINING_LOOKS
from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.tracing.judgement_fit import fit_judgements
from scripts.rendered.tracing.measured_rows import MeasuredRow, rows_of
from scripts.rendered.tracing.traced_studies import StudyRenderer, studies_of
from scripts.rendered.training.study_encoding import NETWORK_FILE

SEED_NUMBER = 18  # of the range `calibration`; the bundle's thresholds are set on number 0


def trained_tracer(folder: Path, device: str = "cpu") -> Tracer:
    """The tracer that a training wrote, without judgements."""
    config = json.loads((folder / NETWORK_FILE).read_text(encoding="utf-8"))
    network, placement = build_tracer_network(config), choose_placement(device, "auto")
    load_weights(network, folder / config["file"])
    return placed_tracer(network, int(config["image_size"]), Judge({}), placement)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracer", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=150)
    parser.add_argument("--cache", type=Path, help="keeps the rendered clips here, so that a second run is cheap")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    started = time.monotonic()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    tracer = trained_tracer(options.tracer)
    rows: list[MeasuredRow] = []
    renderer = StudyRenderer(seed_for("calibration", SEED_NUMBER), TRAINING_LOOKS, tracer.size, options.cache)
    for study in studies_of(tracer, renderer, range(options.studies)):
        rows += rows_of(study)
    judgements = {kind: judgement.model_dump() for kind, judgement in fit_judgements(rows).items()}
    path = options.tracer / NETWORK_FILE
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "judgements": judgements}, indent=1) + "\n", encoding="utf-8")
    stated = [kind for kind, fields in judgements.items() if fields["limit"] < 1]
    print(json.dumps({"rows": len(rows), "stated": stated, "seconds": round(time.monotonic() - started, 1)}))


if __name__ == "__main__":
    main()
