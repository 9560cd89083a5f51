"""Builds the development bundle and bank: seeded, untrained networks of the final code path, in minutes on 2 cores.

    python -m scripts.rendered.build_development_bundle [--candidates 5000] [--decoder-seconds 300] [--out FOLDER]

Everything about pixels is noise here and every answer says so (`untrained_bundle`). What is real: the language, the
bank's reports and labels, the retrieval, and a decoder trained on that bank's text just long enough to write
well-formed sections. A trained bundle takes its place by the same files.
"""

import argparse
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from index.building.bank_writer import BankDescription
from index.manifest import BankManifest
from index.phrase_table import PhraseTable
from model.bundle import BundleManifest, sha256_of, taxonomy_fields, write_bundle
from model.checkpoint import save_weights
from model.device import Placement
from model.echo.networks.untrained import centre_embeddings, random_sectors
from model.echo.networks.video_encoder import build_video_encoder, small_video_encoder
from model.echo.networks.view_classifier import build_view_classifier, small_view_classifier
from model.echo.phrases.reader import english
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing, echoscribe_preprocessing
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.decoder.decoder_config import DecoderConfig, decoder_config
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer
from model.report.language.language import Language
from model.report.text_encoder.text_encoder import TextEncoderConfig, build_text_encoder, encode_texts
from model.report.writing.build import DECODER_FILE
from scripts.rendered.phantom.patient.report import text_of
from scripts.rendered.training.phantom_bank import write_phantom_bank
from scripts.rendered.training.phantom_rows import QuerySource, SyntheticReports, draw_reports, phrase_table
from service.site.decoder_training.decoder_loop import DecoderTrainer, Plan
from service.site.decoder_training.rows import Disturber, Recipe
from service.site.decoder_training.train_tokenizer import report_tokenizer

SEED = 20261122  # fixed, so that two builds on one machine give the same networks and bank
EMBEDDING_DIM = 512  # as EchoPrime's (design section 6), so that vectors of both fit one bank format
IMAGE_SIZE = 112  # LOG 2026-11-22: the small encoder's time per clip on 2 cores
QUERY_STUDIES = 1500  # decoder rows come from these; their patients are not in the bank
CENTRING_CLIPS = 128
NOTICE = "MIT. Made from invented patients only; untrained image networks; for demonstration."
PHRASES_FILE = "phrases.json"
LANGUAGES = {"de": "de.json"}  # beside `phrases`: tag → file, copied under the same name
CPU = Placement(torch.device("cpu"), torch.float32, "the development build runs on the CPU")


@dataclass(frozen=True, eq=False)
class BankText:
    """The language, its bank of reports, and the tokenizer learned from their sentences."""

    language: Language
    reports: SyntheticReports
    phrases: PhraseTable
    tokenizer: ReportTokenizer


def build(out: Path, candidates: int, decoder_seconds: float) -> tuple[BundleManifest, BankManifest]:
    """Writes `out`/bundle and `out`/bank, replacing what is there. Returns their manifests."""
    bundle = out / "bundle"
    shutil.rmtree(out, ignore_errors=True)
    bundle.mkdir(parents=True)
    text = _text(candidates)
    preprocessing = echoscribe_preprocessing(IMAGE_SIZE)
    networks = _image_networks(bundle, preprocessing)
    networks["text_encoder"], vectors = _text_vectors(bundle, text)
    decoder = _decoder(bundle, out / "training", text, decoder_seconds)
    phrases = Path(__file__).parents[2] / "model" / "echo" / "phrases"
    for source, name in (("en.json", PHRASES_FILE), *((name, name) for name in LANGUAGES.values())):
        shutil.copyfile(phrases / source, bundle / name)
    manifest = write_bundle(bundle, _manifest(preprocessing, networks, decoder))
    bank = _bank(out / "bank", text, vectors, sha256_of(bundle / networks["video_encoder"]["file"]))
    shutil.rmtree(out / "training")
    return manifest, bank


def _text(candidates: int) -> BankText:
    language = english()
    reports = draw_reports(language, range(candidates), SEED)
    return BankText(language, reports, phrase_table(language), report_tokenizer(language))


