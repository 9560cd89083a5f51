"""Fine-tunes a bundle's video encoder and text tower on a site's studies and signed reports; writes a new bundle.

    python -m service.site.fine_tuning.fine_tune_encoders --bundle B --studies DIR --reports reports.csv --mapping
        columns.yaml --out B2
    torchrun --nproc-per-node 4 -m service.site.fine_tuning.fine_tune_encoders ...        several GPUs; --patients is
        of each of them

A clip and its own report are drawn together, others apart (CLIP, Radford et al. 2021); where a bundle's sections have
dimensions of their own, a clip and the sections that its view tells of. DIR holds a folder per study,
read by the product's own ingest and preprocessing; reports and mapping are those of `service.site.bank.build_bank`,
de-identified
in the same way. Patients are split: by the mapped split column (`train` trains), else a fifth is held out. Printed is
how often held-out studies find their own report among the five nearest, before and after. The same command goes on
where it was stopped. Banks, decoder, thresholds and calibration rest on the old encoder: B2 has none of them, and old
banks are refused. The last line is JSON.
"""

import argparse
import json
import os
import shutil
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed

from model.bundle import read_bundle
from model.device import Placement, choose_placement
from model.errors import ModelError
from service.artifacts import MODALITIES
from service.site.bank.bundle_reading import BundleReading
from service.site.decoder_training.decoder_loop import Plan
from service.site.errors import OwnReportsError
from service.site.fine_tuning.bundle import RESTED_ON_THE_ENCODER, raw_video_encoder, text_tower, write_fine_tuned
from service.site.fine_tuning.clips import ClipFolder, usable
from service.site.fine_tuning.contrastive_loop import Drawing, FineTuner, processes, wait_for_all
from service.site.fine_tuning.contrasts import Contrasting
from service.site.fine_tuning.pairs import SitePairs, read_pairs
from service.site.fine_tuning.retrieval import StudyVectors, recall, text_vectors
from service.site.fine_tuning.towers import Towers

_LONGEST_WAIT = timedelta(hours=12)  # of one process for another that still reads studies


