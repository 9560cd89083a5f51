"""The report writer of a bundle, and the two files it is stored in."""

from pathlib import Path

from pydantic import ValidationError

from model.bundle import MANIFEST, BundleManifest
from model.checkpoint import load_weights, save_weights
from model.device import Placement
from model.errors import BundleMismatch
from model.report.decoder.decoder import Decoder
from model.report.decoder.decoder_config import DecoderConfig
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer
from model.report.language.language import FindingReader, Language
from model.report.writing.report_writer import ReportWriter

DECODER_FILE = "decoder.safetensors"


def build_writer(
    manifest: BundleManifest, folder: Path, language: Language, read: FindingReader, placement: Placement
) -> ReportWriter:
    """The writer of a bundle that has a decoder, on its placement.

    Raises BundleMismatch when the decoder's names or sizes differ from the bundle's, BundleCorrupt for a bad file.
    """
    config = _checked_config(manifest, folder)
    tokenizer = ReportTokenizer.read(folder / TOKENIZER_FILE)
    if tokenizer.size > config.vocabulary:
        raise BundleMismatch(
            f"{folder / TOKENIZER_FILE}: has {tokenizer.size} tokens, decoder.vocabulary is {config.vocabulary}"
        )
    decoder = load_decoder(folder, config).to(placement.device, placement.dtype)
    return ReportWriter(decoder=decoder, tokenizer=tokenizer, language=language, read=read, placement=placement)


def save_decoder(folder: Path, decoder: Decoder, tokenizer: ReportTokenizer) -> None:
    """Writes decoder.safetensors (float16, as all weights of a bundle) and tokenizer.json.

    The manifest's `decoder` is ``decoder.config.model_dump()``.
    """
    save_weights(decoder, folder / DECODER_FILE)
    tokenizer.write(folder / TOKENIZER_FILE)


def load_decoder(folder: Path, config: DecoderConfig) -> Decoder:
    """The decoder stored in a folder, in evaluation mode, on the CPU, float32. Raises as `load_weights` does."""
    decoder = Decoder(config)
    load_weights(decoder, folder / DECODER_FILE)
    return decoder.eval()


def _checked_config(manifest: BundleManifest, folder: Path) -> DecoderConfig:
    """The decoder's configuration, its names compared with the bundle's."""
    path = folder / MANIFEST
    if manifest.decoder is None:
        raise BundleMismatch(f"{path}: decoder is null; this bundle writes in mode retrieval only")
    try:
        config = DecoderConfig.model_validate(manifest.decoder)
    except ValidationError as error:
        first = error.errors()[0]
        raise BundleMismatch(f"{path}: decoder.{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    phenotypes = manifest.taxonomy().phenotype_names
    for label, own, given in (
        ("sections", config.sections, manifest.sections),
        ("phenotypes", config.phenotype_names, phenotypes),
    ):
        if set(own) != set(given):
            raise BundleMismatch(f"{path}: decoder.{label} differ from the bundle's: {sorted(set(own) ^ set(given))}")
    if config.embedding_dim != manifest.embedding_dim:
        raise BundleMismatch(
            f"{path}: decoder.embedding_dim is {config.embedding_dim}, embedding_dim {manifest.embedding_dim}"
        )
    return config
