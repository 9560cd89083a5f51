"""Builds a bank of invented patients: their reports' vectors, made by a bundle's text encoder section by section.

    python -m scripts.build_phantom_bank --bundle FOLDER --candidates 20000 --out FOLDER

The patients are drawn from the bank's own seeds, which no network has seen.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from index.bank_writer import BankDescription
from index.manifest import BankManifest
from model.bundle import BundleManifest, read_bundle, sha256_of
from model.phantom.report import text_of
from model.report.language import Language
from model.report.section_vectors import section_vectors
from model.report.text_encoder import encode_reports, open_text_encoder
from scripts.training.phantom_bank import NOTICE, write_phantom_bank
from scripts.training.phantom_rows import SyntheticReports, draw_reports, phrase_table
from scripts.training.seed_ranges import seed_for


def build_bank(bundle: Path, candidates: int, out: Path, seed_number: int = 0) -> BankManifest:
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


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--candidates", type=int, default=20_000, help="invented patients in the bank")
    parser.add_argument("--seed-number", type=int, default=0, help="which of the bank's seeds")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; no more than are free")
    parser.add_argument("--out", type=Path, required=True, help="must not exist")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    started = time.monotonic()
    bank = build_bank(args.bundle, args.candidates, args.out, args.seed_number)
    size = sum(path.stat().st_size for path in args.out.iterdir())
    seconds = round(time.monotonic() - started, 1)
    print(json.dumps({"candidates": bank.candidates, "megabytes": round(size / 1e6, 1), "seconds": seconds}))


if __name__ == "__main__":
    main()