def _image_networks(bundle: Path, preprocessing: EchoPreprocessing) -> dict[str, dict[str, Any]]:
    """Seeded encoder and view classifier, written as fp16. Returns their configurations."""
    torch.manual_seed(SEED)
    encoder_config = small_video_encoder(IMAGE_SIZE, preprocessing.frames, EMBEDDING_DIM)
    encoder = build_video_encoder(encoder_config)
    centre_embeddings(encoder, random_sectors(CENTRING_CLIPS, preprocessing, SEED), SEED)
    save_weights(encoder, bundle / "video_encoder.safetensors")
    torch.manual_seed(SEED)
    view_config = small_view_classifier()
    save_weights(build_view_classifier(view_config, ECHO_TAXONOMY.views), bundle / "view_classifier.safetensors")
    return {
        "video_encoder": {**encoder_config, "file": "video_encoder.safetensors"},
        "view_classifier": {**view_config, "file": "view_classifier.safetensors"},
    }


def _text_vectors(bundle: Path, text: BankText) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """The text encoder's configuration, and one unit vector per report.

    An untrained encoder maps all reports to nearly one direction; the mean over the bank is taken off, so that
    neighbours of different queries differ.
    """
    config = TextEncoderConfig(vocabulary=text.tokenizer.size, embedding_dim=EMBEDDING_DIM)
    encoder = build_text_encoder(config, SEED)
    save_weights(encoder, bundle / "text_encoder.safetensors")
    whole = [_whole_text(sections.values(), text.language) for sections in text.reports.sections]
    vectors = encode_texts(encoder, text.tokenizer, whole)
    vectors -= vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return {**config.model_dump(), "file": "text_encoder.safetensors"}, vectors


def _whole_text(sections: Any, language: Language) -> str:
    return " ".join(text_of(sentence, language) for sentences in sections for sentence in sentences)


def _decoder(bundle: Path, work: Path, text: BankText, seconds: float) -> DecoderConfig:
    """Trains the decoder within the seconds and puts its two files into the bundle. Returns its configuration."""
    config = decoder_config(ECHO_TAXONOMY, vocabulary=text.tokenizer.size, embedding_dim=EMBEDDING_DIM)
    rows = QuerySource(text.reports, text.phrases, EMBEDDING_DIM, SEED).rows(text.language, QUERY_STUDIES)
    trainer = DecoderTrainer(config, text.tokenizer, Disturber(Recipe(), text.phrases, text.language), CPU)
    trainer.train(rows, Plan(steps=1_000_000, seconds=seconds, seed=SEED), work)
    for name in (DECODER_FILE, TOKENIZER_FILE):
        shutil.copyfile(work / name, bundle / name)
    return config


def _bank(folder: Path, text: BankText, vectors: NDArray[np.float32], encoder_sha256: str) -> BankManifest:
    description = BankDescription(
        name="development",
        encoder_sha256=encoder_sha256,
        trained=False,
        domain="synthetic",
        licence_notice=NOTICE,
    )
    return write_phantom_bank(folder, description, text.reports, text.phrases, vectors)


def _manifest(
    preprocessing: EchoPreprocessing, networks: dict[str, dict[str, Any]], decoder: DecoderConfig
) -> BundleManifest:
    taxonomy = ECHO_TAXONOMY
    return BundleManifest(
        name="development",
        trained=False,
        domain="synthetic",
        preprocessing=preprocessing.model_dump(mode="json"),
        networks=networks,
        embedding_dim=EMBEDDING_DIM,
        view_weighting="probability",
        min_section_weight=0.5,  # a table of ones gives every clip weight one; no clip gives none
        mil_weights={section: dict.fromkeys(taxonomy.views, 1.0) for section in taxonomy.sections},
        thresholds={phenotype.name: 0.5 for phenotype in taxonomy.phenotypes if phenotype.kind == "binary"},
        decoder=decoder.model_dump(mode="json"),
        phrases=PHRASES_FILE,
        languages=LANGUAGES,
        licence_notice=NOTICE,
        **taxonomy_fields(taxonomy),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=5000, help="invented patients in the bank")
    parser.add_argument("--decoder-seconds", type=float, default=300.0, help="training time of the decoder")
    parser.add_argument("--out", type=Path, default=Path("runs/development"), help="gets the folders bundle and bank")
    arguments = parser.parse_args()
    started = time.monotonic()
    _, bank = build(arguments.out, arguments.candidates, arguments.decoder_seconds)
    size = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file())
    print(f"{bank.candidates} candidates, {size / 1e6:.1f} MB, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
