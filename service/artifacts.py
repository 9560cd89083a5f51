"""Loads a bundle and a bank, compares them by name and hash, and builds the pipeline. Composition happens here only."""

import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import torch

from index.candidate_bank import CandidateBank
from index.faiss_search import set_faiss_threads
from index.manifest import MANIFEST_FILE
from index.retriever import Retriever, open_search
from model.bundle import MANIFEST, BundleManifest, read_bundle, sha256_of
from model.device import Placement
from model.familiarity.clip_distances import ClipDistances
from model.pooling import MilTable
from model.report.decoder.tokenizer import TOKENIZER_FILE
from model.report.language.language import Language
from model.report.language.translation import Translation, Translator
from model.report.writing.build import DECODER_FILE, build_writer
from model.report.writing.report_writer import ReportWriter
from model.visibility import Visibility
from service.answer.calling import MIN_LABELLED
from service.answer.text.edited_report import ReportEditing
from service.answer.text.report_language import ReportLanguage, ReportLanguages
from service.answer.text.text_check import TextCheck
from service.arithmetic import SMALL_NETWORK_BYTES, placement_of
from service.artifact_seal import require_pinned
from service.errors import ArtifactError
from service.modalities.registry import BuildModality, served, served_by
from service.modalities.words import lacking_words, modality_words
from service.pipeline import ReportPipeline
from service.renderings.page_words import words_of
from service.settings import Settings


@dataclass(frozen=True)
class ArtifactPaths:
    """Folders of a bundle and of the bank it searches.

    bundle_sha256, bank_sha256: what their manifests must hash to, None: to anything. spare: the bank is read in private
    copies, which lie there where they are large; None: it is read where it lies.
    """

    bundle: Path
    bank: Path
    bundle_sha256: str | None = None
    bank_sha256: str | None = None
    spare: Path | None = None


def set_threads(threads: int, bundle: Path | None = None) -> None:
    """Gives torch and FAISS, each with its own OpenMP pool, the same number of CPU threads.

    0 leaves their defaults, except that small networks, those of the bundle, get one thread of torch.
    """
    if threads:
        torch.set_num_threads(threads)
        set_faiss_threads(threads)
    elif bundle is not None and _has_small_networks(bundle):
        torch.set_num_threads(1)


def _has_small_networks(bundle: Path) -> bool:
    """Whether every network of the bundle is so small that several threads wait for each other longer than they work.

    On two processors one thread writes the shipped bundle's report in 0.2 s, two in 0.35 s; it encodes twelve clips in
    0.23 s, two in 0.28 s (LOG 2026-11-22). Full-size networks are 138 MB and larger.
    """
    sizes = [file.stat().st_size for file in bundle.glob("*.safetensors")]
    return bool(sizes) and max(sizes) <= SMALL_NETWORK_BYTES


def load_pipeline(
    paths: ArtifactPaths,
    placement: Placement,
    *,
    exact_search: bool = False,
    build: BuildModality | None = None,
    min_labelled: int = MIN_LABELLED,
) -> ReportPipeline:
    """The pipeline of a bundle and a bank. Raises BundleError, BankError or ArtifactError saying what differs.

    exact_search: all vectors are scanned, whatever search the bank records. build: instead of the modality's own.
    min_labelled: labelled neighbours that a call needs.
    """
    manifest = read_bundle(paths.bundle)
    require_pinned(
        paths.bundle / MANIFEST, sha256_of(paths.bundle / MANIFEST), paths.bundle_sha256, "ECHOSCRIBE_BUNDLE_SHA256"
    )
    build = build or served_by(paths.bundle).build
    _require_hashes(manifest, paths.bundle)
    with ThreadPoolExecutor(1, "bank") as beside:  # copying and hashing leave the interpreter free for the networks
        opened = beside.submit(_open_retriever, manifest, paths, placement.device, exact=exact_search)
        modality = build(manifest, paths.bundle, placement)
    retriever = opened.result()
    language = _language(manifest, paths.bundle)
    return ReportPipeline(
        modality=modality,
        bundle=manifest,
        mil=MilTable.from_mapping(manifest.mil_weights, manifest.sections, manifest.views),
        retriever=retriever,
        writer=_writer(manifest, paths.bundle, language, placement),
        text_check=_text_check(manifest, language),
        languages=_languages(manifest, paths.bundle, language),
        editing=_editing(manifest, language),
        familiar=_familiar(manifest, paths.bundle),
        visibility=_visibility(manifest, paths.bundle),
        min_labelled=min_labelled,
        provenance=_provenance(manifest, retriever, paths, placement),
    )


