"""The stage that measures: thresholds on one held-out sixth of the patients, the evaluation on another."""

import json
from typing import Any

import numpy as np

from model.bundle import BundleManifest
from model.report.writing.build import build_writer, load_decoder
from service.site.bank_training.evaluation.arms import Arms
from service.site.bank_training.evaluation.figures import Truth, evaluate
from service.site.bank_training.evaluation.held_out import HeldOut, found_in_parts
from service.site.bank_training.evaluation.reading import TextReader
from service.site.bank_training.evaluation.section_bits import section_bits
from service.site.bank_training.rows.row_store import Rows
from service.site.bank_training.rows.section_retrieval import votes_by_name
from service.site.bank_training.run_parts import TEST, THRESHOLDS, RunParts
from service.site.bank_training.training_stages import batches_of
from service.site.calibration.calibrating import calibrate_manifest
from service.site.calibration.labelled_studies import LabelledStudy

_CALIBRATION_STUDIES = 1_500  # a phenotype of 3 % then has 45 positives
_MEANS_CANDIDATES = 20_000


def measure(parts: RunParts) -> tuple[BundleManifest, dict[str, Any]]:
    """The manifest with decoder and thresholds, and the evaluation; kept when the run is stopped after it."""
    path = parts.work / "measured.json"
    if not path.is_file():
        made = {"manifest": _calibrated(parts).model_dump(mode="json")}
        manifest = BundleManifest.model_validate(made["manifest"])
        made["evaluation"] = _evaluated(parts, manifest)
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps(made) + "\n", encoding="utf-8")
        draft.replace(path)
    made = json.loads(path.read_text(encoding="utf-8"))
    manifest = BundleManifest.model_validate(made["manifest"])
    result = made["evaluation"]
    short = {name: result[name] for name in ("studies", "wrong_inputs", "sections_left_empty", "bars")}
    short["arms"] = {name: arm["macro_f1"] for name, arm in result["arms"].items()}
    evaluation = {**manifest.evaluation, "decoder": short}
    return manifest.model_copy(update={"evaluation": evaluation}), result


def _calibrated(parts: RunParts) -> BundleManifest:
    """The bundle's manifest with this decoder, and with thresholds of the held-out sixth that sets them."""
    parts.observer.say("thresholds")
    made = parts.material
    studies = _held_out(parts, THRESHOLDS, _CALIBRATION_STUDIES)
    votes = parts.retrieval.votes(found_in_parts(parts.retrieval, studies.queries))
    names = made.taxonomy.phenotype_names
    labelled = [
        LabelledStudy(
            studies.embeddings[row],
            votes_by_name(votes[row], made.taxonomy),
            {name: float(studies.labels[name][row]) for name in names if np.isfinite(studies.labels[name][row])},
        )
        for row in range(len(studies))
    ]
    manifest = calibrate_manifest(made.manifest, labelled, None, made.bank.manifest.identity)
    return manifest.model_copy(update={"decoder": parts.config.model_dump(mode="json")})


def _held_out(parts: RunParts, sixths: tuple[int, ...], most: int) -> HeldOut:
    if parts.studies is not None:
        return parts.studies.of(sixths, most)
    split = parts.material.split
    ids, stream = (split.calibration, 21) if sixths == THRESHOLDS else (split.test, 22)
    return parts.stand_ins.held_out(split.drawn(ids, most, stream), stream)


def _evaluated(parts: RunParts, manifest: BundleManifest) -> dict[str, Any]:
    parts.observer.say("evaluation")
    made, studies = parts.material, _held_out(parts, TEST, parts.options.test_studies)
    found = found_in_parts(parts.retrieval, studies.queries)
    votes = parts.retrieval.votes(found)
    pipeline = made.pipeline(manifest)
    reader = TextReader(made.language, made.read)
    writer = build_writer(manifest, parts.decoder_folder, made.language, made.read, parts.placement)
    arms = Arms(
        pipeline,
        writer,
        studies,
        list(parts.retrieval.retrievals(found)),
        [votes_by_name(row, made.taxonomy) for row in votes],
        reader,
        parts.observer,
    )
    reports = [reader.of(text) for text in studies.texts(made.bank.phrases, made.taxonomy)]
    labels = {name: column.astype(np.float64) for name, column in studies.labels.items()}
    truth = Truth(reports, labels, _means(parts))
    result = evaluate(arms, truth, evidence=parts.options.evidence)
    kind = "encoded studies" if parts.studies is not None else "candidates of the bank as stand-ins for videos"
    result["bits_per_byte"] = bits_per_byte(parts, studies)
    return {"held_out": kind, "gap": parts.stand_ins.gap.about(), **result}


def bits_per_byte(parts: RunParts, studies: HeldOut) -> dict[str, float]:
    """Of what the reports of some studies say: section → bits, and `all`."""
    rows = Rows((parts.maker.rows(studies.queries, studies.reports),))
    decoder = load_decoder(parts.decoder_folder, parts.config).to(parts.placement.device).eval()
    return section_bits(decoder, batches_of(parts, rows, parts.options.seed))


def bits_of_held_out(parts: RunParts) -> dict[str, float]:
    """Of the sixth of the patients that also sets thresholds: for choosing sizes, so that the other stays unseen."""
    return bits_per_byte(parts, _held_out(parts, THRESHOLDS, parts.options.test_studies))


def _means(parts: RunParts) -> dict[str, float]:
    """Mean of the numbers among training candidates: what a text that leaves one out counts as."""
    split, bank = parts.material.split, parts.material.bank
    some = split.drawn(split.training, _MEANS_CANDIDATES, 13)
    numbers = [phenotype.name for phenotype in parts.material.taxonomy.phenotypes if phenotype.kind == "continuous"]
    labels = {name: bank.labels(name, some) for name in numbers}
    return {name: float(np.nanmean(v)) if np.isfinite(v).any() else 0.0 for name, v in labels.items()}
