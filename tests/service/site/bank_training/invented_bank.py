"""A bank of synthetic patients whose vectors follow their labels, its bundle, and encoded studies of others."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from index.building.bank_writer import BankDescription, BankWriter
from index.phrase_table import PhraseTable
from index.report_columns import columns_of
from model.bundle import BundleManifest, sha256_of, taxonomy_fields, write_bundle
from model.echo.phrases.reader import ENGLISH_FILE, english
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.training.phantom_reports import draw_reports, phrase_table
from service.artifacts import ArtifactPaths
from service.site.encoded_folder import EncodedFolder
from tests.scripts.rendered.training.retrieval_material import DIM, vectors_of

CANDIDATES, STUDIES, CLIPS = 240, 90, 2
WEIGHTS = "video_encoder.safetensors"


def write_bundle_of(folder: Path, content: bytes = b"no weights", **changes: Any) -> BundleManifest:
    """A bundle without networks or decoder, with the English phrases."""
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(content)
    (folder / "phrases.json").write_bytes(ENGLISH_FILE.read_bytes())
    fields: dict[str, Any] = {
        "name": "invented",
        "trained": False,
        "domain": "synthetic",
        "preprocessing": {},
        "networks": {"video_encoder": {"file": WEIGHTS}},
        "embedding_dim": DIM,
        "view_weighting": "probability",
        "min_section_weight": 0.5,
        "mil_weights": dict.fromkeys(ECHO_TAXONOMY.sections, dict.fromkeys(ECHO_TAXONOMY.views, 1.0)),
        "phrases": "phrases.json",
        "licence_notice": "MIT",
        **taxonomy_fields(ECHO_TAXONOMY),
    }
    return write_bundle(folder, BundleManifest(**{**fields, **changes}))


def write_bank_of(
    paths: ArtifactPaths,
    *,
    sections: Sequence[str] = (*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections),
    labelled: bool = True,
    **description: Any,
) -> None:
    """The bank."""
    seed = seed_for("bank")
    own = [row for row in phrase_table(english()) if row.section in sections]
    phrases = PhraseTable(tuple(replace(row, phrase_id=number) for number, row in enumerate(own)))
    numbers = {row.key: row.phrase_id for row in phrases}
    drawn = draw_reports(english(), range(CANDIDATES), seed)
    reports = [
        {
            section: [(numbers[sentence.phrase.phrase_id], sentence.value) for sentence in sentences]
            for section, sentences in report.items()
            if section in sections
        }
        for report in drawn.sections
    ]
    vectors = vectors_of(seed, CANDIDATES)
    with BankWriter(paths.bank, phrases, sections, DIM) as writer:
        writer.add_embeddings(vectors)
        writer.add_reports(columns_of(reports))
        labels = [labels_of(state_of(seed, study, "clinical")) for study in range(CANDIDATES)]
        for name in ECHO_TAXONOMY.phenotype_names if labelled else ():
            writer.add_labels(name, np.array([row[name] for row in labels], np.float32))
        stated = {
            "name": "invented",
            "encoder_sha256": sha256_of(paths.bundle / WEIGHTS),
            "trained": False,
            "domain": "synthetic",
            "licence_notice": "MIT",
        }
        writer.finish(BankDescription(**{**stated, **description}))


def write_studies_of(folder: Path, studies: int = STUDIES) -> EncodedFolder:
    """Encoded studies across a gap: turned a little, moved, with noise."""
    seed = seed_for("decoder")
    rng = np.random.default_rng(2)
    texts = np.repeat(vectors_of(seed, studies), CLIPS, axis=0)
    offset = rng.standard_normal(DIM).astype(np.float32) * 0.1
    clips = 0.7 * texts + offset + 0.05 * rng.standard_normal(texts.shape).astype(np.float32)
    views = np.full((len(clips), len(ECHO_TAXONOMY.views)), 1 / len(ECHO_TAXONOMY.views), np.float32)
    numbers = {row.key: row.phrase_id for row in phrase_table(english())}
    drawn = draw_reports(english(), range(studies), seed)
    said = [
        [(numbers[s.phrase.phrase_id], s.value) for section in report.values() for s in section]
        for report in drawn.sections
    ]
    labels = [labels_of(state_of(seed, study, "clinical")) for study in range(studies)]
    found = EncodedFolder(
        studies=tuple(f"S{number}" for number in range(studies)),
        patients=tuple(f"P{number}" for number in range(studies)),
        views=ECHO_TAXONOMY.views,
        encoder="invented",
        offsets=np.arange(studies + 1) * CLIPS,
        clip_embeddings=clips.astype(np.float32),
        view_probabilities=views,
        report_offsets=np.cumsum([0, *map(len, said)]).astype(np.int64),
        report_phrases=np.array([number for report in said for number, _ in report], np.int32),
        report_values=np.array([np.nan if v is None else v for report in said for _, v in report], np.float32),
        labels={n: np.array([row[n] for row in labels], np.float32) for n in ECHO_TAXONOMY.phenotype_names},
    )
    found.write(folder)
    return found


def change_manifest(folder: Path, **changes: Any) -> None:
    """Writes other values into a bank's manifest."""
    path = folder / "bank.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")