def pipeline_of(settings: Settings) -> ReportPipeline:
    """The pipeline that settings name, on their device. Raises as `load_pipeline`, ValueError for an unknown device."""
    return load_pipeline(
        paths_of(settings),
        placement_of(settings),
        exact_search=settings.search == "exact",
        min_labelled=settings.min_labelled,
    )


def paths_of(settings: Settings) -> ArtifactPaths:
    """Where bundle and bank lie, and what is asked of them."""
    spare = settings.data_folder if settings.bank_reading == "private" else None
    return ArtifactPaths(settings.bundle, settings.bank, settings.bundle_sha256, settings.bank_sha256, spare)


def with_placement(pipeline: ReportPipeline, bundle: Path, placement: Placement) -> ReportPipeline:
    """The same bundle and bank with its networks placed anew. bundle: its folder."""
    manifest = pipeline.bundle
    stated = {"device": str(placement.device), **_arithmetic(placement)}
    return replace(
        pipeline,
        modality=served(manifest.modality).build(manifest, bundle, placement),
        writer=_writer(manifest, bundle, _language(manifest, bundle), placement),
        provenance={**pipeline.provenance, **stated},
    )


def with_current_bank(
    pipeline: ReportPipeline, paths: ArtifactPaths, device: torch.device, *, exact_search: bool = False
) -> ReportPipeline:
    """The same networks with the bank as it is now. Raises BankError or ArtifactError, and then nothing has changed."""
    retriever = _open_retriever(pipeline.bundle, paths, device, exact=exact_search)
    return replace(pipeline, retriever=retriever, provenance={**pipeline.provenance, **_bank_provenance(retriever)})


def _open_retriever(manifest: BundleManifest, paths: ArtifactPaths, device: torch.device, *, exact: bool) -> Retriever:
    """The bank, compared with the bundle that will search it, and its search."""
    bank = CandidateBank.open(paths.bank, encoder_sha256=manifest.encoder_sha256, spare=paths.spare)
    require_pinned(bank.folder / MANIFEST_FILE, bank.sha256, paths.bank_sha256, "ECHOSCRIBE_BANK_SHA256")
    if bank.folder != paths.bank:
        bank.hold()  # a version may be removed while it is served
    _compare(manifest, bank, paths)
    if manifest.decoder is None and not bank.manifest.text_may_be_shown:
        raise ArtifactError(
            f"{paths.bank}: text_may_be_shown is false and bundle {manifest.name!r} has no decoder: "
            "no report could be written; build the bank with --show-text, or train a decoder with "
            "`echoscribe train decoder`"
        )
    return Retriever(bank, open_search(bank, device, exact=exact))


def _require_hashes(manifest: BundleManifest, folder: Path) -> None:
    """Raises ArtifactError when a file that will be read is not among the files whose hashes were compared."""
    if "file" not in manifest.networks.get(manifest.encoder, {}):
        raise ArtifactError(f"{folder / MANIFEST}: networks.{manifest.encoder}.file is missing")
    read = [network["file"] for network in manifest.networks.values() if "file" in network]
    read += manifest.languages.values()
    read += [name for name in (manifest.phrases, manifest.visibility, manifest.out_of_distribution) if name]
    read += [DECODER_FILE, TOKENIZER_FILE] if manifest.decoder is not None else []
    for name in read:
        if name not in manifest.files:
            raise ArtifactError(f"{folder / MANIFEST}: {name!r} is used, but `files` states no sha256 for it")


def _compare(manifest: BundleManifest, bank: CandidateBank, paths: ArtifactPaths) -> None:
    """Raises ArtifactError when bank and bundle differ in dimension or in the names of sections."""
    if bank.manifest.dimension != manifest.embedding_dim:
        raise ArtifactError(
            f"{paths.bank}: vectors have {bank.manifest.dimension} dimensions, "
            f"bundle {manifest.name!r} embeds in {manifest.embedding_dim}"
        )
    missing = set(manifest.sections) - set(bank.manifest.sections)
    if missing:
        raise ArtifactError(f"{paths.bank}: has no section named {sorted(missing)}, bundle {manifest.name!r} writes it")


