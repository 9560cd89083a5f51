"""Builds a bank of invented patients: their reports' vectors, made by a bundle's text encoder section by section.

    python -m scripts.rendered.build_phantom_bank --bundle FOLDER --candidates 20000 --out FOLDER

The patients are drawn from the bank's own seeds, which no network has seen.

A report's vector depends on its text alone, not on how a heart looks. Reports of the same text have the same vector, so
the 50 nearest candidates would be one text 50 times. `--spread` adds noise to each section's vector, because patients
with the same report differ in their clips (CapDec, Nukrai et al. 2022). The nearest candidates then have several texts,
the nearer ones more often.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from index.building.bank_writer import BankDescription
from index.manifest import BankManifest
from model.bundle import BundleManifest, read_bundle, sha256_of
from model.report.language.language import Language
from model.report.text_encoder.section_vectors import section_vectors
from model.report.text_encoder.text_encoder import encode_reports, open_text_encoder
from scripts.rendered.phantom.patient.report import text_of
from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.training.phantom_bank import NOTICE, write_phantom_bank
from scripts.rendered.training.phantom_reports import SyntheticReports, draw_reports, phrase_table

SPREAD = 0.2  # standard deviation in each dimension; LOG 2026-11-22, chosen on the calibration patients


def build_bank(
    bundle: Path, candidates: int, out: Path, *, spread: float = SPREAD, seed_number: int = 0
) -> BankManifest:
    """Writes the bank of a bundle and returns its manifest. Raises FileExistsError when `out` exists."""
    manifest = read_bundle(bundle)
    language = Language.read(bundle / str(manifest.phrases))
    reports = draw_reports(language, range(candidates), seed_for("bank", seed_number))
    description = BankDescription(
        name=manifest.name,
        encoder_sha256=sha256_of(bundle / manifest.networks["video_encoder"]["file"]),
        trained=manifest.trained,
        domain="synthetic",
        licence_notice=NOTICE,
    )
    vectors = text_vectors(bundle, manifest, language, reports)
    if manifest.section_subspaces:
        rng = np.random.default_rng([seed_for("bank", seed_number), 3])  # 3: a stream of its own
        vectors = spread_out(vectors, manifest.section_subspaces, spread, rng)
    return write_phantom_bank(out, description, reports, phrase_table(language), vectors)


def text_vectors(
    bundle: Path, manifest: BundleManifest, language: Language, reports: SyntheticReports
) -> NDArray[np.float32]:
    """float32 (N, D): by section where the bundle gives sections dimensions of their own, else of the whole report."""
    texts = [
        {name: " ".join(text_of(said, language) for said in sentences) for name, sentences in sections.items()}
        for sections in reports.sections
    ]
    if not manifest.section_subspaces:
        return encode_reports(bundle, manifest, [" ".join(sections.values()) for sections in texts])
    encode = open_text_encoder(bundle, manifest)
    return section_vectors(encode, texts, manifest.section_subspaces, manifest.embedding_dim)


def spread_out(
    vectors: NDArray[np.float32], subspaces: Mapping[str, Sequence[int]], spread: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """float32 (N, D): each section's part moved by noise, norm 1 again; parts that are zero stay zero."""
    moved = np.zeros_like(vectors)
    for first, end in subspaces.values():
        part = vectors[:, first:end]
        there = np.linalg.norm(part, axis=1, keepdims=True) > 0
        noisy = part + spread * rng.standard_normal(part.shape, np.float32)
        moved[:, first:end] = there * noisy / np.maximum(np.linalg.norm(noisy, axis=1, keepdims=True), 1e-12)
    return moved


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--candidates", type=int, default=20_000, help="invented patients in the bank")
    parser.add_argument("--spread", type=float, default=SPREAD, help="noise on each dimension of a section's part")
    parser.add_argument("--seed-number", type=int, default=0, help="which of the bank's seeds")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; no more than are free")
    parser.add_argument("--out", type=Path, required=True, help="must not exist")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    started = time.monotonic()
    bank = build_bank(args.bundle, args.candidates, args.out, spread=args.spread, seed_number=args.seed_number)
    size = sum(path.stat().st_size for path in args.out.iterdir())
    seconds = round(time.monotonic() - started, 1)
    print(json.dumps({"candidates": bank.candidates, "megabytes": round(size / 1e6, 1), "seconds": seconds}))


if __name__ == "__main__":
    main()