def arguments_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--studies", type=Path, required=True, help="folder with a folder of clips per study")
    parser.add_argument("--reports", type=Path, required=True, help="CSV of signed reports")
    parser.add_argument("--mapping", type=Path, required=True, help="YAML: what the columns are")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new bundle")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--patients", type=int, default=16, help="different patients in a step")
    parser.add_argument("--clips", type=int, default=8, help="clips of a study that are kept, evenly chosen")
    parser.add_argument("--learning-rate", type=float, default=1e-5)
    parser.add_argument("--freeze-text", action="store_true", help="train the video encoder alone")
    parser.add_argument("--name", help="name of the new bundle")
    parser.add_argument("--checkpoint-every", type=int, default=100, help="steps that a stop can cost again")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(words)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fine-tunes and writes. Returns the summary; raises ModelError, OwnReportsError, ValueError or OSError."""
    if arguments.out.exists():
        raise FileExistsError(f"{arguments.out}: exists already; remove it or write elsewhere")
    if not arguments.studies.is_dir():
        raise NotADirectoryError(f"{arguments.studies}: is no folder of studies")
    rank, world = processes()
    placement = _placement(arguments.device)
    manifest = read_bundle(arguments.bundle)
    reading = BundleReading(arguments.bundle, manifest)
    site = read_pairs(reading, arguments.reports, arguments.mapping, arguments.studies)
    work = arguments.out.with_name(f".{arguments.out.name}.unfinished")
    work.mkdir(parents=True, exist_ok=True)
    clips = _prepared(arguments, site, work, placement)
    training, held_out = (usable(clips, site.pairs, held_out=side) for side in (False, True))
    _check_counts(site, training, held_out, world)
    tower, config, tokenizer = text_tower(manifest, arguments.bundle, placement, reading.language())
    if tokenizer is not None and arguments.freeze_text:
        raise ValueError(f"--freeze-text: {arguments.bundle} has no text encoder, and a new one must be trained")
    video = raw_video_encoder(manifest, arguments.bundle, placement)
    towers = Towers(video, tower.network, train_text=not arguments.freeze_text).to(placement.device)
    vectors = StudyVectors(clips, manifest, placement.device)

    def measured() -> dict[str, Any]:
        found = vectors.of(towers.eval().video, held_out)
        texts = text_vectors(tower, [site.pairs[place] for place in found], manifest)
        return recall(np.array(list(found.values()), np.float32).reshape(len(found), -1), texts)

    before = measured()
    tuner = FineTuner(
        towers, Drawing(site, clips, tower, Contrasting(manifest), training, rank, world), placement, work
    )
    steps = tuner.train(_plan(arguments), json.dumps([manifest.files, arguments.freeze_text, arguments.clips]))
    after = measured()
    faults = Counter(fault for place in range(len(site.pairs)) if (fault := clips.fault(place)))
    summary: dict[str, Any] = {
        "training_studies": len(training),
        "held_out": {"before": before, "after": after},
        "steps": steps,
        "kept_out": {**site.kept_out, **faults},
        "made_anew": list(RESTED_ON_THE_ENCODER),
    }
    if rank == 0:
        networks = {**manifest.networks, "text_encoder": config}
        evaluation = {"fine_tuning": {**summary, "learning_rate": arguments.learning_rate}}
        name = arguments.name or f"{manifest.name}, fine-tuned"
        changes = {"networks": networks, "evaluation": evaluation, "name": name}
        written = write_fine_tuned(arguments.bundle, manifest, towers, tokenizer, changes, arguments.out)
        summary["encoder_sha256"] = written.files[networks["video_encoder"]["file"]]
        shutil.rmtree(work)
    wait_for_all()
    return summary


def _plan(arguments: argparse.Namespace) -> Plan:
    return Plan(
        arguments.steps,
        rows_per_step=arguments.patients,
        learning_rate=arguments.learning_rate,
        seed=arguments.seed,
        log_every=10,
        checkpoint_every=arguments.checkpoint_every,
    )


def _placement(device: str) -> Placement:
    """Where this process trains: with several, each has a GPU of its own. Weights stay float32."""
    local = os.environ.get("LOCAL_RANK")
    return choose_placement(f"cuda:{local}" if local and device == "auto" and torch.cuda.is_available() else device)


def _prepared(arguments: argparse.Namespace, site: SitePairs, work: Path, placement: Placement) -> ClipFolder:
    """Every study's clips on disk; each process reads its own part of the studies."""
    manifest = read_bundle(arguments.bundle)
    modality = MODALITIES[manifest.modality](manifest, arguments.bundle, placement)
    rank, world = processes()
    clips = ClipFolder(work / f"clips-{arguments.clips}-{site.sha256[:12]}")
    for place in range(rank, len(site.pairs), world):
        clips.prepare(place, arguments.studies / site.pairs[place].study, modality, arguments.clips)
    wait_for_all()
    return clips


def _check_counts(site: SitePairs, training: list[int], held_out: list[int], world: int) -> None:
    patients = len({site.pairs[place].patient for place in training})
    if patients < 2 * world or not held_out:
        raise ValueError(
            f"{patients} patients with clips and a report to train on and {len(held_out)} studies held out; the least "
            f"are {2 * world} and 1. Kept out: {dict(site.kept_out)}"
        )


def main(words: list[str] | None = None) -> int:
    """Reads the command line and runs. Returns the exit status."""
    arguments = arguments_of(words)
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if several:
        backend = "nccl" if torch.cuda.is_available() and arguments.device != "cpu" else "gloo"
        distributed.init_process_group(backend, timeout=_LONGEST_WAIT)
    try:
        summary = run(arguments)
    except (ModelError, OwnReportsError, ValueError, OSError) as error:
        print(f"fine_tune_encoders: {error}", file=sys.stderr)
        return 1
    finally:
        if several:
            distributed.destroy_process_group()
    if int(os.environ.get("RANK", "0")) == 0:
        print(f"{arguments.out}: a new encoder; build its bank again: echoscribe bank build --bundle {arguments.out}")
        print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