def _language(manifest: BundleManifest, folder: Path) -> Language | None:
    """The language of the bundle's phrases, None where it brings none."""
    return None if manifest.phrases is None else Language.read(folder / manifest.phrases)


def _languages(manifest: BundleManifest, folder: Path, own: Language | None) -> ReportLanguages:
    """The languages of the bundle's reports. Raises ArtifactError or LanguageError for a file that does not fit."""
    if own is None:
        return ReportLanguages()
    others = {}
    for tag, name in manifest.languages.items():
        target = Translation.read(folder / name, own)
        if target.language.language != tag:
            raise ArtifactError(f"{folder / name}: is in {target.language.language!r}, languages calls it {tag!r}")
        others[tag] = _report_language(manifest, tag, own, target)
    return ReportLanguages(_report_language(manifest, own.language, own), others)


def _report_language(
    manifest: BundleManifest, tag: str, own: Language, target: Translation | None = None
) -> ReportLanguage:
    """A language with its words, and what it lacks. target: the phrases of another language than the bundle's own."""
    words, taxonomy = words_of(tag), manifest.taxonomy()
    lacking = list(words.lacking)
    if target is not None:
        quantities = [name for name, slot in own.slots.items() if slot.phenotype is None]
        lacking += [
            *lacking_words(taxonomy, tag, quantities),
            *(f"sections.{name}" for name in taxonomy.sections if name not in target.headings),
            *(f"phrases.{phrase.phrase_id}" for phrase in own.phrases if phrase.phrase_id not in target.language.by_id),
        ]
    return ReportLanguage(
        tag,
        words,
        None if target is None else Translator(own, target),
        modality_words(manifest.modality, tag),
        (*taxonomy.sections, *taxonomy.unwritten_sections),
        tuple(lacking),
    )


def _familiar(manifest: BundleManifest, folder: Path) -> ClipDistances | None:
    """The statistics of known clips, None where the bundle has none."""
    if manifest.out_of_distribution is None:
        return None
    return ClipDistances.read(folder / manifest.out_of_distribution, manifest.views, manifest.embedding_dim)


def _visibility(manifest: BundleManifest, folder: Path) -> Visibility | None:
    """Which views show what, None where the bundle does not say."""
    return None if manifest.visibility is None else Visibility.read(folder / manifest.visibility, manifest.taxonomy())


def _writer(
    manifest: BundleManifest, folder: Path, language: Language | None, placement: Placement
) -> ReportWriter | None:
    """The report writer, None when the bundle has no decoder."""
    if manifest.decoder is None or language is None:
        return None
    return build_writer(manifest, folder, language, served(manifest.modality).finding_reader(language), placement)


def _text_check(manifest: BundleManifest, language: Language | None) -> TextCheck | None:
    """What compares texts with estimates, in the modality's words where the bundle brings none."""
    language = language or served(manifest.modality).reporting().language
    return None if language is None else TextCheck(language)


def _editing(manifest: BundleManifest, language: Language | None) -> ReportEditing | None:
    """What puts reports in order, None where nothing reads them."""
    modality = served(manifest.modality)
    reporting = modality.reporting()
    language = language or reporting.language
    return None if language is None else ReportEditing.of(language, modality.finding_reader(language), reporting)


def _provenance(
    manifest: BundleManifest, retriever: Retriever, paths: ArtifactPaths, placement: Placement
) -> dict[str, str | int | float | bool | None]:
    """What an answer needs to be reproduced: names, hashes, versions, device."""
    return {
        "bundle": manifest.name,
        "bundle_sha256": sha256_of(paths.bundle / MANIFEST),
        "bundle_trained": manifest.trained,
        "bundle_domain": manifest.domain,
        "licence_notice": manifest.licence_notice,
        "encoder_sha256": manifest.encoder_sha256,
        **_bank_provenance(retriever),
        "device": str(placement.device),
        **_arithmetic(placement),
        "echoscribe": version("echoscribe"),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _arithmetic(placement: Placement) -> dict[str, str]:
    return {"device_reason": placement.reason, "dtype": str(placement.dtype).removeprefix("torch.")}


def _bank_provenance(retriever: Retriever) -> dict[str, str | int | float | bool | None]:
    bank = retriever.bank
    return {
        "bank": bank.manifest.name,
        "bank_sha256": bank.sha256,
        "candidates": bank.manifest.candidates,
        "search": retriever.search.name,
    }
