"""Fine-tunes a bundle's video encoder and text tower on a site's studies and signed reports; writes a new bundle.

A clip and its own report are drawn together, others apart (CLIP, Radford et al. 2021); where a bundle's sections have
dimensions of their own, a clip and the sections that its view tells of. Studies are read by the product's own ingest
and preprocessing; reports and mapping are those of `echoscribe bank build`, de-identified in the same way. Patients are
split: by the mapped split column (`train` trains), else a fifth is held out. Measured is how often held-out studies
find their own report among the five nearest, before and after. The same call goes on where it was stopped. Banks,
decoder, thresholds and calibration rest on the old encoder: the new bundle has none of them, and old banks are refused.
Several processes, as torchrun starts them, train together; the patients of a step are those of each of them.
"""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from model.bundle import read_bundle
from model.device import Placement
from service.modalities.registry import served
from service.site.bank.bundle_reading import BundleReading
from service.site.decoder_training.decoder_loop import Plan
from service.site.fine_tuning.bundle import RESTED_ON_THE_ENCODER, raw_video_encoder, text_tower, write_fine_tuned
from service.site.fine_tuning.clips import ClipFolder, usable
from service.site.fine_tuning.contrastive_loop import Drawing, FineTuner
from service.site.fine_tuning.contrasts import Contrasting
from service.site.fine_tuning.options import FineTuningOptions
from service.site.fine_tuning.pairs import SitePairs, read_pairs
from service.site.fine_tuning.retrieval import StudyVectors, recall, text_vectors
from service.site.fine_tuning.towers import Towers
from service.site.observer import QUIET, Observer
from service.site.training.processes import own_placement, process_group, processes, wait_for_all


def fine_tune(options: FineTuningOptions, observer: Observer = QUIET) -> dict[str, Any]:
    """Fine-tunes and writes the new bundle. Returns the summary.

    Raises ModelError, OwnReportsError, ValueError or OSError.
    """
    with process_group(options.device):
        return _fine_tune(options, observer)


def _fine_tune(options: FineTuningOptions, observer: Observer) -> dict[str, Any]:
    if options.out.exists():
        raise FileExistsError(f"{options.out}: exists already; remove it or write elsewhere")
    if not options.studies.is_dir():
        raise NotADirectoryError(f"{options.studies}: is no folder of studies")
    rank, world = processes()
    placement = own_placement(options.device)
    manifest = read_bundle(options.bundle)
    reading = BundleReading(options.bundle, manifest)
    site = read_pairs(reading, options.reports, options.mapping, options.studies)
    work = _work_folder(options.out)
    work.mkdir(parents=True, exist_ok=True)
    clips = _prepared(options, site, placement, observer)
    training, held_out = (usable(clips, site.pairs, held_out=side) for side in (False, True))
    _check_counts(site, training, held_out, world)
    tower, config, tokenizer = text_tower(manifest, options.bundle, placement, reading.language())
    if tokenizer is not None and options.freeze_text:
        raise ValueError(f"--freeze-text: {options.bundle} has no text encoder, and a new one must be trained")
    video = raw_video_encoder(manifest, options.bundle, placement)
    towers = Towers(video, tower.network, train_text=not options.freeze_text).to(placement.device)
    vectors = StudyVectors(clips, manifest, placement.device)

    def measured() -> dict[str, Any]:
        found = vectors.of(towers.eval().video, held_out)
        texts = text_vectors(tower, [site.pairs[place] for place in found], manifest)
        return recall(np.array(list(found.values()), np.float32).reshape(len(found), -1), texts)

    before = measured()
    tuner = FineTuner(
        towers, Drawing(site, clips, tower, Contrasting(manifest), training, rank, world), placement, work
    )
    steps = tuner.train(_plan(options), json.dumps([manifest.files, options.freeze_text, options.clips]), observer)
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
        evaluation = {"fine_tuning": {**summary, "learning_rate": options.learning_rate}}
        name = options.name or f"{manifest.name}, fine-tuned"
        changes = {"networks": networks, "evaluation": evaluation, "name": name}
        written = write_fine_tuned(options.bundle, manifest, towers, tokenizer, changes, options.out)
        summary["encoder_sha256"] = written.files[networks["video_encoder"]["file"]]
        shutil.rmtree(work)
    wait_for_all()
    return summary


def _work_folder(out: Path) -> Path:
    """Where clips, log and checkpoint lie until the new bundle is whole."""
    return out.with_name(f".{out.name}.unfinished")


def _plan(options: FineTuningOptions) -> Plan:
    return Plan(
        options.steps,
        rows_per_step=options.patients,
        learning_rate=options.learning_rate,
        seed=options.seed,
        log_every=10,
        checkpoint_every=options.checkpoint_every,
    )


def _prepared(options: FineTuningOptions, site: SitePairs, placement: Placement, observer: Observer) -> ClipFolder:
    """Every study's clips on disk; each process reads its own part of the studies."""
    manifest = read_bundle(options.bundle)
    files = served(manifest.modality)
    modality = files.build(manifest, options.bundle, placement)
    rank, world = processes()
    clips = ClipFolder(_work_folder(options.out) / f"clips-{options.clips}-{site.sha256[:12]}")
    for place in range(rank, len(site.pairs), world):
        observer.advance("studies read", place, len(site.pairs))
        clips.prepare(place, options.studies / site.pairs[place].study, files, modality, options.clips)
    wait_for_all()
    return clips


def _check_counts(site: SitePairs, training: list[int], held_out: list[int], world: int) -> None:
    patients = len({site.pairs[place].patient for place in training})
    if patients < 2 * world or not held_out:
        raise ValueError(
            f"{patients} patients with clips and a report to train on and {len(held_out)} studies held out; the least "
            f"are {2 * world} and 1. Kept out: {dict(site.kept_out)}"
        )
